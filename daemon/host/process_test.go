package host

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// proc writes one process into a made-up /proc.
func proc(t *testing.T, root string, pid int, args ...string) string {
	t.Helper()
	dir := filepath.Join(root, strconv.Itoa(pid))
	comm := "sh"
	if len(args) > 0 {
		comm = filepath.Base(args[0])
	}
	write(t, filepath.Join(dir, "comm"), comm[:min(15, len(comm))]+"\n")
	write(t, filepath.Join(dir, "cmdline"), strings.Join(args, "\x00")+"\x00")
	write(t, filepath.Join(dir, "stat"), fmt.Sprintf("%d (a) b (c)) S 1 %s 777 0\n", pid, strings.Repeat("0 ", 17)))
	write(t, filepath.Join(dir, "io"), "rchar: 1000\nwchar: 2000\nsyscr: 3\n")
	return dir
}

func link(t *testing.T, to, from string) {
	t.Helper()
	mkdir(t, filepath.Dir(from))
	os.Remove(from)
	if err := os.Symlink(to, from); err != nil {
		t.Fatal(err)
	}
}

func TestLookThroughProcfs(t *testing.T) {
	root, backups := t.TempDir(), t.TempDir()
	real, _ := filepath.EvalSymlinks(backups)
	proc(t, root, 1, "init")
	proc(t, root, 50, "watchdogd")
	proc(t, root, 60) // ended, not collected
	ide := proc(t, root, 70, "idevicebackup2", "backup", "b")
	link(t, backups, filepath.Join(ide, "cwd"))
	mkdir(t, filepath.Join(backups, "real"))
	link(t, filepath.Join(backups, "real"), filepath.Join(backups, "b"))
	link(t, "socket:[4711]", filepath.Join(ide, "fd", "3"))
	file := filepath.Join(real, "real", udidA, "Snapshot", "ab", strings.Repeat("ab", 20))
	link(t, file, filepath.Join(ide, "fd", "4"))

	p := newProcesses(procfs{root: root, self: 50})
	list, observable := p.Look(context.Background())
	want := []Process{{PID: 70, Parent: 1, Name: "idevicebackup2", Dir: filepath.Join(real, "real"),
		Holds: []string{filepath.Join(real, "real", udidA)}, Read: 1000, Written: 2000}}
	if diff := cmp.Diff(want, list); diff != "" || !observable {
		t.Errorf("observable %v\n%s", observable, diff)
	}

	// Between two files none is open, and the folder is still its own.
	link(t, "pipe:[1]", filepath.Join(ide, "fd", "4"))
	if list, _ := p.Look(context.Background()); len(list) != 1 || len(list[0].Holds) != 1 {
		t.Errorf("forgot what it worked on: %+v", list)
	}

	// Another process with the same number knows nothing of the first.
	stat := filepath.Join(ide, "stat")
	write(t, stat, strings.Replace(readFile(t, stat), " 777 ", " 999 ", 1))
	if list, _ := p.Look(context.Background()); len(list) != 1 || len(list[0].Holds) != 0 {
		t.Errorf("took a reused number for the old process: %+v", list)
	}
	if len(p.seen) != 1 {
		t.Errorf("remembers %d processes, 1 runs", len(p.seen))
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLookKnowsWhenItIsBlind(t *testing.T) {
	hidden := t.TempDir()
	proc(t, hidden, 50, "watchdogd")
	for name, root := range map[string]string{"no /proc": filepath.Join(hidden, "none"), "hidepid": hidden, "empty": t.TempDir()} {
		if list, observable := newProcesses(procfs{root: root, self: 50}).Look(context.Background()); observable || len(list) > 0 {
			t.Errorf("%s: %v, observable %v", name, list, observable)
		}
	}
}

func TestBackupFolder(t *testing.T) {
	b := "/b/" + udidA
	for path, want := range map[string]string{
		b + "/Status.plist":                      b,
		b + "/Snapshot/Manifest.db":              b,
		b + "/ab/" + strings.Repeat("ab", 20):    b,
		"/b/" + old + "/" + old:                  "/b/" + old,
		"/kept/mine/Snapshot/ab/ffff":            "/kept/mine",
		"/kept/mine/Manifest.db":                 "/kept/mine",
		"/home/a/Documents/letter.txt":           "",
		"socket:[1]":                             "",
		"/":                                      "",
		"/b/" + udidA + "-20261127-101500/a/b/c": "",
	} {
		if got := backupFolder(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

// procArgs builds what macOS answers to KERN_PROCARGS2.
func procArgs(path string, args ...string) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(len(args)))
	b = append(b, path+"\x00\x00\x00\x00"...)
	return append(b, strings.Join(args, "\x00")+"\x00SECRET=1\x00"...)
}

func TestLookOnMac(t *testing.T) {
	m := &mac{self: 50,
		kernel: func() ([]macProcess, error) {
			return []macProcess{{50, 1, "watchdogd", "1"}, {70, 1, "AppleMobileBacku", "2"}, {71, 1, "idevicebackup2", "3"}, {72, 1, "python3.12", "4"}}, nil
		},
		args: func(_ context.Context, pid int) ([]byte, error) {
			if pid == 71 {
				return procArgs("/opt/bin/idevicebackup2", "idevicebackup2", "backup", "My Backups"), nil
			}
			return nil, errors.New("not permitted")
		},
		run: func(_ context.Context, name string, args ...string) ([]byte, error) {
			if name != lsof || !slices.Contains(args, "71") {
				return nil, errors.New("refused")
			}
			return []byte("p71\nfcwd\nn/Users/a\nftxt\nn/opt/bin/idevicebackup2\nf5\nn/Users/a/My Backups/" + udidA + "/Status.plist\nf6\nnlocalhost:1->localhost:2\n"), nil
		},
	}
	list, observable := newProcesses(m).Look(context.Background())
	want := []Process{
		{PID: 70, Parent: 1, Name: "AppleMobileBackup", Read: -1, Written: -1},
		{PID: 71, Parent: 1, Name: "idevicebackup2", Dir: "/Users/a/My Backups", Holds: []string{"/Users/a/My Backups/" + udidA}, Read: -1, Written: -1},
	}
	if diff := cmp.Diff(want, list); diff != "" || !observable {
		t.Errorf("observable %v\n%s", observable, diff)
	}
}

func TestLookOnMacThroughPS(t *testing.T) {
	out := "    1     0 /sbin/launchd\n   50     1 watchdogd\n" +
		"   70     1 /System/Library/PrivateFrameworks/MobileDevice.framework/Versions/A/AppleMobileDeviceHelper.app/Contents/Resources/AppleMobileBackup --backup --target " + udidA + "\n" +
		"   71     1 idevicebackup2 backup --full /Users/a/Library/Application Support/MobileSync/Backup\n   bad line\n"
	m := &mac{self: 50,
		kernel: func() ([]macProcess, error) { return nil, errors.New("refused") },
		run: func(_ context.Context, name string, _ ...string) ([]byte, error) {
			if name == ps {
				return []byte(out), nil
			}
			return nil, errors.New("refused")
		},
	}
	list, observable := newProcesses(m).Look(context.Background())
	want := []Process{
		{PID: 70, Parent: 1, Name: "AppleMobileBackup", UDID: udidA, Read: -1, Written: -1},
		{PID: 71, Parent: 1, Name: "idevicebackup2", Dir: "/Users/a/Library/Application Support/MobileSync/Backup", Read: -1, Written: -1},
	}
	if diff := cmp.Diff(want, list); diff != "" || !observable {
		t.Errorf("observable %v\n%s", observable, diff)
	}
	m.run = func(context.Context, string, ...string) ([]byte, error) { return nil, errors.New("refused") }
	if _, observable := newProcesses(m).Look(context.Background()); observable {
		t.Error("claims to see without any list")
	}
}

func TestParseProcArgsOfGarbage(t *testing.T) {
	for _, b := range [][]byte{nil, {1}, {0, 0, 0, 0}, {255, 255, 255, 255, 'a', 0}, {2, 0, 0, 0, 'a'}, {2, 0, 0, 0, 'a', 0, 0}} {
		if got := parseProcArgs(b); len(got) > 0 {
			t.Errorf("%v: got %q", b, got)
		}
	}
	if got := parseProcArgs(procArgs("/x", "a", "", "c")); !slices.Equal(got, []string{"a", "", "c"}) {
		t.Errorf("got %q", got)
	}
}
