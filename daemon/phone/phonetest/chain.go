package phonetest

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// State is how a backup lies on disk.
type State string

// The states WriteChain knows. In all but Finished the run was torn, and
// nothing works on the folder any more.
const (
	Finished        State = "finished"         // whole
	InfoOnly        State = "info-only"        // an attempt that ended before the upload: Info.plist and nothing else
	TornFirst       State = "torn-first"       // uploading/empty: half of the first backup under Snapshot, no index
	TornIncremental State = "torn-incremental" // uploading/new: a whole backup, half of the next under Snapshot
	Mixed           State = "mixed"            // moving: half of the next has replaced files of the one before
	Unswept         State = "unswept"          // removing: the next is in place, Snapshot and dropped files still there
	FinishedAgain   State = "finished-again"   // finished, after an incremental backup
	FailedAgain     State = "failed-again"     // finished with its old date, Info.plist of a later attempt that failed with 208
)

// Spec says what WriteChain is to write. The zero value is a finished,
// unencrypted backup of 300 files of mixed sizes. For many files set Size.
type Spec struct {
	Content
	State    State         // "" means Finished
	Config   Config        // UDID, Name, OSVersion and the like; its Content is ignored
	Date     time.Time     // of the last run; also every file's time stamp. Zero means now
	Interval time.Duration // between the whole backup and the one after; 0 means a day
	NoInfo   bool          // without Info.plist, as a torn first backup of Finder
	Fault    string        // strikes in the last run of the states that finish, for example "no-manifest"
}

// Chain describes what WriteChain has written.
type Chain struct {
	Path    string // the backup's folder
	UDID    string
	UUID    string // of the chain, from Status.plist; "" without one
	Listed  []File // files the Manifest.db in place lists; nil when there is none
	Waiting []File // files that lie under Snapshot
}

// Blob is where a file's contents lie when it is in place.
func (c Chain) Blob(f File) string { return filepath.Join(c.Path, filepath.FromSlash(f.Name())) }

// Find returns the listed file with that domain and path.
func (c Chain) Find(domain, path string) (File, bool) {
	for _, f := range c.Listed {
		if f.Domain == domain && f.Path == path {
			return f, true
		}
	}
	return File{}, false
}

// WriteChain writes a backup into root, the folder that holds all backups,
// without client and without waiting. It is made by the same code that makes
// a backup over the wire, so it looks the same.
func WriteChain(root string, spec Spec) (Chain, error) {
	legs, err := spec.legs()
	if err != nil {
		return Chain{}, fmt.Errorf("writing a chain: %w", err)
	}
	last := cmp.Or(spec.Date, time.Now())
	var clock time.Time
	w, err := spec.writer(root, &clock)
	if err != nil {
		return Chain{}, fmt.Errorf("writing a chain: %w", err)
	}
	for i, l := range legs {
		clock = last.Add(-time.Duration(len(legs)-1-i) * cmp.Or(spec.Interval, 24*time.Hour))
		if err := w.play(l); err != nil {
			return Chain{}, fmt.Errorf("writing a chain: %w", err)
		}
	}
	if spec.NoInfo {
		os.Remove(filepath.Join(w.Path(), "Info.plist"))
	}
	if !spec.Date.IsZero() {
		if err := backdate(w.Path(), spec.Date); err != nil {
			return Chain{}, fmt.Errorf("writing a chain: %w", err)
		}
	}
	return w.describe(spec.State), nil
}

// A leg is one of the runs that lead to a state.
type leg struct {
	faults string
	used   bool // has the phone been used since the run before
}

// legs are the runs that lead to the state.
func (s Spec) legs() ([]leg, error) {
	whole := leg{}
	switch s.State {
	case "", Finished:
		return []leg{{faults: s.Fault}}, nil
	case InfoOnly:
		return []leg{{faults: "error:208"}}, nil
	case TornFirst:
		return []leg{{faults: "drop-socket-after:50"}}, nil
	case FinishedAgain:
		return []leg{whole, {s.Fault, true}}, nil
	case FailedAgain:
		return []leg{whole, {"error:208", true}}, nil
	case TornIncremental:
		return []leg{whole, {"drop-socket-after:50", true}}, nil
	case Mixed:
		return []leg{whole, {"drop-finishing:moving:50", true}}, nil
	case Unswept:
		return []leg{whole, {"drop-finishing:removing", true}}, nil
	}
	return nil, fmt.Errorf("%q is not a state", s.State)
}

// writer makes the writer, whose phone reads the clock.
func (s Spec) writer(root string, clock *time.Time) (*Writer, error) {
	cfg := s.Config
	cfg.Content = s.Content
	cfg.Now = func() time.Time { return *clock }
	return NewWriter(root, cfg, WriterOptions{})
}

// play makes one run.
func (w *Writer) play(l leg) error {
	if l.used {
		w.phone.Use()
	}
	if err := w.phone.SetFaults(l.faults); err != nil {
		return err
	}
	w.direct = l.faults == "" && !l.used
	_, err := w.Run(context.Background())
	return err
}

// describe looks at what has been written.
func (w *Writer) describe(state State) Chain {
	c := Chain{Path: w.Path(), UDID: w.phone.cfg.UDID}
	data, _ := os.ReadFile(filepath.Join(c.Path, "Status.plist"))
	c.UUID = readStatus(data).UUID
	w.phone.mu.Lock()
	now := w.phone.content
	w.phone.mu.Unlock()
	index := now
	if state == TornIncremental || state == Mixed || state == FailedAgain {
		index.Generation-- // the one in place is of the run before
	}
	if _, err := os.Stat(filepath.Join(c.Path, "Manifest.db")); err == nil {
		c.Listed = index.list()
	}
	for _, f := range now.list() {
		if _, err := os.Stat(filepath.Join(c.Path, "Snapshot", filepath.FromSlash(f.Name()))); err == nil {
			c.Waiting = append(c.Waiting, f)
		}
	}
	return c
}

// backdate gives everything below dir the time stamp.
func backdate(dir string, when time.Time) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, when, when)
	})
}
