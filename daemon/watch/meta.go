package watch

import (
	"errors"
	"path/filepath"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/plist"
)

const (
	// settled is how old a time stamp must be before a file with the same size,
	// stamp and inode counts as the same: Status.plist is 189 bytes in two
	// states, its inode is used again at once, and some volumes keep time in
	// steps of two seconds.
	settled = 3 * time.Second
	// infoQuiet is how long Info.plist must have been left alone to be read. It
	// may have 60 MB and is written in place, from zero bytes on.
	infoQuiet = 10 * time.Second
)

// Linked is the detail of a file that is a link, and for that reason alone not read.
const Linked = "It is a link, and links are not followed."

// metadata remembers the metadata files of one backup folder, so that none is
// parsed twice.
type metadata struct {
	status   cached[backup.StatusFile]
	manifest cached[backup.ManifestFile]
	index    cached[backup.IndexFile]
	mbdb     cached[backup.IndexFile]
	info     cached[backup.InfoFile]
	infoSeen stat      // of the last look
	infoFrom time.Time // when it was first seen like that
	newest   int64
}

// cached is an answer and the state of the file it was taken from.
type cached[T any] struct {
	of   stat
	sure bool // the file had been quiet for a while when it was read
	ok   bool
	val  T
}

// get returns the remembered answer, or a new one from read when the file is
// another than it was.
func (c *cached[T]) get(st stat, now time.Time, read func() T) T {
	if c.ok && c.sure && c.of == st {
		return c.val
	}
	quiet := now.Sub(timeOf(st.mtime))
	*c = cached[T]{of: st, sure: quiet > settled, ok: true, val: read()}
	return c.val
}

// look reads what changed among the metadata files of the folder at path.
func (m *metadata) look(path string, now time.Time, f *backup.Folder) {
	m.newest = 0
	if st, err := statPath(path); err == nil {
		f.Changed = timeOf(st.mtime)
	}
	m.lookStatus(path, now, f)
	m.lookManifest(path, now, f)
	m.lookIndex(path, now, f)
	m.lookInfo(path, now, f)
	f.Newest = timeOf(m.newest)
}

func (m *metadata) lookStatus(dir string, now time.Time, f *backup.Folder) {
	path := filepath.Join(dir, "Status.plist")
	st, file := m.stat(path)
	if f.Status.File = file; file.Presence != backup.Present {
		return
	}
	f.Status = m.status.get(st, now, func() backup.StatusFile {
		s, err := plist.ReadStatus(path)
		return backup.StatusFile{File: outcome(file, path, err), Status: s}
	})
}

func (m *metadata) lookManifest(dir string, now time.Time, f *backup.Folder) {
	path := filepath.Join(dir, "Manifest.plist")
	st, file := m.stat(path)
	if f.Manifest.File = file; file.Presence != backup.Present {
		return
	}
	f.Manifest = m.manifest.get(st, now, func() backup.ManifestFile {
		s, err := plist.ReadManifest(path)
		return backup.ManifestFile{File: outcome(file, path, err), Manifest: s}
	})
}

// lookInfo reads Info.plist only when it has been quiet: unchanged over two
// looks some seconds apart, or not written to for longer.
func (m *metadata) lookInfo(dir string, now time.Time, f *backup.Folder) {
	path := filepath.Join(dir, "Info.plist")
	newest := m.newest
	st, file := m.stat(path)
	m.newest = newest // Finder writes it minutes after the run
	if m.infoSeen != st {
		m.infoSeen, m.infoFrom = st, now
	}
	quiet := now.Sub(m.infoFrom) >= settled || now.Sub(timeOf(st.mtime)) > infoQuiet
	f.Info.File = file
	if file.Presence != backup.Present || !quiet {
		return
	}
	if m.info.ok && m.info.of == st {
		f.Info = m.info.val
		return
	}
	f.Info = m.info.get(st, now, func() backup.InfoFile {
		s, err := plist.ReadInfo(path)
		if errors.Is(err, plist.ErrUnread) {
			return backup.InfoFile{File: file} // all but its names is artwork: large is no sign of damage
		}
		out := backup.InfoFile{File: outcome(file, path, err), Info: s}
		out.Read = out.Presence == backup.Present
		return out
	})
}

// lookIndex reads the head of Manifest.db, or of Manifest.mbdb where that is
// the index. How it is judged depends on whether the backup is encrypted, so
// only the bytes are remembered, not the judgement.
func (m *metadata) lookIndex(dir string, now time.Time, f *backup.Folder) {
	path := filepath.Join(dir, "Manifest.db")
	st, file := m.stat(path)
	if file.Presence == backup.Missing {
		old := filepath.Join(dir, "Manifest.mbdb")
		if st, file := m.stat(old); file.Presence != backup.Missing {
			f.Index = backup.IndexFile{File: file, Format: backup.IndexMBDB}
			if file.Presence == backup.Present {
				f.Index = m.mbdb.get(st, now, func() backup.IndexFile { return readMBDB(old, file) })
			}
			return
		}
	}
	if f.Index.File = file; file.Presence != backup.Present {
		return
	}
	f.Index = m.index.get(st, now, func() backup.IndexFile { return readIndex(path, file) })
	judgeOpaque(&f.Index, f.Manifest)
}

// stat tells absent, empty, denied and present apart, and what is no file at
// all, without opening anything.
func (m *metadata) stat(path string) (stat, backup.File) {
	st, err := statAt(cwd, path)
	switch {
	case err != nil && isAbsent(err):
		return st, backup.File{Presence: backup.Missing}
	case err != nil && isDenied(err):
		return st, backup.File{Presence: backup.Denied, Detail: "This program may not read it."}
	case err != nil:
		return st, backup.File{Detail: "It could not be examined: " + err.Error() + "."}
	}
	file := backup.File{Presence: backup.Present, Size: st.size, ModTime: timeOf(st.mtime)}
	switch {
	case st.isLink(): // to a file that may be whole
		return st, backup.File{Presence: backup.Denied, ModTime: file.ModTime, Detail: Linked}
	case !st.isRegular():
		return st, backup.File{Presence: backup.Broken, ModTime: file.ModTime, Detail: "It is " + st.thing() + ", not a file."}
	case st.size == 0:
		file.Presence = backup.Empty
	}
	m.newest = max(m.newest, st.mtime)
	return st, file
}

// presences says what each error of package plist comes to.
var presences = []struct {
	err error
	is  backup.Presence
}{
	{plist.ErrAbsent, backup.Missing}, {plist.ErrEmpty, backup.Empty},
	{plist.ErrDenied, backup.Denied}, {plist.ErrNotRegular, backup.Denied},
	{plist.ErrNotPlist, backup.Broken}, {plist.ErrCut, backup.Broken},
	{plist.ErrWrongType, backup.Broken}, {plist.ErrTooLarge, backup.Broken},
}

// outcome translates what reading a file came to. An error of another kind, of
// the disk say, leaves the answer open.
func outcome(f backup.File, path string, err error) backup.File {
	if err == nil {
		return f
	}
	f.Presence, f.Detail = backup.NotLooked, words(path, err)
	for _, p := range presences {
		if errors.Is(err, p.err) {
			f.Presence = p.is
			break
		}
	}
	switch f.Presence {
	case backup.Missing:
		return backup.File{Presence: backup.Missing}
	case backup.Empty:
		return backup.File{Presence: backup.Empty, ModTime: f.ModTime}
	case backup.Denied, backup.NotLooked:
		f.Size = 0
	}
	return f
}

// words makes a sentence of an error about the file at path: "It is cut short."
func words(path string, err error) string {
	s := strings.TrimPrefix(err.Error(), path+" ")
	s = strings.TrimPrefix(s, filepath.Base(path)+" ")
	if s == err.Error() {
		return "It could not be read: " + s + "."
	}
	return "It " + s + "."
}
