package history

import (
	"encoding/json"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

// SaveCheck remembers the result of a check of a chain's contents.
func (db *DB) SaveCheck(udid string, c backup.CheckResult) error {
	c.Summary, c.Reason = clip(c.Summary), clip(c.Reason)
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("writing a check: %w", err) // unreachable: plain fields
	}
	return db.write(func() error {
		return db.exec("INSERT INTO checks (udid, at, result) VALUES (?, ?, ?)", clip(udid), c.At.UnixMilli(), string(b))
	})
}

// Checks returns the checks that began at since or later, newest first: those
// of one phone's chain, or all when udid is "". A limit of 0 means all.
func (db *DB) Checks(udid string, since time.Time, limit int) []control.Check {
	var out []control.Check
	db.read("SELECT udid, result FROM checks WHERE (?1 = '' OR udid = ?1) AND at >= ?2 ORDER BY at DESC, id DESC LIMIT ?3",
		func(s *sqlite.Stmt) {
			c := control.Check{UDID: s.ColumnText(0)}
			if json.Unmarshal([]byte(s.ColumnText(1)), &c.CheckResult) == nil {
				out = append(out, c)
			}
		}, udid, floorMillis(since), limitOf(limit))
	return out
}

// LastCheck returns the newest check of a phone's chain, and whether there is one.
func (db *DB) LastCheck(udid string) (backup.CheckResult, bool) {
	checks := db.Checks(udid, time.Time{}, 1)
	if udid == "" || len(checks) == 0 {
		return backup.CheckResult{}, false
	}
	return checks[0].CheckResult, true
}
