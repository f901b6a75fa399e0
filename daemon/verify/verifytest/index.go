package verifytest

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// schema is that of a phone's Manifest.db (MVT's sample).
const schema = `
CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB);
CREATE INDEX FilesDomainIdx ON Files(domain);
CREATE INDEX FilesRelativePathIdx ON Files(relativePath);
CREATE INDEX FilesFlagsIdx ON Files(flags);
CREATE TABLE Properties (key TEXT PRIMARY KEY, value BLOB);
PRAGMA user_version = 2;`

// index writes Manifest.db or Manifest.mbdb.
func (c Chain) index(w *Written, keys *keybag) error {
	if c.Flat {
		return os.WriteFile(filepath.Join(w.Dir, "Manifest.mbdb"), mbdb(w.Files, keys), 0o644)
	}
	path := filepath.Join(w.Dir, "Manifest.db")
	if err := writeDatabase(path, w.Files, keys); err != nil {
		return err
	}
	if keys == nil || c.PlainIndex {
		return nil
	}
	plain, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, encrypt(keys.manifest, plain), 0o644)
}

// writeDatabase makes the index with a row for each file and one for each domain.
func writeDatabase(path string, files []File, keys *keybag) (err error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate, sqlite.OpenWAL)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := conn.Close(); err == nil {
			err = cerr
		}
	}()
	if err := sqlitex.ExecuteScript(conn, schema, nil); err != nil {
		return err
	}
	defer sqlitex.Save(conn)(&err)
	stmt := conn.Prep("INSERT INTO Files VALUES (?, ?, ?, ?, ?)")
	domains := map[string]bool{}
	for _, f := range files {
		if !domains[f.Domain] {
			domains[f.Domain] = true
			dir := Archive(MBFile{Mode: 0o40755})
			if err := insert(stmt, File{ID: ID(f.Domain, ""), Domain: f.Domain}, 2, dir); err != nil {
				return err
			}
		}
		m := MBFile{Path: f.Path, Size: f.Size, Mode: 0o100644, ModTime: 1700000000, Digest: f.Digest}
		if keys != nil {
			m.EncryptionKey = keys.wrapFor(f.key)
		}
		if err := insert(stmt, f, 1, Archive(m)); err != nil {
			return err
		}
	}
	return nil
}

func insert(stmt *sqlite.Stmt, f File, flags int64, blob []byte) error {
	stmt.BindText(1, f.ID)
	stmt.BindText(2, f.Domain)
	stmt.BindText(3, f.Path)
	stmt.BindInt64(4, flags)
	stmt.BindBytes(5, blob)
	if _, err := stmt.Step(); err != nil {
		return err
	}
	return stmt.Reset()
}

// Exec runs SQL statements on a backup's Manifest.db, to damage or change it,
// and leaves nothing beside it.
func (w *Written) Exec(sql string) error {
	conn, err := sqlite.OpenConn(filepath.Join(w.Dir, "Manifest.db"), sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	for strings.TrimSpace(sql) != "" && err == nil {
		sql, err = step(conn, strings.TrimSpace(sql))
	}
	return errors.Join(err, conn.Close())
}

// step runs the first statement and returns the rest: not in a transaction,
// which VACUUM and some pragmas refuse.
func step(conn *sqlite.Conn, sql string) (rest string, err error) {
	stmt, trailing, err := conn.PrepareTransient(sql)
	if err != nil {
		return "", err
	}
	for more := true; more && err == nil; {
		more, err = stmt.Step()
	}
	return sql[len(sql)-trailing:], errors.Join(err, stmt.Finalize())
}

// Blob replaces the archive of one row.
func (w *Written) Blob(id string, blob []byte) error {
	return w.Exec("UPDATE Files SET file = x'" + hex.EncodeToString(blob) + "' WHERE fileID = '" + id + "';")
}

// mbdb writes the index of iOS 4 to 9: magic, then a record for each file.
func mbdb(files []File, keys *keybag) []byte {
	b := []byte("mbdb\x05\x00")
	str := func(s string) {
		b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
		b = append(b, s...)
	}
	null := func() { b = append(b, 0xff, 0xff) }
	record := func(f File, mode uint16, props int) {
		str(f.Domain)
		str(f.Path)
		null()
		if len(f.Digest) == 0 {
			null()
		} else {
			str(string(f.Digest))
		}
		if keys == nil || f.key == nil {
			null()
		} else {
			str(string(keys.wrapFor(f.key)))
		}
		b = binary.BigEndian.AppendUint16(b, mode)
		b = binary.BigEndian.AppendUint64(b, 4711)
		for _, v := range []uint32{501, 501, 1700000000, 1700000000, 1700000000} {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		b = binary.BigEndian.AppendUint64(b, uint64(f.Size))
		b = append(b, 3, byte(props))
		for range props {
			str("com.apple.metadata")
			str("value")
		}
	}
	for i, f := range files {
		if i%50 == 0 {
			record(File{Domain: f.Domain}, 0o40755, 0)
		}
		record(f, 0o100644, i%3)
	}
	return b
}

// Create makes a new Manifest.db with the given SQL alone.
func (w *Written) Create(sql string) error {
	conn, err := sqlite.OpenConn(filepath.Join(w.Dir, "Manifest.db"), sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return err
	}
	if err := sqlitex.ExecuteScript(conn, "PRAGMA journal_mode=DELETE;"+sql, nil); err != nil {
		conn.Close()
		return err
	}
	return conn.Close()
}
