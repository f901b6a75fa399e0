package notify

import (
	"backupwatchdog/daemon/words"
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Command runs a program for each notice, with the notice as JSON on its
// standard input.
type Command struct {
	Argv    []string
	Timeout time.Duration // 0: ten seconds
}

// Name implements Channel.
func (c Command) Name() string { return "command" }

// Send implements Channel. The program and what it started are killed when the
// time is over; what it prints is kept only as far as it explains a failure.
func (c Command) Send(ctx context.Context, m Message) error {
	if len(c.Argv) == 0 {
		return refusal(words.NoCommand(), nil)
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = sendTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var said head
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Stdin = bytes.NewReader(append(bytes.Clone(m.Object), '\n'))
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	return c.explain(ctx, timeout, cmd.Run(), said.String())
}

// explain turns the way a program ended into words with a next step.
func (c Command) explain(ctx context.Context, timeout time.Duration, err error, said string) error {
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return nil // it did its work; something it started holds on to its output
	case ctx.Err() == context.DeadlineExceeded:
		return refusal(words.CommandSlow(c.Argv[0], timeout), err)
	case errors.Is(err, syscall.EPIPE):
		return nil // it did not care to read all of its input
	}
	return refusal(words.CommandFailed(c.Argv[0], err.Error(), said), err)
}

// head keeps the beginning of what is written to it.
type head struct{ b []byte }

// headMost is how many bytes of a program's output, or of an answer, are kept.
const headMost = 400

func (h *head) Write(p []byte) (int, error) {
	h.b = append(h.b, p[:min(len(p), headMost-len(h.b))]...)
	return len(p), nil
}

// String is the kept output as one harmless line.
func (h *head) String() string { return Plain(strings.ToValidUTF8(string(h.b), ""), words.BodyMost) }
