package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/phone/phonetest"
)

// A backup of 3,000 files that goes well is followed through all its phases,
// and not for one moment called anything but well.
func TestHealthy(t *testing.T) {
	onStage(t)
	p := newPhone(t, phonetest.Config{UDID: "00008110-0000000000E2E001", ScanTime: 3 * time.Second, FilesPerSecond: 600,
		Content: phonetest.Content{Files: 3000, Size: 4000}, Faults: "stuck-finishing:moving:50,slow-tail:4s"})
	s := newStory(t).with(p)
	s.start()
	c := s.client(p)
	for _, phase := range []backup.Phase{backup.Preparing, backup.Transferring, backup.Finishing} {
		s.awaitPhase(p.UDID(), phase, 30*time.Second)
	}
	awaitPhone(t, p, "stalled") // in the middle of the renames, so that the phase can be seen at all
	p.Resume()
	s.awaitPhase(p.UDID(), backup.Settling, 30*time.Second)
	m := s.awaitGood(p.UDID())
	if code := c.wait(t, 10*time.Second); code != 0 || !strings.Contains(c.out.String(), "Backup Successful") {
		t.Errorf("the client ended with %d", code)
	}

	got := slices.DeleteFunc(s.seen.phases(p.UDID()), func(f backup.Phase) bool { return f == backup.Idle })
	if want := []backup.Phase{backup.Preparing, backup.Transferring, backup.Finishing, backup.Settling, backup.Complete}; !slices.Equal(got, want) {
		t.Errorf("phases %v, want %v", got, want)
	}
	if bad := s.seen.worst(backup.Warning); len(bad) > 0 {
		t.Errorf("raised during a healthy run: %v", bad)
	}
	if got := s.runs(p.UDID()); !slices.Equal(got, []string{"complete first"}) {
		t.Errorf("history: %q", got)
	}
	if told := s.toldWords(); len(told) > 0 {
		t.Errorf("told: %q", told)
	}
	if c := of(m.Status, p.UDID()).Chain; c.Files == nil || *c.Files != 3000 {
		t.Errorf("the check counted %+v, want 3000 files", c)
	}
	if out, _, code := s.ctl("status", "--no-color"); code != 0 || !strings.Contains(out, "Test iPhone") {
		t.Errorf("status: exit %d\n%s", code, out)
	}
}
