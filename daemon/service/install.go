package service

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Install carries out the plan and sees that the daemon runs. It may be run at
// any time: nothing to do is a success, half an installation is completed, an
// older version is replaced. History, configuration and notices are not touched.
func (m *Manager) Install(ctx context.Context) (Report, error) {
	var r Report
	if err := m.refuseRoot(); err != nil {
		return r, err
	}
	m = m.inherit()
	e, err := m.engine()
	if err != nil {
		return r, err
	}
	p, err := m.Plan()
	if err != nil {
		return r, err
	}
	if m.Target == Darwin {
		m.yield(&p, &r)
	}
	todo, err := p.pending() // also makes sure that all parts are at hand
	if err != nil {
		return r, err
	}
	unfinished := m.unfinished() || len(todo.Files)+len(todo.Links) > 0
	again := unfinished || m.outdated()
	if err := p.folders(); err != nil {
		return r, err
	}
	p.sweep()
	if unfinished {
		if err := m.begin(); err != nil {
			return r, err
		}
	}
	if err := todo.apply(&r); err != nil {
		return r, err
	}
	if err := m.trimBundle(p); err != nil {
		return r, problem(err, "check who owns the application's folder", "removing files of an older version")
	}
	if err := m.bring(ctx, e, again, &r); err != nil {
		return r, err
	}
	os.Remove(m.mark())
	m.advise(&r)
	return r, nil
}

// outdated reports whether the daemon runs from another file than the one that
// lies there now.
func (m *Manager) outdated() bool {
	now, err := CodeHash(m.Program())
	return m.Running != "" && err == nil && now != m.Running
}

// mark is a file that says that an installation has begun and not ended: what
// runs may be older than what lies on disk, so the next one loads it anew.
func (m *Manager) mark() string {
	return filepath.Join(filepath.Dir(m.serviceFile()), tempPrefix+"unfinished")
}

func (m *Manager) unfinished() bool {
	_, err := os.Lstat(m.mark())
	return err == nil
}

// begin leaves the mark.
func (m *Manager) begin() error {
	if err := os.WriteFile(m.mark(), nil, 0o600); err != nil {
		return problem(err, "check the free space and who owns the folder", "beginning the installation")
	}
	return nil
}

// yield leaves out a link whose place belongs to somebody else, and says so.
func (m *Manager) yield(p *Plan, r *Report) {
	var links []Link
	for _, l := range p.Links {
		fi, err := os.Lstat(l.Path)
		if err == nil && fi.Mode()&os.ModeSymlink == 0 {
			r.Advice = append(r.Advice, fmt.Sprintf("%s is a separate file and was left alone: it may be an older watchdogctl", l.Path))
			continue
		}
		links = append(links, l)
	}
	p.Links = links
}

// bring makes the service manager run what the files say: by loading anew when
// something changed, by nothing at all when it runs what is there.
func (m *Manager) bring(ctx context.Context, e engine, changed bool, r *Report) error {
	var s State
	if err := e.inspect(ctx, &s); err != nil {
		return err
	}
	if !changed && s.Running && !s.Disabled {
		return nil
	}
	if err := m.makeWay(ctx, e, s); err != nil {
		return err
	}
	if err := e.load(ctx); err != nil {
		return err
	}
	r.did("started the service, now and at every login")
	return nil
}

// advise adds what the person should know after an installation.
func (m *Manager) advise(r *Report) {
	dir := m.bin()
	if m.Target == Darwin {
		dir = filepath.Dir(m.linkPath())
	}
	if !m.onPath(dir) {
		r.Advice = append(r.Advice, fmt.Sprintf("%s is not on your PATH: add the line `export PATH=%s:$PATH` to your shell's profile, or call %s",
			dir, shellQuote(dir), filepath.Join(dir, Control)))
	}
	for _, o := range m.others() {
		r.Advice = append(r.Advice, fmt.Sprintf("%s starts another watchdog: stop it with `%s`", o, m.EndOther(o)))
	}
	switch {
	case m.Target == Darwin:
		r.Advice = append(r.Advice, "if `watchdogctl status` says that access is denied: "+strings.Join(m.AccessSteps(), "; "))
	case m.UID == 0:
		r.Advice = append(r.Advice, "this watches only root's backups; the person who makes the backups should install it without sudo")
	}
}

// EndOther is the command that ends another watchdog.
func (m *Manager) EndOther(file string) string {
	label := strings.TrimSuffix(filepath.Base(file), ".plist")
	if formula, ok := strings.CutPrefix(label, "homebrew.mxcl."); ok {
		return "brew services stop " + formula
	}
	return fmt.Sprintf("launchctl bootout gui/%d/%s", m.UID, label)
}

// AccessSteps are the three steps that let the daemon read the backup folder,
// with the exact thing to add.
func (m *Manager) AccessSteps() []string {
	if m.Target != Darwin {
		return []string{
			"see who owns the folder and its mode: `ls -ld`, on it and on the folders above it",
			"let this user read it: `chmod u+rX`, or have its owner do so",
			"wait a minute, or run `watchdogctl restart`",
		}
	}
	return []string{
		"open System Settings › Privacy & Security › Full Disk Access (`watchdogctl doctor --open` does)",
		fmt.Sprintf("press +, choose %s, and switch it on", m.inherit().Bundle()),
		"run `watchdogctl restart`",
	}
}

// shellQuote quotes s for a POSIX shell, where it needs it.
func shellQuote(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool {
		return !(r == '/' || r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// ours reports whether a folder is our application: nothing else is removed.
func ours(bundle string) bool {
	info, err := os.ReadFile(filepath.Join(bundle, "Contents", "Info.plist"))
	if err != nil { // half made: the name of the folder is ours alone
		return filepath.Base(bundle) == AppName
	}
	return bytes.Contains(info, []byte("<string>"+BundleID+"</string>"))
}

// ShellLine writes a command as a person would type it.
func ShellLine(argv []string) string {
	words := make([]string, len(argv))
	for i, w := range argv {
		words[i] = shellQuote(w)
	}
	return strings.Join(words, " ")
}
