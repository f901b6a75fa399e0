package history_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"backupwatchdog/daemon/history"
)

func TestAFileThatIsTakenAwayIsTold(t *testing.T) {
	for name, take := range map[string]func(path string) error{
		"removed":  os.Remove,
		"replaced": func(path string) error { os.Remove(path); return os.WriteFile(path, nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history.db")
			db := open(t, path)
			must(t, db.Put("k", []byte("v")))
			must(t, take(path))
			if err := db.Put("k", []byte("w")); !errors.Is(err, history.ErrUnwritable) || !errors.Is(db.Err(), history.ErrUnwritable) {
				t.Errorf("a write into a file that is gone: %v, %v", err, db.Err())
			}
		})
	}
}

// TestALockedFileIsNotWaitedForAgainAndAgain proves that writes fail while
// another program holds the database, and work again when it lets go.
func TestALockedFileIsNotWaitedForAgainAndAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	db := open(t, path)
	other, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	must(t, err)
	defer other.Close()
	must(t, sqlitex.ExecuteTransient(other, "BEGIN IMMEDIATE", nil))
	for range 50 { // half a second each would be noticed
		if err := db.Put("k", []byte("v")); err == nil {
			t.Fatal("written into a locked database")
		}
	}
	must(t, sqlitex.ExecuteTransient(other, "ROLLBACK", nil))
	must(t, db.Put("k", []byte("v")))
	must(t, db.Err())
}
