package service_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/service"
)

// TestNeverAsRoot: on a Mac nothing is done, for either verb.
func TestNeverAsRoot(t *testing.T) {
	r := newRig(t, service.Darwin)
	r.m.UID = 0
	_, err := r.m.Install(t.Context())
	_, err2 := r.m.Uninstall(t.Context(), true)
	for _, err := range []error{err, err2, r.m.Start(t.Context()), r.m.Stop(t.Context())} {
		if p, ok := errors.AsType[*service.Problem](err); !ok || !strings.Contains(p.Hint(), "without sudo") {
			t.Errorf("as root: %v", err)
		}
	}
	if len(r.files()) != 0 || len(r.world().Calls) != 0 {
		t.Errorf("root did something: %q %q", r.files(), r.world().Calls)
	}
	if _, err := r.m.Plan(); err != nil {
		t.Errorf("a plan is for everybody: %v", err)
	}
}

// TestPlanWritesNothing.
func TestPlanWritesNothing(t *testing.T) {
	for _, target := range service.Targets() {
		r := newRig(t, target)
		_, err := r.m.Plan()
		must(t, err)
		if len(r.files()) != 0 || len(r.world().Calls) != 0 {
			t.Errorf("%s: a plan did something: %q %q", target, r.files(), r.world().Calls)
		}
	}
}

// TestMissingProgram: nothing is written when a part is missing.
func TestMissingProgram(t *testing.T) {
	r := newRig(t, service.Linux)
	must(t, os.Remove(filepath.Join(r.m.Source, service.Daemon)))
	if _, err := r.m.Install(t.Context()); err == nil || len(r.files()) != 0 {
		t.Errorf("installing half the programs: %v, %q", err, r.files())
	}
}

// TestOthersAreNoticed: a formula's own service would be a second watchdog.
func TestOthersAreNoticed(t *testing.T) {
	r := newRig(t, service.Darwin)
	r.install()
	agents := filepath.Dir(r.inspect().File)
	brew := filepath.Join(agents, "homebrew.mxcl.backup-watchdog.plist")
	must(t, os.WriteFile(brew, []byte("<plist/>"), 0o644))
	mine := filepath.Join(agents, "com.example.mine.plist")
	must(t, os.WriteFile(mine, []byte(service.Agent{ProgramArguments: []string{"/opt/x/watchdogd"}}.Render()), 0o644))
	must(t, os.WriteFile(filepath.Join(agents, "com.example.other.plist"), []byte(service.Agent{ProgramArguments: []string{"/bin/ls"}}.Render()), 0o644))
	if got := r.inspect().Others; !slices.Equal(got, []string{mine, brew}) {
		t.Errorf("others = %q", got)
	}
	if advice := strings.Join(r.install().Advice, "\n"); !strings.Contains(advice, "brew services stop backup-watchdog") {
		t.Errorf("the advice does not name it:\n%s", advice)
	}
}

// TestForeignFilesStay: neither a watchdogctl of somebody else's, nor an
// application that only bears our folder's name, nor files in a state folder of
// the person's choice are removed.
func TestForeignFilesStay(t *testing.T) {
	r := newRig(t, service.Darwin)
	mine := filepath.Join(r.m.Home, ".local", "bin", "watchdogctl")
	must(t, os.MkdirAll(filepath.Dir(mine), 0o700))
	must(t, os.WriteFile(mine, []byte("mine"), 0o755))
	r.m.StateDir = filepath.Join(r.m.Home, "elsewhere")
	must(t, os.MkdirAll(r.m.StateDir, 0o700))
	for _, f := range []string{"history.db", "history.db-wal", "watchdogd.lock", "letter.txt"} {
		must(t, os.WriteFile(filepath.Join(r.m.StateDir, f), nil, 0o600))
	}
	r.install()
	r.m.StateDir = "" // the service file remembers it
	r.uninstall(true)
	if got, want := r.files(), []string{".local/bin/watchdogctl", "elsewhere/letter.txt"}; !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
}

// TestBundleIsCopiedAndTrimmed: an application that comes whole is copied whole,
// and what an older version had besides goes.
func TestBundleIsCopiedAndTrimmed(t *testing.T) {
	r := newRig(t, service.Darwin)
	r.install()
	app := filepath.Join(t.TempDir(), service.AppName)
	for path, text := range map[string]string{
		"Contents/Info.plist": service.InfoPlist("v2.0.0"), "Contents/MacOS/watchdogd": "d", "Contents/MacOS/watchdogctl": "c",
		"Contents/_CodeSignature/CodeResources": "seal",
	} {
		full := filepath.Join(app, path)
		must(t, os.MkdirAll(filepath.Dir(full), 0o755))
		must(t, os.WriteFile(full, []byte(text), 0o755))
	}
	r.m.Source = filepath.Join(app, "Contents", "MacOS")
	r.install()
	var got []string
	for _, f := range r.files() {
		if rest, ok := strings.CutPrefix(f, "Applications/"+service.AppName+"/Contents/"); ok {
			got = append(got, rest)
		}
	}
	if want := []string{"Info.plist", "MacOS/watchdogctl", "MacOS/watchdogd", "_CodeSignature/CodeResources"}; !slices.Equal(got, want) {
		t.Errorf("the application holds %q, want %q", got, want)
	}
	r.m.Source = filepath.Join(r.m.Bundle(), "Contents", "MacOS") // run from where it is installed
	if rep := r.install(); len(rep.Done) != 0 {
		t.Errorf("installing from the installed application did %q", rep.Done)
	}
}

// TestUpdateThatBrokeOff: the files are new and the old daemon still runs. The
// next installation does not take that for "in order".
func TestUpdateThatBrokeOff(t *testing.T) {
	for target, verb := range map[string]string{service.Darwin: "bootout", service.Linux: "restart"} {
		r := newRig(t, target)
		r.install()
		r.release("two")
		r.fault(verb, 1, 1, "no")
		if _, err := r.m.Install(t.Context()); err == nil {
			t.Fatalf("%s: the failure was not noticed", target)
		}
		starts := r.world().Starts
		r.install()
		r.running()
		if r.world().Starts == starts {
			t.Errorf("%s: the old daemon still runs", target)
		}
		if rep := r.install(); len(rep.Done) != 0 {
			t.Errorf("%s: and it does not come to rest: %q", target, rep.Done)
		}
	}
}

// TestReplacedUnderneath: a system's package replaces the program while the old
// one runs. Nothing is to be written, and the new one is to be started.
func TestReplacedUnderneath(t *testing.T) {
	r := newRig(t, service.Linux)
	r.install()
	hash, err := service.CodeHash(r.m.Program())
	must(t, err)
	r.m.Running = hash
	if rep := r.install(); len(rep.Done) != 0 {
		t.Errorf("the same program: %q", rep.Done)
	}
	r.m.Running = strings.Repeat("0", 64)
	starts := r.world().Starts
	r.install()
	if r.world().Starts == starts {
		t.Error("the new program was not started")
	}
}

// TestStartedByHand: a daemon that a person runs in a terminal holds the state
// folder. The service would end at once; and nothing is taken from under it.
func TestStartedByHand(t *testing.T) {
	for _, target := range service.Targets() {
		r := newRig(t, target)
		kept := r.kept()
		p, err := config.PathsFor(target, r.m.Home, r.m.Getenv)
		must(t, err)
		lock, err := control.TakeLock(p.State)
		must(t, err)
		_, installErr := r.m.Install(t.Context())
		_, purgeErr := r.m.Uninstall(t.Context(), true)
		for _, err := range []error{installErr, purgeErr} {
			if err == nil || !strings.Contains(err.Error(), "started by hand") {
				t.Errorf("%s: %v", target, err)
			}
		}
		for _, f := range kept {
			if !slices.Contains(r.files(), f) {
				t.Errorf("%s: %s was taken from under the daemon", target, f)
			}
		}
		stays, ok := errors.AsType[*service.Problem](r.m.Stop(t.Context()))
		if !ok || !strings.Contains(stays.Error(), "is not the service") || !strings.Contains(stays.Hint(), fmt.Sprintf("Ctrl-C in its terminal or `kill %d`", os.Getpid())) {
			t.Errorf("%s: stopped, and it runs: %v", target, stays)
		}
		must(t, lock.Release())
		r.install()
		r.running()
		r.uninstall(true)
		if got := r.files(); len(got) != 0 {
			t.Errorf("%s: purge left %q", target, got)
		}
	}
}

// TestUpdateRemembers: what the first installation was told holds for the next
// ones, until it is told something else.
func TestUpdateRemembers(t *testing.T) {
	for _, target := range service.Targets() {
		r := newRig(t, target)
		r.m.StateDir, r.m.Env, r.m.AppsDir = "/tmp/elsewhere", map[string]string{"A": "b c"}, filepath.Join(r.m.Home, "Programs")
		r.install()
		first, err := os.ReadFile(r.inspect().File)
		must(t, err)
		r.m.StateDir, r.m.Env, r.m.AppsDir = "", nil, ""
		if s := r.inspect(); s.Is != service.FileCurrent {
			t.Errorf("%s: the file is %s", target, s.Is)
		}
		r.release("two")
		r.install()
		if now, err := os.ReadFile(r.inspect().File); err != nil || string(now) != string(first) {
			t.Errorf("%s: the update changed\n%s\ninto\n%s", target, first, now)
		}
		r.uninstall(true)
		if got := r.files(); len(got) != 0 {
			t.Errorf("%s: purge left %q", target, got)
		}
	}
}

// TestApplicationsOfAll: an application in /Applications is used where it is.
func TestApplicationsOfAll(t *testing.T) {
	r := newRig(t, service.Darwin)
	r.m.Root = t.TempDir()
	macos := filepath.Join(r.m.Root, "Applications", service.AppName, "Contents", "MacOS")
	must(t, os.MkdirAll(macos, 0o755))
	r.m.Source = macos
	r.release("one")
	r.install()
	if got := r.inspect().Program; got != filepath.Join(macos, service.Daemon) {
		t.Errorf("the service starts %s", got)
	}
}

// TestPackagedProgramsStay: programs of a system package are used in place, and
// so is the unit that comes with them, unless the person asks for more.
func TestPackagedProgramsStay(t *testing.T) {
	r := newRig(t, service.Linux)
	r.m.Source, r.m.Root = "/usr/bin", t.TempDir()
	p, err := r.m.Plan()
	must(t, err)
	if len(p.Files) != 1 || !strings.Contains(p.Files[0].Content, `ExecStart="/usr/bin/watchdogd"`) {
		t.Errorf("plan: %+v", p.Files)
	}
	vendor := filepath.Join(r.m.Root, "usr/lib/systemd/user", service.UnitName)
	must(t, os.MkdirAll(filepath.Dir(vendor), 0o755))
	must(t, os.WriteFile(vendor, []byte(p.Files[0].Content), 0o644))
	r.change(func(w *world) { w.Unit = vendor })
	r.install()
	r.running()
	if got := r.files(); len(got) != 0 {
		t.Errorf("a package's unit was copied: %q", got)
	}
	r.m.StateDir = "/tmp/elsewhere"
	if p, err = r.m.Plan(); err != nil || len(p.Files) != 1 {
		t.Errorf("a state folder of one's own needs a unit of one's own: %+v, %v", p.Files, err)
	}
	r.m.StateDir = ""
	r.uninstall(true)
	if _, err := os.Stat(vendor); err != nil || r.world().Enabled || r.world().PID != 0 {
		t.Errorf("after uninstall: %v, %+v", err, r.world())
	}
}
