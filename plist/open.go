package plist

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// OpenRegular opens a regular file for reading without ever waiting for it: a
// pipe that nobody writes to does not hold it up, and a link as the last part
// of path is refused rather than followed. The caller closes the file. The
// FileInfo is that of the open file, so it cannot be of another one.
//
// The error is ErrAbsent, ErrDenied or ErrNotRegular, each with the path
// before it, or the system's own for the rest (an I/O error, say).
func OpenRegular(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, explainOpen(path, err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, explainOpen(path, err)
	}
	if !info.Mode().IsRegular() {
		f.Close()
		return nil, nil, fmt.Errorf("%s %w", path, because(ErrNotRegular, "it is "+describeMode(info.Mode())))
	}
	return f, info, nil
}

// explainOpen sorts the system's reasons into ours.
func explainOpen(path string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s %w", path, ErrAbsent)
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return fmt.Errorf("%s %w", path, ErrDenied)
	case errors.Is(err, syscall.ELOOP):
		return fmt.Errorf("%s %w", path, because(ErrNotRegular, "it is a link"))
	case errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.EOPNOTSUPP):
		// A socket cannot be opened at all: Linux says the one, macOS the other.
		return fmt.Errorf("%s %w", path, because(ErrNotRegular, "it is a socket or a device"))
	}
	return fmt.Errorf("opening %w", err)
}

// describeMode names what a file is when it is not a regular one.
func describeMode(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}
