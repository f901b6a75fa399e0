package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"time"

	"backupwatchdog/daemon/backup"
)

// Recorder writes a trace while a watchdog watches. It knows phones by letters
// and files by number: no name, no id and no path reaches the trace. Not safe
// for concurrent use.
type Recorder struct {
	w      io.Writer
	began  backup.Moment
	last   backup.Moment
	names  map[string]string // of phones
	chains map[string]string
	was    map[string]map[string]any
	err    error
}

// NewRecorder begins a trace at now with the rules in force.
func NewRecorder(w io.Writer, rules backup.Rules, darwin bool, now backup.Moment) *Recorder {
	r := &Recorder{w: w, began: now, last: now, names: map[string]string{}, chains: map[string]string{}, was: map[string]map[string]any{}}
	h := Header{Schema: Schema, Patience: PatienceOf(rules), Platform: "linux"}
	if darwin {
		h.Platform = "darwin"
	}
	r.write(h)
	return r
}

// Err returns the first error of writing; later lines are dropped.
func (r *Recorder) Err() error { return r.err }

// Record writes what has changed of one backup, if anything has.
func (r *Recorder) Record(now backup.Moment, udid string, f backup.Facts) {
	keys := r.keysOf(f)
	was, known := r.was[udid]
	if !known {
		r.names[udid] = letter(len(r.names))
	}
	line := map[string]any{}
	for k, v := range keys {
		if old, ok := was[k]; !ok || !reflect.DeepEqual(old, v) {
			line[k] = v
		}
	}
	if len(line) == 0 {
		return
	}
	r.was[udid] = keys
	line["t"], line["udid"] = r.t(now.T), r.names[udid]
	if slept := now.SleptSince(r.last); slept > time.Second {
		line["slept"] = round(min(slept, now.Since(r.last)).Seconds())
	}
	r.last = now
	r.write(line)
}

// Check writes what a check of a chain found.
func (r *Recorder) Check(now backup.Moment, udid string, c backup.CheckResult) {
	name, known := r.names[udid]
	if !known {
		return
	}
	r.last = now
	check := map[string]any{"verdict": c.Verdict, "files": c.Files,
		"bytes": c.Bytes, "missing": c.Missing, "wrong_size": c.WrongSize, "content": c.WrongBytes}
	if c.Fault != backup.FaultPlain {
		check["fault"] = c.Fault
	}
	r.write(map[string]any{"t": r.t(now.T), "udid": name, "check": check})
}

// End writes the last line.
func (r *Recorder) End(now backup.Moment) error {
	r.write(map[string]any{"t": r.t(now.T), "end": true})
	return r.err
}

func (r *Recorder) write(v any) {
	if r.err != nil {
		return
	}
	b, err := json.Marshal(v)
	if err == nil {
		_, err = r.w.Write(append(b, '\n'))
	}
	r.err = err
}

func (r *Recorder) t(at time.Time) float64 { return round(max(0, at.Sub(r.began.T).Seconds())) }

func round(s float64) float64 { return float64(int64(s*1000)) / 1000 }

// letter names the n-th phone: A, B, … Z, P26, P27, ….
func letter(n int) string {
	if n < 26 {
		return string(rune('A' + n))
	}
	return fmt.Sprintf("P%d", n)
}

// keysOf writes facts as the keys of a line.
func (r *Recorder) keysOf(f backup.Facts) map[string]any {
	fo, ph := f.Folder, f.Phone
	m := map[string]any{
		"status": r.status(fo.Status), "snapshot": truth(fo.Snapshot), "files": known(fo.Files), "bytes": known(fo.Bytes), "moved": fo.Moved,
		"info": found(fo.Info.File), "index": found(fo.Index.File), "manifest": found(fo.Manifest.File),
		"index_size": fo.Index.Size, "info_at": r.when(fo.Info.ModTime), "index_at": r.when(fo.Index.ModTime), "newest": r.when(fo.Newest),
		"phone": nameOf(links, ph.Link), "passcode": truth(ph.Passcode), "writer": nameOf(writers, f.Writer.State), "writer_id": f.Writer.PID,
		"free": known(f.Root.Free), "refused": truth(ph.Refused),
	}
	if fo.Manifest.Presence == backup.Present {
		m["encrypted"] = fo.Manifest.Manifest.IsEncrypted
		delete(m, "manifest")
	}
	if !ph.Asked.IsZero() {
		maps.Copy(m, map[string]any{"battery": percent(ph.Battery), "charging": truth(ph.Charging), "phone_free": known(ph.DiskFree),
			"phone_used": known(ph.DiskUsed), "icloud": truth(ph.CloudEnabled), "last_icloud": r.when(ph.LastCloudBackup), "last_local": r.when(ph.LastLocalBackup)})
	}
	if !f.Apple.Asked.IsZero() {
		m["outage"] = truth(f.Apple.Outage)
	}
	return m
}

func (r *Recorder) status(s backup.StatusFile) any {
	switch s.Presence {
	case backup.Present:
		m := map[string]any{"state": s.Status.SnapshotState, "backup": s.Status.BackupState, "chain": r.chain(s.Status.UUID), "full": s.Status.IsFullBackup}
		if at := r.when(s.ModTime); at != nil {
			m["at"] = at
		}
		if at := r.when(s.Status.Date); at != nil {
			m["date"] = at
		}
		return m
	case backup.Missing:
		return "missing"
	case backup.Empty:
		return "empty"
	case backup.Broken:
		return "unreadable"
	}
	return nil
}

// chain numbers the chains: their ids are as good as a name.
func (r *Recorder) chain(id string) string {
	if id == "" {
		return ""
	}
	if r.chains[id] == "" {
		r.chains[id] = fmt.Sprintf("C%d", len(r.chains)+1)
	}
	return r.chains[id]
}

// when writes a time on the trace's clock; nil where it is unknown. Times
// before the trace began are negative.
func (r *Recorder) when(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return round(t.Sub(r.began.T).Seconds())
}

func truth(t backup.Tri) any {
	if t == backup.Unknown {
		return nil
	}
	return t == backup.Yes
}

func known(n int64) any {
	if n < 0 {
		return nil
	}
	return n
}

func percent(n int) any { return known(int64(n)) }

func found(f backup.File) any {
	switch f.Presence {
	case backup.Present:
		return "ok"
	case backup.Missing:
		return "missing"
	case backup.Empty:
		return "empty"
	case backup.Broken:
		return "broken"
	}
	return nil
}

// nameOf is the word of a table that stands for v.
func nameOf[T comparable](words map[string]T, v T) string {
	for w, x := range words {
		if x == v {
			return w
		}
	}
	return "unknown"
}
