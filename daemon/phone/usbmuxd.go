package phone

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/bits"
	"net"
	"strings"
	"syscall"
	"time"

	"backupwatchdog/plist"
)

// Bounds of talking to usbmuxd and to phones.
const (
	maxFrame     = 1 << 20
	dialLimit    = 2 * time.Second
	answerLimit  = 3 * time.Second // for one question
	askLimit     = 10 * time.Second
	maxUnrelated = 64 // frames stepped over while waiting for an answer
)

// DefaultSocket is where usbmuxd listens when nobody says otherwise.
const DefaultSocket = "/var/run/usbmuxd"

// What can stand between this computer and a phone. Use errors.Is.
var (
	// ErrAbsent: no usbmuxd listens. Normal on Linux while no phone was ever attached.
	ErrAbsent = errors.New("usbmuxd is not running")
	// ErrRefused: usbmuxd is there and does not let this user in, or says no.
	ErrRefused = errors.New("usbmuxd refuses")
	// ErrNotAttached: usbmuxd does not list this phone now.
	ErrNotAttached = errors.New("the iPhone is not connected")
)

// Options says where usbmuxd is. The zero Options are those of this computer.
type Options struct {
	// Address as Address returns it; "" is DefaultSocket.
	Address string
	// Now tells the time; nil is time.Now.
	Now func() time.Time
}

// Address returns where usbmuxd listens: what USBMUXD_SOCKET_ADDRESS says
// ("UNIX:/path", "/path", "host:port"), else DefaultSocket.
func Address(getenv func(string) string) string {
	if a := getenv("USBMUXD_SOCKET_ADDRESS"); a != "" {
		return a
	}
	return DefaultSocket
}

// splitAddress tells the network of an address.
func splitAddress(address string) (network, addr string) {
	switch path, unix := strings.CutPrefix(address, "UNIX:"); {
	case address == "":
		return "unix", DefaultSocket
	case unix:
		return "unix", path
	case strings.HasPrefix(address, "/"):
		return "unix", address
	}
	return "tcp", address
}

// Client asks usbmuxd and, through it, phones. It keeps no connection open and
// may be used by several goroutines.
type Client struct {
	now  func() time.Time
	dial func(context.Context) (net.Conn, error)
}

// NewClient returns a Client; it does not connect yet.
func NewClient(o Options) *Client {
	network, addr := splitAddress(o.Address)
	c := &Client{now: o.Now}
	if c.now == nil {
		c.now = time.Now
	}
	c.dial = func(ctx context.Context) (net.Conn, error) {
		d := net.Dialer{Timeout: dialLimit}
		return d.DialContext(ctx, network, addr)
	}
	return c
}

// mux is one connection to usbmuxd.
type mux struct {
	net.Conn
	tag uint32
}

// open connects to usbmuxd.
func (c *Client) open(ctx context.Context) (*mux, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, explainDial(err)
	}
	return &mux{Conn: conn}, nil
}

// closeWith closes conn when ctx ends, until the returned function is called.
func closeWith(ctx context.Context, conn net.Conn) (stop func() bool) {
	return context.AfterFunc(ctx, func() { conn.Close() })
}

// explainDial sorts the reasons for which a socket does not open.
func explainDial(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: %w", ErrAbsent, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return fmt.Errorf("connecting to usbmuxd: %w", err)
}

// send writes one message. Every message names the program, as usbmuxd expects.
func (m *mux) send(kind string, more map[string]any) error {
	msg := map[string]any{
		"MessageType": kind, "ProgName": program, "ClientVersionString": program,
		"BundleID": program, "kLibUSBMuxVersion": 3,
	}
	for k, v := range more {
		msg[k] = v
	}
	body, err := plist.Marshal(msg, plist.XML)
	if err != nil {
		return err
	}
	m.tag++
	frame := make([]byte, 16, 16+len(body))
	for i, v := range []uint32{uint32(16 + len(body)), 1, 8, m.tag} {
		binary.LittleEndian.PutUint32(frame[4*i:], v)
	}
	_, err = m.Write(append(frame, body...))
	return err
}

// program is how we introduce ourselves.
const program = "backup-watchdog"

// receive reads one frame and returns its tag and property list.
func (m *mux) receive() (tag uint32, body []byte, err error) {
	var head [16]byte
	if _, err := io.ReadFull(m, head[:]); err != nil {
		return 0, nil, err
	}
	length, kind := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[8:])
	if length < 16 || length > maxFrame {
		return 0, nil, fmt.Errorf("a frame of %d bytes from usbmuxd", length)
	}
	body, err = readBody(m, int(length)-16)
	if err == nil && kind != 8 {
		err = fmt.Errorf("a frame of kind %d from usbmuxd, not a property list", kind)
	}
	return binary.LittleEndian.Uint32(head[12:]), body, err
}

// readBody reads n bytes, and takes memory only as they arrive.
func readBody(r io.Reader, n int) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err == nil && len(body) < n {
		err = io.ErrUnexpectedEOF
	}
	return body, err
}

// ask sends a message and returns the answer to it, within answerLimit. Frames
// that belong to nothing asked are stepped over.
func (m *mux) ask(kind string, more map[string]any) ([]byte, error) {
	m.SetDeadline(time.Now().Add(answerLimit))
	defer m.SetDeadline(time.Time{})
	if err := m.send(kind, more); err != nil {
		return nil, fmt.Errorf("asking usbmuxd for %s: %w", kind, err)
	}
	for range maxUnrelated {
		tag, body, err := m.receive()
		if err != nil {
			return nil, fmt.Errorf("waiting for usbmuxd's answer to %s: %w", kind, err)
		}
		if tag == m.tag {
			return body, nil
		}
	}
	return nil, fmt.Errorf("waiting for usbmuxd's answer to %s: only other messages came", kind)
}

// result is usbmuxd's plain answer; Number 0 is yes.
type result struct {
	MessageType string
	Number      *int64
}

// demand sends a message whose answer is a plain yes or no.
func (m *mux) demand(kind string, more map[string]any) error {
	body, err := m.ask(kind, more)
	if err != nil {
		return err
	}
	return refusal(kind, body)
}

// refusal reads a plain answer. Numbers are those of usbmuxd-proto.h: 1 bad
// command, 2 no such device, 3 connection refused, 6 bad version.
func refusal(kind string, body []byte) error {
	var r result
	if err := plist.Unmarshal(body, &r); err != nil {
		return fmt.Errorf("reading usbmuxd's answer to %s: %w", kind, err)
	}
	if r.Number == nil {
		return fmt.Errorf("%w %s: no result in its answer", ErrRefused, kind)
	}
	if *r.Number != 0 {
		return fmt.Errorf("%w %s: result %d", ErrRefused, kind, *r.Number)
	}
	return nil
}

// connect turns the connection into one to a port of a phone. The port travels
// in network byte order inside a little-endian number.
func (c *Client) connect(ctx context.Context, device int64, port uint16) (net.Conn, error) {
	m, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	defer closeWith(ctx, m)()
	err = m.demand("Connect", map[string]any{"DeviceID": device, "PortNumber": int(bits.ReverseBytes16(port))})
	if err != nil {
		m.Close()
		return nil, err
	}
	return m.Conn, nil
}
