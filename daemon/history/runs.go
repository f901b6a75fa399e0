package history

import (
	"time"

	"zombiezen.com/go/sqlite"

	"backupwatchdog/daemon/backup"
)

// linkNames are how a phone's attachment is written; the numbers of
// backup.Link may change, these may not.
var linkNames = map[backup.Link]string{
	backup.LinkUnknown: "", backup.LinkGone: "gone", backup.LinkUSB: "usb", backup.LinkNetwork: "network",
}

// linkOf reads what linkNames wrote; an unknown name is an unknown link.
func linkOf(name string) backup.Link {
	for link, n := range linkNames {
		if n == name {
			return link
		}
	}
	return backup.LinkUnknown
}

// tri is a three-valued answer as the database has it: NULL, 0 or 1.
func tri(t backup.Tri) any {
	if t == backup.Unknown {
		return nil
	}
	return t == backup.Yes
}

func triAt(s *sqlite.Stmt, col int) backup.Tri {
	if s.ColumnIsNull(col) {
		return backup.Unknown
	}
	return backup.TriOf(s.ColumnInt(col) != 0)
}

const runColumns = `udid, started, ended, outcome, kind, chain, link, phase, bytes, files,
	preparing, transferring, finishing, settling, duration, encrypted, chain_files, chain_bytes, disk_full, taught, path`

// begun is the start of a run as it is remembered: in whole seconds, so that a
// start that went through JSON still names the same run.
func begun(started time.Time) int64 { return started.Truncate(time.Second).UnixMilli() }

// SaveRun remembers a run, or what became of it: one run is known by its phone,
// its folder and the second it started in.
func (db *DB) SaveRun(r backup.PastRun) error {
	return db.write(func() error {
		// An older version, or a sample, did not say where the run's folder lies.
		err := db.exec(`UPDATE runs SET path = ?1 WHERE udid = ?2 AND started = ?3 AND path = ''
			AND NOT EXISTS (SELECT 1 FROM runs WHERE udid = ?2 AND started = ?3 AND path = ?1)`, clip(r.Path), clip(r.UDID), begun(r.Started))
		if err != nil {
			return err
		}
		return db.exec(`INSERT INTO runs (`+runColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (udid, started, path) DO UPDATE SET ended = excluded.ended, outcome = excluded.outcome, kind = excluded.kind,
			chain = excluded.chain, link = excluded.link, phase = excluded.phase, bytes = excluded.bytes, files = excluded.files,
			preparing = excluded.preparing, transferring = excluded.transferring, finishing = excluded.finishing,
			settling = excluded.settling, duration = excluded.duration, encrypted = excluded.encrypted,
			chain_files = excluded.chain_files, chain_bytes = excluded.chain_bytes,
			disk_full = excluded.disk_full, taught = excluded.taught`,
			clip(r.UDID), begun(r.Started), millis(r.Ended), clip(string(r.Outcome)), clip(string(r.Kind)), clip(r.ChainID),
			linkNames[r.Link], clip(string(r.LastPhase)), count(r.Bytes), count(r.Files),
			r.Silence.Preparing.Milliseconds(), r.Silence.Transferring.Milliseconds(),
			r.Silence.Finishing.Milliseconds(), r.Silence.Settling.Milliseconds(),
			r.Duration.Milliseconds(), tri(r.Encrypted), count(r.ChainFiles), count(r.ChainBytes), r.DiskFull, r.Taught, clip(r.Path))
	})
}

// Runs returns the runs that started at since or later, newest first: those of
// one phone, or of all when udid is "". A limit of 0 means all.
func (db *DB) Runs(udid string, since time.Time, limit int) []backup.PastRun {
	var out []backup.PastRun
	db.read(`SELECT `+runColumns+` FROM runs WHERE (?1 = '' OR udid = ?1) AND started >= ?2 ORDER BY started DESC, id DESC LIMIT ?3`,
		func(s *sqlite.Stmt) { out = append(out, scanRun(s)) }, udid, floorMillis(since), limitOf(limit))
	return out
}

// floorMillis is a lower bound for a column; the zero time bounds nothing.
func floorMillis(t time.Time) int64 {
	if t.IsZero() {
		return -1 << 62
	}
	return t.UnixMilli()
}

func scanRun(s *sqlite.Stmt) backup.PastRun {
	ms := func(col int) time.Duration { return time.Duration(s.ColumnInt64(col)) * time.Millisecond }
	return backup.PastRun{
		UDID:      s.ColumnText(0),
		Started:   timeAt(s, 1),
		Ended:     timeAt(s, 2),
		Outcome:   backup.Outcome(s.ColumnText(3)),
		Kind:      backup.Kind(s.ColumnText(4)),
		ChainID:   s.ColumnText(5),
		Link:      linkOf(s.ColumnText(6)),
		LastPhase: backup.Phase(s.ColumnText(7)),
		Bytes:     countAt(s, 8),
		Files:     countAt(s, 9),
		Silence: backup.Silences{
			Preparing: ms(10), Transferring: ms(11), Finishing: ms(12), Settling: ms(13),
		},
		Duration:   ms(14),
		Encrypted:  triAt(s, 15),
		ChainFiles: countAt(s, 16),
		ChainBytes: countAt(s, 17),
		DiskFull:   s.ColumnInt(18) != 0,
		Taught:     s.ColumnInt(19) != 0,
		Path:       s.ColumnText(20),
	}
}
