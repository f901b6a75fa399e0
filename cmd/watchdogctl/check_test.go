package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
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
