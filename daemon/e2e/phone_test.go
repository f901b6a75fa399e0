package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/phone/phonetest"
)

// The passcode sheet: shown at once, told after a minute, gone when it is
// entered. This story takes that minute, beside the others: it only waits.
func TestPasscode(t *testing.T) {
	inTheWings(t)
	p := newPhone(t, phonetest.Config{UDID: "00008110-0000000000E2E081", TLS: true, Content: phonetest.Content{Size: 1000}, Faults: "passcode"})
	s := newStory(t).with(p)
	s.set("patience.settling", `"12s"`)
	s.start()
	s.await(20*time.Second, "the phone", func(st control.Status) bool { return len(st.Phones) == 1 && st.Phones[0].BatteryPercent != nil })
	c := s.client(p)
	awaitPhone(t, p, "passcode-shown")
	shown := time.Now()
	m, f := s.awaitFinding(p.UDID(), backup.WaitingForPasscode, backup.Info, 20*time.Second)
	if d := m.at.Sub(shown); d > 5*time.Second {
		t.Errorf("shown %s after the sheet", d)
	}
	if f.Severity != backup.Info || f.Fix.ID != backup.EnterPasscode || f.Confidence != backup.High {
		t.Errorf("%s, fix %s, confidence %s", f.Severity, f.Fix.ID, f.Confidence)
	}
	m, _ = s.awaitFinding(p.UDID(), backup.WaitingForPasscode, backup.Warning, 90*time.Second)
	if d := m.at.Sub(shown); d < 58*time.Second || d > 75*time.Second {
		t.Errorf("told %s after the sheet", d)
	}
	s.awaitTold(10*time.Second, "raised waiting-for-passcode")
	p.Passcode(false)
	s.await(10*time.Second, "no longer waiting", func(st control.Status) bool {
		_, waits := finding(st, p.UDID(), backup.WaitingForPasscode)
		return !waits
	})
	if code := c.wait(t, 30*time.Second); code != 0 {
		t.Errorf("the client ended with %d", code)
	}
	s.awaitGood(p.UDID())
	s.awaitTold(20*time.Second, "raised waiting-for-passcode", "cleared waiting-for-passcode", "verified waiting-for-passcode")
	if bad := s.seen.worst(backup.Warning); len(bad) != 1 {
		t.Errorf("raised: %v", bad)
	}
}

// A phone that runs low during its backup; plugged in, it is fine.
func TestBatteryLow(t *testing.T) {
	onStage(t)
	p := newPhone(t, phonetest.Config{UDID: "00008110-0000000000E2E082", TLS: true, FilesPerSecond: 100, Content: phonetest.Content{Files: 500, Size: 1000}})
	p.SetBattery(12, false)
	s := newStory(t).with(p)
	s.start()
	s.client(p)
	_, f := s.awaitFinding(p.UDID(), backup.PhoneBatteryLow, backup.Warning, 20*time.Second)
	if f.Fix.ID != backup.StablePowerAndWiFi || !strings.Contains(f.Detail, "12 %") {
		t.Errorf("%s; fix %s", f.Detail, f.Fix.ID)
	}
	s.awaitGood(p.UDID())
	if got := s.seen.worst(backup.Warning); len(got) != 1 {
		t.Errorf("raised: %v", got)
	}
}

// A phone on Wi-Fi alone: it is shown as such, and when it goes the advice is
// about the network and not about a cable that is not there. A network may be
// gone for a minute before that is said, so this story takes one, too.
func TestWiFiOnly(t *testing.T) {
	inTheWings(t)
	p := newPhone(t, phonetest.Config{UDID: "00008110-0000000000E2E083", TLS: true, Connections: []phonetest.Connection{phonetest.Network},
		FilesPerSecond: 50, Content: phonetest.Content{Files: 500, Size: 1000}})
	s := newStory(t).with(p)
	s.start()
	s.client(p, "-n")
	m := s.await(20*time.Second, "the phone on the network", func(st control.Status) bool {
		return len(st.Phones) == 1 && of(st, p.UDID()).Phase == backup.Transferring
	})
	if got := m.Phones[0]; got.Connection != "network" || got.Name != "Test iPhone" {
		t.Errorf("the phone is %+v", got)
	}
	if err := p.AwaitFiles(t.Context(), 150); err != nil {
		t.Fatal(err)
	}
	p.Detach()
	_, f := s.awaitFinding(p.UDID(), backup.PhoneDisconnected, backup.Warning, 90*time.Second)
	if f.Fix.ID != backup.StablePowerAndWiFi {
		t.Errorf("fix %s", f.Fix.ID)
	}
}

// Two phones at once, one stuck and one fine: only the stuck one is spoken of.
// What the daemon wrote down meanwhile, without a name in it, leads a replay to
// the same findings.
func TestTwoPhonesAndTheTrace(t *testing.T) {
	onStage(t)
	stuck := newPhone(t, phonetest.Config{UDID: "00008110-0000000000E2E084", Name: "Anna’s phone", FilesPerSecond: 100,
		Content: phonetest.Content{Files: 400, Size: 2000}, Faults: "stall-after:50"})
	fine, err := stuck.Mux().Add(sized(phonetest.Config{UDID: "00008110-0000000000E2E085", Name: "Bert’s phone", FilesPerSecond: 50,
		Content: phonetest.Content{Files: 700, Size: 2000}}))
	if err != nil {
		t.Fatal(err)
	}
	s := newStory(t).with(stuck)
	file := filepath.Join(s.dir, "trace")
	d := s.start("--record", file)
	s.client(stuck)
	s.client(fine)
	s.awaitFinding(stuck.UDID(), backup.Stalled, backup.Warning, 60*time.Second)
	s.awaitTold(10*time.Second, "raised stalled")
	if told := s.told()[0]; told.Backup.UDID != stuck.UDID() {
		t.Errorf("told of %s", told.Backup.UDID)
	}
	stuck.Resume()
	s.awaitGood(stuck.UDID())
	s.awaitGood(fine.UDID())
	for _, m := range s.seen.moments() {
		if _, bad := finding(m.Status, fine.UDID(), backup.Stalled); bad {
			t.Fatal("the phone that was fine was called stuck")
		}
	}
	d.cmd.Process.Signal(os.Interrupt)
	if code := d.wait(t, 5*time.Second); code != 0 {
		t.Errorf("the daemon ended with %d", code)
	}
	s.sameInReplay(file, stuck.UDID())
}

// sameInReplay plays a trace and compares what comes of it with what was seen
// live: the findings of the phones in the order they appeared and rose.
func (s *story) sameInReplay(file, udid string) {
	s.t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, private := range []string{"Anna", "Bert", udid, s.dir} {
		if bytes.Contains(raw, []byte(private)) {
			s.t.Errorf("the trace names %q", private)
		}
	}
	out, bad, code := s.ctl("replay", "--json", file)
	if code != 3 {
		s.t.Errorf("replay: exit %d, want 3\n%s", code, bad)
	}
	var got []string
	lines := bufio.NewScanner(strings.NewReader(out))
	for lines.Scan() {
		var e struct{ Event, Code, Severity, UDID string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			s.t.Fatalf("%q: %v", lines.Text(), err)
		}
		if e.Event == "appeared" || e.Event == "changed" {
			got = append(got, e.Code+" "+e.Severity)
		}
	}
	want := s.seen.raised()
	slices.Sort(want) // which of the two phones is first may differ
	slices.Sort(got)
	if !slices.Equal(got, want) {
		s.t.Errorf("replayed %q, live it was %q\n%s", got, want, out)
	}
}

// raised is every finding of a backup when it appeared, and again when its
// severity changed.
func (r *recorder) raised() []string {
	var out []string
	last := map[string]backup.Severity{}
	for _, m := range r.moments() {
		for _, b := range m.Backups {
			for _, f := range b.Findings {
				if was, ok := last[f.Key]; !ok || was != f.Severity {
					out = append(out, string(f.Code)+" "+f.Severity.String())
				}
				last[f.Key] = f.Severity
			}
		}
	}
	return out
}

// With the phone switched off in the configuration, and with no usbmuxd at
// all, the folder alone tells: stuck when it is, and otherwise nothing.
func TestFolderAlone(t *testing.T) {
	inTheWings(t)
	for _, c := range []struct {
		name, udid, usbmuxd string
		enabled             bool
	}{
		{"phone off", "00008110-0000000000E2E086", "off", false},
		{"no usbmuxd", "00008110-0000000000E2E087", "absent", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t)
			p := newPhone(t, phonetest.Config{UDID: c.udid, FilesPerSecond: 100, Content: phonetest.Content{Files: 300, Size: 1000}, Faults: "stall-after:50"})
			s := newStory(t)
			if c.enabled {
				s.set("phone.enabled", "true")
			} else {
				s.with(p).set("phone.enabled", "false")
			}
			s.start()
			run := s.client(p)
			m, _ := s.awaitFinding(c.udid, backup.Stalled, backup.Warning, 40*time.Second)
			s.notBefore(c.udid, 8*time.Second)
			if len(m.Phones) != 0 || m.Daemon.Usbmuxd != c.usbmuxd {
				t.Errorf("phones %v, usbmuxd %q, want none and %q", m.Phones, m.Daemon.Usbmuxd, c.usbmuxd)
			}
			p.Resume()
			s.awaitGood(c.udid)
			if code := run.wait(t, 10*time.Second); code != 0 {
				t.Errorf("the client ended with %d", code)
			}
			if got := s.seen.worst(backup.Warning); len(got) != 1 {
				t.Errorf("raised: %v", got)
			}
		})
	}
}
