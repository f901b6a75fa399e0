package daemon

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// TestAnEmptiedHistoryIsSaid: an empty file is what a crash leaves at the very
// beginning, but not where a daemon has worked before.
func TestAnEmptiedHistoryIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		used, empty bool
		want        string
	}{
		"never used":       {false, true, ""},
		"used and emptied": {true, true, words.HistoryEmptied},
		"used and gone":    {true, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if c.used {
				if err := control.WriteLast(dir, control.Status{Schema: 1}); err != nil {
					t.Fatal(err)
				}
			}
			if c.empty {
				if err := os.WriteFile(filepath.Join(dir, historyName), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			db, trouble := openHistory(dir, slog.New(slog.DiscardHandler))
			defer db.Close()
			if trouble != c.want || db.InMemory() {
				t.Errorf("said %q, want %q; in memory: %v", trouble, c.want, db.InMemory())
			}
		})
	}
}
