package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/phone/phonetest"
)

// story is one computer with a watchdog: a home, a backup folder, a state
// folder, a configuration, and what was seen of them.
type story struct {
	t        *testing.T
	dir      string
	root     string // the watched backup folder
	state    string
	notices  string // every notice the command channel got, a JSON object a line
	settings settings
	env      []string
	cred     *syscall.Credential // another user; nil: this one
	seen     *recorder
	asks     *control.Client
}

// settings are lines of the configuration file: "table.key" to TOML value.
type settings map[string]string

// newStory makes the computer. Limits are those of an impatient person.
func newStory(t *testing.T) *story {
	t.Helper()
	dir := t.TempDir()
	s := &story{t: t, dir: dir, root: filepath.Join(dir, "Backup"), state: filepath.Join(dir, "state"), notices: filepath.Join(dir, "notices")}
	s.settings = settings{
		"patience.preparing": `"20s"`, "patience.transferring": `"8s"`, "patience.finishing": `"6s"`, "patience.settling": `"3s"`,
		"sampling.active": `"500ms"`, "sampling.idle": `"2s"`, "apple_status.enabled": "false",
		"notify.desktop": "false", "notify.command": fmt.Sprintf(`["/bin/sh", "-c", "cat >> '%s'"]`, s.notices),
		"roots": fmt.Sprintf("[%q]", s.root),
	}
	if err := os.Mkdir(s.root, 0o755); err != nil {
		t.Fatal(err)
	}
	s.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "USBMUXD_SOCKET_ADDRESS=UNIX:" + filepath.Join(dir, "no-usbmuxd")}
	return s
}

// set changes the configuration the next daemon reads.
func (s *story) set(key, value string) { s.settings[key] = value }

// with makes the phone's usbmuxd the one of this computer.
func (s *story) with(p *phonetest.Phone) *story {
	s.env = append(s.env, p.Env())
	return s
}

// configFile writes the configuration and returns its name.
func (s *story) configFile() string {
	tables := map[string][]string{}
	for _, k := range slices.Sorted(maps.Keys(s.settings)) {
		table, key, ok := strings.Cut(k, ".")
		if !ok {
			table, key = "", table
		}
		tables[table] = append(tables[table], key+" = "+s.settings[k])
	}
	var b strings.Builder
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		if table != "" {
			fmt.Fprintf(&b, "[%s]\n", table)
		}
		fmt.Fprintln(&b, strings.Join(tables[table], "\n"))
	}
	name := filepath.Join(s.dir, "config.toml")
	if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
		s.t.Fatal(err)
	}
	return name
}

// command is one of the two programs on this computer.
func (s *story) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.t.Context(), filepath.Join(bin, name), args...)
	cmd.Env, cmd.Dir = s.env, s.dir
	if s.cred != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred}
	}
	return cmd
}

// watchdogd starts the daemon and waits for nothing.
func (s *story) watchdogd(args ...string) *process {
	s.t.Helper()
	p := spawn(s.t, s.command("watchdogd", append([]string{"--config", s.configFile(), "--state-dir", s.state, "--log-level", "debug"}, args...)...))
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Logf("watchdogd, process %d:\n%s", p.cmd.Process.Pid, p.out.String())
		}
	})
	return p
}

// start starts the daemon, waits until it answers, and records what it says
// from then on until the story ends.
func (s *story) start(args ...string) *process {
	s.t.Helper()
	p := s.watchdogd(args...)
	if s.seen == nil {
		s.seen = record(s.t, s.follow)
	}
	s.seen.skip()
	s.await(20*time.Second, "an answer of the daemon", func(st control.Status) bool {
		return st.Daemon.PID == p.cmd.Process.Pid && len(st.Roots) > 0 && st.Roots[0].State != "unknown"
	})
	return p
}

// ctl runs watchdogctl and returns its outputs and exit code.
func (s *story) ctl(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	cmd := s.command("watchdogctl", append([]string{"--state-dir", s.state}, args...)...)
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &bad
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		s.t.Fatal(err)
	}
	return out.String(), bad.String(), cmd.ProcessState.ExitCode()
}

// await waits for a status and returns it; see recorder.await.
func (s *story) await(limit time.Duration, what string, ok func(control.Status) bool) moment {
	s.t.Helper()
	return s.seen.await(s.t, limit, what, ok)
}

// awaitFinding waits until the backup has a finding of at least that severity.
func (s *story) awaitFinding(udid string, code backup.Code, least backup.Severity, limit time.Duration) (moment, backup.Finding) {
	s.t.Helper()
	var f backup.Finding
	m := s.await(limit, fmt.Sprintf("%s, %s", code, least), func(st control.Status) (ok bool) {
		f, ok = finding(st, udid, code)
		return ok && f.Severity >= least
	})
	return m, f
}

// awaitPhase waits until the backup is in the phase.
func (s *story) awaitPhase(udid string, p backup.Phase, limit time.Duration) moment {
	s.t.Helper()
	return s.await(limit, "phase "+string(p), func(st control.Status) bool { return of(st, udid).Phase == p })
}

// awaitGood waits until the backup is complete and its check says good.
func (s *story) awaitGood(udid string) moment {
	s.t.Helper()
	return s.await(60*time.Second, "complete and checked good", func(st control.Status) bool {
		b := of(st, udid)
		return b.Phase == backup.Complete && b.Chain.Verdict == backup.Good
	})
}

// of is the backup of the phone in a status; one without id when it is not there.
func of(st control.Status, udid string) control.Backup {
	for _, b := range st.Backups {
		if b.UDID == udid && !b.Archived {
			return b
		}
	}
	return control.Backup{}
}

// finding is the finding of that code: of the phone's backup, or of no single
// one where udid is "".
func finding(st control.Status, udid string, code backup.Code) (backup.Finding, bool) {
	list := st.Findings
	if udid != "" {
		list = of(st, udid).Findings
	}
	i := slices.IndexFunc(list, func(f backup.Finding) bool { return f.Code == code })
	if i < 0 {
		return backup.Finding{}, false
	}
	return list[i], true
}

// history asks the daemon what it remembers.
func (s *story) history() control.History {
	s.t.Helper()
	if s.asks == nil {
		s.asks = control.NewClient(s.state) // one for all questions: it keeps its connection
	}
	h, err := s.asks.History(s.t.Context(), control.HistoryQuery{})
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

// runs are the runs of a phone in the history, oldest first, as "outcome kind".
func (s *story) runs(udid string) []string {
	s.t.Helper()
	var out []string
	for _, r := range s.history().Runs {
		if r.UDID == udid {
			out = append(out, string(r.Outcome)+" "+string(r.Kind))
		}
	}
	slices.Reverse(out)
	return out
}

// notice is one line of the notices file.
type notice struct {
	Event    string
	Code     backup.Code
	Severity backup.Severity
	Text     string
	Backup   struct {
		UDID string `json:"udid"`
	}
	Finding backup.Finding
}

func (n notice) String() string { return n.Event + " " + string(n.Code) }

// told are the notices so far. Whole lines only: another may be on its way.
func (s *story) told() []notice {
	s.t.Helper()
	b, err := os.ReadFile(s.notices)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	var out []notice
	for line := range bytes.Lines(b) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		var n notice
		if err := json.Unmarshal(line, &n); err != nil {
			s.t.Fatalf("notice %q: %v", line, err)
		}
		out = append(out, n)
	}
	return out
}

// toldWords are the notices in short: "raised stalled".
func (s *story) toldWords() []string {
	s.t.Helper()
	out := []string{}
	for _, n := range s.told() {
		out = append(out, n.String())
	}
	return out
}

// awaitTold waits until exactly these notices have been sent, in this order.
func (s *story) awaitTold(limit time.Duration, want ...string) {
	s.t.Helper()
	if !within(limit, func() bool { return len(s.toldWords()) >= len(want) }) || !slices.Equal(s.toldWords(), want) {
		s.t.Fatalf("told %q, want %q", s.toldWords(), want)
	}
}

// client starts the real idevicebackup2 against the phone.
func (s *story) client(p *phonetest.Phone, args ...string) *process {
	s.t.Helper()
	full := append([]string{"-oL", tool(s.t, "idevicebackup2"), "-u", p.UDID()}, args...)
	cmd := exec.CommandContext(s.t.Context(), tool(s.t, "stdbuf"), append(full, "backup", s.root)...)
	cmd.Env = append(os.Environ(), p.Env())
	c := spawn(s.t, cmd)
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Logf("idevicebackup2:\n%s", tail(c.out.String(), 600))
		}
	})
	return c
}

// tail is the end of a long text.
func tail(text string, n int) string { return text[max(0, len(text)-n):] }

// phone makes a phone, attached by cable unless cfg says otherwise. Each story
// names its own, since the daemon sees every backup program of the computer.
func newPhone(t *testing.T, cfg phonetest.Config) *phonetest.Phone {
	t.Helper()
	tool(t, "idevicebackup2")
	p, err := phonetest.Start(t.Context(), sized(cfg))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the phone: %v", p.Events())
		}
	})
	return p
}

// sized lets the phone hold little: what it says of its own disk is what is
// expected to come, and must fit on the disk of whoever runs this.
func sized(cfg phonetest.Config) phonetest.Config {
	if cfg.DiskTotal == 0 {
		cfg.DiskTotal, cfg.DiskAvailable = 128_000_000_000, 128_000_000_000-100_000_000
	}
	return cfg
}

// awaitPhone waits for an event of the phone.
func awaitPhone(t *testing.T, p *phonetest.Phone, kind string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := p.Await(ctx, kind); err != nil {
		t.Fatal(err)
	}
}
