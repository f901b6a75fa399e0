package e2e

import (
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/phone/phonetest"
)

// A new run is seen soon, although the watchdog looks once a minute only: file
// events wake it. Without events it is seen at the next look. Neither phone nor
// program is there to give a hint.
func TestRunIsSeen(t *testing.T) {
	inTheWings(t)
	for _, c := range []struct {
		name, udid, idle string
		args             []string
		limit            time.Duration
		state            string
	}{
		{"events", "00008110-0000000000E2E071", `"60s"`, nil, 5 * time.Second, "watching"},
		{"no events", "00008110-0000000000E2E072", `"2s"`, []string{"--no-events"}, 4 * time.Second, "polling"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t)
			s := newStory(t)
			s.set("sampling.idle", c.idle)
			s.set("phone.enabled", "false")
			s.start(c.args...)
			m := s.await(5*time.Second, "the state of the root", func(st control.Status) bool { return st.Roots[0].State == c.state })
			if f, ok := finding(m.Status, "", backup.WatchDegraded); ok != (c.state == "polling") || f.Severity != backup.Info {
				t.Errorf("watch-degraded: %v, %s", ok, f.Severity)
			}
			w, err := phonetest.NewWriter(s.root, phonetest.Config{UDID: c.udid, FilesPerSecond: 50, Content: phonetest.Content{Files: 500, Size: 500}}, phonetest.WriterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			go w.Run(t.Context())
			m = s.await(20*time.Second, "a run", func(st control.Status) bool { return of(st, c.udid).Phase.Active() })
			if d := m.at.Sub(began); d > c.limit {
				t.Errorf("the run was seen after %s", d)
			}
		})
	}
}
