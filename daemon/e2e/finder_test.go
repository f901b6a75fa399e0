package e2e

import (
	"slices"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/phone/phonetest"
)

// Finder's tail: finished, a long quiet, Info.plist at 0 bytes for 3 s, then
// 58 MB. In a first backup, whose Info.plist is missing until then, and on top
// of an old one, even where our quiet is shorter than Finder's: nothing is
// raised, and it is one run.
func TestFinderTail(t *testing.T) {
	inTheWings(t)
	for _, c := range []struct {
		name, udid, settling, run string
		rate                      int64
	}{
		{"first", "00008110-0000000000E2E061", `"12s"`, "complete first", 200},
		{"impatient", "00008110-0000000000E2E062", `"4s"`, "complete incremental", 15},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t)
			s := newStory(t)
			s.set("patience.settling", c.settling)
			content := phonetest.Content{Files: 400, Size: 2000}
			if c.name == "impatient" {
				spec := phonetest.Spec{Content: content, Config: phonetest.Config{UDID: c.udid}, Date: time.Now().AddDate(0, 0, -2)}
				if _, err := phonetest.WriteChain(s.root, spec); err != nil {
					t.Fatal(err)
				}
				content.Generation++
			}
			s.start()
			w, err := phonetest.NewWriter(s.root, phonetest.Config{UDID: c.udid, FilesPerSecond: c.rate, Content: content},
				phonetest.WriterOptions{Finder: true, Quiet: 9 * time.Second, Gap: 3 * time.Second, InfoSize: 43_000_000}) // in XML: 58 MB
			if err != nil {
				t.Fatal(err)
			}
			if code, err := w.Run(t.Context()); code != 0 || err != nil {
				t.Fatal(code, err)
			}
			s.awaitGood(c.udid)
			never(t, 4*time.Second, "a run that begins again", func() bool { return len(s.runs(c.udid)) != 1 })
			s.awaitGood(c.udid)
			if bad := s.seen.worst(backup.Warning); len(bad) > 0 {
				t.Errorf("raised: %v", bad)
			}
			if got := s.runs(c.udid); !slices.Equal(got, []string{c.run}) {
				t.Errorf("history: %q", got)
			}
			if told := s.toldWords(); len(told) > 0 {
				t.Errorf("told: %q", told)
			}
		})
	}
}
