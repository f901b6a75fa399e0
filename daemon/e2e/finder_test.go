package e2e

import (
	"slices"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/phone/phonetest"
)

// Finder's tail: finished, a long quiet, Info.plist at 0 bytes for 3 s, then
// 58 MB. Whether our quiet ends before its quiet or after, nothing is raised,
// and it is one run.
func TestFinderTail(t *testing.T) {
	for _, c := range []struct{ name, udid, settling string }{
		{"our quiet is longer", "00008110-0000000000E2E061", `"12s"`},
		{"our quiet is shorter", "00008110-0000000000E2E062", `"4s"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t)
			s := newStory(t)
			s.set("patience.settling", c.settling)
			s.start()
			w, err := phonetest.NewWriter(s.root, phonetest.Config{UDID: c.udid, FilesPerSecond: 200, Content: phonetest.Content{Files: 400, Size: 2000}},
				phonetest.WriterOptions{Finder: true, Quiet: 9 * time.Second, Gap: 3 * time.Second, InfoSize: 58_000_000})
			if err != nil {
				t.Fatal(err)
			}
			if code, err := w.Run(t.Context()); code != 0 || err != nil {
				t.Fatal(code, err)
			}
			s.awaitGood(c.udid)
			never(t, 5*time.Second, "a run that begins again", func() bool { return len(s.runs(c.udid)) != 1 })
			if bad := s.seen.worst(backup.Warning); len(bad) > 0 {
				t.Errorf("raised: %v", bad)
			}
			if got := s.runs(c.udid); !slices.Equal(got, []string{"complete first"}) {
				t.Errorf("history: %q", got)
			}
			if told := s.toldWords(); len(told) > 0 {
				t.Errorf("told: %q", told)
			}
		})
	}
}
