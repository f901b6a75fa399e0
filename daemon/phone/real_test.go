package phone

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/phone/phonetest"
)

// tool finds a program, skips the test where it is not installed, and fails
// there where everything must be (CI=true).
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", name)
	}
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// A real idevicebackup2 makes a backup while we observe and ask all the time:
// we see its passcode sheet come and go, and it ends well all the same.
func TestRealBackupIsNotDisturbed(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	p, c := start(t, phonetest.Config{Faults: "passcode:1s", Content: phonetest.Content{Files: 60}})
	events, err := c.Observe(ctx, udid)
	if err != nil {
		t.Fatal(err)
	}
	subscribed(ctx, t, p)

	root := t.TempDir()
	cmd := exec.CommandContext(ctx, tool(t, "idevicebackup2"), "-u", udid, "backup", root)
	cmd.Env = append(os.Environ(), p.Env())
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	asked, seen := askUntil(ctx, t, c, events, ended)
	if !strings.Contains(out.String(), "Backup Successful") {
		t.Errorf("the backup did not end well:\n%s", out.String())
	}
	if !seen[PasscodeShown] || !seen[PasscodeGone] || asked == 0 {
		t.Errorf("saw %v, asked %d times", seen, asked)
	}
	if _, err := os.Stat(filepath.Join(root, udid, "Manifest.db")); err != nil {
		t.Error(err)
	}
	if got, err := c.Ask(ctx, udid); err != nil || got.LastLocalBackup.IsZero() {
		t.Errorf("afterwards the phone remembers no backup: %+v, %v", got, err)
	}
}

// askUntil asks the phone again and again until the backup has ended, and
// collects what it notifies of.
func askUntil(ctx context.Context, t *testing.T, c *Client, events <-chan Event, ended <-chan error) (asked int, seen map[Kind]bool) {
	t.Helper()
	seen = map[Kind]bool{}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatal("the observation ended before the backup")
			}
			seen[e.Kind] = true
		case <-tick.C:
			got, err := c.Ask(ctx, udid)
			switch { // on a busy computer an answer may be late, but never wrong
			case err == nil && got.Battery == 80 && got.Refused == backup.No:
				asked++
			case got.Battery != -1 || got.Refused == backup.Yes:
				t.Errorf("asked during the backup: %+v, %v", got, err)
			}
		case <-ended:
			return asked, seen
		case <-ctx.Done():
			t.Fatal("the backup has not ended")
		}
	}
}
