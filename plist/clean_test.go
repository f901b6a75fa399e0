package plist_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"backupwatchdog/plist"
)

func TestClean(t *testing.T) {
	cases := []struct {
		name, in string
		max      int
		want     string
	}{
		{"plain", "Ada's iPhone", 64, "Ada's iPhone"},
		{"typographic apostrophe stays", "Ada\u2019s iPhone", 64, "Ada\u2019s iPhone"},
		{"other scripts stay", "آيفون 아이폰 アイフォン", 64, "آيفون 아이폰 アイフォン"},
		{"hard space", "Ada\u00A0iPhone", 64, "Ada iPhone"},
		{"every space", "a\u1680b\u2003c\u202Fd\u3000e\u2028f\u2029g\tb\r\nh", 64, "a b c d e f g b h"},
		{"spaces around", "  iPhone \n", 64, "iPhone"},
		{"only spaces", " \u3000 ", 64, ""},
		{"control", "a\x00b\x1b[31mc\x7fd\u0085e", 64, "ab[31mcd e"},
		{"turned writing", "a\u202Eb\u2066c\u200Fd", 64, "abcd"},
		{"joined emoji fall apart", "\U0001F469\u200D\U0001F4BB", 64, "\U0001F469\U0001F4BB"},
		{"zero width", "a\u200Bb\uFEFFc\u00ADd", 64, "abcd"},
		{"hidden tags", "a\U000E0041\U000E0042b", 64, "ab"},
		{"private use", "a\uE000b\U000F0000c", 64, "abc"},
		{"letters without ink", "a\u3164b\u2800c", 64, "a b c"},
		{"not UTF-8", "a\xffb\xc3", 64, "a\uFFFDb\uFFFD"},
		{"cut between runes", "éééé", 3, "ééé"},
		{"cut leaves no space at the end", "ab cd", 3, "ab"},
		{"exactly as long", "ab cd", 5, "ab cd"},
		{"nothing wanted", "abc", 0, ""},
		{"less than nothing", "abc", -1, ""},
	}
	for _, c := range cases {
		if got := plist.Clean(c.in, c.max); got != c.want {
			t.Errorf("%s: Clean(%q, %d) = %q, want %q", c.name, c.in, c.max, got, c.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("Ada\u2019s\u00A0iPhone \U0001F469\u200D\U0001F4BB", 5)
	f.Add("\xff \x00", 2)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		got := plist.Clean(s, limit)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > max(limit, 0) {
			t.Errorf("Clean(%q, %d) = %q", s, limit, got)
		}
		if strings.TrimSpace(got) != got || plist.Clean(got, limit) != got {
			t.Errorf("Clean(%q, %d) = %q, which is not clean", s, limit, got)
		}
	})
}
