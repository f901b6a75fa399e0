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

func TestNoticesInListsThatNameTheDevice(t *testing.T) {
	for _, c := range []struct{ code, title, want string }{
		{"stalled", "Mia's iPhone: Mia's iPho…: backup is stuck", "Backup is stuck"},
		{"stalled", "iPho…: The backup is stu…", "Backup is stuck"},
		{"stalled", "Mia's iPho…: backup is moving again", "Backup is moving again"},
		{"volume-missing", "backup drive is back", "Backup drive is back"},
		{"interrupted", "Mia's iPhone: backup is complete", "Backup is complete"},
		{"stalled", "", "Backup is stuck"},
		{"", "Backups are well", "Backups are well"},
		{"of-later", "Mia's iPhone: Ulm: something new", "Something new"},
		{"of-later", "", ""},
	} {
		if got := NoticeWhat(c.code, c.title); got != c.want {
			t.Errorf("%s, %q: %q, want %q", c.code, c.title, got, c.want)
		}
	}
}
