package watch

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/plist"
)

const udid = "00008101-0009344A1E40001E"

// phone is a backup folder that a test writes as a phone does.
type phone struct {
	t    testing.TB
	path string
	next int
	now  time.Time
}

// newPhone makes an empty backup folder beneath a new root.
func newPhone(t testing.TB) *phone {
	t.Helper()
	p := &phone{t: t, path: filepath.Join(t.TempDir(), udid), now: time.Now()}
	p.must(os.Mkdir(p.path, 0o755))
	return p
}

func (p *phone) must(err error) {
	if err != nil {
		p.t.Helper()
		p.t.Fatal(err)
	}
}

func (p *phone) root() string { return filepath.Dir(p.path) }

// shards makes the 256 folders below dir.
func (p *phone) shards(dir string) {
	p.must(os.MkdirAll(filepath.Join(p.path, dir), 0o755))
	for i := range flat {
		p.must(os.MkdirAll(filepath.Join(p.path, dir, shardNames[i]), 0o755))
	}
}

// name returns the name of the i-th file and of its shard.
func name(i int) (shard, file string) {
	sum := sha1.Sum([]byte(fmt.Sprint("file ", i)))
	file = hex.EncodeToString(sum[:])
	return file[:2], file
}

// put writes n new files of size bytes below dir.
func (p *phone) put(dir string, n int, size int64) {
	for range n {
		p.one(dir, size)
	}
}

// one writes one new file, sparse, and returns its path.
func (p *phone) one(dir string, size int64) string {
	shard, file := name(p.next)
	p.next++
	path := filepath.Join(p.path, dir, shard, file)
	p.must(os.WriteFile(path, nil, 0o644))
	if size > 0 {
		p.must(os.Truncate(path, size))
	}
	return path
}

// move renames n files from Snapshot/ to their final place, the first of those left.
func (p *phone) move(from, n int) {
	for i := from; i < from+n; i++ {
		shard, file := name(i)
		p.must(os.Rename(filepath.Join(p.path, "Snapshot", shard, file), filepath.Join(p.path, shard, file)))
	}
}

// older makes all shards of a folder a minute older than they are.
func (p *phone) older(dir string) {
	shards, err := filepath.Glob(filepath.Join(p.path, dir, "??"))
	p.must(err)
	for _, s := range shards {
		at := time.Now().Add(-time.Minute)
		p.must(os.Chtimes(s, at, at))
	}
}

// grow makes a file larger by 32 KiB, as idevicebackup2 does.
func (p *phone) grow(path string) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	p.must(err)
	_, err = f.Write(make([]byte, 32<<10))
	p.must(err)
	p.must(f.Close())
}

// write puts a file into the backup folder.
func (p *phone) write(name string, data []byte) {
	p.must(os.WriteFile(filepath.Join(p.path, name), data, 0o644))
}

// status writes Status.plist as a tool does: removed, then written anew.
func (p *phone) status(state, what string, fullRun bool) {
	os.Remove(filepath.Join(p.path, "Status.plist"))
	p.write("Status.plist", statusBytes(p.t, state, what, fullRun))
}

func statusBytes(t testing.TB, state, what string, fullRun bool) []byte {
	t.Helper()
	b, err := plist.Marshal(map[string]any{
		"SnapshotState": state, "BackupState": what, "IsFullBackup": fullRun, "Version": "3.3",
		"UUID": "6C6B1F6E-0000-4000-8000-000000000001", "Date": time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC),
	}, plist.Binary)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// look is one look with a sampler of the test's own.
type look struct {
	t testing.TB
	s *sampler
	r request
}

func newLook(p *phone) *look {
	return &look{p.t, newSampler(Options{}.withDefaults()), request{
		now: backup.Moment{T: p.now}, roots: []Root{{Path: p.root()}},
		active: map[string]bool{p.path: true}, every: 5 * time.Second, idle: time.Minute,
	}}
}

// tight has the next looks list little, so that a small tree behaves as a large one.
func (l *look) tight(p *phone) {
	tight := newPayload()
	tight.limits = limits{moving: 300, quiet: 300, first: 600, small: 100, flat: 100}
	l.s.backups[p.path] = &tracked{payload: tight}
}

// next looks five seconds later, and returns the only backup.
func (l *look) next() backup.Folder {
	l.t.Helper()
	l.r.now = l.r.now.Add(5 * time.Second)
	got := l.s.look(l.r)
	if len(got.Backups) != 1 {
		l.t.Fatalf("found %d backups, want 1; roots: %+v", len(got.Backups), got.Roots)
	}
	return got.Backups[0].Folder
}

// moved reports whether b shows progress after a.
func moved(a, b backup.Folder) bool {
	return a.Files != b.Files || a.Bytes != b.Bytes || a.Moved != b.Moved
}

func (l *look) wantStill(was backup.Folder, why string) backup.Folder {
	l.t.Helper()
	f := l.next()
	if moved(was, f) {
		l.t.Errorf("%s: counters changed from %d/%d/%d to %d/%d/%d", why,
			was.Files, was.Bytes, was.Moved, f.Files, f.Bytes, f.Moved)
	}
	return f
}

func (l *look) wantMoved(was backup.Folder, why string, do ...func()) backup.Folder {
	l.t.Helper()
	for _, f := range do {
		f()
	}
	f := l.next()
	if !moved(was, f) {
		l.t.Errorf("%s: counters stayed at %d/%d/%d", why, f.Files, f.Bytes, f.Moved)
	}
	if f.Files < was.Files || f.Bytes < was.Bytes || f.Moved < was.Moved {
		l.t.Errorf("%s: a counter fell: from %d/%d/%d to %d/%d/%d", why,
			was.Files, was.Bytes, was.Moved, f.Files, f.Bytes, f.Moved)
	}
	return f
}
