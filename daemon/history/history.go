// Package history remembers what the watchdog saw and said: past runs, their
// progress curves, checks, notices and what became of them, what a person
// acknowledged or muted, and the snapshots from which sessions go on after a
// restart. It is one SQLite file in the watchdog's own state folder.
//
// # On disk
//
//	history.db                         the database, mode 0600, journal in WAL
//	history.db-wal, history.db-shm     SQLite's own, merged at the next checkpoint
//	history.db.damaged-20260131-093000 a file that was no longer a database of ours
//
//	application_id  0x42574448 ("BWDH"), so that no other database is taken for ours
//	user_version    number of migrations applied, see schema.go
//
//	runs     id | udid        | started       | ended | outcome  | bytes       | …
//	         1  | 00008110-…  | 1769850000000 | NULL  | running  | 88123904    |
//	samples  run | at | phase | bytes | files         at: seconds after the run began
//	         1   | 35 | 2     | 88123904 | 1204
//	notices  id | at | udid | run | event | code | severity | title | … | outcome | payload
//
// Times are Unix milliseconds, durations milliseconds, unknown is NULL. A run
// is known by its phone, its folder and the whole second in which it began.
//
// # The rule for change
//
// The columns are private to this package: nobody else writes SQL. A column is
// never given another meaning. A change is a new entry at the end of the list
// in schema.go, never an edit of an older one, together with a test that
// brings a database of the first version to the newest.
//
// # What a crash costs
//
// Notices, runs, checks and a person's own marks are on the disk when the call
// returns. Samples and snapshots are handed to the system and reach the disk
// with the next of those or at a checkpoint: a killed process loses nothing, a
// power failure at most those. Neither ever leaves a file that cannot be opened.
//
// # Trouble
//
// Reading methods return what could be read and nothing on failure; writing
// methods return their error. Both leave it in [DB.Err] until a later write
// succeeds, so that one place, the condition history-unavailable, can speak of it.
package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

var (
	// ErrNewer says that the database was written by a newer version of the
	// watchdog. Nothing was changed.
	ErrNewer = errors.New("the history was written by a newer version of Backup Watchdog; update this program, or move the file away")
	// ErrUnwritable says that the database cannot be opened for writing: a folder
	// that may not be written, or a full disk.
	ErrUnwritable = errors.New("the history cannot be written; check free space and who owns the state folder")
	// ErrDamaged says that an open database turned out to be damaged. Closing it
	// and opening it again sets it aside.
	ErrDamaged = errors.New("the history is damaged")
	// ErrClosed says that the database has been closed.
	ErrClosed = errors.New("the history is closed")
)

// DB is the open history. All methods may be called from any goroutine.
type DB struct {
	path string // "" in memory

	mu      sync.Mutex
	conn    *sqlite.Conn // nil once closed
	relaxed bool         // synchronous=NORMAL is in force
	locked  bool         // another program holds it: no write waits
	file    fs.FileInfo  // of path as it was opened; nil in memory
	err     error        // see Err

	standsFor string // the file that this one, in memory, is kept for; see StandIn
	copied    bool   // it began with what that file holds

	aside, why string
}

// SetAside returns where a damaged database was moved to when this one was
// opened; "" when nothing was damaged.
func (db *DB) SetAside() string { return db.aside }

// WhySetAside says in words what was wrong with the file that was set aside.
func (db *DB) WhySetAside() string { return db.why }

// InMemory reports whether this history is lost when the process ends.
func (db *DB) InMemory() bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.path == ""
}

// Err returns why the last read or write failed, nil when all is well. A
// successful write clears it.
func (db *DB) Err() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.err
}

// Close ends all use of the database. It may be called more than once.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.conn == nil {
		return nil
	}
	err := db.conn.Close()
	db.conn = nil
	return err
}

// Size returns how many bytes the database takes on disk, journal included.
func (db *DB) Size() int64 {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.sizeLocked()
}

func (db *DB) sizeLocked() int64 {
	size := db.number("PRAGMA page_count") * db.number("PRAGMA page_size")
	if fi, err := os.Stat(db.path + "-wal"); db.path != "" && err == nil {
		size += fi.Size()
	}
	return size
}

// number returns the single integer a query yields, 0 where there is none.
func (db *DB) number(query string, args ...any) (n int64) {
	if db.conn == nil {
		return 0
	}
	err := db.each(query, func(s *sqlite.Stmt) { n = s.ColumnInt64(0) }, args...)
	if err != nil {
		db.err = err
	}
	return n
}

// write runs fn in one transaction that is on the disk when write returns.
func (db *DB) write(fn func() error) error { return db.transact(false, fn) }

// writeSoon runs fn in one transaction that survives a crash of this process,
// but perhaps not one of the machine.
func (db *DB) writeSoon(fn func() error) error { return db.transact(true, fn) }

func (db *DB) transact(relaxed bool, fn func() error) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.conn == nil {
		return ErrClosed
	}
	err := db.relax(relaxed)
	if err == nil {
		err = db.inTransaction(fn)
	}
	db.patience(err)
	if err == nil {
		err = db.displaced()
	}
	db.err = classify(err)
	return db.err
}

// waitForLock is how long a write waits for another program that writes. Many
// writes may follow each other, and nobody hears the watchdog meanwhile: once
// one has waited in vain, the next ones do not wait until one succeeds.
const waitForLock = 500 * time.Millisecond

func (db *DB) patience(err error) {
	locked := err != nil && sqlite.ErrCode(err).ToPrimary() == sqlite.ResultBusy
	if locked == db.locked {
		return
	}
	db.locked = locked
	if db.conn.SetBusyTimeout(waitForLock); locked {
		db.conn.SetBusyTimeout(0)
	}
}

// displaced reports that another file, or none, stands where the open one lay:
// what is written from now on is lost with this process.
func (db *DB) displaced() error {
	if db.file == nil {
		return nil
	}
	if now, err := os.Stat(db.path); err == nil && os.SameFile(now, db.file) {
		return nil
	}
	return fmt.Errorf("%w (its file was removed or replaced while it was open: restart the watchdog)", ErrUnwritable)
}

// inTransaction runs fn between BEGIN IMMEDIATE and COMMIT, or ROLLBACK when
// it fails.
func (db *DB) inTransaction(fn func() error) (err error) {
	end, err := sqlitex.ImmediateTransaction(db.conn)
	if err != nil {
		return err
	}
	defer end(&err)
	return fn()
}

// relax chooses whether a commit waits for the disk.
func (db *DB) relax(relaxed bool) error {
	if relaxed == db.relaxed {
		return nil
	}
	pragma := "PRAGMA synchronous=FULL"
	if relaxed {
		pragma = "PRAGMA synchronous=NORMAL"
	}
	db.relaxed = relaxed
	return db.exec(pragma)
}

// read runs a query and hands each row to fn.
func (db *DB) read(query string, fn func(*sqlite.Stmt), args ...any) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.conn == nil {
		db.err = ErrClosed
		return
	}
	if err := db.each(query, fn, args...); err != nil {
		db.err = classify(err)
	}
}

// exec runs one statement. The lock must be held.
func (db *DB) exec(query string, args ...any) error {
	return sqlitex.Execute(db.conn, query, &sqlitex.ExecOptions{Args: args})
}

// each runs one query and hands its rows to fn. The lock must be held.
func (db *DB) each(query string, fn func(*sqlite.Stmt), args ...any) error {
	return sqlitex.Execute(db.conn, query, &sqlitex.ExecOptions{
		Args: args,
		ResultFunc: func(s *sqlite.Stmt) error {
			fn(s)
			return nil
		},
	})
}

// classify puts the sentinel that tells a caller what to do in front of
// SQLite's own words.
func classify(err error) error {
	if err == nil || errors.Is(err, ErrUnwritable) || errors.Is(err, ErrDamaged) {
		return err
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultFull, sqlite.ResultReadOnly, sqlite.ResultCantOpen, sqlite.ResultIOErr, sqlite.ResultPerm, sqlite.ResultAuth:
		return fmt.Errorf("%w (%v)", ErrUnwritable, err)
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return fmt.Errorf("%w (%v)", ErrDamaged, err)
	}
	return err
}

// millis is a time as the database has it; nil, which is NULL, for the zero time.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// timeAt is the time in a column; the zero time for NULL.
func timeAt(s *sqlite.Stmt, col int) time.Time {
	if s.ColumnIsNull(col) {
		return time.Time{}
	}
	return time.UnixMilli(s.ColumnInt64(col)).UTC()
}

// count is a counter as the database has it; nil, which is NULL, for -1.
func count(n int64) any {
	if n < 0 {
		return nil
	}
	return n
}

// countAt is the counter in a column; -1 for NULL.
func countAt(s *sqlite.Stmt, col int) int64 {
	if s.ColumnIsNull(col) {
		return -1
	}
	return s.ColumnInt64(col)
}

// limitOf turns "no limit" into one that bounds what a caller can ask for.
func limitOf(limit int) int {
	if limit <= 0 || limit > maxRows {
		return maxRows
	}
	return limit
}

const (
	maxRows  = 50_000  // rows a single call returns at most
	maxText  = 2_000   // bytes of one text, which no notice comes near
	maxValue = 4 << 20 // bytes of one snapshot
)

// clip bounds a text before it is stored, at a character's edge.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	cut := maxText
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut]
}
