package verify

import (
	"backupwatchdog/daemon/words"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// A listing is one file of an index as a reader hands it over; its slices are
// valid only during the call.
type listing struct {
	id           []byte // as written: hostile, perhaps no id at all
	domain, path string // only when asked for
	file         mbFile
	readable     bool // file was understood; else only presence can be checked
}

// want says what of a row is needed; less is faster.
type want struct{ names, file bool }

// An index lists files. read calls yield for each, in the same order every
// time, and stops at its first error.
type index interface {
	read(ctx context.Context, w want, yield func(*listing) error) error
	close()
}

// errIndex is any trouble with an index that is the index's own: damage, not a
// failure of this program.
type errIndex struct{ why string }

func (e *errIndex) Error() string { return e.why }

// sqliteIndex is Manifest.db, read through SQLite with `mode=ro&immutable=1`:
// a read-only connection alone would create -wal and -shm files in the backup,
// since the phone marks its database as WAL.
type sqliteIndex struct {
	path string
	conn *sqlite.Conn
}

// longestRow bounds what a row may hold; a real one has under a kilobyte.
const longestRow = 16 << 20

// openSQLite opens the database at an absolute path and checks that Files is
// an ordinary table with the columns we read, and not something that runs code.
func openSQLite(ctx context.Context, path string) (*sqliteIndex, error) {
	conn, err := openImmutable(path)
	if err != nil {
		return nil, sqliteTrouble(ctx, err)
	}
	conn.SetInterrupt(ctx.Done())
	x := &sqliteIndex{path, conn}
	if err := x.checkSchema(); err != nil {
		x.close()
		return nil, sqliteTrouble(ctx, err)
	}
	return x, nil
}

// openImmutable makes a connection that writes nothing, runs no code that a
// schema brings along, and takes no row of absurd size.
func openImmutable(path string) (*sqlite.Conn, error) {
	uri := (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "mode=ro&immutable=1"}).String()
	conn, err := sqlite.OpenConn(uri, sqlite.OpenReadOnly, sqlite.OpenURI)
	if err != nil {
		return nil, err
	}
	conn.Limit(sqlite.LimitLength, longestRow)
	conn.Limit(sqlite.LimitAttached, 0)
	conn.Limit(sqlite.LimitTriggerDepth, 1)
	for _, pragma := range []string{"trusted_schema=OFF", "query_only=ON", "mmap_size=0", "temp_store=MEMORY", "cache_size=16"} {
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA "+pragma, nil); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

// sqliteTrouble tells damage of the database from our own end of patience.
func sqliteTrouble(ctx context.Context, err error) error {
	var own *errIndex
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &own):
		return err
	}
	switch code := sqlite.ErrCode(err); code.ToPrimary() {
	case sqlite.ResultNotADB:
		return &errIndex{words.IndexNoDatabase}
	case sqlite.ResultCorrupt:
		return &errIndex{words.IndexDamaged}
	case sqlite.ResultTooBig:
		return &errIndex{words.IndexRowTooLarge}
	case sqlite.ResultNoMem:
		return fmt.Errorf("reading the index: %w", err)
	default:
		return &errIndex{words.IndexUnreadable(code.Message())}
	}
}

// checkSchema insists on a plain table Files: a view, a virtual table or
// generated columns would run whatever their author wrote.
func (x *sqliteIndex) checkSchema() error {
	sql := ""
	err := sqlitex.ExecuteTransient(x.conn, `SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'Files'`,
		&sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			sql = stmt.ColumnText(0)
			return nil
		}})
	if err != nil {
		return err
	}
	if !strings.HasPrefix(strings.ToUpper(sql), "CREATE TABLE") {
		return &errIndex{words.IndexNoTable}
	}
	need := map[string]bool{"fileid": true, "domain": true, "relativepath": true, "flags": true, "file": true}
	err = sqlitex.ExecuteTransient(x.conn, `PRAGMA table_xinfo(Files)`, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		if stmt.ColumnInt(6) == 0 {
			delete(need, strings.ToLower(stmt.ColumnText(1)))
		}
		return nil
	}})
	if err != nil {
		return err
	}
	if len(need) > 0 {
		return &errIndex{words.IndexNoColumns}
	}
	return x.checkEncoding()
}

// checkEncoding insists on UTF-8, which every phone writes: names are compared
// as bytes.
func (x *sqliteIndex) checkEncoding() error {
	return sqlitex.ExecuteTransient(x.conn, `PRAGMA encoding`, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		if stmt.ColumnText(0) != "UTF-8" {
			return &errIndex{words.IndexNotUTF8}
		}
		return nil
	}})
}

// What a row is: flags hold 1 for a file, 2 for a folder, 4 for a
// link, and bits that a phone clears before it sends them.
const (
	kindBits   = 7
	kindFile   = 1
	kindFolder = 2
	kindLink   = 4
)

// isFile reports whether a row is of a file. A kind that no phone writes is a
// file's unless the row's own record says otherwise: what cannot be told is
// not passed over.
func (l *listing) isFile(kind int) bool {
	return kind == kindFile || l.file.Mode < 0 || l.file.Mode&0xf000 == 0x8000
}

// read implements index. Rows come as they lie in the file, and blobs are read
// where SQLite has them.
func (x *sqliteIndex) read(ctx context.Context, w want, yield func(*listing) error) error {
	columns := "iif((flags & 7) = 1, NULL, file)"
	if w.file {
		columns = "file"
	}
	if w.names {
		columns += ", domain, relativePath"
	}
	stmt, _, err := x.conn.PrepareTransient("SELECT fileID, flags & 7, " + columns + " FROM Files NOT INDEXED WHERE ifnull(flags & 7, 0) NOT IN (2, 4)")
	if err != nil {
		return sqliteTrouble(ctx, err)
	}
	defer stmt.Finalize()
	var l listing
	id, blob := make([]byte, 64), make([]byte, 64<<10)
	for {
		more, err := stmt.Step()
		if err != nil {
			return sqliteTrouble(ctx, err)
		}
		if !more {
			return nil
		}
		l.id = id[:stmt.ColumnBytes(0, id)]
		kind := stmt.ColumnInt(1)
		if w.file || kind != kindFile {
			n := stmt.ColumnBytes(2, blob)
			if n == len(blob) { // perhaps there is more of it
				blob = make([]byte, stmt.ColumnLen(2)+1)
				n = stmt.ColumnBytes(2, blob)
			}
			l.file, l.readable = readMBFile(blob[:n])
			if !l.isFile(kind) {
				continue
			}
		}
		if w.names {
			l.domain, l.path = stmt.ColumnText(3), stmt.ColumnText(4)
		}
		if err := yield(&l); err != nil {
			return err
		}
	}
}

func (x *sqliteIndex) close() { x.conn.Close() }

// quickCheck runs SQLite's own check of the database's structure on a
// connection of its own. It returns "" when the database is in order. A file of
// zero bytes also is, to SQLite; ours comes first.
func quickCheck(ctx context.Context, path string) (fault string, err error) {
	conn, err := openImmutable(path)
	if err != nil {
		return "", sqliteTrouble(ctx, err)
	}
	defer conn.Close()
	conn.SetInterrupt(ctx.Done())
	err = sqlitex.ExecuteTransient(conn, `PRAGMA quick_check(1)`, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		if s := stmt.ColumnText(0); s != "ok" && fault == "" {
			fault = s
		}
		return nil
	}})
	if err != nil {
		err = sqliteTrouble(ctx, err)
		var own *errIndex
		if errors.As(err, &own) {
			return own.why, nil
		}
		return "", err
	}
	return fault, nil
}
