package report

import (
	"cmp"
	"slices"
	"strings"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
)

// finding is one condition that holds, with what it rests on and what to do.
type finding struct {
	Tone     tone
	Weight   string // severity, in a word
	Title    string
	Detail   []part
	Since    stamp
	Sure     string
	Evidence []evidence
	Fix      string
	Steps    [][]part
	Also     []string
	Quiet    string // why it does not count: acknowledged or muted; "" when it does
	Code     backup.Code
}

// part is a piece of a text: plain, or a command to copy.
type part struct {
	Text string
	Code bool
}

// parts cuts a text at its backquotes, between which commands stand.
func parts(s string) []part {
	var out []part
	pieces := strings.Split(s, "`")
	for i, t := range pieces {
		code := i%2 == 1
		if code && i == len(pieces)-1 { // never closed: it is no command
			t, code = "`"+t, false
		}
		if t != "" {
			out = append(out, part{t, code})
		}
	}
	return out
}

// evidence is one row of what a finding rests on.
type evidence struct {
	Fact, Value []part
	Source      string
}

// rank puts what needs somebody first.
func rank(f finding) int {
	r := map[tone]int{critical: 0, warning: 1, unsure: 2}[f.Tone]
	if f.Quiet != "" {
		r += 10
	}
	return r
}

// title is what a condition is called.
func title(code backup.Code) string {
	if c, ok := backup.ConditionByCode(code); ok {
		return c.Title
	}
	return string(code)
}

func (b *builder) finding(udid string, f backup.Finding) finding {
	out := finding{
		Tone: toneOf(f.Severity), Weight: words.Capital(words.Severity(f.Severity.String())), Title: cmp.Or(f.Title, title(f.Code)), Detail: parts(f.Detail),
		Since: b.at(f.Since), Sure: words.Confidence(string(f.Confidence)), Fix: f.Fix.Title, Code: f.Code,
	}
	for _, s := range f.Fix.Steps {
		out.Steps = append(out.Steps, parts(s))
	}
	if f.Severity == backup.Info {
		out.Sure = ""
	}
	for _, e := range f.Evidence {
		if t, ok := words.ReadClock(e.Value); ok {
			e.Value = b.at(t).Text
		}
		out.Evidence = append(out.Evidence, evidence{parts(e.Fact), parts(e.Value), words.Source(string(e.Source))})
	}
	for _, id := range f.Also {
		if fix, ok := backup.FixByID(id); ok {
			out.Also = append(out.Also, fix.Title)
		}
	}
	switch m := b.mute(udid, f.Code); {
	case m != nil:
		out.Quiet = words.Capital(words.ReportMuted(b.until(m.Until)))
	case f.Key != "" && slices.Contains(b.Status.Acked, f.Key):
		out.Quiet = words.Capital(words.ReportSeen)
	}
	return out
}
