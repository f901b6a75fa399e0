package verify_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/verify/verifytest"
)

// TestLarge checks exact counts on a chain of as many files as WATCHDOG_LARGE
// says. 100,000 take half a minute to write, 500,000 a few.
func TestLarge(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("WATCHDOG_LARGE"))
	if n < 1000 {
		t.Skip("WATCHDOG_LARGE=100000 runs it")
	}
	w := write(t, verifytest.Chain{Files: n, Sparse: true, Scale: 300})
	if r := check(t, w.Dir, verify.Options{}); r.Verdict != backup.Good || r.Present != int64(n) || r.Bytes != w.Bytes {
		t.Fatalf("whole: %s, %d present, %d bytes of %d", r.Verdict, r.Present, r.Bytes, w.Bytes)
	}
	missing, cut := n/100, n/50
	for _, f := range w.Files[:missing] {
		must(t, os.Remove(f.Disk))
	}
	for _, f := range big(w, missing, cut) {
		must(t, os.Truncate(f.Disk, 50))
	}
	irregular := big(w, missing+cut+100, 3)
	for _, f := range irregular {
		must(t, os.Remove(f.Disk))
		must(t, os.Mkdir(f.Disk, 0o755))
	}
	must(t, os.WriteFile(filepath.Join(w.Dir, "00", "stranger"), nil, 0o644))
	r := check(t, w.Dir, verify.Options{})
	want := counts{Verdict: backup.BrokenUp, Restorable: "no", Missing: int64(missing), Size: int64(cut), NotRegular: 3, Extra: 1, Codes: "chain-broken"}
	if got := countsOf(r); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if all := int64(missing + cut + 3); int64(len(r.Problems))+r.Omitted != all || len(r.Problems) > 1000 {
		t.Errorf("%d problems listed and %d omitted of %d", len(r.Problems), r.Omitted, all)
	}
}

// Locks are for programs that write; a check does neither.
func TestLockedIndex(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 100})
	must(t, w.Exec("PRAGMA journal_mode=DELETE;"))
	conn, err := sqlite.OpenConn(filepath.Join(w.Dir, "Manifest.db"), sqlite.OpenReadWrite)
	must(t, err)
	defer conn.Close()
	must(t, sqlitex.ExecuteTransient(conn, "BEGIN EXCLUSIVE", nil))
	if r := check(t, w.Dir, verify.Options{Quick: true}); r.Verdict != backup.Good {
		t.Errorf("%s %+v", r.Verdict, r.Problems)
	}
}

// Rows without files, a million of them if asked: the memory for problems does
// not grow with their number.
func TestIndexOfManyRows(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("WATCHDOG_LARGE"))
	n = max(n, 20_000)
	w := write(t, verifytest.Chain{Files: 10})
	must(t, w.Exec(`WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < `+strconv.Itoa(n)+`)
		INSERT INTO Files SELECT printf('%040x', x * 2654435761), 'HomeDomain', 'Library/' || x, 1, (SELECT file FROM Files WHERE flags = 1 LIMIT 1) FROM c;`))
	r := check(t, w.Dir, verify.Options{})
	if r.Missing != int64(n) || *r.Listed != int64(n+10) || len(r.Problems) != 1000 || r.Omitted != int64(n-1000) {
		t.Errorf("missing %d, listed %d, problems %d, omitted %d", r.Missing, *r.Listed, len(r.Problems), r.Omitted)
	}
}
