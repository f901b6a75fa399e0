package main

import (
	"cmp"
	"fmt"
	"math"
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
		system := "iOS "
		if strings.HasPrefix(product, "iPad") {
			system = "iPadOS "
		}
		facts = append(facts, system+version)
	}
	if i < 0 {
		return strings.Join(append(facts, "not connected"), p.dot())
	}
	ph := p.s.Phones[i]
	facts = append(facts, cmp.Or(map[string]string{"usb": "by cable", "network": "by Wi-Fi"}[ph.Connection], "connected"))
	if ph.BatteryPercent != nil {
		battery := fmt.Sprintf("battery %d %%", *ph.BatteryPercent)
		if ph.Charging != nil && *ph.Charging {
			battery += ", charging"
		}
		facts = append(facts, battery)
	}
	return strings.Join(facts, p.dot())
}

// phaseWords say what the phone is doing.
var phaseWords = map[backup.Phase]string{
	backup.Preparing:    "Preparing: the phone gathers what to send",
	backup.Transferring: "Copying files",
	backup.Finishing:    "Finishing: the new files are put in their place",
	backup.Settling:     "Finished; the last checks are still due",
}

// running draws a run under way.
func (p *picture) running(b control.Backup) {
	r := *b.Run
	text := phaseWords[b.Phase]
	if w := writerName(r.Writer); w != "" && b.Phase == backup.Transferring {
		text += " with " + w
	}
	kind := map[backup.Kind]string{backup.First: "first backup", backup.Full: "full backup", backup.Incremental: "only what changed"}[r.Kind]
	st, mark := blue, p.symbol("●", "*")
	if stuck(b) {
		st, mark = yellow, "!"
	}
	p.ends(2, st, mark, plain, fmt.Sprintf("%s, since %s (%s)", text, p.at(r.Started), words.Span(p.now.Sub(r.Started))), dim, kind)
	still := slices.ContainsFunc(b.Findings, func(f backup.Finding) bool { return f.Code == backup.Stalled })
	if still || b.Phase == backup.Settling { // nothing arrives: no rate, and no end to foretell
		r.Rate, r.ETA = nil, nil
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

// writerName is what a person calls the program that makes the backup.
func writerName(w string) string {
	if w == "AppleMobileBackup" {
		return "Finder"
	}
	return clip(w, 30)
}

// barWidth is the width of a progress bar, columns, where there is room.
const barWidth = 28

// progress draws how far the run is: a bar where the size is known, then the
// rate and the time left, each only where it is known.
func (p *picture) progress(r control.Run) {
	var facts []string
	if share, ok := shareDone(r); ok {
		p.bar(share, fmt.Sprintf("%s of about %s", words.Bytes(*r.Bytes), words.Bytes(*r.Expected)))
	} else if r.Bytes != nil && *r.Bytes > 0 {
		facts = append(facts, words.Bytes(*r.Bytes)+" so far")
	}
	if r.Files != nil && *r.Files > 0 {
		facts = append(facts, words.Plural(*r.Files, "file"))
	}
	if r.Rate != nil && *r.Rate >= 1 {
		facts = append(facts, words.Bytes(int64(*r.Rate))+" a second")
	}
	if r.ETA != nil {
		facts = append(facts, left(*r.ETA))
	}
	if len(facts) > 0 {
		p.para(4, plain, strings.Join(facts, p.dot()))
	}
}

// bar draws a progress bar, and the sizes beside it or, where it is narrow, below.
func (p *picture) bar(share float64, sizes string) {
	width, beside := barWidth, true
	if p.page.width < 4+barWidth+9+len(sizes) {
		width, beside = min(barWidth, p.page.width-12), false
	}
	full := int(share * float64(width))
	bar := p.paint(blue, strings.Repeat(p.symbol("█", "#"), full)) + p.paint(dim, strings.Repeat(p.symbol("░", "."), width-full))
	fmt.Fprintf(&p.b, "    %s %3d %%", bar, int(share*100))
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

// left words the time left, as coarsely as it is known.
func left(seconds float64) string {
	d := time.Duration(min(max(seconds, 0), math.MaxInt32) * float64(time.Second))
	switch {
	case d < time.Minute:
		return "less than a minute left"
	case d < 10*time.Minute:
		d = d.Round(time.Minute)
		return fmt.Sprintf("about %d min left", int(d.Minutes()))
	case d < 2*time.Hour:
		d = d.Round(5 * time.Minute)
		return fmt.Sprintf("about %d min left", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("about %d h left", int(d.Round(time.Hour).Hours()))
	}
	return "more than two days left"
}

// quiet says for how long nothing has moved, once that is worth a word, and
// how long it may: what calms is the comparison.
func (p *picture) quiet(phase backup.Phase, r control.Run) {
	if r.Silence == nil || phase == backup.Settling {
		return
	}
	silent, limit := seconds(*r.Silence), time.Duration(0)
	if silent < 30*time.Second {
		return
	}
	if r.SilenceLimit != nil {
		limit = seconds(*r.SilenceLimit)
	}
	text, st := "Quiet for "+words.Span(silent)+".", plain
	switch {
	case limit > 0 && silent > limit:
		text += " Up to " + words.Span(limit) + " would be normal."
		st = yellow
	case r.UsualSilence != nil && *r.UsualSilence > 0:
		text += " Usual for this phone: up to " + words.Span(seconds(*r.UsualSilence)) + "."
	case limit > 0:
		text += " Up to " + words.Span(limit) + " is normal here."
	}
	p.para(4, st, text)
}

// brokeOff is a line about a run that ended unfinished.
func (p *picture) brokeOff(r control.Run) {
	end := r.LastProgress
	if r.Ended != nil {
		end = r.Ended
	}
	text := "The last run broke off"
	if end != nil {
		text += " " + p.at(*end)
	}
	if r.Bytes != nil && *r.Bytes > 0 {
		text += ", after " + words.Bytes(*r.Bytes)
	}
	p.item(2, dim, p.symbol("–", "-"), plain, text+".")
}

// lastComplete says which backup could be restored from, and what is known of it.
func (p *picture) lastComplete(b control.Backup) {
	running := b.Phase.Active()
	if b.LastComplete == nil {
		if !running || b.Run == nil || b.Run.Kind != backup.First {
			p.item(2, dim, p.symbol("–", "-"), plain, "No complete backup is known.")
		}
		return
	}
	st, mark, text := green, p.symbol("✓", "ok"), "Complete backup: "
	chain := p.chain(b.Chain, *b.LastComplete)
	switch {
	case b.Chain.Verdict == backup.BrokenUp:
		st, mark, text = red, p.symbol("✗", "x"), "Last finished: "
	case b.Phase == backup.Abandoned: // what stands of the older one, the finding says
		st, mark, text, chain = dim, p.symbol("–", "-"), "Last complete backup: ", ""
	case running:
		text = "Last complete backup: "
		if b.Chain.Verdict != backup.Good && b.Chain.Verdict != backup.Unproven {
			chain = "" // it is about the run under way
		}
	case b.Chain.Verdict == backup.Incomplete:
		st, mark, text = yellow, "!", "Last finished: "
	}
	facts := []string{text + p.at(*b.LastComplete)}
	if chain != "" {
		facts = append(facts, chain)
	}
	if b.Encrypted != nil {
		facts = append(facts, map[bool]string{true: "encrypted", false: "not encrypted"}[*b.Encrypted])
	}
	if b.Chain.Bytes != nil {
		facts = append(facts, words.Bytes(*b.Chain.Bytes))
	}
	p.item(2, st, mark, plain, strings.Join(facts, p.dot()))
}

// chain says what a check of the contents has found, and when that was unless
// it was soon after the backup.
func (p *picture) chain(c control.Chain, complete time.Time) string {
	if c.Checking != nil {
		return fmt.Sprintf("being checked, %d %% done", int(min(max(*c.Checking, 0), 1)*100))
	}
	when := "checked"
	if c.Checked != nil && (c.Checked.Before(complete) || c.Checked.Sub(complete) > 12*time.Hour) {
		when += " " + p.at(*c.Checked)
	}
	switch c.Verdict {
	case backup.Good:
		if c.Deep {
			return when + ": whole, every file read"
		}
		return when + ": whole"
	case backup.BrokenUp:
		if c.Summary != "" {
			return when + ": damaged, " + c.Summary
		}
		return when + ": damaged"
	case backup.Unproven:
		return when + ": in order, as far as can be told without its password"
	case backup.Incomplete:
		return "not whole yet"
	}
	return "not checked yet"
}

// seconds is a duration from its number in JSON, kept within what fits.
func seconds(s float64) time.Duration {
	return time.Duration(min(max(s, 0), math.MaxInt32) * float64(time.Second))
}

// local words a moment in evidence, which is in UTC there as in JSON, like all
// others here. Other evidence stays as it is.
func (p *picture) local(value string) string {
	t, err := time.Parse("2006-01-02 15:04:05 UTC", value)
	if err != nil {
		return value
	}
	return p.at(t)
}

// at words a moment for somebody who lives at p.now.
func (p *picture) at(t time.Time) string { return when(t, p.now) }

// when words t as seen from now, in now's time zone: "21:14", "yesterday
// 21:14", "Monday 21:14", "12 Oct 21:14", "12 Oct 2025".
func when(t, now time.Time) string {
	t = t.In(now.Location())
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch {
	case t.After(now.Add(24 * time.Hour)), t.Year() != now.Year() && t.Before(midnight.AddDate(0, 0, -6)):
		return t.Format("2 Jan 2006")
	case !t.Before(midnight):
		return t.Format("15:04")
	case !t.Before(midnight.AddDate(0, 0, -1)):
		return "yesterday " + t.Format("15:04")
	case !t.Before(midnight.AddDate(0, 0, -6)):
		return t.Format("Monday 15:04")
	}
	return t.Format("2 Jan 15:04")
}

// date words a day to come, with its time where it is near.
func (p *picture) date(t time.Time) string {
	t = t.In(p.now.Location())
	if t.Sub(p.now) < 20*time.Hour {
		return t.Format("15:04")
	}
	return t.Format("2 Jan 2006")
}
