package phonetest

import (
	"context"
	"sync"
)

// gate stops the flow of a backup while it is closed.
type gate struct {
	mu     sync.Mutex
	opened chan struct{} // closed while the gate is open
}

func newGate() *gate {
	g := &gate{opened: make(chan struct{})}
	close(g.opened)
	return g
}

// close shuts the gate; the next one who comes waits.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.opened:
		g.opened = make(chan struct{})
	default:
	}
}

// open lets everybody through.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.opened:
	default:
		close(g.opened)
	}
}

// passage is a channel that is closed once the gate is open.
func (g *gate) passage() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened
}

// closed says whether somebody would have to wait.
func (g *gate) closed() bool {
	select {
	case <-g.passage():
		return false
	default:
		return true
	}
}

// wait returns when the gate is open or ctx ends.
func (g *gate) wait(ctx context.Context) error {
	select {
	case <-g.passage():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
