package history

import (
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

// Ack remembers that a person has seen the trouble of this key.
func (db *DB) Ack(key string, at time.Time) error {
	return db.write(func() error {
		return db.exec("INSERT OR REPLACE INTO acks (key, at) VALUES (?, ?)", clip(key), at.UnixMilli())
	})
}

// Unack takes an acknowledgement back.
func (db *DB) Unack(key string) error {
	return db.write(func() error { return db.exec("DELETE FROM acks WHERE key = ?", clip(key)) })
}

// Acked returns which keys were acknowledged, and when.
func (db *DB) Acked() map[string]time.Time {
	out := map[string]time.Time{}
	db.read("SELECT key, at FROM acks LIMIT ?", func(s *sqlite.Stmt) { out[s.ColumnText(0)] = timeAt(s, 1) }, maxRows)
	return out
}

// Mute remembers that a person does not want to hear of a condition for a
// phone. A mute of the same two replaces the earlier one.
func (db *DB) Mute(m control.Mute) error {
	var until any
	if m.Until != nil {
		until = m.Until.UnixMilli()
	}
	return db.write(func() error {
		return db.exec("INSERT OR REPLACE INTO mutes (udid, code, until) VALUES (?, ?, ?)", clip(m.UDID), clip(string(m.Code)), until)
	})
}

// Unmute takes a mute back.
func (db *DB) Unmute(udid string, code backup.Code) error {
	return db.write(func() error {
		return db.exec("DELETE FROM mutes WHERE udid = ? AND code = ?", clip(udid), clip(string(code)))
	})
}

// Mutes returns the mutes that hold at now.
func (db *DB) Mutes(now time.Time) []control.Mute {
	var out []control.Mute
	db.read("SELECT udid, code, until FROM mutes WHERE until IS NULL OR until > ? ORDER BY udid, code LIMIT ?",
		func(s *sqlite.Stmt) {
			m := control.Mute{UDID: s.ColumnText(0), Code: backup.Code(s.ColumnText(1))}
			if until := timeAt(s, 2); !until.IsZero() {
				m.Until = &until
			}
			out = append(out, m)
		}, now.UnixMilli(), maxRows)
	return out
}

// Put keeps a value under a key, in place of the one that was there: the
// snapshot from which a session goes on after a restart. At most 4 MiB.
func (db *DB) Put(key string, value []byte) error {
	if len(value) > maxValue {
		return fmt.Errorf("keeping %q: %d bytes are too many", clip(key), len(value))
	}
	return db.writeSoon(func() error {
		// A nil slice would be NULL, and that is not a value.
		return db.exec("INSERT OR REPLACE INTO snapshots (key, value) VALUES (?, ?)", clip(key), append([]byte{}, value...))
	})
}

// Get returns the value under a key, and whether there is one.
func (db *DB) Get(key string) (value []byte, ok bool) {
	db.read("SELECT value FROM snapshots WHERE key = ?", func(s *sqlite.Stmt) { value, ok = blobAt(s, 0), true }, clip(key))
	return value, ok
}

// Delete forgets the value under a key.
func (db *DB) Delete(key string) error {
	return db.writeSoon(func() error { return db.exec("DELETE FROM snapshots WHERE key = ?", clip(key)) })
}

// MarkDay remembers that a phone could be reached on a day. The day is that of
// the given time in its own location: a person's day, not Greenwich's.
func (db *DB) MarkDay(udid string, at time.Time) error {
	return db.writeSoon(func() error {
		return db.exec("INSERT OR IGNORE INTO days (udid, day) VALUES (?, ?)", clip(udid), dayOf(at).UnixMilli())
	})
}

// Days returns the days since then on which the phone could be reached, oldest
// first, each as its midnight in UTC.
func (db *DB) Days(udid string, since time.Time) []time.Time {
	var out []time.Time
	floor := int64(-1 << 62)
	if !since.IsZero() {
		floor = dayOf(since).UnixMilli()
	}
	db.read("SELECT day FROM days WHERE udid = ? AND day >= ? ORDER BY day LIMIT ?",
		func(s *sqlite.Stmt) { out = append(out, timeAt(s, 0)) }, clip(udid), floor, maxRows)
	return out
}

// dayOf names a calendar day by its midnight in UTC, whatever the location.
func dayOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
