package phonetest

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"time"
)

// Codes of the pieces of a file on the wire, from tools/idevicebackup2.c.
const (
	codeSuccess    = 0x00
	codeLocalError = 0x06
	codeFileData   = 0x0c
)

// pieceSize is how much of a file goes into one piece; with its code byte it
// makes 32 KiB, the buffer of Apple's own DeviceLink.
const pieceSize = 32*1024 - 1

// link is a device link: property lists with a length before them, and in
// between the raw pieces of files.
type link struct {
	conn net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
}

func newLink(c net.Conn) *link {
	return &link{conn: c, r: bufio.NewReaderSize(c, 64<<10), w: bufio.NewWriterSize(c, 256<<10)}
}

// send writes one message.
func (l *link) send(message ...any) error {
	if err := writeBinary(l.w, message); err != nil {
		return errLost
	}
	return l.flush()
}

// flush implements host.
func (l *link) flush() error {
	if l.w.Flush() != nil {
		return errLost
	}
	return nil
}

// receive reads one message: its name and the whole of it.
func (l *link) receive() (name string, message []any, err error) {
	v, err := readFrame(l.r)
	if err != nil {
		return "", nil, errLost
	}
	message, _ = v.([]any)
	if len(message) == 0 {
		return "", nil, fmt.Errorf("a device link message that is a %T", v)
	}
	name, _ = message[0].(string)
	return name, message, nil
}

// response waits for the computer's answer to the last message.
func (l *link) response() (code int64, value any, err error) {
	for {
		name, m, err := l.receive()
		if err != nil {
			return 0, nil, err
		}
		switch {
		case name == "DLMessageDisconnect":
			return 0, nil, errLost
		case name == "DLMessageStatusResponse" && len(m) >= 4:
			return number(m[1]), m[3], nil
		}
	}
}

// ask sends a message whose answer carries no value. An error of the
// computer becomes one of the phone's.
func (l *link) ask(code int, message ...any) error {
	if err := l.send(message...); err != nil {
		return err
	}
	return l.confirm(code)
}

// confirm waits for an answer; a failure becomes an mbError of the code.
func (l *link) confirm(code int) error {
	result, _, err := l.response()
	if err != nil {
		return err
	}
	if result != 0 {
		return newError(code)
	}
	return nil
}

func (l *link) mkdir(dir string) error {
	return l.ask(102, "DLMessageCreateDirectory", dir)
}

func (l *link) move(pairs map[string]string, progress float64) error {
	return l.ask(104, "DLMessageMoveItems", pairs, true, progress)
}

func (l *link) remove(names []string, progress float64) error {
	return l.ask(104, "DLMessageRemoveItems", names, true, progress)
}

func (l *link) space() (int64, error) {
	if err := l.send("DLMessageGetFreeDiskSpace"); err != nil {
		return 0, err
	}
	_, value, err := l.response()
	return number(value), err
}

// purge asks the computer to make room. idevicebackup2 1.3.0 does not know
// the message and never answers; then both wait.
func (l *link) purge(bytes int64) error {
	if err := l.send("DLMessagePurgeDiskSpace", bytes, 4); err != nil {
		return err
	}
	_, _, err := l.response()
	return err
}

func (l *link) list(dir string) (map[string]int64, error) {
	if err := l.send("DLContentsOfDirectory", dir); err != nil {
		return nil, err
	}
	_, value, err := l.response()
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	entries, _ := value.(dict)
	for name, e := range entries {
		entry, _ := e.(dict)
		sizes[name] = number(entry["DLFileSize"])
		if text(entry, "DLFileType") == "DLFileTypeDirectory" {
			sizes[name] = -1
		}
	}
	return sizes, nil
}

// fetch has the computer send one file.
func (l *link) fetch(name string) ([]byte, error) {
	if err := l.send("DLMessageDownloadFiles", []string{name}, dict{}, 0.0); err != nil {
		return nil, err
	}
	var data []byte
	for {
		n, err := l.length()
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		if _, err := l.r.Discard(n); err != nil { // the name
			return nil, errLost
		}
		if data, err = l.receiveFile(); err != nil {
			return nil, err
		}
	}
	_, _, err := l.response() // a missing file is no error here
	return data, err
}

// receiveFile reads the pieces of one file; nil when the computer has none.
func (l *link) receiveFile() ([]byte, error) {
	data := []byte{}
	for {
		n, err := l.length()
		if err != nil || n < 1 {
			return nil, errLost
		}
		piece := make([]byte, n)
		if _, err := io.ReadFull(l.r, piece); err != nil {
			return nil, errLost
		}
		switch piece[0] {
		case codeFileData:
			data = append(data, piece[1:]...)
		case codeSuccess:
			return data, nil
		default:
			return nil, nil
		}
	}
}

// length reads a big-endian length and bounds it.
func (l *link) length() (int, error) {
	var b [4]byte
	if _, err := io.ReadFull(l.r, b[:]); err != nil {
		return 0, errLost
	}
	n := binary.BigEndian.Uint32(b[:])
	if n > maxFrame {
		return 0, fmt.Errorf("a piece of %d bytes", n)
	}
	return int(n), nil
}

// upload sends a batch of files.
func (l *link) upload(b batch) error {
	total := int64(0)
	for _, f := range b.files {
		total += f.size
	}
	if err := l.send("DLMessageUploadFiles", dict{}, b.progress, total); err != nil {
		return err
	}
	for _, f := range b.files {
		err := b.begin()
		if err == nil {
			err = l.sendFile(f, b.pace)
		}
		b.end(f, err)
		if err != nil {
			return err
		}
	}
	l.writeLength(0)
	if err := l.flush(); err != nil {
		return err
	}
	return l.confirm(104)
}

// sendFile writes one file: where it was on the phone, where it goes, and its
// pieces, each with a length and a code.
func (l *link) sendFile(f outgoing, pace func(int) error) error {
	src, err := f.open()
	if err != nil {
		return err
	}
	defer src.Close()
	for _, name := range []string{"/var/mobile/" + path.Base(f.name), f.name} {
		l.writeLength(len(name))
		l.w.WriteString(name)
	}
	piece := make([]byte, min(f.size, pieceSize))
	for left := f.size; left > 0; left -= int64(len(piece)) {
		piece = piece[:min(left, pieceSize)]
		l.writeLength(len(piece) + 1)
		l.w.WriteByte(codeFileData)
		if err := pace(len(piece)); err != nil {
			return err
		}
		if _, err := io.ReadFull(src, piece); err != nil {
			return err
		}
		if _, err := l.w.Write(piece); err != nil {
			return errLost
		}
	}
	if f.size == 0 {
		if err := pace(0); err != nil {
			return err
		}
	}
	l.writeLength(1)
	return l.w.WriteByte(codeSuccess)
}

// writeLength appends a big-endian length.
func (l *link) writeLength(n int) {
	l.w.Write(binary.BigEndian.AppendUint32(nil, uint32(n)))
}

// watch ends its context when the computer hangs up: a byte it sends instead
// stays in the buffer.
func (l *link) watch(ctx context.Context) (context.Context, func()) {
	watched, cancel := context.WithCancel(ctx)
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		_, err := l.r.Peek(1)
		var timeout net.Error
		if err != nil && !(errors.As(err, &timeout) && timeout.Timeout()) {
			cancel()
		}
	}()
	return watched, func() {
		l.conn.SetReadDeadline(time.Unix(1, 0))
		<-idle
		l.conn.SetReadDeadline(time.Time{})
		cancel()
	}
}

// done sends the result.
func (l *link) done(code int, words string) error {
	answer := dict{"MessageName": "Response", "ErrorCode": code}
	if words != "" {
		answer["ErrorDescription"] = words
	}
	return l.send("DLMessageProcessMessage", answer)
}
