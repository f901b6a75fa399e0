package phonetest

import (
	"encoding/binary"
	"unicode/utf16"
)

// A tiny writer of binary property lists. The index of a large backup holds
// one for each file, keyed archives that need UIDs; this writes a hundred
// thousand in the time a general encoder needs for some hundreds.
//
// Values: string, int, []byte, uid, pairs, []any. At most 255 objects.

// uid is a reference inside a keyed archive.
type uid byte

// pairs is a dictionary that keeps its order: key, value, key, value.
type pairs []any

// encodeArchive writes one binary property list with the root object v.
func encodeArchive(v any) []byte {
	w := &bplist{out: append(make([]byte, 0, 1024), "bplist00"...)}
	w.flatten(v)
	offsets := make([]int, len(w.objects))
	for i, o := range w.objects {
		offsets[i] = len(w.out)
		w.write(o)
	}
	table := len(w.out)
	for _, o := range offsets {
		w.out = binary.BigEndian.AppendUint16(w.out, uint16(o))
	}
	w.out = append(w.out, 0, 0, 0, 0, 0, 0, 2, 1) // offsets of two bytes, references of one
	w.out = binary.BigEndian.AppendUint64(w.out, uint64(len(offsets)))
	w.out = binary.BigEndian.AppendUint64(w.out, 0)
	return binary.BigEndian.AppendUint64(w.out, uint64(table))
}

// bplist collects objects: containers hold references instead of values.
type bplist struct {
	out     []byte
	objects []any
}

// ref stands for an object inside a container that has been flattened.
type ref byte

type flatDict []ref
type flatArray []ref

// flatten gives v and everything below it a number and returns v's.
func (w *bplist) flatten(v any) ref {
	n := ref(len(w.objects))
	w.objects = append(w.objects, v)
	switch v := v.(type) {
	case pairs:
		refs := make(flatDict, len(v))
		for i := 0; i < len(v); i += 2 { // all keys, then all values
			refs[i/2] = w.flatten(v[i])
		}
		for i := 1; i < len(v); i += 2 {
			refs[len(v)/2+i/2] = w.flatten(v[i])
		}
		w.objects[n] = refs
	case []any:
		refs := make(flatArray, len(v))
		for i, e := range v {
			refs[i] = w.flatten(e)
		}
		w.objects[n] = refs
	}
	return n
}

// write appends one object.
func (w *bplist) write(o any) {
	switch o := o.(type) {
	case string:
		w.text(o)
	case int:
		w.integer(o)
	case []byte:
		w.marker(0x40, len(o))
		w.out = append(w.out, o...)
	case uid:
		w.out = append(w.out, 0x80, byte(o))
	case flatDict:
		w.marker(0xd0, len(o)/2)
		w.refs(o)
	case flatArray:
		w.marker(0xa0, len(o))
		w.refs(o)
	}
}

// refs appends references of one byte each.
func (w *bplist) refs(refs []ref) {
	for _, r := range refs {
		w.out = append(w.out, byte(r))
	}
}

// text appends a string, as ASCII where that is enough, else as UTF-16.
func (w *bplist) text(s string) {
	for i := range len(s) {
		if s[i] >= 0x80 {
			units := utf16.Encode([]rune(s))
			w.marker(0x60, len(units))
			for _, u := range units {
				w.out = binary.BigEndian.AppendUint16(w.out, u)
			}
			return
		}
	}
	w.marker(0x50, len(s))
	w.out = append(w.out, s...)
}

// integer appends a whole number; negative ones take eight bytes.
func (w *bplist) integer(n int) {
	switch {
	case n >= 0 && n < 1<<8:
		w.out = append(w.out, 0x10, byte(n))
	case n >= 0 && n < 1<<16:
		w.out = binary.BigEndian.AppendUint16(append(w.out, 0x11), uint16(n))
	case n >= 0 && n < 1<<32:
		w.out = binary.BigEndian.AppendUint32(append(w.out, 0x12), uint32(n))
	default:
		w.out = binary.BigEndian.AppendUint64(append(w.out, 0x13), uint64(n))
	}
}

// marker appends the type and the length, which spills into an integer from
// 15 on.
func (w *bplist) marker(kind byte, n int) {
	if n < 15 {
		w.out = append(w.out, kind|byte(n))
		return
	}
	w.out = append(w.out, kind|15)
	w.integer(n)
}
