package plist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	howett "howett.net/plist"
)

// Format is how a property list is written.
type Format int

// The two forms that phones understand.
const (
	XML    Format = howett.XMLFormat
	Binary Format = howett.BinaryFormat
)

// Unmarshal reads a property list, XML or binary, into what v points to,
// as a rule a struct. A field takes the value under its name, or under the key of its
// tag `plist:"Key"`; keys without a field are stepped over, fields without a
// key stay as they are. Fields are strings, booleans, integers, float64,
// time.Time, []byte, structs, and slices, maps (of strings to these) and
// pointers of them; never interfaces.
//
// The caller bounds the length of b; what it may unfold into is bounded here.
// On an error, which wraps ErrEmpty, ErrNotPlist, ErrCut, ErrWrongType or
// ErrTooLarge, v is untouched. Nothing decoded shares memory with b.
func Unmarshal(b []byte, v any) error {
	err := inMemory(b).fill(v)
	if own := (*fault)(nil); errors.As(err, &own) || errors.Is(err, ErrEmpty) {
		return fmt.Errorf("the property list %w", err)
	}
	return err
}

// source is a property list that is still to be read.
type source struct {
	r           io.ReaderAt
	size, limit int64 // bytes: as far as known, and at most
}

func inMemory(b []byte) source { return source{bytes.NewReader(b), int64(len(b)), int64(len(b))} }

// fill decodes into what v points to, or leaves it as it was.
func (src source) fill(v any) error {
	t, dst, err := start(v)
	if err != nil {
		return err
	}
	if err := src.decode(t); err != nil {
		return err
	}
	dst.Set(t.value)
	return nil
}

// recovered is what an error says that stands for a panic.
const recovered = "reading it went wrong"

// decode reads the whole list and puts into t what t wants of it.
func (src source) decode(t target) (err error) {
	defer func() {
		// Nothing here is known to panic, whatever the bytes. A watchdog must
		// outlive the surprise all the same.
		if r := recover(); r != nil {
			err = because(ErrNotPlist, recovered)
		}
	}()
	head := make([]byte, len(binaryMagic))
	n, err := src.r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return err
	}
	switch head := string(head[:n]); {
	case head == "":
		return ErrEmpty
	case head == binaryMagic:
		b, err := src.readAll()
		if err != nil {
			return err
		}
		return decodeBinary(b, t)
	case strings.HasPrefix(binaryMagic, head):
		return because(ErrCut, fmt.Sprintf("it ends after %d bytes", n))
	case strings.HasPrefix(head, "bplist"):
		return because(ErrNotPlist, "it is of an unknown version of the binary form")
	}
	return decodeXML(src.reader(), t)
}

// reader reads the list from its beginning, and refuses more than the limit:
// the file may have grown since its size was asked.
func (src source) reader() io.Reader {
	return io.MultiReader(io.NewSectionReader(src.r, 0, src.limit), overrun{src})
}

// overrun is what lies beyond the limit: the end, or an error.
type overrun struct{ src source }

func (o overrun) Read([]byte) (int, error) {
	var b [1]byte
	if n, err := o.src.r.ReadAt(b[:], o.src.limit); n == 0 {
		return 0, err
	}
	return 0, tooBig(o.src.limit)
}

// readAll reads the list into one buffer that fits from the start.
func (src source) readAll() ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, min(src.size, src.limit)+bytes.MinRead))
	if _, err := b.ReadFrom(src.reader()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Marshal writes a struct, or a map of simple values, as a property list. It
// gives an error rather than bytes that Unmarshal would refuse. Times in the
// binary form must lie between the years 1678 and 2261.
func Marshal(v any, f Format) (b []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			b, err = nil, fmt.Errorf("writing a property list: %v", r)
		}
	}()
	if f != XML && f != Binary {
		return nil, errors.New("writing a property list: no such format")
	}
	if b, err = howett.Marshal(v, int(f)); err != nil {
		return nil, fmt.Errorf("writing a property list: %w", err)
	}
	check := checkXML
	if f == Binary {
		check = checkBinary
	}
	if err := check(b); err != nil {
		return nil, fmt.Errorf("writing a property list: it %w", err)
	}
	return b, nil
}
