package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// aStall is a trace in which a run stands still.
const aStall = `{"schema":1,"t":0}
{"t":0,"udid":"A","status":{"state":"uploading","backup":"new"},"snapshot":true,"files":1,"phone":"usb","writer":"alive"}
{"t":5000,"end":true}
`

// replayed runs watchdogctl on a trace from standard input.
func replayed(ctx context.Context, in io.Reader, out io.Writer, args ...string) (code int, stderr string) {
	var errs bytes.Buffer
	p := &program{Stdin: in, Stdout: out, Stderr: &errs, Getenv: func(string) string { return "" }, GOOS: "linux", Now: time.Now}
	return run(ctx, p, append([]string{"replay"}, args...)), errs.String()
}

// TestReplayStops: a trace that never ends, and one that never begins, end with
// the signal that ends the program.
func TestReplayStops(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	silent, w := io.Pipe()
	defer w.Close()
	for name, c := range map[string]struct {
		in  io.Reader
		arg string
	}{"standard input that says nothing": {silent, "-"}, "a pipe that nobody writes to": {nil, pipe}} {
		ctx, stop := context.WithCancel(context.Background())
		stop()
		began := time.Now()
		code, stderr := replayed(ctx, c.in, io.Discard, c.arg)
		if code != 1 || !strings.Contains(stderr, "stopped") || !strings.Contains(stderr, "hint: ") || time.Since(began) > 5*time.Second {
			t.Errorf("%s: exit %d after %v: %s", name, code, time.Since(began), stderr)
		}
	}
	if f, err := os.OpenFile(pipe, os.O_WRONLY, 0); err == nil { // lets go of who still waits for it
		f.Close()
	}
}

// noRoom is standard output on a full disk.
type noRoom struct{}

func (noRoom) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestReplayNoticesThatNothingIsWritten(t *testing.T) {
	for _, args := range [][]string{{"-"}, {"--json", "-"}} {
		if code, stderr := replayed(context.Background(), strings.NewReader(aStall), noRoom{}, args...); code != 1 || !strings.Contains(stderr, "no space left") {
			t.Errorf("%v: exit %d, %q", args, code, stderr)
		}
		if code, stderr := replayed(context.Background(), strings.NewReader(aStall), io.Discard, args...); code != 3 || stderr != "" {
			t.Errorf("%v, with room: exit %d, %q", args, code, stderr)
		}
	}
}
