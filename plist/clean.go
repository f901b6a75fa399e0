package plist

import (
	"strings"
	"unicode"
)

// Clean makes text from a phone fit to be shown, once, where it enters. Every
// kind of space, line ends included, becomes one plain space, and a run of them
// stays one; spaces at the ends go. Characters that cannot be seen but change
// how their neighbours look are dropped: control and format characters (among
// them those that turn the direction of writing, and the joiner of emoji
// families, which fall into their members), private-use characters and letters
// that are blank by design. Bytes that are not UTF-8 become U+FFFD.
//
// The result has at most max runes (Unicode code points); zero or less gives "".
// It still has to be escaped for the place where it is shown.
func Clean(s string, max int) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range s {
		if unicode.IsSpace(r) || isBlankLetter(r) {
			space = n > 0
			continue
		}
		if unicode.In(r, unicode.C) {
			continue
		}
		if space && n+2 <= max {
			b.WriteByte(' ')
			n++
		} else if space {
			break
		}
		if n >= max {
			break
		}
		b.WriteRune(r)
		n, space = n+1, false
	}
	return b.String()
}

// isBlankLetter reports whether r is a letter or symbol without ink, used to
// make names that look empty.
func isBlankLetter(r rune) bool {
	switch r {
	case 0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0:
		return true
	}
	return false
}
