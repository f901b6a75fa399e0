package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// drawHistory returns runs and notices as text, the newest first.
func drawHistory(h control.History, s control.Status, l look) string {
	p := &picture{page: page{width: l.width, color: l.color, ascii: l.ascii}, look: l, s: s}
	slices.SortStableFunc(h.Runs, func(a, b control.PastRun) int { return b.Started.Compare(a.Started) })
	slices.SortStableFunc(h.Notices, func(a, b control.Notice) int { return b.At.Compare(a.At) })
	if h.Stale != nil {
		p.para(0, yellow, words.Old(*h.Stale, p.now))
		p.gap()
	}
	if len(h.Runs) == 0 && len(h.Notices) == 0 {
		p.para(0, plain, words.NothingYet)
		return p.b.String()
	}
	if len(h.Runs) > 0 {
		p.para(0, strong, words.PastBackups)
		for i, r := range h.Runs {
			p.pastRun(r, checkAfter(h, i), h.Stale != nil)
		}
	}
	if len(h.Notices) > 0 {
		p.gap()
		p.para(0, strong, words.PastNotices)
		for _, n := range h.Notices {
			p.pastNotice(n)
		}
	}
	return p.b.String()
}

// checkAfter is the last check of what run i left: one that began after it, and
// before the phone's next run did. Runs stand newest first.
func checkAfter(h control.History, i int) *control.Check {
	r, until := h.Runs[i], time.Time{}
	for _, next := range h.Runs[:i] {
		if next.UDID == r.UDID {
			until = next.Started
		}
	}
	var last *control.Check
	for j, c := range h.Checks {
		mine := c.UDID == r.UDID && r.Ended != nil && c.At.After(r.Started) && (until.IsZero() || c.At.Before(until))
		if mine && (last == nil || c.At.After(last.At)) {
			last = &h.Checks[j]
		}
	}
	return last
}

// pastRun is one run: when, whose, how it ended; below it what it brought, and
// what the whole backup holds since.
func (p *picture) pastRun(r control.PastRun, c *control.Check, old bool) {
	st, mark := dim, p.symbol("–", "-")
	switch r.Outcome {
	case backup.OutcomeComplete:
		st, mark = green, p.symbol("✓", "+")
	case backup.OutcomeAbandoned:
		st, mark = yellow, p.symbol("✗", "X")
	case backup.OutcomeRunning:
		st, mark = blue, p.symbol("●", "*")
	}
	p.ends(2, st, mark, plain, p.day(r.Started)+"  "+p.name(r.UDID), plain, words.Ended(string(r.Outcome), string(r.LastPhase), old))
	facts := []string{words.Kind(string(r.Kind))}
	if r.Ended != nil {
		facts = append(facts, words.Took(r.Ended.Sub(r.Started)))
	}
	facts = append(facts, words.Brought(number(r.Files), number(r.Bytes)))
	if phase, d := longest(r.LongestSilence); d >= time.Minute {
		facts = append(facts, words.QuietFor(d, phase))
	}
	p.facts(6, facts)
	p.facts(6, p.inAll(r, c))
}

// inAll is what the whole backup held after a run, and what a check found.
func (p *picture) inAll(r control.PastRun, c *control.Check) []string {
	if c == nil {
		return []string{words.InAll(number(r.ChainFiles), number(r.ChainBytes))}
	}
	when := c.At
	if when.Sub(*r.Ended) <= soonAfter {
		when = time.Time{}
	}
	return []string{words.InAll(c.Files, c.Bytes), words.Checked(string(c.Verdict), when, p.now, c.Deep, c.Summary)}
}

// facts writes those that are known in a line.
func (p *picture) facts(indent int, list []string) {
	known := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "" })
	p.para(indent, dim, strings.Join(known, p.dot()))
}

// longest is the phase with the longest silence.
func longest(m map[string]float64) (phase string, d time.Duration) {
	for _, k := range []string{"preparing", "transferring", "finishing", "settling"} {
		if s := words.Seconds(m[k]); s > d {
			phase, d = k, s
		}
	}
	return phase, d
}

// pastNotice is one notice: when, of whom, what, and what became of it.
func (p *picture) pastNotice(n control.Notice) {
	name := ""
	if n.UDID != "" {
		name = p.name(n.UDID)
	}
	text, fate := words.NoticeLine(name, cmp.Or(n.Title, string(n.Code)), n.Event), words.Fate(n.Outcome, n.Channel)
	switch n.Outcome {
	case "sent":
		p.ends(2, plain, p.day(n.At)+" ", plain, text, dim, fate)
	case "suppressed":
		p.ends(2, plain, p.day(n.At)+" ", plain, text, dim, fate)
		p.para(6, dim, words.Withheld(n.Reason))
	default: // what is not told yet, or could not be
		p.ends(2, plain, p.day(n.At)+" ", plain, text, plain, "")
		p.para(6, yellow, words.Because(fate, words.Withheld(n.Reason)))
	}
}

// day is a moment in a column of fixed width: "27 Nov 20:31".
func (p *picture) day(t time.Time) string {
	t = t.In(p.now.Location())
	if t.Year() != p.now.Year() {
		return t.Format("2 Jan 2006 ")
	}
	return fmt.Sprintf("%12s", t.Format("2 Jan 15:04"))
}
