package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"backupwatchdog/daemon/verify/verifytest"
)

// lines is what a reader gives, one line a row.
func lines(t *testing.T, read func(func(*listing) error) error) (out []string, err error) {
	t.Helper()
	err = read(func(l *listing) error {
		out = append(out, fmt.Sprintf("%q %v %d %x %x", l.id, l.readable, l.file.Size, l.file.Digest, l.file.EncryptionKey))
		return nil
	})
	return out, err
}

// compareReaders reads a database both ways. They agree, or the short way says
// that it does not know.
func compareReaders(t *testing.T, path string) (unusual bool) {
	t.Helper()
	ctx := context.Background()
	x, err := openSQLite(ctx, path)
	if err != nil {
		return true
	}
	defer x.close()
	slow, slowErr := lines(t, func(f func(*listing) error) error { return x.read(ctx, want{file: true}, f) })
	r, err := openPages(x)
	if err != nil {
		return true
	}
	defer r.close()
	fast, err := lines(t, func(f func(*listing) error) error { return r.read(ctx, f) })
	if errors.Is(err, errUnusual) {
		return true
	}
	if err != nil {
		t.Fatal(err)
	}
	if slowErr == nil && strings.Join(fast, "\n") != strings.Join(slow, "\n") {
		t.Errorf("%d rows the short way, %d the long way; they differ", len(fast), len(slow))
	}
	return false
}

func TestShortWayGivesWhatSQLiteGives(t *testing.T) {
	w, err := verifytest.Chain{Files: 700}.Write(filepath.Join(t.TempDir(), verifytest.UDID))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.Dir, "Manifest.db")
	for _, step := range []struct {
		sql     string
		unusual bool
	}{
		{"", false},
		{"UPDATE Files SET file = zeroblob(20000) WHERE rowid % 50 = 0", false},
		{"UPDATE Files SET file = file || zeroblob(3500 + rowid) WHERE rowid % 7 = 0", false},
		{"PRAGMA journal_mode=DELETE; PRAGMA page_size=512; VACUUM", false},
		{"PRAGMA page_size=65536; VACUUM", false},
		{"UPDATE Files SET flags = 9 WHERE rowid % 11 = 0; UPDATE Files SET flags = 1000001 WHERE rowid % 13 = 0; UPDATE Files SET flags = NULL WHERE rowid % 17 = 0; UPDATE Files SET flags = -7 WHERE rowid % 19 = 0", false},
		{"UPDATE Files SET fileID = NULL WHERE rowid = 3; UPDATE Files SET file = NULL WHERE rowid = 5", false},
		{"DELETE FROM Files WHERE rowid % 3 = 0", false},
		{"PRAGMA page_size=1024; VACUUM; ALTER TABLE Files ADD COLUMN more", false},
		{"UPDATE Files SET flags = 1.0 WHERE rowid = 7", false}, // stored as an integer
		{"UPDATE Files SET flags = '1x' WHERE rowid = 7", true},
		{"UPDATE Files SET flags = 1; ALTER TABLE Files ADD COLUMN other DEFAULT 5", true},
		{"CREATE TABLE F2 (fileID TEXT PRIMARY KEY, domain, relativePath, flags, file) WITHOUT ROWID; DROP TABLE Files; ALTER TABLE F2 RENAME TO Files", true},
	} {
		if step.sql != "" {
			if err := w.Exec(step.sql + ";"); err != nil {
				t.Fatalf("%s: %v", step.sql, err)
			}
		}
		if got := compareReaders(t, path); got != step.unusual {
			t.Errorf("%s: unusual is %v", step.sql, got)
		}
	}
}

// Every kind of damage: the short way may give up, but not hang or crash, and
// where SQLite has no complaint it gives the same.
func TestShortWayOnDamagedPages(t *testing.T) {
	w, err := verifytest.Chain{Files: 60}.Write(filepath.Join(t.TempDir(), verifytest.UDID))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(w.Dir, "Manifest.db"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "damaged.db")
	for i := 0; i < len(whole); i += 3 + i/12 {
		for _, v := range []byte{0, 5, 13, 0xff} {
			b := append([]byte(nil), whole...)
			b[i] = v
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			x, err := openSQLite(context.Background(), path)
			if err != nil {
				continue
			}
			if r, err := openPages(x); err == nil {
				r.read(context.Background(), func(*listing) error { return nil })
				r.close()
			}
			x.close()
		}
	}
}
