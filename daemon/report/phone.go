package report

import (
	"cmp"
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
			p.Muted = append(p.Muted, words.ReportMutedOnly(title(m.Code), b.until(m.Until)))
		}
	}
	p.Tone, p.State = b.state(x, p.Findings)
	p.Facts = b.facts(x)
	runs := b.runsOf(x)
	p.Timeline = b.timeline(id, runs)
	p.Runs, p.MoreRuns = b.rows(runs)
	p.Curves = b.curves(id, x, runs)
	p.Sizes = b.sizes(id, runs)
	p.Checks = b.checks(x)
	p.Notices = b.notices(func(n control.Notice) bool { return n.UDID == x.UDID && b.concerns(x, n) })
	return p
}

// state is how a phone is, in one sentence.
func (b *builder) state(x control.Backup, list []finding) (tone, string) {
	if len(list) > 0 && list[0].Quiet == "" && list[0].Tone != unsure {
		return list[0].Tone, words.Sentence(list[0].Title)
	}
	if slices.ContainsFunc(list, func(f finding) bool {
		return f.Quiet == "" && (f.Code == backup.Stalled || f.Code == backup.WaitingForPasscode)
	}) {
		i := slices.IndexFunc(list, func(f finding) bool { return f.Code == backup.Stalled || f.Code == backup.WaitingForPasscode })
		if list[i].Code == backup.Stalled {
			return unsure, words.MayBeStuck("It")
		}
		return unsure, words.Sentence(list[i].Title)
	}
	switch {
	case x.Phase.Active():
		return busy, words.ReportRunning(string(x.Phase), b.done(x.Run))
	case x.Phase == backup.Abandoned:
		return unsure, words.ReportBrokeOff
	case x.LastComplete == nil:
		return unsure, words.NoneComplete
	case x.Chain.Verdict == backup.BrokenUp:
		return critical, words.ReportDamaged
	case x.Chain.Restorable == "no":
		return unsure, words.ReportUnrestorable
	}
	return well, words.ReportBackedUp(b.ago(*x.LastComplete), x.Chain.Verdict == backup.Good)
}

// done is how far a run is, as far as that is known.
func (b *builder) done(r *control.Run) string {
	if r == nil {
		return ""
	}
	var parts []string
	if r.Bytes != nil && r.Expected != nil && *r.Bytes >= 0 && *r.Expected > 0 {
		share := min(float64(*r.Bytes)/float64(*r.Expected), 0.99)
		parts = append(parts, words.ReportDone(share, *r.Bytes, *r.Expected, r.AtMost))
	} else if r.Bytes != nil && *r.Bytes > 0 {
		parts = append(parts, words.SoFar(*r.Bytes))
	}
	if r.ETA != nil {
		parts = append(parts, words.Left(words.Seconds(*r.ETA), r.AtMost))
	}
	return strings.Join(parts, ", ")
}

// gaveUp reports whether a run is under way that has given up the complete
// backup before it, so that there is none until it is done. One that is putting
// its files in place is as good as there.
func gaveUp(x control.Backup) bool {
	return x.Phase.Active() && x.Phase != backup.Finishing && x.LastComplete != nil && x.Chain.Restorable == "no" && x.Chain.Verdict != backup.BrokenUp
}

// besides says what the date of the last complete backup alone would hide.
func besides(x control.Backup) string {
	switch {
	case x.Chain.Restorable != "no" || x.Chain.Verdict == backup.BrokenUp: // of a damaged one Contents speaks
		return ""
	case gaveUp(x):
		return words.GivenUp
	case x.Phase.Active():
		return words.BeingReplaced
	}
	return words.NoLongerThere
}

// facts are what one wants to know at a glance.
func (b *builder) facts(x control.Backup) []fact {
	date, since := "", ""
	if x.LastComplete != nil {
		date = b.at(*x.LastComplete).Text
		if !x.LastComplete.After(b.now) {
			since = b.ago(*x.LastComplete)
		}
	}
	out := []fact{{words.ReportLast, words.ReportLastValue(date, since, besides(x))}, {words.ReportContents, b.contents(x.Chain)}}
	if x.Chain.Bytes != nil && *x.Chain.Bytes >= 0 {
		files := int64(-1)
		if x.Chain.Files != nil {
			files = *x.Chain.Files
		}
		out = append(out, fact{words.ReportSize, words.ReportSizeValue(*x.Chain.Bytes, files)})
	}
	if x.Encrypted != nil {
		out = append(out, fact{words.ReportEncrypted, words.ReportYes(*x.Encrypted)})
	}
	return append(out, fact{words.Device(x.ProductType), b.about(x)})
}

// contents says what the last check found.
func (b *builder) contents(c control.Chain) string {
	if c.Checking != nil {
		return words.Capital(words.Checking(*c.Checking))
	}
	lost, date := "", ""
	if c.Verdict == backup.BrokenUp {
		lost = c.Summary
	}
	if c.Checked != nil && c.Verdict != backup.Unchecked && c.Verdict != "" {
		date = b.at(*c.Checked).Text
	}
	return words.ReportContentsValue(cmp.Or(words.Verdict(string(c.Verdict)), words.Verdict(string(backup.Unchecked))), lost, date)
}

// about is the phone itself: its system, and how it is connected now.
func (b *builder) about(x control.Backup) string {
	version, link, battery := x.OSVersion, words.NotConnected, ""
	for _, p := range b.Status.Phones {
		if p.UDID != x.UDID {
			continue
		}
		version, link = cmp.Or(p.OSVersion, version), words.ReportConnected(p.Connection)
		if p.BatteryPercent != nil {
			battery = words.Battery(*p.BatteryPercent, p.Charging != nil && *p.Charging)
		}
	}
	system := ""
	if version != "" {
		system = words.System(x.ProductType) + " " + cutTo(version, 20)
	}
	return words.Capital(strings.Join(slices.DeleteFunc([]string{system, link, battery}, func(s string) bool { return s == "" }), ", "))
}
