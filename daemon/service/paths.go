package service

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// folder is the name of our own folders in the system's places.
const folder = "backup-watchdog"

// apps is where the bundle goes.
func (m *Manager) apps() string {
	if m.AppsDir != "" {
		return m.AppsDir
	}
	return filepath.Join(m.Home, "Applications")
}

// Bundle is the application's folder on macOS.
func (m *Manager) Bundle() string { return filepath.Join(m.apps(), AppName) }

// Program is the daemon's file as the service manager starts it.
func (m *Manager) Program() string { return filepath.Join(m.bin(), Daemon) }

// bin is the folder both programs are installed to.
func (m *Manager) bin() string {
	switch {
	case m.Target == Darwin:
		return filepath.Join(m.Bundle(), "Contents", "MacOS")
	case m.inPlace():
		return m.Source
	}
	return filepath.Join(m.Home, ".local", "bin")
}

// inPlace reports whether the programs belong to a package of the system, which
// keeps them up to date at a fixed path: they are then used where they are.
func (m *Manager) inPlace() bool {
	return m.Target == Linux && slices.Contains([]string{"/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin"}, m.Source)
}

// serviceFile is the file the service manager reads.
func (m *Manager) serviceFile() string {
	if m.Target == Darwin {
		return filepath.Join(m.Home, "Library", "LaunchAgents", Label+".plist")
	}
	return filepath.Join(m.configHome(), "systemd", "user", UnitName)
}

// configHome is $XDG_CONFIG_HOME, which the specification wants absolute.
func (m *Manager) configHome() string { return m.xdg("XDG_CONFIG_HOME", ".config") }

// xdg is a base folder from the environment, or its default below home.
func (m *Manager) xdg(key, fallback string) string {
	if d := m.env(key); filepath.IsAbs(d) {
		return d
	}
	return filepath.Join(m.Home, fallback)
}

// owned is one place the daemon itself keeps something in.
type owned struct {
	what string
	path string
}

// state lists what the daemon keeps and a purge removes, in the words of the
// manual. Files inside one of the folders are not named again.
func (m *Manager) state() []owned {
	pick := func(set, own string) string {
		if set != "" {
			return set
		}
		return own
	}
	list := []owned{{"history and state", ""}, {"configuration", ""}}
	if m.Target == Darwin {
		support := filepath.Join(m.Home, "Library", "Application Support", folder)
		list[0].path, list[1].path = pick(m.State, support), pick(m.Config, filepath.Join(support, "config.toml"))
		list = append(list, owned{"logs", pick(m.Log, m.logDir())})
	} else {
		list[0].path = pick(m.State, filepath.Join(m.xdg("XDG_STATE_HOME", ".local/state"), folder))
		list[1].path = pick(m.Config, filepath.Join(m.configHome(), folder))
	}
	return list
}

// volatile lists what means nothing once the daemon has gone: its socket, its
// lock, and the folder of the socket on Linux.
func (m *Manager) volatile() []string {
	state := m.state()[0].path
	list := []string{filepath.Join(state, Daemon+".sock"), filepath.Join(state, Daemon+".lock")}
	if m.Socket != "" {
		list = append(list, m.Socket)
	}
	if run := m.env("XDG_RUNTIME_DIR"); m.Target == Linux && filepath.IsAbs(run) {
		list = append(list, filepath.Join(run, folder))
	}
	return list
}

// logDir is where launchd puts what the daemon prints.
func (m *Manager) logDir() string { return filepath.Join(m.Home, "Library", "Logs", folder) }

// pathDirs are the folders of PATH, absolute ones only.
func (m *Manager) pathDirs() []string {
	var dirs []string
	for _, d := range filepath.SplitList(m.env("PATH")) {
		if filepath.IsAbs(d) {
			dirs = append(dirs, filepath.Clean(d))
		}
	}
	return dirs
}

// linkDirs are the folders a link to watchdogctl may be put in, best first.
func (m *Manager) linkDirs() []string {
	return []string{filepath.Join(m.Home, ".local", "bin"), filepath.Join(m.Home, "bin"), "/usr/local/bin"}
}

// linkPath is where the link to watchdogctl goes on macOS: the first of our
// candidates that is on PATH and may be written, else ~/.local/bin, which then
// needs the advice of onPath.
func (m *Manager) linkPath() string {
	dirs := m.linkDirs()
	for _, d := range dirs {
		if slices.Contains(m.pathDirs(), d) && (strings.HasPrefix(d, m.Home) || writable(d)) {
			return filepath.Join(d, Control)
		}
	}
	return filepath.Join(dirs[0], Control)
}

// onPath reports whether a shell of this user finds what lies in dir.
func (m *Manager) onPath(dir string) bool { return slices.Contains(m.pathDirs(), filepath.Clean(dir)) }

// writable reports whether this user may add files to dir, by asking the
// permission bits only: nothing is written to find out.
func writable(dir string) bool {
	fi, err := os.Stat(dir)
	return err == nil && fi.IsDir() && access(dir)
}
