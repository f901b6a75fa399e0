package phone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/phone/phonetest"
)

// next returns the next event, or fails.
func next(ctx context.Context, t *testing.T, events <-chan Event) (Event, bool) {
	t.Helper()
	select {
	case e, ok := <-events:
		return e, ok
	case <-ctx.Done():
		t.Fatal("no event came")
		return Event{}, false
	}
}

// subscribed waits until the phone knows everything we want to hear.
func subscribed(ctx context.Context, t *testing.T, p *phonetest.Phone) {
	t.Helper()
	for range observed {
		if _, err := p.Await(ctx, "observed"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestObserve(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %v", secure), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			p, c := start(t, phonetest.Config{TLS: secure})
			watch, stop := context.WithCancel(ctx)
			events, err := c.Observe(watch, udid)
			if err != nil {
				t.Fatal(err)
			}
			subscribed(ctx, t, p)
			known := Unheard()
			for _, step := range []struct {
				name     string
				kind     Kind
				passcode backup.Tri
			}{
				{"com.apple.LocalAuthentication.ui.presented", PasscodeShown, backup.Yes},
				{"com.apple.LocalAuthentication.ui.dismissed", PasscodeGone, backup.No},
				{"com.apple.itunes-mobdev.syncDidFinish", SyncFinished, backup.No},
				{"com.apple.mobile.backup.domain_changed", BackupChanged, backup.No},
			} {
				p.Post("com.apple.something.else")
				p.Post(step.name)
				e, ok := next(ctx, t, events)
				e.Apply(&known)
				if !ok || e.Kind != step.kind || known.Passcode != step.passcode {
					t.Errorf("%s: got %+v, passcode %v", step.name, e, known.Passcode)
				}
			}
			stop()
			if e, ok := next(ctx, t, events); ok {
				t.Errorf("after the end: %+v", e)
			}
		})
	}
}

func TestObserveEndsWithThePhone(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p, c := start(t, phonetest.Config{})
	events, err := c.Observe(ctx, udid)
	if err != nil {
		t.Fatal(err)
	}
	subscribed(ctx, t, p)
	p.Detach()
	if e, ok := next(ctx, t, events); ok {
		t.Errorf("after the phone has left: %+v", e)
	}
}

func TestObserveRefused(t *testing.T) {
	for name, cfg := range map[string]phonetest.Config{
		"locked":       {Faults: "lockdown-error:PasswordProtected"},
		"never paired": {Unpaired: true},
		"no service":   {Faults: "service-error:ServiceProhibited:" + notificationProxy},
		"not attached": {Detached: true},
	} {
		_, c := start(t, cfg)
		if events, err := c.Observe(t.Context(), udid); err == nil || events != nil {
			t.Errorf("%s: %v, %v", name, events, err)
		}
	}
}

// relayFrom runs the reading half against a phone in the hands of the test.
func relayFrom(t *testing.T, phone func(c net.Conn)) (int, error) {
	t.Helper()
	here, there := net.Pipe()
	go func() { defer there.Close(); phone(there) }()
	events := make(chan Event, maxEvents+10)
	stopped := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	c := &Client{now: func() time.Time { return stopped }}
	err := c.relay(t.Context(), here, events)
	here.Close()
	return len(events), err
}

func TestObserveHostilePhone(t *testing.T) {
	shown := dict(`<key>Command</key><string>RelayNotification</string><key>Name</key><string>com.apple.LocalAuthentication.ui.presented</string>`)
	n, err := relayFrom(t, func(c net.Conn) {
		for range 10 * maxEvents {
			lockdownFrame(c, shown)
		}
	})
	if n != maxEvents || !errors.Is(err, errFlood) {
		t.Errorf("a flood: %d events, %v", n, err)
	}
	n, err = relayFrom(t, func(c net.Conn) {
		lockdownFrame(c, "garbage")
		lockdownFrame(c, dict(`<key>Name</key><integer>1</integer>`))
		lockdownFrame(c, shown)
		c.Write([]byte{0x7f, 0xff, 0xff, 0xff})
	})
	if n != 1 || err == nil {
		t.Errorf("nonsense around one event: %d events, %v", n, err)
	}
}
