package main

import (
	"cmp"
	"slices"
	"strings"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// footer says what is watched, and by whom.
func (p *picture) footer() {
	p.gap()
	if len(p.s.Backups) == 0 && p.noBackupYet() {
		p.howToBegin()
		p.gap()
	}
	if v := p.s.Daemon.Version; p.s.Stale == nil && v != "" && p.version != "" && v != p.version {
		p.para(0, yellow, words.VersionsDiffer(v, p.version))
	}
	for _, r := range p.s.Roots {
		p.root(r)
	}
	for _, m := range p.s.Muted {
		if !p.shows(m) {
			p.para(0, dim, words.MutedElsewhere(string(m.Code), p.name(m.UDID), moment(m.Until), p.now))
		}
	}
	if s := p.s.Daemon.Socket; strings.HasPrefix(s, "/tmp/backup-watchdog-") && p.s.Stale == nil {
		p.para(0, dim, words.SocketAt(s))
	}
}

// shows reports whether a finding that m mutes is in the picture anyway.
func (p *picture) shows(m control.Mute) bool {
	return slices.ContainsFunc(p.s.Backups, func(b control.Backup) bool {
		return b.UDID == m.UDID && slices.ContainsFunc(b.Findings, func(f backup.Finding) bool { return f.Code == m.Code })
	})
}

// howToBegin says how a first backup is made.
func (p *picture) howToBegin() {
	folder := "FOLDER"
	if len(p.s.Roots) > 0 {
		folder = p.s.Roots[0].Path
	}
	p.para(0, plain, words.HowToBackUp(p.darwin, folder))
}

// root is one line about a watched folder.
func (p *picture) root(r control.Root) {
	path := p.path(r.Path)
	if r.Resolved != "" && r.Resolved != r.Path {
		path += " (" + p.path(r.Resolved) + ")"
	}
	text := words.Watching(r.State, path)
	if r.FreeBytes != nil && (r.State == "watching" || r.State == "polling") {
		text += p.dot() + words.Free(*r.FreeBytes)
	}
	if r.ReadOnly != nil && *r.ReadOnly {
		text += p.dot() + words.ReadOnly
	}
	p.para(0, dim, text)
	if r.Unwatched > 0 {
		p.para(0, yellow, words.Unwatched(r.Unwatched))
	}
}

// symbol chooses between a symbol and its ASCII stand-in.
func (p *picture) symbol(s, ascii string) string {
	if p.page.ascii {
		return ascii
	}
	return s
}

// dot separates facts in one line.
func (p *picture) dot() string { return p.symbol(" · ", ", ") }

// path shortens the home folder.
func (p *picture) path(s string) string {
	if rest, ok := strings.CutPrefix(s, p.home+"/"); ok && p.home != "" {
		return "~/" + rest
	}
	return s
}

// maxName is how much of a phone's name is shown, columns.
const maxName = 40

// name is what the person calls the phone; its id where the name is unknown or
// two have the same.
func (p *picture) name(udid string) string {
	name, same := "", map[string]bool{}
	for _, b := range p.s.Backups {
		if b.UDID == udid && b.DeviceName != "" {
			name = b.DeviceName
		}
	}
	for _, ph := range p.s.Phones {
		if ph.UDID == udid && ph.Name != "" {
			name = ph.Name
		}
	}
	if name == "" {
		return cmp.Or(clip(udid, maxName), words.NoOneNamed)
	}
	for _, b := range p.s.Backups {
		if b.DeviceName == name && !b.Archived {
			same[b.UDID] = true
		}
	}
	if same[udid] && len(same) > 1 {
		return words.Whose(clip(name, maxName), shortID(udid))
	}
	return clip(name, maxName)
}

// shortID is the part of an id that tells phones apart: of
// 00008110-000E34D21A02801E the second half, else the first twelve characters.
func shortID(udid string) string {
	if _, last, ok := strings.Cut(udid, "-"); ok {
		return last
	}
	return udid[:min(len(udid), 12)]
}
