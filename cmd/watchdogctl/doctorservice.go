package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/service"
)

// checks is the table of what doctor looks at, in its order: from "is it there"
// to "can it be heard".
var checks = []struct {
	name string
	look func(*examination) diagnosis
}{
	{"service file", (*examination).serviceFile},
	{"loaded", (*examination).loaded},
	{"process", (*examination).process},
	{"socket", (*examination).socket},
	{"versions", (*examination).versions},
	{"access", (*examination).access},
	{"backup folder", (*examination).folder},
	{"notifications", (*examination).notifications},
	{"phone access", (*examination).phones},
	{"database", (*examination).database},
	{"log", (*examination).log},
	{"disk space", (*examination).space},
	{"clock", (*examination).clock},
	{"configuration", (*examination).configuration},
	{"other watchers", (*examination).others},
}

// fine, amiss and unsure make a diagnosis.
func fine(format string, args ...any) diagnosis {
	return diagnosis{State: well, Detail: fmt.Sprintf(format, args...)}
}

func amiss(next, format string, args ...any) diagnosis {
	return diagnosis{State: notWell, Detail: fmt.Sprintf(format, args...), Next: next}
}

func unsure(next, format string, args ...any) diagnosis {
	return diagnosis{State: unknown, Detail: fmt.Sprintf(format, args...), Next: next}
}

// silent is what a check says that only the daemon can answer.
func (d *examination) silent() diagnosis {
	return unsure("", "only a running watchdog can tell")
}

func (d *examination) serviceFile() diagnosis {
	if d.svcErr != nil {
		return unsure("", "%v", d.svcErr)
	}
	const install = "`watchdogctl install` writes it"
	switch d.svc.Is {
	case service.FileCurrent:
		return fine("%s, as this version writes it", d.svc.File)
	case service.FileStale:
		return amiss("`watchdogctl install` brings it up to date", "%s was edited, or comes from another version", d.svc.File)
	case service.FileBroken:
		return amiss("`watchdogctl install` repairs it", "%s is empty or damaged", d.svc.File)
	}
	if d.status != nil {
		return amiss(install, "there is none; the watchdog runs until you log out")
	}
	return amiss(install, "there is none: %s", d.svc.File)
}

func (d *examination) loaded() diagnosis {
	switch {
	case d.svcErr != nil:
		return unsure("", "%v", d.svcErr)
	case d.svc.Disabled:
		return amiss("`watchdogctl install` enables it again", "%s has it disabled: it does not start at login", d.svc.Manager)
	case d.svc.Loaded == nil:
		return unsure(d.svc.Next, "%s", d.svc.Err)
	case *d.svc.Loaded:
		return fine("%s knows it%s", d.svc.Manager, bracketed(d.svc.Detail))
	case d.svc.Is == service.FileAbsent:
		return amiss("`watchdogctl install` sets it up", "%s does not know it", d.svc.Manager)
	}
	return amiss("`watchdogctl start` loads it", "%s has not loaded it", d.svc.Manager)
}

// bracketed puts a word that may be missing behind another.
func bracketed(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func (d *examination) process() diagnosis {
	switch {
	case d.status != nil && d.svc.PID > 0 && d.svc.PID != d.status.Daemon.PID:
		return amiss("stop the one that was started by hand: Ctrl-C in its terminal, or "+fmt.Sprintf("`kill %d`", d.status.Daemon.PID), "two watchdogs are running: pid %d answers, pid %d is the service", d.status.Daemon.PID, d.svc.PID)
	case d.status != nil:
		return fine("pid %d, since %s", d.status.Daemon.PID, d.status.Daemon.Started.In(d.p.Now().Location()).Format("2006-01-02 15:04"))
	case d.svc.Running:
		return amiss("`watchdogctl restart`, then read the log", "pid %d is running but does not answer", d.svc.PID)
	case d.svc.LastExit != nil && *d.svc.LastExit != 0:
		return amiss(d.logHint(), "it is not running; it last ended with status %d", *d.svc.LastExit)
	}
	return amiss(d.startHint(), "it is not running")
}

// byHand reports whether the daemon that answers is known not to be the service.
func (d *examination) byHand() bool {
	switch {
	case d.status == nil || d.svcErr != nil:
		return false
	case d.svc.PID > 0:
		return d.svc.PID != d.status.Daemon.PID
	}
	return d.svc.Is == service.FileAbsent || d.svc.Loaded != nil && !d.svc.Running
}

// startHint is how the watchdog is started here.
func (d *examination) startHint() string {
	if d.svc.Is == service.FileAbsent || d.svcErr != nil {
		return "`watchdogctl install` sets it up"
	}
	return "`watchdogctl start` starts it"
}

// logHint is where the daemon's own words are.
func (d *examination) logHint() string {
	if d.paths.Log != "" {
		return "its log says why: " + d.paths.Log
	}
	return "`journalctl --user -u " + service.UnitName + "` says why"
}

func (d *examination) socket() diagnosis {
	path := control.SocketPath(d.paths.Socket, d.p.UID)
	if d.status != nil {
		return fine("%s", path)
	}
	if errors.Is(d.err, control.ErrVersion) {
		return amiss("`watchdogctl restart` starts the installed version", "%v", d.err)
	}
	if _, err := os.Stat(path); err == nil {
		return amiss(d.startHint(), "%s exists, but nothing answers", path)
	} else if errors.Is(err, fs.ErrPermission) {
		return amiss("ask as the user who runs the watchdog", "this user may not open %s", path)
	}
	return amiss(d.startHint(), "%s is missing", path)
}

func (d *examination) versions() diagnosis {
	if d.status == nil {
		return unsure("", "watchdogctl is %s; only a running watchdog can tell its version", d.p.Version)
	}
	dm := d.status.Daemon
	if dm.Version != d.p.Version {
		return amiss("run `watchdogctl install` from the newer one", "watchdogd is %s, watchdogctl is %s", dm.Version, d.p.Version)
	}
	if dm.Executable != "" && dm.CodeHash != "" {
		if hash, err := service.CodeHash(dm.Executable); err == nil && hash != dm.CodeHash {
			return amiss("`watchdogctl restart` starts the new one", "%s has been replaced since the watchdog started from it", dm.Executable)
		}
	}
	return fine("both are %s%s", dm.Version, hashed(dm.CodeHash))
}

// hashed is the short form of a code hash.
func hashed(hash string) string {
	if len(hash) < 12 {
		return ""
	}
	return ", code hash " + hash[:12]
}

func (d *examination) access() diagnosis {
	if d.status == nil {
		return d.silent()
	}
	dm := d.status.Daemon
	subject := dm.Executable
	if subject == "" {
		subject = "watchdogd"
	}
	switch dm.Access {
	case "granted":
		return fine("%s may read the backup folder", subject)
	case "denied":
		why := ""
		if dm.AccessLost {
			why = "; it was granted before, but an update changed the program: remove the old entry before you add it again"
		}
		return amiss(d.accessSteps(), "%s may not read the backup folder%s", subject, why)
	}
	return unsure("", "it is unknown whether %s may read the backup folder", subject)
}

// accessSteps are the three steps to access, in one line.
func (d *examination) accessSteps() string {
	var b strings.Builder
	for i, s := range d.m.AccessSteps() {
		fmt.Fprintf(&b, "(%d) %s ", i+1, s)
	}
	return strings.TrimSpace(b.String())
}

func (d *examination) others() diagnosis {
	if len(d.svc.Others) == 0 {
		return fine("none is installed")
	}
	return amiss(d.m.EndOther(d.svc.Others[0]), "another watchdog is set up by %s", strings.Join(d.svc.Others, ", "))
}
