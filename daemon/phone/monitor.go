package phone

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/plist"
)

// Pace of a Monitor.
const (
	backoffFirst = time.Second
	backoffMost  = 30 * time.Second
	backoffGone  = 10 * time.Second // no usbmuxd: on Linux it comes with the first phone
	relistEvery  = time.Minute      // events can be lost
)

// Snapshot is which phones are attached, as usbmuxd last said.
type Snapshot struct {
	// State is "connected", "absent" when no usbmuxd runs, or "refused: …" or
	// "lost: …" with the reason. Only in state "connected" does a phone's absence
	// mean that it is gone.
	State   string
	Devices []Device // in order of UDID; nil unless connected
	// Skipped counts the entries of the last list that made no sense.
	Skipped int
}

// Connected is the State in which usbmuxd tells what is attached.
const Connected = "connected"

// Link returns how a phone is attached: unknown while usbmuxd is not heard.
func (s Snapshot) Link(udid string) backup.Link {
	if s.State != Connected {
		return backup.LinkUnknown
	}
	for _, d := range s.Devices {
		if SameUDID(d.UDID, udid) {
			return d.Link
		}
	}
	return backup.LinkGone
}

// equal reports whether two snapshots say the same.
func (s Snapshot) equal(o Snapshot) bool {
	return s.State == o.State && s.Skipped == o.Skipped && slices.Equal(s.Devices, o.Devices)
}

// Monitor listens to usbmuxd. It asks nothing of a phone.
type Monitor struct {
	client  *Client
	changes chan Snapshot

	// What follows belongs to Run.
	last     Snapshot
	attached map[int64]attachment
	skipped  int
	since    map[string]time.Time
}

// NewMonitor returns a Monitor that listens once Run is called.
func NewMonitor(o Options) *Monitor {
	return &Monitor{client: NewClient(o), changes: make(chan Snapshot, 1)}
}

// Changes returns the channel on which each change arrives. A reader that is
// late gets the newest alone.
func (m *Monitor) Changes() <-chan Snapshot { return m.changes }

// Run listens until ctx ends. When usbmuxd goes away, or was never there, it
// tries again, each time a little later, at most every half minute.
func (m *Monitor) Run(ctx context.Context) {
	wait := backoffFirst
	for ctx.Err() == nil {
		heard, err := m.listen(ctx)
		if heard {
			wait = backoffFirst
		}
		m.publish(Snapshot{State: describe(err)})
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = longer(wait, err)
	}
}

// longer is the wait after the next failure. A socket that is not there costs
// nothing to try.
func longer(wait time.Duration, err error) time.Duration {
	if errors.Is(err, ErrAbsent) {
		return min(2*wait, backoffGone)
	}
	return min(2*wait, backoffMost)
}

// describe puts the end of a connection into words for status.
func describe(err error) string {
	switch {
	case errors.Is(err, ErrAbsent):
		return "absent"
	case errors.Is(err, ErrRefused):
		return "refused: " + plist.Clean(err.Error(), 200)
	case err == nil:
		return "lost: the connection ended"
	}
	return "lost: " + plist.Clean(err.Error(), 200)
}

// listen is one connection, from Listen to its loss. heard says that usbmuxd
// answered.
func (m *Monitor) listen(ctx context.Context) (heard bool, err error) {
	conn, err := m.client.open(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	defer closeWith(ctx, conn)()
	if err := conn.demand("Listen", nil); err != nil {
		return false, err
	}
	m.attached = map[int64]attachment{}
	if err := m.relist(ctx); err != nil {
		return false, err
	}
	return true, m.follow(ctx, conn)
}

// follow takes in events, and the whole list once a minute.
func (m *Monitor) follow(ctx context.Context, conn *mux) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	frames, lost := make(chan []byte), make(chan error, 1)
	go pump(ctx, conn, frames, lost)
	tick := time.NewTicker(relistEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-lost:
			return err
		case body := <-frames:
			m.apply(body)
		case <-tick.C:
			if err := m.relist(ctx); err != nil {
				return err
			}
		}
	}
}

// pump hands on frames one at a time, so that a flood waits in the socket.
func pump(ctx context.Context, conn *mux, frames chan<- []byte, lost chan<- error) {
	for {
		_, body, err := conn.receive()
		if err != nil {
			lost <- err
			return
		}
		select {
		case frames <- body:
		case <-ctx.Done():
			return
		}
	}
}

// relist replaces what is known by usbmuxd's own list.
func (m *Monitor) relist(ctx context.Context) error {
	list, skipped, err := m.client.list(ctx)
	if err != nil {
		return err
	}
	clear(m.attached)
	for _, a := range list {
		m.attached[a.id] = a
	}
	m.skipped = skipped
	m.tell()
	return nil
}

// apply takes in one event. What is neither Attached nor Detached, or makes no
// sense, changes nothing; the next list will tell.
func (m *Monitor) apply(body []byte) {
	var n notice
	if plist.Unmarshal(body, &n) != nil {
		return
	}
	switch n.MessageType {
	case "Attached":
		if a, ok := n.attachment(); ok && len(m.attached) < maxDevices {
			m.attached[a.id] = a
		}
	case "Detached":
		delete(m.attached, n.DeviceID)
	}
	m.tell()
}

// tell publishes the phones that are attached now.
func (m *Monitor) tell() {
	devices := merge(slices.SortedFunc(maps.Values(m.attached), func(a, b attachment) int { return int(a.id - b.id) }))
	now := m.client.now()
	since := make(map[string]time.Time, len(devices))
	for i, d := range devices {
		if at, ok := m.since[d.UDID]; ok {
			since[d.UDID] = at
		} else {
			since[d.UDID] = now
		}
		devices[i].Since = since[d.UDID]
	}
	m.since = since
	m.publish(Snapshot{State: Connected, Devices: devices, Skipped: m.skipped})
}

// publish puts a changed snapshot where the reader finds it, in place of one not
// yet read.
func (m *Monitor) publish(s Snapshot) {
	if s.equal(m.last) {
		return
	}
	m.last = s
	select {
	case <-m.changes:
	default:
	}
	m.changes <- s
}
