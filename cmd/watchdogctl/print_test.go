package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"

	"github.com/charmbracelet/x/ansi"
)

// TestJSONIsUTC: whatever zone the daemon lives in, what we print is UTC.
func TestJSONIsUTC(t *testing.T) {
	for _, p := range pictures {
		s := p.make()
		s.Daemon.LastNotice = ptr(now)
		b, err := json.Marshal(inUTC(&s))
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`"[0-9-]{10}T[^"]*[^Z"]"`).Find(b); m != nil {
			t.Errorf("%s: %s", p.name, m)
		}
	}
}

func TestFit(t *testing.T) {
	text := strings.Repeat("line\n", 30)
	for height, want := range map[int]int{0: 30, 31: 30, 30: 29, 10: 9} {
		p := &program{Height: func() int { return height }}
		if got := strings.Count(p.fit(text), "\n"); got != want {
			t.Errorf("on %d lines: %d", height, got)
		}
	}
	if got := (&program{Height: func() int { return 10 }}).fit(text); !strings.HasSuffix(got, "(and 22 more lines: make the window taller)\n") {
		t.Error(got)
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"a\x1b[31mb": "a\ufffd[31mb", "a\nb\tc": "a b c", "\u202eabc": "\ufffdabc", "\u009b2J": "\ufffd2J", "Anna’s 📱": "Anna’s 📱", "\x7f": "\ufffd",
	} {
		if got := clean(in); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}

// TestColours: only on a terminal, and not when they are unwanted.
func TestColours(t *testing.T) {
	env := map[string]string{}
	p := &program{Getenv: func(k string) string { return env[k] }, Now: func() time.Time { return now }, StdoutTerminal: true}
	check := func(what string, want bool) {
		t.Helper()
		if got := strings.Contains(draw(pictureOf("stuck"), p.look()), "\x1b["); got != want {
			t.Errorf("%s: colours %v", what, got)
		}
	}
	check("on a terminal", true)
	p.NoColor = true
	check("with --no-color", false)
	p.NoColor = false
	for k, v := range map[string]string{"NO_COLOR": "1", "TERM": "dumb"} {
		env = map[string]string{k: v}
		check(k, false)
	}
	env = map[string]string{}
	p.StdoutTerminal = false
	check("into a file", false)
}

func TestLocale(t *testing.T) {
	for lang, want := range map[string]bool{"": true, "C": true, "de_DE.UTF-8": false, "en_US.utf8": false, "de_DE.ISO-8859-1": true} {
		p := &program{GOOS: "linux", Getenv: func(k string) string { return map[string]string{"LANG": lang}[k] }, Now: func() time.Time { return now }, StdoutTerminal: true}
		for r := range strings.SplitSeq(draw(pictureOf("running"), p.look()), "") {
			if r == "●" && want || r == "*" && !want {
				t.Errorf("LANG=%s draws %s", lang, r)
			}
		}
		p.GOOS = "darwin"
		if got := p.asciiOnly(); got != (want && lang != "") {
			t.Errorf("LANG=%s on a Mac: %v", lang, got)
		}
		p.GOOS, p.StdoutTerminal = "linux", false
		if got := p.asciiOnly(); got != (want && lang != "") {
			t.Errorf("LANG=%s in a pipe: %v", lang, got)
		}
	}
}

func TestASCII(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "Anna’s": "Anna's", "ja\u0308r": "jar", "名前": "????", "👩‍👩‍👧‍👦!": "??!", "≥31 % …": ">31 % .", "a\r\nb": "a\r\nb", "\x1b[2mé\x1b[0m": "\x1b[2me\x1b[0m",
	} {
		if got := toASCII(in); got != want || ansi.StringWidth(got) != ansi.StringWidth(in) {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// TestShortIDs: two phones of one name are told apart.
func TestShortIDs(t *testing.T) {
	s := pictureOf("three")
	for i := range s.Backups {
		s.Backups[i].DeviceName = "iPhone"
	}
	s.Phones = nil
	text := draw(s, macLook())
	for _, want := range []string{"iPhone (000E34D21A02801E)", "iPhone (001A2B3C4D5E6F70)", "iPhone (f1f2f3f4f5f6)"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// TestHeadlines are the one line that many people read.
func TestHeadlines(t *testing.T) {
	var got []string
	for _, p := range pictures {
		if p.name == "hostile" {
			continue
		}
		line, _, _ := strings.Cut(draw(p.make(), macLook()), "\n")
		got = append(got, fmt.Sprintf("%s: %s", p.name, line))
		if strings.Contains(line, "No backup is here") && p.name != "none" && p.name != "none-yet-attached" {
			t.Errorf("%s says %q", p.name, line)
		}
	}
	t.Log(strings.Join(got, "\n"))
}

// TestForetold: no end is foretold while nothing arrives, nor by an upper bound
// that tells nothing; no bar is drawn of less than a hundredth.
func TestForetold(t *testing.T) {
	for _, c := range []struct {
		name      string
		with      func(*control.Run)
		bar, left bool
	}{
		{"as it is", func(*control.Run) {}, true, true},
		{"quiet", func(r *control.Run) { r.Silence = ptr(75.0) }, true, false},
		{"quiet for a moment", func(r *control.Run) { r.Silence = ptr(45.0) }, true, true},
		{"at most 47 hours", func(r *control.Run) { r.AtMost, r.ETA = true, ptr(47*3600.0) }, true, true},
		{"at most 16 days", func(r *control.Run) { r.AtMost, r.ETA = true, ptr(16*86400.0) }, true, false},
		{"about 16 days", func(r *control.Run) { r.ETA = ptr(16 * 86400.0) }, true, true},
		{"hardly begun", func(r *control.Run) { r.Bytes = ptr(int64(0.82e9)) }, false, true},
		{"begun", func(r *control.Run) { r.Bytes = ptr(int64(0.84e9)) }, true, true},
	} {
		s := pictureOf("running")
		c.with(s.Backups[0].Run)
		text := draw(s, macLook())
		if strings.Contains(text, " left") != c.left || strings.Contains(text, "░") != c.bar {
			t.Errorf("%s:\n%s", c.name, text)
		}
	}
}

// TestBlocks: piped, the same picture is not printed again, however old it gets;
// numbers alone each minute; what a person waits for, at once.
func TestBlocks(t *testing.T) {
	var b block
	s, l := pictureOf("running"), macLook()
	for _, c := range []struct {
		what  string
		after time.Duration
		with  func()
		want  bool
	}{
		{"the first", 0, func() {}, true},
		{"the same", time.Second, func() {}, false},
		{"the same, ten minutes older", 10 * time.Minute, func() {}, false},
		{"more files", 10*time.Minute + time.Second, func() { s.Backups[0].Run.Files = ptr(int64(31300)) }, true},
		{"more files at once", 10*time.Minute + 2*time.Second, func() { s.Backups[0].Run.Files = ptr(int64(31400)) }, false},
		{"a minute later", 11*time.Minute + 2*time.Second, func() {}, true},
		{"a hundredth", 11*time.Minute + 3*time.Second, func() { s.Backups[0].Run.Bytes = ptr(int64(39.2e9)) }, true},
		{"a finding", 11*time.Minute + 4*time.Second, func() { s.Backups[0].Findings = []backup.Finding{stuckFinding()} }, true},
		{"a phase", 11*time.Minute + 5*time.Second, func() { s.Backups[0].Phase = backup.Finishing }, true},
	} {
		c.with()
		l.now = now.Add(c.after)
		if got := b.news(s, l); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

// pictureOf returns one of the pictures.
func pictureOf(name string) (s control.Status) {
	for _, p := range pictures {
		if p.name == name {
			return p.make()
		}
	}
	panic("there is no picture " + name)
}
