package plist_test

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"backupwatchdog/plist"
)

// An Info.plist that is too large to be read is judged by its ends: large alone
// is no damage, and neither a hole nor garbage passes for large.
func TestInfoTooLargeToRead(t *testing.T) {
	const size = 100 << 20
	wide := func(s string) (b []byte) {
		for _, u := range utf16.Encode([]rune(s)) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		return b
	}
	trailer := func(table, objects uint64) []byte {
		b := []byte{0, 0, 0, 0, 0, 0, 4, 4}
		for _, v := range []uint64{objects, 0, table} {
			b = binary.BigEndian.AppendUint64(b, v)
		}
		return b
	}
	const objects = 1000
	for name, c := range map[string]struct {
		size       int64
		head, tail []byte
		want       error
	}{
		"XML":                      {size, []byte("\n<?xml version=\"1.0\"?>\n<plist><dict>"), []byte("</dict>\n</plist>\n"), plist.ErrUnread},
		"XML in UTF-16":            {size, append([]byte{0xff, 0xfe}, wide("<plist>")...), wide("</plist>\n"), plist.ErrUnread},
		"binary":                   {size, []byte("bplist00"), trailer(size-32-4*objects, objects), plist.ErrUnread},
		"just over what is read":   {64<<20 + 1, []byte("<plist>"), []byte("</plist>"), plist.ErrUnread},
		"zeros":                    {size, nil, nil, plist.ErrNotPlist},
		"zeros at the end":         {size, []byte("<plist><dict>"), nil, plist.ErrCut},
		"zeros behind the end":     {size, []byte("<plist>"), []byte("</plist>\x00\x00"), plist.ErrCut},
		"cut":                      {size, []byte("<plist>"), []byte("<key>iTunes Fi"), plist.ErrCut},
		"binary, cut":              {size, []byte("bplist00"), []byte("some data of one of its objects.."), plist.ErrCut},
		"binary, another's end":    {size, []byte("bplist00"), trailer(4711, objects), plist.ErrCut},
		"unknown binary form":      {size, []byte("bplist99"), trailer(size-32-4*objects, objects), plist.ErrNotPlist},
		"garbage":                  {size, []byte("garbage"), []byte("</plist>"), plist.ErrNotPlist},
		"blanks":                   {size, make4k(' '), make4k(' '), plist.ErrNotPlist},
		"larger than any can be":   {512<<20 + 1, []byte("<plist>"), []byte("</plist>"), plist.ErrTooLarge},
		"a tag that does not end":  {1 << 20, []byte("<"), nil, plist.ErrTooLarge},
		"zeros, of a size we read": {1 << 20, nil, nil, plist.ErrNotPlist},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "Info.plist")
			f, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for _, e := range []error{f.Truncate(c.size), writeAt(f, c.head, 0), writeAt(f, c.tail, c.size-int64(len(c.tail)))} {
				if e != nil {
					t.Fatal(e)
				}
			}
			if name == "a tag that does not end" {
				for at := int64(1); at < c.size; at += 4096 {
					if err := writeAt(f, make4k('a'), at); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := plist.ReadInfo(path); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func make4k(c byte) []byte {
	b := make([]byte, 4096)
	for i := range b {
		b[i] = c
	}
	return b
}

func writeAt(f *os.File, b []byte, at int64) error {
	_, err := f.WriteAt(b, at)
	return err
}

// A refusal is one to whoever asks in the standard library's words.
func TestDeniedIsPermission(t *testing.T) {
	if !errors.Is(plist.ErrDenied, fs.ErrPermission) || errors.Is(plist.ErrAbsent, fs.ErrPermission) {
		t.Error("ErrDenied, and it alone, is fs.ErrPermission")
	}
}

// TestOneLongValue: an Info.plist whose size is one piece of artwork is merely
// large; with its end cut off it is damaged.
func TestOneLongValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "Info.plist")
	text := `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>iTunes Artwork</key><data>` +
		strings.Repeat("QUFB", 5<<20) + `</data></dict></plist>`
	for _, c := range []struct {
		text string
		want error
	}{{text, plist.ErrUnread}, {text[:len(text)-40], plist.ErrCut}} {
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := plist.ReadInfo(path); !errors.Is(err, c.want) {
			t.Errorf("%d bytes: %v, want %v", len(c.text), err, c.want)
		}
	}
}
