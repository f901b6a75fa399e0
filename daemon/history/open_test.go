package history_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/history"
)

// sql makes a database with the given statements, as another program would.
func sql(t *testing.T, path, script string) {
	t.Helper()
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := sqlitex.ExecuteScript(conn, script, nil); err != nil {
		t.Fatal(err)
	}
}

// filled makes a good history of several pages and returns its bytes.
func filled(t *testing.T, path string) []byte {
	t.Helper()
	db := open(t, path)
	for i := range 20 {
		must(t, db.SaveRun(aRun(start.Add(time.Duration(i)*time.Hour))))
		must(t, db.Put(fmt.Sprint(i), make([]byte, 3_000)))
	}
	must(t, db.Close())
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

func TestWhatIsNoHistoryIsSetAside(t *testing.T) {
	good := filled(t, filepath.Join(t.TempDir(), "good.db"))
	write := func(b []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) { must(t, os.WriteFile(path, b, 0o600)) }
	}
	cases := map[string]func(*testing.T, string){
		"text":              write([]byte(strings.Repeat("this is no database\n", 500))),
		"short text":        write([]byte("x")),
		"zeroes":            write(make([]byte, 8192)),
		"a page of zeroes":  write(append(append(bytes.Clone(good[:4096]), make([]byte, 8192)...), good[12288:]...)),
		"cut in the middle": write(good[:len(good)/2]),
		"another program's": func(t *testing.T, path string) { sql(t, path, "CREATE TABLE t (x); PRAGMA application_id = 77") },
		"nobody's":          func(t *testing.T, path string) { sql(t, path, "CREATE TABLE t (x)") },
		"ours, without tables": func(t *testing.T, path string) {
			sql(t, path, fmt.Sprintf("CREATE TABLE t (x); PRAGMA application_id = %d; PRAGMA user_version = 2", 0x42574448))
		},
		"a folder": func(t *testing.T, path string) { must(t, os.MkdirAll(filepath.Join(path, "full"), 0o700)) },
		"a journal that is a folder": func(t *testing.T, path string) {
			must(t, os.WriteFile(path, good, 0o600))
			must(t, os.Mkdir(path+"-wal", 0o700))
		},
	}
	for name, put := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history.db")
			put(t, path)
			db := open(t, path)
			want := path + ".damaged-20260131-093000"
			if db.SetAside() != want || db.WhySetAside() == "" {
				t.Errorf("set aside %q because %q", db.SetAside(), db.WhySetAside())
			}
			if _, err := os.Lstat(want); err != nil {
				t.Error(err)
			}
			must(t, db.SaveRun(aRun(start)))
			equal(t, "runs of the new one", len(db.Runs("", time.Time{}, 0)), 1)
			must(t, db.Close())
			equal(t, "set aside at the next start", open(t, path).SetAside(), "")
		})
	}
}

func TestOnlyTheNewestDamagedOnesAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a[b]*") // a folder's name is no pattern
	must(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "history.db")
	for range 6 {
		must(t, os.WriteFile(path, []byte("no database at all"), 0o600))
		must(t, open(t, path).Close())
	}
	found, err := os.ReadDir(dir)
	must(t, err)
	n := 0
	for _, e := range found {
		if strings.Contains(e.Name(), ".damaged-") {
			n++
		}
	}
	if n != 3 {
		t.Errorf("%d damaged ones were kept: %v", n, found)
	}
}

func TestAFileThatIsBegunOrEmptyIsNoDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	must(t, os.WriteFile(path, nil, 0o644))
	must(t, os.WriteFile(path+"-wal", []byte("rest of an older journal"), 0o600))
	db := open(t, path)
	equal(t, "set aside", db.SetAside(), "")
	must(t, db.SaveRun(aRun(start)))
}

func TestTheFileIsForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	db := open(t, path)
	must(t, db.SaveRun(aRun(start)))
	for _, p := range []string{path, path + "-wal"} {
		fi, err := os.Stat(p)
		must(t, err)
		equal(t, "mode of "+filepath.Base(p), fi.Mode().Perm(), os.FileMode(0o600))
	}
}

func TestANewerHistoryIsRefusedUntouched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	b := filled(t, path)
	binary.BigEndian.PutUint32(b[60:], 1000)
	must(t, os.WriteFile(path, b, 0o600))
	_, err := history.Open(path, history.Options{Now: start})
	if !errors.Is(err, history.ErrNewer) {
		t.Fatalf("got %v, want ErrNewer", err)
	}
	after, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(b, after) {
		t.Error("the file was changed")
	}
	files, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	equal(t, "files beside it", len(files), 1)
}

func TestAnOlderHistoryComesForward(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	fixture, err := os.ReadFile("testdata/version1.sql")
	must(t, err)
	sql(t, path, string(fixture))

	db := open(t, path)
	equal(t, "set aside", db.SetAside(), "")
	runs := db.Runs("", time.Time{}, 0)
	if len(runs) != 1 || runs[0].UDID != phone || runs[0].Outcome != backup.OutcomeComplete || runs[0].Silence.Preparing != time.Minute {
		t.Errorf("runs: %+v", runs)
	}
	equal(t, "notices", len(db.Notices("", time.Time{}, 0)), 1)
	equal(t, "samples", len(db.Samples(phone, start)), 2)
	must(t, db.MarkDay(phone, start)) // a table that the first version did not have
	equal(t, "days", len(db.Days(phone, time.Time{})), 1)
}

func TestAFailedMigrationLeavesTheOldVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	fixture, err := os.ReadFile("testdata/version1.sql")
	must(t, err)
	sql(t, path, string(fixture)+"CREATE VIEW days AS SELECT 1;") // stands in the way of the next one
	if _, err := history.Open(path, history.Options{Now: start}); err == nil {
		t.Fatal("opened")
	}
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	must(t, err)
	defer conn.Close()
	version, err := sqlitex.ResultInt(conn.Prep("PRAGMA user_version"))
	must(t, err)
	equal(t, "version", version, 1)
}

func TestReadingBesideTheWatchdogChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	if _, err := history.OpenToRead(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where there is none: %v", err)
	}
	db := open(t, path)
	must(t, db.SaveRun(aRun(start)))
	reader, err := history.OpenToRead(path)
	must(t, err)
	defer reader.Close()
	must(t, db.SaveRun(aRun(start.Add(time.Hour))))
	equal(t, "runs", len(reader.Runs("", time.Time{}, 0)), 2)
	if err := reader.SaveRun(aRun(start.Add(2 * time.Hour))); !errors.Is(err, history.ErrUnwritable) {
		t.Errorf("writing: %v", err)
	}

	old := filepath.Join(t.TempDir(), "history.db")
	fixture, err := os.ReadFile("testdata/version1.sql")
	must(t, err)
	sql(t, old, string(fixture))
	if _, err := history.OpenToRead(old); err == nil || !strings.Contains(err.Error(), "start watchdogd once") {
		t.Errorf("an older one: %v", err)
	}
	must(t, os.WriteFile(old, []byte("nothing"), 0o600))
	if _, err := history.OpenToRead(old); !errors.Is(err, history.ErrDamaged) {
		t.Errorf("a damaged one: %v", err)
	}
}
