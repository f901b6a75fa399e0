package service

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
)

// apps is where the bundle goes.
func (m *Manager) apps() string {
	if m.AppsDir != "" {
		return m.AppsDir
	}
	if all := filepath.Join(m.Root, "/Applications"); m.sourceBundle() == filepath.Join(all, AppName) {
		return all // put there by a person or by Homebrew: used where it is
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
	own := filepath.Join(m.configHome(), "systemd", "user", UnitName)
	if _, err := os.Lstat(own); err == nil || !m.packaged() {
		return own
	}
	return m.vendorUnit()
}

// vendorUnit is the unit a package of the system brings for all its users.
func (m *Manager) vendorUnit() string {
	return filepath.Join(m.Root, "/usr/lib/systemd/user", UnitName)
}

// packaged reports whether that unit is the one this manager would write: then
// none of the user's own is needed.
func (m *Manager) packaged() bool {
	if !m.inPlace() {
		return false
	}
	have, err := os.ReadFile(m.vendorUnit())
	return err == nil && string(have) == m.unit().Render()
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

// args are the daemon's arguments.
func (m *Manager) args() []string {
	if m.StateDir == "" {
		return nil
	}
	return []string{"--state-dir", m.StateDir}
}

// kept is one place the daemon itself keeps something in. Where whole is set
// the folder is ours by its name; elsewhere only files we know are ours.
type kept struct {
	what  string
	path  string
	whole bool
}

// kept lists what the daemon keeps and a purge removes, in the words of the
// manual.
func (m *Manager) kept() []kept {
	p, err := config.PathsFor(m.Target, m.Home, m.env)
	if err != nil {
		return nil
	}
	list := []kept{{"history and state", p.State, true}}
	if dir := m.StateDir; dir != "" {
		list = append(list, kept{"history and state", dir, false})
	}
	if conf := filepath.Dir(p.Config); conf != p.State {
		list = append(list, kept{"configuration", conf, true})
	}
	if p.Log != "" {
		list = append(list, kept{"logs", filepath.Dir(p.Log), true})
	}
	return list
}

// volatile lists what means nothing once the daemon has gone: its socket and
// its lock.
func (m *Manager) volatile() []string {
	p, err := config.PathsFor(m.Target, m.Home, m.env)
	if err != nil {
		return nil
	}
	list := []string{filepath.Join(p.Socket, Daemon+".sock"), filepath.Join(p.State, Daemon+".lock")}
	if dir := m.StateDir; dir != "" {
		list = append(list, filepath.Join(dir, Daemon+".sock"), filepath.Join(dir, Daemon+".lock"))
	}
	return append(list, m.socket())
}

// socket is the daemon's socket, also where it lies outside the state folder
// because that has too long a name.
func (m *Manager) socket() string {
	p, err := config.PathsFor(m.Target, m.Home, m.env)
	if err != nil {
		return ""
	}
	return control.SocketPath(p.In(m.StateDir).Socket, m.UID)
}

// logDir is where launchd puts what the daemon prints.
func (m *Manager) logDir() string { return filepath.Join(m.Home, "Library", "Logs", config.App) }

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
