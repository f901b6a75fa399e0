package phonetest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"howett.net/plist"

	"backupwatchdog/daemon/phone/phonetest"
)

// tool finds a program, skips the test where it is not installed, and fails
// there where everything must be (CI=true).
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// start makes a phone for a test.
func start(t *testing.T, cfg phonetest.Config) *phonetest.Phone {
	t.Helper()
	p, err := phonetest.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A client is a running idevicebackup2.
type client struct {
	cmd  *exec.Cmd
	out  output
	exit chan int
}

// output is a buffer that may be read while the program writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// backup starts the real idevicebackup2 against the phone. It dies with the
// test.
func backup(t *testing.T, p *phonetest.Phone, root string, args ...string) *client {
	t.Helper()
	c := &client{exit: make(chan int, 1)}
	full := append([]string{"-oL", tool(t, "idevicebackup2"), "-u", p.UDID()}, args...)
	full = append(full, "backup", root)
	c.cmd = exec.CommandContext(t.Context(), tool(t, "stdbuf"), full...)
	c.cmd.Env = append(os.Environ(), p.Env())
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.out
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { c.cmd.Wait(); close(done); c.exit <- c.cmd.ProcessState.ExitCode() }()
	t.Cleanup(func() { c.cmd.Process.Kill(); <-done })
	return c
}

// wait returns the exit code and everything that was printed.
func (c *client) wait(t *testing.T) (int, string) {
	t.Helper()
	select {
	case code := <-c.exit:
		return code, c.out.String()
	case <-deadline(t, 2*time.Minute).Done():
		t.Fatal("idevicebackup2 has not ended in two minutes")
		return 0, ""
	}
}

// kill ends the client as kill -9 does.
func (c *client) kill(t *testing.T) {
	c.cmd.Process.Signal(syscall.SIGKILL)
	c.wait(t)
}

// eventually waits until ok holds: programs write when they like.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ctx := deadline(t, 20*time.Second); !ok(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Errorf("never seen: %s", what)
			return
		}
	}
}

// await waits for an event of the phone.
func await(t *testing.T, p *phonetest.Phone, kind string) phonetest.Event {
	t.Helper()
	e, err := p.Await(deadline(t, time.Minute), kind)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// picture is what lies on disk, in one line.
func picture(dir string) string {
	var s struct{ SnapshotState, BackupState string }
	parts := []string{}
	if data, err := os.ReadFile(filepath.Join(dir, "Status.plist")); err == nil {
		plist.Unmarshal(data, &s) // half-written is no error here
		parts = append(parts, s.SnapshotState+"/"+s.BackupState)
	}
	for _, name := range []string{"Info.plist", "Manifest.plist", "Manifest.db", "Snapshot/Manifest.db"} {
		if exists(dir, name) {
			parts = append(parts, name)
		}
	}
	names, _ := filepath.Glob(filepath.Join(dir, "[0-9a-f][0-9a-f]", "*"))
	parts = append(parts, fmt.Sprintf("%d in place", len(names)))
	if exists(dir, "Snapshot") {
		names, _ = filepath.Glob(filepath.Join(dir, "Snapshot", "[0-9a-f][0-9a-f]", "*"))
		parts = append(parts, fmt.Sprintf("Snapshot %d", len(names)))
	}
	return strings.Join(parts, ", ")
}

func TestIdeviceinfo(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS=%v", encrypted), func(t *testing.T) {
			p := start(t, phonetest.Config{TLS: encrypted, Name: "Anna’s iPhone"})
			p.SetBattery(12, true)
			p.SetValue("com.apple.mobile.backup", "LastiTunesBackupDate", 681028961)
			for domain, want := range map[string]string{
				"":                         "DeviceName: Anna’s iPhone",
				"com.apple.mobile.battery": "BatteryCurrentCapacity: 12",
				"com.apple.mobile.backup":  "LastiTunesBackupDate: 681028961",
				"com.apple.disk_usage":     "AmountDataAvailable: 63800000000",
			} {
				args := []string{"-u", p.UDID()}
				if domain != "" {
					args = append(args, "-q", domain)
				}
				cmd := exec.CommandContext(deadline(t, 20*time.Second), tool(t, "ideviceinfo"), args...)
				cmd.Env = append(os.Environ(), p.Env())
				out, err := cmd.CombinedOutput()
				if err != nil || !strings.Contains(string(out), want) {
					t.Errorf("%q: %v\n%s", domain, err, out)
				}
			}
		})
	}
}

// The whole story of a healthy phone: a full backup, some use, an incremental
// one that sends little.
func TestFullAndIncremental(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS=%v", encrypted), func(t *testing.T) {
			t.Parallel()
			p, root := start(t, phonetest.Config{TLS: encrypted}), t.TempDir()
			dir := filepath.Join(root, p.UDID())
			code, out := backup(t, p, root).wait(t)
			if code != 0 || !strings.Contains(out, "Backup Successful.") {
				t.Fatalf("exit %d\n%s", code, out)
			}
			if got, want := picture(dir), "finished/new, Info.plist, Manifest.plist, Manifest.db, 300 in place"; got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
			first := readStatus(t, dir)
			p.Use()
			code, out = backup(t, p, root).wait(t)
			if code != 0 || !strings.Contains(out, "Incremental backup mode.") || !strings.Contains(out, "Backup Successful.") {
				t.Fatalf("exit %d\n%s", code, out)
			}
			if n, _ := p.Sent(); n == 0 || n > 80 {
				t.Errorf("the incremental backup sent %d files", n)
			}
			if again := readStatus(t, dir); again.UUID != first.UUID || !again.Date.After(first.Date) {
				t.Errorf("%+v after %+v", again, first)
			}
			countRows(t, dir)
		})
	}
}

// countRows lets the sqlite3 program compare the index with the folder.
func countRows(t *testing.T, dir string) {
	t.Helper()
	out, err := exec.Command(tool(t, "sqlite3"), "file:"+filepath.Join(dir, "Manifest.db")+"?immutable=1",
		"SELECT count(*) FROM Files WHERE flags = 1; PRAGMA integrity_check; PRAGMA user_version;").CombinedOutput()
	if want := fmt.Sprintf("%d\nok\n2\n", blobs(t, dir)); err != nil || string(out) != want {
		t.Errorf("sqlite3: %v\n%swant\n%s", err, out, want)
	}
	if exists(dir, "Manifest.db-wal") || exists(dir, "Manifest.db-shm") {
		t.Error("immutable=1 left files behind")
	}
}

// Over the network alone, encrypted as it always is there; when the phone
// leaves, the client notices.
func TestNetworkOnly(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs a loopback address of its own")
	}
	cfg := phonetest.Config{TLS: true, Connections: []phonetest.Connection{phonetest.Network}, Content: phonetest.Content{Size: 1000}}
	p, root := start(t, cfg), t.TempDir()
	if code, out := backup(t, p, root, "-n").wait(t); code != 0 || !strings.Contains(out, "Backup Successful.") {
		t.Fatalf("exit %d\n%s", code, out)
	}
	p.Use()
	p.SetFaults("disconnect-after:50")
	if code, out := backup(t, p, root, "-n").wait(t); code != 255 {
		t.Errorf("exit %d\n%s", code, out)
	}
	if got := picture(filepath.Join(root, p.UDID())); !strings.HasPrefix(got, "uploading/new, Info.plist, Manifest.plist, Manifest.db, 300 in place, Snapshot ") {
		t.Error(got)
	}
}

// Faults that end the client: exit code, its words, and what is left on disk
// after the first backup into an empty folder.
func TestFaultsThatEnd(t *testing.T) {
	const whole = "finished/new, Info.plist, Manifest.plist, Manifest.db, "
	for _, c := range []struct {
		fault string
		exit  int
		says  string
		left  string
	}{
		{"disconnect-after:50", 255, "Could not receive from mobilebackup2 (-256)", "uploading/empty, Info.plist, 0 in place, Snapshot 151"},
		{"drop-socket-after:50", 255, "Backup Aborted.", "uploading/empty, Info.plist, 0 in place, Snapshot 151"},
		{"error:105", 151, "ErrorCode 105: Insufficient free disk space on drive to back up (MBErrorDomain/105)", "Info.plist, 0 in place"},
		{"error:208", 48, "Backup Failed (Error Code 208).", "Info.plist, 0 in place"},
		{"passcode:20ms:208", 48, "ErrorCode 208: Device locked (MBErrorDomain/208)", "Info.plist, 0 in place"},
		{"error:104", 152, "Backup Failed (Error Code 104).", "uploading/empty, Info.plist, 0 in place, Snapshot 256"},
		{"error:205", 51, "ErrorCode 205: Manifest references files not in backup", whole + "300 in place"},
		{"lost-file", 51, "ErrorCode 205: Manifest references files not in backup", whole + "299 in place"},
		{"no-manifest", 0, "Backup Successful.", "finished/new, Info.plist, 300 in place"},
		{"truncate-manifest-db", 0, "Backup Successful.", whole + "300 in place"},
		{"passcode:20ms", 0, "Backup Successful.", whole + "300 in place"},
		{"lockdown-error:PasswordProtected", 255, "Could not connect to lockdownd, error code -17", "0 in place"},
		{"service-error:PasswordProtected", 255, "Could not start service com.apple.mobilebackup2.", "0 in place"},
		{"drop-finishing:moving:50", 255, "Backup Aborted.", "moving/new, Info.plist, Snapshot/Manifest.db, 150 in place, Snapshot 150"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			p, root := start(t, phonetest.Config{Faults: c.fault, Content: phonetest.Content{Size: 1000}}), t.TempDir()
			code, out := backup(t, p, root).wait(t)
			if code != c.exit || !strings.Contains(out, c.says) {
				t.Errorf("exit %d, want %d and %q\n%s", code, c.exit, c.says, out)
			}
			if got := picture(filepath.Join(root, p.UDID())); got != c.left {
				t.Errorf("%s\nwant %s", got, c.left)
			}
		})
	}
}

// Faults that never end by themselves: what is on disk while the client
// hangs.
func TestFaultsThatHang(t *testing.T) {
	for _, c := range []struct{ fault, event, left string }{
		{"stall-after:50", "stalled", "uploading/empty, Info.plist, 0 in place, Snapshot 151"},
		{"stall-before-upload", "stalled", "Info.plist, 0 in place"},
		{"no-space", "scanning", "Info.plist, 0 in place"},
		{"passcode", "passcode-shown", "Info.plist, 0 in place"},
		{"stuck-finishing", "stalled", "moving/new, Info.plist, Snapshot/Manifest.db, 0 in place, Snapshot 300"},
		{"stuck-finishing:moving:50", "stalled", "moving/new, Info.plist, Snapshot/Manifest.db, 150 in place, Snapshot 150"},
		{"stuck-finishing:removing", "stalled", "removing/new, Info.plist, Manifest.plist, Manifest.db, 300 in place, Snapshot 0"},
		{"stuck-finishing:verify", "stalled", "finished/new, Info.plist, Manifest.plist, Manifest.db, 300 in place"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			p, root := start(t, phonetest.Config{Faults: c.fault, Content: phonetest.Content{Size: 1000}}), t.TempDir()
			run := backup(t, p, root)
			await(t, p, c.event)
			eventually(t, c.left, func() bool { return picture(filepath.Join(root, p.UDID())) == c.left })
			select {
			case code := <-run.exit:
				t.Fatalf("it ended with %d\n%s", code, run.out.String())
			default:
			}
			run.kill(t)
			if e := await(t, p, "ended"); e.Code != -1 {
				t.Errorf("%v: the phone has not noticed that the client is gone", e)
			}
			if got := picture(filepath.Join(root, p.UDID())); got != c.left {
				t.Errorf("after the kill: %s\nwant %s", got, c.left)
			}
		})
	}
}

// Somebody cancels on the phone: the client says so soon, and leaves when its
// own time-outs let it, a minute later; nobody waits for that here.
func TestCancel(t *testing.T) {
	t.Parallel()
	p, root := start(t, phonetest.Config{Faults: "cancel-after:50", Content: phonetest.Content{Size: 1000}}), t.TempDir()
	run := backup(t, p, root)
	eventually(t, "that the client hears of it", func() bool {
		return strings.Contains(run.out.String(), "User has cancelled the backup process on the device.")
	})
	// The batch that was on its way may or may not have been put down.
	if got := picture(filepath.Join(root, p.UDID())); !strings.HasPrefix(got, "uploading/empty, Info.plist, 0 in place, Snapshot 1") {
		t.Error(got)
	}
}

// A cut leaves the last file short, under its final name.
func TestCutFile(t *testing.T) {
	p, root := start(t, phonetest.Config{Faults: "disconnect-after:50", Content: phonetest.Content{Files: 5, Size: 1_000_000}}), t.TempDir()
	if code, out := backup(t, p, root).wait(t); code != 255 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	sizes := map[int64]int{}
	names, _ := filepath.Glob(filepath.Join(root, p.UDID(), "Snapshot", "??", "*"))
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		sizes[info.Size()]++
	}
	if sizes[1_000_000] != 2 || sizes[491_505] != 1 || len(sizes) != 2 {
		t.Errorf("sizes %v", sizes)
	}
}

// Plugged in again, the phone sends only the missing half.
func TestResumeAfterUnplugging(t *testing.T) {
	p, root := start(t, phonetest.Config{Faults: "disconnect-after:50", Content: phonetest.Content{Size: 1000}}), t.TempDir()
	if code, out := backup(t, p, root).wait(t); code != 255 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if code, out := backup(t, p, root).wait(t); code == 0 {
		t.Fatalf("a phone that is not there made a backup\n%s", out)
	}
	if err := p.SetFaults(""); err != nil {
		t.Fatal(err)
	}
	p.Attach()
	code, out := backup(t, p, root).wait(t)
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if n, _ := p.Sent(); n != 150 {
		t.Errorf("sent %d files, want the missing 150", n)
	}
	if got, want := picture(filepath.Join(root, p.UDID())), "finished/new, Info.plist, Manifest.plist, Manifest.db, 300 in place"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// After a hang and a kill the next run mends what it finds.
func TestNextClientMends(t *testing.T) {
	for _, fault := range []string{"stuck-finishing:moving:50", "stuck-finishing:removing", "stuck-finishing:verify"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			p, root := start(t, phonetest.Config{Faults: fault, Content: phonetest.Content{Size: 1000}}), t.TempDir()
			run := backup(t, p, root)
			await(t, p, "stalled")
			run.kill(t)
			await(t, p, "ended")
			p.SetFaults("")
			if code, out := backup(t, p, root).wait(t); code != 0 {
				t.Fatalf("exit %d\n%s", code, out)
			}
			if n, _ := p.Sent(); n != 0 {
				t.Errorf("sent %d files again", n)
			}
			if got, want := picture(filepath.Join(root, p.UDID())), "finished/new, Info.plist, Manifest.plist, Manifest.db, 300 in place"; got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
		})
	}
}

// On top of a finished backup a failed run leaves the old one whole.
func TestFaultsOnTop(t *testing.T) {
	for _, c := range []struct{ fault, left string }{
		{"error:208", "finished/new, Info.plist, Manifest.plist, Manifest.db, 300 in place"},
		{"disconnect-after:50", "uploading/new, Info.plist, Manifest.plist, Manifest.db, 300 in place, Snapshot "},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			p, root := start(t, phonetest.Config{Content: phonetest.Content{Size: 1000}}), t.TempDir()
			dir := filepath.Join(root, p.UDID())
			if code, out := backup(t, p, root).wait(t); code != 0 {
				t.Fatalf("exit %d\n%s", code, out)
			}
			before := readStatus(t, dir)
			index, _ := os.ReadFile(filepath.Join(dir, "Manifest.db"))
			p.Use()
			p.SetFaults(c.fault)
			if code, out := backup(t, p, root).wait(t); code == 0 {
				t.Fatalf("no fault\n%s", out)
			}
			if got := picture(dir); !strings.HasPrefix(got, c.left) {
				t.Errorf("%s\nwant %s", got, c.left)
			}
			after := readStatus(t, dir)
			if after.UUID != before.UUID || after.IsFullBackup || after.SnapshotState == "finished" && !after.Date.Equal(before.Date) {
				t.Errorf("%+v after %+v", after, before)
			}
			if now, _ := os.ReadFile(filepath.Join(dir, "Manifest.db")); !bytes.Equal(now, index) {
				t.Error("the index has changed")
			}
		})
	}
}

// A stall that is released ends in a good backup; two phones at once do not
// disturb each other.
func TestTwoPhonesOneStuck(t *testing.T) {
	stuck, root := start(t, phonetest.Config{Faults: "stall-after:50", Content: phonetest.Content{Size: 1000}}), t.TempDir()
	fine, err := stuck.Mux().Add(phonetest.Config{UDID: "00008030-000A11112222333A", Content: phonetest.Content{Size: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	slow := backup(t, stuck, root)
	await(t, stuck, "stalled")
	if code, out := backup(t, fine, root).wait(t); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	stuck.Resume()
	if code, out := slow.wait(t); code != 0 || !strings.Contains(out, "Backup Successful.") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// Somebody else syncs: the client tries for ten seconds.
func TestSyncLocked(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	t.Parallel()
	p, root := start(t, phonetest.Config{Faults: "sync-locked"}), t.TempDir()
	code, out := backup(t, p, root).wait(t)
	if code != 255 || !strings.Contains(out, "timeout while locking for sync") || exists(root, p.UDID()) {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// The phone trickles: at 1,000 bytes a second a piece of 32 KiB takes 33 s.
func TestTrickle(t *testing.T) {
	p, root := start(t, phonetest.Config{Faults: "trickle-after:10:1000", Content: phonetest.Content{Files: 1, Size: 4_000_000}}), t.TempDir()
	backup(t, p, root)
	await(t, p, "fault")
	eventually(t, "a tenth of the file", func() bool {
		names, _ := filepath.Glob(filepath.Join(root, p.UDID(), "Snapshot", "??", "*"))
		if len(names) != 1 {
			return false
		}
		info, err := os.Stat(names[0])
		return err == nil && info.Size() > 300_000 && info.Size() < 500_000
	})
	if _, err := p.Await(canceled(), "manifests"); !errors.Is(err, context.Canceled) {
		t.Error("the upload has ended")
	}
}

// canceled is a context that has ended: Await then only looks.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
