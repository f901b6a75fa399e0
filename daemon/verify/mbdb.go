package verify

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"

	"backupwatchdog/daemon/words"
	"backupwatchdog/plist"
)

// mbdbIndex is Manifest.mbdb, the index of iOS 4 to 9:
//
//	"mbdb" 05 00, then for each file, big-endian:
//	  domain, path, link target, hash, key   (length u16, FFFF = none; bytes)
//	  mode u16, inode u64, uid, gid, mtime, atime, ctime u32, size u64,
//	  class u8, number of properties u8; each property: two such strings
//
// as fmartingr.com and theiphonewiki.com describe it.
type mbdbIndex struct {
	file *os.File
	size int64
}

// openMBDB opens the index and checks its magic.
func openMBDB(path string) (*mbdbIndex, error) {
	f, info, err := plist.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	var magic [6]byte
	if _, err := io.ReadFull(f, magic[:]); err != nil || string(magic[:]) != "mbdb\x05\x00" {
		f.Close()
		return nil, &errIndex{words.IndexOtherStart}
	}
	return &mbdbIndex{f, info.Size()}, nil
}

func (x *mbdbIndex) close() { x.file.Close() }

// read implements index.
func (x *mbdbIndex) read(ctx context.Context, w want, yield func(*listing) error) error {
	r := mbdbReader{r: bufio.NewReaderSize(io.NewSectionReader(x.file, 6, x.size-6), 64<<10)}
	var l listing
	id := make([]byte, 40)
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rec, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return &errIndex{words.IndexEndsInRecord}
		}
		switch rec.mode & 0xf000 {
		case 0x8000:
		case 0x4000, 0xa000: // a folder, a link
			continue
		default: // zeros after a power cut read as records too
			return &errIndex{words.IndexEndsInRecord}
		}
		sum := sha1.Sum(append(append(rec.domain, '-'), rec.path...))
		hex.Encode(id, sum[:])
		l.id, l.readable = id, true
		l.file = mbFile{Size: rec.size, Mode: int64(rec.mode)}
		if len(rec.key) > 0 {
			l.file.EncryptionKey = rec.key
		}
		if len(rec.hash) == 20 {
			l.file.Digest = rec.hash
		}
		if w.names {
			l.domain, l.path = string(rec.domain), string(rec.path)
		}
		if err := yield(&l); err != nil {
			return err
		}
	}
}

// mbdbReader reads records one by one into buffers it uses again.
type mbdbReader struct {
	r       *bufio.Reader
	strings [5][]byte
	skip    []byte
}

// mbdbRecord is one record; the slices are valid until the next.
type mbdbRecord struct {
	domain, path, hash, key []byte
	mode                    uint16
	size                    int64
}

// next returns the next record, io.EOF after the last, or what is wrong.
func (m *mbdbReader) next() (rec mbdbRecord, err error) {
	if _, err := m.r.Peek(1); err != nil {
		return rec, err
	}
	for i := range m.strings {
		if m.strings[i], err = m.text(m.strings[i]); err != nil {
			return rec, err
		}
	}
	rec.domain, rec.path, rec.hash, rec.key = m.strings[0], m.strings[1], m.strings[3], m.strings[4]
	var fixed [40]byte
	if _, err := io.ReadFull(m.r, fixed[:]); err != nil {
		return rec, noEnd(err)
	}
	rec.mode = binary.BigEndian.Uint16(fixed[0:2])
	rec.size = int64(binary.BigEndian.Uint64(fixed[30:38]))
	if rec.size < 0 {
		return rec, errors.New("negative size")
	}
	for range 2 * int(fixed[39]) {
		if m.skip, err = m.text(m.skip); err != nil {
			return rec, err
		}
	}
	return rec, nil
}

// text reads one string into buf, which grows to 64 KiB at most.
func (m *mbdbReader) text(buf []byte) ([]byte, error) {
	var n [2]byte
	if _, err := io.ReadFull(m.r, n[:]); err != nil {
		return buf, noEnd(err)
	}
	size := int(binary.BigEndian.Uint16(n[:]))
	if size == 0xffff {
		return buf[:0], nil
	}
	if cap(buf) < size+1 {
		buf = make([]byte, size, size+64)
	}
	buf = buf[:size]
	_, err := io.ReadFull(m.r, buf)
	return buf, noEnd(err)
}

// noEnd turns an end of file in the middle of a record into an error.
func noEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
