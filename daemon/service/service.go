// Package service makes the watchdog a login service and keeps it one: a
// LaunchAgent on macOS, a systemd user unit on Linux. It installs, removes,
// starts, stops, restarts and inspects.
//
// Everything an installation consists of is a [Plan]: folders, files with their
// content, links, and commands as argument lists. `install --dry-run` prints the
// plan, Install carries out the same one, so what is shown is what is done. A
// plan is rendered in memory, read back, and compared with what lies on disk;
// only what differs is written, and always to a temporary name first. Installing
// twice changes nothing, and installing over a half-made, empty or older
// installation repairs it.
//
// github.com/kardianos/service is used for the life of the daemon's own process
// ([Run]); its files and verbs are not used, for reasons found in its source
// (v1.3.0): it writes the file before it has rendered it and then refuses to
// install again; on macOS it speaks launchctl's old verbs, which act on the
// domain of the caller (another one over SSH), takes any word on standard error
// for a failure, and cannot say "loaded but crashing" or "switched off"; its
// systemd unit hangs on multi-user.target, which no user manager has, so it
// never starts at login, writes environment values unquoted, and its removal
// leaves the process running. [Manager.Library] hands our renderings to it under
// its own option names, and a test holds that it would write the same bytes.
//
// On macOS all verbs name the domain gui/<uid>, and only exit statuses are
// trusted: launchctl's text is documented as no interface. Stopping is
// asynchronous there, so every stop waits until the service is gone, and a
// bootstrap that fails with 5 (input/output error, mostly "still going") is
// tried again a few times. Paths never contain a version: Full Disk Access is
// granted to a path and an identity, and both should survive an update.
//
// None of the launchd part has run on a Mac. It is ordinary code, tested against
// a program that imitates launchctl.
package service

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// Names that are stable for ever: people grant rights to them.
const (
	// Label names the LaunchAgent, and its file.
	Label = "io.backupwatchdog.watchdogd"
	// BundleID is the identity of the application, and of the daemon's code
	// signature: what a Full Disk Access entry names.
	BundleID = "io.backupwatchdog.BackupWatchdog"
	// ControlID is the code signature's identifier of watchdogctl.
	ControlID = "io.backupwatchdog.watchdogctl"
	// UnitName is the systemd user unit.
	UnitName = "backup-watchdog.service"
	// AppName is the application's folder.
	AppName = "Backup Watchdog.app"
)

// The two programs.
const (
	Daemon  = "watchdogd"
	Control = "watchdogctl"
)

// The systems a service can be installed on.
const (
	Darwin = "darwin"
	Linux  = "linux"
)

// A Manager installs and drives the service of one user. New fills it; a test,
// or a dry run for the other system, sets the fields it needs.
type Manager struct {
	// Target is the system: Darwin or Linux.
	Target string
	// Home is the user's home folder, UID the user's number.
	Home string
	UID  int
	// Getenv is the environment (PATH, XDG_CONFIG_HOME and the like).
	Getenv func(string) string
	// Source is the folder that holds both programs, with links resolved. Inside
	// an application bundle it is the bundle's Contents/MacOS.
	Source string
	// AppsDir is where the bundle goes on macOS; "" means where it is, and
	// ~/Applications for a new one.
	AppsDir string
	// Version is written into the bundle, never into a path.
	Version string
	// StateDir is handed to the daemon as --state-dir; "" means the system's own.
	StateDir string
	// Env is handed to the daemon.
	Env map[string]string
	// Running is the code hash of the daemon that runs now, as it says itself; ""
	// unknown. Where it is not that of the file on disk (a system's package was
	// brought up to date), Install starts the new one.
	Running string
	// Root stands before the system's own folders in a test; "" otherwise.
	Root string
	// Run carries out one command; nil means Exec.
	Run Runner
	// Sleep waits between two looks; nil means a timer. It returns early with the
	// context's error.
	Sleep func(context.Context, time.Duration) error
}

// New returns a Manager for this process's user and system.
func New() (*Manager, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, problem(err, "set HOME to your home folder and try again", "finding the home folder")
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, problem(err, "", "finding this program's own file")
	}
	if real, err := filepath.EvalSymlinks(exe); err == nil {
		exe = real
	}
	return &Manager{Target: runtime.GOOS, Home: home, UID: os.Getuid(), Getenv: os.Getenv, Source: filepath.Dir(exe)}, nil
}

// Report says what an action did, in plain sentences.
type Report struct {
	// Done lists what was changed; empty when all was in order already.
	Done []string `json:"done"`
	// Kept lists what stays on purpose, with where it is.
	Kept []string `json:"kept,omitempty"`
	// Advice is what the person may want to do next.
	Advice []string `json:"advice,omitempty"`
}

// did adds one line to what was done.
func (r *Report) did(s string) { r.Done = append(r.Done, s) }

// engine is one service manager of an operating system.
type engine interface {
	// file renders the file the service manager reads.
	file() (File, error)
	// commands are what an installation runs once its files are in place.
	commands() [][]string
	// load makes the manager take the file (again) and run the daemon.
	load(ctx context.Context) error
	// unload stops the daemon, waits until it is gone and forgets it.
	unload(ctx context.Context) error
	start(ctx context.Context) error
	stop(ctx context.Context) error
	restart(ctx context.Context) error
	// inspect fills what the manager knows.
	inspect(ctx context.Context, s *State) error
	// forget cleans up after the file is removed.
	forget(ctx context.Context) error
}

// engine returns the engine of the target.
func (m *Manager) engine() (engine, error) {
	switch m.Target {
	case Darwin:
		return &launchd{m}, nil
	case Linux:
		return &systemd{m}, nil
	}
	return nil, problem(nil, "macOS and Linux are supported; elsewhere run watchdogd yourself", "there is no login service for %q", m.Target)
}

// Targets lists the systems a plan can be made for.
func Targets() []string { return []string{Darwin, Linux} }

// KnownTarget reports whether a plan can be made for t.
func KnownTarget(t string) bool { return slices.Contains(Targets(), t) }

// Start runs the daemon, loading the service first where necessary.
func (m *Manager) Start(ctx context.Context) error {
	return m.act(ctx, engine.start)
}

// Stop ends the daemon and waits until it is gone. It starts again at the next
// login, or with Start. It fails where one goes on that is not the service.
func (m *Manager) Stop(ctx context.Context) error {
	err := m.act(ctx, engine.stop)
	if held := m.inherit().stranger(); held != nil && (err == nil || errors.Is(err, errNotInstalled)) {
		return stays(held)
	}
	return err
}

// Restart ends the daemon and runs it again.
func (m *Manager) Restart(ctx context.Context) error {
	return m.act(ctx, engine.restart)
}

// errNotInstalled is what every verb says where there is no service file.
var errNotInstalled = problem(nil, "`watchdogctl install` sets it up", "the service is not installed")

// act does one verb on an installed service.
func (m *Manager) act(ctx context.Context, verb func(engine, context.Context) error) error {
	m = m.inherit()
	e, err := m.engine()
	if err != nil {
		return err
	}
	if err := m.refuseRoot(); err != nil {
		return err
	}
	f, err := e.file()
	if err != nil {
		return err
	}
	switch data, err := os.ReadFile(f.Path); {
	case errors.Is(err, fs.ErrNotExist):
		return errNotInstalled
	case err != nil, len(data) == 0:
		return problem(err, "`watchdogctl install` repairs it", "the service file is empty or cannot be read")
	}
	return verb(e, ctx)
}

// refuseRoot keeps root away from launchd: root's domain is not the one of the
// person who sits at the Mac, and nothing here needs root. On Linux root may
// have a user manager of its own.
func (m *Manager) refuseRoot() error {
	if m.Target == Darwin && m.UID == 0 {
		return problem(nil, "run the same command without sudo, as the person who makes the backups",
			"the service belongs to one person and is never set up by root")
	}
	return nil
}

// sleep waits for d or the context.
func (m *Manager) sleep(ctx context.Context, d time.Duration) error {
	if m.Sleep != nil {
		return m.Sleep(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// env reads the environment; no environment is an empty one.
func (m *Manager) env(key string) string {
	if m.Getenv == nil {
		return ""
	}
	return m.Getenv(key)
}
