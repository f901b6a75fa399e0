package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/phone/phonetest"
)

// A backup that stops in the middle is called stuck when the limit has passed
// and not before; one notice goes out, a restart does not make it two; and when
// data flows again that is told too.
func TestStall(t *testing.T) {
	onStage(t)
	p := newPhone(t, phonetest.Config{UDID: "00008110-0000000000E2E002", FilesPerSecond: 100,
		Content: phonetest.Content{Files: 600, Size: 4000}, Faults: "stall-after:50"})
	s := newStory(t).with(p)
	s.set("patience.settling", `"14s"`) // long enough to hear that it goes on before it is over
	desk := s.desktop()
	d := s.start()
	c := s.client(p)
	awaitPhone(t, p, "stalled")
	stopped := time.Now()

	m, f := s.awaitFinding(p.UDID(), backup.Stalled, backup.Info, 40*time.Second)
	s.notBefore(p.UDID(), 8*time.Second)
	if d := m.at.Sub(stopped); d < 7*time.Second || d > 14*time.Second {
		t.Errorf("called stuck %s after the data stopped, with a limit of 8 s", d)
	}
	if of(m.Status, p.UDID()).Phase != backup.Transferring || f.Severity != backup.Info || f.Fix.ID != backup.RestartPhoneAndRetry {
		t.Errorf("%s in phase %s with fix %s", f.Severity, of(m.Status, p.UDID()).Phase, f.Fix.ID)
	}
	m, _ = s.awaitFinding(p.UDID(), backup.Stalled, backup.Warning, 20*time.Second)
	if d := m.at.Sub(stopped); d < 11*time.Second || d > 18*time.Second {
		t.Errorf("told %s after the data stopped, with a limit of 8 s × 1.5", d)
	}
	s.awaitTold(10*time.Second, "raised stalled")
	eventually(t, 10*time.Second, "the notice on the desktop", func() bool { return len(desk.shown()) == 1 })
	s.stuckInWords()

	d.kill()
	s.start()
	s.awaitFinding(p.UDID(), backup.Stalled, backup.Warning, 20*time.Second)
	never(t, 5*time.Second, "a second notice after a restart", func() bool { return len(s.told()) > 1 || len(desk.shown()) > 1 })

	p.Resume()
	s.await(20*time.Second, "no longer stuck", func(st control.Status) bool {
		_, stuck := finding(st, p.UDID(), backup.Stalled)
		return !stuck && of(st, p.UDID()).Phase != ""
	})
	s.awaitTold(30*time.Second, "raised stalled", "cleared stalled")
	s.awaitGood(p.UDID())
	s.awaitTold(30*time.Second, "raised stalled", "cleared stalled", "verified stalled")
	// The desktop has a line of its own, and may be a moment behind the command.
	within(10*time.Second, func() bool { return len(desk.shown()) >= 3 })
	if len(desk.shown()) != 3 {
		t.Errorf("on the desktop: %q", desk.shown())
	}
	if code := c.wait(t, 10*time.Second); code != 0 {
		t.Errorf("the client ended with %d", code)
	}
	if got := s.runs(p.UDID()); !slices.Equal(got, []string{"complete first"}) {
		t.Errorf("history: %q", got)
	}
}

// notBefore holds the daemon to its own figures: wherever it says stuck, nothing
// had moved for the limit.
func (s *story) notBefore(udid string, limit time.Duration) {
	s.t.Helper()
	for _, m := range s.seen.moments() {
		f, ok := finding(m.Status, udid, backup.Stalled)
		if !ok {
			continue
		}
		r := of(m.Status, udid).Run
		if r.LastProgress == nil || r.Silence == nil || r.SilenceLimit == nil {
			s.t.Fatalf("stuck without figures: %+v", r)
		}
		since := f.Since.Add(time.Second) // it is cut to whole seconds
		if *r.SilenceLimit != limit.Seconds() || *r.Silence < limit.Seconds() || since.Sub(*r.LastProgress) < limit {
			s.t.Errorf("stuck since %s, last progress %s, silent for %.1f s of %.1f s", f.Since, r.LastProgress, *r.Silence, *r.SilenceLimit)
		}
	}
}

// stuckInWords is what a person reads in the terminal meanwhile.
func (s *story) stuckInWords() {
	s.t.Helper()
	out, _, code := s.ctl("status", "--no-color")
	for _, want := range []string{"Test iPhone", "The backup is stuck", "Restart"} {
		if code != 3 || !strings.Contains(out, want) {
			s.t.Errorf("status: exit %d, want 3 and %q\n%s", code, want, out)
		}
	}
}

// A run that hangs among its last renames is stuck in phase finishing.
func TestStuckInMoving(t *testing.T) {
	onStage(t)
	p := newPhone(t, phonetest.Config{UDID: "00008110-0000000000E2E004", Content: phonetest.Content{Size: 1000}, Faults: "stuck-finishing:moving:50"})
	s := newStory(t).with(p)
	s.start()
	s.client(p)
	m, _ := s.awaitFinding(p.UDID(), backup.Stalled, backup.Warning, 40*time.Second)
	if b := of(m.Status, p.UDID()); b.Phase != backup.Finishing {
		t.Errorf("stuck in phase %s", b.Phase)
	}
	s.notBefore(p.UDID(), 6*time.Second)
	s.awaitTold(10*time.Second, "raised stalled")
	p.Resume()
	s.awaitGood(p.UDID())
	s.awaitTold(20*time.Second, "raised stalled", "verified stalled")
}
