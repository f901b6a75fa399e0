package watch

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"backupwatchdog/daemon/backup"
)

const (
	// budget is how many descriptors file events may cost altogether, counted by
	// the rule of macOS: a folder, and each of its entries.
	budget = 2000
	// perPhone is how many they may cost for one backup folder.
	perPhone = 280
	// devicePrice is what a backup folder is charged at least: its 256 shards
	// may come only when the first run begins.
	devicePrice = 1 + 256 + 6
	// parentCap is how many entries the folder above a root may have to be
	// watched; it only tells a little sooner that a link points elsewhere.
	parentCap = 16
	// rebuildEvery is the age at which the source is made anew: an unmounted
	// disk, for one, kills a watch without a word.
	rebuildEvery = time.Hour
	// wakeGap is the sleep between two looks that has the source made anew.
	wakeGap = 30 * time.Second
	// firstRetry and lastRetry bound the wait after a failure, which doubles.
	firstRetry, lastRetry = time.Second, 5 * time.Minute
)

// price returns how many descriptors it costs to watch a folder: its own, and
// one for each entry (fsnotify's kqueue backend).
func price(entries int) int { return 1 + entries }

// wish is a folder worth watching.
type wish struct {
	path, root string
	price      int
	device     bool // a backup folder
	spare      bool // only nice to have: nobody is told when it is not watched
}

// afford chooses the wishes that fit into a budget, in their order, and returns
// the others with them.
func afford(wishes []wish, budget int) (take, leave []wish) {
	for _, w := range wishes {
		tooBig := w.device && w.price > perPhone || w.spare && w.price > price(parentCap)
		if tooBig || w.price > budget {
			leave = append(leave, w)
			continue
		}
		budget -= w.price
		take = append(take, w)
	}
	return take, leave
}

// hints keeps a source of events in order: which folders it watches, at what
// price, and when it is to be made anew. One goroutine at a time uses it, but
// for note.
type hints struct {
	make NewSource     // nil: events are switched off
	out  chan<- string // paths at which something happened; full: dropped
	log  func(msg string, args ...any)

	src     Source
	born    backup.Moment
	last    backup.Moment
	places  map[string]Identity // of the roots, when the source was made
	there   map[string]bool     // roots that could be listed at the last look
	watched map[string]int      // path to price
	failed  error
	wait    time.Duration
	retryAt time.Time

	broken atomic.Bool
	mu     sync.Mutex
	names  map[string]bool // keys of watched, for note
}

// note takes in one hint. It may be called from any goroutine and never blocks:
// when the channel is full a look is under way anyway.
func (h *hints) note(n Hint) {
	h.mu.Lock()
	lost := n.Err != nil || n.Gone && h.names[n.Path]
	h.mu.Unlock()
	if lost {
		h.broken.Store(true)
	}
	select {
	case h.out <- n.Path:
	default:
	}
}

// sync brings the source in line with a look, and notes in the look which roots
// must do without events. It returns when to try again; zero: no need.
func (h *hints) sync(l *Look) (retry time.Time) {
	if h.make == nil {
		h.failed = errSwitchedOff
		h.tell(l, nil)
		return time.Time{}
	}
	defer h.remember(l)
	if why := h.stale(l); why != "" {
		h.log("file events are set up anew", "because", why)
		h.close()
	}
	if h.src == nil && l.At.T.Before(h.retryAt) {
		h.tell(l, nil)
		return h.retryAt
	}
	if h.src == nil {
		h.open(l)
	}
	if h.src == nil {
		h.tell(l, nil)
		return h.retryAt
	}
	take, leave := afford(h.wishes(l), budget)
	left := h.add(take, l.At.T)
	h.tell(l, append(left, leave...))
	if h.failed != nil {
		return h.retryAt
	}
	return time.Time{}
}

// stale returns why the source must be made anew; "" when it need not.
func (h *hints) stale(l *Look) string {
	switch {
	case h.src == nil:
		return ""
	case h.broken.Load():
		return "a watched folder went, or events were lost"
	case l.At.Since(h.born) >= rebuildEvery:
		return "an hour has passed"
	case l.At.SleptSince(h.last) > wakeGap:
		return "this computer slept"
	case h.failed != nil && !l.At.T.Before(h.retryAt):
		return "a folder could not be watched"
	}
	for root, id := range h.places {
		if l.Identities[root] != id {
			return "a watched folder is another one now"
		}
	}
	for _, r := range l.Roots {
		if was, known := h.there[r.Path]; known && !was && r.Access == backup.AccessGranted {
			return "a watched folder is back" // with its disk perhaps, and the old watch is dead
		}
	}
	return ""
}

// remember keeps what the next look is compared with.
func (h *hints) remember(l *Look) {
	h.last, h.there = l.At, map[string]bool{}
	for _, r := range l.Roots {
		h.there[r.Path] = r.Access == backup.AccessGranted
	}
}

// open makes a source.
func (h *hints) open(l *Look) {
	h.broken.Store(false)
	src, err := h.make(h.note)
	if err != nil {
		h.fail(err, l.At.T)
		return
	}
	h.src, h.born, h.failed = src, l.At, nil
	h.watched, h.places = map[string]int{}, map[string]Identity{}
	for root, id := range l.Identities {
		h.places[root] = id
	}
}

// close ends the source, and with it every descriptor it held, also those of
// folders that were only half added.
func (h *hints) close() {
	if h.src != nil {
		h.src.Close()
	}
	h.src, h.watched = nil, nil
	h.mu.Lock()
	h.names = nil
	h.mu.Unlock()
}

// fail remembers that something did not work, and when to try again.
func (h *hints) fail(err error, now time.Time) {
	h.wait = min(max(2*h.wait, firstRetry), lastRetry)
	h.failed, h.retryAt = err, now.Add(h.wait)
}

// wishes returns what is worth watching, the most important first; what is
// watched already comes before what is not, so that nothing is moved about.
func (h *hints) wishes(l *Look) []wish {
	var list []wish
	for _, r := range l.Roots {
		if r.Access == backup.AccessGranted {
			list = append(list, h.wish(wish{path: r.Resolved, root: r.Path}))
		}
		if dir, err := filepath.EvalSymlinks(filepath.Dir(r.Path)); err == nil {
			list = append(list, h.wish(wish{path: dir, root: r.Path, spare: true}))
		}
	}
	own := slices.Clone(l.Backups)
	slices.SortStableFunc(own, func(a, b Backup) int {
		_, wa := h.watched[a.Path]
		_, wb := h.watched[b.Path]
		if wa != wb {
			return cmp.Compare(b2i(wb), b2i(wa))
		}
		return b.Folder.Newest.Compare(a.Folder.Newest)
	})
	for _, b := range own {
		if !b.Archived {
			list = append(list, h.wish(wish{path: b.Path, root: b.Root, device: true}))
		}
	}
	return unique(list)
}

// wish fills in the price.
func (h *hints) wish(w wish) wish {
	if p, ok := h.watched[w.path]; ok {
		w.price = p
		return w
	}
	w.price = price(countEntries(w.path))
	if w.device {
		w.price = max(w.price, devicePrice)
	}
	return w
}

// unique drops wishes for a folder that is wished for already.
func unique(list []wish) []wish {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(w wish) bool {
		again := seen[w.path]
		seen[w.path] = true
		return again
	})
}

// countEntries counts the entries of a folder, up to a little over the budget.
func countEntries(path string) int {
	f, err := openDir(cwd, path)
	if err != nil {
		return 0
	}
	defer f.Close()
	names, _ := f.Readdirnames(budget + 1)
	return len(names)
}

// add begins to watch what is not watched yet, and returns what could not be.
// After a failure it waits: on macOS a folder that was half added has left its
// descriptors open, and only a new source is rid of them.
func (h *hints) add(take []wish, now time.Time) (left []wish) {
	waiting := h.failed != nil && now.Before(h.retryAt)
	for _, w := range take {
		if _, ok := h.watched[w.path]; ok {
			continue
		}
		if waiting {
			left = append(left, w)
			continue
		}
		if err := h.src.Add(w.path); err != nil {
			left = append(left, w)
			h.fail(err, now)
			continue
		}
		h.watched[w.path] = w.price
		h.mu.Lock()
		if h.names == nil {
			h.names = map[string]bool{}
		}
		h.names[w.path] = true
		h.mu.Unlock()
	}
	if len(left) == 0 {
		h.failed, h.wait = nil, 0
	}
	return left
}

// tell notes in the look which roots must be polled, and why.
func (h *hints) tell(l *Look, left []wish) {
	for i := range l.Roots {
		r := &l.Roots[i]
		if h.src == nil {
			r.Polling, r.PollingWhy = true, "File events are not available: "+h.failed.Error()+"."
			continue
		}
		for _, w := range left {
			if w.root == r.Path && !w.spare {
				r.Polling, r.PollingWhy = true, h.reason(w)
			}
		}
	}
}

// reason says why one folder is not watched.
func (h *hints) reason(w wish) string {
	name := filepath.Base(w.path)
	if w.device && w.price > perPhone || h.failed == nil {
		return fmt.Sprintf("Watching %s would take %d file descriptors, more than are set aside for it.", name, w.price)
	}
	return fmt.Sprintf("File events for %s are not available: %v.", name, h.failed)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
