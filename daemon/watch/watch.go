// Package watch looks at the folders in which iPhone backups lie, from outside,
// and says what stands there. It judges nothing: what it finds are the facts
// backup.Folder and backup.Root.
//
// The directory is the truth, an event only a hint. A Watcher looks at fixed
// intervals, short ones for the backups with a run under way and long ones for
// the rest, and file events wake it earlier. With no events at all it sees the
// same, only later.
//
// A look must cost little, because it is taken every five seconds for hours,
// beside a program that writes a thousand files a second. File names in a
// backup are SHA-1, so they spread evenly over its 256 shards, and a few
// shards, listed in turn, tell what all of them hold. Whether anything moves
// at all, the time stamps of the shards tell, and the size of the files that
// changed last: a time stamp stays as it is while a 5 GB video grows.
//
// Nothing here writes, follows a link out of a backup, or opens anything but
// regular files and folders.
package watch

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"backupwatchdog/daemon/backup"
)

// Root is a folder to watch. It may hold backups or be one.
type Root struct {
	Path    string // absolute, as configured; links are followed
	Default bool   // nobody configured it: it is the system's own
}

// Options says what is watched and how. Only Roots must be set.
type Options struct {
	Roots []Root
	// Active and Idle are how often a backup is looked at during a run and at
	// rest; zero means 5 and 60 seconds.
	Active, Idle time.Duration
	// Events lets file events wake the watcher.
	Events bool
	// NewSource makes the source of events; nil means the system's own.
	NewSource NewSource
	// Now is the clock; nil means time.Now, and a computer that never sleeps.
	Now func() backup.Moment
	Log *slog.Logger // nil: silent
	// Known is where the roots lay when they were last seen, from the Look of an
	// earlier watcher, by Root.Path. It lets a watcher that starts without the
	// drive say that the drive is missing.
	Known map[string]Identity
	// Space tells the free space below a path; nil asks the system.
	Space Space
}

// Space tells what may still be written below path, in bytes, and whether its
// volume is mounted read-only.
type Space func(path string) (free int64, readOnly bool, err error)

// Look is one complete picture of everything watched.
type Look struct {
	At      backup.Moment
	Roots   []backup.Root // in the order of Options.Roots
	Backups []Backup      // by path
	// Identities is to be kept and handed back as Options.Known.
	Identities map[string]Identity
}

// Backup is one backup folder at one look.
type Backup struct {
	UDID string // as the folder is named, or as its metadata name it
	Path string // with all links resolved
	Root string // Path of the root it was found in, as configured
	// Archived: it was set aside as UDID-YYYYMMDD-HHMMSS.
	Archived bool
	// Folder is what the look found. Files, Bytes and Moved never fall within
	// the life of the watcher: they go on counting from one run to the next, so
	// what a run has brought is the difference to its beginning. At the first
	// look Files and Bytes begin with what lies under Snapshot/.
	Folder backup.Folder
}

// Watcher looks at the roots again and again. Make it with New.
type Watcher struct {
	opt   Options
	looks chan Look
	wake  chan struct{}
	hints chan string

	mu     sync.Mutex
	roots  []Root
	active map[string]bool
	poked  bool
}

// New returns a watcher that does nothing until Run is called.
func New(o Options) *Watcher {
	o = o.withDefaults()
	return &Watcher{
		opt:   o,
		looks: make(chan Look, 1),
		wake:  make(chan struct{}, 1),
		hints: make(chan string, 256),
		roots: o.Roots,
	}
}

func (o Options) withDefaults() Options {
	if o.Active <= 0 {
		o.Active = 5 * time.Second
	}
	if o.Idle <= 0 {
		o.Idle = time.Minute
	}
	if o.Now == nil {
		o.Now = func() backup.Moment { return backup.Moment{T: time.Now()} }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Space == nil {
		o.Space = statfs
	}
	if o.NewSource == nil {
		o.NewSource = newFSSource
	}
	if !o.Events {
		o.NewSource = nil
	}
	o.Roots = absolute(o.Roots)
	return o
}

// absolute makes all paths absolute and clean, so that they can be compared.
func absolute(roots []Root) []Root {
	list := make([]Root, 0, len(roots))
	for _, r := range roots {
		if path, err := filepath.Abs(r.Path); err == nil {
			r.Path = path
		}
		list = append(list, r)
	}
	return list
}

// LookOnce takes one look, with every shard listed, and returns. It makes no
// use of events and leaves nothing running.
func LookOnce(_ context.Context, o Options) Look {
	o = o.withDefaults()
	return newSampler(o).look(request{now: o.Now(), roots: o.Roots, all: true, full: true})
}

// Looks delivers the looks. A look that nobody has taken yet gives way to the
// next one: whoever is late sees the newest.
func (w *Watcher) Looks() <-chan Look { return w.looks }

// Poke has everything looked at now.
func (w *Watcher) Poke() {
	w.change(func() { w.poked = true })
}

// SetActive says which backups, by Backup.Path, have a run under way. These are
// looked at every Options.Active, the others every Options.Idle.
func (w *Watcher) SetActive(paths []string) {
	active := make(map[string]bool, len(paths))
	for _, p := range paths {
		active[p] = true
	}
	w.change(func() { w.active = active })
}

// SetRoots has other folders watched from now on.
func (w *Watcher) SetRoots(roots []Root) {
	w.change(func() { w.roots, w.poked = absolute(roots), true })
}

// change alters what is asked of the watcher and wakes it.
func (w *Watcher) change(f func()) {
	w.mu.Lock()
	f()
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// deliver hands out a look; only Run calls it.
func (w *Watcher) deliver(l Look) {
	select {
	case <-w.looks: // nobody took the last one
	default:
	}
	w.looks <- l
}
