package phonetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// Operations and results of AFC, from libimobiledevice's src/afc.h and
// include/libimobiledevice/afc.h.
const (
	afcMagic = "CFA6LPAA"

	afcStatus      = 0x01
	afcData        = 0x02
	afcGetFileInfo = 0x0a
	afcFileOpen    = 0x0d
	afcFileOpened  = 0x0e
	afcFileRead    = 0x0f
	afcFileClose   = 0x14
	afcFileLock    = 0x1b

	afcNoSuchObject = 8
	afcWouldBlock   = 19

	afcLockExclusive = 2 | 4
)

// lockFile is what every syncing program locks, so that only one syncs.
const lockFile = "/com.apple.itunes.lock_sync"

// afcFiles are the few files a backup program wants for its Info.plist.
func afcFiles() map[string][]byte {
	return map[string][]byte{
		lockFile:                                  {},
		"/iTunes_Control/iTunes/iTunesPrefs":      []byte("frpd\x01\x01\x00\x00"),
		"/iTunes_Control/iTunes/VoiceMemos.plist": []byte("bplist00\xd0\x08\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09"),
	}
}

// afcSession is one connection to the file service.
type afcSession struct {
	phone  *Phone
	conn   net.Conn
	handle uint64
	open   map[uint64][]byte // what is left to read behind each handle
}

// serveAFC is com.apple.afc with a handful of files that cannot be changed.
func (p *Phone) serveAFC(_ context.Context, c net.Conn) {
	s := &afcSession{phone: p, conn: c, open: map[uint64][]byte{}}
	defer s.unlock()
	for {
		num, op, body, err := s.read()
		if err != nil {
			return
		}
		if s.answer(num, op, body) != nil {
			return
		}
	}
}

// read takes one packet: magic, whole length, length of the first part,
// number, operation, all little-endian; then the parts.
func (s *afcSession) read() (num, op uint64, body []byte, err error) {
	var head [40]byte
	if _, err := io.ReadFull(s.conn, head[:]); err != nil {
		return 0, 0, nil, err
	}
	n := binary.LittleEndian.Uint64(head[8:])
	if string(head[:8]) != afcMagic || n < 40 || n > maxFrame {
		return 0, 0, nil, fmt.Errorf("not an AFC packet")
	}
	body = make([]byte, n-40)
	_, err = io.ReadFull(s.conn, body)
	return binary.LittleEndian.Uint64(head[24:]), binary.LittleEndian.Uint64(head[32:]), body, err
}

// write sends one packet.
func (s *afcSession) write(num, op uint64, body []byte) error {
	b := make([]byte, 0, 40+len(body))
	b = append(b, afcMagic...)
	for _, v := range []uint64{uint64(40 + len(body)), uint64(40 + len(body)), num, op} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	_, err := s.conn.Write(append(b, body...))
	return err
}

// status answers with a result code.
func (s *afcSession) status(num, code uint64) error {
	return s.write(num, afcStatus, binary.LittleEndian.AppendUint64(nil, code))
}

// answer handles one operation. Everything that would change the phone is
// confirmed and forgotten.
func (s *afcSession) answer(num, op uint64, body []byte) error {
	switch op {
	case afcGetFileInfo:
		return s.info(num, cstring(body))
	case afcFileOpen:
		return s.openFile(num, cstring(body[min(8, len(body)):]))
	case afcFileRead:
		return s.readFile(num, word(body, 0), word(body, 1))
	case afcFileLock:
		return s.status(num, s.lockFile(word(body, 1)))
	}
	return s.status(num, 0)
}

// info lists facts of a file as a row of zero-terminated strings.
func (s *afcSession) info(num uint64, path string) error {
	data, ok := afcFiles()[path]
	if !ok {
		return s.status(num, afcNoSuchObject)
	}
	facts := fmt.Sprintf("st_size\x00%d\x00st_blocks\x008\x00st_nlink\x001\x00st_ifmt\x00S_IFREG\x00", len(data))
	return s.write(num, afcData, []byte(facts))
}

// openFile hands out a handle.
func (s *afcSession) openFile(num uint64, path string) error {
	data, ok := afcFiles()[path]
	if !ok {
		return s.status(num, afcNoSuchObject)
	}
	s.handle++
	s.open[s.handle] = data
	return s.write(num, afcFileOpened, binary.LittleEndian.AppendUint64(nil, s.handle))
}

// readFile gives the next piece of a file.
func (s *afcSession) readFile(num, handle, n uint64) error {
	left := s.open[handle]
	piece := left[:min(uint64(len(left)), n)]
	s.open[handle] = left[len(piece):]
	return s.write(num, afcData, piece)
}

// lockFile takes or gives back the sync lock and returns AFC's result.
func (s *afcSession) lockFile(op uint64) uint64 {
	if op != afcLockExclusive {
		s.unlock()
		return 0
	}
	if _, ok := s.phone.fault("sync-locked"); ok {
		return afcWouldBlock
	}
	p := s.phone
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lock != nil && p.lock != s {
		return afcWouldBlock
	}
	p.lock = s
	return 0
}

// unlock gives the sync lock back, if it is held here.
func (s *afcSession) unlock() {
	s.phone.mu.Lock()
	defer s.phone.mu.Unlock()
	if s.phone.lock == s {
		s.phone.lock = nil
	}
}

// cstring cuts at the first zero byte.
func cstring(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// word is the i-th 64-bit number of a body, 0 beyond its end.
func word(b []byte, i int) uint64 {
	if len(b) < 8*i+8 {
		return 0
	}
	return binary.LittleEndian.Uint64(b[8*i:])
}
