package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/notify"
)

// stage is where the story plays: a folder of its own, the daemon that watches
// it, and the connection to that.
type stage struct {
	dir, backups, state string
	keep                bool // the folder was asked for and stays
	bin                 string
	desktop             bool // somebody can see notices on this desktop

	daemon *exec.Cmd
	ended  chan error // the daemon's end
	log    tail
	client *control.Client
	states chan control.Status // the newest one
}

// newStage makes the folders and finds the programs.
func newStage(ctx context.Context, o options) (*stage, error) {
	s := &stage{bin: o.bin, keep: o.dir != "", ended: make(chan error, 1), states: make(chan control.Status, 1)}
	if err := s.findPrograms(); err != nil {
		return nil, err
	}
	err := error(nil)
	if s.dir = o.dir; s.dir == "" {
		s.dir, err = os.MkdirTemp("", "wd-demo-") // short: a socket lies below it
	} else {
		err = os.MkdirAll(s.dir, 0o700)
	}
	if err != nil {
		return nil, &hinted{fmt.Errorf("the demonstration has no folder to run in: %w", err), "set TMPDIR to a folder you can write to"}
	}
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return nil, err
	}
	s.backups, s.state = filepath.Join(s.dir, "Backup"), filepath.Join(s.dir, "state")
	if err := os.Mkdir(s.backups, 0o755); err != nil {
		return nil, &hinted{fmt.Errorf("the folder cannot be used: %w", err), "name an empty one with -dir"}
	}
	s.desktop = notify.Route(ctx).Problem == ""
	return s, nil
}

// findPrograms looks for the daemon and the command line beside this program.
func (s *stage) findPrograms() error {
	if s.bin == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		s.bin = filepath.Dir(self)
	}
	for _, name := range []string{"watchdogd", "watchdogctl"} {
		if _, err := os.Stat(filepath.Join(s.bin, name)); err != nil {
			return &hinted{fmt.Errorf("%s is missing: %w", name, err), "run `make build`"}
		}
	}
	return nil
}

// settings is the configuration in fast motion. Learning is off because the
// story needs limits that stand still.
const settings = `[patience]
preparing = "30s"
transferring = "%[1]s"
finishing = "30s"
settling = "%[2]s"
witness_factor = 1
learn = false
[sampling]
active = "200ms"
idle = "1s"
[apple_status]
enabled = false
[notify]
desktop = %[3]t
command = ["/bin/cat"]
`

// startDaemon starts the real daemon, which sees nothing but this stage.
func (s *stage) startDaemon(ctx context.Context, p pace, usbmuxd string) error {
	config := filepath.Join(s.dir, "config.toml")
	if err := os.WriteFile(config, fmt.Appendf(nil, settings, p.limit, p.settling, s.desktop), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "watchdogd"), "--config", config, "--root", s.backups, "--state-dir", s.state)
	cmd.Env = append(cleanEnvironment(), usbmuxd)
	cmd.Stderr = &s.log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 8 * time.Second // it ends by itself within five
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("watchdogd did not start: %w", err)
	}
	s.daemon = cmd
	go func() { s.ended <- cmd.Wait() }()
	s.client = control.NewClient(s.state)
	return s.await(ctx, "the watchdog watches", 20*time.Second, func() bool {
		_, err := s.client.Status(ctx)
		return err == nil
	})
}

// await asks ok again and again until it is true.
func (s *stage) await(ctx context.Context, what string, most time.Duration, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case err := <-s.ended:
			s.ended <- err
			return s.lost(err)
		case <-ctx.Done():
			return s.notTrue(ctx, what, most)
		}
	}
	return nil
}

// notTrue is the error of something that was told and did not come.
func (s *stage) notTrue(ctx context.Context, what string, most time.Duration) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return &hinted{fmt.Errorf("this did not happen within %s: %s; the end of the watchdog's log:\n%s", most, what, s.log.lines(10)),
		"a very busy computer can be the cause: try again"}
}

// listen keeps the newest status at hand until ctx ends.
func (s *stage) listen(ctx context.Context) {
	s.client.Events(ctx, func(st control.Status) error {
		select {
		case <-s.states: // nobody has taken the older one
		default:
		}
		s.states <- st
		return nil
	})
}

// until waits for a status that fits, showing each to the narrator. There is
// one backup on this stage; before it appears fits is asked with an empty one.
func (s *stage) until(ctx context.Context, n *narrator, what string, fits func(control.Status, control.Backup) bool) (control.Backup, error) {
	const most = 4 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	again := time.NewTicker(time.Second) // clocks run on also where nothing changes
	defer again.Stop()
	var st control.Status
	for {
		b := control.Backup{}
		if len(st.Backups) > 0 {
			b = st.Backups[0]
		}
		n.follow(b)
		if st.Schema > 0 && fits(st, b) {
			return b, nil // the moving line goes on with the next wait
		}
		select {
		case st = <-s.states:
		case <-again.C:
			if now, err := s.client.Status(ctx); err == nil {
				st = now
			}
		case err := <-s.ended:
			s.ended <- err
			return control.Backup{}, s.lost(err)
		case <-ctx.Done():
			return control.Backup{}, s.notTrue(ctx, what, most)
		}
	}
}

// lost is the error of a daemon that has ended in the middle of the story.
func (s *stage) lost(err error) error {
	return fmt.Errorf("the watchdog has ended (%v); the end of its log:\n%s", err, s.log.lines(10))
}

// watchdogctl runs the real program with its output on ours, and returns its
// exit code.
func (s *stage) watchdogctl(ctx context.Context, n *narrator, args ...string) (int, error) {
	n.command("watchdogctl " + args[0])
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "watchdogctl"), append([]string{"--state-dir", s.state}, args...)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = cleanEnvironment(), n.out, n.out
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// close ends the daemon and removes everything.
func (s *stage) close() {
	if s.daemon != nil {
		s.daemon.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.ended:
		case <-time.After(8 * time.Second):
			s.daemon.Process.Kill()
			<-s.ended
		}
	}
	if !s.keep {
		os.RemoveAll(s.dir)
	}
}
