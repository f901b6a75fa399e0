package phonetest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"howett.net/plist"
)

// maxFrame bounds one message from a client. The largest real one is the
// listing of a folder, some tens of kilobytes.
const maxFrame = 64 << 20

// dict is a property list dictionary.
type dict = map[string]any

// readFrame reads one property list with its 4-byte big-endian length, the
// framing of lockdownd and of every service behind it.
func readFrame(r io.Reader) (any, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return nil, fmt.Errorf("a message of %d bytes is too long", n)
	}
	return readPlist(r, int(n))
}

// readPlist reads a property list of n bytes. The decoder is known to panic
// on damaged input, hence the recover.
func readPlist(r io.Reader, n int) (v any, err error) {
	data := make([]byte, n)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	defer func() {
		if recover() != nil {
			err = errors.New("damaged property list")
		}
	}()
	_, err = plist.Unmarshal(data, &v)
	return v, err
}

// readDict reads a frame that must hold a dictionary.
func readDict(r io.Reader) (dict, error) {
	v, err := readFrame(r)
	if err != nil {
		return nil, err
	}
	d, ok := v.(dict)
	if !ok {
		return nil, fmt.Errorf("got a %T where a dictionary was due", v)
	}
	return d, nil
}

// writeFrame sends v as an XML property list behind its length, in one write
// so that a client's time-outs never fall between the two.
func writeFrame(w io.Writer, v any) error {
	body, err := plist.Marshal(v, plist.XMLFormat)
	if err != nil {
		return err
	}
	return writeRaw(w, body)
}

// writeBinary is writeFrame in the binary format, which device link uses.
func writeBinary(w io.Writer, v any) error {
	body, err := plist.Marshal(v, plist.BinaryFormat)
	if err != nil {
		return err
	}
	return writeRaw(w, body)
}

// writeRaw sends bytes behind their length.
func writeRaw(w io.Writer, body []byte) error {
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body)))
	_, err := w.Write(append(frame, body...))
	return err
}

// text takes a string out of a dictionary; "" when absent or something else.
func text(d dict, key string) string {
	s, _ := d[key].(string)
	return s
}

// number takes an integer out of a property list value; 0 when it is none.
func number(v any) int64 {
	switch n := v.(type) {
	case uint64:
		return int64(n)
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}
