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
		p.ends(2, dim, mark, dim, f.Title, dim, words.Muted(moment(m.Until), p.now))
		return
	}
	if f.Severity >= backup.Warning || p.heavy {
		p.air()
	}
	p.heavy = f.Severity >= backup.Warning
	title := f.Title
	if f.Severity == backup.Info && f.Confidence == backup.Low {
		title = words.Suspected(title)
	}
	p.ends(2, st, mark, titleStyle(st, f.Severity), title, dim, p.weight(f))
	if f.Severity == backup.Info && f.Code != backup.WaitingForPasscode { // that one is done at once
		p.para(4, plain, words.Explained(f.Detail, string(f.Code)))
		return
	}
	p.para(4, plain, f.Detail)
	if p.acked(f) {
		p.para(4, dim, words.Seen)
		p.para(4, dim, words.More(string(f.Code)))
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
	switch sure := words.Confidence(string(f.Confidence)); {
	case f.Severity < backup.Warning && f.Confidence == backup.Low:
		parts = append(parts, sure)
	case f.Severity >= backup.Warning || f.Code != backup.WaitingForPasscode:
		parts = append(parts, words.Severity(f.Severity.String()))
	}
	if !f.Since.IsZero() {
		parts = append(parts, words.Since(f.Since, p.now))
	}
	if sure := words.Confidence(string(f.Confidence)); f.Severity >= backup.Warning && f.Confidence != backup.High && sure != "" {
		parts = append(parts, sure)
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
	p.para(4, strong, words.Do(f.Fix.Title))
	steps := f.Fix.Steps
	if len(steps) > maxSteps+1 {
		steps = steps[:maxSteps]
	}
	for i, s := range steps {
		p.item(6, plain, fmt.Sprintf("%d.", i+1), plain, cmp.Or(strings.TrimSpace(s), "-"))
	}
	if more := len(f.Fix.Steps) - len(steps); more > 0 {
		p.para(6, plain, words.MoreSteps(more, string(f.Fix.ID)))
	} else {
		p.para(6, dim, words.Why(string(f.Fix.ID)))
	}
	if len(f.Also) > 0 {
		p.para(4, dim, words.Otherwise(texts(f.Also)))
	}
}

// told says that a notice went out, and how to stop the reminders.
func (p *picture) told(f backup.Finding) {
	i := slices.IndexFunc(p.s.Unseen, func(n control.Notice) bool { return n.Key == f.Key && f.Key != "" })
	if i < 0 {
		return
	}
	p.para(4, dim, words.Told(p.s.Unseen[i].At, p.now, string(f.Code)))
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
