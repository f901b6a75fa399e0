package watch

import (
	"errors"

	"github.com/fsnotify/fsnotify"
)

// Hint is a word from the system that something happened at Path. It is never
// more than a reason to look: events come late, doubled, out of order, or not
// at all.
type Hint struct {
	Path string
	// Gone: what stood at Path was renamed or removed.
	Gone bool
	// Err: the source itself is in trouble, and may have lost events.
	Err error
}

// Source gives hints about folders. There is one per watcher, made anew when
// anything goes wrong with it.
type Source interface {
	// Add begins to watch the entries of one folder, not those below them.
	Add(path string) error
	// Close ends all hints.
	Close() error
}

// NewSource makes a source that calls sink, from a goroutine of its own, for
// each event. sink does not block.
type NewSource func(sink func(Hint)) (Source, error)

// fsSource is the system's file events. On macOS (kqueue) each folder costs
// one descriptor, and one more for each of its entries.
type fsSource struct{ w *fsnotify.Watcher }

func newFSSource(sink func(Hint)) (Source, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	go forward(w, sink)
	return fsSource{w}, nil
}

// forward empties the channels of w until it is closed. Changes of attributes
// alone say nothing of interest.
func forward(w *fsnotify.Watcher, sink func(Hint)) {
	for {
		select {
		case e, ok := <-w.Events:
			if !ok {
				return
			}
			if e.Op != fsnotify.Chmod {
				sink(Hint{Path: e.Name, Gone: e.Has(fsnotify.Rename) || e.Has(fsnotify.Remove)})
			}
		case err, ok := <-w.Errors:
			if !ok {
				return
			}
			sink(Hint{Err: err})
		}
	}
}

func (s fsSource) Add(path string) error { return s.w.Add(path) }
func (s fsSource) Close() error          { return s.w.Close() }

// errSwitchedOff is the reason when nobody wants events.
var errSwitchedOff = errors.New("file events are switched off")
