package watch

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/plist"
)

// manifestBytes is a Manifest.plist that says whether the backup is encrypted.
func manifestBytes(t testing.TB, encrypted bool) []byte {
	t.Helper()
	b, err := plist.Marshal(map[string]any{
		"Version": "10.0", "IsEncrypted": encrypted, "Date": time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC),
		"Lockdown": map[string]any{"UniqueDeviceID": udid, "DeviceName": "Ada's iPhone"},
	}, plist.Binary)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// infoBytes is an Info.plist.
func infoBytes(t testing.TB) []byte {
	t.Helper()
	b, err := plist.Marshal(map[string]any{
		"Device Name": "Ada's iPhone", "Target Identifier": udid, "Product Version": "26.1",
	}, plist.XML)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sqlite is a database file as far as its header goes.
func sqlite(page, pages, size int, valid bool) []byte {
	b := make([]byte, size)
	copy(b, "SQLite format 3\x00")
	if len(b) < sqliteHeader {
		return b
	}
	if page == 65536 {
		page = 1
	}
	binary.BigEndian.PutUint16(b[16:], uint16(page))
	binary.BigEndian.PutUint32(b[24:], 7)
	binary.BigEndian.PutUint32(b[28:], uint32(pages))
	if valid {
		binary.BigEndian.PutUint32(b[92:], 7)
	}
	return b
}

func TestIndexHead(t *testing.T) {
	noise := []byte(strings.Repeat("\x9d\x17", 512))
	for _, c := range []struct {
		what     string
		data     []byte
		enc      bool
		presence backup.Presence
		format   backup.IndexFormat
		promised int64
	}{
		{"whole", sqlite(4096, 3, 3*4096, true), false, backup.Present, backup.IndexSQLite, 12288},
		{"longer than promised", sqlite(4096, 3, 4*4096, true), false, backup.Present, backup.IndexSQLite, 12288},
		{"one byte short", sqlite(4096, 3, 3*4096-1, true), false, backup.Broken, backup.IndexSQLite, 12288},
		{"page size 65536", sqlite(65536, 2, 2*65536, true), false, backup.Present, backup.IndexSQLite, 131072},
		{"page size 65536, cut", sqlite(65536, 2, 65536, true), false, backup.Broken, backup.IndexSQLite, 131072},
		{"a count that is not kept", sqlite(4096, 300, 4096, false), false, backup.Present, backup.IndexSQLite, 0},
		{"impossible page size", sqlite(100, 3, 4096, true), false, backup.Broken, backup.IndexSQLite, 0},
		{"cut within the header", sqlite(4096, 3, 60, true), false, backup.Broken, backup.IndexSQLite, 0},
		{"zeros", make([]byte, 8192), false, backup.Broken, backup.IndexOpaque, 0},
		{"zeros, encrypted", make([]byte, 8192), true, backup.Broken, backup.IndexOpaque, 0},
		{"garbage", noise, false, backup.Broken, backup.IndexOpaque, 0},
		{"ciphertext", noise, true, backup.Present, backup.IndexOpaque, 0},
		{"empty", nil, false, backup.Empty, backup.IndexUnknown, 0},
	} {
		p := newPhone(t)
		p.write("Manifest.plist", manifestBytes(t, c.enc))
		p.write("Manifest.db", c.data)
		got := newLook(p).next().Index
		if got.Presence != c.presence || got.Format != c.format || got.Promised != c.promised {
			t.Errorf("%s: presence %d, format %d, promised %d; want %d, %d, %d", c.what,
				got.Presence, got.Format, got.Promised, c.presence, c.format, c.promised)
		}
		if (got.Presence == backup.Broken) != (got.Detail != "") {
			t.Errorf("%s: presence %d with detail %q", c.what, got.Presence, got.Detail)
		}
	}
}

// Without Manifest.plist nobody knows whether an index without a header is one.
func TestIndexWithoutManifest(t *testing.T) {
	p := newPhone(t)
	p.write("Manifest.db", []byte(strings.Repeat("\x9d\x17", 512)))
	if got := newLook(p).next().Index; got.Presence != backup.Present || got.Format != backup.IndexOpaque {
		t.Errorf("index is %+v, want present and opaque", got)
	}
}

// The tools remove Status.plist, create it empty and fill it. Each of these is
// seen for what it is, and the last as the new state, although size and inode
// are those of the old file.
func TestStatusBetweenStates(t *testing.T) {
	p := newPhone(t)
	l := newLook(p)
	path := filepath.Join(p.path, "Status.plist")
	stamp := p.now
	write := func(state string) {
		p.status(state, "new", true)
		stamp = stamp.Add(time.Millisecond)
		p.must(os.Chtimes(path, stamp, stamp))
	}
	want := func(presence backup.Presence, state string) {
		t.Helper()
		got := l.next().Status
		if got.Presence != presence || got.Status.SnapshotState != state {
			t.Errorf("Status.plist: presence %d, state %q; want %d, %q", got.Presence, got.Status.SnapshotState, presence, state)
		}
	}
	want(backup.Missing, "")
	write("uploading")
	want(backup.Present, "uploading")
	p.must(os.Remove(path))
	want(backup.Missing, "")
	p.write("Status.plist", nil)
	want(backup.Empty, "")
	p.write("Status.plist", statusBytes(t, "moving", "new", true)[:40])
	want(backup.Broken, "")
	write("moving")
	want(backup.Present, "moving")
}

// A volume that keeps time in steps of two seconds gives two states of the same
// size the same stamp.
func TestStatusOnACoarseClock(t *testing.T) {
	p := newPhone(t)
	l := newLook(p)
	path := filepath.Join(p.path, "Status.plist")
	now := time.Now().Truncate(2 * time.Second)
	l.r.now = backup.Moment{T: now.Add(-5 * time.Second)}
	for _, state := range []string{"uploading", "finished2"} { // of the same length
		p.write("Status.plist", statusBytes(t, state, "new", true))
		p.must(os.Chtimes(path, now, now))
		l.r.now.T = now.Add(-5 * time.Second)
		if got := l.next().Status.Status.SnapshotState; got != state {
			t.Errorf("the state is %q, want %q", got, state)
		}
	}
}

// Finder's tail: finished, minutes of quiet, Info.plist at 0 bytes for three
// seconds, then large.
func TestFindersTail(t *testing.T) {
	p := newPhone(t)
	p.shards("")
	p.put("", 20, 10)
	p.status("finished", "new", false)
	l := newLook(p)
	f := l.next()
	for range 30 {
		f = l.wantStill(f, "quiet")
	}
	path := filepath.Join(p.path, "Info.plist")
	at := func(d time.Duration) { // as a write d before the next look leaves it
		stamp := l.r.now.T.Add(5*time.Second - d)
		p.must(os.Chtimes(path, stamp, stamp))
	}
	p.write("Info.plist", nil)
	at(2 * time.Second)
	if f = l.wantStill(f, "Info.plist is truncated"); f.Info.Presence != backup.Empty {
		t.Errorf("presence %d, want Empty", f.Info.Presence)
	}
	p.write("Info.plist", infoBytes(t))
	at(time.Second)
	if f = l.wantStill(f, "Info.plist is filled"); f.Info.Presence != backup.Present || f.Info.Read {
		t.Errorf("just written: presence %d, read %t; want present and not read", f.Info.Presence, f.Info.Read)
	}
	f = l.wantStill(f, "Info.plist is quiet")
	if !f.Info.Read || f.Info.Info.DeviceName != "Ada's iPhone" {
		t.Errorf("after a quiet look: read %t, name %q", f.Info.Read, f.Info.Info.DeviceName)
	}
	if f.Newest.After(p.now.Add(time.Minute)) {
		t.Errorf("Newest is %v: Info.plist counts", f.Newest)
	}
}

// socketAt leaves a socket that nobody listens at.
func socketAt(path string) error {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	return syscall.Bind(fd, &syscall.SockaddrUnix{Name: path})
}

// What stands in the place of a metadata file and is none is never opened.
func TestThingsThatAreNoFiles(t *testing.T) {
	for what, c := range map[string]struct {
		stand  func(path string) error
		want   backup.Presence
		detail string
	}{
		"a pipe":            {func(path string) error { return syscall.Mkfifo(path, 0o644) }, backup.Broken, "It is a pipe, not a file."},
		"a folder":          {func(path string) error { return os.Mkdir(path, 0o755) }, backup.Broken, "It is a folder, not a file."},
		"a socket":          {socketAt, backup.Broken, "It is a socket, not a file."},
		"a link":            {func(path string) error { return os.Symlink("/etc/hostname", path) }, backup.Denied, "It is a link, and links are not followed."},
		"a link to itself":  {func(path string) error { return os.Symlink(path, path) }, backup.Denied, "It is a link, and links are not followed."},
		"a link to nowhere": {func(path string) error { return os.Symlink("/nowhere", path) }, backup.Denied, "It is a link, and links are not followed."},
	} {
		p := newPhone(t)
		for _, name := range []string{"Status.plist", "Manifest.plist", "Manifest.db", "Info.plist"} {
			p.must(c.stand(filepath.Join(p.path, name)))
		}
		f := newLook(p).next()
		for name, file := range map[string]backup.File{
			"Status": f.Status.File, "Manifest": f.Manifest.File, "Index": f.Index.File, "Info": f.Info.File,
		} {
			if file.Presence != c.want || file.Detail != c.detail {
				t.Errorf("%s as %s: presence %d, detail %q; want %d, %q", what, name, file.Presence, file.Detail, c.want, c.detail)
			}
		}
	}
}

// An unchanged file is never parsed again.
func TestUnchangedIsNotReadAgain(t *testing.T) {
	var c cached[int]
	reads := 0
	read := func() int { reads++; return reads }
	now := time.Unix(1000, 0)
	old := stat{ino: 1, size: 189, mtime: now.Add(-time.Minute).UnixNano()}
	for range 5 {
		c.get(old, now, read)
	}
	if reads != 1 {
		t.Errorf("a settled file was read %d times, want once", reads)
	}
	fresh := stat{ino: 1, size: 189, mtime: now.Add(-time.Second).UnixNano()}
	c.get(fresh, now, read)
	c.get(fresh, now.Add(time.Second), read)
	c.get(fresh, now.Add(5*time.Second), read)
	if reads != 4 {
		t.Errorf("a fresh file had %d reads in all, want 4: until it has settled", reads)
	}
	if c.get(fresh, now.Add(6*time.Second), read); reads != 4 {
		t.Error("a file that has settled was read again")
	}
}

func TestDamagedMetadata(t *testing.T) {
	p := newPhone(t)
	whole := statusBytes(t, "finished", "new", false)
	for _, c := range []struct {
		what string
		data []byte
		want backup.Presence
	}{
		{"empty", nil, backup.Empty},
		{"cut", whole[:len(whole)/2], backup.Broken},
		{"zeros", make([]byte, 189), backup.Broken},
		{"no property list", []byte("hello"), backup.Broken},
	} {
		p.write("Status.plist", c.data)
		p.write("Manifest.plist", c.data)
		f := newLook(p).next()
		if f.Status.Presence != c.want || f.Manifest.Presence != c.want {
			t.Errorf("%s: Status %d, Manifest %d; want %d", c.what, f.Status.Presence, f.Manifest.Presence, c.want)
		}
		if c.want == backup.Broken && (!strings.HasPrefix(f.Status.Detail, "It ") || strings.Contains(f.Status.Detail, p.path)) {
			t.Errorf("%s: detail %q", c.what, f.Status.Detail)
		}
	}
}
