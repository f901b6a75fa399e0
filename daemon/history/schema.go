package history

import (
	"fmt"

	"zombiezen.com/go/sqlite/sqlitex"
)

// applicationID marks a database as ours: "BWDH".
const applicationID = 0x42574448

// migrations bring a database from each version to the next; user_version
// counts how many were applied. Entries are never edited, only added.
var migrations = []string{
	// 1: runs and their curves, notices, a person's marks, checks, snapshots.
	`
CREATE TABLE runs (
	id INTEGER PRIMARY KEY,
	udid TEXT NOT NULL,
	started INTEGER NOT NULL,
	ended INTEGER,
	outcome TEXT NOT NULL,
	kind TEXT NOT NULL DEFAULT '',
	chain TEXT NOT NULL DEFAULT '',
	link TEXT NOT NULL DEFAULT '',
	phase TEXT NOT NULL DEFAULT '',
	bytes INTEGER, files INTEGER,
	preparing INTEGER NOT NULL DEFAULT 0,
	transferring INTEGER NOT NULL DEFAULT 0,
	finishing INTEGER NOT NULL DEFAULT 0,
	settling INTEGER NOT NULL DEFAULT 0,
	duration INTEGER NOT NULL DEFAULT 0,
	encrypted INTEGER,
	chain_files INTEGER, chain_bytes INTEGER,
	disk_full INTEGER NOT NULL DEFAULT 0,
	taught INTEGER NOT NULL DEFAULT 0,
	thinned INTEGER NOT NULL DEFAULT 0, -- points its curve was thinned to; 0: not yet
	UNIQUE (udid, started)
);
CREATE INDEX runs_started ON runs (started);

CREATE TABLE samples (
	run INTEGER NOT NULL,
	at INTEGER NOT NULL, -- seconds after the run began
	phase INTEGER NOT NULL,
	bytes INTEGER, files INTEGER,
	PRIMARY KEY (run, at)
) WITHOUT ROWID;

CREATE TABLE notices (
	id INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	udid TEXT NOT NULL,
	run TEXT NOT NULL DEFAULT '',
	event TEXT NOT NULL,
	code TEXT NOT NULL,
	severity INTEGER NOT NULL,
	title TEXT NOT NULL,
	text TEXT NOT NULL,
	channel TEXT NOT NULL,
	outcome TEXT NOT NULL,
	reason TEXT NOT NULL DEFAULT '',
	key TEXT NOT NULL,
	tries INTEGER NOT NULL DEFAULT 0,
	payload BLOB -- what to send again after a crash; NULL once finished
);
CREATE INDEX notices_at ON notices (at);
CREATE INDEX notices_key ON notices (key);
CREATE INDEX notices_pending ON notices (id) WHERE outcome = 'pending';

CREATE TABLE acks (key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE mutes (
	udid TEXT NOT NULL,
	code TEXT NOT NULL,
	until INTEGER, -- NULL: for good
	PRIMARY KEY (udid, code)
) WITHOUT ROWID;

CREATE TABLE checks (
	id INTEGER PRIMARY KEY,
	udid TEXT NOT NULL,
	at INTEGER NOT NULL,
	result TEXT NOT NULL -- backup.CheckResult as JSON
);
CREATE INDEX checks_udid ON checks (udid, at);

CREATE TABLE snapshots (key TEXT PRIMARY KEY, value BLOB NOT NULL);
`,
	// 2: the days on which a phone could be reached, for "overdue".
	`
CREATE TABLE days (udid TEXT NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (udid, day)) WITHOUT ROWID;
`,
	// 3: the folder of a run and of a check, since a phone may have backups in
	// several: '' where an older version did not note it.
	`
CREATE TABLE runs3 (
	id INTEGER PRIMARY KEY,
	udid TEXT NOT NULL,
	started INTEGER NOT NULL,
	ended INTEGER,
	outcome TEXT NOT NULL,
	kind TEXT NOT NULL DEFAULT '',
	chain TEXT NOT NULL DEFAULT '',
	link TEXT NOT NULL DEFAULT '',
	phase TEXT NOT NULL DEFAULT '',
	bytes INTEGER, files INTEGER,
	preparing INTEGER NOT NULL DEFAULT 0,
	transferring INTEGER NOT NULL DEFAULT 0,
	finishing INTEGER NOT NULL DEFAULT 0,
	settling INTEGER NOT NULL DEFAULT 0,
	duration INTEGER NOT NULL DEFAULT 0,
	encrypted INTEGER,
	chain_files INTEGER, chain_bytes INTEGER,
	disk_full INTEGER NOT NULL DEFAULT 0,
	taught INTEGER NOT NULL DEFAULT 0,
	thinned INTEGER NOT NULL DEFAULT 0,
	path TEXT NOT NULL DEFAULT '',
	UNIQUE (udid, started, path)
);
INSERT INTO runs3 SELECT id, udid, started, ended, outcome, kind, chain, link, phase, bytes, files, preparing, transferring,
	finishing, settling, duration, encrypted, chain_files, chain_bytes, disk_full, taught, thinned, '' FROM runs;
DROP TABLE runs;
ALTER TABLE runs3 RENAME TO runs;
CREATE INDEX runs_started ON runs (started);
ALTER TABLE checks ADD COLUMN path TEXT NOT NULL DEFAULT '';
`,
}

// tables are what a database of the newest version must hold; one that lacks
// any is not whole.
const tables = `'runs', 'samples', 'notices', 'acks', 'mutes', 'checks', 'snapshots', 'days'`

const tableCount = 8

// migrate brings an open database to the newest version in one transaction:
// afterwards it is the newest, or exactly as it was.
func (db *DB) migrate() error {
	version := db.number("PRAGMA user_version")
	if version > int64(len(migrations)) {
		return fmt.Errorf("%w (version %d, this program knows %d)", ErrNewer, version, len(migrations))
	}
	if n := db.tables(); version > 0 && n < tableCount-1 { // the first version had one less
		return fmt.Errorf("%w (%d of %d tables are there)", ErrDamaged, n, tableCount)
	}
	if version < int64(len(migrations)) {
		if err := db.inTransaction(func() error { return db.apply(migrations[version:]) }); err != nil {
			return err
		}
		// The version shows in the file's own header only after this, and it is
		// from there that a version of the past will refuse it untouched.
		if err := db.exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			return err
		}
	}
	if n := db.tables(); n != tableCount {
		return fmt.Errorf("%w (%d of %d tables are there)", ErrDamaged, n, tableCount)
	}
	return nil
}

// tables counts those of ours that are there.
func (db *DB) tables() int64 {
	return db.number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN (" + tables + ")")
}

// apply runs migrations and counts them. PRAGMA takes no parameters, hence the
// formatting of our own constants.
func (db *DB) apply(scripts []string) error {
	for _, script := range scripts {
		if err := sqlitex.ExecuteScript(db.conn, script, nil); err != nil {
			return err
		}
	}
	if err := sqlitex.ExecuteTransient(db.conn, fmt.Sprintf("PRAGMA user_version = %d", len(migrations)), nil); err != nil {
		return err
	}
	return sqlitex.ExecuteTransient(db.conn, fmt.Sprintf("PRAGMA application_id = %d", applicationID), nil)
}
