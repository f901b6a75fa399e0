package main

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// look is how and for whom a picture of the status is drawn.
type look struct {
	now    time.Time // in the reader's time zone
	width  int       // columns
	color  bool
	ascii  bool   // no symbols beyond ASCII
	home   string // shown as "~"
	darwin bool
	// version is this program's own, to tell when the daemon's is another.
	version string
}

// picture is a status being drawn. It goes from what needs the reader to what
// merely is: the verdict in one line, this computer's trouble, each phone, what
// is set aside, and what is watched.
type picture struct {
	page
	look
	s control.Status
	// heavy: what was drawn last is a finding in full; what follows stands apart.
	heavy bool
}

// draw returns the status as text. A status that is stale is drawn as of its
// own time, and says so first.
func draw(s control.Status, l look) string {
	p := &picture{page: page{width: l.width, color: l.color, ascii: l.ascii}, look: l, s: s}
	if s.Stale != nil {
		stale := s.Stale.In(l.now.Location())
		p.para(0, yellow, words.Old(stale, l.now))
		p.now = stale
	}
	p.headline()
	p.refused(0)
	p.computer(func(f backup.Finding) bool { return f.Severity >= backup.Warning })
	backups, archived := p.sorted()
	for _, b := range backups {
		p.backup(b)
	}
	p.strangers()
	p.computer(func(f backup.Finding) bool { return f.Severity < backup.Warning })
	p.archived(archived)
	p.footer()
	return p.b.String()
}

// worst is the severity of the worst finding, -1 when there is none.
func worst(s control.Status) backup.Severity {
	w := backup.Severity(-1)
	for _, f := range allFindings(s) {
		w = max(w, f.Severity)
	}
	return w
}

// allFindings lists those of the computer and of all backups.
func allFindings(s control.Status) []backup.Finding {
	list := slices.Clone(s.Findings)
	for _, b := range s.Backups {
		list = append(list, b.Findings...)
	}
	return list
}

// headline is the verdict in one line.
func (p *picture) headline() {
	st, text := p.verdict()
	if p.s.Stale != nil {
		st, text = plain, words.Then(text)
	}
	p.para(0, st, text)
}

// refused says, where nobody overlooks it, that the configuration a person has
// just changed is not the one in force; in so many columns, 0 for all it takes.
func (p *picture) refused(most int) {
	e := p.s.Daemon.ConfigError
	if most > 0 {
		e = clip(e, most)
	}
	if e != "" {
		p.gap()
		p.item(0, yellow, "!", yellow, words.ConfigRefused(e))
	}
}

// verdict words the headline: the trouble if there is any, the worst first, else
// what goes on.
// It never says "no backup" of a folder that could not be looked into.
func (p *picture) verdict() (style, string) {
	var grave, lesser []string
	muted := false
	note := func(name string, list []backup.Finding) {
		for _, f := range list {
			if f.Severity < backup.Warning {
				continue
			}
			if p.mute(name, f) != nil {
				muted = true
				continue
			}
			if text := words.Whose(f.Title, p.ofPhone(name)); f.Severity == backup.Critical {
				grave = append(grave, text)
			} else {
				lesser = append(lesser, text)
			}
		}
	}
	note("", p.s.Findings)
	backups, _ := p.sorted()
	for _, b := range backups {
		note(b.UDID, b.Findings)
	}
	switch {
	case len(grave) > 0:
		return red, words.Trouble(append(grave, lesser...))
	case len(lesser) > 0:
		return yellow, words.Trouble(lesser)
	}
	if text := p.hunch(backups); text != "" {
		return yellow, text
	}
	if muted {
		return strong, words.OnlyMuted
	}
	return p.calm(backups)
}

// hunch words the headline where nothing is certain yet, and yet "all is well"
// would be too much: a phone that waits for its passcode, or has been quiet for
// longer than it should.
func (p *picture) hunch(backups []control.Backup) string {
	for _, b := range backups {
		for _, f := range b.Findings {
			if p.mute(b.UDID, f) != nil {
				continue
			}
			switch f.Code {
			case backup.WaitingForPasscode:
				return words.Trouble([]string{words.Whose(f.Title, p.ofPhone(b.UDID))})
			case backup.Stalled:
				return words.MayBeStuck(p.name(b.UDID))
			}
		}
	}
	return ""
}

// ofPhone is the phone's name in a headline, where there is more than one.
func (p *picture) ofPhone(udid string) string {
	if udid == "" || len(p.s.Backups) < 2 {
		return ""
	}
	return p.name(udid)
}

// calm words the headline where nothing is wrong.
func (p *picture) calm(backups []control.Backup) (style, string) {
	for _, r := range p.s.Roots {
		if r.State == "denied" || r.State == "unknown" {
			return yellow, words.FolderUnknown(p.path(r.Path))
		}
	}
	if len(backups) == 0 {
		if p.noBackupYet() {
			return strong, words.WaitingForFirst
		}
		return yellow, words.NothingWatched
	}
	var active []string
	complete := 0
	for _, b := range backups {
		if gaveUp(b) {
			return strong, words.BackingUpAlone(p.name(b.UDID))
		}
		if b.Phase.Active() {
			active = append(active, p.name(b.UDID))
		}
		if b.LastComplete != nil && b.Chain.Restorable != "no" {
			complete++
		}
	}
	switch {
	case len(active) > 0:
		return green, words.BackingUp(active)
	case complete == len(backups):
		return green, words.AllWell
	}
	return strong, words.AsFarAsKnown
}

// noBackupYet reports whether the watched folders were really seen to be empty.
func (p *picture) noBackupYet() bool {
	return len(p.s.Roots) > 0 && !slices.ContainsFunc(p.s.Roots, func(r control.Root) bool {
		return r.State != "watching" && r.State != "polling" && r.State != "missing"
	})
}

// sorted returns the backups, those in trouble first, then those under way,
// then by name; and apart from them the archived ones.
func (p *picture) sorted() (live, archived []control.Backup) {
	for _, b := range p.s.Backups {
		if b.Archived {
			archived = append(archived, b)
		} else {
			live = append(live, b)
		}
	}
	rank := func(b control.Backup) int {
		r := 0
		for _, f := range b.Findings {
			if p.mute(b.UDID, f) == nil {
				r = max(r, int(f.Severity)*2)
			}
		}
		if b.Phase.Active() {
			r++
		}
		return -r
	}
	slices.SortStableFunc(live, func(a, b control.Backup) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(p.name(a.UDID), p.name(b.UDID)), strings.Compare(a.Path, b.Path))
	})
	return live, archived
}

// computer shows the findings of no single backup that pick chooses.
func (p *picture) computer(pick func(backup.Finding) bool) {
	list := slices.DeleteFunc(slices.Clone(p.s.Findings), func(f backup.Finding) bool { return !pick(f) })
	if len(list) == 0 {
		return
	}
	p.gap()
	p.para(0, strong, words.Computer(p.darwin))
	for _, f := range list {
		p.finding("", f)
	}
}

// strangers shows phones that are attached and have no backup here. Of folders
// that could not be looked into it says nothing.
func (p *picture) strangers() {
	if !p.noBackupYet() {
		return
	}
	for _, ph := range p.s.Phones {
		if slices.ContainsFunc(p.s.Backups, func(b control.Backup) bool { return b.UDID == ph.UDID && !b.Archived }) {
			continue
		}
		p.gap()
		p.ends(0, plain, "", strong, p.name(ph.UDID), dim, p.about(ph.UDID, "", ph.OSVersion))
		p.item(2, dim, p.symbol("–", "-"), plain, words.NoBackupOfIt)
	}
}

// maxArchived is how many chains that were set aside are named.
const maxArchived = 5

func (p *picture) archived(list []control.Backup) {
	if len(list) == 0 {
		return
	}
	p.gap()
	p.para(0, dim, words.SetAside)
	for i, b := range list {
		if i == maxArchived {
			p.para(2, dim, words.AndMore(len(list)-i))
			break
		}
		p.para(2, dim, words.AsideLine(filepath.Base(b.Path), b.DeviceName, number(b.Chain.Bytes)))
	}
}
