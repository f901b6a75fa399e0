// Watchdogd watches the folder of iPhone backups from outside, and says when a
// backup is stuck, torn or damaged, and what to do.
//
//	watchdogd [--config FILE] [--root DIR]... [--state-dir DIR] [--log-level LEVEL] [--log-format text|json]
//	watchdogd --once [--json]    look once, print findings, exit
//	watchdogd --record FILE      besides watching, write a trace fit for a bug report
//
// It runs in the foreground until SIGINT or SIGTERM. Exit codes: 0 ended as
// asked, or all well; 1 it could not be done; 2 wrong usage; 3 --once found
// something of severity warning or worse.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"golang.org/x/term"

	"backupwatchdog/daemon"
	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/service"
	"backupwatchdog/plist"
)

// version is set by the linker: -X main.version=v1.2.3.
var version string

// Exit codes.
const (
	exitWell   = 0
	exitFailed = 1
	exitMisuse = 2
	exitFound  = 3
)

// options is the command line.
type options struct {
	config, stateDir, record string
	logLevel, logFormat      string
	roots                    []string
	once, json, version      bool
	noEvents                 bool
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program: arguments in, exit code out.
func run(args []string, stdout, stderr io.Writer) int {
	var o options
	f := flags(&o, stdout, stderr)
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitWell
		}
		return fail(stderr, exitMisuse, err, "`watchdogd --help` lists the flags")
	}
	if f.NArg() > 0 {
		return fail(stderr, exitMisuse, fmt.Errorf("%q is not understood: watchdogd takes only flags", f.Arg(0)), "`watchdogd --help` lists the flags; a folder is given with `--root`")
	}
	if o.version {
		fmt.Fprintf(stdout, "watchdogd %s (%s, %s/%s)\n", versionWords(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return exitWell
	}
	if o.json && !o.once {
		return fail(stderr, exitMisuse, errors.New("--json works only with --once"), "ask a running watchdog with `watchdogctl status --json`")
	}
	home, _ := os.UserHomeDir()
	paths, err := config.PathsFor(runtime.GOOS, home, os.Getenv)
	if err != nil && o.stateDir == "" {
		return fail(stderr, exitFailed, err, "set HOME, or give `--state-dir` and `--root`")
	}
	paths = paths.In(o.stateDir)
	log, closeLog, err := logger(o, paths, stderr)
	if err != nil {
		return fail(stderr, exitMisuse, err, "`watchdogd --help` lists the flags")
	}
	defer closeLog()
	d := daemon.Options{Version: versionWords(), Paths: paths, Environ: os.Environ(), Log: log, Events: !o.noEvents,
		Flags: config.Flags{File: o.config, Roots: o.roots}}
	if o.once {
		return once(d, o.json, stdout, stderr)
	}
	return watch(d, o.record, stderr)
}

func flags(o *options, stdout, stderr io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet("watchdogd", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.config, "config", "", "`FILE` to read the configuration from")
	f.Func("root", "`DIR` to watch, instead of the configured ones; may be repeated", func(s string) error {
		if s == "" {
			return errors.New("an empty folder name")
		}
		o.roots = append(o.roots, s)
		return nil
	})
	f.StringVar(&o.stateDir, "state-dir", "", "`DIR` for state and socket")
	f.StringVar(&o.logLevel, "log-level", "info", "`LEVEL`: debug, info, warn or error")
	f.StringVar(&o.logFormat, "log-format", "text", "`FORMAT`: text or json")
	f.StringVar(&o.record, "record", "", "`FILE` to write a trace to: timed numbers, no names")
	f.BoolVar(&o.once, "once", false, "look once, print what was found, exit")
	f.BoolVar(&o.json, "json", false, "with --once: print JSON, as watchdogctl status --json does")
	f.BoolVar(&o.noEvents, "no-events", false, "watch by the clock only, without file events")
	f.BoolVar(&o.version, "version", false, "print the version")
	f.Usage = func() {
		fmt.Fprint(stdout, "watchdogd watches iPhone backups and says when one is stuck, torn or damaged.\n\n")
		f.SetOutput(stdout)
		f.PrintDefaults()
		f.SetOutput(io.Discard)
		fmt.Fprint(stdout, "\nExit codes: 0 all well, 1 could not be done, 2 wrong usage, 3 (--once) something was found.\n")
	}
	return f
}

// logger writes to standard error, and on a Mac also to the log folder, which
// launchd would let grow for ever.
func logger(o options, paths config.Paths, stderr io.Writer) (*slog.Logger, func(), error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil || !strings.Contains(" debug info warn error ", " "+strings.ToLower(o.logLevel)+" ") {
		return nil, nil, fmt.Errorf("--log-level %q is none of debug, info, warn, error", o.logLevel)
	}
	out, closeLog := stderr, func() {}
	if paths.Log != "" && !o.once && o.stateDir == "" {
		if l, err := daemon.OpenLog(paths.Log); err == nil {
			out, closeLog = l, func() { l.Close() }
			if term.IsTerminal(int(os.Stderr.Fd())) {
				out = io.MultiWriter(stderr, l)
			}
		}
	}
	if o.once && o.logLevel == "info" {
		level = slog.LevelError // --once prints findings, not its own doings
	}
	opt := &slog.HandlerOptions{Level: level}
	switch o.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(out, opt)), closeLog, nil
	case "json":
		return slog.New(slog.NewJSONHandler(out, opt)), closeLog, nil
	}
	closeLog()
	return nil, nil, fmt.Errorf("--log-format %q is neither text nor json", o.logFormat)
}

// watch runs until somebody asks it to end.
func watch(d daemon.Options, record string, stderr io.Writer) int {
	if record != "" {
		f, err := os.OpenFile(record, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fail(stderr, exitFailed, fmt.Errorf("the trace cannot be written: %w", err), "name a file that does not exist yet, in a folder that does")
		}
		defer f.Close()
		d.Record = f
	}
	err := service.Run(func(ctx context.Context) error { return daemon.Run(ctx, d) })
	if err == nil || errors.Is(err, context.Canceled) {
		return exitWell
	}
	code := exitFailed
	if bad := (*config.Invalid)(nil); errors.As(err, &bad) {
		code = exitMisuse
	}
	return fail(stderr, code, err, "")
}

// once looks once and prints what it finds.
func once(d daemon.Options, asJSON bool, stdout, stderr io.Writer) int {
	st, err := daemon.Once(context.Background(), d)
	if err != nil {
		code := exitFailed
		if bad := (*config.Invalid)(nil); errors.As(err, &bad) {
			code = exitMisuse
		}
		return fail(stderr, code, err, "")
	}
	if asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(st); err != nil {
			return fail(stderr, exitFailed, err, "")
		}
	} else {
		printOnce(stdout, st)
	}
	return exitOf(st)
}

// exitOf is 3 where something of severity warning or worse was found.
func exitOf(st control.Status) int {
	for _, f := range findings(st) {
		if f.Severity >= backup.Warning {
			return exitFound
		}
	}
	return exitWell
}

func findings(st control.Status) []backup.Finding {
	out := st.Findings
	for _, b := range st.Backups {
		out = append(out[:len(out):len(out)], b.Findings...)
	}
	return out
}

// printOnce prints one look in plain lines. All text that may come from a phone
// or a disk is cleaned once more for the terminal.
func printOnce(w io.Writer, st control.Status) {
	for _, r := range st.Roots {
		fmt.Fprintf(w, "%s: %s\n", clean(r.Path), r.State)
	}
	for _, b := range st.Backups {
		name := clean(b.DeviceName)
		if name == "" {
			name = clean(b.UDID)
		}
		fmt.Fprintf(w, "\n%s (%s): %s, chain %s\n", name, clean(b.UDID), b.Phase, b.Chain.Verdict)
		printFindings(w, b.Findings)
	}
	if len(st.Findings) > 0 {
		fmt.Fprintln(w)
		printFindings(w, st.Findings)
	}
	if len(st.Backups) == 0 && len(st.Findings) == 0 {
		fmt.Fprintln(w, "There are no backups.")
	}
}

func printFindings(w io.Writer, fs []backup.Finding) {
	for _, f := range fs {
		fmt.Fprintf(w, "  %s: %s (%s)\n    %s\n    Next: %s (`watchdogctl explain %s`)\n", f.Severity, clean(f.Title), f.Code, clean(f.Detail), clean(f.Fix.Title), f.Fix.ID)
	}
}

func clean(s string) string { return plist.Clean(s, 2000) }

// fail prints what happened and what to do next.
func fail(w io.Writer, code int, err error, hint string) int {
	fmt.Fprintf(w, "watchdogd: %v\n", err)
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok && hint == "" {
		hint = h.Hint()
	}
	if hint == "" {
		hint = "`watchdogctl doctor` looks for the cause"
	}
	fmt.Fprintf(w, "hint: %s\n", hint)
	return code
}

// versionWords is the version as the linker or the build information has it.
func versionWords() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
