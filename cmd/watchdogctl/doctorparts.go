package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/host"
	"backupwatchdog/daemon/service"
	"backupwatchdog/daemon/words"
)

// folder looks at the watched folders: as the daemon sees them, else at those
// of the configuration with our own eyes.
func (d *examination) folder() diagnosis {
	if d.status == nil {
		return d.ownFolder()
	}
	var seen []string
	for _, r := range d.status.Roots {
		switch {
		case r.State == "denied":
			return amiss("follow the three steps under \"access\"", "%s may not be read", r.Path)
		case r.ReadOnly != nil && *r.ReadOnly:
			return amiss("connect the drive so that it is writable, or make backups elsewhere", "%s is on a read-only volume", r.Path)
		case r.State == "missing" && len(d.conf.Roots) > 0:
			return amiss("connect the drive, or correct `roots` in the configuration", "%s is missing", r.Path)
		case r.State == "missing":
			seen = append(seen, r.Path+" does not exist yet: the first backup creates it")
		case r.State == "unknown":
			return unsure("", "%s: it is unknown whether it may be read", r.Path)
		default:
			seen = append(seen, fmt.Sprintf("%s: %s%s", r.Path, r.State, volumeOf(r.Resolved)))
		}
	}
	if len(seen) == 0 {
		return unsure("", "no folder has been examined yet")
	}
	return fine("%s", strings.Join(seen, "; "))
}

// ownFolder looks at the folders without the daemon. What a terminal may see
// says nothing of what the daemon may see, so this is never "well".
func (d *examination) ownFolder() diagnosis {
	roots := d.conf.Roots
	if len(roots) == 0 {
		roots = []string{d.paths.Root}
	}
	var seen []string
	for _, r := range roots {
		r = config.Expand(r, d.p.Home)
		_, err := os.ReadDir(r)
		switch {
		case errors.Is(err, fs.ErrPermission):
			seen = append(seen, r+": this terminal may not read it")
		case errors.Is(err, fs.ErrNotExist):
			seen = append(seen, r+": missing, or hidden from this terminal")
		case err != nil:
			seen = append(seen, fmt.Sprintf("%s: %v", r, reasonOf(err)))
		default:
			seen = append(seen, r+": this terminal may read it"+volumeOf(r))
		}
	}
	return unsure("", "%s; only the watchdog can tell what it sees", strings.Join(seen, "; "))
}

// reasonOf strips the path from an error, which is said before it.
func reasonOf(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// volumeOf says what kind of volume a folder is on.
func volumeOf(path string) string {
	v, err := host.Space(path)
	if err != nil {
		return ""
	}
	words := []string{v.FSType}
	if v.Network == backup.Yes {
		words = append(words, "network")
	}
	if v.ReadOnly {
		words = append(words, "read-only")
	}
	return bracketed(strings.TrimSpace(strings.Join(words, ", ")))
}

func (d *examination) notifications() diagnosis {
	another := d.conf.Notify.Webhook != "" || len(d.conf.Notify.Command) > 0
	if !d.conf.Notify.Desktop {
		if !another {
			return amiss("set `desktop`, `webhook` or `command` under `[notify]`", "every channel is switched off")
		}
		return fine("desktop notices are switched off; another channel is set up")
	}
	route, problem := d.route()
	if problem != "" && another {
		return fine("%s; another channel is set up", route)
	}
	if problem != "" {
		return amiss(problem, "%s", route)
	}
	if d.status == nil {
		return unsure("", "%s; only a running watchdog can tell whether any were sent", route)
	}
	for _, f := range d.status.Findings {
		if f.Code == backup.NoticesUndelivered {
			return amiss("`watchdogctl test-notification` tries every channel", "%s; the last ones could not be sent anywhere", route)
		}
	}
	if d.status.Daemon.LastNotice == nil {
		return unsure("`watchdogctl test-notification` sends one: see whether it appears", "%s; none has been sent yet, and a program cannot know whether you saw it", route)
	}
	return fine("%s; the last one was sent at %s", route, d.status.Daemon.LastNotice.In(d.p.Now().Location()).Format("2006-01-02 15:04"))
}

// route is how desktop notices travel, seen from inside the service and not
// from this terminal, whose PATH is another; problem is the next step where
// none can arrive.
func (d *examination) route() (route, problem string) {
	if d.p.GOOS == service.Darwin {
		for _, dir := range filepath.SplitList(service.AgentPath) {
			if fi, err := os.Stat(filepath.Join(dir, "terminal-notifier")); err == nil && fi.Mode().IsRegular() {
				return "by " + filepath.Join(dir, "terminal-notifier") + ", which needs permission to notify", ""
			}
		}
		return "by osascript: Script Editor needs permission to notify, and its icon is shown", ""
	}
	bus := d.p.Getenv("DBUS_SESSION_BUS_ADDRESS")
	if _, err := os.Stat(fmt.Sprintf("/run/user/%d/bus", d.p.UID)); err != nil && (bus == "" || strings.HasPrefix(bus, "autolaunch:")) {
		return "there is no desktop session here (no D-Bus session bus)", "run the watchdog in a desktop session, or set `webhook` or `command` under `[notify]`"
	}
	return "by D-Bus", ""
}

func (d *examination) phones() diagnosis {
	if d.status == nil {
		return d.silent()
	}
	switch u := d.status.Daemon.Usbmuxd; u {
	case "connected":
		return fine("usbmuxd answers; iPhones connected: %d", len(d.status.Phones))
	case "off":
		return fine("switched off in the configuration")
	case "absent":
		return fine("there is no usbmuxd here: iPhones are not asked, but the folder is still watched")
	case "":
		return unsure("", "usbmuxd has not been asked yet")
	default:
		return amiss("reconnect the iPhone; on Linux, check that usbmuxd is running", "usbmuxd: %s", u)
	}
}

func (d *examination) database() diagnosis {
	path := historyFile(d.paths)
	if d.status != nil {
		if h := d.status.Daemon.History; h != "ok" && h != "" {
			return amiss("check that the disk has room and the folder is yours; the old file was set aside, not deleted", "%s: %s", path, h)
		}
		return fine("%s%s", path, sizeOf(path))
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return unsure("", "%s does not exist yet", path)
	}
	if err != nil {
		return amiss("check who owns the folder", "%s: %v", path, reasonOf(err))
	}
	defer f.Close()
	head := make([]byte, 16)
	if _, err := io.ReadFull(f, head); err != nil || string(head) != "SQLite format 3\x00" {
		return amiss("`watchdogctl start`: the watchdog sets it aside when it starts", "%s is not a database", path)
	}
	return fine("%s%s", path, sizeOf(path))
}

// sizeOf is a file's size in words.
func sizeOf(path string) string {
	fi, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return bracketed(words.Bytes(fi.Size()))
}

// log says where the daemon's own words go. On a Mac that is its file, unless
// it was started with a state folder of its own; else it is the journal only
// where it runs as the service.
func (d *examination) log() diagnosis {
	switch {
	case d.byHand() && (d.paths.Log == "" || d.p.StateDir != ""):
		return fine("on standard error of pid %d, which was started by hand: in its terminal, if it has one", d.status.Daemon.PID)
	case d.paths.Log == "":
		return fine("kept by the journal")
	}
	dir := filepath.Dir(d.paths.Log)
	fi, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return amiss("`watchdogctl install` creates it", "%s is missing", dir)
	case err != nil:
		return amiss("check who owns the folder", "%s: %v", dir, reasonOf(err))
	case !fi.IsDir() || fi.Mode().Perm()&0o200 == 0:
		return amiss("make it a folder that you own and can write to", "%s cannot be written", dir)
	}
	return fine("%s%s", d.paths.Log, sizeOf(d.paths.Log))
}

// Least free space: for our own database, and for a backup to go on (the
// catalogue's mac-disk-full).
const (
	leastOwn    = 64 << 20
	leastBackup = 128 << 20
)

func (d *examination) space() diagnosis {
	if d.status != nil {
		for _, r := range d.status.Roots {
			if r.FreeBytes != nil && *r.FreeBytes < leastBackup {
				return amiss("`watchdogctl explain check-storage` helps to make room", "%s free for backups", words.Bytes(*r.FreeBytes))
			}
		}
	}
	dir := d.paths.State
	for {
		v, err := host.Space(dir)
		switch {
		case err == nil && v.Free < leastOwn:
			return amiss("`watchdogctl explain check-storage` helps to make room", "%s free for the watchdog's own state", words.Bytes(v.Free))
		case err == nil:
			return fine("%s free for the watchdog's own state%s", words.Bytes(v.Free), d.freeForBackups())
		case errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir):
			dir = filepath.Dir(dir)
		default:
			return unsure("", "%v", err)
		}
	}
}

// freeForBackups is the room on the volume of each watched folder.
func (d *examination) freeForBackups() string {
	if d.status == nil {
		return ""
	}
	for _, r := range d.status.Roots {
		if r.FreeBytes != nil {
			return ", " + words.Bytes(*r.FreeBytes) + " for backups"
		}
	}
	return ""
}

// clock looks for a clock that was set back: before this program was made, or
// before the daemon started.
func (d *examination) clock() diagnosis {
	now := d.p.Now()
	const set = "set the date and time, or let the system set them"
	if now.Year() < 2026 {
		return amiss(set, "it says %s", now.Format(time.DateOnly))
	}
	if d.status != nil && d.status.Daemon.Started.After(now.Add(time.Minute)) {
		return amiss(set, "it was set back: the watchdog started at %s", d.status.Daemon.Started.In(now.Location()).Format("2006-01-02 15:04"))
	}
	return fine("%s", now.Format("2006-01-02 15:04 -07:00"))
}

func (d *examination) configuration() diagnosis {
	if d.confErr != nil {
		first, _, _ := strings.Cut(d.confErr.Error(), "\n")
		if d.status != nil && d.status.Daemon.ConfigError != "" {
			first += "; the watchdog refused it and keeps the previous one"
		}
		return amiss("`watchdogctl config check` lists every wrong line", "%s", first)
	}
	if d.status != nil && d.status.Daemon.ConfigError != "" {
		return amiss("correct it; `watchdogctl restart` reads it again", "the watchdog refused the latest one and keeps the previous one: %s", d.status.Daemon.ConfigError)
	}
	if d.status != nil && d.p.unread(*d.status) {
		next := "`watchdogctl restart` reads it"
		if d.byHand() {
			next = fmt.Sprintf("`kill -HUP %d` has the one that was started by hand read it", d.status.Daemon.PID)
		}
		return amiss(next, "%s is newer than what the running watchdog has read", d.paths.Config)
	}
	if _, err := os.Stat(d.paths.Config); err != nil {
		return fine("there is no file; the defaults apply")
	}
	return fine("%s is valid", d.paths.Config)
}
