package phonetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
)

// A phone on the network is not reached through usbmuxd by libimobiledevice:
// it reads the address from the list and connects to the phone's own ports
// (src/idevice.c, idevice_connect). So such a phone listens itself, on a
// loopback address of its own, where the system has more than one; Linux has,
// macOS has not. Clients that use Connect, as Apple's do, need none of this.

// station is what a phone on the network listens with.
type station struct {
	addr      [4]byte // 0 when the phone cannot be reached directly
	listeners []net.Listener
}

// openStation tries some addresses until one has all ports free.
func (p *Phone) openStation() station {
	for range 8 {
		addr := [4]byte{127, byte(1 + rand.IntN(250)), byte(rand.IntN(250)), byte(1 + rand.IntN(250))}
		if s, err := p.listenOn(addr); err == nil {
			return s
		}
	}
	return station{}
}

// listenOn opens all ports on one address and serves them.
func (p *Phone) listenOn(addr [4]byte) (station, error) {
	s := station{addr: addr}
	ports := []int{lockdownPort}
	for i := range services() {
		ports = append(ports, firstPort+i)
	}
	for _, port := range ports {
		ln, err := net.Listen("tcp", fmt.Sprintf("%s:%d", net.IP(addr[:]), port))
		if err != nil {
			s.close()
			return station{}, err
		}
		s.listeners = append(s.listeners, ln)
		context.AfterFunc(p.mux.ctx, func() { ln.Close() })
		go p.serveNetwork(ln, port)
	}
	return s, nil
}

// close stops listening; connections that are open are cut by Detach.
func (s station) close() {
	for _, ln := range s.listeners {
		ln.Close()
	}
}

// serveNetwork accepts clients of one port.
func (p *Phone) serveNetwork(ln net.Listener, port int) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			stop := context.AfterFunc(p.mux.ctx, func() { c.Close() })
			defer stop()
			p.serve(c, Network, port)
		}()
	}
}

// sockaddr is a BSD sockaddr_in for the phone's address, padded as usbmuxd
// pads it.
func (s station) sockaddr() []byte {
	b := make([]byte, 128)
	copy(b, []byte{16, 2, 0, 0, 127, 0, 0, 1})
	if s.addr[0] != 0 {
		copy(b[4:], s.addr[:])
	}
	return b
}
