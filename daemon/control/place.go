package control

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// The names of our files.
const (
	socketName = "watchdogd.sock"
	lockName   = "watchdogd.lock"
	lastName   = "last-status.json"
)

// maxSocketPath is how long a socket's path may be, bytes, on every system:
// sun_path holds 104 with its final zero on macOS, 108 on Linux.
const maxSocketPath = 103

// fallbackBase is where a socket goes whose own folder has too long a name. It
// is fixed, and not $TMPDIR, because the daemon and the terminal have different
// temporary folders on macOS and must find the same place.
const fallbackBase = "/tmp"

// SocketPath returns where the socket for the folder dir lies: in dir, or,
// where that path would be too long, in a folder of this user under /tmp whose
// name is a hash of dir. Both programs compute the same.
func SocketPath(dir string, uid int) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil && len(filepath.Join(dir, socketName)) > maxSocketPath {
		dir = real // several names of one folder have one fallback
	}
	dir = filepath.Clean(dir)
	if path := filepath.Join(dir, socketName); len(path) <= maxSocketPath {
		return path
	}
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(fallbackBase, fmt.Sprintf("backup-watchdog-%d-%s", uid, hex.EncodeToString(sum[:6])), socketName)
}

// A PlaceError is a folder that cannot be used for state or socket.
type PlaceError struct {
	Dir, Problem, Next string
	Err                error
}

func (e *PlaceError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("the folder %s cannot be used: %s", e.Dir, e.Problem)
	}
	return fmt.Sprintf("the folder %s cannot be used: %s: %v", e.Dir, e.Problem, plainError(e.Err))
}

func (e *PlaceError) Unwrap() error { return e.Err }

// Hint is what to do next.
func (e *PlaceError) Hint() string { return e.Next }

const chooseOther = "choose another folder with --state-dir"

// PrepareDir makes dir a folder that only this user may enter: it is created
// with mode 0700, or, if it is there and ours, narrowed to 0700. A folder that
// others own, may write to or share is refused and left as it is.
func PrepareDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return &PlaceError{dir, "it cannot be created", "check the permissions of the folder above it and the space on its disk, or " + chooseOther, err}
	}
	info, err := os.Stat(dir)
	if err != nil {
		return &PlaceError{dir, "it cannot be examined", chooseOther, err}
	}
	switch {
	case owner(info) != os.Getuid():
		return &PlaceError{dir, "it belongs to another user", chooseOther, nil}
	case info.Mode().Perm()&0o077 == 0:
		return nil
	case info.Mode().Perm()&0o022 != 0, info.Mode()&(fs.ModeSticky|fs.ModeSetgid) != 0:
		return &PlaceError{dir, "others may write to it", "give the watchdog a folder of its own with `--state-dir`", nil}
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return &PlaceError{dir, "others cannot be kept out of it", chooseOther, err}
	}
	return nil
}

// prepareFallback makes or accepts the folder under /tmp. There anybody may
// have been first: a link, another owner or other rights are refused, never mended.
func prepareFallback(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return &PlaceError{dir, "it cannot be created", chooseOther + ", with a shorter name", err}
	}
	return checkFallback(dir)
}

// checkFallback refuses a folder under /tmp that is not wholly ours.
func checkFallback(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || owner(info) != os.Getuid() || info.Mode().Perm() != 0o700 {
		return &PlaceError{dir, "it is not this user's own folder", chooseOther + ", with a shorter name", nil}
	}
	return nil
}

// isFallback reports whether dir is a folder SocketPath invented.
func isFallback(dir string) bool {
	return filepath.Dir(dir) == fallbackBase && strings.HasPrefix(filepath.Base(dir), "backup-watchdog-")
}

// owner returns the user a file belongs to, -1 when unknown.
func owner(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// plainError strips operation and path, which the message already has.
func plainError(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}
