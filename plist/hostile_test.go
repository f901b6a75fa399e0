package plist_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"backupwatchdog/plist"
)

const xmlHead = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
`

// everything asks for one value of each form, so that no part of a hostile
// list is stepped over for want of interest.
type everything struct {
	SnapshotState string
	Text          string
	Number        int
	Small         uint8
	Real          float64
	Flag          bool
	Date          time.Time
	Data          []byte
	List          []string
	Lists         [][][]string
	Inner         struct{ Text string }
	Inners        []struct{ Text string }
	Lookup        map[string]string
}

type hostile struct {
	name  string
	bytes []byte
	want  error // nil: decodes
}

// hostiles is the table of attacks. Each killed, hung or fooled a decoder that
// trusts what it reads.
func hostiles() []hostile {
	all := uint64(math.MaxUint64)
	wrap := func(kind byte, n uint64) []byte { return binaryOf(long(kind, n)) }
	under := func(key string, v ...[]byte) []byte {
		return binaryOf(append([][]byte{dict(1, 2), ascii(key)}, v...)...)
	}
	shift := func(objects [][]byte, by byte) [][]byte {
		for _, o := range objects[:len(objects)-1] {
			o[2], o[4] = o[2]+by, o[4]+by
		}
		return objects
	}
	cases := []hostile{
		// Lengths that wrap around when something is added or multiplied.
		{"text of length 2^64-1", wrap(0x5, all), plist.ErrNotPlist},
		{"text of length 2^64-1 as a key", binaryOf(dict(1, 2), long(0x5, all), ascii("x")), plist.ErrNotPlist},
		{"text of length 2^64-3 in a wanted field", under("Text", long(0x5, all-2)), plist.ErrNotPlist},
		{"data of length 2^64-1", wrap(0x4, all), plist.ErrNotPlist},
		{"wide text of length 2^64-1", wrap(0x6, all), plist.ErrNotPlist},
		{"wide text of length 2^63", wrap(0x6, 1<<63), plist.ErrNotPlist},
		{"array whose count times the reference size wraps", wrap(0xA, 1<<63), plist.ErrNotPlist},
		{"dictionary whose doubled count wraps", wrap(0xD, 1<<63), plist.ErrNotPlist},
		{"array one element too long", binaryOf([]byte{0xA1}), plist.ErrNotPlist},
		{"count of 16 bytes", binaryOf([]byte{0x5F, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 'x'}), plist.ErrNotPlist},
		{"count that is no number", binaryOf([]byte{0x5F, 0x51, 'x'}), plist.ErrNotPlist},
		{"count cut off", binaryOf([]byte{0x5F}), plist.ErrNotPlist},
		{"count cut in half", binaryOf([]byte{0x5F, 0x13, 0}), plist.ErrNotPlist},
		{"number of 32,768 bytes", binaryOf([]byte{0x1F}), plist.ErrNotPlist},
		{"real number of one byte", binaryOf([]byte{0x20, 0}), plist.ErrNotPlist},
		{"date of four bytes", binaryOf([]byte{0x32, 0, 0, 0, 0}), plist.ErrNotPlist},
		{"date cut off", binaryOf([]byte{0x33, 0}), plist.ErrNotPlist},
		{"null", binaryOf([]byte{0x00}), plist.ErrNotPlist},
		{"unknown kind", binaryOf([]byte{0x70}), plist.ErrNotPlist},

		// Trailers.
		{"reference size 0, 2^36 elements", list{objects: [][]byte{long(0xA, 1<<36)}, offSize: 1}.bytes(), plist.ErrCut},
		{"reference size 0, 2^28 elements", list{objects: [][]byte{long(0xA, 1<<28)}, offSize: 1}.bytes(), plist.ErrCut},
		{"offset size 0", list{objects: [][]byte{ascii("x")}, refSize: 1}.bytes(), plist.ErrCut},
		{"offset size 16", list{objects: [][]byte{ascii("x")}, offSize: 5, refSize: 1}.bytes(), plist.ErrCut},
		{"no objects", list{offSize: 1, refSize: 1}.bytes(), plist.ErrCut},
		{"top object out of range", list{objects: [][]byte{ascii("x")}, offSize: 1, refSize: 1, top: 1}.bytes(), plist.ErrCut},
		{"object count that wraps", list{objects: [][]byte{ascii("x")}, offSize: 8, refSize: 1, count: ptr(1<<61 + 1)}.bytes(), plist.ErrCut},
		{"table within the header", list{objects: [][]byte{ascii("x")}, offSize: 1, refSize: 1, table: ptr(3)}.bytes(), plist.ErrCut},
		{"table at the end of all numbers", list{objects: [][]byte{ascii("x")}, offSize: 1, refSize: 1, table: ptr(all)}.bytes(), plist.ErrCut},
		{"gap before the trailer", append(append(ascii("bplist00"), 0), make([]byte, 40)...), plist.ErrNotPlist},
		{"object in the header", list{objects: [][]byte{ascii("x")}, offsets: []uint64{2}, offSize: 1, refSize: 1}.bytes(), plist.ErrNotPlist},
		{"object in the table", list{objects: [][]byte{ascii("x")}, offsets: []uint64{10}, offSize: 1, refSize: 1}.bytes(), plist.ErrNotPlist},
		{"object in the table that looks like one", list{objects: [][]byte{ascii(strings.Repeat("x", 63))}, offsets: []uint64{0x51}, offSize: 1, refSize: 1}.bytes(), plist.ErrNotPlist},
		{"object at the end of all numbers", list{objects: [][]byte{ascii("x")}, offsets: []uint64{all}, offSize: 8, refSize: 1}.bytes(), plist.ErrNotPlist},
		{"a million objects of nothing", list{objects: [][]byte{{0x08}}, offsets: repeat(8, 1_000_000), offSize: 1, refSize: 4}.bytes(), plist.ErrTooLarge},

		// References.
		{"reference to nowhere", binaryOf(array(7)), plist.ErrNotPlist},
		{"array in itself", binaryOf(array(0)), plist.ErrNotPlist},
		{"dictionary in itself", binaryOf(dict(1, 0), ascii("k")), plist.ErrNotPlist},
		{"dictionary that is its own key", binaryOf(dict(0, 1), ascii("v")), plist.ErrNotPlist},
		{"two arrays in each other", binaryOf(array(1), array(0)), plist.ErrNotPlist},
		{"cycle under an unknown key", under("Nobody asks", array(3), array(2)), plist.ErrNotPlist},
		{"key that is a number", binaryOf(dict(1, 2), num(1), ascii("v")), plist.ErrNotPlist},
		{"laughs, 24 levels", binaryOf(laughs(24)...), plist.ErrTooLarge},
		{"laughs, 40 levels", binaryOf(laughs(40)...), plist.ErrTooLarge},
		{"laughs, 40 levels, under an unknown key", under("Nobody asks", shift(laughs(40), 2)...), plist.ErrTooLarge},
		{"laughs, 63 levels, in a wanted field", under("Lists", shift(laughs(62), 2)...), plist.ErrTooLarge},
		{"many references to one long text", sharedText(), plist.ErrTooLarge},
		{"overlapping arrays", overlapping(), plist.ErrTooLarge},
		{"65 levels", nest(65), plist.ErrTooLarge},
		{"20,000 levels", nest(20_000), plist.ErrTooLarge},
		{"100,000 levels", nest(100_000), plist.ErrTooLarge},
		{"300,000 levels", nest(300_000), plist.ErrTooLarge},
		{"levels hidden behind a shared object", hiddenDepth(), plist.ErrTooLarge},

		// XML.
		{"a million levels, none closed", []byte(xmlHead + "<plist><dict><key>List</key>" + strings.Repeat("<array>", 1_000_000)), plist.ErrTooLarge},
		{"65 dictionaries in each other", []byte("<plist>" + strings.Repeat("<dict><key>k</key>", 65)), plist.ErrTooLarge},
		{"a million empty dictionaries", []byte(xmlHead + "<plist><array>" + strings.Repeat("<dict/>", 1_000_000) + "</array></plist>"), plist.ErrTooLarge},
		{"a million comments", []byte(xmlHead + "<plist><dict>" + strings.Repeat("<!---->", 1_000_000) + "<key>SnapshotState</key><string>x</string></dict></plist>"), nil},
		{"entities that unfold", []byte(`<!DOCTYPE plist [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><plist><string>&b;</string></plist>`), plist.ErrNotPlist},
		{"entity of another file", []byte(`<!DOCTYPE plist [<!ENTITY a SYSTEM "file:///etc/passwd">]><plist><string>&a;</string></plist>`), plist.ErrNotPlist},
		{"entity nobody defined", []byte(`<plist><string>&a;</string></plist>`), plist.ErrNotPlist},
		{"attributes by the million", []byte("<plist" + strings.Repeat(" a=''", 5_000_000) + "><string>x</string></plist>"), plist.ErrTooLarge},
		{"a comment without end", []byte("<plist><!--" + strings.Repeat("x", 5_000_000)), plist.ErrTooLarge},
		{"a document type without end", []byte("<!DOCTYPE " + strings.Repeat("x", 5_000_000)), plist.ErrTooLarge},
		{"a text of 30 MB", []byte("<plist><dict><key>Text</key><string>" + strings.Repeat("x", 30<<20)), plist.ErrTooLarge},
		{"a text of 30 MB under an unknown key", []byte("<plist><dict><key>Nobody asks</key><string>" + strings.Repeat("x", 30<<20)), plist.ErrTooLarge},
		{"texts of 30 MB together", []byte("<plist><dict><key>List</key><array>" + strings.Repeat("<string>"+strings.Repeat("x", 3<<20)+"</string>", 10)), plist.ErrTooLarge},
		{"a key of 5 MB", []byte("<plist><dict><key>" + strings.Repeat("k", 5<<20) + "</key><true/></dict></plist>"), nil},
		{"two outermost values", []byte("<plist><dict/><dict/></plist>"), plist.ErrNotPlist},
		{"two documents", []byte("<plist><dict/></plist><plist><dict/></plist>"), plist.ErrNotPlist},
		{"text after the end", []byte("<plist><dict/></plist>and more"), plist.ErrNotPlist},
		{"zeros after the end", []byte("<plist><dict/></plist>\x00\x00\x00"), plist.ErrNotPlist},
		{"text between values", []byte("<plist><dict>more</dict></plist>"), plist.ErrNotPlist},
		{"value without a key", []byte("<plist><dict><string/></dict></plist>"), plist.ErrNotPlist},
		{"key without a value", []byte("<plist><dict><key>k</key></dict></plist>"), plist.ErrNotPlist},
		{"two keys in a row", []byte("<plist><dict><key>k</key><key>l</key><string/></dict></plist>"), plist.ErrNotPlist},
		{"element in a text", []byte("<plist><dict><key>k</key><string><b>x</b></string></dict></plist>"), plist.ErrNotPlist},
		{"element in a key", []byte("<plist><dict><key><b>x</b></key><string/></dict></plist>"), plist.ErrNotPlist},
		{"unknown element", []byte("<plist><dict><key>k</key><null/></dict></plist>"), plist.ErrNotPlist},
		{"ends crossed", []byte("<plist><dict></plist></dict>"), plist.ErrNotPlist},
		{"bytes that are not UTF-8", []byte("<plist><string>\xff\xfe</string></plist>"), plist.ErrNotPlist},
		{"data that is not base64", []byte("<plist><dict><key>Data</key><data>!</data></dict></plist>"), plist.ErrNotPlist},
		{"date that is none", []byte("<plist><dict><key>Date</key><date>yesterday</date></dict></plist>"), plist.ErrNotPlist},
		{"number that is none", []byte("<plist><dict><key>Number</key><integer>many</integer></dict></plist>"), plist.ErrNotPlist},
		{"number that is empty", []byte("<plist><dict><key>Number</key><integer/></dict></plist>"), plist.ErrNotPlist},
		{"another character set", []byte(`<?xml version="1.0" encoding="ISO-8859-1"?><plist><dict/></plist>`), plist.ErrNotPlist},

		// Not a property list at all, or not yet.
		{"empty", nil, plist.ErrEmpty},
		{"blanks", []byte(" \r\n\t\n"), plist.ErrEmpty},
		{"root without a value", []byte("<plist></plist>"), plist.ErrEmpty},
		{"root that is closed at once", []byte(xmlHead + "<plist version='1.0'/>"), plist.ErrEmpty},
		{"a prologue alone", []byte(xmlHead), plist.ErrCut},
		{"the first bytes of the binary form", []byte("bpli"), plist.ErrCut},
		{"the binary mark alone", []byte("bplist00"), plist.ErrCut},
		{"the binary mark and zeros", append([]byte("bplist00"), make([]byte, 4088)...), plist.ErrCut},
		{"zeros", make([]byte, 4096), plist.ErrNotPlist},
		{"one zero", make([]byte, 1), plist.ErrNotPlist},
		{"an unknown binary version", append([]byte("bplist15"), status("finished", "new")[8:]...), plist.ErrNotPlist},
		{"a web page", []byte("<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"), plist.ErrNotPlist},
		{"JSON", []byte(`{"SnapshotState": "finished"}`), plist.ErrNotPlist},
		{"the old text form", []byte(`{ SnapshotState = finished; }`), plist.ErrNotPlist},
		{"five million brackets", []byte(strings.Repeat("(", 5_000_000)), plist.ErrNotPlist},
		{"a million escapes in the old text form", []byte(`"` + strings.Repeat(`\n`, 1_000_000) + `"`), plist.ErrNotPlist},
		{"an index", []byte("SQLite format 3\x00"), plist.ErrNotPlist},

		// Sound lists that say something else.
		{"outermost value is a text", binaryOf(ascii("x")), plist.ErrWrongType},
		{"outermost value is an array", []byte("<plist><array/></plist>"), plist.ErrWrongType},
		{"text where a list belongs", under("List", ascii("x")), plist.ErrWrongType},
		{"list where a text belongs", under("Text", array()), plist.ErrWrongType},
		{"dictionary where a text belongs", under("Text", dict()), plist.ErrWrongType},
		{"number where a text belongs", under("Text", num(1)), plist.ErrWrongType},
		{"date where a text belongs", under("Text", date(0)), plist.ErrWrongType},
		{"reference where a number belongs", under("Number", []byte{0x80, 1}), plist.ErrWrongType},
		{"2^63 into an int", binaryOf(dict(1, 2), ascii("Number"), append([]byte{0x14, 0, 0, 0, 0, 0, 0, 0, 0}, sized(1<<63, 8)...)), plist.ErrWrongType},
		{"2^64 into an int", binaryOf(dict(1, 2), ascii("Number"), append([]byte{0x14, 0, 0, 0, 0, 0, 0, 0, 1}, sized(0, 8)...)), plist.ErrWrongType},
		{"2^63 into an int, as XML", []byte("<plist><dict><key>Number</key><integer>9223372036854775808</integer></dict></plist>"), plist.ErrWrongType},
		{"2^64 into an int, as XML", []byte("<plist><dict><key>Number</key><integer>18446744073709551616</integer></dict></plist>"), plist.ErrWrongType},
		{"-1 into an unsigned", under("Small", num(all)), plist.ErrWrongType},
		{"256 into a byte", under("Small", num(256)), plist.ErrWrongType},
	}
	for _, seconds := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 1e18, -1e18, 1 << 39} {
		cases = append(cases, hostile{fmt.Sprintf("date %g", seconds), under("Date", date(seconds)), nil})
	}
	return cases
}

func ptr(v uint64) *uint64 { return &v }

func repeat(v uint64, n int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// sharedText is 100,000 wanted references to one text of a megabyte: small in
// the file, a hundred gigabytes when each is copied.
func sharedText() []byte {
	refs := make([]uint16, 100_000)
	for i := range refs {
		refs[i] = 3
	}
	return binaryOf(dict(1, 2), ascii("List"), array(refs...), ascii(strings.Repeat("x", 1<<20)))
}

// overlapping is 100,000 arrays that share one long run of references: none
// too long by itself, each one reached.
func overlapping() []byte {
	const n = 100_000
	outer, inner := long(0xA, n), long(0xA, n)
	for i := range uint64(n) {
		outer = append(outer, sized(1+i, 4)...)
		inner = append(inner, sized(n+1, 4)...)
	}
	offsets := repeat(8+uint64(len(outer)), n+2)
	offsets[0], offsets[n+1] = 8, 8+uint64(len(outer)+len(inner))
	return list{objects: [][]byte{outer, inner, ascii("x")}, offsets: offsets, offSize: 4, refSize: 4}.bytes()
}

// hiddenDepth reaches a chain of 40 levels first near the top, then again 40
// levels down: a walk that does not come back to finished objects has to know
// how deep they were.
func hiddenDepth() []byte {
	var objects [][]byte
	objects = append(objects, array(41, 1))
	for i := 1; i < 40; i++ {
		objects = append(objects, array(uint16(i+1)))
	}
	objects = append(objects, array(41))
	for i := 41; i < 80; i++ {
		objects = append(objects, array(uint16(i+1)))
	}
	return binaryOf(append(objects, ascii("x"))...)
}

func TestHostile(t *testing.T) {
	for _, c := range hostiles() {
		t.Run(c.name, func(t *testing.T) {
			var v everything
			err := plist.Unmarshal(c.bytes, &v)
			if !errors.Is(err, c.want) || (err != nil) != (c.want != nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "the property list ") {
				t.Errorf("the error does not begin with its subject: %v", err)
			}
			if err != nil && strings.Contains(err.Error(), plist.Recovered) {
				t.Error("the decoder panicked")
			}
		})
	}
}
