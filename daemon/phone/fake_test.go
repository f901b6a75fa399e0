package phone

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"

	"backupwatchdog/daemon/phone/phonetest"
	"backupwatchdog/plist"
)

const udid = "00008110-001A2B3C4D5E801E" // phonetest's own

// start attaches a made-up phone and returns it with a client that finds it.
func start(t *testing.T, cfg phonetest.Config) (*phonetest.Phone, *Client) {
	t.Helper()
	p, err := phonetest.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := NewClient(Options{Address: p.Addr()})
	for range 20 { // its keys are made at the first question, which may take longer than an answer may
		if _, err := c.readPairRecord(t.Context(), udid); err == nil || cfg.Unpaired {
			break
		}
	}
	return p, c
}

// script is a usbmuxd that a test writes by hand. It is called once for each
// connection, in order; the last function serves all that follow.
func script(t *testing.T, serve ...func(c net.Conn)) *Client {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for i := 0; ; i++ {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			f := serve[min(i, len(serve)-1)]
			go func() { defer c.Close(); f(c) }()
		}
	}()
	return NewClient(Options{Address: ln.Addr().String()})
}

// hear reads one usbmuxd request and returns its tag.
func hear(c net.Conn) uint32 {
	var head [16]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return 0
	}
	io.CopyN(io.Discard, c, int64(binary.LittleEndian.Uint32(head[:]))-16)
	return binary.LittleEndian.Uint32(head[12:])
}

// say writes one usbmuxd frame.
func say(c net.Conn, tag uint32, body string) {
	frame := make([]byte, 16, 16+len(body))
	for i, v := range []uint32{uint32(16 + len(body)), 1, 8, tag} {
		binary.LittleEndian.PutUint32(frame[4*i:], v)
	}
	c.Write(append(frame, body...))
}

// answering serves requests with one answer each.
func answering(body string) func(net.Conn) {
	return func(c net.Conn) {
		for {
			tag := hear(c)
			if tag == 0 {
				return
			}
			say(c, tag, body)
		}
	}
}

// dict writes a property list by hand: what is wrong in it stays wrong.
func dict(content string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict>` + content + `</dict></plist>`
}

const yes = `<key>MessageType</key><string>Result</string><key>Number</key><integer>0</integer>`

// listing answers ListDevices with entries.
func listing(entries string) string {
	return dict(`<key>DeviceList</key><array>` + entries + `</array>`)
}

func entry(id, serial, link string) string {
	return `<dict><key>DeviceID</key><integer>` + id + `</integer><key>MessageType</key><string>Attached</string><key>Properties</key><dict>` +
		`<key>ConnectionType</key><string>` + link + `</string><key>SerialNumber</key><string>` + serial + `</string></dict></dict>`
}

// lockdownFrame writes one frame of lockdownd.
func lockdownFrame(c net.Conn, body string) {
	c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
}

// readLockdown reads one request to lockdownd and returns its name.
func readLockdown(c net.Conn) (request, domain string) {
	body, err := readFrame(c)
	if err != nil {
		return "", ""
	}
	var r struct{ Request, Domain string }
	plist.Unmarshal(body, &r)
	return r.Request, r.Domain
}

// await returns the first snapshot that fits.
func await(ctx context.Context, t *testing.T, ch <-chan Snapshot, what string, fits func(Snapshot) bool) Snapshot {
	t.Helper()
	var last Snapshot
	for {
		select {
		case last = <-ch:
			if fits(last) {
				return last
			}
		case <-ctx.Done():
			t.Fatalf("%s never came; last: %+v", what, last)
		}
	}
}
