package host

import (
	"context"
	"path/filepath"
	"slices"
)

// Process is a running program that makes a backup, as far as it can be seen
// from outside. Its command line is not kept: it may hold a password.
type Process struct {
	PID, Parent int
	// Name is the program as a person knows it: "idevicebackup2",
	// "AppleMobileBackup", "pymobiledevice3", "iMazing".
	Name string
	// UDID is the phone its arguments name; "" when they name none.
	UDID string
	// Dir is the folder its arguments name, absolute, links resolved; "" when
	// they name none, or it could not be told (a relative one of another user).
	Dir string
	// Holds are the backup folders in which it has files open now, or had at an
	// earlier look: between two files of a backup none is open.
	Holds []string
	// Resident says that it runs all day, backup or not; only Holds count then.
	Resident bool
	// Read and Written count all bytes it has read and written so far, sockets
	// and pipes included; -1 unknown. A backup that moves moves them.
	Read, Written int64
}

// Bounds on what is kept and asked per look.
const (
	maxProcesses = 64  // backup programs looked at closely
	maxHolds     = 16  // folders remembered per program
	maxFiles     = 512 // open files looked at per program
)

// sighting is what a system tells of one candidate.
type sighting struct {
	pid, parent   int
	started       string // tells a reused pid from the old one
	args          []string
	read, written int64 // -1 unknown
}

// system is the part of looking that differs between systems.
type system interface {
	// candidates lists the processes whose name could be a backup program's.
	// all is false when others may run unseen: then none proves nothing.
	candidates(ctx context.Context) (list []sighting, all bool)
	// files tells where a process works and what it has open; "" and nil unknown.
	files(ctx context.Context, s sighting) (cwd string, open []string)
}

// Processes looks for backup programs. It remembers which folders each has
// worked on, so keep one. It is not for use by several goroutines at once.
type Processes struct {
	sys  system
	seen map[string]*memory
}

// memory is what is remembered of one process between looks.
type memory struct {
	dir   string
	holds []string
	fresh bool // met at this look
}

// NewProcesses returns a Processes for this computer.
func NewProcesses() *Processes { return newProcesses(thisSystem()) }

func newProcesses(sys system) *Processes {
	return &Processes{sys: sys, seen: map[string]*memory{}}
}

// Look lists the backup programs that run now. When observable is false, others
// may run that this user cannot see, and an empty list proves nothing.
func (p *Processes) Look(ctx context.Context) (list []Process, observable bool) {
	sightings, observable := p.sys.candidates(ctx)
	for _, m := range p.seen {
		m.fresh = false
	}
	for _, s := range sightings {
		if c, ok := parseCommand(s.args); ok && len(list) < maxProcesses {
			list = append(list, p.describe(ctx, s, c))
		}
	}
	for key, m := range p.seen {
		if !m.fresh {
			delete(p.seen, key)
		}
	}
	return list, observable
}

// describe joins what is seen of a process now with what was seen before.
func (p *Processes) describe(ctx context.Context, s sighting, c command) Process {
	m := p.seen[s.started]
	cwd, open := p.sys.files(ctx, s)
	if m == nil {
		m = &memory{}
		p.seen[s.started] = m
	}
	if m.dir == "" {
		m.dir = absolute(c.dir, cwd)
	}
	m.fresh = true
	m.remember(open)
	return Process{
		PID: s.pid, Parent: s.parent, Name: c.name, UDID: c.udid, Dir: m.dir,
		Holds: slices.Clone(m.holds), Resident: c.weak, Read: s.read, Written: s.written,
	}
}

// remember adds the backup folders of the open files to those known already.
func (m *memory) remember(open []string) {
	for _, f := range open {
		dir := backupFolder(f)
		if dir != "" && !slices.Contains(m.holds, dir) && len(m.holds) < maxHolds {
			m.holds = append(m.holds, dir)
		}
	}
}

// absolute resolves a folder argument against the process's own folder and
// through links; "" when that cannot be done.
func absolute(dir, cwd string) string {
	if dir == "" || !filepath.IsAbs(dir) && cwd == "" {
		return ""
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(cwd, dir)
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return filepath.Clean(dir)
}

// backupFolder returns the backup folder a file lies in, judged by its path
// alone: the deepest folder named like a phone, or else the folder that holds
// the metadata file or Snapshot/. "" when it lies in none.
func backupFolder(path string) string {
	if !filepath.IsAbs(path) {
		return ""
	}
	snapshot := ""
	for dir := filepath.Dir(path); dir != "/"; dir = filepath.Dir(dir) {
		if looksLikeUDID(filepath.Base(dir)) {
			return dir
		}
		if filepath.Base(dir) == "Snapshot" {
			snapshot = filepath.Dir(dir)
		}
	}
	if snapshot != "" {
		return snapshot
	}
	switch filepath.Base(path) {
	case "Manifest.db", "Manifest.plist", "Status.plist", "Info.plist":
		return filepath.Dir(path)
	}
	return ""
}
