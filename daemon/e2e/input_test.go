package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/phone/phonetest"
)

// nobody is a user that owns nothing.
const nobody = 65534

// asNobody makes the computer's programs run as another user: root may read
// everything, so only somebody else can be refused.
func (s *story) asNobody() {
	s.t.Helper()
	if os.Getuid() != 0 || runtime.GOOS != "linux" {
		s.t.Skip("only root can start programs as somebody else")
	}
	s.cred = &syscall.Credential{Uid: nobody, Gid: nobody}
	for dir := s.dir; dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		os.Chmod(dir, 0o755)
	}
	os.Chown(s.dir, nobody, nobody)
}

// Everything that can stand where a folder of backups should: one finding says
// which it is and what to do, the exit code tells, and the watchdog goes on.
func TestBadRoots(t *testing.T) {
	inTheWings(t)
	for _, c := range []struct {
		name  string
		make  func(t *testing.T, s *story)
		code  backup.Code
		sev   backup.Severity
		fix   backup.FixID
		says  string
		state string
	}{
		{"missing", func(t *testing.T, s *story) { remove(t, s.root) }, backup.FolderMissing, backup.Warning, backup.BackUpNow, "", "missing"},
		{"a file", func(t *testing.T, s *story) { remove(t, s.root); write(t, s.root, "no folder") }, backup.FolderMissing, backup.Warning, "", "is a file, not a folder", "missing"},
		{"broken link", func(t *testing.T, s *story) {
			remove(t, s.root)
			if err := os.Symlink(filepath.Join(s.dir, "gone"), s.root); err != nil {
				t.Fatal(err)
			}
		}, backup.CodeVolumeMissing, backup.Critical, backup.ReconnectDrive, "", "missing"},
		{"unreadable", func(t *testing.T, s *story) {
			s.asNobody()
			if err := os.Chmod(s.root, 0o700); err != nil {
				t.Fatal(err)
			}
		}, backup.NoAccess, backup.Critical, backup.GrantFullDiskAccess, "refused", "denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t)
			s := newStory(t)
			c.make(t, s)
			s.start()
			var f backup.Finding
			m := s.await(10*time.Second, string(c.code), func(st control.Status) (ok bool) {
				f, ok = finding(st, "", c.code)
				return ok
			})
			if f.Severity != c.sev || (c.fix != "" && f.Fix.ID != c.fix) || len(f.Fix.Steps) == 0 || !strings.Contains(f.Detail, c.says) {
				t.Errorf("%s: %s; fix %s", f.Severity, f.Detail, f.Fix.ID)
			}
			if c.state != "" && m.Roots[0].State != c.state {
				t.Errorf("the root is %q, want %q", m.Roots[0].State, c.state)
			}
			out, _, code := s.ctl("status", "--no-color")
			if code != 3 || !strings.Contains(out, f.Title) || strings.Contains(out, "No backups") {
				t.Errorf("status: exit %d\n%s", code, out)
			}
			s.awaitTold(10*time.Second, "raised "+string(c.code))
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A folder that goes away and comes back, with a backup in it: the loss is
// said, the return takes it back, and the backup is known as before.
func TestRootComesBack(t *testing.T) {
	onStage(t)
	s := newStory(t)
	chain, err := phonetest.WriteChain(s.root, phonetest.Spec{Config: phonetest.Config{UDID: "00008110-0000000000E2E091"}, Date: time.Now().Add(-2 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	s.start()
	s.await(20*time.Second, "checked good", func(st control.Status) bool { return of(st, chain.UDID).Chain.Verdict == backup.Good })
	away := s.root + " away"
	if err := os.Rename(s.root, away); err != nil {
		t.Fatal(err)
	}
	s.await(10*time.Second, "that it is gone", func(st control.Status) bool {
		_, ok := finding(st, "", backup.FolderMissing)
		return ok && st.Roots[0].State == "missing"
	})
	if err := os.Rename(away, s.root); err != nil {
		t.Fatal(err)
	}
	s.await(20*time.Second, "that it is back", func(st control.Status) bool {
		_, missing := finding(st, "", backup.FolderMissing)
		return !missing && st.Roots[0].State == "watching" && of(st, chain.UDID).Chain.Verdict == backup.Good
	})
	s.awaitTold(30*time.Second, "raised folder-missing", "cleared folder-missing")
}

// A configuration that is wrong: both programs name file, line and key, exit
// with 2, and touch nothing.
func TestBadConfiguration(t *testing.T) {
	onStage(t)
	for _, c := range []struct{ text, says string }{
		{"[patience]\ntransfering = \"10m\"\n", `config\.toml:2: patience\.transfering: `},
		{"[sampling]\n\nactive = 5\n", `config\.toml:3: sampling\.active: .*"45m"`},
		{"[patience]\nfinishing = \"-5m\"\n", `config\.toml:2: patience\.finishing: .*negative`},
		{"[notify]\nminimum = \"loud\"\n", `config\.toml:2: notify\.minimum: .*info, warning, critical`},
		{"roots = [\n", `config\.toml:\d+: `},
	} {
		s := newStory(t)
		name := filepath.Join(s.dir, "config.toml")
		write(t, name, c.text)
		p := spawn(t, s.command("watchdogd", "--config", name, "--state-dir", s.state))
		if code := p.wait(t, 10*time.Second); code != 2 || !regexp.MustCompile(c.says).MatchString(p.out.String()) || !strings.Contains(p.out.String(), "\nhint: ") {
			t.Errorf("%q: watchdogd exits %d\n%s", c.text, code, p.out.String())
		}
		if _, err := os.Stat(s.state); err == nil {
			t.Errorf("%q: a state folder was made", c.text)
		}
	}
}

// A state folder whose name is too long for a socket: both programs find the
// same short place instead, and status shows it.
func TestLongSocketPath(t *testing.T) {
	onStage(t)
	s := newStory(t)
	s.state = filepath.Join(s.dir, strings.Repeat("long/", 20), "state")
	s.start()
	out, bad, code := s.ctl("status", "--json")
	if code != 0 {
		t.Fatalf("status: exit %d\n%s", code, bad)
	}
	m := s.seen.moments()
	socket := m[len(m)-1].Daemon.Socket
	t.Cleanup(func() { os.RemoveAll(filepath.Dir(socket)) }) // the daemon is killed later and leaves it
	if len(socket) > 103 || strings.HasPrefix(socket, s.state) || !strings.Contains(out, socket) {
		t.Errorf("socket %s", socket)
	}
	if info, err := os.Stat(filepath.Dir(socket)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its folder: %v, %v", info, err)
	}
}

// A state folder that cannot be used: refused at once, with what to do.
func TestBadStateFolder(t *testing.T) {
	inTheWings(t)
	for _, c := range []struct {
		name string
		make func(s *story) error
		says string
	}{
		{"read-only", func(s *story) error {
			s.asNobody()
			return os.Mkdir(filepath.Join(s.dir, "locked"), 0o555)
		}, "permission denied"},
		{"of another", func(s *story) error {
			s.asNobody()
			s.state = filepath.Join(s.dir, "theirs")
			return os.Mkdir(s.state, 0o755)
		}, "belongs to another user"},
		{"a file", func(s *story) error { return os.WriteFile(s.state, nil, 0o600) }, "not a directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t)
			s := newStory(t)
			if err := c.make(s); err != nil {
				t.Fatal(err)
			}
			if c.name == "read-only" {
				s.state = filepath.Join(s.dir, "locked", "state")
			}
			p := s.watchdogd()
			code, out := p.wait(t, 10*time.Second), p.out.String()
			if code != 1 || !strings.Contains(out, s.state) || !strings.Contains(out, c.says) || !strings.Contains(out, "hint: ") || strings.Count(out, "\n") != 2 {
				t.Errorf("exit %d\n%s", code, out)
			}
		})
	}
}

// A second daemon on the same state folder gives way and names the first.
func TestSecondDaemon(t *testing.T) {
	onStage(t)
	s := newStory(t)
	first := s.start()
	second := s.watchdogd()
	code, out := second.wait(t, 10*time.Second), second.out.String()
	if code != 1 || !strings.Contains(out, "pid "+itoa(first.cmd.Process.Pid)) || !strings.Contains(out, "hint: ") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, bad, code := s.ctl("status"); code != 0 {
		t.Errorf("the first: exit %d\n%s%s", code, out, bad)
	}
}
