package host

import (
	"bytes"
	"context"
	"encoding/binary"
	"strconv"
	"strings"
	"time"
)

// mac looks at processes as macOS shows them: names and arguments from the
// kernel, or from ps where the kernel declines, open files from lsof. Its three
// sources are functions, so that all of this runs under test anywhere.
type mac struct {
	self   int
	kernel func() ([]macProcess, error)
	args   func(ctx context.Context, pid int) ([]byte, error)
	run    func(ctx context.Context, name string, args ...string) ([]byte, error)
	opened map[string]lsofAnswer // by sighting.started
}

// macProcess is one line of the kernel's list. name is cut to 16 bytes.
type macProcess struct {
	pid, parent   int
	name, started string
}

// lsofAnswer is kept for a while: lsof costs a process.
type lsofAnswer struct {
	at   time.Time
	cwd  string
	open []string
}

const (
	lsofEvery = 30 * time.Second
	ps        = "/bin/ps"
	lsof      = "/usr/sbin/lsof"
)

// candidates implements system.
func (m *mac) candidates(ctx context.Context) (list []sighting, all bool) {
	processes, err := m.kernel()
	if err != nil {
		return m.fromPS(ctx)
	}
	for _, p := range processes {
		all = all || p.pid == m.self
		if !candidate(p.name) {
			continue
		}
		s := sighting{pid: p.pid, parent: p.parent, started: strconv.Itoa(p.pid) + "@" + p.started, read: -1, written: -1}
		if s.args = m.argsOf(ctx, p); len(s.args) > 0 {
			list = append(list, s)
		}
	}
	return list, all
}

// argsOf returns a process's arguments. Where they are refused, the name must
// do, which is enough for Apple's own program and for nothing else.
func (m *mac) argsOf(ctx context.Context, p macProcess) []string {
	b, err := m.args(ctx, p.pid)
	if args := parseProcArgs(b); err == nil && len(args) > 0 {
		return args
	}
	if strings.HasPrefix(p.name, "AppleMobileBack") {
		return []string{"AppleMobileBackup"}
	}
	return nil
}

// fromPS lists processes the slow way.
func (m *mac) fromPS(ctx context.Context) (list []sighting, all bool) {
	out, err := m.run(ctx, ps, "-axww", "-o", "pid=,ppid=,args=")
	if err != nil {
		return nil, false
	}
	list, pids := parsePS(string(out))
	return list, pids[m.self]
}

// files implements system, with an answer up to lsofEvery old.
func (m *mac) files(ctx context.Context, s sighting) (cwd string, open []string) {
	now := time.Now()
	if a, ok := m.opened[s.started]; ok && now.Sub(a.at) < lsofEvery {
		return a.cwd, a.open
	}
	if m.opened == nil || len(m.opened) > maxProcesses {
		m.opened = map[string]lsofAnswer{}
	}
	a := lsofAnswer{at: now}
	// lsof ends with 1 when it could not tell something; what it printed counts.
	out, _ := m.run(ctx, lsof, "-nPw", "-p", strconv.Itoa(s.pid), "-Ffn")
	a.cwd, a.open = parseLsof(string(out))
	m.opened[s.started] = a
	return a.cwd, a.open
}

// parseProcArgs reads the kernel's KERN_PROCARGS2: the number of arguments (four
// bytes, this computer's order), the path of the program, NUL bytes to the next
// boundary, then the arguments and the environment, each ended by a NUL (XNU
// bsd/kern/kern_sysctl.c). The environment is not looked at.
func parseProcArgs(b []byte) []string {
	if len(b) < 4 {
		return nil
	}
	n := int(binary.NativeEndian.Uint32(b))
	path := b[4:]
	i := bytes.IndexByte(path, 0)
	if i < 0 || n < 1 || n > 4096 {
		return nil
	}
	rest := bytes.TrimLeft(path[i:], "\x00")
	var args []string
	for len(args) < n && len(rest) > 0 {
		arg, after, _ := bytes.Cut(rest, []byte{0})
		args, rest = append(args, string(arg)), after
	}
	return args
}

// parsePS reads "pid ppid command line" per line. Where an argument holds blanks
// the line does not show it; the last argument is then put together again when
// it begins like a path, which is where a folder stands.
func parsePS(out string) (list []sighting, pids map[int]bool) {
	pids = map[int]bool{}
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) < 3 {
			continue
		}
		pid, err1 := strconv.Atoi(f[0])
		parent, err2 := strconv.Atoi(f[1])
		if err1 != nil || err2 != nil {
			continue
		}
		pids[pid] = true
		args := joinPath(f[2:])
		if _, ok := parseCommand(args); ok {
			list = append(list, sighting{pid: pid, parent: parent, started: f[0], args: args, read: -1, written: -1})
		}
	}
	return list, pids
}

// joinPath undoes the splitting of a path with blanks: everything from the last
// word that begins with a slash, up to an option, is one argument; so is the
// program's own path.
func joinPath(words []string) []string {
	var out []string
	for _, w := range words {
		last := len(out) - 1
		if last >= 0 && strings.HasPrefix(out[last], "/") && !strings.HasPrefix(w, "/") &&
			!strings.HasPrefix(w, "-") && !knownWord(w) && !isProgram(out[last]) {
			out[last] += " " + w
			continue
		}
		out = append(out, w)
	}
	return out
}

// knownWord reports words that end a path: the programs' own verbs.
func knownWord(w string) bool { return w == "backup" || w == "backup2" || w == "create" }

// isProgram reports whether a path is already that of a program we know.
func isProgram(path string) bool {
	base := path[strings.LastIndexByte(path, '/')+1:]
	return candidate(base)
}

// parseLsof reads lsof -F output: a line a field, "f" the descriptor ("cwd",
// "txt", a number), "n" the name that belongs to it.
func parseLsof(out string) (cwd string, open []string) {
	fd := ""
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "f"):
			fd = line[1:]
		case strings.HasPrefix(line, "n/") && fd == "cwd":
			cwd = line[1:]
		case strings.HasPrefix(line, "n/") && fd != "txt" && len(open) < maxFiles:
			open = append(open, line[1:])
		}
	}
	return cwd, open
}
