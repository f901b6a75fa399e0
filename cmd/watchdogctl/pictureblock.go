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

// backup draws one phone's block: who, what goes on, the last good backup, and
// what is wrong.
func (p *picture) backup(b control.Backup) {
	p.gap()
	p.ends(0, plain, "", strong, p.name(b.UDID), dim, p.about(b.UDID, b.ProductType, b.OSVersion))
	if b.Phase.Active() && b.Run != nil {
		p.running(b)
	}
	if b.Phase == backup.Abandoned && b.Run != nil {
		p.brokeOff(*b.Run)
	}
	p.lastComplete(b)
	p.findings(b)
}

// findings draws those of one phone, the worst first.
func (p *picture) findings(b control.Backup) {
	list := slices.Clone(b.Findings)
	slices.SortStableFunc(list, func(a, b backup.Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	for _, f := range list {
		p.finding(b.UDID, f)
	}
}

// about is what is known of the phone itself: "iOS 26.1 · by cable · battery 64 %".
func (p *picture) about(udid, product, version string) string {
	var facts []string
	i := slices.IndexFunc(p.s.Phones, func(ph control.Phone) bool { return ph.UDID == udid })
	if i >= 0 && p.s.Phones[i].OSVersion != "" {
		version = p.s.Phones[i].OSVersion
	}
	if version = clip(version, 20); version != "" {
		facts = append(facts, words.System(product)+" "+version)
	}
	if i < 0 {
		return strings.Join(append(facts, words.NotConnected), p.dot())
	}
	ph := p.s.Phones[i]
	facts = append(facts, cmp.Or(words.Connection(ph.Connection), words.Connected))
	if ph.BatteryPercent != nil {
		facts = append(facts, words.Battery(*ph.BatteryPercent, ph.Charging != nil && *ph.Charging))
	}
	return strings.Join(facts, p.dot())
}

// running draws a run under way.
func (p *picture) running(b control.Backup) {
	r := *b.Run
	st, mark := blue, p.symbol("●", "*")
	if stuck(b) {
		st, mark = yellow, "!"
	}
	p.ends(2, st, mark, plain, words.Running(string(b.Phase), clip(words.Writer(r.Writer), 30), r.Started, p.now), dim, words.Kind(string(r.Kind)))
	still := slices.ContainsFunc(b.Findings, func(f backup.Finding) bool { return f.Code == backup.Stalled })
	quiet := seconds(r.Silence) > foretellLongest
	if still || quiet || b.Phase == backup.Settling { // nothing arrives: no end to foretell
		r.ETA = nil
	}
	if still || b.Phase == backup.Settling {
		r.Rate = nil
	}
	p.progress(r)
	if !still {
		p.quiet(b.Phase, r)
	}
}

// stuck reports whether a warning says that this run does not move on.
func stuck(b control.Backup) bool {
	return slices.ContainsFunc(b.Findings, func(f backup.Finding) bool { return f.Severity >= backup.Warning })
}

const (
	// shareLeast is from what share on a bar is drawn: below it, it would show
	// nothing of a guess.
	shareLeast = 0.01
	// foretellLongest is for how long nothing may have arrived where the time left
	// is still told.
	foretellLongest = time.Minute
	// boundLongest is up to where an upper bound of the time left tells anything.
	boundLongest = 48 * time.Hour
)

// barWidth is the width of a progress bar, columns, where there is room.
const barWidth = 28

// progress draws how far the run is: a bar where the size is known, then the
// rate and the time left, each only where it is known.
func (p *picture) progress(r control.Run) {
	var facts []string
	if share, ok := shareDone(r); ok && share >= shareLeast {
		p.bar(share, r.AtMost, words.Done(*r.Bytes, *r.Expected, r.AtMost))
	} else if r.Bytes != nil && *r.Bytes > 0 {
		facts = append(facts, words.SoFar(*r.Bytes))
	}
	if r.Files != nil && *r.Files > 0 {
		facts = append(facts, words.Plural(*r.Files, "file"))
	}
	if r.Rate != nil && *r.Rate >= 1 {
		facts = append(facts, words.Speed(int64(*r.Rate)))
	}
	if r.ETA != nil && (!r.AtMost || words.Seconds(*r.ETA) < boundLongest) {
		facts = append(facts, words.Left(words.Seconds(*r.ETA), r.AtMost))
	}
	if len(facts) > 0 {
		p.para(4, plain, strings.Join(facts, p.dot()))
	}
}

// bar draws a progress bar, and the sizes beside it or, where it is narrow,
// below. One that rests on an upper bound is quieter, and its share a least one.
func (p *picture) bar(share float64, atMost bool, sizes string) {
	width, beside := barWidth, true
	if p.page.width < 4+barWidth+9+len(sizes) {
		width, beside = min(barWidth, p.page.width-12), false
	}
	full := int(share * float64(width))
	st, done := blue, fmt.Sprint(int(share*100))
	if atMost {
		st, done = dim, p.symbol("≥", ">")+done
	}
	bar := p.paint(st, strings.Repeat(p.symbol("█", "#"), full)) + p.paint(dim, strings.Repeat(p.symbol("░", "."), width-full))
	fmt.Fprintf(&p.b, "    %s %3s %%", bar, done)
	if beside {
		p.b.WriteString("   " + sizes)
	}
	p.b.WriteByte('\n')
	if !beside {
		p.para(4, plain, sizes)
	}
}

// shareDone is the part of the run that is done; never quite all of it, for
// the expected size is a guess.
func shareDone(r control.Run) (share float64, ok bool) {
	if r.Bytes == nil || r.Expected == nil || *r.Expected <= 0 || *r.Bytes < 0 {
		return 0, false
	}
	return min(float64(*r.Bytes)/float64(*r.Expected), 0.99), true
}

// quietLeast is from when on a silence is worth a word.
const quietLeast = 30 * time.Second

// quiet says for how long nothing has moved, once that is worth a word.
func (p *picture) quiet(phase backup.Phase, r control.Run) {
	if r.Silence == nil || phase == backup.Settling {
		return
	}
	silent, limit, usual := words.Seconds(*r.Silence), seconds(r.SilenceLimit), seconds(r.UsualSilence)
	if silent < quietLeast {
		return
	}
	st := plain
	if limit > 0 && silent > limit {
		st = yellow
	}
	p.para(4, st, words.Quiet(silent, limit, usual))
}

// brokeOff is a line about a run that ended unfinished.
func (p *picture) brokeOff(r control.Run) {
	end := moment(r.Ended)
	if r.Ended == nil {
		end = moment(r.LastProgress)
	}
	p.item(2, dim, p.symbol("–", "-"), plain, words.BrokeOff(end, number(r.Bytes), p.now))
}

// gaveUp reports whether a run is under way that has given up the complete
// backup before it, so that there is none until it is done. One that is putting
// its files in place is as good as there.
func gaveUp(b control.Backup) bool {
	return b.Phase.Active() && b.Phase != backup.Finishing && b.LastComplete != nil && b.Chain.Restorable == "no" && b.Chain.Verdict != backup.BrokenUp
}

// lastComplete says which backup could be restored from, and what is known of it.
func (p *picture) lastComplete(b control.Backup) {
	if b.LastComplete == nil {
		if !b.Phase.Active() || b.Run == nil || b.Run.Kind != backup.First {
			p.item(2, dim, p.symbol("–", "-"), plain, words.NoneComplete)
		}
		return
	}
	st, mark, facts := p.standing(b)
	if b.Encrypted != nil && (b.Chain.Restorable != "no" || b.Chain.Verdict == backup.BrokenUp) {
		facts = append(facts, words.Encryption(*b.Encrypted))
	}
	if b.Chain.Bytes != nil {
		facts = append(facts, words.Bytes(*b.Chain.Bytes))
	}
	p.item(2, st, mark, plain, strings.Join(facts, p.dot()))
}

// standing says when the last complete backup was, and whether it still is one:
// a tick only where that is so.
func (p *picture) standing(b control.Backup) (st style, mark string, facts []string) {
	at, chain := *b.LastComplete, p.chain(b.Chain, *b.LastComplete)
	good, none := p.symbol("✓", "+"), p.symbol("–", "-")
	switch {
	case b.Chain.Verdict == backup.BrokenUp:
		return red, p.symbol("✗", "X"), []string{words.LastFinished(at, p.now), chain}
	case gaveUp(b):
		return yellow, none, []string{words.LastCompleteBackup(at, p.now), words.GivenUp}
	case b.Phase.Active() && b.Chain.Restorable == "no":
		return dim, none, []string{words.LastCompleteBackup(at, p.now), words.BeingReplaced}
	case b.Phase.Active() && (b.Chain.Verdict == backup.Good || b.Chain.Verdict == backup.Unproven):
		return green, good, []string{words.LastCompleteBackup(at, p.now), chain}
	case b.Phase.Active(): // what is known of the chain is about the run under way
		return green, good, []string{words.LastCompleteBackup(at, p.now)}
	case b.Phase == backup.Abandoned && b.Chain.Restorable == "yes":
		return green, good, []string{words.LastCompleteBackup(at, p.now), words.StillRestorable}
	case b.Phase == backup.Abandoned && b.Chain.Restorable == "no":
		return red, p.symbol("✗", "X"), []string{words.LastCompleteBackup(at, p.now), words.NoLongerThere}
	case b.Phase == backup.Abandoned: // what stands of the older one, the finding says
		return dim, none, []string{words.LastCompleteBackup(at, p.now)}
	case b.Chain.Verdict == backup.Incomplete:
		return yellow, "!", []string{words.LastFinished(at, p.now), chain}
	}
	return green, good, []string{words.CompleteBackup(at, p.now), chain}
}

// soonAfter is for how long after a backup it goes without saying when it was checked.
const soonAfter = 12 * time.Hour

// chain says what a check of the contents has found, and when that was unless
// it was soon after the backup.
func (p *picture) chain(c control.Chain, complete time.Time) string {
	if c.Checking != nil {
		return words.Checking(*c.Checking)
	}
	when := moment(c.Checked)
	if !when.Before(complete) && when.Sub(complete) <= soonAfter {
		when = time.Time{}
	}
	return words.Checked(string(c.Verdict), when, p.now, c.Deep, c.Summary)
}

// seconds is a duration from its number in JSON; 0 where it is not known.
func seconds(s *float64) time.Duration {
	if s == nil {
		return 0
	}
	return words.Seconds(*s)
}

// moment is a time that may be unknown: then it is zero.
func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// number is a count that may be unknown: then it is -1.
func number(n *int64) int64 {
	if n == nil {
		return -1
	}
	return *n
}

// local words a moment in evidence, which is in UTC there as in JSON, like all
// others here. Other evidence stays as it is.
func (p *picture) local(value string) string {
	if t, ok := words.ReadClock(value); ok {
		return words.When(t, p.now)
	}
	return value
}
