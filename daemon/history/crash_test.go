package history_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/history"
)

// child runs one test of this binary in a process of its own.
func child(t *testing.T, test, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.v")
	cmd.Env = append(os.Environ(), "WATCHDOG_TEST_HISTORY="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// TestWriterChild writes without end and tells after each call that returned.
func TestWriterChild(t *testing.T) {
	path := os.Getenv("WATCHDOG_TEST_HISTORY")
	if path == "" {
		t.Skip("only as a child")
	}
	db := open(t, path)
	for i := len(db.Runs("", time.Time{}, 0)); ; i++ {
		must(t, db.SaveRun(aRun(start.Add(time.Duration(i)*time.Hour))))
		must(t, db.AddSample(phone, "", start.Add(time.Duration(i)*time.Hour), control.Sample{At: start.Add(time.Duration(i) * time.Hour)}))
		if i%7 == 0 {
			must(t, db.Put("big", make([]byte, 300_000)))
			must(t, db.Prune(start))
		}
		fmt.Println("WROTE", i)
	}
}

func TestAKilledWriterLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	wrote := -1
	for round := range 5 {
		cmd, lines := child(t, "TestWriterChild", path)
		for n := 0; n < 5+7*round && lines.Scan(); {
			if _, err := fmt.Sscanf(lines.Text(), "WROTE %d", &wrote); err == nil {
				n++
			}
		}
		cmd.Process.Kill()
		// What it still managed to say before the end counts too.
		for lines.Scan() {
			fmt.Sscanf(lines.Text(), "WROTE %d", &wrote)
		}
		cmd.Wait()

		db := open(t, path)
		equal(t, "set aside", db.SetAside(), "")
		if got := len(db.Runs("", time.Time{}, 0)); got <= wrote || got > wrote+2 {
			t.Fatalf("round %d: %d runs, and the writer had told of %d", round, got, wrote+1)
		}
		equal(t, "the last one's samples", len(db.Samples(phone, start.Add(time.Duration(wrote)*time.Hour))), 1)
		must(t, db.Close())
	}
}

// TestUnwritableChild opens the history as a user who may not write it.
func TestUnwritableChild(t *testing.T) {
	path := os.Getenv("WATCHDOG_TEST_HISTORY")
	if path == "" {
		t.Skip("only as a child")
	}
	db, err := history.Open(path, history.Options{Now: start})
	if !errors.Is(err, history.ErrUnwritable) {
		t.Fatalf("opened %v, error %v", db, err)
	}
	if errors.Is(err, history.ErrDamaged) || !strings.Contains(err.Error(), "check free space") {
		t.Errorf("the words: %v", err)
	}
	db, err = history.OpenMemory()
	must(t, err)
	must(t, db.SaveRun(aRun(start)))
	if !db.InMemory() {
		t.Error("it does not say that it is in memory")
	}
}

// TestWhereNothingMayBeWritten runs as an ordinary user, because root may write
// everywhere.
func TestWhereNothingMayBeWritten(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "history")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	binary := copyBinary(t, dir)
	cases := map[string]func(path string){
		"an empty folder":      func(string) {},
		"a good history":       func(path string) { filled(t, path); os.Chmod(path, 0o644) },
		"a damaged one":        func(path string) { must(t, os.WriteFile(path, []byte("no database at all"), 0o644)) },
		"one of another owner": func(path string) { filled(t, path); os.Chmod(path, 0o000) },
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			folder, err := os.MkdirTemp(dir, "state")
			must(t, err)
			path := filepath.Join(folder, "history.db")
			prepare(path)
			must(t, os.Chmod(folder, 0o555))
			cmd := exec.Command(binary, "-test.run=^TestUnwritableChild$")
			cmd.Env = []string{"WATCHDOG_TEST_HISTORY=" + path, "HOME=/", "TMPDIR=/tmp"}
			cmd.Dir = "/"
			if os.Getuid() == 0 {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			must(t, os.Chmod(folder, 0o755))
		})
	}
}

// copyBinary puts this test program where any user may run it.
func copyBinary(t *testing.T, dir string) string {
	t.Helper()
	in, err := os.Open(os.Args[0])
	must(t, err)
	defer in.Close()
	out, err := os.OpenFile(filepath.Join(dir, "history.test"), os.O_CREATE|os.O_WRONLY, 0o755)
	must(t, err)
	_, err = io.Copy(out, in)
	must(t, err)
	must(t, out.Close())
	return out.Name()
}

// TestAFullDisk needs a small file system of its own, which only root can make.
func TestAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).Run(); err != nil {
		t.Skip("no small file system can be mounted here")
	}
	t.Cleanup(func() { exec.Command("umount", dir).Run() })
	path := filepath.Join(dir, "history.db")
	fill := filepath.Join(dir, "fill")
	must(t, os.WriteFile(fill, make([]byte, 500_000), 0o600))
	db := open(t, path)
	must(t, db.SaveRun(aRun(start)))
	var err error
	for i := 0; err == nil && i < 100; i++ {
		err = db.Put(fmt.Sprint("k", i), make([]byte, 50_000))
	}
	if !errors.Is(err, history.ErrUnwritable) || !errors.Is(db.Err(), history.ErrUnwritable) {
		t.Fatalf("got %v, Err %v", err, db.Err())
	}
	equal(t, "runs that can still be read", len(db.Runs("", time.Time{}, 0)), 1)
	fillUp(t, filepath.Join(dir, "rest"))
	if _, err := history.Open(filepath.Join(dir, "other.db"), history.Options{Now: start}); !errors.Is(err, history.ErrUnwritable) {
		t.Errorf("beginning one on a full disk: %v", err)
	}
	must(t, os.Remove(fill))
	must(t, db.SaveRun(aRun(start.Add(time.Hour))))
	must(t, db.Err())
	equal(t, "runs once there is space", len(db.Runs("", time.Time{}, 0)), 2)
}

// TestAStandInForAFullDisk: with the disk full at the start the past is there all
// the same, and what is seen meanwhile reaches the disk when it has room.
func TestAStandInForAFullDisk(t *testing.T) {
	for name, whole := range map[string]bool{"closed in order": true, "killed": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).Run(); err != nil {
				t.Skip("no small file system can be mounted here")
			}
			t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
			path := filepath.Join(dir, "history.db")
			db := open(t, path)
			must(t, db.SaveRun(aRun(start)))
			if !whole { // what a crash leaves: the last of it is in the journal alone
				for _, suffix := range []string{"", "-wal"} {
					b, err := os.ReadFile(path + suffix)
					must(t, err)
					must(t, os.WriteFile(filepath.Join(dir, "crashed.db"+suffix), b, 0o600))
				}
			}
			must(t, db.Close())
			if !whole {
				for _, suffix := range []string{"", "-wal"} {
					must(t, os.Rename(filepath.Join(dir, "crashed.db"+suffix), path+suffix))
				}
			}
			fillUp(t, filepath.Join(dir, "fill"))
			if _, err := history.Open(path, history.Options{Now: start}); !errors.Is(err, history.ErrUnwritable) {
				t.Fatalf("opening it: %v", err)
			}
			db, err := history.StandIn(path)
			must(t, err)
			t.Cleanup(func() { db.Close() })
			equal(t, "stands in", db.StandsIn() && db.InMemory(), true)
			equal(t, "runs", len(db.Runs("", time.Time{}, 0)), 1)
			must(t, db.SaveRun(aRun(start.Add(time.Hour))))
			if err := db.Recover(history.Options{Now: start}); !errors.Is(err, history.ErrUnwritable) {
				t.Fatalf("with the disk full: %v", err)
			}
			must(t, os.Remove(filepath.Join(dir, "fill")))
			must(t, db.Recover(history.Options{Now: start}))
			equal(t, "stands in no more", db.StandsIn() || db.InMemory(), false)
			must(t, db.SaveRun(aRun(start.Add(2*time.Hour))))
			must(t, db.Close())
			equal(t, "runs on the disk", len(open(t, path).Runs("", time.Time{}, 0)), 3)
		})
	}
}

// TestAStandInWritesOverNothing: what could not be read at the start may be a
// whole history all the same.
func TestAStandInWritesOverNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	b := filled(t, path)
	must(t, os.Remove(path))
	db, err := history.StandIn(path)
	must(t, err)
	must(t, db.SaveRun(aRun(start.Add(time.Hour))))
	must(t, os.WriteFile(path, b, 0o600))
	if err := db.Recover(history.Options{Now: start}); err == nil || !db.StandsIn() {
		t.Errorf("taken over, %v", err)
	}
	must(t, db.Close())
	if runs := open(t, path).Runs("", time.Time{}, 0); len(runs) == 0 || runs[0].Started.Equal(start.Add(time.Hour)) {
		t.Errorf("the history there has %+v", runs)
	}
}

// fillUp takes the last byte of a small disk.
func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
}
