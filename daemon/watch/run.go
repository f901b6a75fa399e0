package watch

import (
	"context"
	"slices"
	"time"

	"backupwatchdog/daemon/backup"
)

const (
	// coalesce is how long events are gathered before a look answers them.
	coalesce = 200 * time.Millisecond
	// eventGap is the least time between two looks that events asked for.
	eventGap = time.Second
	// pathGap is the same for events at one path: an index of a gigabyte that is
	// being written makes thousands.
	pathGap = 5 * time.Second
	// followUp is when the second look after an event is taken: the first may
	// have come before the content.
	followUp = 2 * time.Second
	// patience is how long a look may take before the disk is said not to answer.
	patience = 30 * time.Second
	// hintCap is how many paths are remembered between two looks.
	hintCap = 64
)

// loop is the state of Run.
type loop struct {
	*Watcher
	sampler *sampler
	events  *hints
	timer   *time.Timer
	done    chan outcomeOfLook

	busy    bool
	started time.Time // of the look under way, or the last one
	told    bool      // that it does not answer
	last    Look
	retry   time.Time // when the source of events wants another try

	hinted   []string             // since the last look
	again    []string             // looked at once for an event, to be looked at once more
	woken    map[string]time.Time // when an event at a path last led to a look
	eventAt  time.Time
	followAt time.Time
}

// outcomeOfLook is a look, and when the source of events wants another try.
type outcomeOfLook struct {
	look  Look
	retry time.Time
}

// Run looks until ctx is cancelled; it returns nil then. One goroutine decides,
// and looks are taken beside it, one at a time: a disk that does not answer
// holds up neither a cancellation nor the word that it does not answer.
func (w *Watcher) Run(ctx context.Context) error {
	l := &loop{
		Watcher: w,
		sampler: newSampler(w.opt),
		events:  &hints{make: w.opt.NewSource, out: w.hints, log: w.opt.Log.Debug},
		timer:   time.NewTimer(0),
		done:    make(chan outcomeOfLook, 1),
		woken:   map[string]time.Time{},
	}
	defer l.timer.Stop()
	defer l.stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case o := <-l.done:
			l.finish(o)
		case path := <-w.hints:
			l.hint(path)
		case <-w.wake:
		case <-l.timer.C:
		}
		l.step()
	}
}

// stop ends the events. A look that is still under way ends them itself.
func (l *loop) stop() {
	if l.busy {
		go func() {
			<-l.done
			l.events.close()
		}()
		return
	}
	l.events.close()
}

// step takes a look if one is due, and sets the timer for the next.
func (l *loop) step() {
	now := l.opt.Now().T
	if !l.busy && !now.Before(l.due(now)) {
		l.start(now)
	}
	if l.busy && !l.told && now.Sub(l.started) >= patience {
		l.told = true
		l.deliver(l.silent())
	}
	l.timer.Reset(max(0, l.due(now).Sub(now)))
}

// due returns when something is to be done next.
func (l *loop) due(now time.Time) time.Time {
	if l.busy {
		if l.told {
			return now.Add(l.opt.Idle)
		}
		return l.started.Add(patience)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.poked || l.started.IsZero() || now.Before(l.started) {
		return now
	}
	at := l.started.Add(l.opt.Idle)
	if len(l.active) > 0 {
		at = l.started.Add(min(l.opt.Active, l.opt.Idle))
	}
	for _, t := range []time.Time{l.eventAt, l.followAt, l.retry} {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	return at
}

// start takes a look, beside the loop.
func (l *loop) start(now time.Time) {
	l.mu.Lock()
	r := request{
		now: l.opt.Now(), roots: l.roots, active: l.active, all: l.poked,
		every: l.opt.Active, idle: l.opt.Idle,
	}
	l.poked = false
	l.mu.Unlock()
	l.answer(now, &r)
	l.retry = time.Time{}
	l.busy, l.started, l.told = true, now, false
	go func() {
		look := l.sampler.look(r)
		retry := l.events.sync(&look)
		l.done <- outcomeOfLook{look, retry}
	}()
}

// answer has a look go to where events were. One that was taken because of
// them is followed by another.
func (l *loop) answer(now time.Time, r *request) {
	r.hinted = slices.Concat(l.hinted, l.again)
	r.all = r.all || len(l.hinted) >= hintCap
	if !l.followAt.IsZero() && !now.Before(l.followAt) {
		l.again, l.followAt = nil, time.Time{}
	}
	if l.eventAt.IsZero() || now.Before(l.eventAt) {
		return
	}
	for _, path := range l.hinted {
		l.woken[path] = now
	}
	l.again, l.followAt = l.hinted, now.Add(followUp)
	l.hinted, l.eventAt = nil, time.Time{}
}

// finish hands out a look that is complete.
func (l *loop) finish(o outcomeOfLook) {
	l.busy, l.last, l.retry = false, o.look, o.retry
	for path, t := range l.woken {
		if o.look.At.T.Sub(t) > pathGap {
			delete(l.woken, path)
		}
	}
	l.deliver(o.look)
}

// hint takes in an event. The first one at a path is answered at once, further
// ones at most every pathGap.
func (l *loop) hint(path string) {
	if !l.concerns(path) {
		return
	}
	now := l.opt.Now().T
	at := now.Add(coalesce)
	if t := l.started.Add(eventGap); at.Before(t) {
		at = t
	}
	if t, ok := l.woken[path]; ok && at.Before(t.Add(pathGap)) {
		at = t.Add(pathGap)
	}
	if len(l.hinted) < hintCap && !slices.Contains(l.hinted, path) {
		l.hinted = append(l.hinted, path)
	}
	if l.eventAt.IsZero() || at.Before(l.eventAt) {
		l.eventAt = at
	}
}

// concerns reports whether something at path can matter: it lies in a watched
// root, or is the root's link itself. "" stands for lost events.
func (l *loop) concerns(path string) bool {
	if path == "" || l.last.At.IsZero() {
		return true
	}
	for _, r := range l.last.Roots {
		if path == r.Path || path == r.Resolved || isAbove(r.Resolved, path) {
			return true
		}
	}
	for _, b := range l.last.Backups {
		if path == b.Path || isAbove(b.Path, path) {
			return true
		}
	}
	return false
}

// silent is the picture while a disk does not answer: all that was there is
// still named, and nothing is known of it.
func (l *loop) silent() Look {
	out := Look{At: l.opt.Now(), Identities: l.last.Identities}
	l.mu.Lock()
	roots := l.roots
	l.mu.Unlock()
	for _, r := range roots {
		out.Roots = append(out.Roots, backup.Root{
			Path: r.Path, Default: r.Default, Free: -1,
			Detail: "The disk has not answered for 30 seconds.",
		})
	}
	for _, b := range l.last.Backups {
		b.Folder = backup.Folder{Files: -1, Bytes: -1, SnapshotFiles: -1, SnapshotBytes: -1}
		out.Backups = append(out.Backups, b)
	}
	return out
}
