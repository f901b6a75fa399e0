package watch

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"backupwatchdog/daemon/backup"
)

const (
	// rootCap is how many entries of a root are read at a look.
	rootCap = 10_000
	// foreignCap is how many folders with names of no known form are looked into
	// for a Status.plist or a Manifest.db.
	foreignCap = 64
	// backupCap is how many backups are followed at once. Where a root holds more,
	// those that are set aside give way first, then those that changed longest ago.
	backupCap = 256
)

// found is one backup folder that a root holds, or is.
type found struct {
	udid, path string
	root       string // Path of the root, as configured
	archived   bool
	foreign    bool // the name says nothing: the UDID must come from within
}

// lookRoot looks at a watched folder as a whole and lists the backups in it.
// known is where it lay when it was last seen; the identity to keep comes back.
func lookRoot(r Root, known Identity, space Space) (backup.Root, []found, Identity) {
	out := backup.Root{Path: r.Path, Default: r.Default, Free: -1}
	resolved, err := filepath.EvalSymlinks(r.Path)
	if err != nil {
		missRoot(&out, err, known)
		return out, nil, known
	}
	out.Resolved = resolved
	now, err := identify(resolved)
	if err != nil {
		missRoot(&out, err, known)
		return out, nil, known
	}
	if out.Volume = judgeThere(known, now); out.Volume == backup.VolumeOK {
		known = now
	}
	if free, readOnly, err := space(resolved); err == nil {
		out.Free, out.ReadOnly = free, backup.TriOf(readOnly)
	}
	entries, err := readDir(resolved)
	if err != nil {
		refuse(&out, err)
		return out, nil, known
	}
	out.Access = backup.AccessGranted
	list := backupsIn(r.Path, resolved, entries)
	out.Unwatched = max(0, len(list)-backupCap)
	return out, mostAlive(list), known
}

// mostAlive is as many of the backups as are followed at once.
func mostAlive(list []found) []found {
	if len(list) <= backupCap {
		return list
	}
	changed := make(map[string]int64, len(list))
	for _, f := range list {
		if st, err := statPath(f.path); err == nil {
			changed[f.path] = st.mtime
		}
	}
	slices.SortStableFunc(list, func(a, b found) int {
		if a.archived != b.archived {
			return map[bool]int{true: 1, false: -1}[a.archived]
		}
		return cmp.Compare(changed[b.path], changed[a.path])
	})
	return list[:backupCap]
}

// missRoot says why a root cannot be reached.
func missRoot(out *backup.Root, err error, known Identity) {
	if !isAbsent(err) {
		refuse(out, err)
		return
	}
	target, linked := chase(out.Path)
	out.Access = backup.AccessAbsent
	out.Detail = "There is no such folder."
	if linked {
		out.Detail = "The link points to " + target + ", which is missing."
	}
	out.Volume = judgeGone(known, target, linked, nearestMount(target))
	if out.Volume == backup.VolumeMissing && known.Mount != "" && !linked {
		out.Detail = "The disk that was mounted on " + known.Mount + " is missing."
	}
}

// refuse says why an existing root cannot be listed.
func refuse(out *backup.Root, err error) {
	switch {
	case isDenied(err):
		out.Access = backup.AccessDenied
		out.Detail = "The system does not let this program list the folder: " + cause(err) + "."
	case isAbsent(err):
		out.Access = backup.AccessAbsent
		out.Detail = "It is a file, not a folder."
	default:
		out.Access = backup.AccessUnknown
		out.Detail = "The folder could not be listed: " + cause(err) + "."
	}
}

// cause returns the system's own words, without the path that is shown beside.
func cause(err error) string {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err.Error()
	}
	if strings.HasSuffix(err.Error(), "too many links") { // of EvalSymlinks, which has no name for it
		return "its links lead in a circle"
	}
	return err.Error()
}

// chase follows the links of a path whose end does not exist, as far as they go.
func chase(path string) (target string, linked bool) {
	target = filepath.Clean(path)
	for range 40 {
		if dir, err := filepath.EvalSymlinks(filepath.Dir(target)); err == nil {
			target = filepath.Join(dir, filepath.Base(target))
		}
		to, err := os.Readlink(target)
		if err != nil {
			return target, linked
		}
		if linked = true; !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(target), to)
		}
		target = filepath.Clean(to)
	}
	return target, linked
}

// readDir lists a folder, up to rootCap entries.
func readDir(path string) ([]fs.DirEntry, error) {
	f, err := openDir(cwd, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []fs.DirEntry
	for len(all) < rootCap {
		some, err := f.ReadDir(512)
		all = append(all, some...)
		if err == io.EOF || len(some) == 0 {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// backupsIn finds the backups among the entries of a root, or takes the root
// for one backup: when its own name is a device's, or when it holds the files
// of a backup, and no backup folder lies in it.
func backupsIn(root, resolved string, entries []fs.DirEntry) []found {
	var list []found
	foreign := 0
	for _, e := range entries {
		udid, archived, ok := parseName(e.Name())
		if !ok && (foreign == foreignCap || !mayHold(e)) {
			continue
		}
		path, isDir := follow(filepath.Join(resolved, e.Name()), e)
		switch {
		case ok && isDir:
			list = append(list, found{udid, path, root, archived, false})
		case !ok && isDir && e.Name() != "Snapshot":
			if foreign++; holdsBackup(path, "Status.plist", "Manifest.db") {
				list = append(list, found{e.Name(), path, root, false, true})
			}
		}
	}
	if self, ok := itself(root, resolved); ok && !hasNamed(list) {
		return []found{self}
	}
	return list
}

// mayHold reports whether an entry whose name is no device's is worth a look:
// a folder, and none of the 256 shards.
func mayHold(e fs.DirEntry) bool {
	t := e.Type()
	return len(e.Name()) > 2 && (t.IsDir() || t&(fs.ModeSymlink|fs.ModeIrregular) != 0)
}

// hasNamed reports whether one of the folders found has the name of a device.
func hasNamed(list []found) bool {
	for _, f := range list {
		if !f.foreign {
			return true
		}
	}
	return false
}

// follow resolves an entry that is a link. What a dangling link points to is
// shown under the link's own path, as a folder of which nothing can be told.
func follow(path string, e fs.DirEntry) (resolved string, isDir bool) {
	if e.Type().IsDir() {
		return path, true
	}
	if e.Type()&fs.ModeSymlink == 0 && e.Type().IsRegular() {
		return path, false
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		st, err := statPath(real)
		return real, err == nil && st.isDir()
	}
	return path, e.Type()&fs.ModeSymlink != 0
}

// itself returns the root as one backup folder, when it looks like that.
func itself(root, resolved string) (found, bool) {
	for _, name := range []string{filepath.Base(resolved), filepath.Base(root)} {
		if udid, archived, ok := parseName(name); ok {
			return found{udid, resolved, root, archived, false}, true
		}
	}
	self := found{filepath.Base(root), resolved, root, false, true}
	return self, holdsBackup(resolved, "Status.plist", "Manifest.db", "Manifest.mbdb", "Manifest.plist", "Info.plist")
}

// holdsBackup reports whether a folder holds one of the files named.
func holdsBackup(path string, names ...string) bool {
	for _, name := range names {
		if _, err := statAt(cwd, filepath.Join(path, name)); err == nil {
			return true
		}
	}
	return false
}
