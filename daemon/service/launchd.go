package service

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Exit statuses of launchctl that mean something to us (`launchctl error N`).
// They are what the real one returns; its words are not relied upon.
const (
	launchNoProcess   = 3   // bootout: no such process, i.e. not loaded
	launchIO          = 5   // bootstrap: still going, already there, or switched off
	launchInProgress  = 36  // bootout: begun, not finished
	launchAlready     = 37  // bootstrap: already loaded; bootout: already going
	launchNoDomain    = 112 // nobody is logged in at the screen
	launchNoService   = 113 // not loaded in this domain
	launchDisabled    = 119 // switched off
	launchUnsupported = 125 // this domain does not take agents (an SSH session)
)

// Times of the launchd engine.
const (
	goneWithin = 12 * time.Second // ExitTimeOut, 10 s, and a little
	goneEvery  = 250 * time.Millisecond
	// bootstrapTries and bootstrapPause: launchd says "5: Input/output error"
	// while the old instance is still being torn down, up to some seconds.
	bootstrapTries = 5
	bootstrapPause = time.Second
)

// launchd is the engine of macOS.
type launchd struct{ m *Manager }

// domain is where the agents of the person at the screen live. It is always
// named: launchctl's own choice is another one over SSH and under sudo.
func (l *launchd) domain() string { return fmt.Sprintf("gui/%d", l.m.UID) }

// service is our agent in that domain.
func (l *launchd) service() string { return l.domain() + "/" + Label }

func (l *launchd) file() (File, error) {
	text, err := l.m.renderAgent()
	return File{Path: l.m.serviceFile(), Mode: "0644", Content: text}, err
}

// The commands, one function each, so that plan and deed cannot differ.
func (l *launchd) print() []string     { return []string{"launchctl", "print", l.service()} }
func (l *launchd) enable() []string    { return []string{"launchctl", "enable", l.service()} }
func (l *launchd) bootout() []string   { return []string{"launchctl", "bootout", l.service()} }
func (l *launchd) kickstart() []string { return []string{"launchctl", "kickstart", l.service()} }
func (l *launchd) rekick() []string    { return []string{"launchctl", "kickstart", "-k", l.service()} }
func (l *launchd) bootstrap() []string {
	return []string{"launchctl", "bootstrap", l.domain(), l.m.serviceFile()}
}

func (l *launchd) commands() [][]string {
	return [][]string{l.bootout(), l.enable(), l.bootstrap(), l.kickstart(), l.print()}
}

// load replaces whatever is loaded by what the file says.
func (l *launchd) load(ctx context.Context) error {
	if err := l.unload(ctx); err != nil {
		return err
	}
	return l.up(ctx)
}

// up loads the service, which must not be loaded, and sees that it runs.
func (l *launchd) up(ctx context.Context) error {
	if res, err := l.m.run(ctx, l.enable()...); err != nil || res.Code != 0 {
		return l.explain("allowing the service to run", res, err)
	}
	if err := l.bootstrapping(ctx); err != nil {
		return err
	}
	res, err := l.m.run(ctx, l.kickstart()...)
	if err != nil || res.Code != 0 && res.Code != launchAlready {
		return l.explain("starting the daemon", res, err)
	}
	if loaded, _, err := l.look(ctx); err != nil || !loaded {
		return problem(err, "`watchdogctl doctor` says more", "launchd accepted the service but no longer knows it")
	}
	return nil
}

// bootstrapping loads the service, patiently: error 5 comes while an older
// instance is still going.
func (l *launchd) bootstrapping(ctx context.Context) error {
	var res Result
	for try := range bootstrapTries {
		var err error
		if res, err = l.m.run(ctx, l.bootstrap()...); err != nil {
			return l.explain("loading the service", res, err)
		}
		switch res.Code {
		case 0:
			return nil
		case launchIO, launchAlready, launchInProgress:
			// Somebody may have been faster: loaded is what we wanted.
			if loaded, _, err := l.look(ctx); err == nil && loaded && res.Code != launchInProgress {
				return nil
			}
		default:
			return l.explain("loading the service", res, nil)
		}
		if try+1 == bootstrapTries {
			break
		}
		if err := l.m.sleep(ctx, bootstrapPause); err != nil {
			return err
		}
	}
	return l.explain("loading the service", res, nil)
}

// unload stops the daemon and waits until launchd has forgotten it. A service
// that was not loaded is as good as one that went.
func (l *launchd) unload(ctx context.Context) error {
	loaded, _, err := l.look(ctx)
	if err != nil || !loaded {
		return err
	}
	res, err := l.m.run(ctx, l.bootout()...)
	if err != nil {
		return l.explain("stopping the service", res, err)
	}
	switch res.Code {
	case 0, launchNoProcess, launchNoService, launchInProgress, launchAlready:
	case launchIO: // seen while another bootout runs: waiting tells
	default:
		return l.explain("stopping the service", res, nil)
	}
	if l.gone(ctx) {
		return nil
	}
	// The daemon ignored its notice, and launchd has not killed it either.
	l.m.run(ctx, "launchctl", "kill", "SIGKILL", l.service())
	l.m.run(ctx, l.bootout()...)
	if l.gone(ctx) {
		return nil
	}
	return problem(ctx.Err(), "log out and in again, which ends it, then try again",
		"the daemon is not ending; launchd was told to stop it and still has it")
}

// gone waits until the service is not loaded any more.
func (l *launchd) gone(ctx context.Context) bool {
	for waited := time.Duration(0); ; waited += goneEvery {
		if loaded, _, err := l.look(ctx); err == nil && !loaded {
			return true
		}
		if waited >= goneWithin || l.m.sleep(ctx, goneEvery) != nil {
			return false
		}
	}
}

// look asks whether the service is loaded. Only the exit status decides; the
// text is returned for what can be told from it at best.
func (l *launchd) look(ctx context.Context) (loaded bool, text string, err error) {
	res, err := l.m.run(ctx, l.print()...)
	switch {
	case err != nil:
		return false, "", l.explain("asking launchd", res, err)
	case res.Code == 0:
		return true, res.Stdout, nil
	case res.Code == launchNoDomain, res.Code == launchUnsupported:
		return false, "", l.explain("asking launchd", res, nil)
	}
	return false, "", nil
}

func (l *launchd) start(ctx context.Context) error {
	loaded, text, err := l.look(ctx)
	if err != nil {
		return err
	}
	if !loaded {
		return l.up(ctx)
	}
	if pid, _ := printed(text); pid > 0 {
		return nil
	}
	res, err := l.m.run(ctx, l.kickstart()...)
	if err != nil || res.Code != 0 && res.Code != launchAlready {
		return l.explain("starting the daemon", res, err)
	}
	return nil
}

// stop unloads: a loaded agent could be started again by launchd at any time.
func (l *launchd) stop(ctx context.Context) error { return l.unload(ctx) }

func (l *launchd) restart(ctx context.Context) error {
	loaded, _, err := l.look(ctx)
	if err != nil {
		return err
	}
	if !loaded {
		return l.up(ctx)
	}
	res, err := l.m.run(ctx, l.rekick()...)
	switch {
	case err != nil:
		return l.explain("restarting the daemon", res, err)
	case res.Code == 0:
		return nil
	case res.Code == launchNoService: // it went in between
		return l.up(ctx)
	}
	return l.load(ctx) // a kick that fails is mended by loading anew
}

func (l *launchd) forget(context.Context) error { return nil }

// explain puts a failed command into words, with the next step.
func (l *launchd) explain(doing string, res Result, err error) error {
	if err != nil {
		return problem(err, "`watchdogctl doctor` checks every part", "%s", doing)
	}
	next := "`watchdogctl doctor` checks every part; a restart of the Mac clears launchd's memory"
	switch res.Code {
	case launchNoDomain, launchUnsupported:
		next = "log in at the Mac's own screen (not over SSH) and run it there"
	case launchIO, launchDisabled:
		next = "open System Settings › General › Login Items & Extensions; if Backup Watchdog is off under \"Allow in the Background\", switch it on and try again"
	}
	return problem(nil, next, "%s failed: launchctl says: %s", doing, res.said())
}

func (l *launchd) inspect(ctx context.Context, s *State) error {
	loaded, text, err := l.look(ctx)
	if err != nil {
		return err
	}
	s.Loaded = &loaded
	s.PID, s.LastExit = printed(text)
	s.Running = s.PID > 0
	// The list of switched-off services is text, too; it only adds to an answer.
	if res, err := l.m.run(ctx, "launchctl", "print-disabled", l.domain()); err == nil && res.Code == 0 {
		s.Disabled = disabledLine.MatchString(res.Stdout)
	}
	return nil
}

// Lines of `launchctl print`, which is no interface: what does not match is
// simply not known.
var (
	pidLine      = regexp.MustCompile(`(?m)^\s*pid = (\d+)\s*$`)
	exitLine     = regexp.MustCompile(`(?m)^\s*last exit code = (\d+)`)
	disabledLine = regexp.MustCompile(`"` + regexp.QuoteMeta(Label) + `" => (true|disabled)`)
)

// printed reads the process and the last exit status from launchctl's text: 0
// and nil where it does not say.
func printed(text string) (pid int, last *int) {
	if m := pidLine.FindStringSubmatch(text); m != nil {
		pid, _ = strconv.Atoi(m[1])
	}
	if m := exitLine.FindStringSubmatch(text); m != nil {
		if n, err := strconv.Atoi(strings.TrimSpace(m[1])); err == nil {
			last = &n
		}
	}
	return pid, last
}
