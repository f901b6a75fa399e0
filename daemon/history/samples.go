package history

import (
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

// phaseNumbers are how a sample's phase is written, in one byte: a curve has
// thousands of points. New phases go to the end.
var phaseNumbers = []backup.Phase{
	backup.Idle, backup.Preparing, backup.Transferring, backup.Finishing,
	backup.Settling, backup.Complete, backup.Abandoned,
}

// phaseAt reads what phaseNumbers wrote; an unknown number is "".
func phaseAt(s *sqlite.Stmt, col int) backup.Phase {
	if n := s.ColumnInt(col); n >= 0 && n < len(phaseNumbers) {
		return phaseNumbers[n]
	}
	return ""
}

// AddSample adds a point to the progress curve of a run of the backup at path.
// Of points within one second the last stays. A run that was never saved is
// remembered as running.
func (db *DB) AddSample(udid, path string, started time.Time, sample control.Sample) error {
	return db.writeSoon(func() error { return db.addSample(udid, path, started, sample) })
}

func (db *DB) addSample(udid, path string, started time.Time, sample control.Sample) error {
	run, err := db.runID(udid, path, started)
	if err != nil {
		return err
	}
	offset := max(0, (sample.At.UnixMilli()-begun(started))/1000)
	return db.exec("INSERT OR REPLACE INTO samples (run, at, phase, bytes, files) VALUES (?, ?, ?, ?, ?)",
		run, offset, slices.Index(phaseNumbers, sample.Phase), count(sample.Bytes), count(sample.Files))
}

// runID returns the row of a run and makes one where there is none.
func (db *DB) runID(udid, path string, started time.Time) (int64, error) {
	err := db.exec(`INSERT INTO runs (udid, started, outcome, path) SELECT ?1, ?2, ?3, ?4
		WHERE NOT EXISTS (SELECT 1 FROM runs WHERE udid = ?1 AND started = ?2 AND path IN (?4, ''))`,
		clip(udid), begun(started), string(backup.OutcomeRunning), clip(path))
	if err != nil {
		return 0, err
	}
	var id int64
	err = db.each("SELECT id FROM runs WHERE udid = ? AND started = ? AND path IN (?, '') ORDER BY path",
		func(s *sqlite.Stmt) { id = s.ColumnInt64(0) }, clip(udid), begun(started), clip(path))
	return id, err
}

// Samples returns the progress curve of a run, oldest point first. Two runs of
// one phone that began in the same second, in copies of one torn backup, cannot
// be told apart by these two: it is then the newer one's.
func (db *DB) Samples(udid string, started time.Time) []control.Sample {
	var out []control.Sample
	db.read(`SELECT runs.started + samples.at * 1000, samples.phase, samples.bytes, samples.files
		FROM samples JOIN runs ON runs.id = samples.run
		WHERE runs.id = (SELECT max(id) FROM runs WHERE udid = ? AND started = ?) ORDER BY samples.at LIMIT ?`,
		func(s *sqlite.Stmt) {
			out = append(out, control.Sample{At: timeAt(s, 0), Phase: phaseAt(s, 1), Bytes: countAt(s, 2), Files: countAt(s, 3)})
		}, udid, begun(started), maxRows)
	return out
}

// point is what thinning needs to know of a sample.
type point struct {
	at    int64 // seconds after the run began
	phase int
}

// thin chooses at most limit of the points of a curve: the first, the last, and
// of each of equally long stretches of time the last one. So a stall, a stretch
// without growth, stays as long as it was. The changes of phase are kept as far
// as a quarter of the limit allows.
func thin(points []point, limit int) (drop []int64) {
	if len(points) <= limit {
		return nil
	}
	keep := make([]bool, len(points))
	keep[0], keep[len(points)-1] = true, true
	left := limit - 2
	for i := 1; i < len(points)-1 && left > limit*3/4; i++ {
		if points[i].phase != points[i-1].phase {
			keep[i] = true
			left--
		}
	}
	keepStretches(points, keep, left)
	for i, k := range keep {
		if !k {
			drop = append(drop, points[i].at)
		}
	}
	return drop
}

// keepStretches marks the last point of each of n equal stretches of time.
func keepStretches(points []point, keep []bool, n int) {
	if n <= 0 {
		return
	}
	first, span := points[0].at, points[len(points)-1].at-points[0].at+1
	stretch := func(i int) int64 { return (points[i].at - first) * int64(n) / span }
	for i := range len(points) - 1 {
		if stretch(i) != stretch(i+1) {
			keep[i] = true
		}
	}
}
