package control

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// ErrNotRunning: no daemon answers at this socket. The error is a *NotRunning.
var ErrNotRunning = errors.New("the watchdog is not running")

// NotRunning says at which socket nobody answers, and why.
type NotRunning struct {
	Socket string
	Err    error
}

func (e *NotRunning) Error() string {
	switch {
	case errors.Is(e.Err, fs.ErrNotExist), errors.Is(e.Err, syscall.ECONNREFUSED):
		return "the watchdog is not running: nobody answers at " + e.Socket
	case errors.Is(e.Err, fs.ErrPermission):
		return "the watchdog cannot be reached: " + e.Socket + " may not be opened by this user"
	}
	return fmt.Sprintf("the watchdog cannot be reached at %s: %v", e.Socket, e.Err)
}

// Hint is what to do next.
func (e *NotRunning) Hint() string {
	if errors.Is(e.Err, fs.ErrPermission) {
		return "ask as the user who runs the watchdog"
	}
	return "`watchdogctl start` starts it, `watchdogctl install` sets it up for good"
}

// Is makes every NotRunning an ErrNotRunning.
func (e *NotRunning) Is(target error) bool { return target == ErrNotRunning }

// Unwrap returns what the system said.
func (e *NotRunning) Unwrap() error { return e.Err }

// ErrVersion: the daemon that answers speaks another language than we. The
// error is a *VersionError.
var ErrVersion = errors.New("the running watchdog is a different version")

// VersionError says which versions do not fit.
type VersionError struct{ Theirs, What string }

func (e *VersionError) Error() string {
	v := e.Theirs
	if v == "" {
		v = "unknown"
	}
	return fmt.Sprintf("the running watchdog (version %s) does not match this program: %s", v, e.What)
}

// Hint is what to do next.
func (e *VersionError) Hint() string {
	return "`watchdogctl restart` starts the installed version in its place"
}

// Is makes every VersionError an ErrVersion.
func (e *VersionError) Is(target error) bool { return target == ErrVersion }
