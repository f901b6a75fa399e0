// Command fakephone runs an iPhone made of software behind a usbmuxd socket,
// for the demo and for scripts:
//
//	fakephone --files 3000 --rate 20000000 --fault stall-after:50
//
// prints "USBMUXD_SOCKET_ADDRESS=127.0.0.1:PORT" first, then what the phone
// does, a line each on standard error. Commands come as lines on standard
// input: attach, detach, stall, resume, passcode on, passcode off, battery 12,
// charging on, fault error:208, fault (none), use, paired off, post NAME,
// quit. The end of standard input is not the end of the program: SIGINT,
// SIGTERM and quit are.
//
// With --write DIR nothing listens: the backup is written into DIR/UDID as a
// backup program would, and the program ends with it.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"backupwatchdog/daemon/phone/phonetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(0)
		}
		fmt.Fprintf(os.Stderr, "fakephone: %v\n", err)
		os.Exit(1)
	}
}

// run is the program without the process around it.
func run(ctx context.Context, args []string, in io.Reader, out, log io.Writer) error {
	cfg := phonetest.Config{Logf: func(f string, a ...any) { fmt.Fprintf(log, f+"\n", a...) }}
	flags(&cfg).Parse(args)
	p, err := phonetest.Start(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, p.Env())
	return control(ctx, p, in, log)
}

// flags binds the configuration to the command line.
func flags(cfg *phonetest.Config) *flag.FlagSet {
	fs := flag.NewFlagSet("fakephone", flag.ContinueOnError)
	fs.StringVar(&cfg.Addr, "listen", "", "where usbmuxd listens: host:port or UNIX:/path (default a free port)")
	fs.StringVar(&cfg.UDID, "udid", "", "id of the phone")
	fs.StringVar(&cfg.Name, "name", "", "name of the phone")
	fs.StringVar(&cfg.OSVersion, "ios", "", "its iOS version")
	fs.BoolVar(&cfg.TLS, "tls", false, "encrypt sessions and services")
	fs.Uint64Var(&cfg.Seed, "seed", 0, "what the content follows from")
	fs.IntVar(&cfg.Files, "files", 0, "how many files it holds (default 300)")
	fs.Int64Var(&cfg.Size, "size", 0, "size of each file (default mixed)")
	fs.Int64Var(&cfg.Large, "large", 0, "size of one more file")
	fs.IntVar(&cfg.Generation, "generation", 0, "how often the phone was used since the first backup")
	fs.BoolVar(&cfg.Encrypted, "encrypted", false, "backups look encrypted")
	fs.Int64Var(&cfg.BytesPerSecond, "rate", 0, "bytes a second (default no limit)")
	fs.Int64Var(&cfg.FilesPerSecond, "files-per-second", 0, "files a second (default no limit)")
	fs.DurationVar(&cfg.ScanTime, "scan", 0, "silence before the first file")
	fs.IntVar(&cfg.Battery, "battery", 0, "charge in per cent (default 80)")
	fs.BoolVar(&cfg.Charging, "charging", false, "it is being charged")
	fs.StringVar(&cfg.Faults, "fault", "", "what goes wrong, for example stall-after:50")
	return fs
}

// control reads commands until ctx ends or somebody says quit.
func control(ctx context.Context, p *phonetest.Phone, in io.Reader, log io.Writer) error {
	lines := make(chan string)
	go func() {
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line := <-lines:
			if strings.TrimSpace(line) == "quit" {
				return nil
			}
			if err := command(p, strings.Fields(line)); err != nil {
				fmt.Fprintf(log, "fakephone: %v\n", err)
			}
		}
	}
}

// command carries out one line.
func command(p *phonetest.Phone, words []string) error {
	if len(words) == 0 {
		return nil
	}
	arg := strings.Join(words[1:], " ")
	switch words[0] {
	case "attach":
		p.Attach(connections(arg)...)
	case "detach":
		p.Detach(connections(arg)...)
	case "stall":
		p.Stall()
	case "resume":
		p.Resume()
	case "passcode":
		p.Passcode(arg != "off")
	case "battery":
		percent, err := strconv.Atoi(arg)
		if err != nil {
			return fmt.Errorf("battery takes a number of per cent, not %q", arg)
		}
		p.SetBattery(percent, false)
	case "charging":
		p.SetValue("com.apple.mobile.battery", "BatteryIsCharging", arg != "off")
	case "fault":
		return p.SetFaults(arg)
	case "use":
		p.Use()
	case "paired":
		p.SetPaired(arg != "off")
	case "post":
		p.Post(arg)
	default:
		return fmt.Errorf("%q is not a command; there are attach, detach, stall, resume, passcode on|off, battery N, charging on|off, fault F, use, paired on|off, post NAME, quit", words[0])
	}
	return nil
}

// connections reads "usb", "network" or nothing.
func connections(arg string) []phonetest.Connection {
	switch strings.ToLower(arg) {
	case "usb":
		return []phonetest.Connection{phonetest.USB}
	case "network":
		return []phonetest.Connection{phonetest.Network}
	}
	return nil
}
