package control

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Lock is the right to be the one daemon of a state folder. The kernel takes it
// back when the process ends, however it ends; the file stays.
type Lock struct{ f *os.File }

// Sign writes this process's number into the lock file once more: for a daemon
// that began when the disk was full.
func (l *Lock) Sign() error { return writePID(l.f) }

// RunningError says that another daemon holds the state folder.
type RunningError struct {
	PID int // 0 unknown
	Dir string
}

func (e *RunningError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("another watchdogd already uses %s", e.Dir)
	}
	return fmt.Sprintf("another watchdogd (pid %d) already uses %s", e.PID, e.Dir)
}

// Hint is what to do next.
func (e *RunningError) Hint() string {
	return "`watchdogctl status` asks it; `watchdogctl stop` ends it if it is the service, " +
		e.ByHand() + " if it was started by hand; for a second one give `--state-dir`"
}

// ByHand is how a daemon ends that a person runs in a terminal, which no service
// manager can end.
func (e *RunningError) ByHand() string {
	if e.PID == 0 {
		return "Ctrl-C in its terminal"
	}
	return fmt.Sprintf("Ctrl-C in its terminal or `kill %d`", e.PID)
}

// TakeLock makes the state folder ready (see PrepareDir) and takes its lock, or
// returns a *RunningError that names the process that has it.
func TakeLock(stateDir string) (*Lock, error) {
	if err := PrepareDir(stateDir); err != nil {
		return nil, err
	}
	path := filepath.Join(stateDir, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, &PlaceError{stateDir, "its lock file cannot be opened", "check the permissions of the folder and the space on its disk, or " + chooseOther, err}
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &RunningError{readPID(f), stateDir}
		}
		return nil, &PlaceError{stateDir, "it cannot be locked", "the disk may not support locks; " + chooseOther, err}
	}
	if err := writePID(f); err != nil && !NoRoom(err) {
		f.Close()
		return nil, &PlaceError{stateDir, "it cannot be written", "check the space on its disk, or " + chooseOther, err}
	}
	return &Lock{f}, nil
}

// Release gives the lock back. Close the listener before. Closing the file would
// not be enough: a child process that is just being started shares it for a moment.
func (l *Lock) Release() error {
	return errors.Join(l.f.Truncate(0), unix.Flock(int(l.f.Fd()), unix.LOCK_UN), l.f.Close())
}

// readPID returns the number in a lock file, 0 when there is none.
func readPID(f *os.File) int {
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid < 1 {
		return 0
	}
	return pid
}

// writePID replaces the content of a lock file by this process's number. The
// number is for people: on a full disk the lock holds without it.
func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// NoRoom reports whether an error says that the disk, or this user's part of it,
// is full. That may pass: the watchdog goes on without what it could not write.
func NoRoom(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }
