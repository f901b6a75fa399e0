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

// The cable is pulled: said within ten seconds. Plugged in again, the next run
// takes the words back.
func TestUnplugged(t *testing.T) {
	onStage(t)
	p := newPhone(t, phonetest.Config{UDID: "00008110-0000000000E2E003", FilesPerSecond: 100,
		Content: phonetest.Content{Files: 500, Size: 2000}, Faults: "disconnect-after:50"})
	s := newStory(t).with(p)
	s.start()
	c := s.client(p)
	awaitPhone(t, p, "detached")
	pulled := time.Now()
	m, f := s.awaitFinding(p.UDID(), backup.PhoneDisconnected, backup.Warning, 20*time.Second)
	if d := m.at.Sub(pulled); d > 10*time.Second {
		t.Errorf("said %s after the cable was pulled", d)
	}
	if f.Fix.ID != backup.UseCable || !strings.Contains(f.Detail, "no older backup") {
		t.Errorf("fix %s, %s", f.Fix.ID, f.Detail)
	}
	s.awaitTold(10*time.Second, "raised phone-disconnected")
	if code := c.wait(t, 20*time.Second); code == 0 {
		t.Error("the client has not noticed")
	}
	s.awaitPhase(p.UDID(), backup.Abandoned, 30*time.Second)

	p.SetFaults("")
	p.Attach()
	if code := s.client(p).wait(t, 60*time.Second); code != 0 {
		t.Fatalf("the second run ended with %d", code)
	}
	m = s.awaitGood(p.UDID())
	for _, f := range findings(m.Status) {
		if f.Severity >= backup.Warning {
			t.Errorf("left at the end: %s", f.Code)
		}
	}
	s.awaitTold(30*time.Second, "raised phone-disconnected", "verified phone-disconnected")
	if got := s.runs(p.UDID()); !slices.Equal(got, []string{"abandoned first", "complete first"}) {
		t.Errorf("history: %q", got)
	}
}

// The client is killed: what is said tells whether an older backup is left.
func TestKilled(t *testing.T) {
	inTheWings(t)
	for _, c := range []struct {
		name, udid, fault string
		older             bool
		code              backup.Code
		severity          backup.Severity
		says, runs        string
	}{
		{"first", "00008110-0000000000E2E051", "stall-after:50", false, backup.Interrupted, backup.Warning,
			"There is no older backup to restore here", "abandoned first"},
		{"on top", "00008110-0000000000E2E052", "stall-after:50", true, backup.Interrupted, backup.Warning,
			"can be restored", "abandoned incremental"},
		{"moving", "00008110-0000000000E2E053", "stuck-finishing:moving:50", true, backup.InterruptedMixed, backup.Critical,
			"delete nothing", "abandoned incremental"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t)
			content := phonetest.Content{Size: 1000}
			p := newPhone(t, phonetest.Config{UDID: c.udid, Content: content, Faults: c.fault})
			s := newStory(t).with(p)
			s.set("patience.finishing", `"30s"`)
			s.set("patience.transferring", `"30s"`)
			if c.older {
				old := time.Now().AddDate(0, 0, -3)
				if _, err := phonetest.WriteChain(s.root, phonetest.Spec{Content: content, Config: phonetest.Config{UDID: c.udid}, Date: old}); err != nil {
					t.Fatal(err)
				}
				p.Use()
			}
			s.start()
			run := s.client(p)
			awaitPhone(t, p, "stalled")
			s.await(20*time.Second, "the program that writes", func(st control.Status) bool {
				b := of(st, c.udid)
				return b.Run != nil && b.Run.Writer == "idevicebackup2" && b.Phase.Active() && b.Phase != backup.Preparing
			})
			run.kill()
			killed := time.Now()
			m, f := s.awaitFinding(c.udid, c.code, c.severity, 30*time.Second)
			if d := m.at.Sub(killed); d > 15*time.Second {
				t.Errorf("said %s after the kill", d)
			}
			if !strings.Contains(f.Detail, c.says) {
				t.Errorf("it says %q, want %q", f.Detail, c.says)
			}
			if f.Fix.ID != backup.RestartPhoneAndRetry || f.Severity != c.severity {
				t.Errorf("%s, fix %s", f.Severity, f.Fix.ID)
			}
			s.awaitTold(10*time.Second, "raised "+string(c.code))
			if got := s.runs(c.udid); len(got) == 0 || got[len(got)-1] != c.runs {
				t.Errorf("history: %q", got)
			}
		})
	}
}
