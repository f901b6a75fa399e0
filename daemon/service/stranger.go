package service

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
)

// stranger is the daemon that holds the state folder's lock, nil when none
// does. After the service has been stopped it can only be one that a person has
// started by hand.
func (m *Manager) stranger() *control.RunningError {
	p, err := config.PathsFor(m.Target, m.Home, m.env)
	if err != nil {
		return nil
	}
	dir := p.In(m.StateDir).State
	if _, err := os.Lstat(filepath.Join(dir, Daemon+".lock")); err != nil {
		return nil // asking would make the folder
	}
	lock, err := control.TakeLock(dir)
	if err == nil {
		lock.Release()
		return nil
	}
	held, _ := errors.AsType[*control.RunningError](err)
	return held
}

// byHand words that such a one is in the way of what was asked.
func byHand(held *control.RunningError) error {
	return problem(nil, "stop it with "+held.ByHand()+", then do this again", "a watchdog that was started by hand is running on %s", held.Dir)
}

// stays words that such a one is beyond what a service manager can end.
func stays(held *control.RunningError) error {
	return problem(nil, "stop it with "+held.ByHand(), "the watchdog on %s was started by hand: it is not the service", held.Dir)
}

// makeWay ends the service where its place is held by a daemon that is not
// known to be its own, and refuses to go on while that one stays: the service's
// own daemon would end at once, over and over.
func (m *Manager) makeWay(ctx context.Context, e engine, s State) error {
	held := m.stranger()
	if held == nil || held.PID > 0 && held.PID == s.PID {
		return nil
	}
	if err := e.stop(ctx); err != nil && s.Running {
		return err
	}
	if held = m.stranger(); held != nil {
		return byHand(held)
	}
	return nil
}
