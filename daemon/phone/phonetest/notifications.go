package phonetest

import (
	"context"
	"net"
	"sync"
)

// Notifications a backup is accompanied by. The sheet's names are those
// idevicebackup2 and pymobiledevice3 observe.
const (
	sheetShown  = "com.apple.LocalAuthentication.ui.presented"
	sheetHidden = "com.apple.LocalAuthentication.ui.dismissed"
	syncCancel  = "com.apple.itunes-client.syncCancelRequest"
)

// observer is one client of notification_proxy.
type observer struct {
	mu    sync.Mutex
	conn  net.Conn
	names map[string]bool
}

// Post sends a notification to every client that observes its name.
func (p *Phone) Post(name string) {
	p.mu.Lock()
	all := make([]*observer, 0, len(p.observers))
	for o := range p.observers {
		all = append(all, o)
	}
	p.mu.Unlock()
	for _, o := range all {
		o.relay(name)
	}
}

// relay sends the notification if it is wanted here.
func (o *observer) relay(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.names[name] {
		writeFrame(o.conn, dict{"Command": "RelayNotification", "Name": name})
	}
}

// observe adds a name.
func (o *observer) observe(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.names[name] = true
}

// serveNotifications is notification_proxy
// (src/notification_proxy.c of libimobiledevice).
func (p *Phone) serveNotifications(_ context.Context, c net.Conn) {
	o := &observer{conn: c, names: map[string]bool{}}
	p.mu.Lock()
	p.observers[o] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.observers, o)
		p.mu.Unlock()
	}()
	for {
		req, err := readDict(c)
		if err != nil {
			return
		}
		switch text(req, "Command") {
		case "ObserveNotification":
			o.observe(text(req, "Name"))
			p.event(Event{Kind: "observed", Detail: text(req, "Name")})
		case "PostNotification":
			p.event(Event{Kind: "posted", Detail: text(req, "Name")})
			p.Post(text(req, "Name"))
		case "Shutdown":
			o.mu.Lock()
			writeFrame(c, dict{"Command": "ProxyDeath"})
			o.mu.Unlock()
			return
		}
	}
}
