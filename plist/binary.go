package plist

import (
	"encoding/binary"
	"fmt"
)

// The binary form, from Apple's published CFBinaryPList.c:
//
//	offset 0      "bplist00"
//	       8      objects: a marker byte (kind, small count), then the content
//	       table  for each object its offset, offSize bytes, big-endian
//	       -32    trailer: 5 unused bytes, sort version, offSize, refSize,
//	              then as 64 bits each: number of objects, top object, table
//
// Arrays and dictionaries hold the numbers of other objects, refSize bytes
// each. That is where hostile files play: a number may point back at its
// holder, and many may point at the same object.
const (
	binaryMagic   = "bplist00"
	binaryTrailer = 32
)

// The kinds of objects: the upper half of the marker byte.
const (
	kindSimple = 0x0 // 0x08 false, 0x09 true
	kindInt    = 0x1 // 2^n bytes
	kindReal   = 0x2 // 2^n bytes, n 2 or 3
	kindDate   = 0x3 // 0x33: float64 of seconds since 2001
	kindData   = 0x4
	kindASCII  = 0x5
	kindUTF16  = 0x6
	kindUID    = 0x8 // n+1 bytes; only in archives, never kept here
	kindArray  = 0xA
	kindSet    = 0xC
	kindDict   = 0xD
)

// binaryList is a binary property list whose trailer makes sense.
type binaryList struct {
	b                []byte
	offSize, refSize uint64 // bytes
	objects          uint64 // how many
	top              uint64 // number of the outermost
	table            uint64 // offset of the offset table: where objects end
}

// object is one value in the file. Its content lies within the file.
type object struct {
	kind  byte
	low   byte   // lower half of the marker
	start uint64 // offset of the content
	count uint64 // bytes, UTF-16 units, elements or pairs
}

// openBinary reads the trailer. All its numbers have to fit one another and
// the length of the file exactly; a file that lost its end shows here.
func openBinary(b []byte) (*binaryList, error) {
	n := uint64(len(b))
	if n < uint64(len(binaryMagic))+binaryTrailer {
		return nil, because(ErrCut, fmt.Sprintf("it ends after %d bytes", n))
	}
	l := readTrailer(b)
	switch {
	case !l.closes(n - binaryTrailer):
		return nil, errNotClosed
	case l.objects > maxValues:
		return nil, tooMany()
	}
	return l, nil
}

// errNotClosed says that the trailer is none, or that of another file.
var errNotClosed = because(ErrCut, "its last 32 bytes do not close it")

// readTrailer reads the last bytes of a binary list, of which b holds the whole
// or the end.
func readTrailer(b []byte) *binaryList {
	t := b[len(b)-binaryTrailer:]
	return &binaryList{
		b: b, offSize: uint64(t[6]), refSize: uint64(t[7]),
		objects: binary.BigEndian.Uint64(t[8:]),
		top:     binary.BigEndian.Uint64(t[16:]),
		table:   binary.BigEndian.Uint64(t[24:]),
	}
}

// closes reports whether the offset table lies between the objects and the
// trailer, which begins at end, and fills that room.
func (l *binaryList) closes(end uint64) bool {
	switch {
	case !width(l.offSize) || !width(l.refSize),
		l.table <= uint64(len(binaryMagic)) || l.table >= end,
		l.objects == 0 || l.objects > end, // so that the product below cannot wrap
		l.objects*l.offSize != end-l.table,
		l.top >= l.objects:
		return false
	}
	return true
}

// width reports whether n is a size that offsets and references come in.
func width(n uint64) bool {
	return n == 1 || n == 2 || n == 3 || n == 4 || n == 8
}

// number reads a big-endian unsigned number of size bytes, at most 8. The
// caller has made sure that it lies within the file.
func (l *binaryList) number(at, size uint64) uint64 {
	var v uint64
	for _, c := range l.b[at : at+size] {
		v = v<<8 | uint64(c)
	}
	return v
}

// object reads the head of object i and proves that all of it lies between
// the beginning of the file and the offset table.
func (l *binaryList) object(i uint64) (object, error) {
	at := l.number(l.table+i*l.offSize, l.offSize)
	if at < uint64(len(binaryMagic)) || at >= l.table {
		return object{}, l.damaged(i, "starts outside")
	}
	o := object{kind: l.b[at] >> 4, low: l.b[at] & 0xF, start: at + 1}
	unit := l.unit(o)
	if unit == 0 {
		return object{}, l.damaged(i, "is of no known kind")
	}
	if err := l.size(&o, i); err != nil {
		return object{}, err
	}
	if room := l.table - o.start; o.count > room/unit {
		return object{}, l.damaged(i, "is longer than the file")
	}
	return o, nil
}

// unit is the size of what an object's count counts, or 0 for a marker that
// no writer uses.
func (l *binaryList) unit(o object) uint64 {
	switch o.kind {
	case kindSimple:
		if o.low == 0x8 || o.low == 0x9 {
			return 1
		}
	case kindInt:
		if o.low <= 4 {
			return 1
		}
	case kindReal:
		if o.low == 2 || o.low == 3 {
			return 1
		}
	case kindDate:
		if o.low == 3 {
			return 1
		}
	case kindUID:
		if o.low < 8 {
			return 1
		}
	case kindData, kindASCII:
		return 1
	case kindUTF16:
		return 2
	case kindArray, kindSet:
		return l.refSize
	case kindDict:
		return 2 * l.refSize
	}
	return 0
}

// size sets the count of an object, and moves its start behind a count that
// is written out because it does not fit in the marker.
func (l *binaryList) size(o *object, i uint64) error {
	switch o.kind {
	case kindSimple:
		return nil
	case kindInt, kindReal, kindDate:
		o.count = 1 << o.low
		return nil
	case kindUID:
		o.count = uint64(o.low) + 1
		return nil
	}
	if o.low != 0xF {
		o.count = uint64(o.low)
		return nil
	}
	if o.start >= l.table || l.b[o.start]>>4 != kindInt || l.b[o.start]&0xF > 3 {
		return l.damaged(i, "has no length")
	}
	size := uint64(1) << (l.b[o.start] & 0xF)
	if size > l.table-o.start-1 {
		return l.damaged(i, "has half a length")
	}
	o.count = l.number(o.start+1, size)
	o.start += 1 + size
	return nil
}

// ref returns the number of the n-th object that o holds. A dictionary holds
// its keys first, then its values.
func (l *binaryList) ref(o object, n uint64) uint64 {
	return l.number(o.start+n*l.refSize, l.refSize)
}

// refs is how many other objects o holds.
func (o object) refs() uint64 {
	switch o.kind {
	case kindArray, kindSet:
		return o.count
	case kindDict:
		return 2 * o.count
	}
	return 0
}

func (o object) isText() bool { return o.kind == kindASCII || o.kind == kindUTF16 }

func (l *binaryList) damaged(i uint64, how string) error {
	return because(ErrNotPlist, fmt.Sprintf("value %d of %d %s", i+1, l.objects, how))
}
