package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/backup"
)

const explainLong = `Explain a condition: what it means, how it is decided, what to do. Or a fix: why
it helps, its steps, and what is better left undone. Without an argument: list
everything the watchdog can say. It needs no watchdog to run.`

// explainCommand teaches one condition, one fix, or lists them all.
func explainCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:               "explain [CODE or FIX]",
		Short:             "What a condition means, and the steps of a fix",
		Long:              explainLong,
		Example:           "  watchdogctl explain stalled\n  watchdogctl explain fresh-backup",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: cobra.FixedCompletions(explainable(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.explainAll()
			}
			if c, ok := backup.ConditionByCode(backup.Code(args[0])); ok {
				return p.explainCondition(c)
			}
			if f, ok := backup.FixByID(backup.FixID(args[0])); ok {
				return p.explainFix(f)
			}
			return p.misuse(fmt.Errorf("explain: there is no condition and no fix %q", args[0]), explainHint(args[0]))
		},
	}
}

// explainable lists all codes and ids.
func explainable() []string {
	var list []string
	for _, c := range backup.Catalogue {
		list = append(list, string(c.Code))
	}
	for _, f := range backup.Fixes {
		list = append(list, string(f.ID))
	}
	return list
}

// explainHint names what was probably meant.
func explainHint(word string) string {
	for _, s := range explainable() {
		if word != "" && (strings.Contains(s, word) || strings.HasPrefix(word, s)) {
			return fmt.Sprintf("did you mean %q", s)
		}
	}
	return `"watchdogctl explain" lists them all`
}

// conditionJSON is a condition as --json prints it.
type conditionJSON struct {
	Code     backup.Code    `json:"code"`
	Title    string         `json:"title"`
	Severity string         `json:"severity"`
	Holds    string         `json:"holds"`
	Means    string         `json:"means"`
	HiddenBy []backup.Code  `json:"hidden_by"`
	Fix      backup.FixID   `json:"fix"`
	Also     []backup.FixID `json:"also"`
}

func asConditionJSON(c backup.Condition) conditionJSON {
	return conditionJSON{c.Code, c.Title, c.Severity, c.Holds, c.Means,
		append([]backup.Code{}, c.HiddenBy...), c.Fix, append([]backup.FixID{}, c.Also...)}
}

// fixJSON is a fix as --json prints it.
type fixJSON struct {
	ID    backup.FixID `json:"id"`
	Title string       `json:"title"`
	Why   string       `json:"why"`
	Steps []string     `json:"steps"`
	Cloud []string     `json:"icloud_steps"`
	Not   []string     `json:"not"`
}

// fixJSON returns the fix with its steps filled in for this computer.
func (p *program) fixJSON(f backup.Fix) fixJSON {
	steps := backup.AdviceFor(f.ID, "UDID", p.GOOS == "darwin", "").Steps
	return fixJSON{f.ID, f.Title, f.Why, steps, append([]string{}, f.Cloud...), append([]string{}, f.Not...)}
}

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
	pg.para(0, plain, "What the watchdog can say. `watchdogctl explain CODE` has the whole of each.")
	p.listScope(pg, backup.OfBackup, "Of a backup")
	p.listScope(pg, backup.OfRoot, "Of the backup folder")
	p.listScope(pg, backup.OfDaemon, "Of the watchdog itself")
	pg.gap()
	pg.para(0, strong, "What to do")
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
	rows := []pair{{"Holds when", c.Holds}, {"Severity", c.Severity}}
	if len(c.HiddenBy) > 0 {
		rows = append(rows, pair{"Not shown while", join(c.HiddenBy) + " explains it"})
	}
	if f, ok := backup.FixByID(c.Fix); ok {
		rows = append(rows, pair{"First fix", fmt.Sprintf("%s (%s)", f.Title, f.ID)})
	}
	if len(c.Also) > 0 {
		rows = append(rows, pair{"Then", join(c.Also)})
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
		if c.Fix == f.ID || slices.Contains(c.Also, f.ID) {
			codes = append(codes, string(c.Code))
		}
	}
	if len(codes) > 0 {
		pg.gap()
		pg.para(0, dim, "For: "+strings.Join(codes, ", "))
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
	steps(pg, "For a backup on this computer:", j.Steps)
	steps(pg, "For a backup to iCloud:", j.Cloud)
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

// join lists codes or ids.
func join[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return strings.Join(out, ", ")
}
