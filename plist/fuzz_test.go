package plist_test

import (
	"strings"
	"testing"

	howett "howett.net/plist"

	"backupwatchdog/plist"
)

// FuzzRaw feeds bytes as they come. It seldom gets past a trailer, but knows
// XML.
func FuzzRaw(f *testing.F) {
	for _, c := range hostiles() {
		if len(c.bytes) < 4096 {
			f.Add(c.bytes)
		}
	}
	f.Add(status("finished", "new"))
	f.Add([]byte(xmlDict("<key>Text</key><string>a &amp; b</string><key>List</key><array><string/></array>")))
	f.Fuzz(check)
}

// FuzzBinaryObjects makes objects out of the fuzzer's bytes and puts a valid
// trailer under them. Random bytes hardly ever have one; with it, howett.net/plist
// died within seconds.
func FuzzBinaryObjects(f *testing.F) {
	f.Add([]byte{0xD2, 1, 2, 3, 4}, byte(2), byte(1))
	f.Add([]byte{0xAF, 0x13, 0x80, 0, 0, 0, 0, 0, 0, 0}, byte(4), byte(3))
	f.Add([]byte{0x5F, 0x13, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, byte(1), byte(8))
	f.Add([]byte{0xA2, 1, 1, 0xA2, 2, 2, 0xA2, 3, 3, 0x51, 'x'}, byte(1), byte(1))
	f.Add([]byte{0xD1, 15, 16, 0xA3, 0, 1, 2, 0x10, 7, 0x33, 0x7F, 0xF0, 0, 0, 0, 0, 0, 0, 0x23, 1, 2, 3, 4, 5, 6, 7, 8}, byte(2), byte(2))
	f.Fuzz(func(t *testing.T, program []byte, offSize, refSize byte) {
		check(t, assemble(program, offSize, refSize))
	})
}

// names are objects that every assembled list has, so that its dictionaries
// can have keys that are asked for.
var names = [][]byte{
	ascii("SnapshotState"), ascii("Text"), ascii("Number"), ascii("Flag"), ascii("Date"), ascii("Data"), ascii("List"), ascii("Inner"),
	ascii("Lockdown"), ascii("DeviceName"), ascii("Device Name"), ascii("Lookup"), ascii("Lists"), wide('T', 'e', 'x', 't'), ascii("x"),
}

// assemble reads the program as a row of objects: a marker, then its content,
// the references in a container one byte each. What is missing at the end of
// the program stays missing. Object 0 is the program's first.
func assemble(program []byte, offSize, refSize byte) []byte {
	sizes := []byte{1, 2, 3, 4, 8}
	l := list{offSize: sizes[offSize%5], refSize: sizes[refSize%5]}
	take := func(n int) []byte {
		n = min(n, len(program))
		b := program[:n]
		program = program[n:]
		return b
	}
	for len(program) > 0 && len(l.objects) < 200 {
		o := append([]byte(nil), take(1)...)
		count := int(o[0] & 0xF)
		if kind := o[0] >> 4; kind >= 4 && count == 0xF {
			o = append(o, take(9)...)
			count = 20 // whatever it claims
		}
		switch o[0] >> 4 {
		case 1, 2, 3:
			o = append(o, take(1<<min(count, 4))...)
		case 4, 5:
			o = append(o, take(count)...)
		case 6:
			o = append(o, take(2*count)...)
		case 8:
			o = append(o, take(count+1)...)
		case 0xD:
			count *= 2
			fallthrough
		case 0xA, 0xC:
			for _, ref := range take(count) {
				o = append(o, sized(uint64(ref), int(l.refSize))...)
			}
		}
		l.objects = append(l.objects, o)
	}
	l.objects = append(l.objects, names...)
	return l.bytes()
}

// check reads b in every way. None may panic, and each answer is one of those
// agreed on. Where howett.net/plist, which is safe on what has passed the
// guard, also has an answer, it is the same.
func check(t *testing.T, b []byte) {
	_, err1 := plist.DecodeStatus(b)
	_, err2 := plist.DecodeInfo(b)
	_, err3 := plist.DecodeManifest(b)
	var all everything
	err4 := plist.Unmarshal(b, &all)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil && (!known(err) || strings.Contains(err.Error(), plist.Recovered)) {
			t.Errorf("a panic, or an error of no known kind: %v", err)
		}
	}
	if again := plist.Unmarshal(b, new(everything)); (again == nil) != (err4 == nil) {
		t.Errorf("two readings differ: %v, %v", err4, again)
	}
	var nothing struct{}
	sound := plist.Unmarshal(b, &nothing)
	if sound != nil && err4 == nil {
		t.Errorf("decodes although it is not sound: %v", sound)
	}
	if sound == nil {
		compare(t, b)
	}
}

// compare reads the simplest fields with howett.net/plist too.
func compare(t *testing.T, b []byte) {
	type simple struct {
		Text   string
		Number int64
		Flag   bool
		Data   []byte
		List   []string
		Inner  struct{ Text string }
	}
	var ours, theirs simple
	err := plist.Unmarshal(b, &ours)
	if _, theirErr := howett.Unmarshal(b, &theirs); err != nil || theirErr != nil {
		return
	}
	if ours.Text != valid(theirs.Text) || ours.Number != theirs.Number || ours.Flag != theirs.Flag ||
		string(ours.Data) != string(theirs.Data) || len(ours.List) != len(theirs.List) || ours.Inner.Text != valid(theirs.Inner.Text) {
		t.Errorf("ours %+v, theirs %+v", ours, theirs)
	}
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
