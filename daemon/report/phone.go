package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
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
		parts = append(parts, fmt.Sprintf("%d %% of about %s", int(share*100), words.Bytes(*r.Expected)))
	} else if r.Bytes != nil && *r.Bytes > 0 {
		parts = append(parts, words.Bytes(*r.Bytes)+" so far")
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
		v := words.Bytes(*x.Chain.Bytes)
		if x.Chain.Files != nil {
			v += " in " + words.Plural(*x.Chain.Files, "file")
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
