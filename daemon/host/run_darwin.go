package host

import (
	"bytes"
	"context"
	"os/exec"
	"time"
)

// Bounds of a helper program of the system: ps, lsof, pmset.
const (
	runLimit   = 2 * time.Second
	outputSize = 1 << 20
)

// runCommand runs a program of the system with a time limit and returns what it
// printed, up to outputSize. A program that outlives its limit is killed, and
// nobody waits for the children that hold its output.
func runCommand(ctx context.Context, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin:/usr/sbin:/sbin"}
	cmd.WaitDelay = 500 * time.Millisecond
	out := &capped{}
	cmd.Stdout = out
	err := cmd.Run()
	return out.Bytes(), err
}

// capped keeps the first outputSize bytes and swallows the rest.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	if room := outputSize - c.Len(); room > 0 {
		c.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
