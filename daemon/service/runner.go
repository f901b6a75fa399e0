package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// commandTimeout bounds one command of the service manager. systemctl stop
// waits for the daemon, which has 10 s.
const commandTimeout = 45 * time.Second

// outputLimit bounds what is kept of a command's output.
const outputLimit = 64 << 10

// Result is how a command ended. Code is its exit status; text on standard
// error is no failure by itself (launchctl warns there and succeeds).
type Result struct {
	Code           int
	Stdout, Stderr string
}

// A Runner carries out one command. The error says that the command could not
// be run, or ran out of time; an exit status other than 0 is no error.
type Runner func(ctx context.Context, argv []string) (Result, error)

// Exec is the Runner that really runs commands. On macOS launchctl is taken
// from its fixed place and not from PATH.
func Exec(ctx context.Context, argv []string) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	name := argv[0]
	if runtime.GOOS == Darwin && name == "launchctl" {
		name = "/bin/launchctl"
	}
	var out, errs limited
	cmd := exec.CommandContext(ctx, name, argv[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	res := Result{Code: cmd.ProcessState.ExitCode(), Stdout: out.String(), Stderr: errs.String()}
	switch {
	case ctx.Err() != nil:
		return res, fmt.Errorf("%s did not end: %w", argv[0], ctx.Err())
	case err == nil:
		return res, nil
	}
	if _, ok := errors.AsType[*exec.ExitError](err); ok && res.Code >= 0 {
		return res, nil
	}
	return res, fmt.Errorf("running %s: %w", argv[0], err)
}

// limited keeps the first outputLimit bytes and swallows the rest, so that the
// command never blocks on a full pipe.
// The buffer is not embedded: its ReadFrom would go around Write.
type limited struct{ kept bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := outputLimit - l.kept.Len(); room > 0 {
		l.kept.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (l *limited) String() string { return l.kept.String() }

// run carries out argv through the manager's Runner.
func (m *Manager) run(ctx context.Context, argv ...string) (Result, error) {
	if m.Run != nil {
		return m.Run(ctx, argv)
	}
	return Exec(ctx, argv)
}

// said is the first line a command wrote, for an error message.
func (r Result) said() string {
	s := strings.TrimSpace(r.Stderr)
	if s == "" {
		s = strings.TrimSpace(r.Stdout)
	}
	s, _, _ = strings.Cut(s, "\n")
	if s == "" {
		return fmt.Sprintf("exit status %d", r.Code)
	}
	return fmt.Sprintf("%s (exit status %d)", s, r.Code)
}
