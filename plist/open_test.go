package plist_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"backupwatchdog/plist"
)

// Nothing that is not a plain file is opened, followed or waited for.
func TestOpenRegular(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(in("file"), []byte("12345"), 0o600))
	must(os.Symlink(in("file"), in("link")))
	must(os.Symlink(in("nowhere"), in("broken link")))
	must(os.Symlink(in("loop"), in("loop")))
	must(syscall.Mkfifo(in("pipe"), 0o600))

	f, info, err := plist.OpenRegular(in("file"))
	must(err)
	defer f.Close()
	if info.Size() != 5 {
		t.Errorf("size %d, want 5", info.Size())
	}
	cases := []struct {
		path string
		kind error
		text string
	}{
		{in("link"), plist.ErrNotRegular, "it is a link"},
		{in("broken link"), plist.ErrNotRegular, "it is a link"},
		{in("loop"), plist.ErrNotRegular, "it is a link"},
		{in("pipe"), plist.ErrNotRegular, "it is a pipe"},
		{dir, plist.ErrNotRegular, "it is a folder"},
		{os.DevNull, plist.ErrNotRegular, "it is a device"},
		{in("none"), plist.ErrAbsent, "does not exist"},
		{in("file/none"), plist.ErrAbsent, "does not exist"},
		{"", plist.ErrAbsent, "does not exist"},
	}
	for _, c := range cases {
		_, _, err := plist.OpenRegular(c.path)
		if !errors.Is(err, c.kind) || !strings.HasSuffix(err.Error(), c.text) {
			t.Errorf("%s: got %v, want … %s", c.path, err, c.text)
		}
	}
}

func TestOpenSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "p") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, _, err := plist.OpenRegular(path); !errors.Is(err, plist.ErrNotRegular) {
		t.Errorf("got %v, want ErrNotRegular", err)
	}
}

// macOS refuses with EPERM where privacy forbids and EACCES where the mode
// does; both are "denied" and neither is "absent".
func TestOpenDenied(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.EACCES} {
		err := plist.ExplainOpen("/x/Status.plist", &os.PathError{Op: "open", Path: "/x/Status.plist", Err: errno})
		if !errors.Is(err, plist.ErrDenied) || err.Error() != "/x/Status.plist may not be read by this program" {
			t.Errorf("%v: got %v", errno, err)
		}
	}
	err := plist.ExplainOpen("/x", &os.PathError{Op: "open", Path: "/x", Err: syscall.EIO})
	if !errors.Is(err, syscall.EIO) || errors.Is(err, plist.ErrAbsent) || errors.Is(err, plist.ErrDenied) {
		t.Errorf("got %v", err)
	}
	if os.Getuid() == 0 {
		t.Log("run as root: no file is denied, the real refusal was not tried")
		return
	}
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := plist.OpenRegular(path); !errors.Is(err, plist.ErrDenied) {
		t.Errorf("got %v", err)
	}
}
