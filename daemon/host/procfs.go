package host

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// procfs looks at processes through Linux's /proc.
type procfs struct {
	root string
	self int // this process, which must be in the list for it to be one
}

// maxArgs bounds a command line, in bytes.
const maxArgs = 64 << 10

// candidates implements system. One short file is read per process, the rest
// only for those whose name could be a backup program's.
func (p procfs) candidates(ctx context.Context) (list []sighting, all bool) {
	dir, err := os.Open(p.root)
	if err != nil {
		return nil, false
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, false
	}
	first, self := false, false
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if ctx.Err() != nil {
			return nil, false
		}
		first = first || pid == 1
		self = self || pid == p.self
		if s, ok := p.sight(pid, name); ok {
			list = append(list, s)
		}
	}
	// With hidepid, /proc shows this user's processes alone; process 1 is root's.
	return list, first && self
}

// sight reads one process if its name could be a backup program's. A process
// that ends meanwhile is no error.
func (p procfs) sight(pid int, name string) (sighting, bool) {
	comm := p.read(name, "comm", 64)
	if !candidate(strings.TrimSpace(string(comm))) {
		return sighting{}, false
	}
	args := splitArgs(p.read(name, "cmdline", maxArgs))
	if len(args) == 0 { // ended and not yet collected
		return sighting{}, false
	}
	s := sighting{pid: pid, args: args, started: name}
	s.parent, s.started = parseStat(name, p.read(name, "stat", 4096))
	s.read, s.written = parseIO(p.read(name, "io", 4096))
	return s, true
}

// read returns at most limit bytes of a file; nothing when it cannot be read. It
// asks the kernel directly: an os.File costs three times as much, and this is
// done for every process there is.
func (p procfs) read(pid, file string, limit int) []byte {
	fd, err := unix.Open(p.root+"/"+pid+"/"+file, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	b := make([]byte, limit)
	n := 0
	for n < limit {
		m, err := unix.Read(fd, b[n:])
		if m <= 0 || err != nil {
			break
		}
		n += m
		if file == "comm" {
			break // one short line, in one piece
		}
	}
	return b[:n]
}

// files implements system. Another user's links cannot be read; then nothing is known.
func (p procfs) files(_ context.Context, s sighting) (cwd string, open []string) {
	dir := filepath.Join(p.root, strconv.Itoa(s.pid))
	cwd, _ = os.Readlink(filepath.Join(dir, "cwd"))
	fds, err := os.Open(filepath.Join(dir, "fd"))
	if err != nil {
		return cwd, nil
	}
	defer fds.Close()
	names, _ := fds.Readdirnames(maxFiles)
	for _, n := range names {
		if to, err := os.Readlink(filepath.Join(dir, "fd", n)); err == nil && filepath.IsAbs(to) {
			open = append(open, to)
		}
	}
	return cwd, open
}

// splitArgs splits a command line at its NUL bytes.
func splitArgs(b []byte) []string {
	b = bytes.TrimRight(b, "\x00")
	if len(b) == 0 {
		return nil
	}
	return strings.Split(string(b), "\x00")
}

// parseStat takes the parent and the start time from /proc/PID/stat:
//
//	1234 (name, which may hold blanks and brackets) S 1200 … (field 22: start)
func parseStat(pid string, b []byte) (parent int, started string) {
	_, rest, _ := bytes.Cut(b, []byte(" ("))
	if i := bytes.LastIndexByte(rest, ')'); i >= 0 {
		rest = rest[i+1:]
	}
	f := strings.Fields(string(rest))
	if len(f) < 20 {
		return 0, pid
	}
	parent, _ = strconv.Atoi(f[1])
	return parent, pid + "@" + f[19]
}

// parseIO takes the byte counts from /proc/PID/io: everything read and written,
// sockets included, which is what tells a live transfer from a dead one.
func parseIO(b []byte) (read, written int64) {
	read, written = -1, -1
	for line := range strings.Lines(string(b)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			continue
		}
		switch key {
		case "rchar":
			read = n
		case "wchar":
			written = n
		}
	}
	return read, written
}
