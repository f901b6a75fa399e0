package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/words"
)

// shownProblems is how many damaged files are shown of each backup.
const shownProblems = 10

// drawChecked returns results as text, one block a backup. Of the folders named
// in running a backup is being made.
func drawChecked(list []verify.Result, running map[string]backup.Phase, l look) string {
	p := &picture{page: page{width: l.width, color: l.color, ascii: l.ascii}, look: l}
	for _, r := range list {
		p.gap()
		if phase, ok := running[r.Path]; ok {
			p.checkedRunning(r, phase)
		} else {
			p.checkedBackup(r)
		}
	}
	return p.b.String()
}

// checkedRunning draws the result of a backup that is being made. Whatever was
// found is the middle of it, and no verdict.
func (p *picture) checkedRunning(r verify.Result, phase backup.Phase) {
	p.ends(0, blue, p.symbol("●", "*"), strong, checkedName(r), blue, words.PhaseOf(string(phase)).Head)
	p.para(2, plain, words.CheckedRunning)
	p.para(2, dim, checkedCounts(r))
	for _, f := range r.Findings {
		p.para(2, dim, f.Detail)
	}
	p.checkedProblems(words.NotAtThisMoment, r)
}

// checkedName is the phone's name with its folder.
func checkedName(r verify.Result) string {
	if r.DeviceName == "" {
		return filepath.Base(r.Path)
	}
	return words.Whose(r.DeviceName, filepath.Base(r.Path))
}

// checkedBackup draws one result: the verdict, what it rests on, what is wrong
// in the phone's own names, and what to do.
func (p *picture) checkedBackup(r verify.Result) {
	st, mark, word := p.verdictLook(r)
	p.ends(0, st, mark, strong, checkedName(r), st, word)
	p.para(2, plain, checkedCounts(r))
	if len(r.Findings) == 0 && r.Detail != "" {
		p.para(2, plain, r.Detail)
	}
	for _, f := range r.Findings {
		p.finding(r.UDID, f)
	}
	p.checkedProblems(words.WhatIsWrong, r)
}

func (p *picture) verdictLook(r verify.Result) (st style, mark, word string) {
	word = words.CheckVerdict(string(r.Verdict))
	switch r.Verdict {
	case backup.Good:
		return green, p.symbol("✓", "+"), word
	case backup.Unproven:
		return blue, p.symbol("✓", "+"), word
	case backup.Incomplete:
		return yellow, "!", word
	}
	return red, p.symbol("✗", "X"), word
}

// checkedCounts says what was looked at, in a sentence.
func checkedCounts(r verify.Result) string {
	c := words.CheckCount{
		Listed: number(r.Listed), Present: r.Present, Bytes: r.Bytes, Encrypted: r.Encrypted != nil && *r.Encrypted,
		Extra: r.Extra, Took: time.Duration(r.Seconds * float64(time.Second)),
	}
	if r.Deep {
		c.Compared = r.DeepFiles
	}
	if r.Listed != nil && *r.Listed == 0 {
		c.Extra = 0 // all of them, then, and no word of harmless
	}
	return c.Counts()
}

// checkedProblems lists damaged files by the names their owner knows.
func (p *picture) checkedProblems(heading string, r verify.Result) {
	if len(r.Problems) == 0 {
		return
	}
	p.para(4, strong, heading)
	for _, x := range r.Problems[:min(len(r.Problems), shownProblems)] {
		p.item(6, plain, "-", plain, problemWords(x))
	}
	rest := int64(len(r.Problems)-min(len(r.Problems), shownProblems)) + r.Omitted
	if rest > 0 {
		p.para(6, dim, words.ProblemsOmitted(rest))
	}
}

// problemWords is "CameraRollDomain: Media/DCIM/100APPLE/IMG_0042.HEIC: the
// file is not there".
func problemWords(x verify.Problem) string {
	what := x.Path
	if x.Domain != "" || x.Name != "" {
		what = x.Domain + ": " + x.Name
	}
	switch {
	case what == "", strings.HasPrefix(x.Detail, what):
		return x.Detail
	case x.Detail == "":
		return what
	}
	return what + ": " + x.Detail
}

// A bar shows how far a check is, on a terminal, in one line that is gone when
// the check is done.
type bar struct {
	p      *program
	name   string
	active bool
	shown  bool
}

func (p *program) newBar(name string, of int) *bar {
	return &bar{p: p, name: name, active: p.StdoutTerminal && !p.JSON && p.Getenv("TERM") != "dumb"}
}

// show draws the bar anew.
func (b *bar) show(g verify.Progress) {
	if !b.active {
		return
	}
	const cells = 24
	share := 0.0
	if g.Total > 0 {
		share = min(float64(g.Done)/float64(g.Total), 1)
	}
	full := int(share * cells)
	fmt.Fprintf(b.p.Stdout, "\r\x1b[K%s  [%s%s] %3.0f %%  %s", clean(shortID(b.name)), strings.Repeat("#", full), strings.Repeat("-", cells-full), share*100, words.Stage(string(g.Stage)))
	b.shown = true
}

// clear takes the bar away.
func (b *bar) clear() {
	if b.shown {
		fmt.Fprint(b.p.Stdout, "\r\x1b[K")
	}
}
