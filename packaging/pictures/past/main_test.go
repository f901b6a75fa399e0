package main

import (
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/history"
)

// The past is one the report can draw: in order, growing, each run with a
// curve that never falls.
func TestPast(t *testing.T) {
	dir := t.TempDir()
	if err := run([]string{dir}); err != nil {
		t.Fatal(err)
	}
	db, err := history.Open(dir+"/history.db", history.Options{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	runs := db.Runs(udid, time.Time{}, 100)
	if len(runs) != 7 {
		t.Fatalf("%d runs", len(runs))
	}
	broken := 0
	for i, r := range runs {
		if r.Started.After(time.Now()) || i > 0 && r.Started.After(runs[i-1].Started) {
			t.Errorf("run %d began %s", i, r.Started)
		}
		if r.Outcome == backup.OutcomeAbandoned {
			broken++
		}
		last := int64(0)
		samples := db.Samples(udid, r.Started)
		for _, s := range samples {
			if s.Bytes < last {
				t.Errorf("the curve of run %d falls from %d to %d", i, last, s.Bytes)
			}
			last = s.Bytes
		}
		if len(samples) < 3 || last != r.Bytes {
			t.Errorf("run %d brought %d of %d in %d samples", i, last, r.Bytes, len(samples))
		}
	}
	if broken != 1 {
		t.Errorf("%d runs broke off", broken)
	}
}
