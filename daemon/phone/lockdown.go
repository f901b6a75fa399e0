package phone

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"backupwatchdog/plist"
)

// lockdownPort is where lockdownd listens on every phone.
const lockdownPort = 62078

// lockdown is one connection to lockdownd.
type lockdown struct {
	conn    net.Conn // encrypted once a session with TLS has begun
	session string   // "" outside of a session
	broken  bool     // an answer failed to come: nothing more can be asked
}

// refusedError is a "no" of lockdownd, by the name it gives.
type refusedError string

func (e refusedError) Error() string { return "the phone answers " + string(e) }

// revoked reports whether err says that the phone no longer trusts this
// computer although there is a pair record: the owner has reset the trust, or
// the phone was erased. A locked phone says PasswordProtected: that is no such.
func revoked(err error) bool {
	var r refusedError
	if !errors.As(err, &r) {
		return false
	}
	return r == "InvalidHostID" || r == "InvalidPairRecord" || r == "UserDeniedPairing"
}

// openLockdown connects to a phone's lockdownd and makes sure it is one.
func (c *Client) openLockdown(ctx context.Context, device int64) (*lockdown, error) {
	conn, err := c.connect(ctx, device, lockdownPort)
	if err != nil {
		return nil, err
	}
	defer closeWith(ctx, conn)()
	l := &lockdown{conn: conn}
	body, err := l.ask("QueryType", nil)
	if err == nil && text(body, "Type") != "com.apple.mobile.lockdown" {
		err = errors.New("what answers is not lockdownd")
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("greeting the iPhone: %w", err)
	}
	return l, nil
}

// ask puts one request and returns the answer, within answerLimit. After an
// error the connection is out of step and of no more use, unless the error is a
// refusedError.
func (l *lockdown) ask(request string, more map[string]any) ([]byte, error) {
	msg := map[string]any{"Request": request, "Label": program, "ProtocolVersion": "2"}
	for k, v := range more {
		msg[k] = v
	}
	body, err := l.exchange(msg)
	if err != nil {
		l.broken = true
		return nil, fmt.Errorf("asking the iPhone for %s: %w", request, err)
	}
	var answer struct{ Error string }
	if err := plist.Unmarshal(body, &answer); err != nil && !errors.Is(err, plist.ErrWrongType) {
		return nil, fmt.Errorf("reading the iPhone's answer to %s: %w", request, err)
	}
	if answer.Error != "" {
		return nil, refusedError(plist.Clean(answer.Error, 60))
	}
	return body, nil
}

// exchange sends one frame and receives one.
func (l *lockdown) exchange(msg map[string]any) ([]byte, error) {
	deadline(l.conn)
	if err := writeFrame(l.conn, msg); err != nil {
		return nil, err
	}
	return readFrame(l.conn)
}

// values asks for everything in a domain.
func (l *lockdown) values(domain string) ([]byte, error) {
	return l.ask("GetValue", map[string]any{"Domain": domain})
}

// start begins a session with the trust of the pair record.
func (l *lockdown) start(ctx context.Context, r pairRecord) error {
	body, err := l.ask("StartSession", map[string]any{"HostID": r.HostID, "SystemBUID": r.SystemBUID})
	if err != nil {
		return err
	}
	l.session = text(body, "SessionID")
	if truth(body, "EnableSessionSSL") {
		secure, err := r.encrypt(ctx, l.conn)
		if err != nil {
			return err
		}
		l.conn = secure
	}
	return nil
}

// service asks for a service to be started and returns its port.
func (l *lockdown) service(name string) (port uint16, secure bool, err error) {
	body, err := l.ask("StartService", map[string]any{"Service": name})
	if err != nil {
		return 0, false, err
	}
	var answer struct{ Port int64 }
	if err := plist.Unmarshal(body, &answer); err != nil || answer.Port < 1 || answer.Port > 65535 {
		return 0, false, fmt.Errorf("the iPhone names no port for %s", name)
	}
	return uint16(answer.Port), truth(body, "EnableServiceSSL"), nil
}

// close ends the session, if there is one, and the connection.
func (l *lockdown) close() {
	if l.session != "" && !l.broken {
		l.ask("StopSession", map[string]any{"SessionID": l.session})
	}
	l.conn.Close()
}

// writeFrame sends a property list behind its length, four bytes, big-endian.
func writeFrame(w io.Writer, msg map[string]any) error {
	body, err := plist.Marshal(msg, plist.XML)
	if err != nil {
		return err
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body)))
	_, err = w.Write(append(frame, body...))
	return err
}

// readFrame receives what writeFrame sends.
func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || n > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes from the iPhone", n)
	}
	return readBody(r, int(n))
}
