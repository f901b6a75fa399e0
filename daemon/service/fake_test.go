package service_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/service"
)

// The test binary is its own launchctl and systemctl: called through a link of
// that name it imitates the real program, keeping what it knows in a file of
// FAKE_STATE. What it imitates of launchctl, exit statuses, messages, delays, is
// written down next to the constants of launchd.go. Most tests call the same
// imitation without a process in between, to be quick.
func TestMain(m *testing.M) {
	name := filepath.Base(os.Args[0])
	switch name {
	case "launchctl", "systemctl":
	case "library":
		os.Exit(libraryInstall())
	case "daemon":
		os.Exit(daemonRun())
	default:
		os.Exit(m.Run())
	}
	res := answer(os.Getenv("FAKE_STATE"), append([]string{name}, os.Args[1:]...))
	fmt.Print(res.Stdout)
	fmt.Fprint(os.Stderr, res.Stderr)
	os.Exit(res.Code)
}

// world is what the fake service manager knows.
type world struct {
	Loaded   bool
	Enabled  bool // systemd: at login; launchd: no override against it
	Disabled bool
	Exit     int
	PID      int
	Starts   int
	File     string // what was loaded
	Unit     string // where systemd looks for the unit
	Fading   int    // looks until a bootout is done
	Slow     int    // how many looks the next bootout takes
	Faults   []fault
	Calls    []string
}

// fault makes the next Times calls of a verb end with Code and Say.
type fault struct {
	Verb  string
	Code  int
	Say   string
	Times int
}

// answer is one call of a fake program that keeps its state in dir.
func answer(dir string, argv []string) service.Result {
	path := filepath.Join(dir, "world.json")
	w := readWorld(path)
	args, do := argv[1:], fakeLaunchctl
	if argv[0] == "systemctl" {
		do = fakeSystemctl
	}
	verb := args[0]
	if verb == "--user" {
		verb = args[1]
	}
	w.Calls = append(w.Calls, strings.Join(args, " "))
	code, say := 0, ""
	if f := w.due(verb); f != nil {
		f.Times--
		code, say = f.Code, f.Say
	} else {
		code, say = do(&w, args)
	}
	data, _ := json.Marshal(w)
	os.WriteFile(path, data, 0o600)
	if code != 0 {
		return service.Result{Code: code, Stderr: say + "\n"}
	}
	return service.Result{Stdout: say + "\n", Stderr: "a warning that is no failure\n"}
}

func readWorld(path string) world {
	var w world
	data, _ := os.ReadFile(path)
	json.Unmarshal(data, &w)
	return w
}

// due is the fault that falls due for a verb, if any.
func (w *world) due(verb string) *fault {
	for i := range w.Faults {
		if f := &w.Faults[i]; f.Verb == verb && f.Times > 0 {
			return f
		}
	}
	return nil
}

// run starts the daemon of the loaded file.
func (w *world) run() { w.Starts++; w.PID = 1000 + w.Starts }

const fakeDomain = "gui/501"

func fakeLaunchctl(w *world, args []string) (int, string) {
	svc := fakeDomain + "/" + service.Label
	notFound := fmt.Sprintf("Bad request.\nCould not find service %q in domain for user gui: 501", service.Label)
	switch strings.Join(args[:min(2, len(args))], " ") {
	case "print " + svc:
		if w.Fading > 0 {
			if w.Fading--; w.Fading == 0 {
				w.Loaded, w.PID = false, 0
			}
		}
		if !w.Loaded {
			return 113, notFound
		}
		text := svc + " = {\n\tactive count = 1\n\tpath = " + w.File + "\n\tstate = running\n"
		if w.PID > 0 {
			text += fmt.Sprintf("\tpid = %d\n", w.PID)
		}
		return 0, text + fmt.Sprintf("\tlast exit code = %d\n\tminimum runtime = 30\n}", w.Exit)
	case "print-disabled " + fakeDomain:
		return 0, fmt.Sprintf("\tdisabled services = {\n\t\t\"com.apple.x\" => enabled\n\t\t%q => %s\n\t}", service.Label, map[bool]string{true: "disabled", false: "enabled"}[w.Disabled])
	case "enable " + svc:
		w.Disabled = false
		return 0, ""
	case "bootstrap " + fakeDomain:
		switch {
		case w.Fading > 0 || w.Disabled:
			w.Fading = max(0, w.Fading-1)
			w.Loaded = w.Loaded && w.Fading > 0
			return 5, "Bootstrap failed: 5: Input/output error\nTry re-running the command as root for richer errors."
		case w.Loaded:
			return 37, "Bootstrap failed: 37: Operation already in progress"
		}
		data, err := os.ReadFile(args[2])
		if _, perr := service.ParseAgent(data); err != nil || perr != nil {
			return 5, "Bootstrap failed: 5: Input/output error"
		}
		w.Loaded, w.File = true, args[2]
		w.run()
		return 0, ""
	case "bootout " + svc:
		if !w.Loaded {
			return 3, "Boot-out failed: 3: No such process"
		}
		if w.Fading == 0 {
			w.Fading = w.Slow + 1
		}
		return 0, ""
	case "kickstart " + svc:
		if !w.Loaded {
			return 113, notFound
		}
		if w.PID == 0 {
			w.run()
		}
		return 0, ""
	case "kickstart -k":
		if !w.Loaded {
			return 113, notFound
		}
		w.run()
		return 0, ""
	case "kill SIGKILL":
		w.Fading, w.PID = min(w.Fading, 1), 0
		return 0, ""
	}
	return 64, "Unrecognized or wrong domain: " + strings.Join(args, " ")
}

func fakeSystemctl(w *world, args []string) (int, string) {
	if args[0] != "--user" {
		return 1, "Failed to do it: Interactive authentication required."
	}
	_, err := os.Stat(w.Unit)
	missing := fmt.Sprintf("Failed: Unit %s could not be found.", service.UnitName)
	switch args[1] {
	case "daemon-reload":
		data, err := os.ReadFile(w.Unit)
		_, perr := service.ParseUnit(data)
		w.Loaded, w.File = err == nil && perr == nil, w.Unit
		return 0, ""
	case "show":
		state := map[bool]string{true: "loaded", false: "not-found"}[w.Loaded || w.PID > 0]
		active := map[bool]string{true: "active\nSubState=running", false: "inactive\nSubState=dead"}[w.PID > 0]
		if w.Exit > 0 && w.PID == 0 {
			active = "failed\nSubState=failed"
		}
		enabled := map[bool]string{true: "enabled", false: "disabled"}[w.Enabled]
		return 0, fmt.Sprintf("MainPID=%d\nExecMainStatus=%d\nNRestarts=0\nLoadState=%s\nActiveState=%s\nUnitFileState=%s", w.PID, w.Exit, state, active, enabled)
	case "enable":
		if err != nil {
			return 1, missing
		}
		w.Enabled = true
	case "disable":
		w.Enabled = false // as the real one: the process stays
	case "start", "restart":
		if !w.Loaded {
			return 5, missing
		}
		w.run()
	case "stop":
		w.PID = 0
	case "reset-failed":
		w.Exit = 0
	default:
		return 1, "Unknown command verb " + args[1] + "."
	}
	return 0, ""
}

// rig is one computer with a fake service manager and a manager of ours on it.
type rig struct {
	t     *testing.T
	m     *service.Manager
	state string
	naps  time.Duration // how long the manager has waited, in its own time
}

// newRig makes a home folder, both programs of version one, and the fakes.
func newRig(t *testing.T, target string) *rig {
	t.Helper()
	base := t.TempDir()
	r := &rig{t: t, state: filepath.Join(base, "fake")}
	home, from := filepath.Join(base, "Users", "Ann Lee"), filepath.Join(base, "download")
	for _, d := range []string{r.state, home, from} {
		must(t, os.MkdirAll(d, 0o700))
	}
	env := map[string]string{"PATH": filepath.Join(home, ".local", "bin") + ":/usr/bin"}
	r.m = &service.Manager{
		Target: target, Home: home, UID: 501, Source: from, Version: "v1.0.0",
		Getenv: func(k string) string { return env[k] },
		Sleep:  func(ctx context.Context, d time.Duration) error { r.naps += d; return ctx.Err() },
	}
	r.m.Run = func(_ context.Context, argv []string) (service.Result, error) { return answer(r.state, argv), nil }
	r.change(func(w *world) { w.Unit = filepath.Join(home, ".config", "systemd", "user", service.UnitName) })
	r.release("one")
	return r
}

// programs makes the manager run the fakes as real programs.
func (r *rig) programs() {
	self, err := os.Executable()
	must(r.t, err)
	for _, name := range []string{"launchctl", "systemctl"} {
		must(r.t, os.Symlink(self, filepath.Join(r.state, name)))
	}
	r.m.Run = func(ctx context.Context, argv []string) (service.Result, error) {
		return service.Exec(ctx, append([]string{"env", "FAKE_STATE=" + r.state, filepath.Join(r.state, argv[0])}, argv[1:]...))
	}
}

// release puts programs of another version into the download folder.
func (r *rig) release(version string) {
	for _, name := range []string{service.Daemon, service.Control} {
		must(r.t, os.WriteFile(filepath.Join(r.m.Source, name), []byte(name+" "+version), 0o755))
	}
}

// world reads what the fake knows; change edits it.
func (r *rig) world() world { return readWorld(filepath.Join(r.state, "world.json")) }

func (r *rig) change(edit func(*world)) {
	w := r.world()
	edit(&w)
	data, err := json.Marshal(w)
	must(r.t, err)
	must(r.t, os.WriteFile(filepath.Join(r.state, "world.json"), data, 0o600))
}

// fault makes the next times calls of a verb fail.
func (r *rig) fault(verb string, code, times int, say string) {
	r.change(func(w *world) { w.Faults = append(w.Faults, fault{verb, code, say, times}) })
}

// install, and others like it, must succeed.
func (r *rig) install() service.Report {
	r.t.Helper()
	rep, err := r.m.Install(r.t.Context())
	must(r.t, err)
	return rep
}

func (r *rig) uninstall(purge bool) service.Report {
	r.t.Helper()
	rep, err := r.m.Uninstall(r.t.Context(), purge)
	must(r.t, err)
	return rep
}

func (r *rig) inspect() service.State {
	r.t.Helper()
	s, err := r.m.Inspect(r.t.Context())
	must(r.t, err)
	return s
}

// running demands a whole installation whose daemon runs.
func (r *rig) running() {
	r.t.Helper()
	if s := r.inspect(); s.Is != service.FileCurrent || s.Loaded == nil || !*s.Loaded || !s.Running || s.Disabled {
		r.t.Fatalf("not a running installation: %+v\nworld %+v", s, r.world())
	}
}

// files lists everything below the home folder.
func (r *rig) files() []string {
	var list []string
	filepath.WalkDir(r.m.Home, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(r.m.Home, path)
			list = append(list, rel)
		}
		return err
	})
	slices.Sort(list)
	return list
}

// calls counts how often the fake was asked for a verb since the last time.
func (r *rig) calls(verb string) int {
	n := 0
	for _, c := range r.world().Calls {
		if slices.Contains(strings.Fields(c), verb) {
			n++
		}
	}
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		hint := ""
		if h, ok := err.(interface{ Hint() string }); ok {
			hint = "\nhint: " + h.Hint()
		}
		t.Fatal(strconv.Quote(err.Error()) + hint)
	}
}
