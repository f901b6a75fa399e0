package verify_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/phone/phonetest"
	"backupwatchdog/daemon/verify"
)

// The real idevicebackup2 on a disk of 12 MB that fills up and is freed again
// prints "Backup Successful" over files that were cut short. The check says
// broken, and how many.
func TestRealToolOnFullDisk(t *testing.T) {
	tool, err := exec.LookPath("idevicebackup2")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("idevicebackup2 is not installed")
		}
		t.Skip("idevicebackup2 is not installed")
	}
	const files, size = 400, 12_000
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("no right to mount: %v", err)
	}
	defer unix.Unmount(disk, unix.MNT_DETACH)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	phone, err := phonetest.Start(ctx, phonetest.Config{FilesPerSecond: 100, Faults: "ignore-free-space", Content: phonetest.Content{Files: files, Size: size}})
	must(t, err)
	cmd := exec.CommandContext(ctx, tool, "-u", phone.UDID(), "backup", disk)
	cmd.Env = append(os.Environ(), phone.Env())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	must(t, cmd.Start())
	must(t, phone.AwaitFiles(ctx, files/4))
	filler := filepath.Join(disk, "something else that fills the disk")
	fill(t, filler)
	must(t, phone.AwaitFiles(ctx, files/2))
	must(t, os.Remove(filler))
	if err := cmd.Wait(); err != nil || !strings.Contains(out.String(), "Backup Successful") {
		t.Fatalf("%v\n%s", err, out.String())
	}
	dir := filepath.Join(disk, phone.UDID())
	cut := int64(0)
	list, err := filepath.Glob(filepath.Join(dir, "??", "*"))
	must(t, err)
	for _, path := range list {
		if info, err := os.Stat(path); err == nil && info.Size() < size {
			cut++
		}
	}
	r := check(t, dir, verify.Options{})
	if cut == 0 || r.Verdict != backup.BrokenUp || r.WrongSize != cut || r.Findings[0].Fix.ID != backup.FreshBackup {
		t.Errorf("%s, %d of the wrong size, %d were cut short\n%+v", r.Verdict, r.WrongSize, cut, r.Problems[:min(3, len(r.Problems))])
	}
}

// fill writes until the disk has no room left.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	for _, n := range []int{64 << 10, 4 << 10, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, n))
		}
	}
}
