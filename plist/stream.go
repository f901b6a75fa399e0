package plist

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// gate stands before the XML reader, which holds a tag, a comment or a text as
// a whole before it hands it over, and makes more of a tag than it was. It
// stops what is longer than any real one.
type gate struct {
	r     io.Reader
	token int  // bytes since the last restart
	inTag bool // between "<" and ">"
	tag   int  // bytes since "<"
}

// restart is called when the XML reader begins with a new piece.
func (g *gate) restart() { g.token = 0 }

func (g *gate) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if g.token += n; g.token > maxToken {
		return 0, errLongValue
	}
	if g.longTag(p[:n]) {
		return 0, because(ErrTooLarge, "a single tag in it is over "+sizeText(maxTag))
	}
	return n, err
}

func (g *gate) longTag(b []byte) bool {
	for _, c := range b {
		switch {
		case !g.inTag && c == '<':
			g.inTag, g.tag = true, 0
		case g.inTag && c == '>':
			g.inTag = false
		case g.inTag:
			if g.tag++; g.tag > maxTag {
				return true
			}
		}
	}
	return false
}

// marks are the ways a Unicode text can begin whose first sign is "<", longest
// first. Apple's reader takes them all.
var marks = []struct {
	prefix   string
	encoding encoding.Encoding // nil: UTF-8
	skip     int               // bytes of the mark itself
}{
	{"\x00\x00\xFE\xFF", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), 4},
	{"\xFF\xFE\x00\x00", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), 4},
	{"\x00\x00\x00<", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), 0},
	{"<\x00\x00\x00", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), 0},
	{"\xEF\xBB\xBF", nil, 3},
	{"\xFE\xFF", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), 2},
	{"\xFF\xFE", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), 2},
	{"\x00<", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), 0},
	{"<\x00", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), 0},
}

// toUTF8 finds out in which Unicode form r is written, and refuses what does
// not begin as XML does.
func toUTF8(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(4)
	if len(head) == 0 && err != nil {
		if err == io.EOF {
			return nil, ErrEmpty
		}
		return nil, err
	}
	out := in
	for _, m := range marks {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			_, _ = in.Discard(m.skip)
			if m.encoding != nil {
				out = bufio.NewReaderSize(m.encoding.NewDecoder().Reader(in), 64<<10)
			}
			break
		}
	}
	return out, expectMarkup(out)
}

// expectMarkup steps over blanks and makes sure that "<" follows.
func expectMarkup(r *bufio.Reader) error {
	for {
		c, err := r.ReadByte()
		switch {
		case err == io.EOF:
			return because(ErrEmpty, "it has nothing but blanks")
		case err != nil:
			return err
		case c == '<':
			return r.UnreadByte()
		case c == 0:
			return because(ErrNotPlist, "it begins with zeros, as after a power cut")
		case !strings.ContainsRune(" \t\r\n", rune(c)):
			return because(ErrNotPlist, "it begins as something else")
		}
	}
}

// acceptCharset is called when an XML declaration names another encoding than
// UTF-8. By then the text is UTF-8 if it ever was Unicode.
func acceptCharset(label string, r io.Reader) (io.Reader, error) {
	switch l := strings.ToLower(label); {
	case strings.HasPrefix(l, "utf"), l == "us-ascii", l == "ascii":
		return r, nil
	}
	return nil, because(ErrNotPlist, "it is written in "+Clean(label, 20)+", which property lists are not")
}
