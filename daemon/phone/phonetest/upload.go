package phonetest

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// batchSize is how many files a phone names in one message.
const batchSize = 128

// prepare makes the folders, in no order, and says that the upload begins.
func (r *run) prepare() error {
	if r.plan.skip {
		return r.host.mkdir(r.dir + "/Snapshot")
	}
	r.event("preparing")
	dirs := []string{r.dir, r.dir + "/Snapshot"}
	shuffled := []string{}
	for _, s := range shards() {
		shuffled = append(shuffled, r.dir+"/"+s, r.dir+"/Snapshot/"+s)
	}
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, dir := range append(dirs, shuffled...) {
		if err := r.host.mkdir(dir); err != nil {
			return err
		}
	}
	r.status.IsFullBackup = r.full
	return r.enter("uploading")
}

// enter writes Status.plist with the new word in it.
func (r *run) enter(state string) error {
	r.status.SnapshotState = state
	r.status.Date = r.p.now().UTC()
	if state != "uploading" {
		r.status.BackupState = "new"
	}
	if state == "finished" {
		r.status.IsFullBackup = false
	}
	b := r.newBatch([]outgoing{memory(r.dir+"/Status.plist", r.status.encode())})
	if err := r.host.upload(b); err != nil {
		return err
	}
	r.event(state)
	return nil
}

// uploadFiles sends what is missing into Snapshot, 128 files at a time.
func (r *run) uploadFiles() error {
	send := r.plan.send
	if _, ok := r.faults.find("lost-file"); ok && len(send) > 0 {
		lost := len(send) / 2
		r.plan.moves = without(r.plan.moves, send[lost].ID)
		send = without(send, send[lost].ID)
	}
	total := totalSize(send)
	for start := 0; start < len(send); start += batchSize {
		part := send[start:min(start+batchSize, len(send))]
		if start+batchSize >= len(send) {
			if err := r.failAt("upload"); err != nil {
				return err
			}
		}
		files := make([]outgoing, len(part))
		for i, f := range part {
			files[i] = outgoing{r.dir + "/Snapshot/" + f.Name(), f.Disk, func() (io.ReadCloser, error) { return io.NopCloser(f.Open()), nil }}
		}
		b := r.newBatch(files)
		b.progress = 95 * float64(start) / float64(len(send))
		b.begin = func() error { return r.limits.file(r) }
		b.pace = func(n int) error { return r.pace(n, total) }
		b.end = r.sent
		if err := r.host.upload(b); err != nil {
			return err
		}
	}
	return nil
}

// without is files but the one with the id.
func without(files []File, id string) []File {
	var kept []File
	for _, f := range files {
		if f.ID != id {
			kept = append(kept, f)
		}
	}
	return kept
}

// newBatch is a batch that meets no limits and no faults but the gate.
func (r *run) newBatch(files []outgoing) batch {
	return batch{
		files: files, progress: 95,
		begin: func() error { return nil },
		pace:  func(int) error { return r.pass() },
		end:   func(outgoing, error) {},
	}
}

// memory is a file with the given contents.
func memory(name string, data []byte) outgoing {
	return outgoing{name, int64(len(data)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

// sent counts one file.
func (r *run) sent(_ outgoing, err error) {
	if err == nil {
		r.files++
		r.p.log.count(r.files, r.bytes)
	}
}

// pace is asked before each piece of n bytes leaves: faults strike here, and
// the limits of speed hold.
func (r *run) pace(n int, total int64) error {
	for _, f := range r.faults {
		if n == 0 || r.struck[f.name] || len(f.args) == 0 || (r.bytes+int64(n))*100 <= total*f.int(0) {
			continue
		}
		if err := r.midway(f); err != nil {
			return err
		}
	}
	if err := r.pass(); err != nil {
		return err
	}
	r.bytes += int64(n)
	return r.limits.piece(r, n)
}

// midway lets a fault strike in the middle of the upload.
func (r *run) midway(f fault) error {
	switch f.name {
	case "stall-after":
		return r.stall(f.name)
	case "disconnect-after":
		r.strike(f)
		r.host.flush()
		r.p.Detach()
		return errLost
	case "drop-socket-after":
		r.strike(f)
		r.host.flush()
		return errLost
	case "trickle-after":
		r.strike(f)
		r.limits.bytes = rate{perSecond: f.int(1)}
	case "cancel-after":
		r.p.Post(syncCancel)
		return r.stall(f.name)
	}
	return nil
}

// uploadManifests builds the index and sends both manifests into Snapshot.
func (r *run) uploadManifests() error {
	if err := r.failAt("manifests"); err != nil {
		return err
	}
	r.event("manifests")
	if _, ok := r.faults.find("no-manifest"); ok {
		return nil
	}
	size, err := r.buildIndex()
	if err != nil {
		return err
	}
	index := outgoing{r.dir + "/Snapshot/Manifest.db", size, func() (io.ReadCloser, error) { return os.Open(r.index) }}
	list := memory(r.dir+"/Snapshot/Manifest.plist", r.p.cfg.manifestPlist(r.content.Encrypted, r.p.now().UTC()))
	b := r.newBatch([]outgoing{list, index})
	b.pace = func(n int) error {
		if err := r.pass(); err != nil {
			return err
		}
		return r.limits.piece(r, n)
	}
	return r.host.upload(b)
}

// buildIndex makes Manifest.db in a temporary folder and returns how much of
// it is to be sent.
func (r *run) buildIndex() (int64, error) {
	dir, err := os.MkdirTemp("", "phonetest-")
	if err != nil {
		return 0, err
	}
	r.index = filepath.Join(dir, "Manifest.db")
	if err := buildIndex(r.index, r.content.rows(r.plan.files)); err != nil {
		return 0, err
	}
	if r.content.Encrypted {
		if err := disguise(r.index); err != nil {
			return 0, err
		}
	}
	info, err := os.Stat(r.index)
	if err != nil {
		return 0, err
	}
	if _, ok := r.faults.find("truncate-manifest-db"); ok {
		return info.Size() / 2, nil
	}
	return info.Size(), nil
}

// cleanUp removes the temporary folder and opens the gate a fault has closed:
// the next backup meets only faults of its own.
func (r *run) cleanUp() {
	if r.shut {
		r.p.gate.open()
	}
	if r.index != "" {
		os.RemoveAll(filepath.Dir(r.index))
	}
}

// limits hold the speed down.
type limits struct{ bytes, files rate }

// file waits until the next file may begin.
func (l *limits) file(r *run) error { return l.files.wait(r, 1) }

// piece waits until n more bytes may leave.
func (l *limits) piece(r *run, n int) error { return l.bytes.wait(r, int64(n)) }

// restart forgets the time before a stall: what was not sent then is not
// made up for.
func (l *limits) restart() { l.bytes.due, l.files.due = time.Time{}, time.Time{} }

// rate is a speed, and when the next piece is due.
type rate struct {
	perSecond int64 // 0: no limit
	due       time.Time
}

// wait lets n units pass at the rate.
func (t *rate) wait(r *run, n int64) error {
	if t.perSecond <= 0 {
		return nil
	}
	now := time.Now()
	if t.due.IsZero() {
		t.due = now
	}
	t.due = t.due.Add(time.Duration(float64(n) / float64(t.perSecond) * float64(time.Second)))
	if d := t.due.Sub(now); d > 2*time.Millisecond {
		return r.pause(d)
	}
	return nil
}
