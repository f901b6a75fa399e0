package host

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"backupwatchdog/daemon/backup"
)

// TestMain lets the test program play a backup program: started under such a
// name it opens the file it is told, says so, and waits to be let go.
func TestMain(m *testing.M) {
	if file := os.Getenv("HOST_TEST_OPEN"); file != "" {
		f, err := os.Create(file)
		if err != nil {
			os.Exit(1)
		}
		os.Stdout.WriteString("open\n")
		io.Copy(io.Discard, os.Stdin)
		f.Close()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// play starts the test program as idevicebackup2 in dir, with a file open.
func play(t *testing.T, dir, file string, args ...string) (stop func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "idevicebackup2")
	link(t, self, name)
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOST_TEST_OPEN="+file)
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 5)); err != nil {
		t.Fatal("the program did not open its file")
	}
	return func() { in.Close(); cmd.Wait() }
}

// The whole way on a real process: found by name, its folder and open file told
// by the kernel, and gone when it has ended.
func TestRealWriter(t *testing.T) {
	root, _ := filepath.EvalSymlinks(t.TempDir())
	mine := filepath.Join(root, "backups", udidA, "Snapshot", "ab")
	mkdir(t, mine)
	stop := play(t, root, filepath.Join(mine, strings.Repeat("ab", 20)), "backup", "backups")

	p := NewProcesses()
	target := Target{UDID: udidA, Path: filepath.Join(root, "backups", udidA), Attached: []string{udidB, udidA}}
	list, observable := p.Look(context.Background())
	if w := Match(list, observable, target); w.State != backup.WriterAlive || w.Name != "idevicebackup2" || w.PID == 0 {
		t.Errorf("while it writes: %+v of %+v", w, list)
	}
	other := Target{UDID: udidB, Path: filepath.Join(root, "backups", udidB), Attached: target.Attached}
	if w := Match(list, observable, other); w.State == backup.WriterAlive {
		t.Errorf("the other phone's backup: %+v", w)
	}
	stop()
	list, observable = p.Look(context.Background())
	if w := Match(list, observable, target); observable && w.State != backup.WriterGone {
		t.Errorf("after its end: %+v", w)
	}
}

func TestRealReaderIsNoWriter(t *testing.T) {
	root := t.TempDir()
	stop := play(t, root, filepath.Join(root, "Status.plist"), "info", ".")
	defer stop()
	list, _ := NewProcesses().Look(context.Background())
	for _, p := range list {
		if p.Dir == root {
			t.Errorf("idevicebackup2 info counts: %+v", p)
		}
	}
}

// BenchmarkLook200 is one look among 200 processes, one of which makes a backup.
func BenchmarkLook200(b *testing.B) {
	root := b.TempDir()
	for pid := 1; pid <= 200; pid++ {
		dir := filepath.Join(root, strconv.Itoa(pid))
		os.MkdirAll(dir, 0o755)
		os.WriteFile(filepath.Join(dir, "comm"), []byte("worker\n"), 0o644)
	}
	os.WriteFile(filepath.Join(root, "7/comm"), []byte("idevicebackup2\n"), 0o644)
	os.WriteFile(filepath.Join(root, "7/cmdline"), []byte("idevicebackup2\x00backup\x00/b\x00"), 0o644)
	p := newProcesses(procfs{root: root, self: 50})
	for b.Loop() {
		p.Look(context.Background())
	}
}

// BenchmarkLookHere is one look among the processes of this computer.
func BenchmarkLookHere(b *testing.B) {
	p := NewProcesses()
	for b.Loop() {
		p.Look(context.Background())
	}
}
