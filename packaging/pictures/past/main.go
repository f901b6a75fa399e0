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
		t := trip{run(began, time.Duration(4+i%3)*time.Minute, backup.Incremental, 38+int64(9*(i%3))), 30 * time.Second}
		if i == 0 {
			t.PastRun = run(began, 19*time.Minute, backup.First, chain)
		}
		t.ChainBytes, t.ChainFiles = chain*1e6, chain*1e6/80_000
		all = append(all, t)
		if i == 3 {
			lost := trip{run(began.Add(-time.Hour), 22*time.Minute, backup.Incremental, 21), 17 * time.Minute}
			lost.Outcome, lost.LastPhase, lost.Taught = backup.OutcomeAbandoned, backup.Transferring, false
			lost.Silence.Transferring = lost.pause
			all = append(all, lost)
		}
	}
	return all
}
