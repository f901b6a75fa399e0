package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/control"
)

// forgetful is a daemon whose history cannot be read.
type forgetful struct{ *served }

func (forgetful) History(control.HistoryQuery) (control.History, error) {
	return control.History{}, &control.Error{Message: "the history is damaged"}
}

// TestReportWithoutHistory: a watchdog without its memory still tells how the
// backups are, and the report says what is not in it.
func TestReportWithoutHistory(t *testing.T) {
	state, err := os.MkdirTemp("/tmp", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(state)
	lock, err := control.TakeLock(state)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	ln, _, err := control.Listen(lock, state)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	done := make(chan struct{})
	defer func() { cancel(); <-done }()
	go func() {
		defer close(done)
		control.Serve(ctx, ln, forgetful{&served{status: pictureOf("stuck")}})
	}()
	var out bytes.Buffer
	p := &program{Stdout: &out, Stderr: os.Stderr, Getenv: func(string) string { return "" }, Home: "/h", GOOS: "linux", Now: func() time.Time { return now }}
	if code := run(ctx, p, []string{"report", "-o", "-", "--state-dir", state}); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"The backup is stuck", "cannot be shown: the history is damaged."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(out.String(), "No run has been seen yet") {
		t.Error("it claims that there was no run")
	}
}
