package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
)

// paths returns where everything lies, with --state-dir taken into account.
func (p *program) paths() (config.Paths, error) {
	paths, err := config.PathsFor(p.GOOS, p.Home, p.Getenv)
	if err != nil && p.StateDir == "" {
		return paths, p.fail(err, "set HOME, or give `--state-dir`")
	}
	return paths.In(p.StateDir), nil
}

// client returns a client of the daemon. Nothing is asked yet.
func (p *program) client() (*control.Client, error) {
	paths, err := p.paths()
	if err != nil {
		return nil, err
	}
	return control.NewClient(p.socketDir(paths)), nil
}

// socketDir is the folder whose socket to ask. On Linux the daemon of a login
// session and a shell without one (over ssh, from cron) may differ in
// XDG_RUNTIME_DIR: then the place where a socket really is counts.
func (p *program) socketDir(paths config.Paths) string {
	if p.StateDir != "" || p.GOOS == "darwin" {
		return paths.Socket
	}
	session := fmt.Sprintf("/run/user/%d/%s", p.UID, config.App)
	for _, dir := range []string{paths.Socket, session, paths.State} {
		if _, err := os.Lstat(control.SocketPath(dir, p.UID)); err == nil {
			return dir
		}
	}
	return paths.Socket
}

// unreachable words an error of the client. Where no daemon answers, what the
// service manager knows of it is the better hint; not where one may not be asked.
func (p *program) unreachable(err error) error {
	if errors.Is(err, control.ErrNotRunning) && !errors.Is(err, fs.ErrPermission) && p.ServiceHint != nil {
		if hint := p.ServiceHint(p); hint != "" {
			return p.fail(err, hint)
		}
	}
	return p.fail(err, "")
}

// phone finds the one phone that a person means: by its id, the beginning or
// the end of it, or its name, in either case of letters.
func (p *program) phone(s control.Status, want string) (string, error) {
	names := map[string]string{}
	for _, b := range s.Backups {
		names[b.UDID] = b.DeviceName
	}
	for _, ph := range s.Phones {
		names[ph.UDID] = ph.Name
	}
	if _, ok := names[want]; ok {
		return want, nil
	}
	var hits []string
	lower := strings.ToLower(want)
	for udid, name := range names {
		u := strings.ToLower(udid)
		if lower != "" && (strings.ToLower(name) == lower || len(lower) >= 4 && (strings.HasPrefix(u, lower) || strings.HasSuffix(u, lower))) {
			hits = append(hits, udid)
		}
	}
	slices.Sort(hits)
	switch len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		return "", p.fail(fmt.Errorf("no iPhone is known as %q", want), knownPhones(names))
	}
	return "", p.misuse(fmt.Errorf("%q could be any of %d iPhones", want, len(hits)), "one of: "+strings.Join(hits, ", "))
}

// knownPhones is the hint that lists them.
func knownPhones(names map[string]string) string {
	var list []string
	for udid, name := range names {
		if name != "" {
			udid += " (" + name + ")"
		}
		list = append(list, udid)
	}
	slices.Sort(list)
	if len(list) == 0 {
		return "no backup and no iPhone has been seen yet"
	}
	return "known are " + strings.Join(list, ", ")
}

// only returns s with one phone's part of it, and what concerns all.
func only(s control.Status, udid string) control.Status {
	s.Backups = slices.DeleteFunc(slices.Clone(s.Backups), func(b control.Backup) bool { return b.UDID != udid })
	s.Phones = slices.DeleteFunc(slices.Clone(s.Phones), func(ph control.Phone) bool { return ph.UDID != udid })
	s.Muted = slices.DeleteFunc(slices.Clone(s.Muted), func(m control.Mute) bool { return m.UDID != udid })
	s.Unseen = slices.DeleteFunc(slices.Clone(s.Unseen), func(n control.Notice) bool { return n.UDID != udid && n.UDID != "" })
	return s
}

// judged returns the exit code for a status: 3 when something is found.
func (p *program) judged(s control.Status) error {
	if worst(s) >= backup.Warning {
		return p.found()
	}
	return nil
}
