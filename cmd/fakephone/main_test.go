package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// buffer may be written and read at the same time, and wakes its reader.
type buffer struct {
	mu      sync.Mutex
	b       bytes.Buffer
	changed chan struct{}
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.changed <- struct{}{}:
	default:
	}
	return b.b.Write(p)
}

// await waits until the text has been written.
func (b *buffer) await(t *testing.T, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		b.mu.Lock()
		found := strings.Contains(b.b.String(), text)
		b.mu.Unlock()
		if found {
			return
		}
		select {
		case <-b.changed:
		case <-ctx.Done():
			t.Fatalf("%q was never written:\n%s", text, b.b.String())
		}
	}
}

// Commands reach the phone while it runs, and quit ends the program.
func TestCommands(t *testing.T) {
	in, commands := io.Pipe()
	var out bytes.Buffer
	log := &buffer{changed: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() { ended <- run(t.Context(), []string{"--battery", "50"}, in, &out, log) }()
	for _, step := range []struct{ command, says string }{
		{"detach", "phone: detached USB"},
		{"attach network", "phone: attached Network"},
		{"passcode on", "phone: passcode-shown"},
		{"passcode off", "phone: passcode-hidden"},
		{"battery low", `battery takes a number of per cent, not "low"`},
		{"fault nonsense", `"nonsense" is not a fault`},
		{"dance", `"dance" is not a command; try attach`},
	} {
		io.WriteString(commands, step.command+"\n")
		log.await(t, step.says)
	}
	io.WriteString(commands, "quit\n")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(out.String(), "USBMUXD_SOCKET_ADDRESS=127.0.0.1:") {
		t.Error(out.String())
	}
}

// A written backup can be stalled and released from outside.
func TestWrite(t *testing.T) {
	root := t.TempDir()
	in, commands := io.Pipe()
	log := &buffer{changed: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() {
		ended <- run(t.Context(), []string{"--write", root, "--files", "20", "--size", "100", "--fault", "stall-after:50", "--udid", "A"}, in, io.Discard, log)
	}()
	log.await(t, "phone: stalled")
	io.WriteString(commands, "resume\n")
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "A", "Manifest.db")); err != nil {
		t.Error(err)
	}
}

func TestChain(t *testing.T) {
	var out bytes.Buffer
	root := t.TempDir()
	err := run(t.Context(), []string{"--chain", root, "--state", "torn-first", "--files", "20", "--udid", "A", "--age", "48h"}, strings.NewReader(""), &out, io.Discard)
	if err != nil || out.String() != filepath.Join(root, "A")+"\n" {
		t.Fatal(err, out.String())
	}
	st, err := os.Stat(filepath.Join(root, "A", "Status.plist"))
	if err != nil || time.Since(st.ModTime()) < 47*time.Hour {
		t.Error(err)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"--no-such-flag"}, {"stall-after:400"}, {"--files", "many"}} {
		var log, out bytes.Buffer
		err := run(t.Context(), args, strings.NewReader(""), &out, &log)
		if !errors.Is(err, errUsage) || !strings.Contains(log.String(), "hint: ") || out.Len() > 0 {
			t.Errorf("%q: %v\n%s%s", args, err, out.String(), log.String())
		}
	}
	for _, args := range [][]string{{"--fault", "nonsense"}, {"--fault", "stall-after:400"}, {"--chain", t.TempDir(), "--state", "nonsense"}} {
		if err := run(t.Context(), args, strings.NewReader(""), io.Discard, io.Discard); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}

// Help is asked for, so it is a result.
func TestHelp(t *testing.T) {
	var log, out bytes.Buffer
	err := run(t.Context(), []string{"--help"}, strings.NewReader(""), &out, &log)
	if !errors.Is(err, flag.ErrHelp) || log.Len() > 0 || !strings.Contains(out.String(), "stall-after:N") || !strings.Contains(out.String(), "-battery") {
		t.Errorf("%v\n%s\n%s", err, out.String(), log.String())
	}
}
