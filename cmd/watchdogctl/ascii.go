package main

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// asciiOnly reports whether the locale says that only ASCII can be shown: the
// first of the three variables that is set decides. Where none is, a Mac speaks
// UTF-8; elsewhere that is the locale "C", and a terminal is taken at its word,
// while for a file or another program UTF-8 is what is usual.
func (p *program) asciiOnly() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(p.Getenv(name)); v != "" {
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return p.GOOS != "darwin" && p.StdoutTerminal
}

// bare has ASCII for what we write ourselves, and for what names of phones
// often hold. Each is as wide as what it stands for, so that columns stay.
var bare = map[rune]rune{
	'·': '-', '–': '-', '—': '-', '‑': '-', '−': '-', '…': '.', '›': '>', '‹': '<', '×': 'x', '≥': '>', '≤': '<', '→': '>', '↓': 'v', '•': '*',
	'’': '\'', '‘': '\'', '“': '"', '”': '"', '„': '"', '«': '"', '»': '"', '✓': '+', '✗': 'X', '●': '*', '\u00a0': ' ',
	'ä': 'a', 'ö': 'o', 'ü': 'u', 'Ä': 'A', 'Ö': 'O', 'Ü': 'U', 'à': 'a', 'á': 'a', 'â': 'a', 'ã': 'a', 'å': 'a', 'ç': 'c', 'è': 'e', 'é': 'e', 'ê': 'e', 'ë': 'e',
	'ì': 'i', 'í': 'i', 'î': 'i', 'ï': 'i', 'ñ': 'n', 'ò': 'o', 'ó': 'o', 'ô': 'o', 'õ': 'o', 'ø': 'o', 'ù': 'u', 'ú': 'u', 'û': 'u', 'ý': 'y',
	'É': 'E', 'È': 'E', 'À': 'A', 'Ç': 'C', 'Ñ': 'N', 'Å': 'A', 'Ø': 'O',
}

// toASCII writes text with ASCII alone, in as many columns: a question mark for
// each column of what has no likeness.
func toASCII(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		seen, width := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		s = s[len(seen):]
		first, _ := utf8.DecodeRuneInString(seen) // accents that follow it go
		switch like, ok := bare[first]; {
		case first < utf8.RuneSelf && len(seen) > 1 && seen[1] < utf8.RuneSelf: // a line's end in two bytes
			b.WriteString(seen)
		case first < utf8.RuneSelf:
			b.WriteRune(first)
		case ok:
			b.WriteRune(like)
		default:
			b.WriteString(strings.Repeat("?", width))
		}
	}
	return b.String()
}

// asciiWriter writes text with ASCII alone. JSON goes through as it is: it is
// UTF-8 whatever the locale.
type asciiWriter struct {
	p *program
	w io.Writer
}

// Write takes whole characters, as all of ours do.
func (a *asciiWriter) Write(b []byte) (int, error) {
	text := string(b)
	if !a.p.JSON {
		text = toASCII(text)
	}
	if _, err := io.WriteString(a.w, text); err != nil {
		return 0, err
	}
	return len(b), nil
}

// raw is w without the ASCII filter: for files, and for what draws by itself.
func raw(w io.Writer) io.Writer {
	if a, ok := w.(*asciiWriter); ok {
		return a.w
	}
	return w
}
