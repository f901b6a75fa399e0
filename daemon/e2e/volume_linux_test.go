package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/phone/phonetest"
)

// The backups lie on an external drive, behind a link. It is pulled out; a
// plain folder appears where it was mounted; it comes back, locked against
// writing; and then as it was. Each is told apart, and no backup is forgotten.
func TestExternalDrive(t *testing.T) {
	onStage(t)
	s := newStory(t)
	drive, port := filepath.Join(s.dir, "drive"), filepath.Join(s.dir, "port")
	small(t, drive, "64m")
	must(t, os.Mkdir(port, 0o755), os.Mkdir(filepath.Join(drive, "Backup"), 0o755), os.Remove(s.root),
		os.Symlink(filepath.Join(port, "Backup"), s.root))
	plug := func() { must(t, unix.Mount(drive, port, "", unix.MS_BIND, "")) }
	plug()
	t.Cleanup(func() { unix.Unmount(port, unix.MNT_DETACH) })
	chain, err := phonetest.WriteChain(filepath.Join(drive, "Backup"), phonetest.Spec{Config: phonetest.Config{UDID: "00008110-0000000000E2E121"}, Date: time.Now().Add(-2 * time.Hour)})
	must(t, err)
	s.start()
	s.await(20*time.Second, "checked good", func(st control.Status) bool { return of(st, chain.UDID).Chain.Verdict == backup.Good })

	says := func(code backup.Code, title string) {
		t.Helper()
		m := s.await(20*time.Second, title, func(st control.Status) bool {
			f, ok := finding(st, "", code)
			return ok && f.Title == title && f.Severity == backup.Critical && f.Fix.ID == backup.ReconnectDrive
		})
		if of(m.Status, chain.UDID).UDID == "" {
			t.Errorf("%s: the backup is forgotten", title)
		}
		if _, ok := finding(m.Status, "", backup.FolderMissing); ok {
			t.Errorf("%s: the consequence is shown beside its cause", title)
		}
	}
	must(t, unix.Unmount(port, 0))
	says(backup.CodeVolumeMissing, "The backup drive is not connected")
	must(t, os.Mkdir(filepath.Join(port, "Backup"), 0o755))
	says(backup.CodeVolumeMissing, "Another disk is in the drive's place")
	plug()
	must(t, unix.Mount("", port, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""))
	says(backup.VolumeReadOnly, "The backup drive is read-only")
	must(t, unix.Mount("", port, "", unix.MS_REMOUNT|unix.MS_BIND, ""))
	s.await(20*time.Second, "all well", func(st control.Status) bool {
		return len(st.Findings) == 0 && of(st, chain.UDID).Chain.Verdict == backup.Good && st.Roots[0].State == "watching"
	})
}

// must fails the story at the first error.
func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}
