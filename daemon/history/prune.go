package history

import (
	"math"
	"time"

	"zombiezen.com/go/sqlite"
)

// tiers say how many points a run's curve keeps at which age. Ten phones that
// are backed up every day for ten years then take about 40 MB, half of it
// curves; the test in prune_test.go measures it.
var tiers = []struct {
	age    time.Duration
	points int64
}{
	{3 * year, 0},
	{year, 50},
	{90 * day, 100},
	{day, 200},
}

const (
	day  = 24 * time.Hour
	year = 365 * day

	// busyCurve is how many points a run of today may have before it is thinned
	// to half: a run of a week, sampled ten times a second, is bounded too.
	busyCurve = 5_000
	// keepNotices and keepChecks end what is told of the past.
	keepNotices = 3 * year
	keepChecks  = 5 * year
	keepDays    = 400 * day
	keepRuns    = 12 * year
	// mostNotices bounds them even where something raises one a minute.
	mostNotices = 20_000
	// sizeGoal is where Prune begins to give up the oldest curves: well under
	// the 50 MB that are promised.
	sizeGoal = 44 << 20
	// perPrune bounds how many curves one call thins, so that it never takes
	// longer than about a second; the next call goes on.
	perPrune = 2_000
)

// Prune forgets what has become old: it thins curves, drops notices, checks,
// days and lapsed mutes, and gives the space back. Call it about once an hour.
func (db *DB) Prune(now time.Time) error {
	if err := db.write(func() error { return db.dropOld(now) }); err != nil {
		return err
	}
	if err := db.write(func() error { return db.thinOld(now) }); err != nil {
		return err
	}
	if err := db.write(func() error { return db.shrink(sizeGoal) }); err != nil {
		return err
	}
	return db.giveBack()
}

// giveBack returns free pages and the journal's space to the disk.
func (db *DB) giveBack() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.conn == nil {
		return ErrClosed
	}
	err := db.exec("PRAGMA incremental_vacuum")
	if err == nil {
		err = db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
	}
	return classify(err)
}

// dropOld deletes whole rows.
func (db *DB) dropOld(now time.Time) error {
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixMilli() }
	for _, step := range []struct {
		query string
		arg   int64
	}{
		{"DELETE FROM notices WHERE at < ?", ago(keepNotices)},
		{"DELETE FROM notices WHERE id <= (SELECT max(id) FROM notices) - ?", mostNotices},
		{"DELETE FROM checks WHERE at < ?", ago(keepChecks)},
		{"DELETE FROM days WHERE day < ?", ago(keepDays)},
		{"DELETE FROM mutes WHERE until < ?", ago(0)},
		{"DELETE FROM acks WHERE at < ?", ago(keepNotices)},
		{"DELETE FROM samples WHERE run IN (SELECT id FROM runs WHERE started < ?)", ago(keepRuns)},
		{"DELETE FROM runs WHERE started < ?", ago(keepRuns)},
	} {
		if err := db.exec(step.query, step.arg); err != nil {
			return err
		}
	}
	return nil
}

// thinOld thins the curves whose age has reached a tier, oldest tier first, and
// those of today that have grown without measure.
func (db *DB) thinOld(now time.Time) error {
	for _, tier := range tiers {
		// thinned is what was done already; 0 means nothing, and also nothing left.
		mark := max(tier.points, 1)
		runs, err := db.ids("SELECT id FROM runs WHERE started < ? AND (thinned = 0 OR thinned > ?) LIMIT ?",
			now.Add(-tier.age).UnixMilli(), mark, perPrune)
		if err != nil {
			return err
		}
		for _, run := range runs {
			if err := db.thinRun(run, int(tier.points)); err != nil {
				return err
			}
			if err := db.exec("UPDATE runs SET thinned = ? WHERE id = ?", mark, run); err != nil {
				return err
			}
		}
	}
	busy, err := db.ids("SELECT run FROM samples WHERE run IN (SELECT id FROM runs WHERE thinned = 0) GROUP BY run HAVING count(*) > ?", busyCurve)
	for _, run := range busy {
		if err := db.thinRun(run, busyCurve/2); err != nil {
			return err
		}
	}
	return err
}

// thinRun leaves at most limit points of one curve.
func (db *DB) thinRun(run int64, limit int) error {
	if limit == 0 {
		return db.exec("DELETE FROM samples WHERE run = ?", run)
	}
	var points []point
	err := db.each("SELECT at, phase FROM samples WHERE run = ? ORDER BY at",
		func(s *sqlite.Stmt) { points = append(points, point{s.ColumnInt64(0), s.ColumnInt(1)}) }, run)
	if err != nil {
		return err
	}
	for _, at := range thin(points, limit) {
		if err := db.exec("DELETE FROM samples WHERE run = ? AND at = ?", run, at); err != nil {
			return err
		}
	}
	return nil
}

// shrink gives up the oldest curves, and then the oldest notices, while the
// file takes more bytes than it should. It counts the pages in use: those that
// are free already are given back after it.
func (db *DB) shrink(goal int64) error {
	for range 40 {
		pages := db.number("PRAGMA page_count") - db.number("PRAGMA freelist_count")
		if pages*db.number("PRAGMA page_size") <= goal {
			return nil
		}
		oldest := db.number("SELECT run FROM samples JOIN runs ON runs.id = samples.run ORDER BY runs.started LIMIT 1")
		limit := db.number("SELECT started FROM runs WHERE id = ?", oldest)
		if oldest == 0 {
			limit = math.MinInt64
		}
		// A month at a time.
		if err := db.exec("DELETE FROM samples WHERE run IN (SELECT id FROM runs WHERE started < ?)", limit+(30*day).Milliseconds()); err != nil {
			return err
		}
		if oldest == 0 {
			return db.exec("DELETE FROM notices WHERE id <= (SELECT max(id) FROM notices) - ?", mostNotices/10)
		}
	}
	return nil
}

// ids returns the integers of a query's first column.
func (db *DB) ids(query string, args ...any) (out []int64, err error) {
	err = db.each(query, func(s *sqlite.Stmt) { out = append(out, s.ColumnInt64(0)) }, args...)
	return out, err
}
