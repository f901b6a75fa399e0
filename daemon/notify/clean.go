package notify

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isSpace reports whether a character separates words, in any script.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp)
}

// isPlain reports whether a character can be shown and survives quoting: Go
// writes what it cannot print as \u or \x, which AppleScript does not know.
func isPlain(r rune) bool { return r != utf8.RuneError && strconv.IsPrint(r) }

// isOpening reports whether a first character could be taken for an option or
// for a structure in the form of macOS defaults.
func isOpening(r rune) bool { return strings.ContainsRune("-[({<", r) }

// escapeMarkup makes a text mean itself where a body is markup.
func escapeMarkup(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
