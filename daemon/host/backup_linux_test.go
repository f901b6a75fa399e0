package host

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/phone/phonetest"
)

// The real idevicebackup2, started without being told a phone: while two are
// attached its open files say whose backup it writes, and go on saying it
// between two files.
func TestRealIdevicebackup2(t *testing.T) {
	name, err := exec.LookPath("idevicebackup2")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("idevicebackup2 is not installed")
	}
	if err != nil {
		t.Skip("idevicebackup2 is not installed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	p, err := phonetest.Start(ctx, phonetest.Config{Faults: "stall-after:50", FilesPerSecond: 100})
	if err != nil {
		t.Fatal(err)
	}
	root, _ := filepath.EvalSymlinks(t.TempDir())
	mkdir(t, filepath.Join(root, "b"))
	cmd := exec.CommandContext(ctx, name, "backup", "b")
	cmd.Dir, cmd.Env = root, append(os.Environ(), p.Env())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}

	target := Target{UDID: p.UDID(), Path: filepath.Join(root, "b", p.UDID()), Attached: []string{udidB, p.UDID()}}
	other := Target{UDID: udidB, Path: filepath.Join(root, "b", udidB), Attached: target.Attached}
	procs := NewProcesses()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for alive := false; !alive; {
		select {
		case <-tick.C:
			list, observable := procs.Look(ctx)
			w := Match(list, observable, target)
			alive = w.State == backup.WriterAlive
			if alive && (w.PID != cmd.Process.Pid || w.Name != "idevicebackup2") {
				t.Errorf("took %+v for the writer", w)
			}
			if w := Match(list, observable, other); w.PID == cmd.Process.Pid {
				t.Errorf("the other phone's writer: %+v", w)
			}
		case <-ctx.Done():
			t.Fatal("never seen at work")
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	list, observable := procs.Look(ctx)
	if w := Match(list, observable, target); observable && w.State != backup.WriterGone {
		t.Errorf("after its end: %+v", w)
	}
}
