package verifytest

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// MBFile describes a keyed archive to make.
type MBFile struct {
	Path          string
	Size          int64
	Mode          int64
	ModTime       int64  // unix seconds
	Digest        []byte // 20 bytes, or nil
	EncryptionKey []byte // 44 bytes, or nil
	Target        string // of a link
}

// Archive returns f as NSKeyedArchiver writes an MBFile.
func Archive(f MBFile) []byte {
	var w writer
	w.b = append(w.b, "bplist00"...)
	fields := []field{
		{"RelativePath", w.add(uid(2))},
		{"Size", w.add(integer(f.Size))},
		{"Mode", w.add(integer(f.Mode))},
		{"InodeNumber", w.add(integer(4711))},
		{"UserID", w.add(integer(501))},
		{"GroupID", w.add(integer(501))},
		{"Birth", w.add(integer(f.ModTime))},
		{"LastModified", w.add(integer(f.ModTime))},
		{"LastStatusChange", w.add(integer(f.ModTime))},
		{"ProtectionClass", w.add(integer(3))},
		{"Flags", w.add(integer(0))},
	}
	objects := []int{w.add(text("$null")), -1, w.add(text(f.Path))}
	next := func(obj []byte) int { objects = append(objects, w.add(obj)); return w.add(uid(len(objects) - 1)) }
	if f.Digest != nil {
		fields = append(fields, field{"Digest", next(data(f.Digest))})
	}
	if f.Target != "" {
		fields = append(fields, field{"Target", next(text(f.Target))})
	}
	if f.EncryptionKey != nil {
		inner := w.dict([]field{{"NS.data", w.add(data(f.EncryptionKey))}})
		objects = append(objects, inner)
		fields = append(fields, field{"EncryptionKey", w.add(uid(len(objects) - 1))})
	}
	fields = append(fields, field{"$class", w.add(uid(len(objects)))})
	class := w.dict([]field{{"$classname", w.add(text("MBFile"))}})
	objects[1] = w.dict(fields)
	objects = append(objects, class)
	top := w.dict([]field{{"root", w.add(uid(1))}})
	root := w.dict([]field{
		{"$version", w.add(integer(100000))}, {"$archiver", w.add(text("NSKeyedArchiver"))},
		{"$top", top}, {"$objects", w.array(objects)},
	})
	return w.finish(root)
}

type field struct {
	key   string
	value int
}

// A writer lays down the objects of a binary property list one by one;
// references have one byte, offsets two.
type writer struct {
	b       []byte
	offsets []int
}

// add appends an encoded object and returns its number.
func (w *writer) add(obj []byte) int {
	w.offsets = append(w.offsets, len(w.b))
	w.b = append(w.b, obj...)
	return len(w.offsets) - 1
}

func (w *writer) dict(fields []field) int {
	keys := make([]byte, len(fields))
	for i, f := range fields {
		keys[i] = byte(w.add(text(f.key)))
	}
	obj := marker(0xd0, len(fields))
	obj = append(obj, keys...)
	for _, f := range fields {
		obj = append(obj, byte(f.value))
	}
	return w.add(obj)
}

func (w *writer) array(items []int) int {
	obj := marker(0xa0, len(items))
	for _, i := range items {
		obj = append(obj, byte(i))
	}
	return w.add(obj)
}

func (w *writer) finish(root int) []byte {
	table := len(w.b)
	for _, o := range w.offsets {
		w.b = binary.BigEndian.AppendUint16(w.b, uint16(o))
	}
	w.b = append(w.b, 0, 0, 0, 0, 0, 0, 2, 1)
	for _, v := range []int{len(w.offsets), root, table} {
		w.b = binary.BigEndian.AppendUint64(w.b, uint64(v))
	}
	return w.b
}

// marker encodes an object's kind and length.
func marker(kind byte, n int) []byte {
	if n < 15 {
		return []byte{kind | byte(n)}
	}
	if n < 256 {
		return []byte{kind | 15, 0x10, byte(n)}
	}
	return []byte{kind | 15, 0x11, byte(n >> 8), byte(n)}
}

// text encodes ASCII as such and anything else as UTF-16, as Apple's writer does.
func text(s string) []byte {
	if isASCII(s) {
		return append(marker(0x50, len(s)), s...)
	}
	units := utf16.Encode([]rune(s))
	obj := marker(0x60, len(units))
	for _, u := range units {
		obj = binary.BigEndian.AppendUint16(obj, u)
	}
	return obj
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0
}

func data(d []byte) []byte { return append(marker(0x40, len(d)), d...) }
func uid(n int) []byte     { return []byte{0x80, byte(n)} }

func integer(v int64) []byte {
	switch {
	case v >= 0 && v < 1<<8:
		return []byte{0x10, byte(v)}
	case v >= 0 && v < 1<<16:
		return []byte{0x11, byte(v >> 8), byte(v)}
	case v >= 0 && v < 1<<31:
		return binary.BigEndian.AppendUint32([]byte{0x12}, uint32(v))
	}
	return binary.BigEndian.AppendUint64([]byte{0x13}, uint64(v))
}
