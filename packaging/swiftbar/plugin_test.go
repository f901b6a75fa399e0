// Package swiftbar holds no code: its test runs the plug-in beside it.
package swiftbar_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

const plugin = "backup-watchdog.1m.sh"

func ptr[T any](v T) *T { return &v }

// desk is a daemon with one answer.
type desk struct{ status control.Status }

func (d desk) Status() control.Status                              { return d.status }
func (desk) History(control.HistoryQuery) (control.History, error) { return control.History{}, nil }
func (desk) Samples(string, time.Time) ([]control.Sample, error)   { return nil, nil }
func (desk) Ack(control.AckRequest) error                          { return nil }
func (desk) Mute(control.MuteRequest) error                        { return nil }
func (desk) Checked(control.CheckedRequest) error                  { return nil }
func (desk) TestNotification(context.Context) []control.TestResult { return nil }
func (desk) Subscribe() (<-chan struct{}, func())                  { return make(chan struct{}), func() {} }
func (desk) Check(context.Context, control.CheckRequest, func(any)) (any, error) {
	return nil, errors.New("not here")
}

// built is where TestMain puts watchdogctl.
var built string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "bar")
	if err != nil {
		panic(err)
	}
	built = filepath.Join(dir, "watchdogctl")
	if out, err := exec.Command("go", "build", "-o", built, "backupwatchdog/cmd/watchdogctl").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// menu is what the plug-in prints, with the real watchdogctl and a daemon that
// gives this answer; with none where s is nil.
func menu(t *testing.T, s *control.Status) string {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell")
	}
	dir, err := os.MkdirTemp("/tmp", "bar") // short: a socket's path has few bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ctl := filepath.Join(dir, "watch dogctl") // a blank in its path, as in the application's name
	script := "#!/bin/sh\nexec '" + built + "' --state-dir '" + dir + "' \"$@\"\n"
	if err := os.WriteFile(ctl, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if s != nil {
		serve(t, dir, *s)
	}
	cmd := exec.CommandContext(t.Context(), sh, plugin)
	cmd.Env = append(os.Environ(), "WATCHDOGCTL="+ctl)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.ReplaceAll(string(out), ctl, "CTL")
}

func serve(t *testing.T, dir string, s control.Status) {
	t.Helper()
	lock, err := control.TakeLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	ln, _, err := control.Listen(lock, dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		control.Serve(ctx, ln, desk{s})
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		lock.Release()
	})
}

func household() *control.Status {
	hour := func(n time.Duration) *time.Time { return ptr(time.Now().Add(-n*time.Hour - time.Minute)) }
	return &control.Status{Schema: 1, Backups: []control.Backup{
		{UDID: "A", DeviceName: "Anna’s iPhone", Phase: backup.Transferring, LastComplete: hour(25), Run: &control.Run{Bytes: ptr(int64(38e9))},
			Findings: []backup.Finding{{Code: backup.Stalled, Severity: backup.Warning, Title: "The backup is stuck",
				Fix: backup.Advice{ID: backup.RestartPhoneAndRetry, Title: "Restart the iPhone and try again"}}}},
		{UDID: "B", DeviceName: "Bob", Phase: backup.Complete, LastComplete: hour(3),
			Findings: []backup.Finding{{Code: backup.NotEncrypted, Title: "The backup is not encrypted"}}},
		{UDID: "C", Phase: backup.Complete, Archived: true, DeviceName: "old"},
	}}
}

func TestMenu(t *testing.T) {
	const want = `! | sfimage=externaldrive.badge.exclamationmark
---
Anna’s iPhone: being backed up, 38 GB so far
Last complete backup: 25 h ago | size=12
! The backup is stuck
Do this: Restart the iPhone and try again | bash="CTL" shell="CTL" param1="explain" param2="restart-phone-and-retry" terminal=true
---
Bob: backed up
Last complete backup: 3 h ago | size=12
---
Open the report | bash="CTL" shell="CTL" param1="report" param2="--open" terminal=false
Watch live | bash="CTL" shell="CTL" param1="status" param2="--watch" terminal=true
Refresh | refresh=true
`
	got := regexp.MustCompile(` h \d+ min ago`).ReplaceAllString(menu(t, household()), " h ago")
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestMenuWithoutTrouble(t *testing.T) {
	s := household()
	s.Backups[0].Findings = nil
	if got := menu(t, s); !strings.HasPrefix(got, "● | ") {
		t.Errorf("running: %s", got)
	}
	s.Backups = s.Backups[1:]
	if got := menu(t, s); !strings.HasPrefix(got, "✓ | ") || strings.Contains(got, "encrypted") {
		t.Errorf("fine: %s", got)
	}
	s.Backups = nil
	if got := menu(t, s); !strings.Contains(got, "No backup yet") {
		t.Errorf("none: %s", got)
	}
}

func TestMenuWithoutWatchdog(t *testing.T) {
	got := menu(t, nil)
	if !strings.HasPrefix(got, "? | ") || !strings.Contains(got, `Find out why | bash="CTL" shell="CTL" param1="doctor" terminal=true`) {
		t.Error(got)
	}
	cmd := exec.CommandContext(t.Context(), "sh", plugin)
	cmd.Env = append(os.Environ(), "WATCHDOGCTL=/nowhere/watchdogctl")
	if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), "is not installed") {
		t.Errorf("%v %s", err, out)
	}
}

// TestMenuTakesNoCommands: whatever a phone or a finding is called, it adds no
// item, no parameter and no command.
func TestMenuTakesNoCommands(t *testing.T) {
	evil := "-- x | bash=/bin/sh param1=-c param2=\"id\"\n--- \ny | href=http://example.org\t$(id) `id` \\| \x1b[31m \u202e"
	s := household()
	b := &s.Backups[0]
	b.DeviceName = evil
	f := &b.Findings[0]
	f.Title, f.Fix.Title, f.Fix.ID = evil, evil, backup.FixID("x\" bash=\"/bin/sh")
	got := menu(t, s)
	if n, want := strings.Count(got, "\n"), 12; n != want { // one line less: an id that is none gives no command
		t.Errorf("%d lines, want %d\n%s", n, want, got)
	}
	allowed := regexp.MustCompile(`^(sfimage=[a-z.]+|size=12|refresh=true|bash="CTL" shell="CTL"( param\d="[a-z-]+")+ terminal=(true|false))$`)
	for line := range strings.Lines(got) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "--") && line != "---" {
			t.Errorf("a submenu: %q", line)
		}
		if _, params, ok := strings.Cut(line, "|"); ok && !allowed.MatchString(strings.TrimSpace(params)) {
			t.Errorf("parameters: %q", line)
		}
		if strings.ContainsAny(line, "\x1b\t\u202e") {
			t.Errorf("control characters: %q", line)
		}
	}
}
