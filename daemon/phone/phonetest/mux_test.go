package phonetest

import (
	"context"
	"crypto/tls"
	"math/bits"
	"net"
	"testing"
	"time"

	"howett.net/plist"
)

// dial opens a connection to the phone's usbmuxd that ends with the test.
func dial(t *testing.T, p *Phone) *muxConn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return &muxConn{Conn: c}
}

// ask sends one message and returns the answer.
func (c *muxConn) ask(t *testing.T, msg dict) dict {
	t.Helper()
	if err := c.send(1, msg); err != nil {
		t.Fatal(err)
	}
	return c.next(t)
}

// next reads one message.
func (c *muxConn) next(t *testing.T) dict {
	t.Helper()
	_, msg, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

// connect joins the first listed device's port.
func connect(t *testing.T, p *Phone, port int) net.Conn {
	t.Helper()
	c := dial(t, p)
	list := c.ask(t, dict{"MessageType": "ListDevices"})["DeviceList"].([]any)
	id := list[0].(dict)["DeviceID"]
	answer := c.ask(t, dict{"MessageType": "Connect", "DeviceID": id, "PortNumber": bits.ReverseBytes16(uint16(port))})
	if number(answer["Number"]) != muxOK {
		t.Fatal(answer)
	}
	return c.Conn
}

// lock speaks one request of lockdownd.
func lock(t *testing.T, c net.Conn, req dict) dict {
	t.Helper()
	if err := writeFrame(c, req); err != nil {
		t.Fatal(err)
	}
	answer, err := readDict(c)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func startTest(t *testing.T, cfg Config) *Phone {
	t.Helper()
	p, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A listener hears what is there, what comes and what goes.
func TestListen(t *testing.T) {
	p := startTest(t, Config{})
	c := dial(t, p)
	if r := c.ask(t, dict{"MessageType": "Listen"}); text(r, "MessageType") != "Result" || number(r["Number"]) != 0 {
		t.Fatal(r)
	}
	first := c.next(t)
	if text(first, "MessageType") != "Attached" || text(first["Properties"].(dict), "SerialNumber") != p.UDID() {
		t.Fatal(first)
	}
	p.Attach(Network)
	second := c.next(t)
	if text(second["Properties"].(dict), "ConnectionType") != "Network" {
		t.Fatal(second)
	}
	p.Detach()
	for _, id := range []any{first["DeviceID"], second["DeviceID"]} {
		if gone := c.next(t); text(gone, "MessageType") != "Detached" || gone["DeviceID"] != id {
			t.Fatal(gone)
		}
	}
	p.Attach()
	if again := c.next(t); again["DeviceID"] == first["DeviceID"] {
		t.Error("the number of the device was used twice")
	}
}

func TestMuxRefusals(t *testing.T) {
	p := startTest(t, Config{Unpaired: true})
	for _, c := range []struct {
		msg  dict
		want int64
	}{
		{dict{"MessageType": "Nonsense"}, muxBadCommand},
		{dict{"MessageType": "ReadPairRecord", "PairRecordID": p.UDID()}, muxBadDevice},
		{dict{"MessageType": "Connect", "DeviceID": 99, "PortNumber": 1}, muxBadDevice},
		{dict{"MessageType": "Connect", "DeviceID": 1, "PortNumber": 1}, muxConnRefused},
		{dict{"MessageType": "SavePairRecord"}, muxOK},
	} {
		if r := dial(t, p).ask(t, c.msg); number(r["Number"]) != c.want {
			t.Errorf("%v: %v", c.msg, r)
		}
	}
}

// A stranger learns little; a session opens only with the right HostID, and
// with TLS it goes on encrypted, services too.
func TestSessionWithTLS(t *testing.T) {
	p := startTest(t, Config{TLS: true})
	var record struct {
		HostID                          string
		RootCertificate, RootPrivateKey []byte
	}
	data := dial(t, p).ask(t, dict{"MessageType": "ReadPairRecord", "PairRecordID": p.UDID()})["PairRecordData"].([]byte)
	if _, err := plist.Unmarshal(data, &record); err != nil {
		t.Fatal(err)
	}
	cert, err := tls.X509KeyPair(record.RootCertificate, record.RootPrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{cert}, InsecureSkipVerify: true}

	c := connect(t, p, lockdownPort)
	if r := lock(t, c, dict{"Request": "GetValue", "Domain": domainBattery}); text(r, "Error") != "GetProhibited" {
		t.Error(r)
	}
	if r := lock(t, c, dict{"Request": "StartSession", "HostID": "somebody else"}); text(r, "Error") != "InvalidHostID" {
		t.Error(r)
	}
	r := lock(t, c, dict{"Request": "StartSession", "HostID": record.HostID})
	if on, _ := r["EnableSessionSSL"].(bool); !on {
		t.Fatal(r)
	}
	c = tls.Client(c, config)
	p.SetBattery(7, false)
	if r := lock(t, c, dict{"Request": "GetValue", "Domain": domainBattery, "Key": "BatteryCurrentCapacity"}); number(r["Value"]) != 7 {
		t.Error(r)
	}
	r = lock(t, c, dict{"Request": "StartService", "Service": "com.apple.mobile.notification_proxy"})
	if on, _ := r["EnableServiceSSL"].(bool); !on {
		t.Fatal(r)
	}
	np := tls.Client(connect(t, p, int(number(r["Port"]))), config)
	watchSheet(t, p, np)
}

// watchSheet observes the passcode sheet over a notification_proxy.
func watchSheet(t *testing.T, p *Phone, np net.Conn) {
	t.Helper()
	for _, name := range []string{sheetShown, sheetHidden} {
		if err := writeFrame(np, dict{"Command": "ObserveNotification", "Name": name}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Await(t.Context(), "observed"); err != nil {
			t.Fatal(err)
		}
	}
	p.Post("com.example.something.else")
	p.Passcode(true)
	p.Passcode(false)
	for _, want := range []string{sheetShown, sheetHidden} {
		if n, err := readDict(np); err != nil || text(n, "Name") != want {
			t.Errorf("%v %v, want %s", n, err, want)
		}
	}
}

func TestLockdownErrors(t *testing.T) {
	p := startTest(t, Config{Faults: "lockdown-error:PasswordProtected"})
	c := connect(t, p, lockdownPort)
	start := dict{"Request": "StartSession", "HostID": p.mux.pairing.hostID}
	if r := lock(t, c, start); text(r, "Error") != "PasswordProtected" {
		t.Error(r)
	}
	p.SetFaults("service-error:ServiceProhibited")
	if r := lock(t, c, start); text(r, "SessionID") == "" {
		t.Error(r)
	}
	for service, want := range map[string]string{backupService: "ServiceProhibited", "com.apple.nothing": "InvalidService"} {
		if r := lock(t, c, dict{"Request": "StartService", "Service": service}); text(r, "Error") != want {
			t.Errorf("%s: %v", service, r)
		}
	}
	if r := lock(t, c, dict{"Request": "GetValue", "Key": "NoSuchKey"}); text(r, "Error") != "MissingValue" {
		t.Error(r)
	}
}

func TestParseFaults(t *testing.T) {
	for text, ok := range map[string]bool{
		"": true, "stall-after:50": true, "stall-after:50,no-manifest": true, "passcode": true, "passcode:2s:208": true,
		"stall-after": false, "stall-after:half": false, "nonsense": false, "error:x": false, "slow-tail:long": false, "no-manifest:1": false,
		"stall-after:400": false, "trickle-after:-1:9": false, "error:105:upload": true, "error:105:later": false,
		"stuck-finishing": true, "drop-finishing:moving:50": true, "stuck-finishing:nowhere": false, "passcode:soon": false,
	} {
		if _, err := parseFaults(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Await follows the phone step by step and gives up with its context.
func TestAwait(t *testing.T) {
	l := newEventLog()
	l.add(Event{Kind: "a"})
	l.add(Event{Kind: "b"})
	if _, err := l.awaitKind(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.awaitKind(ctx, "a"); err == nil {
		t.Error("an event from before the last one was awaited")
	}
	go l.add(Event{Kind: "a"})
	if _, err := l.awaitKind(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
}
