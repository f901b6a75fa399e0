package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limits of the server.
const (
	maxBody       = 1 << 20
	maxStreams    = 16                     // event streams and checks under way, each
	heartbeat     = 15 * time.Second       // between lines of a quiet event stream
	eventGap      = 200 * time.Millisecond // at least, between two statuses of one stream
	writeTime     = 5 * time.Second        // for one answer or one line
	shutdownGrace = 2 * time.Second
)

// The headers of every answer.
const (
	headerVersion = "Watchdog-Version"
	headerSchema  = "Watchdog-Schema"
)

// server serves one backend.
type server struct {
	backend Backend
	version string
	stop    <-chan struct{} // closed when the streams have to end
	streams chan struct{}
	checks  chan struct{}
}

// routes is everything the daemon can be asked: the table of contents of its
// interface.
func (s *server) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /v1/status":             s.status,
		"GET /v1/history":            s.history,
		"GET /v1/samples":            s.samples,
		"GET /v1/events":             s.events,
		"POST /v1/ack":               s.ack,
		"POST /v1/mute":              s.mute,
		"POST /v1/test-notification": s.testNotification,
		"POST /v1/check":             s.check,
		"POST /v1/checked":           s.checked,
	}
}

// Serve answers on ln until ctx ends, then lets answers under way finish for
// two seconds and closes ln. The version it announces is that of b's status.
func Serve(ctx context.Context, ln net.Listener, b Backend) error {
	streamCtx, endStreams := context.WithCancel(ctx)
	defer endStreams()
	s := &server{
		backend: b, version: b.Status().Daemon.Version, stop: streamCtx.Done(),
		streams: make(chan struct{}, maxStreams), checks: make(chan struct{}, maxStreams),
	}
	h := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	done := make(chan error, 1)
	go func() { done <- h.Serve(ln) }()
	select {
	case err := <-done:
		return fmt.Errorf("serving the control socket: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := h.Shutdown(grace); err != nil {
		h.Close()
	}
	<-done
	return nil
}

// handler is the table of routes behind what all of them share.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range s.routes() {
		mux.HandleFunc(pattern, h)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		answer(w, nil, &Error{Status: http.StatusNotFound, Message: "there is no " + r.Method + " " + r.URL.Path})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set(headerVersion, s.version)
		h.Set(headerSchema, strconv.Itoa(Schema))
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		mux.ServeHTTP(w, r)
	})
}

// answer writes v, or err if there is one.
func answer(w http.ResponseWriter, v any, err error) {
	allow(w)
	if err != nil {
		e := asError(err)
		w.WriteHeader(e.Status)
		v = e
	}
	// An answer that cannot be written has no reader any more.
	_ = json.NewEncoder(w).Encode(v)
}

// allow gives the next write its time.
func allow(w http.ResponseWriter) {
	// A writer without deadlines (of a test) needs none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
}

// asError makes any error fit to be sent.
func asError(err error) *Error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Status: http.StatusInternalServerError, Message: err.Error()}
	}
	c := *e
	if c.Status == 0 {
		c.Status = http.StatusBadRequest
	}
	return &c
}

// body reads the request's JSON into v.
func body(r *http.Request, v any) error {
	dec := json.NewDecoder(r.Body)
	if err := dec.Decode(v); err != nil {
		status := http.StatusBadRequest
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			status = http.StatusRequestEntityTooLarge
		}
		return &Error{Status: status, Message: "the request is not understood: " + err.Error()}
	}
	if _, err := dec.Token(); err != io.EOF {
		return &Error{Message: "the request is not understood: something follows it"}
	}
	return nil
}

func (s *server) status(w http.ResponseWriter, _ *http.Request) {
	answer(w, s.backend.Status(), nil)
}

func (s *server) history(w http.ResponseWriter, r *http.Request) {
	q, err := historyQuery(r)
	if err != nil {
		answer(w, nil, err)
		return
	}
	h, err := s.backend.History(q)
	answer(w, h, err)
}

// maxHistory bounds what one answer may hold.
const maxHistory = 10000

// historyQuery reads ?udid=, ?limit= and ?since= (RFC 3339).
func historyQuery(r *http.Request) (HistoryQuery, error) {
	v := r.URL.Query()
	q := HistoryQuery{UDID: v.Get("udid"), Limit: maxHistory}
	if l := v.Get("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 1 {
			return q, &Error{Message: fmt.Sprintf("the limit %q is not a number above zero", l)}
		}
		q.Limit = min(n, maxHistory)
	}
	if t := v.Get("since"); t != "" {
		since, err := time.Parse(time.RFC3339, t)
		if err != nil {
			return q, &Error{Message: fmt.Sprintf("the time %q is not understood", t)}
		}
		q.Since = since
	}
	return q, nil
}

func (s *server) samples(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	started, err := time.Parse(time.RFC3339Nano, v.Get("started"))
	if err != nil {
		answer(w, nil, &Error{Message: fmt.Sprintf("the time %q is not understood", v.Get("started"))})
		return
	}
	list, err := s.backend.Samples(v.Get("udid"), started)
	if list == nil {
		list = []Sample{}
	}
	answer(w, list, err)
}

func (s *server) ack(w http.ResponseWriter, r *http.Request) {
	var a AckRequest
	err := body(r, &a)
	if err == nil && strings.TrimSpace(a.Key) == "" {
		err = &Error{Message: "no key is given", Next: "`watchdogctl status` shows the key of each finding"}
	}
	if err == nil {
		err = s.backend.Ack(a)
	}
	answer(w, struct{}{}, err)
}

func (s *server) checked(w http.ResponseWriter, r *http.Request) {
	var c CheckedRequest
	err := body(r, &c)
	if err == nil && (c.Path == "" || c.Result.At.IsZero() || c.Result.Verdict == "") {
		err = &Error{Message: "a folder and the result of its check are needed"}
	}
	if err == nil {
		err = s.backend.Checked(c)
	}
	answer(w, struct{}{}, err)
}

func (s *server) mute(w http.ResponseWriter, r *http.Request) {
	var m MuteRequest
	err := body(r, &m)
	if err == nil && (m.UDID == "" || m.Code == "" || m.For < 0) {
		err = &Error{Message: "a phone, a code and a span of time that is not negative are needed"}
	}
	if err == nil {
		err = s.backend.Mute(m)
	}
	answer(w, struct{}{}, err)
}

func (s *server) testNotification(w http.ResponseWriter, r *http.Request) {
	list := s.backend.TestNotification(r.Context())
	if list == nil {
		list = []TestResult{}
	}
	answer(w, list, nil)
}
