// Command fakephone runs an iPhone made of software behind a usbmuxd socket,
// for the demo and for scripts:
//
//	fakephone --files 3000 --rate 20000000 --fault stall-after:50
//
// prints "USBMUXD_SOCKET_ADDRESS=127.0.0.1:PORT" first, then what the phone
// does, a line each on standard error. The program ends with SIGINT, SIGTERM
// or the command quit, not with the end of standard input.
//
// With --write DIR nothing listens: one backup is written into DIR/UDID as a
// backup program would, or as Finder would with --finder, and the program ends
// with it: exit code 0 when it is whole, else 1.
//
// With --chain DIR a backup is written at once that lies there already:
// finished, or torn in the way --state says.
//
// Commands come as lines on standard input: attach, detach, stall, resume,
// passcode on|off, battery N, charging on|off, fault F, use, paired on|off,
// post NAME, quit. The faults are those of package phonetest.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"backupwatchdog/daemon/phone/phonetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintf(os.Stderr, "fakephone: %v\n", err)
		os.Exit(1)
	}
}

// errUsage says that the mistake has already been explained.
var errUsage = errors.New("wrong usage")

// options are what the command line says beside the phone itself.
type options struct {
	phone  phonetest.Config
	write  string
	writer phonetest.WriterOptions
	chain  string
	state  string
	age    time.Duration
}

// run is the program without the process around it.
func run(ctx context.Context, args []string, in io.Reader, out, log io.Writer) error {
	var o options
	fs := o.flags()
	fs.SetOutput(io.Discard) // the flag package would print all of the help under every mistake
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		usage(fs, out)
		return err
	}
	if err == nil && fs.NArg() > 0 {
		err = fmt.Errorf("%q is not understood: give a fault with --fault, a command on standard input", fs.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(log, "fakephone: %v\nhint: `fakephone --help` lists the flags, faults and commands\n", err)
		return errUsage
	}
	o.phone.Logf = func(f string, a ...any) { fmt.Fprintf(log, f+"\n", a...) }
	switch {
	case o.chain != "":
		return o.writeChain(out)
	case o.write != "":
		return o.writeBackup(ctx, in, log)
	}
	p, err := phonetest.Start(ctx, o.phone)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, p.Env())
	return control(ctx, p, in, log)
}

// flags binds the options to the command line.
func (o *options) flags() *flag.FlagSet {
	fs, cfg := flag.NewFlagSet("fakephone", flag.ContinueOnError), &o.phone
	fs.StringVar(&cfg.Addr, "listen", "", "where usbmuxd listens: `address` host:port or UNIX:/path (default a free port)")
	fs.StringVar(&cfg.UDID, "udid", "", "`id` of the iPhone")
	fs.StringVar(&cfg.Name, "name", "", "`name` of the iPhone")
	fs.StringVar(&cfg.OSVersion, "ios", "", "iOS `version`")
	fs.BoolVar(&cfg.TLS, "tls", false, "encrypt sessions and services")
	fs.BoolVar(&cfg.Detached, "detached", false, "start without being attached")
	fs.BoolFunc("network", "attached over the network instead of by cable; use --tls with it", func(string) error {
		cfg.Connections = []phonetest.Connection{phonetest.Network}
		return nil
	})
	fs.Uint64Var(&cfg.Seed, "seed", 0, "`number` that determines the content")
	fs.IntVar(&cfg.Files, "files", 0, "`number` of files it holds (default 300)")
	fs.Int64Var(&cfg.Size, "size", 0, "`bytes` of each file (default mixed)")
	fs.Int64Var(&cfg.Large, "large", 0, "`bytes` of one more file")
	fs.IntVar(&cfg.Generation, "generation", 0, "the `number` of times the iPhone was used since the first backup")
	fs.BoolVar(&cfg.Encrypted, "encrypted", false, "make its backups look encrypted")
	fs.Int64Var(&cfg.BytesPerSecond, "rate", 0, "`bytes` a second (default no limit)")
	fs.Int64Var(&cfg.FilesPerSecond, "files-per-second", 0, "`files` a second (default no limit)")
	fs.DurationVar(&cfg.ScanTime, "scan", 0, "how long it is quiet before the first file")
	fs.IntVar(&cfg.Battery, "battery", 0, "charge in `percent` (default 80)")
	fs.BoolVar(&cfg.Charging, "charging", false, "charging")
	fs.StringVar(&cfg.Faults, "fault", "", "`FAULT` to play, for example stall-after:50; several with commas between them")
	fs.StringVar(&o.write, "write", "", "write one backup into `DIR` without a client")
	fs.BoolVar(&o.writer.Finder, "finder", false, "with --write: Info.plist as Finder treats it")
	fs.DurationVar(&o.writer.Quiet, "quiet", 150*time.Second, "with --finder: quiet time between finished and Info.plist")
	fs.DurationVar(&o.writer.Gap, "gap", 3*time.Second, "with --finder: how long Info.plist is empty")
	fs.IntVar(&o.writer.InfoSize, "info-size", 0, "with --write: `bytes` of artwork in Info.plist")
	fs.StringVar(&o.chain, "chain", "", "write a ready-made backup into `DIR`")
	fs.StringVar(&o.state, "state", "finished", "with --chain: finished, info-only, torn-first, torn-incremental, mixed, unswept, finished-again or failed-again")
	fs.DurationVar(&o.age, "age", 0, "with --chain: how long ago that was")
	fs.Usage = func() {}
	return fs
}

// usage prints the help.
func usage(fs *flag.FlagSet, out io.Writer) {
	fmt.Fprint(out, "A simulated iPhone behind a usbmuxd socket:\n\n  fakephone [flags]\n\n"+
		"It prints USBMUXD_SOCKET_ADDRESS=…: with that in their environment, idevicebackup2\nbacks it up and watchdogd sees it.\n\n")
	fs.SetOutput(out)
	fs.PrintDefaults()
	fmt.Fprint(out, usageFaults)
}

// usageFaults ends the help. The package comment of phonetest has every fault.
const usageFaults = `
Faults, N in per cent of the bytes of a run:
  stall-after:N, stall-before-upload, disconnect-after:N, drop-socket-after:N,
  cancel-after:N, trickle-after:N:BYTES, error:CODE, passcode:20s,
  stuck-finishing:moving, stuck-finishing:removing, stuck-finishing:verify,
  lost-file, no-manifest, truncate-manifest-db, no-space, sync-locked
"go doc backupwatchdog/daemon/phone/phonetest" lists them all.

Commands, as lines on standard input:
  attach, detach, stall, resume, passcode on|off, battery N, charging on|off,
  fault [FAULT], use, paired on|off, post NAME, quit
"fault" alone ends the faults; "use" has the iPhone used before the next run.
`

// writeChain writes a finished or torn backup and prints its folder.
func (o *options) writeChain(out io.Writer) error {
	spec := phonetest.Spec{Content: o.phone.Content, Config: o.phone, State: phonetest.State(o.state), Fault: o.phone.Faults}
	spec.Config.Logf, spec.Config.Faults = nil, ""
	if o.age > 0 {
		spec.Date = time.Now().Add(-o.age)
	}
	chain, err := phonetest.WriteChain(o.chain, spec)
	if err == nil {
		fmt.Fprintln(out, chain.Path)
	}
	return err
}

// writeBackup plays one backup into a folder, with commands from in.
func (o *options) writeBackup(ctx context.Context, in io.Reader, log io.Writer) error {
	w, err := phonetest.NewWriter(o.write, o.phone, o.writer)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer cancel() // quit ends the backup as a kill would
		control(ctx, w.Phone(), in, log)
	}()
	code, err := w.Run(ctx)
	if err == nil && code != 0 {
		err = fmt.Errorf("the backup ended with code %d", code)
	}
	return err
}
