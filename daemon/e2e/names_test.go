package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"howett.net/plist"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/phone/phonetest"
)

// hostileNames are what a phone may call itself. The last is no UTF-8.
var hostileNames = []string{
	"\x1b[2J\x1b]0;owned\a Escape\r\nx: y",
	`<script>alert(1)</script><img src=x onerror=alert(1)> & "two" 'one'`,
	"\u202egnp.exe\u2066\u200f turned",
	"👩\u200d👩\u200d👧\u200d👦 family\u200b\u2060\ufeff",
	strings.Repeat("long name ", 1000),
	"a\"b\\c\n# HELP x\n{} $(touch owned) `touch owned`; touch owned",
	"\xff\xfe bad",
}

// What a phone says of itself does no harm wherever it is shown: in the
// terminal, in JSON, on the page, on the desktop, to a command, in metrics and
// in the log. Seven phones with seven hostile names, each with a torn backup, so
// that all of them are told of.
func TestHostileNames(t *testing.T) {
	onStage(t)
	s := newStory(t)
	desk := s.desktop()
	metrics := filepath.Join(s.dir, "watchdog.prom")
	s.set("metrics.textfile", fmt.Sprintf("%q", metrics))
	for i, name := range hostileNames {
		s.tornBackupOf(fmt.Sprintf("00008110-0000000000E2F%03X", i), name)
	}
	daemon := s.start("--log-format", "json")
	s.await(60*time.Second, "all seven torn", func(st control.Status) bool {
		n := 0
		for _, b := range st.Backups {
			if _, ok := finding(st, b.UDID, backup.InterruptedMixed); ok {
				n++
			}
		}
		return n == len(hostileNames)
	})
	eventually(t, 60*time.Second, "a notice of each", func() bool {
		return len(s.told()) >= len(hostileNames) && len(desk.shown()) >= len(hostileNames)
	})

	page := filepath.Join(s.dir, "report.html")
	shown := map[string]string{"the log": daemon.out.String(), "the desktop": strings.Join(desk.shown(), "\n")}
	for _, args := range [][]string{
		{"status"}, {"status", "--json"}, {"status", "--format", `{{range .Backups}}{{.DeviceName}}{{"\n"}}{{end}}`},
		{"history"}, {"history", "--json"}, {"check"}, {"check", "--json"}, {"report", "--output", page}, {"doctor"},
	} {
		out, bad, code := s.ctl(args...)
		if code == 1 || code == 2 {
			t.Errorf("%v: exit %d: %s", args, code, bad)
		}
		if args[len(args)-1] == "--json" && !json.Valid([]byte(out)) {
			t.Errorf("%v: not JSON", args)
		}
		shown[strings.Join(args, " ")] = out + bad
	}
	for name, file := range map[string]string{"the page": page, "metrics": metrics, "a command": s.notices} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown[name] = string(b)
	}
	for where, text := range shown {
		harmless(t, where, text)
	}
	for _, tag := range []string{"<script>alert", "<img", " onerror=alert(1)>"} {
		if strings.Contains(shown["the page"], tag) {
			t.Errorf("the page holds %q", tag)
		}
	}
	for line := range strings.Lines(shown["the log"]) {
		if !json.Valid([]byte(line)) {
			t.Errorf("the log: no JSON: %.200q", line)
		}
	}
	check := exec.Command(tool(t, "promtool"), "check", "metrics")
	check.Stdin = strings.NewReader(shown["metrics"])
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "owned")); err == nil {
		t.Error("a name was run as a command")
	}
}

// tornBackupOf writes a backup that broke off, of a phone with that name, into
// the watched folder.
func (s *story) tornBackupOf(udid, name string) {
	s.t.Helper()
	chain, err := phonetest.WriteChain(s.root, phonetest.Spec{State: phonetest.Mixed, Date: time.Now().Add(-3 * time.Hour),
		Content: phonetest.Content{Files: 20, Size: 1000}, Config: phonetest.Config{UDID: udid}})
	if err != nil {
		s.t.Fatal(err)
	}
	info := map[string]any{"Device Name": name, "Display Name": name, "Target Identifier": udid, "Unique Identifier": udid,
		"Product Type": name, "Product Version": name, "Last Backup Date": time.Now().Add(-3 * time.Hour)}
	format := plist.BinaryFormat // the only one that holds control characters
	if !utf8.ValidString(name) {
		info["Device Name"], format = "PLACE", plist.XMLFormat
	}
	b, err := plist.Marshal(info, format)
	if err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(chain.Path, "Info.plist")
	if err := os.WriteFile(path, bytes.ReplaceAll(b, []byte("PLACE"), []byte(name)), 0o644); err != nil {
		s.t.Fatal(err)
	}
	when := time.Now().Add(-3 * time.Hour)
	if err := os.Chtimes(path, when, when); err != nil {
		s.t.Fatal(err)
	}
}

// harmless fails on what moves a cursor, turns the direction of writing, cannot
// be seen, is no UTF-8, or floods the place where it is shown.
func harmless(t *testing.T, where, text string) {
	t.Helper()
	if text == "" {
		t.Errorf("%s: nothing is shown", where)
	}
	if !utf8.ValidString(text) {
		t.Errorf("%s: no UTF-8", where)
	}
	for i, r := range text {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			t.Errorf("%s: %U in %q", where, r, text[max(0, i-30):min(len(text), i+30)])
			break
		}
	}
	if n := strings.Count(text, "long name long name long name long name long name long name"); n > 40 {
		t.Errorf("%s: a long name is written out, %d times", where, n)
	}
}
