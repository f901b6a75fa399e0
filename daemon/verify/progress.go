package verify

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"backupwatchdog/plist"
)

// A meter counts how far a check is. The zero meter counts and tells nobody.
type meter struct {
	stage       atomic.Value // Stage
	done, total atomic.Int64
}

func (m *meter) begin(s Stage, total int64) {
	m.done.Store(0)
	m.total.Store(total)
	m.stage.Store(s)
}

func (m *meter) add(n int64) { m.done.Add(n) }

func (m *meter) now() Progress {
	s, _ := m.stage.Load().(Stage)
	return Progress{s, m.done.Load(), m.total.Load()}
}

// report calls f about ten times a second until stop is called, which waits
// until f has returned for the last time.
func (m *meter) report(f func(Progress)) (stop func()) {
	if f == nil {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(100 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				f(m.now())
			case <-done:
				return
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

func isEmpty(err error) bool { return errors.Is(err, plist.ErrEmpty) }
