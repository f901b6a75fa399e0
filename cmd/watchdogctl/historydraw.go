package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

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
		for _, same := range folded(h.Notices) {
			p.pastNotice(same)
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

// folded puts together what was told on several channels: the rows of one notice.
func folded(list []control.Notice) (out [][]control.Notice) {
	for _, n := range list {
		i := slices.IndexFunc(out, func(same []control.Notice) bool {
			o := same[0]
			return o.At.Equal(n.At) && o.Key == n.Key && o.UDID == n.UDID && o.Code == n.Code && o.Event == n.Event
		})
		if i < 0 {
			out = append(out, nil)
			i = len(out) - 1
		}
		out[i] = append(out[i], n)
	}
	return out
}

// pastNotice is one notice: when, of whom, what, and what became of it on each
// channel. What went out stands at its right; what did not, below, with the reason.
func (p *picture) pastNotice(same []control.Notice) {
	n, name := same[0], ""
	if n.UDID != "" {
		name = p.name(n.UDID)
	}
	text := words.NoticeLine(name, cmp.Or(words.NoticeWhat(string(n.Code), n.Title), string(n.Code)), n.Event)
	type fate struct{ outcome, reason string }
	var fates []fate
	to := map[fate][]string{}
	for _, n := range same {
		f := fate{n.Outcome, n.Reason}
		if n.Outcome == "sent" {
			f.reason = ""
		}
		if to[f] == nil {
			fates = append(fates, f)
		}
		if !slices.Contains(to[f], n.Channel) {
			to[f] = append(to[f], n.Channel)
		}
	}
	right := ""
	for _, f := range fates {
		if f.outcome == "sent" || f.outcome == "suppressed" && right == "" {
			right = words.Fate(f.outcome, to[f]...)
		}
	}
	below, day := "", p.day(n.At)+" "
	if 3+ansi.StringWidth(day+text)+2+ansi.StringWidth(right) > p.page.width {
		right, below = "", right
	}
	p.ends(2, plain, day, plain, text, dim, right)
	p.para(6, dim, below)
	for _, f := range fates {
		switch told := words.Fate(f.outcome, to[f]...); f.outcome {
		case "sent":
		case "suppressed":
			p.para(6, dim, words.Withheld(f.reason))
		default: // what is not told yet, or could not be
			p.para(6, yellow, words.Because(told, words.Withheld(f.reason)))
		}
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
