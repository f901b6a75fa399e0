package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"backupwatchdog/daemon/phone/phonetest"
)

// source is the pair that makes backups: an iPhone that hangs on a cable, and a
// program that fetches its backup.
type source struct {
	attached *phonetest.Phone  // the one the daemon sees
	giving   *phonetest.Phone  // the one whose backup is made; the same with a real tool
	writer   *phonetest.Writer // nil: the real tool
	tool     string            // path of idevicebackup2
	folder   string
	home     string         // an empty home for the tool
	running  sync.WaitGroup // backups under way
}

// newSource starts the iPhone.
func newSource(ctx context.Context, cfg phonetest.Config, s *stage, builtin bool) (*source, error) {
	src := &source{folder: s.backups, home: s.dir}
	var err error
	if src.attached, err = phonetest.Start(ctx, cfg); err != nil {
		return nil, fmt.Errorf("the iPhone made of software does not start: %w", err)
	}
	src.giving = src.attached
	if !builtin {
		if src.tool, err = exec.LookPath("idevicebackup2"); err == nil {
			return src, nil
		}
	}
	if src.writer, err = phonetest.NewWriter(s.backups, cfg, phonetest.WriterOptions{}); err != nil {
		return nil, fmt.Errorf("the built-in writer does not start: %w", err)
	}
	src.giving = src.writer.Phone()
	return src, nil
}

// name is what the program is called in the story.
func (s *source) name() string {
	if s.writer != nil {
		return "the built-in writer"
	}
	return "idevicebackup2"
}

// attempt is one backup under way.
type attempt struct {
	stop  context.CancelFunc
	ended chan error // one value: nil, or why it did not succeed
}

// backup begins one.
func (s *source) backup(ctx context.Context) *attempt {
	ctx, stop := context.WithCancel(ctx)
	a := &attempt{stop: stop, ended: make(chan error, 1)}
	s.running.Go(func() {
		if s.writer != nil {
			a.ended <- s.write(ctx)
			return
		}
		a.ended <- s.fetch(ctx)
	})
	return a
}

// end stops it and waits for that.
func (a *attempt) end() {
	a.stop()
	<-a.ended
}

// write makes the backup without a tool.
func (s *source) write(ctx context.Context) error {
	code, err := s.writer.Run(ctx)
	if err == nil && code != 0 {
		err = fmt.Errorf("the backup ended with code %d", code)
	}
	return err
}

// fetch makes the backup with the real tool, pointed at the made-up iPhone.
func (s *source) fetch(ctx context.Context) error {
	var said tail
	cmd := exec.CommandContext(ctx, s.tool, "-u", s.attached.UDID(), "backup", s.folder)
	cmd.Env = append(cleanEnvironment(), s.attached.Env(), "HOME="+s.home)
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Second // it does not listen while it waits for the phone
	if err := cmd.Run(); err != nil {
		return &hinted{fmt.Errorf("idevicebackup2: %w\n%s", err, said.lines(5)), "DEMO_WRITER=builtin make demo does without it"}
	}
	return nil
}

// cleanEnvironment is this process's, without what configures a watchdog.
func cleanEnvironment() []string {
	var out []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "WATCHDOG_") && !strings.HasPrefix(e, "USBMUXD_SOCKET_ADDRESS=") {
			out = append(out, e)
		}
	}
	return out
}

// tail keeps the end of what a program prints.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailMost = 16 << 10 // bytes

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - tailMost; over > 0 {
		t.b = t.b[over:]
	}
	return len(p), nil
}

// lines returns the last n lines, set in.
func (t *tail) lines(n int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := strings.Split(strings.TrimSpace(string(bytes.ToValidUTF8(t.b, nil))), "\n")
	return "  " + strings.Join(all[max(0, len(all)-n):], "\n  ")
}
