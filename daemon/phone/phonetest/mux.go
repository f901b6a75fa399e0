package phonetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"net"
	"strings"
	"sync"
	"time"

	"howett.net/plist"
)

// Results of usbmuxd, from libusbmuxd's usbmuxd-proto.h.
const (
	muxOK          = 0
	muxBadCommand  = 1
	muxBadDevice   = 2
	muxConnRefused = 3
)

// Mux is a usbmuxd: it lists phones and connects clients to them. Several
// phones may hang on one. It ends with the context it was started with.
type Mux struct {
	ctx     context.Context
	ln      net.Listener
	pairing *pairing

	mu        sync.Mutex
	phones    []*Phone
	devices   []device // in the order of attachment
	listeners map[*muxConn]bool
	lastID    int
}

// A device is one line of ListDevices: a phone over one connection. The same
// phone can be listed twice.
type device struct {
	id    int
	phone *Phone
	via   Connection

	station station // of one on the network
}

// StartMux begins to listen. addr is host:port or UNIX:/path; "" takes a free
// port of the loopback address.
func StartMux(ctx context.Context, addr string) (*Mux, error) {
	network, addr := muxAddr(addr)
	ln, err := net.Listen(network, addr)
	if err != nil {
		return nil, fmt.Errorf("starting the fake usbmuxd: %w", err)
	}
	m := &Mux{ctx: ctx, ln: ln, pairing: newPairing(), listeners: map[*muxConn]bool{}}
	context.AfterFunc(ctx, func() { ln.Close() })
	go m.accept()
	return m, nil
}

// muxAddr splits an address the way libusbmuxd reads it.
func muxAddr(addr string) (network, rest string) {
	if path, ok := strings.CutPrefix(addr, "UNIX:"); ok {
		return "unix", path
	}
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	return "tcp", addr
}

// Addr is the value USBMUXD_SOCKET_ADDRESS needs.
func (m *Mux) Addr() string {
	if m.ln.Addr().Network() == "unix" {
		return "UNIX:" + m.ln.Addr().String()
	}
	return m.ln.Addr().String()
}

// Add makes a phone from cfg and attaches it.
func (m *Mux) Add(cfg Config) (*Phone, error) {
	p, err := newPhone(m, cfg)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	m.phones = append(m.phones, p)
	m.mu.Unlock()
	if !p.cfg.Detached {
		p.Attach(p.cfg.Connections...)
	}
	return p, nil
}

// attach lists a phone over one connection and tells the listeners.
func (m *Mux) attach(p *Phone, via Connection) {
	var s station
	if via == Network {
		s = p.openStation()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.devices {
		if d.phone == p && d.via == via {
			s.close()
			return
		}
	}
	m.lastID++
	d := device{id: m.lastID, phone: p, via: via, station: s}
	m.devices = append(m.devices, d)
	m.tell(d.attached())
}

// detach takes a phone off the list and tells the listeners.
func (m *Mux) detach(p *Phone, via Connection) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.devices[:0]
	for _, d := range m.devices {
		if d.phone == p && d.via == via {
			d.station.close()
			m.tell(dict{"MessageType": "Detached", "DeviceID": d.id})
			continue
		}
		kept = append(kept, d)
	}
	m.devices = kept
}

// tell sends an event to every listener. Tag 0 marks what nobody asked for.
// m.mu is held.
func (m *Mux) tell(event dict) {
	for l := range m.listeners {
		l.send(0, event)
	}
}

// attached is the message that lists the device (libusbmuxd.c,
// device_info_from_plist, names what a client reads).
func (d device) attached() dict {
	props := dict{
		"ConnectionType": "USB", "DeviceID": d.id, "SerialNumber": d.phone.cfg.UDID,
		"ProductID": 0x12a8, "LocationID": 0x14100000, "ConnectionSpeed": 480000000,
		"USBSerialNumber": strings.ReplaceAll(d.phone.cfg.UDID, "-", ""), "UDID": d.phone.cfg.UDID,
	}
	if d.via == Network {
		props = dict{
			"ConnectionType": "Network", "DeviceID": d.id, "SerialNumber": d.phone.cfg.UDID,
			"EscapedFullServiceName": `a4:83:e7:00:00:01@fe80::1._apple-mobdev2._tcp.local.`,
			"InterfaceIndex":         4, "NetworkAddress": d.station.sockaddr(),
		}
	}
	return dict{"MessageType": "Attached", "DeviceID": d.id, "Properties": props}
}

// accept serves clients until the listener closes.
func (m *Mux) accept() {
	for {
		c, err := m.ln.Accept()
		if err != nil {
			return
		}
		go m.serve(&muxConn{Conn: c})
	}
}

// serve answers one client. After a Connect the connection belongs to the
// phone and serve returns when the phone is done with it.
func (m *Mux) serve(c *muxConn) {
	defer c.Close()
	stop := context.AfterFunc(m.ctx, func() { c.Close() })
	defer stop()
	defer m.forget(c)
	for {
		tag, msg, err := c.read()
		if err != nil {
			return
		}
		if text(msg, "MessageType") == "Connect" {
			m.connect(c, tag, msg)
			return
		}
		m.answer(c, tag, msg)
	}
}

// answer handles every message but Connect.
func (m *Mux) answer(c *muxConn, tag uint32, msg dict) {
	switch text(msg, "MessageType") {
	case "ListDevices":
		c.send(tag, dict{"DeviceList": m.list()})
	case "Listen":
		m.listen(c, tag)
	case "ReadBUID":
		c.send(tag, dict{"BUID": m.pairing.buid})
	case "ReadPairRecord":
		m.readPairRecord(c, tag, text(msg, "PairRecordID"))
	case "SavePairRecord", "DeletePairRecord":
		c.result(tag, muxOK)
	default:
		c.result(tag, muxBadCommand)
	}
}

// list is the answer to ListDevices.
func (m *Mux) list() []any {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := []any{}
	for _, d := range m.devices {
		list = append(list, d.attached())
	}
	return list
}

// listen confirms, tells what is there and keeps the client for what comes.
func (m *Mux) listen(c *muxConn, tag uint32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.result(tag, muxOK)
	for _, d := range m.devices {
		c.send(0, d.attached())
	}
	m.listeners[c] = true
}

// forget drops a listener that has gone.
func (m *Mux) forget(c *muxConn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.listeners, c)
}

// readPairRecord hands out the pair record, unless the phone is not paired.
func (m *Mux) readPairRecord(c *muxConn, tag uint32, udid string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.phones {
		if sameUDID(p.cfg.UDID, udid) && p.paired() {
			c.send(tag, dict{"PairRecordData": m.pairing.record()})
			return
		}
	}
	c.result(tag, muxBadDevice)
}

// sameUDID compares ids with and without the dash.
func sameUDID(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, "-", ""), strings.ReplaceAll(b, "-", ""))
}

// connect joins a client to a port of a phone. The port arrives in network
// byte order inside a little-endian number.
func (m *Mux) connect(c *muxConn, tag uint32, msg dict) {
	d, ok := m.device(int(number(msg["DeviceID"])))
	if !ok {
		c.result(tag, muxBadDevice)
		return
	}
	port := int(bits.ReverseBytes16(uint16(number(msg["PortNumber"]))))
	if !d.phone.listensOn(port) {
		c.result(tag, muxConnRefused)
		return
	}
	if c.result(tag, muxOK) == nil {
		d.phone.serve(c.Conn, d.via, port)
	}
}

// device finds an attached device.
func (m *Mux) device(id int) (device, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.devices {
		if d.id == id {
			return d, true
		}
	}
	return device{}, false
}

// muxConn frames usbmuxd messages: 16 bytes little-endian (length, version 1,
// type 8 for a property list, tag), then XML.
type muxConn struct {
	net.Conn
	mu sync.Mutex // one writer at a time: answers and events share the socket
}

// read takes one message.
func (c *muxConn) read() (tag uint32, msg dict, err error) {
	var head [16]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n < 16 || n > maxFrame {
		return 0, nil, fmt.Errorf("a usbmuxd message of %d bytes", n)
	}
	v, err := readPlist(c, int(n)-16)
	msg, _ = v.(dict)
	return binary.LittleEndian.Uint32(head[12:]), msg, err
}

// send writes one message.
func (c *muxConn) send(tag uint32, msg dict) error {
	body, err := plist.Marshal(msg, plist.XMLFormat)
	if err != nil {
		return err
	}
	head := make([]byte, 16, 16+len(body))
	for i, v := range []uint32{uint32(16 + len(body)), 1, 8, tag} {
		binary.LittleEndian.PutUint32(head[4*i:], v)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.SetWriteDeadline(time.Now().Add(5 * time.Second)) // a client that does not read holds nobody up
	defer c.SetWriteDeadline(time.Time{})
	_, err = c.Write(append(head, body...))
	return err
}

// result sends a bare result number.
func (c *muxConn) result(tag uint32, n int) error {
	return c.send(tag, dict{"MessageType": "Result", "Number": n})
}
