package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

// run60 is a run of so many bytes that has been silent for so long.
func run60(bytes int64, silent float64) *control.Run {
	limit, expected := 6.0, int64(60_000_000)
	return &control.Run{Bytes: &bytes, Expected: &expected, Silence: &silent, SilenceLimit: &limit}
}

func TestFollow(t *testing.T) {
	for _, c := range []struct {
		name, want string
		phase      backup.Phase
		run        *control.Run
	}{
		{"nothing yet", "● preparing     the iPhone is gathering what to send", backup.Preparing, &control.Run{}},
		{"half", "● transferring  ██████████░░░░░░░░░░  30 MB", backup.Transferring, run60(30_000_000, 0.2)},
		{"more than guessed", "● transferring  ████████████████████  90 MB", backup.Transferring, run60(90_000_000, 0)},
		{"silent", "● transferring  30 MB, then nothing for 5 s; up to 6 s is normal", backup.Transferring, run60(30_000_000, 5)},
		{"no run", "", backup.Transferring, nil},
		{"idle", "", backup.Idle, run60(1, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			n := &narrator{out: &out, terminal: true}
			n.follow(control.Backup{Phase: c.phase, Run: c.run})
			got := strings.TrimSpace(strings.TrimSuffix(out.String(), "\x1b[K"))
			if got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if utf8.RuneCountInString(got) > columns-3 {
				t.Errorf("too wide for one line: %q", got)
			}
		})
	}
}

// Where lines cannot be drawn over, each phase is told once.
func TestFollowWithoutTerminal(t *testing.T) {
	var out bytes.Buffer
	n := &narrator{out: &out}
	for _, phase := range []backup.Phase{backup.Preparing, backup.Preparing, backup.Transferring, backup.Transferring} {
		n.follow(control.Backup{Phase: phase, Run: run60(1000, 3)})
	}
	want := "   preparing: the iPhone is gathering what to send\n   transferring: files are being copied\n"
	if out.String() != want {
		t.Errorf("%q", out.String())
	}
}

func TestWrap(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"one":                      "one",
		"one two  three":           "one two|three",
		"a-word-too-long-for-it x": "a-word-too-long-for-it|x",
		"äöü äöü ä":                "äöü äöü|ä",
	} {
		if got := strings.Join(wrap(in, 7), "|"); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	t.Setenv("DEMO_FAST", "1")
	t.Setenv("DEMO_WRITER", "builtin")
	o, err := parse([]string{"-stay-at", "stalled"}, io.Discard)
	if err != nil || !o.fast || !o.builtin || o.stayAt != stayStalled {
		t.Errorf("%+v %v", o, err)
	}
	t.Setenv("DEMO_FAST", "0")
	if o, _ := parse(nil, io.Discard); o.fast {
		t.Error("DEMO_FAST=0 is fast")
	}
	for _, args := range [][]string{{"-no-such"}, {"word"}, {"-stay-at", "nowhere"}} {
		var said bytes.Buffer
		if _, err := parse(args, &said); err == nil || said.Len() == 0 {
			t.Errorf("%q: %v, said %q", args, err, said.String())
		}
	}
}

// Programs that are not built yet are an error with the next step, and nothing
// is left behind.
func TestNotBuilt(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	var said [2]*os.File
	for i := range said {
		f, err := os.Create(filepath.Join(t.TempDir(), "said"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		said[i] = f
	}
	if code := run(t.Context(), []string{"-bin", t.TempDir()}, said[0], said[1]); code != exitFailed {
		t.Errorf("code %d", code)
	}
	text, _ := os.ReadFile(said[1].Name())
	if !strings.Contains(string(text), "watchdogd is missing") || !strings.Contains(string(text), "hint: run `make build`") {
		t.Errorf("%s", text)
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// What is said of the iPhone's storage lets the size of a first run be guessed
// right, and is never short of space.
func TestIPhone(t *testing.T) {
	for _, o := range []options{{}, {fast: true}, {lifelike: true}} {
		p := paceOf(o)
		cfg := iPhone(p)
		used := cfg.DiskTotal - cfg.DiskTotal/8 - (cfg.DiskAvailable - 200_000_000)
		size := int64(p.files) * p.size
		if used < size || used > size*11/10 || cfg.DiskAvailable < 10_000_000_000 {
			t.Errorf("%+v: %d used for %d", o, used, size)
		}
		if p.limit < 4*time.Second {
			t.Errorf("%+v: a busy computer is silent for as long as %s", o, p.limit)
		}
	}
}
