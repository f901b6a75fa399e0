package control

import (
	"context"
	"errors"
	"time"
)

// Backend is what the daemon does for its clients. Its methods are called from
// many goroutines at once and return soon, but for TestNotification and Check.
// An error that is an *Error goes to the client as it is; any other becomes one
// of status 500.
type Backend interface {
	Status() Status
	History(HistoryQuery) (History, error)
	// Samples returns the progress curve of one run, nil when it is not known.
	Samples(udid string, started time.Time) ([]Sample, error)
	Ack(AckRequest) error
	Mute(MuteRequest) error
	TestNotification(context.Context) []TestResult
	// Check checks chains and calls progress with values that become JSON, from
	// one goroutine at a time; its result becomes JSON too.
	Check(ctx context.Context, r CheckRequest, progress func(any)) (any, error)
	// Checked takes over what a check found that the daemon has not made itself.
	Checked(CheckedRequest) error
	// Subscribe returns a channel that has a value whenever the status changed
	// since it was last received from (capacity 1), and what ends that.
	Subscribe() (changed <-chan struct{}, cancel func())
}

// HistoryQuery says which part of the past is wanted. Zero values do not restrict.
type HistoryQuery struct {
	UDID  string
	Limit int // of runs and of notices, each; at most 10,000
	Since time.Time
}

// ErrRefused is what every *Error is: the daemon was reached and said no.
var ErrRefused = errors.New("the watchdog refused")

// Error is an answer that says no, and what to do next.
type Error struct {
	Status  int    `json:"-"` // HTTP; 0 means 400
	Message string `json:"error"`
	Next    string `json:"hint,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// Hint is what to do next.
func (e *Error) Hint() string { return e.Next }

// Is makes every Error an ErrRefused.
func (e *Error) Is(target error) bool { return target == ErrRefused }

// Event is one line of GET /v1/events: "status" with the whole status, first at
// once and then whenever it changed, or "heartbeat", so that a dead line shows.
type Event struct {
	Event  string  `json:"event"`
	Status *Status `json:"status,omitempty"`
}

// checkLine is one line of the answer to POST /v1/check.
type checkLine struct {
	Progress any    `json:"progress,omitempty"`
	Result   any    `json:"result,omitempty"`
	Err      *Error `json:"refused,omitempty"`
}
