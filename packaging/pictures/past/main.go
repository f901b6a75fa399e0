// Command past gives the phone of the demonstration a past: six weeks of
// backups in a new history, so that the picture of the report shows what a
// report looks like that has something to tell.
//
//	past STATE-FOLDER
package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/history"
)

// udid is that of package phonetest's phone.
const udid = "00008110-001A2B3C4D5E801E"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "past:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: past STATE-FOLDER")
	}
	if err := os.MkdirAll(args[0], 0o700); err != nil {
		return err
	}
	now := time.Now()
	db, err := history.Open(filepath.Join(args[0], "history.db"), history.Options{Now: now})
	if err != nil {
		return err
	}
	for _, p := range past(now) {
		p.tell(db)
	}
	return errors.Join(db.Err(), db.Close())
}

// a trip is one backup of the past.
type trip struct {
	backup.PastRun
	pause time.Duration // a silence in its middle
}

// past is one backup a week, growing, and one that broke off and was repeated.
func past(now time.Time) []trip {
	evening := now.Truncate(24 * time.Hour).Add(-4 * time.Hour)
	var all []trip
	for i, chain := range []int64{402, 411, 419, 433, 446, 460} {
		began := evening.AddDate(0, 0, -7*(6-i)+1)
		t := trip{complete(began, time.Duration(4+i%3)*time.Minute, backup.Incremental, 180+int64(78*(i%3))), 30 * time.Second}
		if i == 0 {
			t.PastRun = complete(began, 19*time.Minute, backup.First, chain)
		}
		t.ChainBytes, t.ChainFiles = chain*1e6, chain*1e6/80_000
		all = append(all, t)
		if i == 3 {
			lost := trip{complete(began.Add(-time.Hour), 22*time.Minute, backup.Incremental, 121), 17 * time.Minute}
			lost.Outcome, lost.LastPhase, lost.Taught = backup.OutcomeAbandoned, backup.Transferring, false
			lost.Silence.Transferring = lost.pause
			all = append(all, lost)
		}
	}
	return all
}

// complete is a complete run of so many megabytes.
func complete(began time.Time, took time.Duration, kind backup.Kind, mb int64) backup.PastRun {
	return backup.PastRun{
		UDID: udid, Started: began, Ended: began.Add(took), Duration: took, Outcome: backup.OutcomeComplete, Kind: kind,
		Link: backup.LinkUSB, LastPhase: backup.Complete, Bytes: mb * 1e6, Files: mb * 1e6 / 80_000, ChainFiles: -1, ChainBytes: -1,
		Silence: backup.Silences{Preparing: 40 * time.Second, Transferring: 30 * time.Second, Finishing: 3 * time.Second}, Taught: true,
	}
}

// tell writes the run, its curve, and the check that followed it.
func (t trip) tell(db *history.DB) {
	db.SaveRun(t.PastRun)
	const points = 60
	whole := t.Ended.Sub(t.Started)
	for i := range points + 1 {
		at := whole * time.Duration(i) / points
		db.AddSample(udid, "", t.Started, control.Sample{At: t.Started.Add(at), Phase: backup.Transferring,
			Bytes: int64(float64(t.Bytes) * t.share(at)), Files: int64(float64(t.Files) * t.share(at))})
	}
	if t.Outcome == backup.OutcomeComplete {
		db.SaveCheck(udid, "", backup.CheckResult{At: t.Ended.Add(time.Minute), Verdict: backup.Good, Files: t.ChainFiles, Bytes: t.ChainBytes})
	}
}

// share is how much has arrived: nothing while the phone prepares, then all of
// it, not quite evenly, with the pause in the middle, or at the end of a run
// that broke off.
func (t trip) share(at time.Duration) float64 {
	prepare := 40 * time.Second
	moving := t.Ended.Sub(t.Started) - prepare - t.pause
	half := prepare + moving/2
	if t.Outcome != backup.OutcomeComplete {
		half = prepare + moving
	}
	switch {
	case at <= prepare:
		return 0
	case at > half:
		at -= min(at-half, t.pause)
	}
	x := min(float64(at-prepare)/float64(moving), 1)
	return x + 0.03*math.Sin(9*x)*(1-x)
}
