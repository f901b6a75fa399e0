package service

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// FileState is what lies where the service file should be.
type FileState string

// The states of the service file.
const (
	FileAbsent  FileState = "absent"
	FileCurrent FileState = "current" // exactly what this version would write
	FileStale   FileState = "stale"   // readable, from another version or edited
	FileBroken  FileState = "broken"  // empty, cut or unreadable
)

// State is what is known of an installation. It is a structured answer because
// "installed", "loaded" and "running" are three things.
type State struct {
	Manager string    `json:"manager"` // launchd, systemd
	File    string    `json:"file"`
	Is      FileState `json:"file_state"`
	// Program is the daemon's file the service starts, as the file on disk says;
	// "" when it cannot be told.
	Program string `json:"program,omitempty"`
	// Loaded: the service manager knows the service. Nil when it could not be asked.
	Loaded  *bool `json:"loaded"`
	Running bool  `json:"running"`
	PID     int   `json:"pid,omitempty"`
	// LastExit is the exit status of a daemon that is not running; nil unknown.
	LastExit *int `json:"last_exit,omitempty"`
	// Disabled: switched off by somebody, it will not start at login.
	Disabled bool   `json:"disabled,omitempty"`
	Detail   string `json:"detail,omitempty"`
	// Others are service files that would start a second watchdog.
	Others []string `json:"others,omitempty"`
	// Err says why the service manager could not be asked, Next what to do.
	Err  string `json:"error,omitempty"`
	Next string `json:"-"`
}

// Inspect looks at the service file and asks the service manager. It fails only
// on a system that has no service manager of ours; all else is in the State.
func (m *Manager) Inspect(ctx context.Context) (State, error) {
	m = m.inherit()
	e, err := m.engine()
	if err != nil {
		return State{}, err
	}
	s := State{Manager: "systemd", File: m.serviceFile()}
	if m.Target == Darwin {
		s.Manager = "launchd"
	}
	s.Is, s.Program = m.fileState(e)
	s.Others = m.others()
	if err := e.inspect(ctx, &s); err != nil {
		s.Err = err.Error()
		if p, ok := errors.AsType[*Problem](err); ok {
			s.Next = p.Hint()
		}
	}
	return s, nil
}

// fileState compares the service file with what would be written now.
func (m *Manager) fileState(e engine) (FileState, string) {
	data, err := os.ReadFile(m.serviceFile())
	if errors.Is(err, fs.ErrNotExist) {
		return FileAbsent, ""
	}
	argv, _ := m.parseService(data)
	if err != nil || len(argv) == 0 {
		return FileBroken, ""
	}
	if want, err := e.file(); err == nil && want.Content == string(data) {
		return FileCurrent, argv[0]
	}
	return FileStale, argv[0]
}

// parseService returns the command line a service file starts, nil when it is
// not readable, and the environment it gives.
func (m *Manager) parseService(data []byte) (argv []string, env map[string]string) {
	if m.Target == Darwin {
		a, err := ParseAgent(data)
		if err != nil {
			return nil, nil
		}
		return a.ProgramArguments, a.EnvironmentVariables
	}
	u, err := ParseUnit(data)
	if err != nil {
		return nil, nil
	}
	return u.Exec, u.Env
}

// others lists agents that would run a second watchdog: one that `brew services`
// has made from a formula, or one a person has written.
func (m *Manager) others() []string {
	if m.Target != Darwin {
		return nil
	}
	var found []string
	files, _ := filepath.Glob(filepath.Join(globQuote(filepath.Dir(m.serviceFile())), "*.plist"))
	for _, f := range files {
		if f == m.serviceFile() {
			continue
		}
		name := filepath.Base(f)
		if strings.HasPrefix(name, "homebrew.mxcl.") && strings.Contains(name, "watchdog") || m.startsOurs(f) {
			found = append(found, f)
		}
	}
	return found
}

// startsOurs reports whether an agent's file starts a watchdogd.
func (m *Manager) startsOurs(file string) bool {
	fi, err := os.Stat(file)
	if err != nil || !fi.Mode().IsRegular() || fi.Size() > 1<<20 {
		return false
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	argv, _ := m.parseService(data)
	return len(argv) > 0 && filepath.Base(argv[0]) == Daemon
}
