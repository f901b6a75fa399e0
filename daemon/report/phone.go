package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

// phone is the section of one phone.
type phone struct {
	ID       string // for links within the page
	Name     string
	Tone     tone
	State    string // in one sentence
	Facts    []fact
	Findings []finding
	Muted    []string // mutes of what does not hold now
	Known    bool     // the history is at hand
	Timeline *chart
	Runs     []run
	MoreRuns string
	Curves   []figure
	Sizes    *chart
	Checks   []check
	Notices  []notice
}

// fact is one term and what it is.
type fact struct{ Term, Value string }

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

type evidence struct{ Fact, Value, Source string }

// run is one row of the table of runs.
type run struct {
	Started                    stamp
	Outcome, Took, What, Files string
	Bytes, Chain, Quiet        string
	Tone                       tone
}

// figure is a chart with a caption.
type figure struct {
	Caption string
	Chart   *chart
}

// check is one row of the table of checks.
type check struct {
	At              stamp
	Tone            tone
	Verdict, Lost   string
	Files, How, Why string
}

func (b *builder) phone(id string, x control.Backup) phone {
	p := phone{ID: id, Name: b.name(x), Known: b.NoHistory == ""}
	for _, f := range x.Findings {
		p.Findings = append(p.Findings, b.finding(x.UDID, f))
	}
	slices.SortStableFunc(p.Findings, func(f, g finding) int { return cmp.Compare(rank(f), rank(g)) })
	for _, m := range b.Status.Muted {
		if m.UDID == x.UDID && !slices.ContainsFunc(x.Findings, func(f backup.Finding) bool { return f.Code == m.Code }) {
			p.Muted = append(p.Muted, fmt.Sprintf("%s: muted %s.", title(m.Code), b.until(m.Until)))
		}
	}
	p.Tone, p.State = b.state(x, p.Findings)
	p.Facts = b.facts(x)
	runs := b.runsOf(x.UDID)
	p.Timeline = b.timeline(id, runs)
	p.Runs, p.MoreRuns = b.rows(runs)
	p.Curves = b.curves(id, x, runs)
	p.Sizes = b.sizes(id, runs)
	p.Checks = b.checks(x.UDID)
	p.Notices = b.notices(func(n control.Notice) bool { return n.UDID == x.UDID })
	return p
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
		Tone: toneOf(f.Severity), Weight: severityWords[f.Severity], Title: cmp.Or(f.Title, title(f.Code)), Detail: parts(f.Detail),
		Since: b.at(f.Since), Sure: sureWords[f.Confidence], Fix: f.Fix.Title, Code: f.Code,
	}
	for _, s := range f.Fix.Steps {
		out.Steps = append(out.Steps, parts(s))
	}
	if f.Severity == backup.Info {
		out.Sure = ""
	}
	for _, e := range f.Evidence {
		out.Evidence = append(out.Evidence, evidence{e.Fact, e.Value, sourceWords[e.Source]})
	}
	for _, id := range f.Also {
		if fix, ok := backup.FixByID(id); ok {
			out.Also = append(out.Also, fix.Title)
		}
	}
	switch m := b.mute(udid, f.Code); {
	case m != nil:
		out.Quiet = "Muted " + b.until(m.Until)
	case f.Key != "" && slices.Contains(b.Status.Acked, f.Key):
		out.Quiet = "Seen"
	}
	return out
}

// state is how a phone is, in one sentence.
func (b *builder) state(x control.Backup, list []finding) (tone, string) {
	if len(list) > 0 && list[0].Quiet == "" && list[0].Tone != unsure {
		return list[0].Tone, sentence(list[0].Title)
	}
	if slices.ContainsFunc(list, func(f finding) bool {
		return f.Quiet == "" && (f.Code == backup.Stalled || f.Code == backup.WaitingForPasscode)
	}) {
		i := slices.IndexFunc(list, func(f finding) bool { return f.Code == backup.Stalled || f.Code == backup.WaitingForPasscode })
		if list[i].Code == backup.Stalled {
			return unsure, "It has been quiet for longer than usual, and may be stuck."
		}
		return unsure, sentence(list[i].Title)
	}
	switch {
	case x.Phase.Active():
		text := "It is being backed up: " + phaseWords[x.Phase]
		if done := b.done(x.Run); done != "" {
			text += ", " + done
		}
		return busy, text + "."
	case x.Phase == backup.Abandoned:
		return unsure, "The last run broke off."
	case x.LastComplete == nil:
		return unsure, "No complete backup is known."
	case x.Chain.Verdict == backup.BrokenUp:
		return critical, "Its backup is damaged."
	case x.Chain.Verdict == backup.Good:
		return well, fmt.Sprintf("Backed up %s, and the backup is whole.", b.ago(*x.LastComplete))
	}
	return well, fmt.Sprintf("Backed up %s.", b.ago(*x.LastComplete))
}

// done is how far a run is, as far as that is known.
func (b *builder) done(r *control.Run) string {
	if r == nil {
		return ""
	}
	var parts []string
	if r.Bytes != nil && r.Expected != nil && *r.Bytes >= 0 && *r.Expected > 0 {
		share := min(float64(*r.Bytes)/float64(*r.Expected), 0.99)
		parts = append(parts, fmt.Sprintf("%d %% of about %s", int(share*100), backup.Bytes(*r.Expected)))
	} else if r.Bytes != nil && *r.Bytes > 0 {
		parts = append(parts, backup.Bytes(*r.Bytes)+" so far")
	}
	if r.ETA != nil {
		parts = append(parts, left(*r.ETA))
	}
	return strings.Join(parts, ", ")
}

// facts are what one wants to know at a glance.
func (b *builder) facts(x control.Backup) []fact {
	last := "None is known"
	if x.LastComplete != nil {
		last = b.at(*x.LastComplete).Text + " (" + b.ago(*x.LastComplete) + ")"
	}
	out := []fact{{"Last complete backup", last}, {"Contents", b.contents(x.Chain)}}
	if x.Chain.Bytes != nil && *x.Chain.Bytes >= 0 {
		v := backup.Bytes(*x.Chain.Bytes)
		if x.Chain.Files != nil {
			v += " in " + backup.Plural(*x.Chain.Files, "file")
		}
		out = append(out, fact{"Size", v})
	}
	if x.Encrypted != nil {
		out = append(out, fact{"Encrypted", map[bool]string{true: "Yes", false: "No"}[*x.Encrypted]})
	}
	out = append(out, fact{"Phone", b.about(x)})
	return out
}

// contents says what the last check found.
func (b *builder) contents(c control.Chain) string {
	if c.Checking != nil {
		return fmt.Sprintf("Being checked, %d %% done", int(min(max(*c.Checking, 0), 1)*100))
	}
	text := capital(cmp.Or(verdictWords[c.Verdict], "not checked"))
	if c.Verdict == backup.BrokenUp && c.Summary != "" {
		text += ". Lost: " + c.Summary
	}
	if c.Checked != nil && c.Verdict != backup.Unchecked && c.Verdict != "" {
		text += " (checked " + b.at(*c.Checked).Text + ")"
	}
	return text
}

// about is the phone itself: its system, and how it is connected now.
func (b *builder) about(x control.Backup) string {
	version, link := x.OSVersion, "not connected"
	battery := ""
	for _, p := range b.Status.Phones {
		if p.UDID != x.UDID {
			continue
		}
		version = cmp.Or(p.OSVersion, version)
		link = cmp.Or(map[string]string{"usb": "connected by cable", "network": "connected by Wi-Fi"}[p.Connection], "connected")
		if p.BatteryPercent != nil {
			battery = fmt.Sprintf("battery %d %%", *p.BatteryPercent)
		}
	}
	system := ""
	if version != "" {
		system = map[bool]string{true: "iPadOS ", false: "iOS "}[deviceKind(x.ProductType) == "iPad"] + cutTo(version, 20)
	}
	return capital(strings.Join(slices.DeleteFunc([]string{system, link, battery}, func(s string) bool { return s == "" }), ", "))
}

// runsOf are the runs of one phone, oldest first.
func (b *builder) runsOf(udid string) []control.PastRun {
	list := slices.DeleteFunc(slices.Clone(b.History.Runs), func(r control.PastRun) bool { return r.UDID != udid })
	slices.SortStableFunc(list, func(x, y control.PastRun) int { return x.Started.Compare(y.Started) })
	return list
}

// mostRows bounds the table of runs.
const mostRows = 15

// rows are the newest runs, newest first, and how many there are besides.
func (b *builder) rows(runs []control.PastRun) ([]run, string) {
	var out []run
	for _, r := range slices.Backward(runs) {
		if len(out) == mostRows {
			return out, backup.Plural(int64(len(runs)-mostRows), "earlier run") + " not listed."
		}
		out = append(out, b.row(r))
	}
	return out, ""
}

func (b *builder) row(r control.PastRun) run {
	out := run{
		Started: b.at(r.Started), Outcome: outcomeWords(r), Took: "–", What: cmp.Or(kindWords[r.Kind], "–"),
		Files: count(r.Files), Bytes: size(r.Bytes), Chain: size(r.ChainBytes), Quiet: "–", Tone: toneOfRun(r),
	}
	if d, ok := b.duration(r); ok {
		out.Took = backup.Span(d)
	}
	if phase, d := quietest(r); d >= time.Minute {
		out.Quiet = backup.Span(d) + ", " + phase
	}
	return out
}

func toneOfRun(r control.PastRun) tone {
	switch r.Outcome {
	case backup.OutcomeComplete:
		return well
	case backup.OutcomeAbandoned:
		return critical
	case backup.OutcomeRunning:
		return busy
	}
	return unsure
}

// duration is how long a run took, or has taken so far.
func (b *builder) duration(r control.PastRun) (time.Duration, bool) {
	switch {
	case r.Ended != nil:
		return max(0, r.Ended.Sub(r.Started)), true
	case r.Outcome == backup.OutcomeRunning:
		return max(0, b.now.Sub(r.Started)), true
	}
	return 0, false
}

// quietest is the longest silence of a run, and when it was.
func quietest(r control.PastRun) (when string, d time.Duration) {
	for _, p := range []backup.Phase{backup.Preparing, backup.Transferring, backup.Finishing, backup.Settling} {
		if s := span(r.LongestSilence[string(p)]); s > d {
			when, d = strings.TrimPrefix(whilst[p], "while "), s
		}
	}
	return when, d
}

// mostChecks bounds the table of checks.
const mostChecks = 10

func (b *builder) checks(udid string) []check {
	list := slices.DeleteFunc(slices.Clone(b.History.Checks), func(c control.Check) bool { return c.UDID != udid })
	slices.SortStableFunc(list, func(x, y control.Check) int { return y.At.Compare(x.At) })
	var out []check
	for _, c := range list[:min(len(list), mostChecks)] {
		row := check{At: b.at(c.At), Verdict: cmp.Or(verdictWords[c.Verdict], "not known"), Files: backup.Count(c.Files), Lost: lost(c), Why: c.Reason,
			How: "names and sizes", Tone: unsure}
		if c.Deep {
			row.How = "every file read"
		}
		switch c.Verdict {
		case backup.Good, backup.Unproven:
			row.Tone = well
		case backup.BrokenUp:
			row.Tone = critical
		}
		out = append(out, row)
	}
	return out
}

// lost says in words what a check misses.
func lost(c control.Check) string {
	if c.Summary != "" {
		return c.Summary
	}
	var parts []string
	for _, x := range []struct {
		n    int64
		what string
	}{{c.Missing, "missing"}, {c.WrongSize, "of the wrong size"}, {c.WrongBytes, "with wrong contents"}, {c.Irregular, "that are no files"}} {
		if x.n > 0 {
			parts = append(parts, backup.Plural(x.n, "file")+" "+x.what)
		}
	}
	if len(parts) == 0 && c.Verdict == backup.Good {
		return "nothing"
	}
	return cmp.Or(strings.Join(parts, ", "), "–")
}
