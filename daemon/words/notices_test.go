package words

import (
	"testing"
	"unicode/utf8"
)

func TestTitlesOfNoticesFit(t *testing.T) {
	seen := map[string]string{}
	for _, code := range Codes() {
		short := conditions[code].Short
		if n := utf8.RuneCountInString(short); n == 0 || n > 25 {
			t.Errorf("%s: %q has %d characters", code, short, n)
		}
		if other, ok := seen[short]; ok {
			t.Errorf("%s and %s are called the same: %q", code, other, short)
		}
		seen[short] = code
		for _, title := range []string{short, conditions[code].Over} {
			if got := NoticeTitle("Somebody's iPhone", title); utf8.RuneCountInString(got) > TitleMost {
				t.Errorf("%q", got)
			}
		}
	}
}
