package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// maxConns is how many connections are served at once; further ones are closed.
const maxConns = 32

// Listen opens the socket for the folder socketDir (Paths.Socket of package
// config) and returns it with its path. Holding the lock is what gives the
// right to remove a socket that an earlier daemon left behind. Only processes
// of this user, or root, get through.
func Listen(lock *Lock, socketDir string) (net.Listener, string, error) {
	if lock == nil {
		return nil, "", errors.New("control: listening without the lock")
	}
	path := SocketPath(socketDir, os.Getuid())
	dir := filepath.Dir(path)
	prepare := PrepareDir
	if isFallback(dir) {
		prepare = prepareFallback
	}
	if err := prepare(dir); err != nil {
		return nil, path, err
	}
	if err := removeStale(path); err != nil {
		return nil, path, err
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, path, &PlaceError{dir, "no socket can be created in it", chooseOther, err}
	}
	if err := os.Chmod(path, 0o600); err != nil {
		ln.Close()
		return nil, path, &PlaceError{dir, "others cannot be kept out of its socket", chooseOther, err}
	}
	return &ownListener{ln, make(chan struct{}, maxConns)}, path, nil
}

// removeStale removes an old socket and nothing else.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.Mode().Type() != fs.ModeSocket {
		return &PlaceError{filepath.Dir(path), fmt.Sprintf("%s is there and is no socket", path), "move it away, or " + chooseOther, nil}
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return &PlaceError{filepath.Dir(path), "the old socket cannot be removed", chooseOther, err}
	}
	return nil
}

// ownListener lets only this user's processes in, and so many at a time.
type ownListener struct {
	*net.UnixListener
	slots chan struct{}
}

// Accept returns the next connection of this user; others are closed unheard.
func (l *ownListener) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		uid, err := peerUID(c)
		if err != nil || !mayEnter(uid) {
			c.Close()
			continue
		}
		select {
		case l.slots <- struct{}{}:
			return &slotConn{Conn: c, slots: l.slots}, nil
		default:
			c.Close()
		}
	}
}

// mayEnter reports whether a process of that user may speak to us, and be believed.
func mayEnter(uid int) bool { return uid == os.Getuid() || uid == 0 }

// slotConn gives its slot back when it is closed.
type slotConn struct {
	net.Conn
	slots chan struct{}
	once  sync.Once
}

// Close closes the connection and frees its slot, once.
func (c *slotConn) Close() error {
	c.once.Do(func() { <-c.slots })
	return c.Conn.Close()
}

// peerUID returns the user of the process at the other end.
func peerUID(c *net.UnixConn) (uid int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return -1, err
	}
	if cerr := raw.Control(func(fd uintptr) { uid, err = credUID(int(fd)) }); cerr != nil {
		return -1, cerr
	}
	return uid, err
}
