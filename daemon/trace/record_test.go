package trace

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/plist"
)

// TestRecordedIsReplayed records a run that stalls and plays the record: the
// judgement says the same of both, at the same second.
func TestRecordedIsReplayed(t *testing.T) {
	var rec bytes.Buffer
	began := backup.Moment{T: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC), Slept: 3 * time.Hour}
	r := NewRecorder(&rec, backup.DefaultRules(), false, began)
	var live []string
	p := NewPlayer(backup.DefaultRules(), "linux", func(e Event) { live = append(live, e.Event+" "+string(e.Code)) })
	f := unknownFacts("linux")
	look := func(sec float64, change func(*backup.Facts)) {
		change(&f)
		p.Look("00008110-001A", sec, 0, func(to *backup.Facts) { *to = f })
		r.Record(began.Add(seconds(sec)), "00008110-001A", f)
	}
	look(0, func(f *backup.Facts) {
		f.Folder.Status = backup.StatusFile{File: backup.File{Presence: backup.Present}, Status: plist.Status{SnapshotState: "uploading", BackupState: "empty", UUID: "6C6B1F6E"}}
		f.Folder.Snapshot, f.Phone.Link, f.Phone.Name = backup.Yes, backup.LinkUSB, "Zoe's iPhone"
		f.Writer = backup.Writer{State: backup.WriterAlive, Name: "idevicebackup2", PID: 4711}
		f.Root.Path = "/Users/zoe/Backup"
	})
	look(20, func(f *backup.Facts) { f.Folder.Files, f.Folder.Bytes = 12, 3e6 })
	p.End(1000)
	r.End(began.Add(1000 * time.Second))

	for _, secret := range []string{"Zoe", "zoe", "00008110", "6C6B1F6E"} {
		if strings.Contains(rec.String(), secret) {
			t.Errorf("%q is in the trace:\n%s", secret, rec.String())
		}
	}
	var played []string
	if err := replayed(&rec, func(e Event) { played = append(played, e.Event+" "+string(e.Code)) }); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(played, ", "), strings.Join(live, ", "); got != want || !strings.Contains(got, "notice stalled") {
		t.Errorf("played %q, live %q", got, want)
	}
}
