package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/phone/phonetest"
)

// small puts a disk of that many MiB at path for the time of the story.
func small(t *testing.T, path, size string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", path, "tmpfs", 0, "size="+size+",mode=0700"); err != nil {
		t.Skipf("no right to mount: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(path, unix.MNT_DETACH) })
}

// fill writes a file until its disk has no room left.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, n := range []int{64 << 10, 4 << 10, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, n))
		}
	}
}

// The disk was full for some seconds and the client still prints "Backup
// Successful": critical at once, and after the check it is said which part of
// the backup is lost, to the file.
func TestDiskFullForSomeSeconds(t *testing.T) {
	onStage(t)
	const files, size = 600, 8_000
	p := newPhone(t, phonetest.Config{UDID: "00008110-0000000000E2E101", FilesPerSecond: 60, Faults: "ignore-free-space",
		Content: phonetest.Content{Files: files, Size: size}})
	s := newStory(t).with(p)
	small(t, s.root, "48m")
	s.start()
	c := s.client(p)
	if err := p.AwaitFiles(t.Context(), files/4); err != nil {
		t.Fatal(err)
	}
	if _, ok := finding(s.awaitPhase(p.UDID(), backup.Transferring, 10*time.Second).Status, p.UDID(), backup.MacDiskFull); ok {
		t.Error("called full before it was")
	}
	filler := filepath.Join(s.root, "something else")
	fill(t, filler)
	full := time.Now()
	m, f := s.awaitFinding(p.UDID(), backup.MacDiskFull, backup.Critical, 20*time.Second)
	if d := m.at.Sub(full); d > 10*time.Second || f.Fix.ID != backup.CheckStorage {
		t.Errorf("said after %s, fix %s", d, f.Fix.ID)
	}
	if err := p.AwaitFiles(t.Context(), files*3/4); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if code := c.wait(t, 60*time.Second); code != 0 || !strings.Contains(c.out.String(), "Backup Successful") {
		t.Fatalf("the client ended with %d\n%s", code, tail(c.out.String(), 300))
	}
	m, f = s.awaitFinding(p.UDID(), backup.ChainBroken, backup.Critical, 60*time.Second)
	if chain := of(m.Status, p.UDID()).Chain; chain.Verdict != backup.BrokenUp || f.Fix.ID != backup.FreshBackup {
		t.Errorf("%s, fix %s", chain.Verdict, f.Fix.ID)
	}
	s.cutShort(p.UDID(), size)
	s.awaitTold(20*time.Second, "raised mac-disk-full", "raised chain-broken")
	if told := s.told()[1]; told.Finding.Fix.ID != backup.FreshBackup || !strings.HasPrefix(told.Text, told.Finding.Fix.Title) {
		t.Errorf("the notice says %q and does not begin with the fix", told.Text)
	}
}

// cutShort compares what the check counted with the folder itself, file by
// file, with the list the sqlite3 program reads from the index.
func (s *story) cutShort(udid string, size int64) {
	s.t.Helper()
	dir := filepath.Join(s.root, udid)
	list, err := exec.Command(tool(s.t, "sqlite3"), "file:"+filepath.Join(dir, "Manifest.db")+"?immutable=1", "SELECT fileID FROM Files WHERE flags = 1").Output()
	if err != nil {
		s.t.Fatal(err)
	}
	var files, wrong, missing int64
	for id := range strings.FieldsSeq(string(list)) {
		files++
		switch info, err := os.Stat(filepath.Join(dir, id[:2], id)); {
		case err != nil:
			missing++
		case info.Size() != size:
			wrong++
		}
	}
	checks := s.history().Checks
	if len(checks) == 0 {
		s.t.Fatal("no check in the history")
	}
	c := checks[0]
	if wrong == 0 || c.Files != files || c.WrongSize != wrong || c.Missing != missing {
		s.t.Errorf("checked %d files, %d of the wrong size, %d missing; counted %d, %d, %d", c.Files, c.WrongSize, c.Missing, files, wrong, missing)
	}
}

// A disk with less room than the phone has on it: said while there is time.
func TestDiskLow(t *testing.T) {
	onStage(t)
	p := newPhone(t, phonetest.Config{UDID: "00008110-0000000000E2E102", TLS: true, FilesPerSecond: 60, Faults: "ignore-free-space",
		DiskTotal: 64_000_000_000, DiskAvailable: 54_000_000_000, Content: phonetest.Content{Files: 600, Size: 1000}})
	s := newStory(t).with(p)
	small(t, s.root, "400m")
	s.start()
	s.client(p)
	_, f := s.awaitFinding(p.UDID(), backup.MacDiskLow, backup.Warning, 20*time.Second)
	if f.Fix.ID != backup.CheckStorage || !strings.Contains(f.Detail, "GB may still come") {
		t.Errorf("fix %s, %s", f.Fix.ID, f.Detail)
	}
}

// The state folder fills up: the watchdog says that it forgets, and goes on
// watching and telling.
func TestStateFolderFull(t *testing.T) {
	onStage(t)
	p := newPhone(t, phonetest.Config{UDID: "00008110-0000000000E2E103", FilesPerSecond: 100, Content: phonetest.Content{Files: 400, Size: 1000}, Faults: "stall-after:50"})
	s := newStory(t).with(p)
	small(t, s.state, "2m")
	d := s.start()
	fill(t, filepath.Join(s.state, "something else"))
	s.client(p)
	var f backup.Finding
	s.await(30*time.Second, "that the history cannot be written", func(st control.Status) (ok bool) {
		f, ok = finding(st, "", backup.HistoryUnavailable)
		return ok
	})
	if f.Severity != backup.Warning || f.Fix.ID != backup.CheckStorage {
		t.Errorf("%s, fix %s", f.Severity, f.Fix.ID)
	}
	s.awaitFinding(p.UDID(), backup.Stalled, backup.Warning, 40*time.Second)
	eventually(t, 20*time.Second, "the notice", func() bool { return strings.Contains(strings.Join(s.toldWords(), "\n"), "raised stalled") })
	never(t, 3*time.Second, "a notice that comes again", func() bool { return strings.Count(strings.Join(s.toldWords(), "\n"), "raised stalled") > 1 })
	d.kill()

	// Started while it is full, it watches, says so, and writes again when there is room.
	s.start()
	s.await(30*time.Second, "that the history is in memory", func(st control.Status) (ok bool) {
		f, ok = finding(st, "", backup.HistoryUnavailable)
		return ok
	})
	s.awaitPhase(p.UDID(), backup.Transferring, 20*time.Second)
	if err := os.Remove(filepath.Join(s.state, "something else")); err != nil {
		t.Fatal(err)
	}
	s.await(40*time.Second, "that the history is written again", func(st control.Status) bool {
		_, held := finding(st, "", backup.HistoryUnavailable)
		return !held && st.Daemon.History == "ok"
	})
}
