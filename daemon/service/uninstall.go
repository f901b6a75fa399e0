package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"backupwatchdog/daemon/config"
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
	m = m.inherit() // before the service file goes
	e, err := m.engine()
	if err != nil {
		return r, err
	}
	had := m.installed()
	stopErr := e.unload(ctx)
	stopped := had && stopErr == nil
	if stopped {
		r.did("stopped the service")
	}
	rm := remover{report: &r}
	if file := m.serviceFile(); file != m.vendorUnit() {
		rm.file(file)
	}
	m.removePrograms(&rm)
	os.Remove(m.mark())
	if held := m.stranger(); held != nil { // what it uses stays under it
		stopErr = errors.Join(stopErr, byHand(held))
		m.name(&r)
	} else {
		m.clear(&rm, purge)
	}
	forgetErr := error(nil)
	if stopped {
		forgetErr = e.forget(ctx)
	}
	if m.Target == Darwin {
		r.Advice = append(r.Advice, "remove the entry under System Settings › Privacy & Security › Full Disk Access by hand, or with `tccutil reset SystemPolicyAllFiles "+BundleID+"`")
	}
	return r, errors.Join(stopErr, rm.err(), forgetErr)
}

// clear removes what a daemon leaves behind: its socket and lock, and for a
// purge everything.
func (m *Manager) clear(rm *remover, purge bool) {
	for _, path := range m.volatile() {
		rm.file(path)
	}
	rm.empty(m.runtimeDir())
	rm.empty(filepath.Dir(m.socket()))
	if !purge {
		m.name(rm.report)
		return
	}
	for _, k := range m.kept() {
		rm.kept(k)
	}
	for _, dir := range m.madeFolders() {
		os.Remove(dir) // only if nothing is in it
	}
}

// installed reports whether there is a service file, whatever is in it.
func (m *Manager) installed() bool {
	_, err := os.Lstat(m.serviceFile())
	return err == nil
}

// madeFolders are the system's usual folders that Install may have had to make,
// innermost first.
func (m *Manager) madeFolders() []string {
	if m.Target == Darwin {
		return []string{filepath.Dir(m.serviceFile()), m.apps(), filepath.Dir(m.linkPath())}
	}
	user := filepath.Dir(m.serviceFile())
	return []string{user, filepath.Dir(user), m.bin()}
}

// runtimeDir is the folder of the socket on Linux, which holds nothing else.
func (m *Manager) runtimeDir() string {
	p, err := config.PathsFor(m.Target, m.Home, m.env)
	if err != nil {
		return ""
	}
	return p.Socket
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

// name names what stays, with the word that removes it.
func (m *Manager) name(r *Report) {
	for _, k := range m.kept() {
		if _, err := os.Lstat(k.path); err == nil {
			r.Kept = append(r.Kept, k.what+": "+k.path)
		}
	}
	if len(r.Kept) > 0 {
		r.Advice = append(r.Advice, "`watchdogctl uninstall --purge` removes these as well")
	}
	if m.inPlace() {
		r.Kept = append(r.Kept, fmt.Sprintf("the programs, which belong to one of this system's packages: %s", m.Source))
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

// empty removes a folder that has nothing in it any more.
func (rm *remover) empty(path string) {
	if left, err := os.ReadDir(path); err == nil && len(left) == 0 {
		rm.file(path)
	}
}

// kept removes what the daemon kept. In a folder somebody else chose, only what
// bears the names of our files is removed.
func (rm *remover) kept(k kept) {
	if k.whole {
		rm.tree(k.path)
		return
	}
	entries, err := os.ReadDir(k.path)
	if err != nil {
		return
	}
	for _, e := range entries {
		for _, prefix := range []string{"history.", "watchdogd.", "last-status", "inventor"} {
			if strings.HasPrefix(e.Name(), prefix) {
				rm.tree(filepath.Join(k.path, e.Name()))
			}
		}
	}
	rm.empty(k.path)
	if _, err := os.Lstat(k.path); err == nil {
		rm.report.Kept = append(rm.report.Kept, "files that are not ours: "+k.path)
	}
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
