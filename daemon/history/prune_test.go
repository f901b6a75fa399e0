package history

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

var begin = time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC)

func TestThinKeepsTheShape(t *testing.T) {
	var points []point
	for i := range 1000 {
		points = append(points, point{at: int64(i * 5), phase: 1 + i/400})
	}
	// A stall: nothing for an hour, then on.
	for i := range 1000 {
		points = append(points, point{at: int64(1000*5 + 3600 + i*5), phase: 3})
	}
	for _, limit := range []int{2, 3, 10, 50, 200, 1999, 2000, 5000} {
		drop := thin(points, limit)
		var kept []int64
		for _, p := range points {
			if !slices.Contains(drop, p.at) {
				kept = append(kept, p.at)
			}
		}
		if len(kept) > max(limit, 2) || len(kept) < min(limit, 1500)/2 {
			t.Errorf("limit %d keeps %d", limit, len(kept))
		}
		if kept[0] != points[0].at || kept[len(kept)-1] != points[len(points)-1].at {
			t.Errorf("limit %d loses an end", limit)
		}
		if limit >= 50 && (!slices.Contains(kept, 4995) || !slices.Contains(kept, 2000)) {
			t.Errorf("limit %d loses the stall's begin or a change of phase: %v", limit, kept)
		}
	}
	if thin(nil, 5) != nil || thin(points[:1], 5) != nil {
		t.Error("a short curve was thinned")
	}
}

// curve adds a run with n samples, all in the caller's transaction.
func curve(db *DB, udid string, started time.Time, n int) error {
	run, err := db.runID(udid, "", started)
	if err != nil {
		return err
	}
	for i := range n {
		if err := db.exec("INSERT INTO samples VALUES (?, ?, 2, ?, ?)", run, i*5, int64(i)*61_234_567, i*40); err != nil {
			return err
		}
	}
	return db.exec(`UPDATE runs SET outcome = 'complete', kind = 'incremental', chain = '6F9C1E5A-3B1C-4A51-8E0B-2A1F4C7D9E10', link = 'network',
		phase = 'complete', ended = started + 2400000, bytes = 61234567890, files = 48212, preparing = 61000, transferring = 45000, finishing = 9000,
		settling = 60000, duration = 2400000, encrypted = 1, chain_files = 412345, chain_bytes = 161234567890, taught = 1
		WHERE udid = ? AND started = ?`, udid, begun(started))
}

func TestCurvesThinOutWithAge(t *testing.T) {
	db, err := OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.write(func() error { return curve(db, "A", begin, 1000) }); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		age  time.Duration
		most int
	}{
		{0, 1000}, {23 * time.Hour, 1000}, {25 * time.Hour, 200}, {26 * time.Hour, 200}, {91 * day, 100}, {366 * day, 50}, {3*year + day, 0},
	} {
		if err := db.Prune(begin.Add(step.age)); err != nil {
			t.Fatal(err)
		}
		got := len(db.Samples("A", begin))
		if got > step.most || got < step.most*9/10 {
			t.Errorf("after %v: %d points, want at most %d", step.age, got, step.most)
		}
	}
	if len(db.Runs("A", time.Time{}, 0)) != 1 {
		t.Error("the run itself is gone")
	}
	if err := db.write(func() error { return curve(db, "A", begin.Add(4*year), 7_000) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Prune(begin.Add(4*year + time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := len(db.Samples("A", begin.Add(4*year))); got > busyCurve/2 {
		t.Errorf("a run under way keeps %d points", got)
	}
}

func TestOldNoticesChecksDaysAndMutesGo(t *testing.T) {
	db, err := OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	lapsed := begin.Add(day)
	db.AddNotice(control.Notice{At: begin, Key: "old"})
	db.AddNotice(control.Notice{At: begin.Add(4 * year), Key: "new"})
	db.SaveCheck("A", "", backup.CheckResult{At: begin})
	db.MarkDay("A", begin)
	db.Mute(control.Mute{UDID: "A", Code: backup.Slow, Until: &lapsed})
	db.Mute(control.Mute{UDID: "A", Code: backup.Stalled})
	db.Ack("k", begin)
	if err := db.Prune(begin.Add(6 * year)); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(len(db.Notices("", time.Time{}, 0)), len(db.Checks("", time.Time{}, 0)), len(db.Days("A", time.Time{})),
		len(db.Mutes(begin)), len(db.Acked()))
	if got != "1 0 0 1 0" {
		t.Errorf("notices, checks, days, mutes, acks: %s", got)
	}
}

// TestTenPhonesInTenYears writes the history of phones that are backed up every
// day for ten years, at the size it has once each age was thinned, and the last
// day in full; then it lets the file be pruned as the watchdog does. Two phones
// take a fifth of what ten do: nothing in it is shared.
func TestTenPhonesInTenYears(t *testing.T) {
	db, err := OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const days = 3650
	err = db.write(func() error {
		for d := range days {
			if err := oneDay(db, begin.Add(time.Duration(d)*day), pointsAt(time.Duration(days-d)*day)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := db.Prune(begin.Add(days * day)); err != nil {
			t.Fatal(err)
		}
	}
	size := db.Size() * 10 / phones
	t.Logf("%.1f MB", float64(size)/1e6)
	if size > 50_000_000 {
		t.Errorf("ten phones take %d bytes", size)
	}
	if n := len(db.Runs("", time.Time{}, 0)); n != phones*days {
		t.Errorf("%d runs are left of %d", n, phones*days)
	}
	if n := len(db.Samples("phone-0000-0000000000000000", begin.Add((days-400)*day))); n < 40 {
		t.Errorf("a run of last year has %d points", n)
	}
}

// phones is how many the test above writes.
const phones = 2

// pointsAt is how many points a run of 40 minutes, sampled every 5 s, has at
// an age.
func pointsAt(age time.Duration) int {
	for _, tier := range tiers {
		if age > tier.age {
			return int(tier.points)
		}
	}
	return 480
}

// oneDay is what the phones leave in a day: a run each and a notice.
func oneDay(db *DB, at time.Time, points int) error {
	for p := range phones {
		udid := fmt.Sprintf("phone-%04d-0000000000000000", p)
		if err := curve(db, udid, at, points); err != nil {
			return err
		}
		n := control.Notice{At: at, UDID: udid, Run: "1767232800", Event: "raised", Code: backup.Stalled, Title: "Anna's iPhone: backup is stuck",
			Text:    "Stop the backup in Finder. Nothing has arrived for 12 minutes; this phone usually pauses for at most 3. More: watchdogctl status",
			Channel: "desktop", Outcome: Sent, Key: udid + "/1767232800/stalled/1"}
		if err := db.insertNotice(n, nil); err != nil {
			return err
		}
	}
	return nil
}

func TestAFileThatIsTooLargeGivesUpTheOldestCurves(t *testing.T) {
	db, err := Open(filepath.Join(t.TempDir(), "history.db"), Options{Now: begin})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// Four runs a day for a quarter of a year, as a phone with trouble may make them.
	const runs, goal = 360, 1 << 20
	every := 6 * time.Hour
	err = db.write(func() error {
		for i := range runs {
			if err := curve(db, "A", begin.Add(time.Duration(i)*every), 195); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	before := db.Size()
	if err := db.write(func() error { return db.shrink(goal) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Prune(begin.Add(runs * every)); err != nil {
		t.Fatal(err)
	}
	if before < 2*goal || db.Size() > goal {
		t.Errorf("from %d to %d bytes", before, db.Size())
	}
	if len(db.Samples("A", begin.Add((runs-1)*every))) == 0 {
		t.Error("the newest curve was given up")
	}
	if len(db.Samples("A", begin)) != 0 || len(db.Runs("A", time.Time{}, 0)) != runs {
		t.Error("the oldest curve is there, or a run is not")
	}
}
