package history

import (
	"errors"
	"os"

	"zombiezen.com/go/sqlite"
)

// StandIn begins a history in memory for the one at path, which cannot be
// written now: on a full disk. It holds all that can be read there, so that
// nothing is told anew and nothing learned is lost; [DB.Recover] brings it back.
func StandIn(path string) (*DB, error) {
	conn, err := sqlite.OpenConn(":memory:", sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	if copyFrom(conn, path) == nil {
		db := &DB{conn: conn}
		if db.checkOurs() == nil { // what prepare finds wrong costs the copy alone
			if db, err := prepare(db); err == nil {
				db.standsFor, db.copied = path, true
				return db, nil
			}
		}
	}
	conn.Close()
	db, err := OpenMemory()
	if err != nil {
		return nil, err
	}
	db.standsFor = path
	return db, nil
}

// copyFrom reads the database at path into an empty one. It needs no space on
// the disk: with the file for itself SQLite keeps the index of its journal in
// memory (https://www.sqlite.org/wal.html#noshm).
func copyFrom(to *sqlite.Conn, path string) error {
	if fi, err := os.Stat(path); err != nil || fi.Size() == 0 {
		return errors.Join(err, os.ErrNotExist)
	}
	if err := inspect(path); err != nil {
		return err
	}
	from, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	defer from.Close()
	if err := (&DB{conn: from}).exec("PRAGMA locking_mode = EXCLUSIVE"); err != nil {
		return err
	}
	return copyAll(to, from)
}

// copyAll replaces the whole of one database by another, or leaves it as it was.
func copyAll(to, from *sqlite.Conn) error {
	b, err := sqlite.NewBackup(to, "main", from, "main")
	if err != nil {
		return err
	}
	_, err = b.Step(-1)
	return errors.Join(err, b.Close())
}

// StandsIn reports whether this history is kept in memory until it can be
// written where it belongs.
func (db *DB) StandsIn() bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.standsFor != ""
}

// Recover tries to bring a stand-in to where it belongs, with all that it has
// taken in. From then on it is an ordinary history. Until that succeeds the
// error says why, and the stand-in goes on.
func (db *DB) Recover(o Options) error {
	if !db.StandsIn() {
		return nil
	}
	disk, err := Open(db.standsFor, o)
	if err != nil {
		return err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if err = db.takeOver(disk); err != nil {
		disk.conn.Close()
		return classify(err)
	}
	return nil
}

// takeOver copies all to an open database and goes on with that. What could not
// be read when the stand-in began is never written over.
func (db *DB) takeOver(disk *DB) error {
	if db.conn == nil {
		return ErrClosed
	}
	if !db.copied && disk.number(`SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM notices) + (SELECT count(*) FROM checks)
		+ (SELECT count(*) FROM acks) + (SELECT count(*) FROM mutes) + (SELECT count(*) FROM snapshots)`) > 0 {
		return errors.New("it could not be read at the start: restart the watchdog")
	}
	if err := copyAll(disk.conn, db.conn); err != nil {
		return err
	}
	db.conn.Close()
	db.path, db.conn, db.file, db.aside, db.why = disk.path, disk.conn, disk.file, disk.aside, disk.why
	db.relaxed, db.locked, db.err, db.standsFor = false, false, nil, ""
	return nil
}
