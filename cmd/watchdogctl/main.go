// Watchdogctl asks the watchdog, and checks backups without it.
//
// Everything the program touches is a field of [program], so that the whole of
// it runs inside a test: data in, an exit code out.
//
// Exit codes, everywhere: 0 all well; 1 it could not be done; 2 wrong usage;
// 3 done, and something of severity warning or worse was found. Results go to
// standard output. Errors go to standard error, as "watchdogctl: what happened"
// and "hint: what to do next".
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/term"
)

// version is set by the linker: -X main.version=v1.2.3. Empty means: ask the
// build information.
var version string

// program is one run of watchdogctl: all it may read, and where it writes.
type program struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Getenv and Environ are the environment.
	Getenv  func(string) string
	Environ []string
	// Home is the person's home folder; "" unknown.
	Home string
	// GOOS is the system whose paths and words are used.
	GOOS string
	UID  int
	// Now is the only clock of the commands.
	Now func() time.Time
	// StdoutTerminal and StdinTerminal: a person looks on, and can answer.
	StdoutTerminal, StdinTerminal bool
	// Width and Height are the terminal's columns and lines, 0 when there is none.
	Width, Height func() int
	// Version is what `watchdogctl version` prints.
	Version string
	// ServiceHint says what the service manager knows of the daemon and how to
	// start it, in one or two plain sentences; "" when it knows nothing to say.
	ServiceHint func(p *program) string

	// StateDir, JSON and NoColor are the global flags. StateDir is "" when the
	// system's own is meant; see [program.paths].
	StateDir string
	JSON     bool
	NoColor  bool
}

// run carries out one command line, without the program's name, and returns
// the exit code.
func run(ctx context.Context, p *program, args []string) int {
	if p.asciiOnly() {
		p.Stdout, p.Stderr = &asciiWriter{p, p.Stdout}, &asciiWriter{p, p.Stderr}
	}
	root := rootCommand(p)
	root.SetArgs(args)
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	return p.report(root.ExecuteContext(ctx))
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	home, _ := os.UserHomeDir()
	p := &program{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Environ: os.Environ(),
		Home: home, GOOS: runtime.GOOS, UID: os.Getuid(), Now: time.Now,
		StdoutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		StdinTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		Width:          func() int { w, _ := terminalSize(); return w },
		Height:         func() int { _, h := terminalSize(); return h },
		Version:        buildVersion(version),
		ServiceHint:    serviceHint,
	}
	code := run(ctx, p, os.Args[1:])
	stop()
	os.Exit(code)
}

// terminalSize returns columns and lines of the terminal on standard output, 0
// when there is none.
func terminalSize() (width, height int) {
	width, height, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}
