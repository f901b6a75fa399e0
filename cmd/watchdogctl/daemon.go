package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

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

// phone finds the one phone that a person means among those of a status.
func (p *program) phone(s control.Status, want string) (string, error) {
	return p.phoneAmong(namesIn(s), want)
}

// namesIn are the phones of a status with their names, "" where none is known.
func namesIn(s control.Status) map[string]string {
	names := map[string]string{}
	for _, m := range s.Muted { // also of phones that are long gone
		names[m.UDID] = ""
	}
	for _, b := range s.Backups {
		names[b.UDID] = b.DeviceName
	}
	for _, ph := range s.Phones {
		names[ph.UDID] = cmp.Or(ph.Name, names[ph.UDID])
	}
	return names
}

// phoneAmong finds the one phone that a person means; names are by id.
func (p *program) phoneAmong(names map[string]string, want string) (string, error) {
	hits := meant(names, want)
	switch len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		return "", p.fail(fmt.Errorf("no iPhone is known as %q", want), knownPhones(names))
	}
	return "", p.misuse(fmt.Errorf("%q could be any of %d iPhones", want, len(hits)), "one of: "+strings.Join(hits, ", "))
}

// meant are the phones that a word may mean, in either case of letters and with
// any apostrophe: those of that id; else of that name; else whose id begins or
// ends so; else whose name begins so; else whose name holds it.
func meant(names map[string]string, want string) []string {
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "’", "'")) }
	want = plain(want)
	n := utf8.RuneCountInString(want)
	for _, like := range []func(udid, name string) bool{
		func(udid, _ string) bool { return sameUDID(udid, want) },
		func(_, name string) bool { return name == want },
		func(udid, _ string) bool {
			return n >= 4 && (strings.HasPrefix(udid, want) || strings.HasSuffix(udid, want))
		},
		func(_, name string) bool { return n >= 2 && strings.HasPrefix(name, want) },
		func(_, name string) bool { return n >= 3 && strings.Contains(name, want) },
	} {
		var hits []string
		for udid, name := range names {
			if want != "" && like(plain(udid), plain(name)) {
				hits = append(hits, udid)
			}
		}
		if len(hits) > 0 {
			slices.Sort(hits)
			return hits
		}
	}
	return nil
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
