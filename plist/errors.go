package plist

import (
	"errors"
	"io/fs"
)

// What can be wrong with a property list. Each reads as the end of a sentence
// that begins with the name of the file. Use errors.Is to tell them apart.
var (
	// ErrAbsent: there is no such file. Normal between two states of a run.
	ErrAbsent = errors.New("does not exist")
	// ErrEmpty: the file has no bytes, or a property list without a value.
	// Normal for the seconds in which a writer has truncated but not filled it.
	ErrEmpty = errors.New("is empty")
	// ErrDenied: the system refuses to open the file (EPERM or EACCES). It is
	// fs.ErrPermission too.
	ErrDenied error = refusal("may not be read by this program")
	// ErrNotRegular: the name is that of a folder, a link, a pipe, a socket
	// or a device.
	ErrNotRegular = errors.New("is not a regular file")
	// ErrNotPlist: the bytes are not a property list, or a damaged one.
	ErrNotPlist = errors.New("is not a valid property list")
	// ErrCut: it begins as a property list, but its end is missing.
	ErrCut = errors.New("is cut short")
	// ErrWrongType: a sound property list that does not say what it should:
	// a value of another type, or one that must be there and is not.
	ErrWrongType = errors.New("does not have the expected content")
	// ErrTooLarge: more bytes, values or levels than any real one has.
	ErrTooLarge = errors.New("is larger than any real file of its kind")
	// ErrUnread: an Info.plist so large that only its ends were looked at, and
	// they are sound. No sign of damage.
	ErrUnread = errors.New("is too large to be read whole")
)

// refusal is an error that is fs.ErrPermission to errors.Is.
type refusal string

func (r refusal) Error() string        { return string(r) }
func (r refusal) Is(target error) bool { return target == fs.ErrPermission }

// fault is one of the errors above with the detail that explains it.
type fault struct {
	kind   error
	detail string
}

func (f *fault) Error() string {
	if f.detail == "" {
		return f.kind.Error()
	}
	return f.kind.Error() + ": " + f.detail
}

func (f *fault) Unwrap() error { return f.kind }

// because makes an error of one kind with its reason.
func because(kind error, detail string) error {
	return &fault{kind, detail}
}
