package service_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/service"
)

// kept writes what a daemon leaves behind, and returns it.
func (r *rig) kept() []string {
	p, err := config.PathsFor(r.m.Target, r.m.Home, r.m.Getenv)
	must(r.t, err)
	files := []string{filepath.Join(p.State, "history.db"), p.Config}
	if p.Log != "" {
		files = append(files, p.Log)
	}
	for _, f := range append([]string{filepath.Join(p.State, "watchdogd.lock"), filepath.Join(p.Socket, "watchdogd.sock")}, files...) {
		must(r.t, os.MkdirAll(filepath.Dir(f), 0o700))
		must(r.t, os.WriteFile(f, []byte("kept"), 0o600))
	}
	for i := range files {
		files[i], _ = filepath.Rel(r.m.Home, files[i])
	}
	slices.Sort(files)
	return files
}

// TestLife is the whole life of an installation on either system.
func TestLife(t *testing.T) {
	for _, target := range service.Targets() {
		t.Run(target, func(t *testing.T) {
			r := newRig(t, target)
			r.programs()
			r.install()
			r.running()
			kept := r.kept()

			starts := r.world().Starts
			if rep := r.install(); len(rep.Done) != 0 || r.world().Starts != starts {
				t.Errorf("installing again did something: %q", rep.Done)
			}

			r.release("two")
			r.install()
			r.running()
			if data, _ := os.ReadFile(r.m.Program()); string(data) != "watchdogd two" {
				t.Errorf("the update left %q", data)
			}
			if r.world().Starts <= starts {
				t.Error("the update did not start the new daemon")
			}

			r.change(func(w *world) { w.PID, w.Exit = 0, 2 }) // it crashes
			if s := r.inspect(); s.Running || s.LastExit == nil || *s.LastExit != 2 {
				t.Errorf("after a crash: %+v", s)
			}
			must(t, r.m.Restart(t.Context()))
			r.running()

			must(t, r.m.Stop(t.Context()))
			if s := r.inspect(); s.Running || s.Is != service.FileCurrent {
				t.Errorf("after stop: %+v", s)
			}
			must(t, r.m.Stop(t.Context())) // stopping twice is no trouble
			must(t, r.m.Start(t.Context()))
			r.running()

			rep := r.uninstall(false)
			if got := r.files(); !slices.Equal(got, kept) {
				t.Errorf("uninstall left\n%q, want\n%q", got, kept)
			}
			for _, f := range kept {
				if !strings.Contains(strings.Join(rep.Kept, "\n"), filepath.Dir(f)) {
					t.Errorf("uninstall does not name %s: %q", f, rep.Kept)
				}
			}
			if w := r.world(); w.Loaded || w.PID != 0 || w.Enabled {
				t.Errorf("uninstall left a service: %+v", w)
			}

			r.install()
			r.running()
			r.kept()
			r.uninstall(true)
			if got := r.files(); len(got) != 0 {
				t.Errorf("purge left %q", got)
			}
			r.uninstall(true) // and again, with nothing there
		})
	}
}

// TestFaults injects every failure once, at every verb, and wants the next
// installation to repair what it left, and the removal to leave nothing.
func TestFaults(t *testing.T) {
	faults := []struct {
		target, verb string
		code, times  int
		say          string
		hint         string // "" when the action must succeed all the same
	}{
		{"darwin", "bootstrap", 5, 3, "Bootstrap failed: 5: Input/output error", ""},
		{"darwin", "bootstrap", 5, 9, "Bootstrap failed: 5: Input/output error", "Login Items"},
		{"darwin", "bootstrap", 119, 1, "Bootstrap failed: 119: Service is disabled", "Login Items"},
		{"darwin", "bootstrap", 37, 1, "Bootstrap failed: 37: Operation already in progress", ""},
		{"darwin", "bootstrap", 125, 1, "Bootstrap failed: 125: Domain does not support specified action", "own screen"},
		{"darwin", "print", 112, 1, "Could not find domain for user gui: 501", "own screen"},
		{"darwin", "print", 125, 1, "Domain does not support specified action", "own screen"},
		{"darwin", "enable", 1, 1, "Not privileged to do that.", "doctor"},
		{"darwin", "kickstart", 1, 1, "Could not kickstart service", "doctor"},
		{"darwin", "kickstart", 37, 1, "already", ""},
		{"linux", "daemon-reload", 1, 1, "Failed to connect to bus: No medium found", "linger"},
		{"linux", "show", 1, 1, "Failed to connect to user scope bus via local transport", "linger"},
		{"linux", "enable", 1, 1, "Failed to enable unit: Unit is masked.", "unmask"},
		{"linux", "restart", 1, 1, "Job failed. See journalctl", "journalctl"},
		{"linux", "show", 1, 1, "System has not been booted with systemd as init system", "login scripts"},
	}
	for _, f := range faults {
		t.Run(f.target+" "+f.verb+" "+f.say, func(t *testing.T) {
			r := newRig(t, f.target)
			r.fault(f.verb, f.code, f.times, f.say)
			_, err := r.m.Install(t.Context())
			switch {
			case f.hint == "":
				must(t, err)
			case err == nil:
				t.Fatal("the failure was not noticed")
			default:
				p, ok := errors.AsType[*service.Problem](err)
				if !ok || !strings.Contains(p.Hint(), f.hint) {
					t.Errorf("%v: the next step is %q, want %q in it", err, p.Hint(), f.hint)
				}
			}
			r.change(func(w *world) { w.Faults = nil })
			r.install()
			r.running()
			r.uninstall(true)
			if got := r.files(); len(got) != 0 {
				t.Errorf("purge left %q", got)
			}
		})
	}
}

// TestStopIsWaitedFor: launchd's bootout comes back at once and the service
// goes later. An update waits for that, and does not bootstrap into error 5.
func TestStopIsWaitedFor(t *testing.T) {
	r := newRig(t, service.Darwin)
	r.install()
	r.change(func(w *world) { w.Slow, w.Calls = 20, nil })
	r.release("two")
	r.install()
	r.running()
	if n := r.calls("bootstrap"); n != 1 {
		t.Errorf("bootstrap was called %d times, want once, after the old one had gone", n)
	}
	if r.naps == 0 {
		t.Error("nothing was waited for")
	}
}

// TestDaemonThatDoesNotEnd is killed, and where launchd keeps it all the same,
// the person learns what ends it.
func TestDaemonThatDoesNotEnd(t *testing.T) {
	r := newRig(t, service.Darwin)
	r.install()
	r.change(func(w *world) { w.Slow = 1 << 20 })
	must(t, r.m.Stop(t.Context()))
	if n := r.calls("kill"); n != 1 {
		t.Errorf("kill was called %d times", n)
	}

	r.change(func(w *world) { w.Fading = 0 })
	r.install()
	r.fault("kill", 3, 9, "No such process")
	_, err := r.m.Uninstall(t.Context(), true)
	if err == nil || !strings.Contains(err.Error(), "is not ending") {
		t.Errorf("uninstall said %v", err)
	}
	if got := r.files(); len(got) != 0 {
		t.Errorf("a daemon that does not end kept files: %q", got)
	}
}

// TestDisabled: switched off by hand, or by an old launchctl, the next
// installation switches it on.
func TestDisabled(t *testing.T) {
	r := newRig(t, service.Darwin)
	r.install()
	must(t, r.m.Stop(t.Context()))
	r.change(func(w *world) { w.Disabled = true })
	if s := r.inspect(); !s.Disabled {
		t.Errorf("not seen: %+v", s)
	}
	r.install()
	r.running()
}

// TestRepair: whatever a crash or another program has left in place of the
// service file, the next installation repairs it.
func TestRepair(t *testing.T) {
	spoil := map[string]struct {
		do   func(t *testing.T, path string)
		want service.FileState
	}{
		"empty":     {func(t *testing.T, p string) { must(t, os.WriteFile(p, nil, 0o644)) }, service.FileBroken},
		"cut":       {func(t *testing.T, p string) { cut(t, p) }, service.FileBroken},
		"gone":      {func(t *testing.T, p string) { must(t, os.Remove(p)) }, service.FileAbsent},
		"edited":    {func(t *testing.T, p string) { edit(t, p) }, service.FileStale},
		"a mode":    {func(t *testing.T, p string) { must(t, os.Chmod(p, 0o600)) }, service.FileCurrent},
		"dangling":  {func(t *testing.T, p string) { must(t, os.Remove(p)); must(t, os.Symlink("/nowhere", p)) }, service.FileAbsent},
		"half temp": {func(t *testing.T, p string) { must(t, os.WriteFile(filepath.Dir(p)+"/.backup-watchdog-1", nil, 0o644)) }, service.FileCurrent},
	}
	for _, target := range service.Targets() {
		for name, s := range spoil {
			t.Run(target+" "+name, func(t *testing.T) {
				r := newRig(t, target)
				r.install()
				path := r.inspect().File
				s.do(t, path)
				if got := r.inspect().Is; got != s.want {
					t.Errorf("the file is %q, want %q", got, s.want)
				}
				r.install()
				r.running()
				r.uninstall(true)
				if got := r.files(); len(got) != 0 {
					t.Errorf("purge left %q", got)
				}
			})
		}
	}
}

// cut keeps the first third of a file, as a crash would.
func cut(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, data[:len(data)/8], 0o644))
}

// edit changes a file the way a person would.
func edit(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	must(t, err)
	text := strings.NewReplacer("<integer>30</integer>", "<integer>3</integer>", "RestartSec=5", "RestartSec=9").Replace(string(data))
	must(t, os.WriteFile(path, []byte(text), 0o644))
}

// TestCommandThatHangs ends with its time-out, and is explained.
func TestCommandThatHangs(t *testing.T) {
	r := newRig(t, service.Darwin)
	r.m.Run = func(context.Context, []string) (service.Result, error) {
		return service.Result{}, context.DeadlineExceeded
	}
	if _, err := r.m.Install(t.Context()); err == nil || !strings.Contains(err.Error(), "launchd") {
		t.Errorf("a launchctl that hangs: %v", err)
	}
}

// TestExec: the real Runner knows a failure to run from an exit status.
func TestExec(t *testing.T) {
	if res, err := service.Exec(t.Context(), []string{"sh", "-c", "echo out; echo err >&2; exit 113"}); err != nil || res.Code != 113 || res.Stdout != "out\n" || res.Stderr != "err\n" {
		t.Errorf("an exit status: %+v, %v", res, err)
	}
	if _, err := service.Exec(t.Context(), []string{"/no/such/launchctl"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing program: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := service.Exec(ctx, []string{"sleep", "60"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled command: %v", err)
	}
	if res, err := service.Exec(t.Context(), []string{"sh", "-c", "yes | head -c 1000000"}); err != nil || len(res.Stdout) != 64<<10 {
		t.Errorf("much output: %d bytes, %v", len(res.Stdout), err)
	}
}

// tool finds a program a test needs: absent, the test is skipped, but in CI it fails.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is needed", name)
		}
		t.Skipf("%s is not here", name)
	}
	return path
}
