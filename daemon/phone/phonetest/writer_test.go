package phonetest_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"backupwatchdog/daemon/phone/phonetest"
)

// deadline ends a test that waits for something that does not come.
func deadline(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// Finder leaves Info.plist alone until long after finished, then empties it,
// then writes it.
func TestFinderTail(t *testing.T) {
	ctx := deadline(t, 30*time.Second)
	root := t.TempDir()
	w, err := phonetest.NewWriter(root, phonetest.Config{Content: phonetest.Content{Files: 20}},
		phonetest.WriterOptions{Finder: true, Quiet: 50 * time.Millisecond, Gap: 50 * time.Millisecond, InfoSize: 300_000})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan int, 1)
	go func() { code, _ := w.Run(ctx); ended <- code }()
	info := filepath.Join(w.Path(), "Info.plist")
	if _, err := w.Phone().Await(ctx, "finished"); err != nil {
		t.Fatal(err)
	}
	if exists(info) {
		t.Error("Info.plist is there before finished")
	}
	if _, err := w.Phone().Await(ctx, "info-empty"); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(info); err != nil || st.Size() != 0 {
		t.Errorf("Info.plist in the gap: %v", err)
	}
	if code := <-ended; code != 0 {
		t.Errorf("code %d", code)
	}
	if st, err := os.Stat(info); err != nil || st.Size() < 300_000 {
		t.Errorf("Info.plist at the end: %v", err)
	}
}

// A stall holds until Resume, and then the backup ends well.
func TestStallAndResume(t *testing.T) {
	ctx := deadline(t, 30*time.Second)
	w, err := phonetest.NewWriter(t.TempDir(), phonetest.Config{Faults: "stall-after:50", Content: phonetest.Content{Files: 40, Size: 1000}}, phonetest.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan int, 1)
	go func() { code, _ := w.Run(ctx); ended <- code }()
	if _, err := w.Phone().Await(ctx, "stalled"); err != nil {
		t.Fatal(err)
	}
	if n, _ := w.Phone().Sent(); n != 20 {
		t.Errorf("stalled after %d files", n)
	}
	w.Phone().Resume()
	if code := <-ended; code != 0 {
		t.Errorf("code %d", code)
	}
	if s := readStatus(t, w.Path()); s.SnapshotState != "finished" {
		t.Errorf("%+v", s)
	}
}

// A torn run of any sort is mended by the next, which sends only what is
// missing.
func TestNextRunMends(t *testing.T) {
	for _, state := range []phonetest.State{phonetest.TornFirst, phonetest.TornIncremental, phonetest.Mixed, phonetest.Unswept} {
		t.Run(string(state), func(t *testing.T) {
			root := t.TempDir()
			content := phonetest.Content{Files: 200, Size: 300}
			if _, err := phonetest.WriteChain(root, phonetest.Spec{Content: content, State: state}); err != nil {
				t.Fatal(err)
			}
			if state != phonetest.TornFirst {
				content.Generation = 1
			}
			w, err := phonetest.NewWriter(root, phonetest.Config{Content: content}, phonetest.WriterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			code, err := w.Run(t.Context())
			if code != 0 || err != nil {
				t.Fatal(code, err)
			}
			if n, _ := w.Phone().Sent(); n > 150 || (state == phonetest.Mixed || state == phonetest.Unswept) && n > 0 {
				t.Errorf("sent %d files again", n)
			}
			if exists(w.Path(), "Snapshot") || readStatus(t, w.Path()).SnapshotState != "finished" {
				t.Error("not mended")
			}
		})
	}
}
