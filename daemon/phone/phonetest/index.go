package phonetest

import (
	"crypto/sha1"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// schema of Manifest.db, as found in real backups (sample of
// mvt-project/mvt).
const schema = `
CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB);
CREATE INDEX FilesDomainIdx ON Files(domain);
CREATE INDEX FilesRelativePathIdx ON Files(relativePath);
CREATE INDEX FilesFlagsIdx ON Files(flags);
CREATE TABLE Properties (key TEXT PRIMARY KEY, value BLOB);`

// buildIndex writes a Manifest.db with the rows to a new file of that name.
func buildIndex(name string, rows []File) error {
	conn, err := sqlite.OpenConn(name, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		return fmt.Errorf("building an index: %w", err)
	}
	err = fillIndex(conn, rows)
	if cerr := conn.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("building an index: %w", err)
	}
	return markWAL(name)
}

// fillIndex makes the tables without a journal: nobody needs the file if this
// fails.
func fillIndex(conn *sqlite.Conn, rows []File) error {
	for _, pragma := range []string{"page_size = 4096", "journal_mode = OFF", "synchronous = OFF", "user_version = 2"} {
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA "+pragma, nil); err != nil {
			return err
		}
	}
	if err := sqlitex.ExecuteScript(conn, schema, nil); err != nil {
		return err
	}
	return insertRows(conn, rows)
}

// insertRows fills the table in one transaction.
func insertRows(conn *sqlite.Conn, rows []File) (err error) {
	defer sqlitex.Save(conn)(&err)
	stmt, err := conn.Prepare(`INSERT INTO Files VALUES (?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	for i, f := range rows {
		stmt.BindText(1, f.ID)
		stmt.BindText(2, f.Domain)
		stmt.BindText(3, f.Path)
		stmt.BindInt64(4, int64(f.Flags))
		stmt.BindBytes(5, f.record(i))
		if _, err := stmt.Step(); err != nil {
			return err
		}
		if err := stmt.Reset(); err != nil {
			return err
		}
	}
	return nil
}

// markWAL sets the header bytes that say WAL mode, as the phone's own
// databases have them: whoever opens the file in the ordinary way then leaves
// a -wal and a -shm beside it.
func markWAL(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt([]byte{2, 2}, 18)
	return err
}

// record is the keyed archive with class MBFile that a row carries.
func (f File) record(i int) []byte {
	mode := map[int]int{1: 0o100644, 2: 0o040755, 4: 0o120755}[f.Flags]
	when := 1_700_000_000 + i
	file := pairs{
		"$class", uid(2), "RelativePath", uid(3),
		"Size", int(f.Size), "Mode", mode, "InodeNumber", 1000 + i, "UserID", 501, "GroupID", 501,
		"Birth", when, "LastModified", when + f.version, "LastStatusChange", when + f.version,
		"ProtectionClass", 3 * (f.Flags & 1), "Flags", 0,
	}
	objects := []any{"$null", nil, pairs{"$classname", "MBFile", "$classes", []any{"MBFile", "NSObject"}}, f.Path}
	if f.Flags == 1 && f.Digest {
		file = append(file, "Digest", uid(len(objects)))
		objects = append(objects, f.digest())
	}
	if f.Flags == 4 {
		file = append(file, "Target", uid(len(objects)))
		objects = append(objects, f.Target)
	}
	objects[1] = file
	return encodeArchive(pairs{
		"$version", 100000, "$archiver", "NSKeyedArchiver",
		"$top", pairs{"root", uid(1)}, "$objects", objects,
	})
}

// digest is the SHA-1 of the contents.
func (f File) digest() []byte {
	h := sha1.New()
	io.Copy(h, f.Open())
	return h.Sum(nil)
}

// disguise makes an index look encrypted: no header, no structure, and a
// length that is a multiple of 16.
func disguise(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	h := fnv.New64a()
	io.WriteString(h, filepath.Base(name))
	var seed [32]byte
	copy(seed[:], h.Sum(nil))
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(f, rand.NewChaCha8(seed), (info.Size()/16+1)*16)
	return err
}
