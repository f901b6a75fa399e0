package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// finding draws one finding: what, since when, on what evidence, and what to
// do. What the reader has muted shrinks to a line; what is only worth knowing
// comes without steps.
func (p *picture) finding(udid string, f backup.Finding) {
	st, mark := blue, "i"
	switch {
	case f.Severity == backup.Critical:
		st, mark = red, p.symbol("✗", "X")
	case f.Severity == backup.Warning, f.Code == backup.WaitingForPasscode:
		st, mark = yellow, "!"
	}
	if m := p.mute(udid, f); m != nil {
		p.ends(2, dim, mark, dim, f.Title, dim, "muted"+p.until(*m))
		return
	}
	if f.Severity >= backup.Warning {
		p.air()
	}
	title := f.Title
	if f.Severity == backup.Info && f.Confidence == backup.Low {
		title += "?"
	}
	p.ends(2, st, mark, titleStyle(st, f.Severity), title, dim, p.weight(f))
	if f.Severity == backup.Info && f.Code != backup.WaitingForPasscode { // that one is done at once
		p.para(4, plain, strings.TrimSpace(f.Detail+" (watchdogctl explain "+string(f.Code)+")"))
		return
	}
	p.para(4, plain, f.Detail)
	if p.acked(f) {
		p.para(4, dim, "You have seen this.")
		p.explain(f)
		return
	}
	p.evidence(f)
	p.fix(f)
	p.told(f)
}

// air sets trouble apart from what stands above it, unless that is a heading.
func (p *picture) air() {
	text := strings.TrimSuffix(p.b.String(), "\n")
	if last := text[strings.LastIndexByte(text, '\n')+1:]; strings.HasPrefix(last, " ") {
		p.gap()
	}
}

// titleStyle keeps what is only worth knowing quiet.
func titleStyle(st style, s backup.Severity) style {
	if s == backup.Info {
		return plain
	}
	return st
}

// weight says how bad, since when, and how sure.
func (p *picture) weight(f backup.Finding) string {
	var parts []string
	switch {
	case f.Severity >= backup.Warning:
		parts = append(parts, f.Severity.String())
	case f.Confidence == backup.Low:
		parts = append(parts, "a suspicion")
	case f.Code != backup.WaitingForPasscode:
		parts = append(parts, "to know")
	}
	if !f.Since.IsZero() {
		parts = append(parts, "since "+p.at(f.Since))
	}
	if f.Severity >= backup.Warning && f.Confidence != backup.High && f.Confidence != "" {
		parts = append(parts, map[backup.Confidence]string{backup.Low: "perhaps", backup.Medium: "likely"}[f.Confidence])
	}
	return strings.Join(parts, p.dot())
}

func (p *picture) evidence(f backup.Finding) {
	rows := make([]pair, 0, len(f.Evidence))
	for _, e := range f.Evidence {
		rows = append(rows, pair{e.Fact, p.local(e.Value)})
	}
	p.pairs(6, dim, rows)
}

// maxSteps is how many steps of a fix are shown; one more than that is shown too,
// rather than a line that says so.
const maxSteps = 3

// fix draws what to do.
func (p *picture) fix(f backup.Finding) {
	if f.Fix.ID == "" {
		return
	}
	p.para(4, strong, "Do this: "+f.Fix.Title)
	steps := f.Fix.Steps
	if len(steps) > maxSteps+1 {
		steps = steps[:maxSteps]
	}
	for i, s := range steps {
		p.item(6, plain, fmt.Sprintf("%d.", i+1), plain, cmp.Or(strings.TrimSpace(s), "-"))
	}
	if more := len(f.Fix.Steps) - len(steps); more > 0 {
		p.para(6, plain, fmt.Sprintf("and %s: watchdogctl explain %s", words.Plural(int64(more), "more step"), f.Fix.ID))
	} else {
		p.para(6, dim, "Why: watchdogctl explain "+string(f.Fix.ID))
	}
	if len(f.Also) > 0 {
		also := make([]string, len(f.Also))
		for i, a := range f.Also {
			also[i] = string(a)
		}
		p.para(4, dim, "If it does not help: "+strings.Join(also, ", "))
	}
}

// explain is the pointer to what a finding means.
func (p *picture) explain(f backup.Finding) {
	p.para(4, dim, "More: watchdogctl explain "+string(f.Code))
}

// told says that a notice went out, and how to stop the reminders.
func (p *picture) told(f backup.Finding) {
	i := slices.IndexFunc(p.s.Unseen, func(n control.Notice) bool { return n.Key == f.Key && f.Key != "" })
	if i < 0 {
		return
	}
	p.para(4, dim, fmt.Sprintf("You were told %s. Seen it: watchdogctl ack %s", p.at(p.s.Unseen[i].At), f.Code))
}

// acked reports whether the reader has acknowledged this very trouble.
func (p *picture) acked(f backup.Finding) bool {
	return f.Key != "" && slices.Contains(p.s.Acked, f.Key)
}

// mute returns the mute that covers the finding, nil when there is none.
func (p *picture) mute(udid string, f backup.Finding) *control.Mute {
	for i, m := range p.s.Muted {
		if m.Code == f.Code && m.UDID == udid && udid != "" && (m.Until == nil || m.Until.After(p.now)) {
			return &p.s.Muted[i]
		}
	}
	return nil
}

// until words the end of a mute, with a blank before it.
func (p *picture) until(m control.Mute) string {
	if m.Until == nil {
		return ""
	}
	return " until " + p.date(*m.Until)
}
