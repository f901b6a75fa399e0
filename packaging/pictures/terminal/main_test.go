package main

import "testing"

func TestSpans(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "a < b", "a &lt; b"},
		{"bold ends", "\x1b[1mstuck\x1b[0m so", `<span class="b">stuck</span> so`},
		{"two codes", "\x1b[1;33m!\x1b[39m x", `<span class="b c3">!</span><span class="b"> x</span>`},
		{"bright", "\x1b[94mx", `<span class="c4">x</span>`},
		{"not a colour", "\x1b[38;5;9mx\x1b[2K", "x"},
		{"back to usual", "\x1b[2mx\x1b[mx", `<span class="d">x</span>x`},
		{"character sets", "\x1b(Bx\x0f", "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := spans(c.in); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
