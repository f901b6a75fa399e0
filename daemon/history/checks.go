package history

import (
	"encoding/json"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

// SaveCheck remembers the result of a check of the contents of the chain at path.
func (db *DB) SaveCheck(udid, path string, c backup.CheckResult) error {
	c.Summary, c.Reason = clip(c.Summary), clip(c.Reason)
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("writing a check: %w", err) // unreachable: plain fields
	}
	return db.write(func() error {
		return db.exec("INSERT INTO checks (udid, at, result, path) VALUES (?, ?, ?, ?)", clip(udid), c.At.UnixMilli(), string(b), clip(path))
	})
}

// Checks returns the checks that began at since or later, newest first: those
// of one phone's chain, or all when udid is "". A limit of 0 means all.
func (db *DB) Checks(udid string, since time.Time, limit int) []control.Check {
	return db.checks("(?1 = '' OR udid = ?1) AND at >= ?2 ORDER BY at DESC, id DESC LIMIT ?3", udid, floorMillis(since), limitOf(limit))
}

func (db *DB) checks(where string, args ...any) (out []control.Check) {
	db.read("SELECT udid, result, path FROM checks WHERE "+where,
		func(s *sqlite.Stmt) {
			c := control.Check{UDID: s.ColumnText(0), Path: s.ColumnText(2)}
			if json.Unmarshal([]byte(s.ColumnText(1)), &c.CheckResult) == nil {
				out = append(out, c)
			}
		}, args...)
	return out
}

// LastCheck returns the newest check of a phone's chain at path, and whether
// there is one. One of which no path is known is taken for it.
func (db *DB) LastCheck(udid, path string) (backup.CheckResult, bool) {
	checks := db.checks("udid = ? AND path IN (?, '') ORDER BY at DESC, id DESC LIMIT 1", udid, path)
	if len(checks) == 0 {
		return backup.CheckResult{}, false
	}
	return checks[0].CheckResult, true
}
