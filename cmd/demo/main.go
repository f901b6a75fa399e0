// Command demo shows in about a minute, in fast motion, what Backup Watchdog is
// for: a backup that works, one that stalls, the notice, the status, the advice
// and the recovery. `make demo` builds and starts it.
//
// Nothing in it is acted. The daemon is the real watchdogd with shorter limits,
// what it says is printed by the real watchdogctl, and the backup is made by
// the real idevicebackup2 where that is installed, else by a writer that leaves
// the same files in the same order. Only the iPhone is made of software (see
// package phonetest).
//
// Everything lies in a folder of its own under the system's temporary folder,
// also state, socket and configuration, and goes with the program's end. The
// backups, settings and history of the person at the computer are never touched.
//
// Exit codes: 0 what was told came true; 1 it did not, or could not be shown;
// 2 wrong usage; 130 stopped by Ctrl-C.
//
// The environment: DEMO_FAST=1 shortens it for machines that check it,
// DEMO_WRITER=builtin does without idevicebackup2.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes.
const (
	exitWell    = 0
	exitFailed  = 1
	exitMisuse  = 2
	exitStopped = 130 // as shells have it for SIGINT
)

// options is the command line and the environment.
type options struct {
	fast     bool
	lifelike bool   // sizes and times as in life, as far as that can be waited for
	builtin  bool   // do without idevicebackup2
	dir      string // "": a temporary folder, removed at the end
	stayAt   string // "": tell everything and end
	bin      string // where watchdogd and watchdogctl lie
}

// stays are the moments at which the story can be held, for a closer look.
const (
	stayHealthy   = "healthy"
	stayStalled   = "stalled"
	stayRecovered = "recovered"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program without the process around it.
func run(ctx context.Context, args []string, stdout, stderr *os.File) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitWell
	}
	if err != nil {
		return exitMisuse
	}
	n := newNarrator(stdout, o.fast)
	err = perform(ctx, o, n)
	n.endLive()
	switch {
	case err == nil:
		return exitWell
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "\nStopped. Nothing has been left behind.")
		return exitStopped
	}
	fmt.Fprintf(stderr, "\ndemo: %v\n", err)
	if h := (*hinted)(nil); errors.As(err, &h) {
		fmt.Fprintf(stderr, "hint: %s\n", h.hint)
	}
	return exitFailed
}

// parse reads flags and environment. What is wrong has been said when it returns.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{fast: isSet("DEMO_FAST"), builtin: os.Getenv("DEMO_WRITER") == "builtin"}
	f := flag.NewFlagSet("demo", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.BoolVar(&o.fast, "fast", o.fast, "shorter, without pauses for reading")
	f.BoolVar(&o.lifelike, "lifelike", false, "larger and slower, for pictures; takes four minutes")
	f.BoolVar(&o.builtin, "builtin", o.builtin, "do without idevicebackup2")
	f.StringVar(&o.dir, "dir", "", "use the empty folder `DIR` and keep it afterwards")
	f.StringVar(&o.bin, "bin", "", "`DIR` of watchdogd and watchdogctl (default: where this program is)")
	f.StringVar(&o.stayAt, "stay-at", "", "hold the story at `MOMENT` until Ctrl-C: healthy, stalled or recovered")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	err := error(nil)
	switch {
	case f.NArg() > 0:
		err = fmt.Errorf("%q is not understood: demo takes only flags", f.Arg(0))
	case o.stayAt != "" && o.stayAt != stayHealthy && o.stayAt != stayStalled && o.stayAt != stayRecovered:
		err = fmt.Errorf("-stay-at %q is none of healthy, stalled, recovered", o.stayAt)
	}
	if err != nil {
		fmt.Fprintf(stderr, "demo: %v\nhint: `demo -help` lists the flags\n", err)
	}
	return o, err
}

// isSet reads a switch of the environment.
func isSet(name string) bool {
	v := strings.ToLower(os.Getenv(name))
	return v != "" && v != "0" && v != "false" && v != "no"
}

// hinted is an error with a next step.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }
