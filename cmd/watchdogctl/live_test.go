package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

// liveOf is the live view of a picture, with the curve of Anna's run.
func liveOf(name string, width, height int) live {
	m := live{look: macLook(), height: height, got: now}
	m.width = width
	m.s = pictureOf(name)
	if b, ok := m.chosen(); ok && b.Run != nil {
		m.curves = map[string][]control.Sample{curveKey(b.UDID, b.Run.Started): annaCurve(*b.Run)}
	}
	return m
}

// annaCurve rises in waves until the run's last progress.
func annaCurve(r control.Run) []control.Sample {
	var pts []control.Sample
	end := now
	if r.LastProgress != nil {
		end = *r.LastProgress
	}
	bytes := int64(0)
	for at, i := r.Started, 0; !at.After(end); at, i = at.Add(20*time.Second), i+1 {
		bytes += int64(2e8 * (1.2 + math.Sin(float64(i)/9)))
		pts = append(pts, control.Sample{At: at, Phase: backup.Transferring, Bytes: bytes})
	}
	return pts
}

// TestLiveViews compares the view with its golden files, at the widths people have.
func TestLiveViews(t *testing.T) {
	for _, tt := range []struct {
		name, picture string
		width, height int
		keys          []string
	}{
		{"stuck-60", "stuck", 60, 24, nil}, {"stuck-80", "stuck", 80, 40, nil}, {"stuck-120", "stuck", 120, 30, nil}, {"stuck-200", "stuck", 200, 30, nil},
		{"running-80", "running", 80, 24, nil}, {"three-80", "three", 80, 30, []string{"tab"}}, {"three-120", "three", 120, 24, nil},
		{"steps-80", "stuck", 80, 24, []string{"enter"}}, {"help-80", "three", 80, 24, []string{"?"}}, {"none-80", "none", 80, 24, nil}, {"blind-80", "blind", 80, 24, nil},
		{"copied-80", "broken", 80, 24, []string{"c"}}, {"scrolled-60", "stuck", 60, 20, []string{"down", "down", "pgdown", "up"}}, {"fine-120", "fine", 120, 24, nil},
		{"mixed-60", "mixed", 60, 30, nil}, {"mixed-80", "mixed", 80, 60, nil}, {"mixed-120", "mixed", 120, 40, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := liveOf(tt.picture, tt.width, tt.height)
			for _, k := range tt.keys {
				m, _ = m.key(k)
			}
			got := m.view() + "\n"
			path := filepath.Join("testdata", "live-"+tt.name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestLiveFits: in every situation, at every width, whatever is pressed, no line
// is wider than the window and the picture is never higher; colour changes
// nothing but colour.
func TestLiveFits(t *testing.T) {
	for _, tt := range pictures {
		for _, width := range []int{40, 60, 80, 115, 116, 140, 200} {
			for _, keys := range []string{"", "tab", "enter", "enter enter", "?", "c", "pgdown", "tab tab enter down"} {
				m := liveOf(tt.name, width, 18)
				m.color, m.ascii = true, width == 60
				for _, k := range strings.Fields(keys) {
					m, _ = m.key(k)
				}
				text := m.view()
				if n := strings.Count(text, "\n") + 1; n != 18 {
					t.Errorf("%s, %d columns, %q: %d lines", tt.name, width, keys, n)
				}
				for line := range strings.SplitSeq(text, "\n") {
					bare := ansi.Strip(line)
					if w := ansi.StringWidth(bare); w > width {
						t.Errorf("%s, %d columns, %q: %d in %q", tt.name, width, keys, w, bare)
					}
					if bare != clean(bare) {
						t.Errorf("%s: control characters in %q", tt.name, bare)
					}
				}
				m.color = false
				if unquoted(m.view()) != unquoted(text) {
					t.Errorf("%s: colour changes the text", tt.name)
				}
			}
		}
	}
}

// TestLiveNarrowFoot: where the keys do not fit, help and quit are still named.
func TestLiveNarrowFoot(t *testing.T) {
	for _, width := range []int{40, 60, 80} {
		text := liveOf("mixed", width, 18).view()
		foot := text[strings.LastIndexByte(text, '\n')+1:]
		if !strings.Contains(foot, "? help · q quit") || strings.Contains(foot, "…") {
			t.Errorf("%d columns: %q", width, foot)
		}
	}
}

// TestLiveKeys walks through the phones and the steps.
func TestLiveKeys(t *testing.T) {
	m := liveOf("three", 80, 24)
	first, _ := m.chosen()
	seen := map[string]bool{}
	for range 3 {
		b, _ := m.chosen()
		seen[b.UDID] = true
		m, _ = m.key("tab")
	}
	if b, _ := m.chosen(); len(seen) != 3 || b.UDID != first.UDID {
		t.Errorf("three tabs show %d phones", len(seen))
	}
	m, _ = m.key("left")
	if m, _ = m.key("right"); m.phone != phoneKey(first) {
		t.Error("left and right do not undo each other")
	}
	for k, want := range map[string]bool{"q": true, "ctrl+c": true, "x": false} {
		_, cmd := m.key(k)
		if quit := cmd != nil && cmd() == tea.Quit(); quit != want {
			t.Errorf("%s quits: %v", k, quit)
		}
	}
	if m, _ = m.key("up"); m.scroll != 0 {
		t.Error("it scrolls above its top")
	}
	for range 50 {
		m, _ = m.key("down")
	}
	if m.scroll != m.overflow() {
		t.Errorf("it scrolls below its end: %d of %d", m.scroll, m.overflow())
	}
}

// TestLiveCopies: c takes the command of the fix in view, and nothing that could
// do more than be a command.
func TestLiveCopies(t *testing.T) {
	m := liveOf("broken", 80, 24)
	m, cmd := m.key("c")
	if want := "watchdogctl retire " + anna; m.note != `Copied for "`+m.fixable()[0].Fix.Title+`": `+want || cmd == nil {
		t.Errorf("%q", m.note)
	}
	if m, _ = m.update(ticked(now)); m.note == "" {
		t.Error("the word is gone at once")
	}
	m.now = now.Add(noteTime + time.Second)
	if m, _ = m.update(ticked(m.now)); m.note != "" {
		t.Error("the word stays")
	}
	if m, cmd = liveOf("fine", 80, 24).key("c"); cmd != nil {
		t.Errorf("copied %q", m.note)
	}
	evil := liveOf("broken", 80, 24)
	evil.s.Backups[0].Findings[0].Fix.Steps = []string{"Run `rm\x1b]52;c;x\a -rf`."}
	if _, got := evil.command(); got != "watchdogctl explain fresh-backup" {
		t.Errorf("%q", got)
	}
}

// TestLiveTakesMessages: statuses and curves come, the silence counts on, and an
// end is an end.
func TestLiveTakesMessages(t *testing.T) {
	var asked []string
	m := live{look: macLook(), height: 40, fetch: func(udid string, started time.Time) tea.Cmd {
		asked = append(asked, udid)
		return func() tea.Msg { return cameCurve{curveKey(udid, started), annaCurve(*running().Run)} }
	}}
	m.now = now
	m, cmd := m.update(cameStatus(pictureOf("running-quiet")))
	if cmd == nil || !slices.Equal(asked, []string{anna}) {
		t.Fatalf("asked for %v", asked)
	}
	m, _ = m.update(cmd())
	if text := m.view(); !strings.Contains(text, "Since it began: at most") || !strings.Contains(text, "Quiet for 9 min") {
		t.Errorf("%s", text)
	}
	m.now = now.Add(9 * time.Second)
	if m, _ = m.update(ticked(m.now)); len(asked) != 1 {
		t.Error("it asks for the curve too often")
	}
	if b, _ := m.chosen(); *m.grown(*b.Run).Silence != 549 || *b.Run.Silence != 540 {
		t.Error("the silence does not count on")
	}
	m.now = now.Add(11 * time.Second)
	if m, _ = m.update(ticked(m.now)); len(asked) != 2 {
		t.Error("it never asks again")
	}
	m.now = now.Add(time.Hour)
	if b, _ := m.chosen(); *m.grown(*b.Run).Silence != 540 {
		t.Error("it goes on counting though nobody watches")
	}
	m, _ = m.update(tea.WindowSizeMsg{Width: 1000, Height: 50})
	if m.width != 200 || m.height != 50 {
		t.Errorf("%d × %d", m.width, m.height)
	}
	m, cmd = m.update(ended{control.ErrNotRunning})
	if m.err == nil || cmd == nil {
		t.Error("it stays when the watchdog goes")
	}
	m.narrow = func(control.Status) (control.Status, error) { return control.Status{}, fmt.Errorf("no such phone") }
	if m, _ = m.update(cameStatus(pictureOf("none"))); m.err.Error() != "no such phone" {
		t.Errorf("%v", m.err)
	}
}

func TestHourly(t *testing.T) {
	at := func(min int) time.Time { return now.Add(time.Duration(min-60) * time.Minute) }
	pts := []control.Sample{{At: at(12), Bytes: 0}, {At: at(24), Bytes: 720}, {At: at(30), Bytes: -1}, {At: at(36), Bytes: 500}, {At: at(42), Bytes: 1220}}
	if got := hourly(pts, now, time.Hour, 5); !slices.EqualFunc(got, []float64{-1, 1, 0, 1, 0}, func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }) {
		t.Errorf("%v", got)
	}
	if got := peak(pts, at(30)); got != 2 { // over 6 min, wherever the parts of the curve begin
		t.Errorf("peak %v", got)
	}
	if got := hourly([]control.Sample{{At: now.AddDate(0, 0, -1)}, {At: now, Bytes: 86400}}, now, time.Hour, 4); !slices.Equal(got, []float64{1, 1, 1, 1}) {
		t.Errorf("%v", got)
	}
}

// TestLiveRuns runs the whole of it against a control server: what the server
// says is drawn on a screen of its own, a key ends it, and the screen is given back.
func TestLiveRuns(t *testing.T) {
	state, err := os.MkdirTemp("/tmp", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(state)
	d, err := serveDesk(state, pictureOf("stuck"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.end()
	keys, typed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	out := &screen{text: "Copying files", then: func() { typed.WriteString("q") }}
	p := &program{
		Stdin: keys, Stdout: out, Stderr: os.Stderr, Getenv: func(string) string { return "" }, Environ: []string{"TERM=xterm-256color"}, Home: "/h", GOOS: "linux",
		Now: func() time.Time { return now }, StdoutTerminal: true, StdinTerminal: true, Width: func() int { return 80 },
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if code := run(ctx, p, []string{"status", "--watch", "--state-dir", state}); code != 0 || ctx.Err() != nil {
		t.Errorf("exit code %d, %v", code, ctx.Err())
	}
	if all := out.all.String(); !containsAll(all, "\x1b[?1049h", "\x1b[?1049l", "Copying files") {
		t.Errorf("%q", all)
	}
	d.end()
	p.StdinTerminal = false
	if code := run(ctx, p, []string{"status", "--watch", "--state-dir", state}); code != 1 {
		t.Errorf("exit code %d without a watchdog", code)
	}
}

// screen takes what is drawn and calls then once text has been.
type screen struct {
	mu   sync.Mutex
	all  strings.Builder
	text string
	then func()
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Write(b)
	if s.then != nil && strings.Contains(s.all.String(), s.text) {
		s.then()
		s.then = nil
	}
	return len(b), nil
}
