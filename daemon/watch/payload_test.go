package watch

import (
	"os"
	"path/filepath"
	"testing"
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
	if f.Files != 3000 || f.SnapshotFiles != 0 || f.Payload != 2 {
		t.Errorf("at the end: Files %d, SnapshotFiles %d, Payload %d", f.Files, f.SnapshotFiles, f.Payload)
	}
	for range 100 {
		f = l.wantStill(f, "at rest")
	}
}
