package main

import (
	"fmt"
	"slices"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
)

// explainAll is the catalogue, a line each, by what it is about.
func (p *program) explainAll() error {
	if p.JSON {
		out := struct {
			Schema     int             `json:"schema"`
			Conditions []conditionJSON `json:"conditions"`
			Fixes      []fixJSON       `json:"fixes"`
		}{Schema: 1}
		for _, c := range backup.Catalogue {
			out.Conditions = append(out.Conditions, asConditionJSON(c))
		}
		for _, f := range backup.Fixes {
			out.Fixes = append(out.Fixes, p.fixJSON(f))
		}
		return p.printJSON(out)
	}
	pg := p.page()
	for _, word := range explainable() {
		pg.column = max(pg.column, len(word))
	}
	pg.para(0, plain, words.Catalogue)
	p.listScope(pg, backup.OfBackup, words.OfBackups)
	p.listScope(pg, backup.OfRoot, words.OfFolders)
	p.listScope(pg, backup.OfDaemon, words.OfWatchdog)
	pg.gap()
	pg.para(0, strong, words.WhatToDo)
	var rows []pair
	for _, f := range backup.Fixes {
		rows = append(rows, pair{string(f.ID), f.Title})
	}
	pg.pairs(2, plain, rows)
	_, err := fmt.Fprint(p.Stdout, pg.b.String())
	return err
}

// listScope lists the conditions of one kind.
func (p *program) listScope(pg *page, s backup.Scope, title string) {
	var rows []pair
	for _, c := range backup.Catalogue {
		if c.Of == s {
			rows = append(rows, pair{string(c.Code), c.Title})
		}
	}
	if len(rows) > 0 {
		pg.gap()
		pg.para(0, strong, title)
		pg.pairs(2, plain, rows)
	}
}

// explainCondition is all about one condition.
func (p *program) explainCondition(c backup.Condition) error {
	if p.JSON {
		return p.printJSON(asConditionJSON(c))
	}
	pg := p.page()
	pg.ends(0, plain, "", strong, c.Title, dim, string(c.Code))
	pg.gap()
	pg.para(0, plain, c.Means)
	pg.gap()
	rows := []pair{{words.HoldsWhen, c.Holds}, {words.SeverityIs, c.Severity}}
	if len(c.HiddenBy) > 0 {
		rows = append(rows, pair{words.NotShownWhile, words.ExplainedBy(texts(c.HiddenBy))})
	}
	if f, ok := backup.FixByID(c.Fix); ok {
		rows = append(rows, pair{words.FirstFix, words.FixNamed(f.Title, string(f.ID))})
	}
	if len(c.Also) > 0 {
		rows = append(rows, pair{words.ThenFixes, words.List(texts(c.Also))})
	}
	if len(c.May) > 0 {
		rows = append(rows, pair{words.ByEvidence, words.List(texts(c.May))})
	}
	pg.pairs(0, plain, rows)
	if f, ok := backup.FixByID(c.Fix); ok {
		p.drawFix(pg, f)
	}
	_, err := fmt.Fprint(p.Stdout, pg.b.String())
	return err
}

// explainFix is all about one fix.
func (p *program) explainFix(f backup.Fix) error {
	if p.JSON {
		return p.printJSON(p.fixJSON(f))
	}
	pg := p.page()
	p.drawFix(pg, f)
	var codes []string
	for _, c := range backup.Catalogue {
		if c.Fix == f.ID || slices.Contains(c.Also, f.ID) || slices.Contains(c.May, f.ID) {
			codes = append(codes, string(c.Code))
		}
	}
	if len(codes) > 0 {
		pg.gap()
		pg.para(0, dim, words.FixFor(codes))
	}
	_, err := fmt.Fprint(p.Stdout, pg.b.String())
	return err
}

// drawFix draws a fix in full.
func (p *program) drawFix(pg *page, f backup.Fix) {
	pg.gap()
	pg.ends(0, plain, "", strong, f.Title, dim, string(f.ID))
	pg.para(0, plain, f.Why)
	j := p.fixJSON(f)
	steps(pg, words.StepsHere, j.Steps)
	steps(pg, words.StepsCloud, j.Cloud)
	for _, n := range j.Not {
		pg.gap()
		pg.para(0, plain, n)
	}
}

// steps draws numbered steps under a title.
func steps(pg *page, title string, list []string) {
	if len(list) == 0 {
		return
	}
	pg.gap()
	pg.para(0, plain, title)
	for i, s := range list {
		pg.item(2, plain, fmt.Sprintf("%d.", i+1), plain, s)
	}
}

// texts are codes or ids as plain text.
func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}
