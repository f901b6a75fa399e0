package plist_test

import (
	"encoding/binary"
	"math"
	"unicode/utf16"
)

// list is a binary property list under construction, byte by byte: whatever a
// hostile writer could put down, a test can.
type list struct {
	objects          [][]byte
	offsets          []uint64 // nil: where the objects are
	offSize, refSize byte
	top              uint64
	count            *uint64 // nil: as many as there are
	table            *uint64 // nil: where it is
}

func (l list) bytes() []byte {
	b := []byte("bplist00")
	var offsets []uint64
	for _, o := range l.objects {
		offsets = append(offsets, uint64(len(b)))
		b = append(b, o...)
	}
	if l.offsets != nil {
		offsets = l.offsets
	}
	table, count := uint64(len(b)), uint64(len(offsets))
	for _, o := range offsets {
		b = append(b, sized(o, int(l.offSize))...)
	}
	if l.count != nil {
		count = *l.count
	}
	if l.table != nil {
		table = *l.table
	}
	b = append(b, 0, 0, 0, 0, 0, 0, l.offSize, l.refSize)
	b = binary.BigEndian.AppendUint64(b, count)
	b = binary.BigEndian.AppendUint64(b, l.top)
	return binary.BigEndian.AppendUint64(b, table)
}

// binaryOf is a well-framed list of the objects with two-byte references.
func binaryOf(objects ...[]byte) []byte {
	return list{objects: objects, offSize: 4, refSize: 2}.bytes()
}

func sized(v uint64, n int) []byte {
	return binary.BigEndian.AppendUint64(nil, v)[8-n:]
}

// ascii, wide and the rest write one object with an honest length.
func ascii(s string) []byte { return append(counted(0x5, uint64(len(s))), s...) }

func wide(units ...uint16) []byte {
	b := counted(0x6, uint64(len(units)))
	for _, u := range units {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}

func data(s string) []byte { return append(counted(0x4, uint64(len(s))), s...) }

func num(v uint64) []byte { return binary.BigEndian.AppendUint64([]byte{0x13}, v) }

func date(seconds float64) []byte {
	return binary.BigEndian.AppendUint64([]byte{0x33}, math.Float64bits(seconds))
}

func boolean(v bool) []byte {
	if v {
		return []byte{0x09}
	}
	return []byte{0x08}
}

func array(refs ...uint16) []byte {
	b := counted(0xA, uint64(len(refs)))
	for _, r := range refs {
		b = binary.BigEndian.AppendUint16(b, r)
	}
	return b
}

// dict takes all keys, then all values.
func dict(refs ...uint16) []byte {
	b := counted(0xD, uint64(len(refs)/2))
	for _, r := range refs {
		b = binary.BigEndian.AppendUint16(b, r)
	}
	return b
}

// counted writes a marker with a count as a writer does; long writes the count
// out in 64 bits, true or not.
func counted(kind byte, n uint64) []byte {
	if n < 15 {
		return []byte{kind<<4 | byte(n)}
	}
	return long(kind, n)
}

func long(kind byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kind<<4 | 0xF, 0x13}, n)
}

// laughs refers twice to the next level, levels deep.
func laughs(levels int) [][]byte {
	var objects [][]byte
	for i := range levels {
		objects = append(objects, array(uint16(i+1), uint16(i+1)))
	}
	return append(objects, ascii("ha"))
}

// nest is n arrays within each other.
func nest(n int) []byte {
	l := list{offSize: 4, refSize: 4}
	for i := range n {
		l.objects = append(l.objects, binary.BigEndian.AppendUint32([]byte{0xA1}, uint32(i+1)))
	}
	l.objects = append(l.objects, ascii("x"))
	return l.bytes()
}

// status is the Status.plist of an iPhone, written as it writes it.
func status(state, backup string) []byte {
	return binaryOf(
		dict(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
		ascii("SnapshotState"), ascii("BackupState"), ascii("IsFullBackup"), ascii("Version"), ascii("UUID"), ascii("Date"),
		ascii(state), ascii(backup), boolean(false), ascii("3.3"), ascii("6C6B1F6E-0000-4000-8000-000000000001"), date(817467242.25),
	)
}

// unicodeForms writes text in each form a property list may come in.
func unicodeForms(text string) map[string][]byte {
	forms := map[string][]byte{"UTF-8": []byte(text), "UTF-8 with mark": []byte("\uFEFF" + text)}
	for name, order := range map[string]binary.AppendByteOrder{"big": binary.BigEndian, "little": binary.LittleEndian} {
		for suffix, marked := range map[string]string{"": text, " with mark": "\uFEFF" + text} {
			var b16, b32 []byte
			for _, u := range utf16.Encode([]rune(marked)) {
				b16 = order.AppendUint16(b16, u)
			}
			for _, r := range marked {
				b32 = order.AppendUint32(b32, uint32(r))
			}
			forms["UTF-16 "+name+suffix], forms["UTF-32 "+name+suffix] = b16, b32
		}
	}
	return forms
}
