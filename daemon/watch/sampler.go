package watch

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/plist"
)

// sampler looks at all roots and remembers, between looks, what makes the next
// one cheap. One goroutine at a time uses it.
type sampler struct {
	space   Space
	known   map[string]Identity // by the path of the root
	backups map[string]*tracked // by the path of the backup
}

// tracked is one backup folder between looks.
type tracked struct {
	meta    metadata
	payload *payload
	last    backup.Folder // of the last time the payload was gone through
	sampled time.Time     // when that was; zero never
	seen    time.Time
}

// request says what one look is to do.
type request struct {
	now    backup.Moment
	roots  []Root
	active map[string]bool // backups with a run under way, by path
	// every and idle are how long the payload of an active backup and of one at
	// rest may go without being gone through.
	every, idle time.Duration
	// hinted are paths at or below which something happened.
	hinted []string
	// all: go through every payload now.
	all bool
	// full: list every shard.
	full bool
}

func newSampler(o Options) *sampler {
	s := &sampler{space: o.Space, known: map[string]Identity{}, backups: map[string]*tracked{}}
	for path, id := range o.Known {
		s.known[path] = id
	}
	return s
}

// look makes one complete picture.
func (s *sampler) look(r request) Look {
	l := Look{At: r.now, Identities: map[string]Identity{}}
	taken := map[string]bool{}
	for _, root := range r.roots {
		facts, list, id := lookRoot(root, s.known[root.Path], s.space)
		if id != (Identity{}) {
			s.known[root.Path], l.Identities[root.Path] = id, id
		}
		for _, f := range list {
			if taken[f.path] {
				continue // reached through another root already
			}
			if len(l.Backups) == backupCap {
				facts.Unwatched++
				continue
			}
			taken[f.path] = true
			l.Backups = append(l.Backups, s.lookBackup(f, r))
		}
		l.Roots = append(l.Roots, facts)
	}
	slices.SortFunc(l.Backups, func(a, b Backup) int { return cmp.Compare(a.Path, b.Path) })
	s.prune()
	return l
}

// lookBackup looks at one backup: always at its metadata, at the payload when
// it is due or something speaks for it.
func (s *sampler) lookBackup(f found, r request) Backup {
	t := s.backups[f.path]
	if t == nil {
		t = &tracked{payload: newPayload()}
		s.backups[f.path] = t
	}
	t.seen = r.now.T
	var folder backup.Folder
	t.meta.look(f.path, r.now.T, &folder)
	if t.due(f.path, &folder, r) {
		t.sample(f.path, &folder, r)
	} else {
		keep(&folder, &t.last)
	}
	return Backup{UDID: udidOf(f, &folder), Path: f.path, Root: f.root, Archived: f.archived, Folder: folder}
}

// due reports whether the payload is to be gone through now.
func (t *tracked) due(path string, f *backup.Folder, r request) bool {
	if r.all || r.full || t.sampled.IsZero() {
		return true
	}
	if f.Status.File != t.last.Status.File || f.Index.File != t.last.Index.File || f.Manifest.File != t.last.Manifest.File {
		return true
	}
	_, err := statAt(cwd, filepath.Join(path, "Snapshot"))
	if (err == nil) != (t.last.Snapshot == backup.Yes) {
		return true
	}
	for _, h := range r.hinted {
		if h == path || isAbove(h, path) || isAbove(path, h) {
			return true
		}
	}
	wait := r.idle
	if r.active[path] {
		wait = r.every
	}
	// A timer may be a little early against the calendar.
	gone := r.now.T.Sub(t.sampled)
	return gone >= wait-wait/20 || gone < 0
}

// sample goes through the payload.
func (t *tracked) sample(path string, f *backup.Folder, r request) {
	e := rest
	switch {
	case r.full:
		e = full
	case r.active[path]:
		e = run
	}
	newest := f.Newest
	t.payload.look(path, e, f)
	if f.Newest.Before(newest) {
		f.Newest = newest
	}
	t.sampled, t.last = r.now.T, *f
}

// keep fills in what the last look at the payload said, when there was no
// reason for a new one.
func keep(f, last *backup.Folder) {
	f.Snapshot, f.Payload = last.Snapshot, last.Payload
	f.Files, f.Bytes, f.Moved = last.Files, last.Bytes, last.Moved
	f.SnapshotFiles, f.SnapshotBytes = last.SnapshotFiles, last.SnapshotBytes
	if f.Newest.Before(last.Newest) {
		f.Newest = last.Newest
	}
}

// udidOf names the device of a backup: by the folder's name or, where that is
// not a device's, by what lies within.
func udidOf(f found, folder *backup.Folder) string {
	if !f.foreign {
		return f.udid
	}
	for _, id := range []string{
		folder.Info.Info.TargetIdentifier, folder.Manifest.Manifest.UniqueDeviceID, folder.Info.Info.UniqueIdentifier,
	} {
		if isUDID(id) {
			return id
		}
	}
	return plist.Clean(f.udid, 64)
}

// prune forgets the backups that were away for longest when there are too many
// to remember. One that is only away for a while, with its disk, keeps its
// counters: they never fall.
func (s *sampler) prune() {
	for len(s.backups) > 2*backupCap {
		var oldest string
		for path, t := range s.backups {
			if oldest == "" || t.seen.Before(s.backups[oldest].seen) {
				oldest = path
			}
		}
		delete(s.backups, oldest)
	}
}
