package plist

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"time"
	"unicode/utf16"
)

// decodeBinary decodes a whole binary property list into t.
func decodeBinary(b []byte, t target) error {
	l, err := openBinary(b)
	if err != nil {
		return err
	}
	if err := l.check(); err != nil {
		return err
	}
	d := &binaryDecoder{list: l}
	return d.value(l.top, t)
}

// checkBinary proves that b is sound, without decoding it.
func checkBinary(b []byte) error { return decodeBinary(b, target{}) }

// binaryDecoder turns objects that the guard has passed into Go values. It
// looks only at those that are wanted, and copies what it keeps: a name of ten
// letters must not hold on to a file of sixty megabytes.
type binaryDecoder struct {
	list *binaryList
	kept uint64 // bytes copied
}

func (d *binaryDecoder) value(i uint64, t target) error {
	if t.schema == nil {
		return nil
	}
	o, err := d.list.object(i)
	if err != nil {
		return err
	}
	switch o.kind {
	case kindArray, kindSet:
		return d.array(o, t)
	case kindDict:
		return d.dict(o, t)
	}
	v, err := d.single(o)
	if err != nil {
		return err
	}
	return t.assign(v)
}

func (d *binaryDecoder) array(o object, t target) error {
	if err := t.expect(anArray); err != nil {
		return err
	}
	for n := range o.count {
		if err := d.value(d.list.ref(o, n), t.next()); err != nil {
			return err
		}
	}
	return nil
}

func (d *binaryDecoder) dict(o object, t target) error {
	if err := t.expect(aDict); err != nil {
		return err
	}
	for n := range o.count {
		key, err := d.key(d.list.ref(o, n))
		if err != nil {
			return err
		}
		sub, done := t.at(key)
		if err := d.value(d.list.ref(o, o.count+n), sub); err != nil {
			return err
		}
		done()
	}
	return nil
}

// key reads a dictionary key. One that is longer than any real one is none
// that is wanted, and is not worth a copy.
func (d *binaryDecoder) key(i uint64) (string, error) {
	o, err := d.list.object(i)
	if err != nil || o.count > 1<<10 {
		return "", err
	}
	v, err := d.single(o)
	s, _ := v.(string)
	return s, err
}

// single decodes anything but a container.
func (d *binaryDecoder) single(o object) (any, error) {
	b := d.list.b[o.start:]
	switch o.kind {
	case kindSimple:
		return o.low == 0x9, nil
	case kindInt:
		return wholeNumber(b[:o.count])
	case kindReal:
		if o.count == 4 {
			return float64(math.Float32frombits(binary.BigEndian.Uint32(b))), nil
		}
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	case kindDate:
		return appleDate(math.Float64frombits(binary.BigEndian.Uint64(b))), nil
	case kindUID:
		return aUID, nil
	}
	if d.kept += o.count; d.kept > maxKept {
		return nil, because(ErrTooLarge, "its texts and data are longer than any real ones")
	}
	switch o.kind {
	case kindData:
		return bytes.Clone(b[:o.count]), nil
	case kindUTF16:
		return wideText(b[:2*o.count]), nil
	}
	return strings.ToValidUTF8(string(b[:o.count]), "\uFFFD"), nil
}

// wholeNumber reads an integer: unsigned up to 4 bytes, signed with 8 and 16.
func wholeNumber(b []byte) (any, error) {
	if len(b) == 16 {
		high, low := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
		switch {
		case high == 0:
			return integer{magnitude: low}, nil
		case high == math.MaxUint64 && low != 0:
			return integer{negative: true, magnitude: -low}, nil
		}
		return opaque("a number of more than 64 bits"), nil
	}
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	if len(b) == 8 && v>>63 == 1 {
		return integer{negative: true, magnitude: -v}, nil
	}
	return integer{magnitude: v}, nil
}

// wideText decodes big-endian UTF-16; halves of a pair become U+FFFD.
func wideText(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// appleEpoch is 2001-01-01 in Unix seconds: where Apple's dates begin.
const appleEpoch = 978307200

// appleDate turns seconds since 2001 into a time, the zero time where they
// are no number or lie beyond the calendar.
func appleDate(seconds float64) time.Time {
	const horizon = 1 << 40 // some 35,000 years; keeps the conversion in range
	if !(math.Abs(seconds) < horizon) {
		return time.Time{}
	}
	whole, part := math.Modf(seconds)
	return sane(time.Unix(int64(whole)+appleEpoch, int64(part*float64(time.Second))))
}
