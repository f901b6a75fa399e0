package history

import (
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

// usualLimit is how much of the past is read where no limit is given.
const usualLimit = 100

// Past returns the part of the past that is asked for, as it is told to others.
func (db *DB) Past(q control.HistoryQuery) control.History {
	if q.Limit <= 0 {
		q.Limit = usualLimit
	}
	h := control.History{Schema: control.Schema}
	for _, r := range db.Runs(q.UDID, q.Since, q.Limit) {
		h.Runs = append(h.Runs, told(r))
	}
	h.Notices = db.Notices(q.UDID, q.Since, q.Limit)
	h.Checks = db.Checks(q.UDID, q.Since, q.Limit)
	return h
}

// told is a run as it is told: what is unknown is null.
func told(r backup.PastRun) control.PastRun {
	out := control.PastRun{
		UDID: r.UDID, Path: r.Path, Started: r.Started.UTC(), Outcome: r.Outcome, Kind: r.Kind, LastPhase: r.LastPhase,
		LongestSilence: map[string]float64{
			"preparing": r.Silence.Preparing.Seconds(), "transferring": r.Silence.Transferring.Seconds(),
			"finishing": r.Silence.Finishing.Seconds(), "settling": r.Silence.Settling.Seconds(),
		},
		Bytes: known(r.Bytes, 0), Files: known(r.Files, 0),
	}
	if !r.Ended.IsZero() {
		ended := r.Ended.UTC().Truncate(time.Second)
		out.Ended = &ended
	}
	if r.Link == backup.LinkUSB || r.Link == backup.LinkNetwork {
		out.Connection = linkNames[r.Link]
	}
	if r.ChainFiles > 0 {
		out.ChainFiles, out.ChainBytes = known(r.ChainFiles, 1), known(r.ChainBytes, 0)
	}
	return out
}

// known is a number that counts from least on, nil below.
func known(n, least int64) *int64 {
	if n < least {
		return nil
	}
	return &n
}
