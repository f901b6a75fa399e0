package history

import (
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

// The outcomes of a notice, as the contract has them.
const (
	Pending    = "pending"    // written, handed to its channel, not heard of since
	Sent       = "sent"       // the channel took it; whether it was seen nobody knows
	Failed     = "failed"     // the channel refused; the reason says why
	Suppressed = "suppressed" // decided not to tell; the reason says which rule
)

const noticeColumns = `id, at, udid, run, event, code, severity, title, text, channel, outcome, reason, key`

// AddNotice writes one notice and returns its row. Without an outcome it is
// pending: to be finished with [DB.Finish].
func (db *DB) AddNotice(n control.Notice) (int64, error) {
	ids, err := db.AddNotices(nil, n)
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

// AddNotices writes the notices of one decision, one for each channel, so that
// either all or none are there after a crash. The payload is kept with those
// that are pending until they are finished: what is needed to send them again.
func (db *DB) AddNotices(payload []byte, notices ...control.Notice) ([]int64, error) {
	if len(payload) > maxValue {
		return nil, fmt.Errorf("a notice of %d bytes is too large to keep", len(payload))
	}
	ids := make([]int64, 0, len(notices))
	err := db.write(func() error {
		for _, n := range notices {
			if err := db.insertNotice(n, payload); err != nil {
				return err
			}
			ids = append(ids, db.conn.LastInsertRowID())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

func (db *DB) insertNotice(n control.Notice, payload []byte) error {
	if n.Outcome == "" {
		n.Outcome = Pending
	}
	var kept any
	if n.Outcome == Pending && payload != nil {
		kept = payload
	}
	return db.exec(`INSERT INTO notices (at, udid, run, event, code, severity, title, text, channel, outcome, reason, key, payload)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		n.At.UnixMilli(), clip(n.UDID), clip(n.Run), clip(n.Event), clip(string(n.Code)), int(n.Severity), clip(n.Title), clip(n.Text),
		clip(n.Channel), clip(n.Outcome), clip(n.Reason), clip(n.Key), kept)
}

// Finish records what became of a notice.
func (db *DB) Finish(id int64, outcome, reason string) error {
	return db.write(func() error {
		return db.exec("UPDATE notices SET outcome = ?, reason = ?, payload = NULL WHERE id = ?", outcome, clip(reason), id)
	})
}

// Retry counts one more attempt to send a pending notice after a crash and
// returns how many there were, this one included.
func (db *DB) Retry(id int64) (tries int, err error) {
	err = db.write(func() error {
		return db.each("UPDATE notices SET tries = tries + 1 WHERE id = ? RETURNING tries",
			func(s *sqlite.Stmt) { tries = s.ColumnInt(0) }, id)
	})
	return tries, err
}

// PendingNotice is one that was written and perhaps never sent.
type PendingNotice struct {
	control.Notice
	Payload []byte // as given to AddNotices; nil when none was
}

// PendingNotices returns those whose outcome is not known, oldest first: after
// a start, what a crash left behind.
func (db *DB) PendingNotices() []PendingNotice {
	var out []PendingNotice
	db.read("SELECT "+noticeColumns+", payload FROM notices WHERE outcome = 'pending' ORDER BY id LIMIT 1000",
		func(s *sqlite.Stmt) { out = append(out, PendingNotice{scanNotice(s), blobAt(s, 13)}) })
	return out
}

// Notices returns the notices written at since or later, newest first: those
// about one phone, or all when udid is "". A limit of 0 means all.
func (db *DB) Notices(udid string, since time.Time, limit int) []control.Notice {
	return db.notices("(?1 = '' OR udid = ?1) AND at >= ?2 ORDER BY id DESC LIMIT ?3", udid, floorMillis(since), limitOf(limit))
}

// Unseen returns, newest first, the last notice of each trouble that went out
// and was neither acknowledged nor cleared since.
func (db *DB) Unseen(limit int) []control.Notice {
	return db.notices(`outcome = 'sent' AND event IN ('raised', 'repeated') AND key NOT IN (SELECT key FROM acks)
		AND NOT EXISTS (SELECT 1 FROM notices AS later WHERE later.key = notices.key AND later.id > notices.id
			AND (later.event IN ('cleared', 'verified') OR later.outcome = 'sent'))
		ORDER BY id DESC LIMIT ?`, limitOf(limit))
}

// Told returns every notice but the suppressed ones since then, oldest first:
// what the decision whether to speak has to remember.
func (db *DB) Told(since time.Time) []control.Notice {
	return db.notices("at >= ? AND (outcome <> 'suppressed' OR event IN ('cleared', 'verified')) ORDER BY id LIMIT ?", floorMillis(since), maxRows)
}

func (db *DB) notices(where string, args ...any) (out []control.Notice) {
	db.read("SELECT "+noticeColumns+" FROM notices WHERE "+where,
		func(s *sqlite.Stmt) { out = append(out, scanNotice(s)) }, args...)
	return out
}

func scanNotice(s *sqlite.Stmt) control.Notice {
	return control.Notice{
		ID:       s.ColumnInt64(0),
		At:       timeAt(s, 1),
		UDID:     s.ColumnText(2),
		Run:      s.ColumnText(3),
		Event:    s.ColumnText(4),
		Code:     backup.Code(s.ColumnText(5)),
		Severity: severityAt(s, 6),
		Title:    s.ColumnText(7),
		Text:     s.ColumnText(8),
		Channel:  s.ColumnText(9),
		Outcome:  s.ColumnText(10),
		Reason:   s.ColumnText(11),
		Key:      s.ColumnText(12),
	}
}

// severityAt never yields a number that has no name.
func severityAt(s *sqlite.Stmt, col int) backup.Severity {
	return backup.Severity(min(max(s.ColumnInt(col), int(backup.Info)), int(backup.Critical)))
}

// blobAt is a copy of the bytes in a column; nil for NULL.
func blobAt(s *sqlite.Stmt, col int) []byte {
	if s.ColumnIsNull(col) {
		return nil
	}
	b := make([]byte, s.ColumnLen(col))
	s.ColumnBytes(col, b)
	return b
}
