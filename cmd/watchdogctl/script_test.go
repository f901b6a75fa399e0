package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/history"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts run the real watchdogctl, as a process of its own, against a real
// control server whose answers are canned. Beside testscript's own commands
// they know
//
//	serve PICTURE [VERSION]   a daemon for --state-dir $STATE that answers with that picture
//	stop-serving              its end
//	keep PICTURE              leave that picture as the last known status
//	remember                  leave a history of Anna's and of an old phone's runs
//	asked                     print what the daemon was asked to do
//	exits CODE COMMAND...     run it and insist on its exit code
//
// The clock stands at that of the pictures, the zone is theirs.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"watchdogctl": func() { os.Exit(scripted(os.Args[1:])) },
	})
}

// scripted is main with a clock that stands still and a service manager that
// knows nothing.
func scripted(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return run(ctx, &program{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Environ: os.Environ(), Home: os.Getenv("HOME"), GOOS: "linux",
		UID:         1 << 22, // nobody: a daemon that really runs here is not found
		Now:         func() time.Time { return now },
		Version:     "v1.2.0",
		ServiceHint: func(*program) string { return os.Getenv("SERVICE_HINT") },
	}, args)
}

func TestScripts(t *testing.T) {
	var desks sync.Map // state folder → *served
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			home, err := os.MkdirTemp("/tmp", "ctl") // short: its socket has a path of few bytes
			if err != nil {
				return err
			}
			e.Defer(func() { os.RemoveAll(home) })
			e.Setenv("HOME", home)
			e.Setenv("STATE", filepath.Join(home, ".local", "state", "backup-watchdog"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": func(ts *testscript.TestScript, _ bool, args []string) {
				s := pictureNamed(ts, args[0])
				if len(args) > 1 {
					s.Daemon.Version = args[1]
				}
				s.Daemon.ConfigRead = ptr(time.Now().Add(-time.Hour)) // files of a script are newer
				d, err := serveDesk(ts.Getenv("STATE"), s)
				ts.Check(err)
				desks.Store(ts.Getenv("STATE"), d)
				ts.Defer(d.end)
			},
			"stop-serving": func(ts *testscript.TestScript, _ bool, _ []string) {
				d, _ := desks.Load(ts.Getenv("STATE"))
				d.(*served).end()
			},
			"keep": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.MkdirAll(ts.Getenv("STATE"), 0o700))
				s := pictureNamed(ts, args[0])
				s.Stale = before(13 * time.Hour)
				ts.Check(control.WriteLast(ts.Getenv("STATE"), s))
			},
			"remember": func(ts *testscript.TestScript, _ bool, _ []string) { ts.Check(remember(ts.Getenv("STATE"))) },
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
			"asked": func(ts *testscript.TestScript, _ bool, _ []string) {
				d, _ := desks.Load(ts.Getenv("STATE"))
				for _, a := range d.(*served).take() {
					fmt.Fprintln(ts.Stdout(), a)
				}
			},
		},
	})
}

// remember writes the history of a watchdog that has ended: a run of Anna's that
// was under way then, and one of a phone that the last status does not know.
func remember(state string) error {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return err
	}
	db, err := history.Open(filepath.Join(state, "history.db"), history.Options{Now: now})
	if err != nil {
		return err
	}
	old := now.AddDate(0, 0, -40)
	return errors.Join(
		db.SaveRun(backup.PastRun{UDID: anna, Started: now.Add(-14 * time.Hour), Outcome: backup.OutcomeRunning, Kind: backup.Incremental, Bytes: 3.1e9, Files: 1204, ChainFiles: -1, ChainBytes: -1}),
		db.SaveRun(backup.PastRun{UDID: cleo, Started: old, Ended: old.Add(time.Hour), Outcome: backup.OutcomeComplete, Kind: backup.First, Bytes: -1, Files: -1, ChainFiles: 500, ChainBytes: 2e9}),
		db.SaveCheck(cleo, "", backup.CheckResult{At: old.Add(50 * time.Hour), Verdict: backup.Unproven, Files: 500, Bytes: 2e9}),
		db.Close())
}

// pictureNamed is the status of one of the pictures.
func pictureNamed(ts *testscript.TestScript, name string) control.Status {
	for _, p := range pictures {
		if p.name == name {
			return p.make()
		}
	}
	ts.Fatalf("there is no picture %q", name)
	return control.Status{}
}

// served is a running control server with canned answers.
type served struct {
	status control.Status
	mu     sync.Mutex
	asked  []string
	end    func()
}

// serveDesk starts one for a state folder.
func serveDesk(state string, s control.Status) (*served, error) {
	lock, err := control.TakeLock(state)
	if err != nil {
		return nil, err
	}
	ln, _, err := control.Listen(lock, state)
	if err != nil {
		return nil, err
	}
	d := &served{status: s}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		control.Serve(ctx, ln, d)
	}()
	d.end = sync.OnceFunc(func() {
		cancel()
		<-done
		lock.Release()
	})
	return d, nil
}

func (d *served) note(v any) {
	b, _ := json.Marshal(v)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, fmt.Sprintf("%T %s", v, b))
}

func (d *served) take() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.asked
	d.asked = nil
	return list
}

func (d *served) Status() control.Status { return d.status }

func (d *served) History(q control.HistoryQuery) (control.History, error) {
	d.note(q)
	h := control.History{Schema: control.Schema}
	if q.UDID == bob {
		return h, nil
	}
	h.Runs = []control.PastRun{
		{UDID: anna, Started: now.Add(-49 * time.Hour), Ended: before(48 * time.Hour), Outcome: backup.OutcomeAbandoned, Kind: backup.Full,
			LastPhase: backup.Transferring, Bytes: ptr(int64(4e9)), LongestSilence: map[string]float64{"transferring": 1560, "preparing": 30}},
		{UDID: anna, Started: now.Add(-42 * time.Minute), Outcome: backup.OutcomeRunning, Kind: backup.Incremental},
		{UDID: bob, Started: now.AddDate(-1, 0, 0), Ended: ptr(now.AddDate(-1, 0, 0).Add(90 * time.Minute)), Outcome: backup.OutcomeComplete,
			Kind: backup.First, Bytes: ptr(int64(61e9)), Files: ptr(int64(48212))},
	}
	h.Checks = []control.Check{
		{UDID: bob, CheckResult: backup.CheckResult{At: h.Runs[2].Ended.Add(time.Minute), Verdict: backup.Good, Files: 47990, Bytes: 60.8e9}},
		{UDID: bob, CheckResult: backup.CheckResult{At: now.AddDate(0, -1, 0), Verdict: backup.BrokenUp, Files: 47990, Bytes: 60.8e9, Summary: "3 photos are missing"}},
	}
	h.Notices = []control.Notice{
		{At: now.Add(-8 * time.Minute), UDID: anna, Event: "raised", Code: backup.Stalled, Severity: backup.Warning, Title: "The backup is stuck", Channel: "desktop", Outcome: "sent"},
		{At: now.Add(-8 * time.Minute), UDID: anna, Event: "raised", Code: backup.Stalled, Severity: backup.Warning, Title: "The backup is stuck", Channel: "webhook", Outcome: "failed", Reason: "example.org: connection refused"},
		{At: now.Add(-3 * time.Hour), UDID: anna, Event: "raised", Code: backup.Stalled, Severity: backup.Warning, Title: "Anna’s iPhone of the office…: backup is stuck", Channel: "desktop", Outcome: "sent"},
		{At: now.Add(-3 * time.Hour), UDID: anna, Event: "raised", Code: backup.Stalled, Severity: backup.Warning, Title: "Anna’s iPhone of the office…: backup is stuck", Channel: "webhook", Outcome: "sent"},
	}
	return h, nil
}

func (d *served) Samples(string, time.Time) ([]control.Sample, error) { return nil, nil }

func (d *served) Ack(r control.AckRequest) error {
	d.note(r)
	return nil
}

// Checked takes every result.
func (d *served) Checked(control.CheckedRequest) error { return nil }

func (d *served) Mute(r control.MuteRequest) error {
	d.note(r)
	if r.Code == backup.Slow {
		return &control.Error{Message: "the mute cannot be kept: the disk is full", Next: "make room on the disk"}
	}
	return nil
}

func (d *served) TestNotification(context.Context) []control.TestResult {
	if len(d.status.Backups) == 0 {
		return []control.TestResult{{Channel: "desktop", Route: "D-Bus", Outcome: "failed", Reason: "no notification server answers"}}
	}
	sent := control.TestResult{Channel: "desktop", Route: "D-Bus", Outcome: "sent", LookFor: "a notice titled Backup Watchdog, in the corner of the screen"}
	if len(d.status.Backups) == 1 {
		return []control.TestResult{sent}
	}
	return []control.TestResult{
		sent,
		{Channel: "webhook", Route: "example.org", Outcome: "failed", Reason: "connection refused"},
	}
}

func (d *served) Check(context.Context, control.CheckRequest, func(any)) (any, error) {
	return nil, errors.New("not here")
}

func (d *served) Subscribe() (<-chan struct{}, func()) { return make(chan struct{}), func() {} }

// TestWatchRepaints: on a terminal --watch draws over what it drew before and
// ends with exit code 0 when it is interrupted.
func TestWatchRepaints(t *testing.T) {
	state, err := os.MkdirTemp("/tmp", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(state)
	d, err := serveDesk(state, pictureOf("running"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.end()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out := &until{text: "Anna", then: cancel}
	p := &program{
		Stdout: out, Stderr: os.Stderr, Getenv: func(string) string { return "" }, Home: "/h", GOOS: "linux",
		Now: func() time.Time { return now }, StdoutTerminal: true, Width: func() int { return 80 },
	}
	if code := run(ctx, p, []string{"status", "--watch", "--state-dir", state}); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !out.seen {
		t.Error("nothing was drawn")
	}
}

// until calls then once text has been written.
type until struct {
	text string
	then func()
	seen bool
}

func (u *until) Write(b []byte) (int, error) {
	if !u.seen && containsAll(string(b), u.text, "\x1b[H", "\x1b[J", "\x1b[K\n") {
		u.seen = true
		u.then()
	}
	return len(b), nil
}

func containsAll(s string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}
