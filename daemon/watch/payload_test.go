package watch

import (
	"os"
	"path/filepath"
	"testing"

	"backupwatchdog/daemon/backup"
)

// A first backup of 3,000 files, from the empty folder to "finished": every
// number is exact at each look, and only what moves counts.
func TestRunOf3000Files(t *testing.T) {
	p := newPhone(t)
	l := newLook(p)
	f := l.next()
	f = l.wantStill(f, "empty folder")
	p.write("Info.plist", []byte("not yet"))
	f = l.wantStill(f, "Info.plist appeared")
	p.shards("")
	p.shards("Snapshot")
	f = l.wantStill(f, "empty shards appeared")
	p.status("uploading", "empty", true)
	for range 10 {
		p.put("Snapshot", 300, 1000)
		f = l.wantMoved(f, "300 new files")
		if f.Files != int64(p.next) || f.Bytes != int64(p.next)*1000 || f.SnapshotFiles != f.Files {
			t.Errorf("after %d files: Files %d, Bytes %d, SnapshotFiles %d", p.next, f.Files, f.Bytes, f.SnapshotFiles)
		}
	}
	f = l.wantStill(f, "nothing moved")
	p.write("Snapshot/Manifest.db", make([]byte, 4096))
	f = l.wantMoved(f, "the index arrives")
	if f.Payload != backup.No {
		t.Errorf("before moving: Payload %d, want No", f.Payload)
	}
	p.status("moving", "new", true)
	for i := range 10 {
		p.move(300*i, 300)
		f = l.wantMoved(f, "300 files renamed")
		if f.Files != 3000 || f.Moved != int64(300*(i+1)) {
			t.Errorf("after %d renames: Files %d, Moved %d", 300*(i+1), f.Files, f.Moved)
		}
	}
	p.must(os.Rename(filepath.Join(p.path, "Snapshot/Manifest.db"), filepath.Join(p.path, "Manifest.db")))
	f = l.wantMoved(f, "the index moved")
	p.must(os.RemoveAll(filepath.Join(p.path, "Snapshot")))
	f = l.wantMoved(f, "Snapshot/ removed")
	p.status("finished", "new", false)
	f = l.wantStill(f, "Status.plist says finished")
	if f.Files != 3000 || f.SnapshotFiles != 0 || f.Payload != backup.Yes {
		t.Errorf("at the end: Files %d, SnapshotFiles %d, Payload %d", f.Files, f.SnapshotFiles, f.Payload)
	}
	for range 100 {
		f = l.wantStill(f, "at rest")
	}
}

// A large tree is not counted exactly, but its estimate is close, never falls,
// and getting better at it is no movement.
func TestLargeRunIsEstimated(t *testing.T) {
	p := newPhone(t)
	p.shards("Snapshot")
	p.put("Snapshot", 6000, 2000)
	l := newLook(p)
	f := l.next()
	near := func() {
		t.Helper()
		n := int64(p.next)
		if f.Files < n*9/10 || f.Files > n*11/10 || f.Bytes < n*1800 || f.Bytes > n*2200 {
			t.Errorf("%d files of 2000 bytes are estimated as %d files, %d bytes", n, f.Files, f.Bytes)
		}
	}
	near()
	for range 40 {
		f = l.wantStill(f, "nothing moves, shards are listed in turn")
	}
	for range 12 {
		p.put("Snapshot", 700, 2000)
		f = l.wantMoved(f, "700 new files")
		near()
	}
	for range 120 {
		f = l.wantStill(f, "nothing moves")
	}
	if f.SnapshotFiles != int64(p.next) {
		t.Errorf("after all shards had their turn, %d files are counted as %d", p.next, f.SnapshotFiles)
	}
	f = l.wantMoved(f, "a full look is no movement, one new file is", func() { p.one("Snapshot", 1) })
}

// One video grows by 32 KiB between looks: no time stamp of a folder moves.
func TestGrowingFile(t *testing.T) {
	p := newPhone(t)
	p.shards("Snapshot")
	p.put("Snapshot", 300, 10)
	l := newLook(p)
	f := l.next()
	video := p.one("Snapshot", 0)
	f = l.wantMoved(f, "a new file")
	for range 5 {
		p.grow(video)
		was := f.Bytes
		if f = l.wantMoved(f, "a growing file"); f.Bytes != was+32<<10 {
			t.Errorf("Bytes grew by %d, want 32 KiB", f.Bytes-was)
		}
	}
	l.wantStill(f, "it stopped growing")
}

// The watcher starts when a huge file has been growing for hours among
// thousands of others, in a shard that is not the newest.
func TestStartAmidAGrowingFile(t *testing.T) {
	p := newPhone(t)
	p.shards("Snapshot")
	video := p.one("Snapshot", 0)
	p.put("Snapshot", 1200, 10)
	l := newLook(p)
	l.tight(p)
	f := l.next()
	for range 150 {
		p.grow(video)
		was := f
		if f = l.next(); moved(was, f) {
			p.grow(video)
			l.wantMoved(f, "once found, it is followed")
			return
		}
	}
	t.Error("the growing file was not found in 150 looks")
}

// The same, when it lies in the shard that changed last, as the file does that
// a tool wrote last before it was the watcher's turn.
func TestStartAmidTheNewestFile(t *testing.T) {
	p := newPhone(t)
	p.shards("Snapshot")
	p.put("Snapshot", 1200, 10)
	p.older("Snapshot") // a disk's clock ticks slowly: all of it may bear one time
	video := p.one("Snapshot", 0)
	l := newLook(p)
	l.tight(p)
	f := l.next()
	for range 3 {
		p.grow(video)
		f = l.wantMoved(f, "the newest file grows")
	}
}

// What others do in the folder is no progress of the run.
func TestWhatIsNoProgress(t *testing.T) {
	p := newPhone(t)
	p.shards("")
	p.shards("Snapshot")
	p.put("Snapshot", 200, 10)
	p.put("", 100, 10)
	l := newLook(p)
	l.next()
	f := l.next()
	for _, story := range []struct {
		what string
		do   func()
	}{
		{"Info.plist is truncated", func() { p.write("Info.plist", nil) }},
		{"Info.plist is filled", func() { p.write("Info.plist", make([]byte, 1<<20)) }},
		{"Status.plist is rewritten", func() { p.status("uploading", "new", false) }},
		{"Status.plist is removed", func() { p.must(os.Remove(filepath.Join(p.path, "Status.plist"))) }},
		{"Finder leaves its traces", func() {
			p.write("Snapshot/00/.DS_Store", []byte("x"))
			p.write("7f/.DS_Store", []byte("x"))
			p.write(".DS_Store", []byte("x"))
		}},
		{"an empty Manifest.db is touched", func() { p.write("Manifest.db", nil) }},
		{"everything is read", func() {
			p.must(filepath.WalkDir(p.path, func(path string, d os.DirEntry, err error) error {
				if err == nil && d.Type().IsRegular() {
					_, err = os.ReadFile(path)
				}
				return err
			}))
		}},
		{"a foreign folder appears", func() { p.must(os.Mkdir(filepath.Join(p.path, "_unback_"), 0o755)) }},
	} {
		story.do()
		f = l.wantStill(f, story.what)
		f = l.wantStill(f, story.what+", a look later")
	}
}

// Each kind of movement counts, whatever the counters show.
func TestEveryMovementCounts(t *testing.T) {
	p := newPhone(t)
	p.shards("")
	p.shards("Snapshot")
	p.put("Snapshot", 50, 10)
	p.put("", 50, 10)
	l := newLook(p)
	f := l.next()
	first := func(dir string, i int) string {
		shard, file := name(i)
		return filepath.Join(p.path, dir, shard, file)
	}
	for _, story := range []struct {
		what string
		do   func()
	}{
		{"one file arrives", func() { p.one("Snapshot", 5) }},
		{"one empty file arrives", func() { p.one("Snapshot", 0) }},
		{"one file is renamed to its place", func() { p.move(0, 1) }},
		{"one old file is deleted", func() { p.must(os.Remove(first("", 60))) }},
		{"one new file is deleted", func() { p.must(os.Remove(first("Snapshot", 1))) }},
		{"one file comes as another goes", func() {
			shard, file := name(2)
			p.must(os.Rename(first("Snapshot", 2), filepath.Join(p.path, "Snapshot", shard, "0"+file[1:])))
		}},
		{"a file is cut", func() { p.must(os.Truncate(first("Snapshot", 3), 1)) }},
		{"an index arrives", func() { p.write("Snapshot/Manifest.db", make([]byte, 100)) }},
		{"the index grows", func() { p.write("Snapshot/Manifest.db", make([]byte, 200)) }},
		{"the index takes its place", func() {
			p.must(os.Rename(filepath.Join(p.path, "Snapshot/Manifest.db"), filepath.Join(p.path, "Manifest.db")))
		}},
		{"Snapshot/ is removed", func() { p.must(os.RemoveAll(filepath.Join(p.path, "Snapshot"))) }},
	} {
		story.do()
		f = l.wantMoved(f, story.what)
		f = l.wantStill(f, "after: "+story.what)
	}
}

// A tool that needs no Snapshot/ writes to the final place.
func TestDirectWriting(t *testing.T) {
	p := newPhone(t)
	p.shards("")
	l := newLook(p)
	f := l.next()
	for range 4 {
		p.put("", 100, 1000)
		f = l.wantMoved(f, "files arrive")
	}
	if f.Files != 400 || f.Bytes != 400_000 {
		t.Errorf("400 files of 1000 bytes count as %d, %d bytes", f.Files, f.Bytes)
	}
}

// Before iOS 10 the files lie in the folder itself.
func TestFlatLayout(t *testing.T) {
	p := newPhone(t)
	p.must(os.Mkdir(filepath.Join(p.path, "Snapshot"), 0o755))
	p.write("Manifest.mbdb", []byte("mbdb\x05\x00"))
	l := newLook(p)
	f := l.next()
	flatFile := func() {
		_, file := name(p.next)
		p.next++
		p.write("Snapshot/"+file, make([]byte, 100))
	}
	for range 3 {
		for range 50 {
			flatFile()
		}
		f = l.wantMoved(f, "files arrive in Snapshot/ itself")
	}
	if f.Files != 150 || f.Bytes != 15_000 {
		t.Errorf("150 files of 100 bytes count as %d, %d bytes", f.Files, f.Bytes)
	}
	p.write("Info.plist", []byte("x"))
	f = l.wantStill(f, "Info.plist is no file of the backup")
	for i := range 150 {
		_, file := name(i)
		p.must(os.Rename(filepath.Join(p.path, "Snapshot", file), filepath.Join(p.path, file)))
	}
	f = l.wantMoved(f, "they move to the folder")
	if f.Files != 150 || f.Moved != 150 || f.Payload != backup.Yes {
		t.Errorf("after moving: Files %d, Moved %d, Payload %v", f.Files, f.Moved, f.Payload)
	}
	if f.Index.Format != backup.IndexMBDB || f.Index.Presence != backup.Present {
		t.Errorf("the index is %+v", f.Index)
	}
}

// Empty shards appear by the hundred when a run begins. Those that there was no
// time to list are no movement, and what they hold later is found.
func TestShardsThatWait(t *testing.T) {
	p := newPhone(t)
	l := newLook(p)
	l.tight(p)
	l.s.backups[p.path].payload.limits.small = 0
	f := l.next()
	p.shards("")
	p.shards("Snapshot")
	f = l.wantStill(f, "empty shards appeared")
	f = l.wantStill(f, "some of them were listed")
	p.put("Snapshot", 40, 1)
	f = l.wantMoved(f, "40 files")
	for range 40 {
		f = l.next()
	}
	if f.SnapshotFiles != 40 || f.Files > 44 {
		t.Errorf("40 files are counted as %d, %d in Snapshot/", f.Files, f.SnapshotFiles)
	}
	f = l.wantStill(f, "at last")
}

// Thousands of files in one folder are not listed at each look, and a new
// Info.plist beside them is still no movement.
func TestLargeFlatLayout(t *testing.T) {
	p := newPhone(t)
	for range 450 {
		_, file := name(p.next)
		p.next++
		p.write(file, nil)
	}
	l := newLook(p)
	l.tight(p)
	f := l.next()
	for range 6 {
		p.write("Info.plist", []byte("x"))
		p.must(os.Remove(filepath.Join(p.path, "Info.plist")))
		f = l.wantStill(f, "Info.plist is rewritten")
	}
	_, file := name(7)
	p.must(os.Remove(filepath.Join(p.path, file)))
	for range 5 {
		if again := l.next(); moved(f, again) {
			return
		}
	}
	t.Error("a deleted file was not noticed in 5 looks")
}

// Counters outlive the folder: one that is deleted and made anew, or goes away
// with its disk, goes on counting.
func TestCountersOutliveTheFolder(t *testing.T) {
	p := newPhone(t)
	p.shards("Snapshot")
	p.put("Snapshot", 20, 10)
	l := newLook(p)
	f := l.next()
	p.must(os.RemoveAll(p.path))
	l.s.look(l.r)
	p.must(os.Mkdir(p.path, 0o755))
	if again := l.next(); f.Files != again.Files || f.Bytes != again.Bytes || again.Moved < f.Moved {
		t.Errorf("an empty folder changed the counters: %d to %d files", f.Files, again.Files)
	}
	p.shards("Snapshot")
	p.put("Snapshot", 5, 10)
	if f = l.next(); f.Files != 25 || f.Bytes != 250 {
		t.Errorf("20 files, then 5 in a new folder: Files %d, Bytes %d", f.Files, f.Bytes)
	}
}
