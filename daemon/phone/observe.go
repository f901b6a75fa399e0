package phone

import (
	"context"
	"errors"
	"net"
	"time"

	"backupwatchdog/daemon/backup"
)

// Kind is what a notification of the phone means.
type Kind int

const (
	// PasscodeShown: the phone asks its owner for the passcode.
	PasscodeShown Kind = iota + 1
	// PasscodeGone: the sheet was answered or put away.
	PasscodeGone
	// SyncStarted and SyncFinished: a computer took, and gave back, the phone.
	SyncStarted
	SyncFinished
	// BackupChanged: the phone's own record of its backups has changed.
	BackupChanged
)

// Event is one notification.
type Event struct {
	Kind Kind
	At   time.Time
}

// observed are the notifications asked for: those idevicebackup2 observes
// itself, and those of libimobiledevice/notification_proxy.h around a sync.
var observed = map[string]Kind{
	"com.apple.LocalAuthentication.ui.presented": PasscodeShown,
	"com.apple.LocalAuthentication.ui.dismissed": PasscodeGone,
	"com.apple.itunes-mobdev.syncWillStart":      SyncStarted,
	"com.apple.itunes-mobdev.syncDidStart":       SyncStarted,
	"com.apple.itunes-mobdev.syncDidFinish":      SyncFinished,
	"com.apple.mobile.backup.domain_changed":     BackupChanged,
}

// Bounds of an observation.
const (
	notificationProxy = "com.apple.mobile.notification_proxy"
	maxEvents         = 300 // a minute; a phone that sends more is not believed
)

// errFlood ends an observation of a phone that will not stop talking.
var errFlood = errors.New("the iPhone sends too many notifications")

// Observe waits for the phone's notifications. The channel is closed when ctx
// ends or the connection is lost; from then on nothing is known, also not that a
// sheet seen before is still shown. An error means that it never began.
func (c *Client) Observe(ctx context.Context, udid string) (<-chan Event, error) {
	conn, err := c.openProxy(ctx, udid)
	if err != nil {
		return nil, err
	}
	events := make(chan Event, 16)
	stop := closeWith(ctx, conn)
	go func() {
		defer close(events)
		defer conn.Close()
		defer stop()
		c.relay(ctx, conn, events)
	}()
	return events, nil
}

// openProxy starts notification_proxy and tells it what is wanted.
func (c *Client) openProxy(ctx context.Context, udid string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	device, err := c.find(ctx, udid)
	if err != nil {
		return nil, err
	}
	record, err := c.readPairRecord(ctx, device.UDID)
	if err != nil {
		return nil, err
	}
	port, secure, err := c.startProxy(ctx, device.DeviceID, record)
	if err != nil {
		return nil, err
	}
	conn, err := c.connect(ctx, device.DeviceID, port)
	if err != nil {
		return nil, err
	}
	conn, err = subscribe(ctx, conn, record, secure)
	return conn, err
}

// startProxy asks lockdownd for the service's port.
func (c *Client) startProxy(ctx context.Context, device int64, r pairRecord) (port uint16, secure bool, err error) {
	l, err := c.openLockdown(ctx, device)
	if err != nil {
		return 0, false, err
	}
	defer l.close()
	defer closeWith(ctx, l.conn)()
	if err := l.start(ctx, r); err != nil {
		return 0, false, err
	}
	return l.service(notificationProxy)
}

// subscribe begins TLS where the phone wants it and names the notifications.
// On an error it has closed the connection.
func subscribe(ctx context.Context, plain net.Conn, r pairRecord, secure bool) (net.Conn, error) {
	defer closeWith(ctx, plain)()
	conn := plain
	if secure {
		var err error
		if conn, err = r.encrypt(ctx, plain); err != nil {
			plain.Close()
			return nil, err
		}
	}
	deadline(conn)
	for name := range observed {
		if err := writeFrame(conn, map[string]any{"Command": "ObserveNotification", "Name": name}); err != nil {
			conn.Close()
			return nil, err
		}
	}
	conn.SetDeadline(time.Time{})
	return conn, nil
}

// relay hands on notifications until the connection ends.
func (c *Client) relay(ctx context.Context, conn net.Conn, events chan<- Event) error {
	begin, count := c.now(), 0
	for {
		body, err := readFrame(conn)
		if err != nil {
			return err
		}
		now := c.now()
		if now.Sub(begin) >= time.Minute || now.Before(begin) {
			begin, count = now, 0
		}
		if count++; count > maxEvents {
			return errFlood
		}
		if text(body, "Command") == "ProxyDeath" {
			return nil
		}
		kind, known := observed[text(body, "Name")]
		if !known {
			continue
		}
		select {
		case events <- Event{Kind: kind, At: now}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Apply notes an event in what is known of a phone.
func (e Event) Apply(p *backup.Phone) {
	switch e.Kind {
	case PasscodeShown:
		p.Passcode = backup.Yes
	case PasscodeGone:
		p.Passcode = backup.No
	}
}
