package control

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// enter takes a place among limited ones, or answers that there is none.
func enter(w http.ResponseWriter, places chan struct{}) (leave func(), ok bool) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, true
	default:
		answer(w, nil, &Error{Status: http.StatusServiceUnavailable, Message: "too many at once", Next: "try again in a moment"})
		return nil, false
	}
}

// line writes one line of a stream and sends it off. A reader that does not
// take it in time has lost the stream.
func line(w http.ResponseWriter, v any) error {
	allow(w)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// events sends the status, and again whenever it changed.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	leave, ok := enter(w, s.streams)
	if !ok {
		return
	}
	defer leave()
	changed, cancel := s.backend.Subscribe()
	defer cancel()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		status := s.backend.Status()
		if line(w, Event{"status", &status}) != nil || !s.pause(r.Context(), eventGap) {
			return
		}
		for waiting := true; waiting; {
			select {
			case <-changed:
				waiting = false
			case <-beat.C:
				if line(w, Event{Event: "heartbeat"}) != nil {
					return
				}
			case <-r.Context().Done():
				return
			case <-s.stop:
				return
			}
		}
	}
}

// pause waits d, and reports whether the stream still has a reader.
func (s *server) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-s.stop:
	}
	return false
}

// check runs a check and sends its progress, then its result, a line each.
func (s *server) check(w http.ResponseWriter, r *http.Request) {
	var req CheckRequest
	if err := body(r, &req); err != nil {
		answer(w, nil, err)
		return
	}
	leave, ok := enter(w, s.checks)
	if !ok {
		return
	}
	defer leave()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		select {
		case <-s.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	var mu sync.Mutex
	send := func(l checkLine) {
		mu.Lock()
		defer mu.Unlock()
		if line(w, l) != nil {
			cancel()
		}
	}
	result, err := s.backend.Check(ctx, req, func(p any) { send(checkLine{Progress: p}) })
	if err != nil {
		send(checkLine{Err: asError(err)})
		return
	}
	send(checkLine{Result: result})
}
