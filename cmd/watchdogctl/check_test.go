package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/verify/verifytest"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts in testdata/check run the real watchdogctl on real backups. They know
//
//	backup DIR KIND     make one: whole, encrypted (password "secret"), uploading, first
//	lose DIR N          remove N photos of the camera roll
//	cut DIR N           cut N other files short
//	aged DIR SPAN       let nothing in it have changed for that long
//	daemon PHASE DIR    a daemon that says that phone is in this phase
//	exits CODE COMMAND  run it and insist on its exit code
func TestCheckScripts(t *testing.T) {
	var made sync.Map // folder → *verifytest.Written
	written := func(ts *testscript.TestScript, dir string) *verifytest.Written {
		w, ok := made.Load(ts.MkAbs(dir))
		if !ok {
			ts.Fatalf("there is no backup %s", dir)
		}
		return w.(*verifytest.Written)
	}
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "check"),
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			home, err := os.MkdirTemp("/tmp", "ctl")
			if err != nil {
				return err
			}
			e.Defer(func() { os.RemoveAll(home) })
			e.Setenv("HOME", home)
			e.Setenv("STATE", filepath.Join(home, ".local", "state", "backup-watchdog"))
			e.Setenv("BACKUPS", filepath.Join(home, ".local", "share", "MobileSync", "Backup"))
			e.Setenv("UDID", verifytest.UDID)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"backup": func(ts *testscript.TestScript, _ bool, args []string) {
				chain, ok := map[string]verifytest.Chain{
					"whole":     {Files: 100},
					"encrypted": {Files: 30, Password: "secret"},
					"uploading": {Files: 100, State: "uploading"},
					"first":     {Files: 20, State: "uploading", BackupState: "empty"},
				}[args[1]]
				if !ok {
					ts.Fatalf("there is no kind %q", args[1])
				}
				w, err := chain.Write(ts.MkAbs(args[0]))
				ts.Check(err)
				made.Store(ts.MkAbs(args[0]), w)
			},
			"lose": func(ts *testscript.TestScript, _ bool, args []string) {
				for _, f := range some(ts, written(ts, args[0]), args[1], true) {
					ts.Check(os.Remove(f.Disk))
				}
			},
			"cut": func(ts *testscript.TestScript, _ bool, args []string) {
				for _, f := range some(ts, written(ts, args[0]), args[1], false) {
					ts.Check(os.Truncate(f.Disk, 1))
				}
			},
			"aged": func(ts *testscript.TestScript, _ bool, args []string) {
				d, err := time.ParseDuration(args[1])
				ts.Check(err)
				list, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*"))
				ts.Check(err)
				for _, path := range list {
					ts.Check(os.Chtimes(path, now.Add(-d), now.Add(-d)))
				}
			},
			"daemon": func(ts *testscript.TestScript, _ bool, args []string) {
				d, err := serveDesk(ts.Getenv("STATE"), control.Status{Schema: control.Schema, Backups: []control.Backup{
					{UDID: filepath.Base(args[1]), Path: ts.MkAbs(args[1]), Phase: backup.Phase(args[0])},
				}})
				ts.Check(err)
				ts.Defer(d.end)
			},
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				err := ts.Exec(args[1], args[2:]...)
				code := "0"
				if ee, ok := errors.AsType[*exec.ExitError](err); ok {
					code = fmt.Sprint(ee.ExitCode())
				} else if err != nil {
					ts.Fatalf("%v", err)
				}
				if code != args[0] {
					ts.Fatalf("exit code %s, want %s", code, args[0])
				}
			},
		},
	})
}

// some returns n files of a backup: photos, or anything but photos.
func some(ts *testscript.TestScript, w *verifytest.Written, n string, photos bool) (out []verifytest.File) {
	count, err := strconv.Atoi(n)
	ts.Check(err)
	for _, f := range w.Files {
		if isPhoto := f.Domain == "CameraRollDomain"; isPhoto == photos && f.Size > 100 && len(out) < count {
			out = append(out, f)
		}
	}
	return out
}

// TestRetireAsks: the question says whether the backup is whole and that it is
// the only one; a set-aside one beside it takes the warning away. Nothing is
// wider than the terminal but the folders, which are whole.
func TestRetireAsks(t *testing.T) {
	home, err := os.MkdirTemp("/tmp", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	state, root := filepath.Join(home, ".local", "state", "backup-watchdog"), filepath.Join(home, ".local", "share", "MobileSync", "Backup")
	dir := filepath.Join(root, anna)
	if _, err := (verifytest.Chain{Files: 10, UDID: anna}).Write(dir); err != nil {
		t.Fatal(err)
	}
	ask := func(b control.Backup) string {
		d, err := serveDesk(state, control.Status{Schema: control.Schema, Backups: []control.Backup{b}})
		if err != nil {
			t.Fatal(err)
		}
		defer d.end()
		var out, errs strings.Builder
		p := &program{
			Stdin: strings.NewReader("n\n"), Stdout: &out, Stderr: &errs, Getenv: func(k string) string { return map[string]string{"LANG": "C.UTF-8", "XDG_RUNTIME_DIR": ""}[k] },
			Home: home, GOOS: "linux", UID: 1 << 22, Now: func() time.Time { return now }, StdinTerminal: true, StdoutTerminal: true, Width: func() int { return 60 },
		}
		if err := os.Chtimes(filepath.Join(dir, "Status.plist"), now.AddDate(0, 0, -9), now.AddDate(0, 0, -9)); err != nil {
			t.Fatal(err)
		}
		if code := run(t.Context(), p, []string{"retire", anna}); code != 1 || !strings.Contains(errs.String(), "nothing was done") {
			t.Fatalf("exit code %d: %s%s", code, out.String(), errs.String())
		}
		for line := range strings.Lines(out.String()) {
			if !strings.HasPrefix(line, "  /") && len(line) > 61 {
				t.Errorf("%q is too wide", line)
			}
		}
		return strings.Join(strings.Fields(out.String()), " ")
	}
	whole := resting(anna, "Anna", 25*time.Hour)
	whole.Path = dir
	const only = "It is the only backup of this iPhone here that can be restored."
	if got := ask(whole); !containsAll(got, "It was checked yesterday 20:48: whole. "+only, "Go ahead?", dir) {
		t.Error(got)
	}
	broken := whole
	broken.Chain.Verdict = backup.BrokenUp
	if got := ask(broken); !strings.Contains(got, "It was checked yesterday 20:48: damaged. Nothing is deleted.") {
		t.Error(got)
	}
	unchecked := whole
	unchecked.Chain = control.Chain{Verdict: backup.Unchecked, Restorable: "yes"}
	if got := ask(unchecked); !containsAll(got, "It was complete yesterday 20:45, and its files have not been checked since. It is the only backup of this iPhone here. Keep it") {
		t.Error(got)
	}
	torn := whole
	torn.Phase, torn.Chain.Restorable = backup.Abandoned, "yes"
	torn.Run = &control.Run{Started: now.Add(-3 * time.Hour), Ended: before(2 * time.Hour)}
	if got := ask(torn); strings.Contains(got, "can be restored") || strings.Contains(got, "whole") {
		t.Error(got)
	}
	if _, err := (verifytest.Chain{Files: 10, UDID: anna}).Write(dir + "-20261101-101500"); err != nil {
		t.Fatal(err)
	}
	if got := ask(whole); strings.Contains(got, "the only backup") {
		t.Error(got)
	}
}

// TestCheckDenied: a file of the metadata that may not be read is a refusal,
// the same for each of them: what to do, nothing on standard output, exit 1.
func TestCheckDenied(t *testing.T) {
	const nobody = 65534
	home, err := os.MkdirTemp("/tmp", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	exe, err := os.ReadFile("/proc/self/exe")
	if err != nil || os.Getuid() != 0 {
		t.Skip("needs to be somebody else for a moment")
	}
	ctl := filepath.Join(home, "watchdogctl") // the test's own lies where nobody else may look
	if err := errors.Join(os.Chmod(home, 0o755), os.WriteFile(ctl, exe, 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Status.plist", "Info.plist", "Manifest.plist", "Manifest.db"} {
		dir := filepath.Join(home, name, anna)
		if _, err := (verifytest.Chain{Files: 10, UDID: anna}).Write(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, name), 0o000); err != nil {
			t.Fatal(err)
		}
		for _, flag := range []string{"--json", "--deep"} {
			var out, errs strings.Builder
			cmd := exec.Command(ctl, "check", flag, dir)
			cmd.Stdout, cmd.Stderr, cmd.Dir, cmd.Env = &out, &errs, "/", []string{"HOME=" + home}
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
			err := cmd.Run()
			if ee, ok := errors.AsType[*exec.ExitError](err); !ok || ee.ExitCode() != 1 {
				t.Errorf("%s %s: %v", flag, name, err)
			}
			if out.Len() > 0 || !containsAll(errs.String(), name, "may not be read", "hint: this program may not read it: check its owner and mode") {
				t.Errorf("%s %s: %q, %q", flag, name, out.String(), errs.String())
			}
		}
	}
}
