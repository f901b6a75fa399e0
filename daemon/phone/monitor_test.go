package phone

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/phone/phonetest"
)

func TestMonitorFollowsPhones(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	mux, err := phonetest.StartMux(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	m := NewMonitor(Options{Address: mux.Addr()})
	go m.Run(ctx)
	await(ctx, t, m.Changes(), "an empty list", func(s Snapshot) bool { return s.State == Connected && len(s.Devices) == 0 })

	a, err := mux.Add(phonetest.Config{Connections: []phonetest.Connection{phonetest.Network}})
	if err != nil {
		t.Fatal(err)
	}
	s := await(ctx, t, m.Changes(), "the phone over Wi-Fi", func(s Snapshot) bool { return s.Link(udid) == backup.LinkNetwork })
	since := s.Devices[0].Since
	a.Attach(phonetest.USB)
	s = await(ctx, t, m.Changes(), "the phone on a cable", func(s Snapshot) bool { return s.Link(udid) == backup.LinkUSB })
	if len(s.Devices) != 1 || !s.Devices[0].Since.Equal(since) {
		t.Errorf("one phone, attached since %v: %+v", since, s.Devices)
	}
	if _, err := mux.Add(phonetest.Config{UDID: strings.Repeat("b", 40)}); err != nil {
		t.Fatal(err)
	}
	await(ctx, t, m.Changes(), "the second phone", func(s Snapshot) bool { return len(s.Devices) == 2 })
	a.Detach(phonetest.USB)
	await(ctx, t, m.Changes(), "Wi-Fi again", func(s Snapshot) bool { return s.Link(udid) == backup.LinkNetwork })
	a.Detach(phonetest.Network)
	await(ctx, t, m.Changes(), "gone", func(s Snapshot) bool { return s.Link(udid) == backup.LinkGone && len(s.Devices) == 1 })
}

// A socket file nobody listens on, or none at all, is "absent" and no trouble;
// the monitor finds usbmuxd when it comes.
func TestMonitorWaitsForUsbmuxd(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	dir, err := os.MkdirTemp("", "mux") // short: a socket's path is limited
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	sock := filepath.Join(dir, "s")
	m := NewMonitor(Options{Address: "UNIX:" + sock})
	go m.Run(ctx)
	s := await(ctx, t, m.Changes(), "absent", func(s Snapshot) bool { return s.State == "absent" })
	if s.Link(udid) != backup.LinkUnknown {
		t.Error("a phone nobody can see is said to be gone")
	}
	if _, err := phonetest.Start(ctx, phonetest.Config{Addr: "UNIX:" + sock}); err != nil {
		t.Fatal(err)
	}
	await(ctx, t, m.Changes(), "the phone", func(s Snapshot) bool { return s.Link(udid) == backup.LinkUSB })
}

func TestDescribe(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{explainDial(syscall.ENOENT), "absent"},
		{explainDial(syscall.ECONNREFUSED), "absent"},
		{explainDial(syscall.EACCES), "refused: "},
		{refusal("Listen", []byte(dict(`<key>Number</key><integer>6</integer>`))), "refused: "},
		{errors.New("a frame of \x1b[2J bytes"), "lost: "},
	} {
		if got := describe(tt.err); !strings.HasPrefix(got, tt.want) || strings.ContainsRune(got, 0x1b) {
			t.Errorf("%v: got %q", tt.err, got)
		}
	}
}

// muxd is a usbmuxd over pipes, which a bubble of synctest can hold.
type muxd struct {
	mu      sync.Mutex
	phones  string // entries of ListDevices
	dials   []time.Time
	refuse  error // of the next dials
	tells   chan string
	silence bool // Listen is never answered
}

func (d *muxd) dial(context.Context) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dials = append(d.dials, time.Now())
	if d.refuse != nil {
		return nil, d.refuse
	}
	here, there := net.Pipe()
	go d.serve(there)
	return here, nil
}

func (d *muxd) serve(c net.Conn) {
	defer c.Close()
	var head [16]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return
	}
	body := make([]byte, binary.LittleEndian.Uint32(head[:])-16)
	io.ReadFull(c, body)
	tag := binary.LittleEndian.Uint32(head[12:])
	if text(body, "MessageType") == "ListDevices" {
		d.mu.Lock()
		list := listing(d.phones)
		d.mu.Unlock()
		say(c, tag, list)
		return
	}
	if d.silence {
		io.Copy(io.Discard, c)
		return
	}
	say(c, tag, dict(yes))
	for event := range d.tells {
		say(c, 0, event)
	}
}

// newBubble returns a running monitor on a muxd.
func newBubble(t *testing.T, d *muxd) *Monitor {
	d.tells = make(chan string)
	m := NewMonitor(Options{})
	m.client.dial = d.dial
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); m.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; close(d.tells) })
	synctest.Wait()
	return m
}

func TestMonitorBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &muxd{refuse: syscall.EACCES}
		newBubble(t, d)
		pass(5 * time.Minute) // of the bubble's time
		d.mu.Lock()
		defer d.mu.Unlock()
		if n := len(d.dials); n < 8 || n > 15 {
			t.Errorf("tried %d times in five minutes", n)
		}
		for i := 1; i < len(d.dials); i++ {
			if gap := d.dials[i].Sub(d.dials[i-1]); gap < backoffFirst || gap > backoffMost {
				t.Errorf("tried again after %v", gap)
			}
		}
	})
}

// An event that was lost is made good by the list that is asked each minute.
func TestMonitorRelists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &muxd{}
		m := newBubble(t, d)
		if s := <-m.Changes(); s.State != Connected || len(s.Devices) != 0 {
			t.Fatalf("at first %+v", s)
		}
		d.mu.Lock()
		d.phones = entry("4", udid, "USB") + `<string>odd</string>`
		d.mu.Unlock()
		pass(relistEvery + time.Second)
		if s := <-m.Changes(); s.Link(udid) != backup.LinkUSB || s.Skipped != 1 {
			t.Errorf("after a minute %+v", s)
		}
	})
}

func TestMonitorSurvivesNonsense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &muxd{phones: entry("4", udid, "USB")}
		m := newBubble(t, d)
		for _, event := range []string{
			"garbage", dict(``), dict(`<key>MessageType</key><integer>3</integer>`), dict(yes),
			dict(`<key>MessageType</key><string>Attached</string><key>DeviceID</key><integer>9</integer>`),
			dict(`<key>MessageType</key><string>Detached</string><key>DeviceID</key><integer>77</integer>`),
			dict(`<key>MessageType</key><string>Paired</string><key>DeviceID</key><integer>4</integer>`),
		} {
			d.tells <- event
		}
		synctest.Wait()
		if s := <-m.Changes(); s.Link(udid) != backup.LinkUSB || len(s.Devices) != 1 {
			t.Errorf("got %+v", s)
		}
		d.tells <- dict(`<key>MessageType</key><string>Detached</string><key>DeviceID</key><integer>4</integer>`)
		synctest.Wait()
		if s := <-m.Changes(); s.Link(udid) != backup.LinkGone {
			t.Errorf("after it left: %+v", s)
		}
	})
}

// A usbmuxd that accepts and then says nothing must not hold the monitor.
func TestMonitorSilentUsbmuxd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &muxd{silence: true}
		m := newBubble(t, d)
		pass(answerLimit + backoffFirst + time.Second)
		if s := <-m.Changes(); !strings.HasPrefix(s.State, "lost: ") || s.Link(udid) != backup.LinkUnknown {
			t.Errorf("got %+v", s)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.dials) < 2 {
			t.Error("never tried again")
		}
	})
}
