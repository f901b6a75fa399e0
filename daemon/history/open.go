package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"
)

// Options say how to open a history.
type Options struct {
	// Now names the file a damaged database is set aside as. It must be set.
	Now time.Time
}

// keepDamaged is how many damaged databases are kept beside the good one.
const keepDamaged = 3

// companions are the names that belong to one database.
var companions = []string{"", "-wal", "-shm", "-journal"}

// Open opens the history at path and begins one where there is none. What
// stands there and is no whole database of ours is set aside, see
// [DB.SetAside]; an older one is brought forward. A newer one gives [ErrNewer]
// and stays untouched; where nothing can be written the error is
// [ErrUnwritable], and [OpenMemory] lets the watchdog go on.
func Open(path string, o Options) (*DB, error) {
	err := inspect(path)
	if errors.Is(err, ErrDamaged) {
		return openAfresh(path, o, err)
	}
	if err != nil {
		return nil, err
	}
	db, err := openFile(path)
	if errors.Is(err, ErrDamaged) {
		return openAfresh(path, o, err)
	}
	return db, err
}

// OpenToRead opens the history of a watchdog that may be running, and changes
// nothing: for watchdogctl where no daemon answers. Only this version's own
// format can be read; fs.ErrNotExist where there is none.
func OpenToRead(path string) (*DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("opening the history: %w", err)
	}
	if err := inspect(path); err != nil {
		return nil, err
	}
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return nil, classify(err)
	}
	db := &DB{path: path, conn: conn}
	conn.SetBusyTimeout(2 * time.Second)
	err = db.checkOurs()
	if version := db.number("PRAGMA user_version"); err == nil && version != int64(len(migrations)) {
		err = fmt.Errorf("the history has an older format (version %d); start watchdogd once to upgrade it", version)
	}
	if err != nil {
		conn.Close()
		return nil, classify(err)
	}
	return db, nil
}

// OpenMemory begins a history that ends with the process.
func OpenMemory() (*DB, error) {
	conn, err := sqlite.OpenConn(":memory:", sqlite.OpenReadWrite)
	if err != nil {
		return nil, fmt.Errorf("opening a history in memory: %w", err)
	}
	return prepare(&DB{conn: conn})
}

// openAfresh sets aside what stands at path, for the reason in damage, and
// opens a new database in its place.
func openAfresh(path string, o Options, damage error) (*DB, error) {
	aside, err := setAside(path, o.Now)
	if err != nil {
		return nil, fmt.Errorf("%w (setting a damaged history aside: %v)", ErrUnwritable, err)
	}
	db, err := openFile(path)
	if err != nil {
		return nil, err
	}
	db.aside, db.why = aside, damage.Error()
	return db, nil
}

// openFile opens or creates the database file and makes it ready.
func openFile(path string) (*DB, error) {
	// SQLite would create it readable for everybody; its journal takes over the mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w (%v)", ErrUnwritable, err)
	}
	f.Close()
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, classify(err)
	}
	file, err := os.Stat(path)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("%w (%v)", ErrUnwritable, err)
	}
	return prepare(&DB{path: path, conn: conn, file: file})
}

// prepare checks, configures and migrates a freshly opened connection. It
// closes it when that fails.
func prepare(db *DB) (*DB, error) {
	db.conn.SetBusyTimeout(waitForLock) // somebody may be reading with the sqlite3 tool
	for _, step := range []func() error{db.checkOurs, db.configure, db.migrate, db.checkWhole, db.probe} {
		if err := step(); err != nil {
			db.conn.Close()
			return nil, classify(err)
		}
	}
	db.err = nil
	return db, nil
}

// checkOurs refuses a database that another program made.
func (db *DB) checkOurs() error {
	var id, objects int64
	if err := db.each("SELECT count(*) FROM sqlite_schema", func(s *sqlite.Stmt) { objects = s.ColumnInt64(0) }); err != nil {
		return err
	}
	id = db.number("PRAGMA application_id")
	if objects > 0 && id != applicationID {
		return fmt.Errorf("%w (it belongs to another program: application id %#x)", ErrDamaged, id)
	}
	return nil
}

// configure sets what SQLite remembers in the file (auto_vacuum, only before
// the first table; the journal) and what it does not.
func (db *DB) configure() error {
	for _, pragma := range []string{
		"PRAGMA auto_vacuum = INCREMENTAL",
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL",
		"PRAGMA journal_size_limit = 4194304",
		"PRAGMA cache_size = -1024", // KiB
		"PRAGMA trusted_schema = OFF",
	} {
		if err := db.exec(pragma); err != nil {
			return err
		}
	}
	return nil
}

// checkWhole lets SQLite walk all pages: a fraction of a second for 50 MB.
func (db *DB) checkWhole() error {
	verdict := ""
	err := db.each("PRAGMA quick_check(1)", func(s *sqlite.Stmt) { verdict = s.ColumnText(0) })
	if err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w (%s)", ErrDamaged, verdict)
	}
	return nil
}

// probe writes once, so that a folder that may not be written or a full disk
// is known now and not with the first notice.
func (db *DB) probe() error {
	return db.inTransaction(func() error {
		if err := db.exec("INSERT OR REPLACE INTO snapshots (key, value) VALUES ('probe', zeroblob(4096))"); err != nil {
			return err
		}
		return db.exec("DELETE FROM snapshots WHERE key = 'probe'")
	})
}

// inspect looks at what stands at path without SQLite: SQLite would wait at a
// pipe, and would begin to repair a file that a newer version must find
// unchanged. The header's layout: https://www.sqlite.org/fileformat.html
// (user_version at byte 60, application_id at byte 68, big-endian).
func inspect(path string) error {
	for _, suffix := range companions {
		fi, err := os.Stat(path + suffix)
		if err == nil && !fi.Mode().IsRegular() {
			return fmt.Errorf("%w (%s is not a regular file)", ErrDamaged, filepath.Base(path+suffix))
		}
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w (%v)", ErrUnwritable, err)
	}
	defer f.Close()
	var head [100]byte
	if n, err := io.ReadFull(f, head[:]); n == 0 && err == io.EOF {
		return nil // an empty file is a database that was about to begin
	} else if err != nil {
		return fmt.Errorf("%w (only %d bytes long)", ErrDamaged, n)
	}
	version, id := binary.BigEndian.Uint32(head[60:]), binary.BigEndian.Uint32(head[68:])
	if id == applicationID && version > uint32(len(migrations)) {
		return fmt.Errorf("%w (version %d, this program knows %d)", ErrNewer, version, len(migrations))
	}
	return nil
}

// setAside renames the database with its journal, and forgets the oldest of
// those that were set aside before.
func setAside(path string, now time.Time) (string, error) {
	aside := fmt.Sprintf("%s.damaged-%s", path, now.UTC().Format("20060102-150405"))
	for n := 2; exists(aside); n++ {
		aside = fmt.Sprintf("%s.damaged-%s-%d", path, now.UTC().Format("20060102-150405"), n)
	}
	for _, suffix := range companions {
		err := os.Rename(path+suffix, aside+suffix)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	forgetOldest(path)
	return aside, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// forgetOldest removes all but the newest few damaged databases. A folder that
// is not empty stays: the watchdog did not fill it.
func forgetOldest(path string) {
	old, err := filepath.Glob(escapeGlob(path) + ".damaged-????????-??????*")
	if err != nil {
		return // unreachable: the pattern is well formed
	}
	old = slices.DeleteFunc(old, func(p string) bool {
		return slices.Contains(companions[1:], suffixOf(p))
	})
	slices.Sort(old)
	for _, p := range old[:max(0, len(old)-keepDamaged)] {
		for _, suffix := range companions {
			os.Remove(p + suffix)
		}
	}
}

// suffixOf returns the companion suffix of a name, "" when it has none.
func suffixOf(p string) string {
	for _, suffix := range companions[1:] {
		if len(p) > len(suffix) && p[len(p)-len(suffix):] == suffix {
			return suffix
		}
	}
	return ""
}

// escapeGlob makes a path match itself and nothing else.
func escapeGlob(path string) string {
	var out []rune
	for _, r := range path {
		if r == '*' || r == '?' || r == '[' || r == '\\' {
			out = append(out, '\\')
		}
		out = append(out, r)
	}
	return string(out)
}
