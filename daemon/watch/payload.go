package watch

import (
	"hash/maphash"
	"os"
	"time"

	"backupwatchdog/daemon/backup"
)

// effort says how much of the payload a look may go through.
type effort int

const (
	rest effort = iota // no run is under way: the time stamps of the shards, and what changed
	run                // a run may be under way: a bounded number of shards is listed
	full               // every shard is listed
)

// The two trees of a backup folder.
const (
	snapshot = iota // Snapshot/ and its shards: where a run puts what it brings
	final           // the folder itself and its shards: where moving puts it
)

// payload follows the files of one backup folder from look to look.
//
// Three counters tell of progress, and they change only when movement was
// proven at that look: a shard's time stamp moved and, where it was listed, its
// names differ; a file that is followed grew; a shard listed in turn holds other
// bytes than before. Estimates get better all the time, but a better estimate
// alone is no movement and changes nothing.
type payload struct {
	limits limits
	lister lister
	trees  [2]tree
	follow recent
	meta   [3]stat // the index and its forerunners: see metaNames
	looks  int
	known  bool   // a look has succeeded before
	top    uint64 // inode of the folder

	files, bytes, moved  int64 // as reported
	baseFiles, baseBytes int64 // of the time before this Snapshot/
	last                 [2]int64
}

// metaNames are the large files the phone sends last, beside the payload.
var metaNames = [3]string{"Manifest.db", "Snapshot/Manifest.db", "Snapshot/Manifest.plist"}

// pass is one look at the payload.
type pass struct {
	*payload
	first   bool
	effort  effort
	fds     [2]int
	spent   float64 // on listing, in microseconds
	changes int     // folders whose time stamp moved since the last look
	proven  bool
	dropped int64 // files seen to go, by deletion or with their folder
	gained  [2]int64
	grown   [2]int64
	sum     [2]float64
	counted [2]int
	ended   bool // Snapshot/ went since the last look
	sizes   [2]struct {
		known bool
		files int64
	}
	blind bool // something could not be read
}

func newPayload() *payload {
	return &payload{limits: usual, lister: lister{seed: maphash.MakeSeed()}}
}

// look goes through the folder at path, as far as e allows, and fills in what
// f says of the payload.
func (p *payload) look(path string, e effort, f *backup.Folder) {
	f.Files, f.Bytes, f.SnapshotFiles, f.SnapshotBytes = -1, -1, -1, -1
	top, err := openDir(cwd, path)
	if err != nil {
		return
	}
	defer top.Close()
	st, err := statOpen(int(top.Fd()))
	if err != nil {
		return
	}
	if p.known && st.ino != p.top {
		p.forget()
	}
	p.top = st.ino
	p.looks++
	v := &pass{payload: p, first: !p.known, effort: e, fds: [2]int{-1, int(top.Fd())}}
	snap := v.openSnapshot(top, f)
	if snap != nil {
		defer snap.Close()
	}
	v.run()
	v.report(f)
	p.known = true
}

// forget lets go of what is known of the files: another folder stands in the
// place of the old. The counters stay, they never fall.
func (p *payload) forget() {
	p.trees = [2]tree{}
	p.follow = recent{}
	p.meta = [3]stat{}
	p.known = false
	p.last = [2]int64{}
	p.baseFiles, p.baseBytes = p.files, p.bytes
}

// openSnapshot opens Snapshot/ when it is there, and says whether it is.
func (v *pass) openSnapshot(top *os.File, f *backup.Folder) *os.File {
	t := &v.trees[snapshot]
	st, err := statAt(int(top.Fd()), "Snapshot")
	if err != nil && !isAbsent(err) {
		v.blind = true
		return nil
	}
	f.Snapshot = backup.TriOf(err == nil && st.isDir())
	if t.exists && (f.Snapshot == backup.No || st.ino != t.ino) {
		v.lost()
	}
	if f.Snapshot != backup.Yes {
		return nil
	}
	dir, err := openDir(int(top.Fd()), "Snapshot")
	if err != nil {
		v.blind = true
		return nil
	}
	t.exists, t.ino = true, st.ino
	v.fds[snapshot] = int(dir.Fd())
	if v.effort == rest {
		v.effort = run // a run, or what one left behind
	}
	return dir
}

// lost accounts for a Snapshot/ that is gone: a run's last step, or somebody's
// deletion.
func (v *pass) lost() {
	v.dropped += max(1, v.last[snapshot])
	v.proven, v.ended = true, true
	v.trees[snapshot].reset()
	v.baseFiles, v.baseBytes = v.files, v.bytes
	v.last[snapshot] = 0
	v.follow.keep(func(f *file) bool { return f.tree != snapshot })
}

// run takes the steps of a look in their order: cheap evidence first.
func (v *pass) run() {
	v.trees[final].exists = true
	for i := range v.trees {
		if v.fds[i] >= 0 {
			v.statShards(i)
		}
	}
	v.statFollowed()
	v.statMeta()
	v.listSome()
	for i := range v.trees {
		v.trees[i].settle(v.sum[i], v.counted[i])
	}
}

// statShards compares the time stamps of the folders of a tree: of all but,
// while Snapshot/ takes what arrives, every second one of the final tree.
func (v *pass) statShards(tree int) {
	t := &v.trees[tree]
	step := tree == final && v.trees[snapshot].exists && v.effort != full && !v.first
	for i := range t.dirs {
		d := &t.dirs[i]
		d.changed = false
		if step && i != flat && (i+v.looks)%2 == 0 {
			continue
		}
		st, err := statAt(v.fds[tree], shardNames[i])
		switch {
		case err != nil && !isAbsent(err):
			v.blind = true
		case err != nil || !st.isDir():
			v.gone(d)
		case !d.exists && v.first:
			*d = dir{exists: true, stamp: st.mtime, now: st.mtime}
		case !d.exists:
			// It was not there at the last look, so all it holds is new.
			*d = dir{exists: true, now: st.mtime, changed: true, listed: true, clean: true, growth: t.growth}
		default:
			d.now, d.changed = st.mtime, st.mtime != d.stamp
			if d.changed {
				v.changes++
			}
		}
	}
}

// gone accounts for a folder that is no longer there.
func (v *pass) gone(d *dir) {
	if d.exists {
		v.dropped += max(1, int64(d.n))
		v.proven = true
	}
	*d = dir{}
}

// statFollowed looks whether the files that changed last have grown since.
func (v *pass) statFollowed() {
	v.follow.keep(func(f *file) bool {
		if v.fds[f.tree] < 0 {
			return false
		}
		st, err := statAt(v.fds[f.tree], shardNames[f.dir]+"/"+f.name)
		if err != nil || st.ino != f.stat.ino {
			return false
		}
		if st.size != f.stat.size || st.mtime != f.stat.mtime {
			v.proven = true
			v.grew(f, st)
		}
		return true
	})
}

// grew takes in the new size of a followed file.
func (v *pass) grew(f *file, st stat) {
	d := &v.trees[f.tree].dirs[f.dir]
	more := st.size - f.stat.size
	d.bytes += more
	d.clipped += min(st.size, clip) - min(f.stat.size, clip)
	d.newest = max(d.newest, st.mtime)
	v.grown[f.tree] += max(0, more)
	f.stat = st
}

// statMeta looks at the index, which may have gigabytes and is sent last.
func (v *pass) statMeta() {
	for i, name := range metaNames {
		st, err := statAt(v.fds[final], name)
		if err != nil || !st.isRegular() {
			st = stat{}
		}
		old := v.meta[i]
		v.meta[i] = st
		if !v.first && st.size > 0 && (st.ino != old.ino || st.size != old.size || st.mtime != old.mtime) {
			v.proven = true
		}
	}
}

// report turns what the look found into facts.
func (v *pass) report(f *backup.Folder) {
	var now [2]int64
	snap := v.trees[snapshot].estimate()
	now[snapshot], now[final] = snap.files, v.trees[final].estimate().files
	bytes := snap.bytes + v.meta[1].size + v.meta[2].size
	v.count(now, amount{snap.files - snap.unsure, bytes, 0})
	v.last = now
	f.Files, f.Bytes, f.Moved = v.files, v.bytes, v.moved
	if !v.blind || v.trees[snapshot].exists {
		f.SnapshotFiles, f.SnapshotBytes = now[snapshot], bytes
	}
	f.Payload = v.hasPayload()
	f.Newest = v.newest()
}

// count brings the three counters up to date, if there is proof of movement.
// here is what lies under Snapshot/, rather too little than too much, for what
// was once reported cannot be taken back.
func (v *pass) count(now [2]int64, here amount) {
	files, size := v.baseFiles+here.files, v.baseBytes+here.bytes
	if v.first {
		v.files, v.bytes = max(v.files, files), max(v.bytes, size)
		return
	}
	if !v.proven {
		return
	}
	if !v.trees[snapshot].exists && !v.ended {
		// Without Snapshot/ the only way in is directly to the final place.
		v.baseFiles += v.gained[final]
		v.baseBytes += v.grown[final]
		files, size = v.baseFiles, v.baseBytes
	}
	before := [2]int64{v.files, v.bytes}
	v.files, v.bytes = max(v.files, files), max(v.bytes, size)
	if before == [2]int64{v.files, v.bytes} {
		fell := max(0, v.last[snapshot]-now[snapshot]) + max(0, v.last[final]-now[final])
		v.moved += max(1, fell, v.dropped)
	}
}

// hasPayload says whether any folder of the final tree holds a file.
func (v *pass) hasPayload() backup.Tri {
	sure := !v.blind
	for i := range v.trees[final].dirs {
		d := &v.trees[final].dirs[i]
		if d.listed && d.n > 0 {
			return backup.Yes
		}
		sure = sure && (!d.exists || d.listed && d.clean && d.stamp != 0)
	}
	if !sure {
		return backup.Unknown
	}
	return backup.No
}

// newest returns the latest time stamp of payload and index.
func (v *pass) newest() time.Time {
	var t int64
	for k := range v.trees {
		for i := range v.trees[k].dirs {
			d := &v.trees[k].dirs[i]
			if d.exists && i != flat {
				t = max(t, d.now)
			}
			t = max(t, d.newest)
		}
	}
	for _, m := range v.meta {
		t = max(t, m.mtime)
	}
	return timeOf(t)
}

// timeOf converts a time stamp in nanoseconds; 0 is the zero time.
func timeOf(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
