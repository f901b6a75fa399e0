package phonetest

import (
	"context"
	"fmt"
	"sync"
)

// Event is something the phone did. Kinds, in the order of a healthy backup:
//
//	attached detached        the cable, or the network; Detail is the Connection
//	session                  a client opened a lockdown session
//	service                  a client connected to a service; Detail is its name
//	passcode-shown -hidden   the sheet on the screen
//	requested                a backup was asked for
//	scanning                 looking for what to send
//	preparing                the folders are being made
//	uploading                the first byte is about to leave
//	manifests                all files are sent
//	moving removing finished the word now in Status.plist
//	checking                 the last check has begun
//	stalled resumed          by a fault, or by Stall and Resume
//	fault                    a fault struck; Detail is its text
//	ended                    the backup is over; Code is MBErrorDomain's, 0 for success, -1 when the connection was lost
type Event struct {
	Kind, Detail string
	Code         int
}

func (e Event) String() string {
	if e.Kind == "ended" {
		return fmt.Sprintf("ended with code %d", e.Code)
	}
	if e.Detail != "" {
		return e.Kind + " " + e.Detail
	}
	return e.Kind
}

// maxEvents bounds the log; a backup makes about twenty.
const maxEvents = 10_000

// eventLog keeps what happened and wakes those who wait for it.
type eventLog struct {
	mu      sync.Mutex
	events  []Event
	cursor  int // Await looks from here on
	files   int // complete files of the current run
	bytes   int64
	changed chan struct{} // closed and replaced at each change
}

func newEventLog() *eventLog { return &eventLog{changed: make(chan struct{})} }

// add appends one event.
func (l *eventLog) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.events) < maxEvents {
		l.events = append(l.events, e)
	}
	l.wake()
}

// count sets the progress of the current run.
func (l *eventLog) count(files int, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files, l.bytes = files, bytes
	l.wake()
}

// wake tells everybody who waits. l.mu is held.
func (l *eventLog) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// await waits until ok is true, asking it under the lock after each change.
func (l *eventLog) await(ctx context.Context, ok func() bool) error {
	for {
		l.mu.Lock()
		done, changed := ok(), l.changed
		l.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// next finds the first event of the kind not yet awaited. l.mu is held.
func (l *eventLog) next(kind string) (Event, bool) {
	for i := l.cursor; i < len(l.events); i++ {
		if l.events[i].Kind == kind {
			l.cursor = i + 1
			return l.events[i], true
		}
	}
	return Event{}, false
}

// awaitKind waits for an event of that kind after those awaited before.
func (l *eventLog) awaitKind(ctx context.Context, kind string) (e Event, err error) {
	err = l.await(ctx, func() (ok bool) { e, ok = l.next(kind); return ok })
	if err != nil {
		err = fmt.Errorf("waiting for the phone to be %q: %w", kind, err)
	}
	return e, err
}

// all is a copy of the log.
func (l *eventLog) all() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Event(nil), l.events...)
}
