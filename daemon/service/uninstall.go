package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Uninstall stops the daemon and removes what Install made. History,
// configuration and logs stay and are named, unless purge is set: then nothing
// stays. It does as much as it can: a service manager that does not answer, or
// a broken service file, keeps no file from being removed, and is reported at
// the end.
func (m *Manager) Uninstall(ctx context.Context, purge bool) (Report, error) {
	var r Report
	if err := m.refuseRoot(); err != nil {
		return r, err
	}
	e, err := m.engine()
	if err != nil {
		return r, err
	}
	had := m.installed()
	stopErr := e.unload(ctx)
	if stopErr == nil && had {
		r.did("stopped the service")
	}
	rm := remover{report: &r}
	rm.file(m.serviceFile())
	m.removePrograms(&rm)
	for _, path := range m.volatile() {
		rm.tree(path)
	}
	if purge {
		for _, o := range m.state() {
			rm.tree(o.path)
		}
	}
	m.keep(&r, purge)
	forgetErr := error(nil)
	if had && stopErr == nil {
		forgetErr = e.forget(ctx)
	}
	if m.Target == Darwin {
		r.Advice = append(r.Advice, "remove the entry under System Settings › Privacy & Security › Full Disk Access by hand, or with: tccutil reset SystemPolicyAllFiles "+BundleID)
	}
	return r, errors.Join(stopErr, rm.err(), forgetErr)
}

// installed reports whether there is a service file, whatever is in it.
func (m *Manager) installed() bool {
	_, err := os.Lstat(m.serviceFile())
	return err == nil
}

// removePrograms removes the programs Install has put in place, and no others.
func (m *Manager) removePrograms(rm *remover) {
	if m.Target == Darwin {
		for _, dir := range append(m.linkDirs(), m.pathDirs()...) {
			link := filepath.Join(dir, Control)
			if to, err := os.Readlink(link); err == nil && to == filepath.Join(m.bin(), Control) {
				rm.file(link)
			}
		}
		if ours(m.Bundle()) {
			rm.tree(m.Bundle())
		}
		return
	}
	if m.inPlace() { // they belong to a package, which removes them
		return
	}
	for _, name := range []string{Daemon, Control} {
		rm.file(filepath.Join(m.bin(), name))
	}
}

// keep names what stays, with the word that removes it.
func (m *Manager) keep(r *Report, purge bool) {
	if purge {
		return
	}
	for _, o := range m.state() {
		if _, err := os.Lstat(o.path); err == nil {
			r.Kept = append(r.Kept, o.what+": "+o.path)
		}
	}
	if len(r.Kept) > 0 {
		r.Advice = append(r.Advice, `"watchdogctl uninstall --purge" removes these as well`)
	}
	if m.inPlace() {
		r.Kept = append(r.Kept, fmt.Sprintf("the programs, which belong to a package of this system: %s", m.Source))
	}
}

// remover removes files and remembers what it could not.
type remover struct {
	report *Report
	errs   []error
}

// file removes one file or link, if it is there.
func (rm *remover) file(path string) { rm.note(path, os.Remove(path)) }

// tree removes a file or a folder with all that is in it, if it is there. It
// does not follow links.
func (rm *remover) tree(path string) {
	if _, err := os.Lstat(path); err != nil {
		return
	}
	rm.note(path, os.RemoveAll(path))
}

func (rm *remover) note(path string, err error) {
	switch {
	case err == nil:
		rm.report.did("removed " + path)
	case !errors.Is(err, fs.ErrNotExist):
		rm.errs = append(rm.errs, err)
	}
}

// err is all that could not be removed.
func (rm *remover) err() error {
	if len(rm.errs) == 0 {
		return nil
	}
	return problem(errors.Join(rm.errs...), "remove it by hand", "some of it could not be removed")
}
