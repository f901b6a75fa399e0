package control_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

// pipes is a listener without a network, for tests on simulated time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial(context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// TestEvents: every change arrives, in bundles, over hours of quiet, until the
// daemon ends.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, p := newDesk(), newPipes()
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- control.Serve(ctx, p, d) }()
		begin := time.Now()
		var got []string
		done := make(chan error, 1)
		go func() {
			done <- control.NewClientOn("pipe", p.dial).Events(t.Context(), func(s control.Status) error {
				got = append(got, fmt.Sprint(time.Since(begin).Truncate(10*time.Millisecond), " ", s.Backups[0].Phase))
				return nil
			})
		}()
		synctest.Wait()
		for range 50 { // a burst is told once at its beginning and once at its end
			d.set(backup.Finishing)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(3 * time.Hour)
		d.set(backup.Complete)
		time.Sleep(time.Second)
		cancel()
		if err := <-done; !errors.Is(err, control.ErrNotRunning) {
			t.Errorf("after the end: %v", err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		if s := strings.Join(got, ", "); s != "0s transferring, 200ms finishing, 3h0m0.05s complete" {
			t.Errorf("got %s", s)
		}
	})
}

// TestSilentDaemon: a daemon that accepts and says nothing does not hold us.
func TestSilentDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := func(context.Context) (net.Conn, error) {
			near, far := net.Pipe()
			go io.Copy(io.Discard, far)
			return near, nil
		}
		c := control.NewClientOn("pipe", dial)
		begin := time.Now()
		if _, err := c.Status(t.Context()); !errors.Is(err, control.ErrNotRunning) {
			t.Errorf("status: %v", err)
		}
		if d := time.Since(begin); d > 15*time.Second {
			t.Errorf("status gave up after %v", d)
		}
		err := c.Events(t.Context(), func(control.Status) error { return nil })
		if !errors.Is(err, control.ErrNotRunning) || !strings.Contains(err.Error(), "stopped answering") {
			t.Errorf("events: %v", err)
		}
	})
}

// TestLongCheck: a check that is silent for an hour is not cut off by any time-out.
func TestLongCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- control.Serve(ctx, p, slowDesk{newDesk()}) }()
		c := control.NewClientOn("pipe", p.dial)
		r, err := c.Check(t.Context(), control.CheckRequest{}, nil)
		if err != nil || string(r) != `"whole"` {
			t.Errorf("got %s, %v", r, err)
		}
		if l, err := c.TestNotification(t.Context()); err != nil || len(l) != 1 || l[0].Outcome != "sent" {
			t.Errorf("got %v, %v", l, err)
		}
		cancel()
		<-served
	})
}

// slowDesk takes its time.
type slowDesk struct{ *desk }

func (slowDesk) Check(ctx context.Context, _ control.CheckRequest, _ func(any)) (any, error) {
	select {
	case <-time.After(time.Hour):
		return "whole", nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (slowDesk) TestNotification(ctx context.Context) []control.TestResult {
	select {
	case <-time.After(time.Minute):
		return []control.TestResult{{Outcome: "sent"}}
	case <-ctx.Done():
		return nil
	}
}

// TestStrangeServers: whatever answers, the client returns a typed error.
func TestStrangeServers(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nWatchdog-Schema: 1\r\nWatchdog-Version: v9\r\n"
	for _, tt := range []struct {
		name, answer string
		want         error
	}{
		{"closes at once", "", control.ErrNotRunning},
		{"another program", "SSH-2.0-x\r\n", control.ErrNotRunning},
		{"another web server", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", control.ErrVersion},
		{"another schema", "HTTP/1.1 200 OK\r\nWatchdog-Schema: 2\r\nContent-Length: 2\r\n\r\n{}", control.ErrVersion},
		{"no JSON", head + "Content-Length: 4\r\n\r\nnope", control.ErrVersion},
		{"cut short", head + "Content-Length: 400\r\n\r\n{", control.ErrVersion},
		{"unknown question", strings.Replace(head, "200 OK", "404 Not Found", 1) + "Content-Length: 0\r\n\r\n", control.ErrVersion},
		{"leads away", "HTTP/1.1 302 Found\r\nLocation: http://example.org/\r\nWatchdog-Schema: 1\r\nContent-Length: 0\r\n\r\n", control.ErrRefused},
		{"endless header", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20), control.ErrNotRunning},
	} {
		dial := func(context.Context) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				http.ReadRequest(bufio.NewReader(far))
				io.WriteString(far, tt.answer)
				far.Close()
			}()
			return near, nil
		}
		_, err := control.NewClientOn("pipe", dial).Status(t.Context())
		h, ok := err.(interface{ Hint() string })
		if !errors.Is(err, tt.want) || !ok {
			t.Errorf("%s: got %v", tt.name, err)
		}
		if tt.want != control.ErrRefused && ok && h.Hint() == "" {
			t.Errorf("%s: no hint", tt.name)
		}
	}
}
