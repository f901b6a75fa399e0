package daemon

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/host"
	"backupwatchdog/daemon/watch"
)

// roots are the watched folders.
func (l *loop) roots() []watch.Root { return rootsOf(l.cfg, l.opt.Paths) }

func rootsOf(c config.Config, p config.Paths) []watch.Root {
	if len(c.Roots) == 0 {
		return []watch.Root{{Path: p.Root, Default: true}}
	}
	var out []watch.Root
	for _, r := range c.Roots {
		out = append(out, watch.Root{Path: r, Default: filepath.Clean(r) == p.Root})
	}
	return out
}

func (l *loop) rootPaths() []string {
	var out []string
	for _, r := range l.roots() {
		out = append(out, r.Path)
	}
	return out
}

// knownRoots is where the roots lay when an earlier process last saw them.
func (l *loop) knownRoots() map[string]watch.Identity {
	known := map[string]watch.Identity{}
	if b, ok := l.db.Get(knownKey); ok && json.Unmarshal(b, &known) != nil {
		return nil
	}
	return known
}

// takeLook takes one look at everything.
func (l *loop) takeLook(look watch.Look) {
	if !maps.Equal(look.Identities, l.look.Identities) {
		if b, err := json.Marshal(look.Identities); err == nil {
			l.db.Put(knownKey, b)
		}
	}
	l.look = look
	l.access.see(look.Roots, l.db, l.log)
	seen := map[string]bool{}
	for _, b := range look.Backups {
		seen[b.Path] = true
		t := l.backups[b.Path]
		if t == nil {
			t = l.track(look.At, b)
		}
		t.look = b
		t.noteQuiet(look.At.T)
	}
	for path, t := range l.backups {
		if !seen[path] && l.mayBeGone(t) {
			l.drop(look.At, path, t)
		}
	}
}

// noteQuiet notes whether anything has changed in the folder.
func (t *tracked) noteQuiet(now time.Time) {
	f := t.look.Folder
	mark, _ := json.Marshal([]any{f.Files, f.Bytes, f.Moved, f.Newest, f.Status.ModTime, f.Info.ModTime, f.Info.Size, f.Index.ModTime, f.Index.Size, f.Snapshot})
	if string(mark) == t.last {
		return
	}
	t.quiet = now
	if t.last == "" { // it may have been at rest for long before anybody looked
		at := latest(f.Newest, f.Changed, f.Status.ModTime, f.Info.ModTime, f.Index.ModTime, f.Manifest.ModTime)
		if !at.IsZero() && at.Before(now) {
			t.quiet = at
		}
	}
	t.last = string(mark)
}

// mayBeGone reports whether a backup that was not seen is really gone: its root
// was listed, and is the one it lay in.
func (l *loop) mayBeGone(t *tracked) bool {
	r, ok := l.root(t.look.Root)
	if r.Volume == backup.VolumeReplaced {
		return false
	}
	return !ok || r.Access == backup.AccessGranted || r.Access == backup.AccessAbsent && r.Volume != backup.VolumeMissing
}

// root returns the facts of a watched root.
func (l *loop) root(path string) (backup.Root, bool) {
	for _, r := range l.look.Roots {
		if r.Path == path {
			return r, true
		}
	}
	return backup.Root{Path: path, Free: -1}, false
}

// track begins, or goes on with, the session of a folder.
func (l *loop) track(now backup.Moment, b watch.Backup) *tracked {
	raw, ok := l.db.Get(sessionKey(b.Path))
	past := l.pastOf(b, ok)
	t := &tracked{look: b, session: backup.NewSession(b.UDID, b.Path, rules(l.cfg), past), quiet: now.T}
	l.backups[b.Path] = t
	if ok {
		var s saved
		err := json.Unmarshal(raw, &s)
		if err == nil {
			err = t.session.Restore(s.Memory, s.Boot == host.BootID(), now)
		}
		if err != nil {
			l.log.Warn("saved state not used", "backup", b.UDID, "reason", err.Error())
		}
	}
	if c, ok := l.db.LastCheck(b.UDID, b.Path); ok && !b.Archived {
		t.session.SetCheck(c)
	}
	if !b.Archived {
		l.closeLostRuns(t, past)
	}
	return t
}

// pastOf are the past runs of a folder. One phone may have backups in several,
// and what happened to one says nothing of another. A folder that is new here,
// moved from elsewhere or set aside, brings the runs of the folder that is gone.
func (l *loop) pastOf(b watch.Backup, known bool) []backup.PastRun {
	return slices.DeleteFunc(l.db.Runs(b.UDID, time.Time{}, 200), func(r backup.PastRun) bool {
		return r.Path != "" && r.Path != b.Path && (known || l.claimed(r.Path))
	})
}

// claimed reports whether a folder is watched, or was and may be there again.
func (l *loop) claimed(path string) bool {
	if _, ok := l.db.Get(sessionKey(path)); ok {
		return true
	}
	return slices.ContainsFunc(l.look.Backups, func(b watch.Backup) bool { return b.Path == path })
}

// closeLostRuns marks runs that an earlier process left running and that are
// not this session's.
func (l *loop) closeLostRuns(t *tracked, past []backup.PastRun) {
	cur, ok := t.session.Current()
	for _, p := range past {
		if p.Outcome == backup.OutcomeRunning && !(ok && p.Started.Equal(cur.Started)) {
			p.Outcome = backup.OutcomeUnknown
			l.db.SaveRun(p)
		}
	}
}

// drop forgets a folder that is gone: set aside, moved or deleted.
func (l *loop) drop(now backup.Moment, path string, t *tracked) {
	t.session.Retired(now)
	if cur, ok := t.session.Current(); ok && !t.look.Archived {
		l.db.SaveRun(cur)
	}
	l.db.Delete(sessionKey(path))
	delete(l.backups, path)
	l.log.Info("backup folder gone", "backup", t.look.UDID, "path", path)
}

// latest is the latest of some times.
func latest(times ...time.Time) time.Time {
	return slices.MaxFunc(times, time.Time.Compare)
}
