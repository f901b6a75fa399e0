package config

import (
	"errors"
	"path/filepath"
	"strings"
)

// App is the name of the folders that belong to the watchdog.
const App = "backup-watchdog"

// Paths is where everything lies. It is computed, never looked up: a pure
// function of the system, the home folder and the environment.
type Paths struct {
	// State holds history.db, watchdogd.lock and last-status.json.
	State string
	// Socket is the folder of watchdogd.sock; see control.SocketPath.
	Socket string
	// Config is the configuration file.
	Config string
	// Log is the log file; "" where the journal keeps the log.
	Log string
	// Root is the folder that is watched when none is configured.
	Root string
}

// PathsFor returns the paths for goos ("darwin"; any other value is laid out
// like Linux). The home folder must be known. Of the environment it reads the
// XDG variables, on Linux only, and as their specification wants it ignores
// those that are not absolute.
func PathsFor(goos, home string, getenv func(string) string) (Paths, error) {
	if !filepath.IsAbs(home) {
		return Paths{}, errors.New("the home folder is unknown: HOME is not set")
	}
	in := func(parts ...string) string { return filepath.Join(append([]string{home}, parts...)...) }
	if goos == "darwin" {
		state := in("Library", "Application Support", App)
		return Paths{
			State: state, Socket: state,
			Config: filepath.Join(state, "config.toml"),
			Log:    in("Library", "Logs", App, "watchdogd.log"),
			Root:   in("Library", "Application Support", "MobileSync", "Backup"),
		}, nil
	}
	xdg := func(name, otherwise string) string {
		if v := getenv(name); filepath.IsAbs(v) {
			return filepath.Join(v, App)
		}
		return otherwise
	}
	state := xdg("XDG_STATE_HOME", in(".local", "state", App))
	return Paths{
		State:  state,
		Socket: xdg("XDG_RUNTIME_DIR", state),
		Config: filepath.Join(xdg("XDG_CONFIG_HOME", in(".config", App)), "config.toml"),
		Root:   in(".local", "share", "MobileSync", "Backup"),
	}, nil
}

// In returns p with state and socket together in dir, as --state-dir asks for;
// p itself when dir is "". A relative dir is taken from the working folder.
func (p Paths) In(dir string) Paths {
	if dir == "" {
		return p
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	p.State, p.Socket = dir, dir
	return p
}

// Expand replaces a leading "~" or "$HOME" by the home folder.
func Expand(path, home string) string {
	for _, prefix := range []string{"~", "$HOME", "${HOME}"} {
		if rest, ok := strings.CutPrefix(path, prefix); ok && (rest == "" || rest[0] == '/') {
			return filepath.Join(home, rest)
		}
	}
	return path
}
