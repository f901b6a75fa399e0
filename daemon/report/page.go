package report

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// A tone is how something stands: it chooses colour and shape, and always goes
// with a word that says the same.
type tone string

const (
	well     tone = "well"
	busy     tone = "busy"
	unsure   tone = "unsure"
	warning  tone = "warning"
	critical tone = "critical"
)

func toneOf(s backup.Severity) tone {
	switch s {
	case backup.Critical:
		return critical
	case backup.Warning:
		return warning
	}
	return unsure
}

// page is what the template shows.
type page struct {
	CSP      string
	Style    template.CSS
	Tone     tone
	Headline string
	Made     stamp
	Zone     string
	Stale    string // that what is shown is old, in words; "" in a live report
	Missing  string // why there is no history; "" when there is
	MadeBy   string
	Names    []part    // whether names are left out
	Computer []finding // of no single backup
	Phones   []phone
	Nobody   string // what is said where there is no phone
	Archived []archived
	Told     []notice // of no single backup
	Roots    []root
	Config   string // that the newest configuration was refused, and why
}

// archived is a chain that was set aside.
type archived struct{ Name, Folder, Size string }

// root is one watched folder.
type root struct{ Path, State, Free string }

// builder turns messages into what the page shows.
type builder struct {
	Input
	moments
}

// newPage builds the page. Of a status that is old everything is told as of
// its own time.
func newPage(in Input) page {
	b := &builder{in, moments{in.Now}}
	p := page{Made: b.at(in.Now), Zone: in.Now.Format("UTC-07:00"), MadeBy: words.ReportMade(in.Version), Names: parts(words.ReportPage.Named),
		Missing: in.NoHistory}
	p.Made.Text = words.ReportMoment(in.Now)
	if in.Redact {
		p.Names = parts(words.ReportPage.Redacted)
	}
	if e := in.Status.Daemon.ConfigError; e != "" {
		p.Config = words.ConfigRefused(e)
	}
	if s := in.Status.Stale; s != nil {
		p.Stale = words.ReportStale(b.at(*s).Text, b.ago(*s))
		b.now = s.In(in.Now.Location())
	}
	for _, f := range in.Status.Findings {
		p.Computer = append(p.Computer, b.finding("", f))
	}
	for i, x := range b.sorted() {
		p.Phones = append(p.Phones, b.phone(fmt.Sprintf("p%d", i+1), x))
	}
	for _, x := range in.Status.Backups {
		if x.Archived {
			p.Archived = append(p.Archived, archived{b.name(x), x.Path, size(x.Chain.Bytes)})
		}
	}
	p.Told = b.notices(func(n control.Notice) bool { return n.UDID == "" || !b.hasPhone(n.UDID) })
	for _, r := range in.Status.Roots {
		p.Roots = append(p.Roots, root{r.Path, cmp.Or(words.Folder(r.State), words.NotKnown), size(r.FreeBytes)})
	}
	p.Nobody = b.nobody()
	p.Tone, p.Headline = b.headline(p)
	return p
}

// hasPhone reports whether a phone has a section of its own.
func (b *builder) hasPhone(udid string) bool {
	return slices.ContainsFunc(b.Status.Backups, func(x control.Backup) bool { return x.UDID == udid && !x.Archived })
}

// sorted are the live backups, those that need somebody first.
func (b *builder) sorted() []control.Backup {
	live := slices.DeleteFunc(slices.Clone(b.Status.Backups), func(x control.Backup) bool { return x.Archived })
	rank := func(x control.Backup) int {
		r := 0
		for _, f := range x.Findings {
			if b.mute(x.UDID, f.Code) == nil {
				r = min(r, -2*int(f.Severity))
			}
		}
		if x.Phase.Active() {
			r--
		}
		return r
	}
	slices.SortStableFunc(live, func(x, y control.Backup) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), strings.Compare(b.name(x), b.name(y)), strings.Compare(x.Path, y.Path))
	})
	return live
}

// longestName is how much of a name is shown, characters.
const longestName = 60

// name is what a phone is called; a redacted report calls it by its letter.
func (b *builder) name(x control.Backup) string {
	if b.Redact { // its id has become its label
		return cutTo(x.UDID, longestName)
	}
	name := x.DeviceName
	for _, p := range b.Status.Phones {
		if p.UDID == x.UDID && p.Name != "" {
			name = p.Name
		}
	}
	if ordinary(name) && b.twins(name) > 1 {
		name += " (" + x.UDID[max(0, len(x.UDID)-6):] + ")"
	}
	return cutTo(cmp.Or(name, x.UDID, words.ReportNobody), longestName)
}

// twins counts the phones of one name.
func (b *builder) twins(name string) int {
	ids := map[string]bool{}
	for _, x := range b.Status.Backups {
		if x.DeviceName == name {
			ids[x.UDID] = true
		}
	}
	return len(ids)
}

// mute is the mute in force for a condition of a phone; nil when there is none.
func (b *builder) mute(udid string, code backup.Code) *control.Mute {
	for i, m := range b.Status.Muted {
		if udid != "" && m.UDID == udid && m.Code == code && (m.Until == nil || m.Until.After(b.now)) {
			return &b.Status.Muted[i]
		}
	}
	return nil
}

// headline is the page in one sentence.
func (b *builder) headline(p page) (tone, string) {
	worst, needs, first := well, 0, ""
	note := func(who string, list []finding) {
		for _, f := range list {
			if f.Quiet != "" || f.Tone != warning && f.Tone != critical {
				continue
			}
			if needs++; first == "" {
				first = f.Title
				if who != "" && len(p.Phones) > 1 {
					first += " (" + who + ")"
				}
			}
			if f.Tone == critical || worst == well {
				worst = f.Tone
			}
		}
	}
	note("", p.Computer)
	for _, x := range p.Phones {
		note(x.Name, x.Findings)
	}
	switch {
	case needs == 1:
		return worst, words.Sentence(first)
	case needs > 1:
		return worst, words.ReportNeeds(needs)
	}
	return b.calm(p)
}

// blind reports whether some watched folder could not be looked into.
func (b *builder) blind() bool {
	return slices.ContainsFunc(b.Status.Roots, func(r control.Root) bool {
		return r.State != "watching" && r.State != "polling" && r.State != "missing"
	})
}

// nobody says why the page shows no phone.
func (b *builder) nobody() string {
	switch {
	case len(b.Status.Roots) == 0:
		return words.ReportNoRoot
	case b.blind():
		return words.ReportNoSight
	}
	return words.ReportNoBackup
}

// calm is the headline where nothing needs anybody. It never says "no backup"
// of a folder that could not be looked into.
func (b *builder) calm(p page) (tone, string) {
	switch {
	case len(p.Roots) == 0:
		return unsure, words.NothingWatched
	case b.blind():
		return unsure, words.ReportBlind
	case len(p.Phones) == 0:
		return unsure, words.NoBackupYet
	}
	if i := slices.IndexFunc(b.Status.Backups, gaveUp); i >= 0 {
		return busy, words.BackingUpAlone(b.name(b.Status.Backups[i]))
	}
	for _, x := range p.Phones {
		switch x.Tone {
		case busy:
			return busy, words.ReportUnderWay
		case unsure:
			return unsure, words.AsFarAsKnown
		}
	}
	return well, words.AllWell
}

// notice is one row of what was told: one notice, on all of its channels.
type notice struct {
	At           stamp
	Title, Event string
	Fates        []fate
}

// fate is what became of a notice on the channels where it went alike.
type fate struct {
	Text   string
	Why    []part
	Failed bool
}

// mostNotices bounds a table of notices.
const mostNotices = 20

// notices are the newest that pick chooses, newest first.
func (b *builder) notices(pick func(control.Notice) bool) []notice {
	list := slices.DeleteFunc(slices.Clone(b.History.Notices), func(n control.Notice) bool { return !pick(n) })
	slices.SortStableFunc(list, func(x, y control.Notice) int { return y.At.Compare(x.At) })
	var out []notice
	for len(list) > 0 && len(out) < mostNotices {
		n, one, rest := list[0], list[:0:0], list[:0:0]
		for _, o := range list {
			if same(n, o) {
				one = append(one, o)
			} else {
				rest = append(rest, o)
			}
		}
		list = rest
		what := n.Title
		if n.UDID != "" {
			what = words.NoticeWhat(string(n.Code), n.Title)
		}
		out = append(out, notice{b.at(n.At), cmp.Or(what, string(n.Code)), words.Event(n.Event), fates(one)})
	}
	return out
}

// same reports whether two entries are of one notice, told on several channels.
func same(n, o control.Notice) bool {
	return n.At.Equal(o.At) && n.Event == o.Event && n.Key == o.Key && n.UDID == o.UDID && n.Code == o.Code
}

// fates are what became of one notice; what went alike is said once.
func fates(one []control.Notice) []fate {
	var out []fate
	for len(one) > 0 {
		n, channels, rest := one[0], []string(nil), one[:0:0]
		for _, o := range one {
			switch {
			case o.Outcome != n.Outcome || o.Reason != n.Reason:
				rest = append(rest, o)
			case !slices.Contains(channels, o.Channel):
				channels = append(channels, o.Channel)
			}
		}
		one = rest
		why := words.Withheld(n.Reason)
		if n.Outcome == "sent" {
			why = ""
		}
		out = append(out, fate{words.Fate(n.Outcome, channels...), parts(why), n.Outcome == "failed"})
	}
	return out
}

// until is the end of a mute; "" for none.
func (b *builder) until(t *time.Time) string {
	if t == nil {
		return ""
	}
	return b.at(*t).Text
}
