package watch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/plist"
)

// An SQLite file begins with a header of 100 bytes, numbers big-endian
// (sqlite.org/fileformat2.html, section 1.3):
//
//	 0  "SQLite format 3\0"
//	16  page size; 1 means 65536
//	24  file change counter
//	28  size of the database in pages
//	92  the change counter for which the size is valid
//
// So the header tells how long the file must be, and a shorter one is cut.
const sqliteHeader = 100

// readHead reads as much of the header as there is, and the size the file has
// at that moment.
func readHead(path string) (head []byte, size int64, err error) {
	f, info, err := plist.OpenRegular(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	head = make([]byte, sqliteHeader)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	return head[:n], info.Size(), nil
}

// readIndex reads the head of Manifest.db. What has no SQLite header comes
// back as opaque; see judgeOpaque.
func readIndex(path string, file backup.File) backup.IndexFile {
	head, size, err := readHead(path)
	if err != nil {
		return backup.IndexFile{File: outcome(file, path, err)}
	}
	out := backup.IndexFile{File: file, Format: backup.IndexOpaque}
	out.Size = size
	switch {
	case len(head) == 0:
		return backup.IndexFile{File: backup.File{Presence: backup.Empty, ModTime: file.ModTime}}
	case isZero(head):
		out.Presence, out.Detail = backup.Broken, "It begins with zeros."
	case len(head) >= 16 && string(head[:16]) == "SQLite format 3\x00":
		out.Format = backup.IndexSQLite
		judgeSQLite(&out, head)
	}
	return out
}

// judgeSQLite compares the length of the file with what its header promises.
func judgeSQLite(f *backup.IndexFile, head []byte) {
	if len(head) < sqliteHeader {
		f.Presence, f.Detail = backup.Broken, fmt.Sprintf("It is cut short: %d bytes are left.", f.Size)
		return
	}
	page := int64(binary.BigEndian.Uint16(head[16:]))
	if page == 1 {
		page = 65536
	}
	if page < 512 || page&(page-1) != 0 {
		f.Presence, f.Detail = backup.Broken, fmt.Sprintf("Its header is damaged: it gives a page size of %d bytes.", page)
		return
	}
	pages := int64(binary.BigEndian.Uint32(head[28:]))
	if pages == 0 || binary.BigEndian.Uint32(head[24:]) != binary.BigEndian.Uint32(head[92:]) {
		return // written by something that does not keep the count
	}
	f.Promised = page * pages
	if f.Size < f.Promised {
		f.Presence = backup.Broken
		f.Detail = fmt.Sprintf("It is cut short: %d of %d bytes are there.", f.Size, f.Promised)
	}
}

// judgeOpaque decides about an index without an SQLite header: the index of an
// encrypted backup looks like that, the index of another one must not.
func judgeOpaque(f *backup.IndexFile, m backup.ManifestFile) {
	if f.Format != backup.IndexOpaque || f.Presence != backup.Present {
		return
	}
	if m.Presence == backup.Present && !m.Manifest.IsEncrypted {
		f.Presence = backup.Broken
		f.Detail = "It is not a database, although the backup is not encrypted."
	}
}

// readMBDB reads the head of Manifest.mbdb, the index of iOS 4 to 9: it begins
// with "mbdb" and the version 5.0, encrypted or not.
func readMBDB(path string, file backup.File) backup.IndexFile {
	head, size, err := readHead(path)
	if err != nil {
		return backup.IndexFile{File: outcome(file, path, err), Format: backup.IndexMBDB}
	}
	out := backup.IndexFile{File: file, Format: backup.IndexMBDB}
	out.Size = size
	switch {
	case len(head) == 0:
		out.File = backup.File{Presence: backup.Empty, ModTime: file.ModTime}
	case len(head) < 6 || string(head[:4]) != "mbdb":
		out.Presence, out.Detail = backup.Broken, "It does not begin like an index of this kind."
	}
	return out
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
