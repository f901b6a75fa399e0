package e2e

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/phone/phonetest"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Without a daemon status says so, how to start one, and what was known last.
func TestStatusWithoutDaemon(t *testing.T) {
	onStage(t)
	s := newStory(t)
	_, bad, code := s.ctl("status")
	if code != 1 || !strings.HasPrefix(bad, "watchdogctl: ") || !strings.Contains(bad, "\nhint: ") {
		t.Errorf("never started: exit %d\n%s", code, bad)
	}
	if _, err := phonetest.WriteChain(s.root, phonetest.Spec{State: phonetest.Mixed, Config: phonetest.Config{UDID: "00008110-0000000000E2E0A1", Name: "Clara’s phone"},
		Date: time.Now().Add(-3 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	d := s.start()
	s.awaitFinding("00008110-0000000000E2E0A1", backup.InterruptedMixed, backup.Critical, 20*time.Second)
	d.cmd.Process.Signal(syscall.SIGTERM)
	if code := d.wait(t, 5*time.Second); code != 0 {
		t.Errorf("SIGTERM: exit %d", code)
	}
	out, bad, code := s.ctl("status", "--no-color")
	if code != 1 || !strings.Contains(bad, "is not running") || !strings.Contains(bad, "hint: ") {
		t.Errorf("stopped: exit %d\n%s", code, bad)
	}
	if !strings.Contains(out, "Clara") || !strings.Contains(out, "Interrupted with old and new files mixed") {
		t.Errorf("what was last known:\n%s", out)
	}
}

// SIGHUP takes over a good configuration and refuses a bad one, in the middle
// of whatever goes on.
func TestReload(t *testing.T) {
	onStage(t)
	s := newStory(t)
	d := s.start()
	name := filepath.Join(s.dir, "config.toml")
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	write(t, name, "[patience]\npreparing = \"soon\"\n")
	d.cmd.Process.Signal(syscall.SIGHUP)
	s.await(10*time.Second, "that the bad one is refused", func(st control.Status) bool {
		return strings.Contains(st.Daemon.ConfigError, "config.toml:2: patience.preparing:")
	})
	if m := s.seen.moments(); m[len(m)-1].Roots[0].Path != s.root {
		t.Errorf("the old one is gone: %+v", m[len(m)-1].Roots)
	}
	other := filepath.Join(s.dir, "Other")
	if err := os.Mkdir(other, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, name, strings.Replace(string(good), s.root, other, 1))
	d.cmd.Process.Signal(syscall.SIGHUP)
	s.await(10*time.Second, "the new root", func(st control.Status) bool {
		return st.Daemon.ConfigError == "" && len(st.Roots) == 1 && st.Roots[0].Path == other && st.Roots[0].State == "watching"
	})
}

// SIGTERM in the middle of a backup: the daemon ends at once, the backup does
// not care, and the next daemon knows how the run went on.
func TestStopInTheMiddle(t *testing.T) {
	onStage(t)
	p := newPhone(t, phonetest.Config{UDID: "00008110-0000000000E2E0A2", FilesPerSecond: 80, Content: phonetest.Content{Files: 500, Size: 2000}})
	s := newStory(t).with(p)
	d := s.start()
	c := s.client(p)
	if err := p.AwaitFiles(t.Context(), 150); err != nil {
		t.Fatal(err)
	}
	d.cmd.Process.Signal(syscall.SIGTERM)
	if code := d.wait(t, 5*time.Second); code != 0 {
		t.Errorf("exit %d", code)
	}
	s.start()
	s.awaitGood(p.UDID())
	if code := c.wait(t, 10*time.Second); code != 0 {
		t.Errorf("the client ended with %d", code)
	}
	if got := s.runs(p.UDID()); !slices.Equal(got, []string{"complete first"}) {
		t.Errorf("history: %q", got)
	}
	if bad := s.seen.worst(backup.Warning); len(bad) > 0 {
		t.Errorf("raised: %v", bad)
	}
}

// The daemon is killed ten times during one backup that stalls in the middle:
// at the end there is one run in history, complete, and the stall was told once.
func TestKilledAgainAndAgain(t *testing.T) {
	onStage(t)
	p := newPhone(t, phonetest.Config{UDID: "00008110-0000000000E2E0A3", FilesPerSecond: 60, Content: phonetest.Content{Files: 700, Size: 2000}, Faults: "stall-after:50"})
	s := newStory(t).with(p)
	c := s.client(p)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 1))
	kill := func(times int) {
		for range times {
			d := s.watchdogd()
			within(time.Duration(50+dice.IntN(1000))*time.Millisecond, d.ended)
			d.kill()
		}
	}
	kill(4)
	awaitPhone(t, p, "stalled")
	d := s.start()
	s.awaitFinding(p.UDID(), backup.Stalled, backup.Warning, 40*time.Second)
	eventually(t, 10*time.Second, "that the notice is out", func() bool {
		return slices.ContainsFunc(s.history().Notices, func(n control.Notice) bool { return n.Code == backup.Stalled && n.Outcome == "sent" })
	})
	d.kill()
	kill(3)
	p.Resume()
	kill(2)
	s.start()
	s.awaitGood(p.UDID())
	if code := c.wait(t, 10*time.Second); code != 0 {
		t.Errorf("the client ended with %d", code)
	}
	if got := s.runs(p.UDID()); !slices.Equal(got, []string{"complete first"}) {
		t.Errorf("history: %q", got)
	}
	s.awaitTold(30*time.Second, "raised stalled", "verified stalled")
	never(t, 3*time.Second, "a notice that comes twice", func() bool { return len(s.told()) > 2 })
	if _, ok := finding(s.seen.moments()[len(s.seen.moments())-1].Status, "", backup.HistoryUnavailable); ok {
		t.Error("the history was damaged")
	}
}
