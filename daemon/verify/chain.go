package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"backupwatchdog/daemon/words"
	"backupwatchdog/plist"
)

// A chain is one backup folder as its metadata shows it, before any payload is
// looked at.
type chain struct {
	dir      string // absolute, links resolved
	base     string // the folder's own name, before links
	status   plist.Status
	info     plist.Info
	manifest plist.Manifest
	errs     struct{ status, info, manifest error }
	snapshot bool         // Snapshot/ is there
	flat     [256][]entry // files beside the shards
	index    indexFile
}

// indexFile is Manifest.db or Manifest.mbdb before it is read.
type indexFile struct {
	name   string // "" when there is none
	path   string
	format string // as in Result.Format
	info   fs.FileInfo
	sqlite bool // it begins with SQLite's header
	err    error
}

// openChain reads the metadata of the backup at path. Trouble with a file of
// the backup is kept for the result; an error means that this program could
// not look.
func openChain(ctx context.Context, path string) (*chain, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return nil, err
	}
	c := &chain{dir: dir, base: filepath.Base(abs)}
	if err := c.look(ctx); err != nil {
		return nil, err
	}
	c.status, c.errs.status = plist.ReadStatus(c.file("Status.plist"))
	c.info, c.errs.info = plist.ReadInfo(c.file("Info.plist"))
	c.manifest, c.errs.manifest = plist.ReadManifest(c.file("Manifest.plist"))
	for _, err := range []error{c.errs.status, c.errs.info, c.errs.manifest} {
		if !isTrouble(err) { // denied, which is fs.ErrPermission, or an error of the disk
			return nil, err
		}
	}
	c.index = findIndex(c.dir)
	if c.torn() && c.status.SnapshotState == "moving" {
		if x := findIndex(c.file("Snapshot")); x.name != "" {
			c.index = x // not moved yet: the new one is still in Snapshot
		}
	}
	if errors.Is(c.index.err, fs.ErrPermission) {
		return nil, c.index.err
	}
	return c, nil
}

func (c *chain) file(name string) string { return filepath.Join(c.dir, name) }

// isTrouble reports whether err (nil too) is about the file, and not about us.
func isTrouble(err error) bool {
	if err == nil {
		return true
	}
	for _, e := range []error{plist.ErrAbsent, plist.ErrEmpty, plist.ErrNotRegular, plist.ErrNotPlist, plist.ErrCut, plist.ErrWrongType, plist.ErrTooLarge, plist.ErrUnread} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// look lists the top of the folder once: is there a Snapshot, are there files
// beside the shards (as before iOS 10).
func (c *chain) look(ctx context.Context) error {
	fds, err := openSources(c.dir)
	if err != nil {
		return err
	}
	defer closeAll(fds)
	var l lister
	err = l.list(ctx, fds[0], func(name []byte, f found) {
		if string(name) == "Snapshot" {
			c.snapshot = f.size == isFolder
		}
		if id, ok := parseID(name); ok {
			c.flat[id[0]] = append(c.flat[id[0]], entry{id, f.mtime, f.size})
		}
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("listing %s: %w", c.dir, err)
	}
	return err
}

// findIndex looks for the index in a folder and reads its first bytes.
func findIndex(dir string) indexFile {
	for _, x := range []indexFile{
		{name: "Manifest.db", format: "manifest.db"},
		{name: "Manifest.mbdb", format: "mbdb"},
	} {
		x.path = filepath.Join(dir, x.name)
		f, info, err := plist.OpenRegular(x.path)
		if errors.Is(err, plist.ErrAbsent) {
			continue
		}
		x.info, x.err = info, err
		if err == nil {
			x.readHead(f)
			f.Close()
		}
		return x
	}
	return indexFile{format: "none", err: plist.ErrAbsent}
}

// readHead looks at SQLite's header, which says how long the file must be.
func (x *indexFile) readHead(f *os.File) {
	size := x.info.Size()
	if size == 0 {
		x.err = plist.ErrEmpty
		return
	}
	if x.format != "manifest.db" {
		return
	}
	var head [100]byte
	n, _ := f.ReadAt(head[:], 0)
	if n > 0 && len(bytes.Trim(head[:n], "\x00")) == 0 {
		x.err = &errIndex{words.IndexZeros}
		return
	}
	if x.sqlite = n >= 16 && string(head[:16]) == "SQLite format 3\x00"; !x.sqlite {
		return
	}
	page := int64(head[16])<<8 | int64(head[17])
	if page == 1 {
		page = 65536
	}
	pages := int64(bigEndian(head[28:32]))
	// The count of pages holds only where both change counters agree.
	if n < 100 || string(head[24:28]) == string(head[92:96]) && size < page*pages {
		x.err = &errIndex{words.IndexCut(size, page*pages)}
	}
}

// finished reports whether the last run ended well, as Status.plist has it.
func (c *chain) finished() bool { return c.errs.status == nil && c.status.SnapshotState == "finished" }

// torn reports whether Status.plist can be read and says something else.
func (c *chain) torn() bool { return c.errs.status == nil && !c.finished() }

var (
	udidLike = regexp.MustCompile(`(?i)^([0-9a-f]{40}|[0-9a-f]{8}-[0-9a-f]{16}|[0-9a-f]{24})$`)
	aside    = regexp.MustCompile(`-\d{8}-\d{6}$`)
)

// FolderUDID splits a backup folder's name. like is false when no phone's id
// stands in it; archived says that it was set aside: UDID-YYYYMMDD-HHMMSS.
func FolderUDID(name string) (udid string, archived, like bool) {
	udid = name
	if loc := aside.FindStringIndex(name); loc != nil {
		udid, archived = name[:loc[0]], true
	}
	if !udidLike.MatchString(udid) {
		return name, false, false
	}
	return udid, archived, true
}

// plainID makes ids comparable: some tools write them in lower case or without
// the dash.
func plainID(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "")) }

// udid is the phone's id, from the most trustworthy place that has one.
func (c *chain) udid() string {
	name, _, like := FolderUDID(c.base)
	if like {
		return name
	}
	for _, id := range []string{c.manifest.UniqueDeviceID, c.info.TargetIdentifier, c.info.UniqueIdentifier} {
		if id != "" {
			return id
		}
	}
	return name
}

// identities returns the sentence that says which names of the phone disagree,
// "" when all agree. A folder whose name is no id (a copy) may be called anything.
func (c *chain) identities() string {
	type claim struct{ where, id string }
	var claims []claim
	if id, _, like := FolderUDID(c.base); like {
		claims = append(claims, claim{words.TheFolder, id})
	}
	for _, x := range []claim{
		{"Info.plist", c.info.TargetIdentifier}, {"Info.plist", c.info.UniqueIdentifier},
		{"Manifest.plist", c.manifest.UniqueDeviceID},
	} {
		if x.id != "" {
			claims = append(claims, x)
		}
	}
	for _, x := range claims {
		if plainID(x.id) != plainID(claims[0].id) {
			return words.TwoPhones(claims[0].where, claims[0].id, x.where, x.id)
		}
	}
	return ""
}

// A stamp tells whether a file was changed: size, time and, where it was
// replaced, its identity.
type stamp struct {
	size int64
	time time.Time
	info fs.FileInfo
}

func stampOf(path string) stamp {
	info, err := os.Lstat(path)
	if err != nil {
		return stamp{size: -1}
	}
	return stamp{info.Size(), info.ModTime(), info}
}

func (s stamp) same(o stamp) bool {
	if s.size != o.size || !s.time.Equal(o.time) {
		return false
	}
	return s.info == nil || os.SameFile(s.info, o.info)
}
