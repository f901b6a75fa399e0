package phonetest

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// Phone is one fake iPhone. All its methods may be called at any time from
// any goroutine.
type Phone struct {
	cfg  Config
	mux  *Mux
	log  *eventLog
	gate *gate

	mu        sync.Mutex
	faults    faults
	values    map[string]dict // what was set at run time, by domain
	conns     map[net.Conn]Connection
	observers map[*observer]bool
	lock      *afcSession // who holds the sync lock
	unpaired  bool
	content   Content       // moves on with Use
	entered   chan struct{} // closed when the passcode is entered
}

// Start runs one phone behind its own usbmuxd until ctx ends.
func Start(ctx context.Context, cfg Config) (*Phone, error) {
	m, err := StartMux(ctx, cfg.Addr)
	if err != nil {
		return nil, err
	}
	return m.Add(cfg)
}

func newPhone(m *Mux, cfg Config) (*Phone, error) {
	cfg = cfg.withDefaults()
	f, err := parseFaults(cfg.Faults)
	if err != nil {
		return nil, err
	}
	return &Phone{
		cfg: cfg, mux: m, log: newEventLog(), gate: newGate(), faults: f,
		values: map[string]dict{}, conns: map[net.Conn]Connection{}, observers: map[*observer]bool{},
		unpaired: cfg.Unpaired, content: cfg.Content, entered: make(chan struct{}),
	}, nil
}

// Mux is the usbmuxd the phone hangs on: add a second phone there.
func (p *Phone) Mux() *Mux { return p.mux }

// Addr is the value USBMUXD_SOCKET_ADDRESS needs.
func (p *Phone) Addr() string { return p.mux.Addr() }

// Env is the environment variable that points libimobiledevice's tools here.
func (p *Phone) Env() string { return "USBMUXD_SOCKET_ADDRESS=" + p.Addr() }

// UDID is the phone's id, as the backup folder is named.
func (p *Phone) UDID() string { return p.cfg.UDID }

// Attach plugs the phone in; without argument by cable.
func (p *Phone) Attach(via ...Connection) {
	if len(via) == 0 {
		via = []Connection{USB}
	}
	for _, v := range via {
		if p.mux != nil {
			p.mux.attach(p, v)
		}
		p.event(Event{Kind: "attached", Detail: string(v)})
	}
}

// Detach pulls the phone off, with all its connections cut; without argument
// off everything.
func (p *Phone) Detach(via ...Connection) {
	if len(via) == 0 {
		via = []Connection{USB, Network}
	}
	for _, v := range via {
		if p.mux != nil {
			p.mux.detach(p, v)
		}
		p.cut(v)
		p.event(Event{Kind: "detached", Detail: string(v)})
	}
}

// Stall stops the flow of the backup before its next piece; Resume lets it
// go on, also after a fault that stalled it.
func (p *Phone) Stall() { p.gate.close() }

// Resume ends every stall.
func (p *Phone) Resume() { p.gate.open() }

// SetFaults replaces the faults from the next backup on; "" makes the phone
// healthy. A stall that holds already is not ended by it.
func (p *Phone) SetFaults(text string) error {
	f, err := parseFaults(text)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = f
	return nil
}

// SetValue sets a lockdown value at run time. A nil value makes it absent.
func (p *Phone) SetValue(domain, key string, value any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.values[domain] == nil {
		p.values[domain] = dict{}
	}
	p.values[domain][key] = value
}

// SetBattery sets charge, in per cent, and whether it is being charged.
func (p *Phone) SetBattery(percent int, charging bool) {
	p.SetValue(domainBattery, "BatteryCurrentCapacity", percent)
	p.SetValue(domainBattery, "BatteryIsCharging", charging)
	p.SetValue(domainBattery, "ExternalConnected", charging)
	p.SetValue(domainBattery, "FullyCharged", percent >= 100)
}

// SetPaired gives this computer a pair record for the phone, or takes it away.
func (p *Phone) SetPaired(paired bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unpaired = !paired
}

// Use moves the phone one generation on: its owner has taken pictures,
// written messages and thrown a few files away.
func (p *Phone) Use() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.content.Generation++
}

// Passcode shows the passcode sheet, or takes it away. The notification comes
// without any backup; one that waits for the passcode goes on when the sheet
// is taken away.
func (p *Phone) Passcode(shown bool) {
	if shown {
		p.Post(sheetShown)
		p.event(Event{Kind: "passcode-shown"})
		return
	}
	p.mu.Lock()
	select {
	case <-p.entered:
	default:
		close(p.entered)
	}
	p.mu.Unlock()
	p.Post(sheetHidden)
	p.event(Event{Kind: "passcode-hidden"})
}

// Await waits for an event of the given kind that comes after those awaited
// before, so that a test follows the phone step by step.
func (p *Phone) Await(ctx context.Context, kind string) (Event, error) {
	return p.log.awaitKind(ctx, kind)
}

// AwaitFiles waits until n files of the current run have been sent whole.
func (p *Phone) AwaitFiles(ctx context.Context, n int) error {
	return p.log.await(ctx, func() bool { return p.log.files >= n })
}

// Sent counts the files and bytes sent in the current or last run, without
// manifests and status files.
func (p *Phone) Sent() (files int, bytes int64) {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	return p.log.files, p.log.bytes
}

// Events is everything that happened so far.
func (p *Phone) Events() []Event { return p.log.all() }

// event records what happened.
func (p *Phone) event(e Event) {
	p.cfg.Logf("phone: %s", e)
	p.log.add(e)
}

// paired says whether this computer holds a pair record.
func (p *Phone) paired() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.unpaired
}

// fault finds an active fault by name.
func (p *Phone) fault(name string) (fault, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults.find(name)
}

// now is the phone's clock.
func (p *Phone) now() time.Time { return p.cfg.Now() }

// cut closes every connection that runs over via.
func (p *Phone) cut(via Connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c, v := range p.conns {
		if v == via {
			c.Close()
		}
	}
}

// lockdownPort and firstPort are where the phone listens; services take the
// ports from firstPort on in the order of the table.
const (
	lockdownPort = 62078
	firstPort    = 49152
)

// A service is something StartService can start.
type service struct {
	name  string
	serve func(*Phone, context.Context, net.Conn)
}

// services is the table of everything a phone offers here.
func services() []service {
	return []service{
		{"com.apple.mobile.notification_proxy", (*Phone).serveNotifications},
		{"com.apple.afc", (*Phone).serveAFC},
		{"com.apple.mobile.installation_proxy", (*Phone).serveApplications},
		{"com.apple.springboardservices", (*Phone).serveSpringboard},
		{backupService, (*Phone).serveBackup},
	}
}

// backupService makes backups.
const backupService = "com.apple.mobilebackup2"

// listensOn says whether a Connect to the port succeeds.
func (p *Phone) listensOn(port int) bool {
	return port == lockdownPort || port >= firstPort && port < firstPort+len(services())
}

// serve gives a connection to whoever listens on the port, and returns when
// that one is done.
func (p *Phone) serve(c net.Conn, via Connection, port int) {
	p.mu.Lock()
	p.conns[c] = via
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, c)
		p.mu.Unlock()
	}()
	ctx, cancel := context.WithCancel(p.mux.ctx)
	defer cancel()
	if port == lockdownPort {
		p.serveLockdown(c)
		return
	}
	s := services()[port-firstPort]
	if p.cfg.TLS {
		c = tls.Server(c, p.mux.pairing.tlsConfig())
	}
	p.event(Event{Kind: "service", Detail: s.name})
	s.serve(p, ctx, c)
}
