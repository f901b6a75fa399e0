package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/phone/phonetest"
)

// once runs watchdogd --once on a folder and returns what it printed.
func runOnce(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	t.Setenv("USBMUXD_SOCKET_ADDRESS", filepath.Join(t.TempDir(), "none"))
	var stdout, stderr bytes.Buffer
	code = run(append([]string{"--once", "--state-dir", t.TempDir()}, args...), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func chain(t *testing.T, state phonetest.State) string {
	t.Helper()
	root := t.TempDir()
	spec := phonetest.Spec{State: state, Content: phonetest.Content{Files: 40, Size: 100}, Date: time.Now().Add(-48 * time.Hour)}
	if _, err := phonetest.WriteChain(root, spec); err != nil {
		t.Fatal(err)
	}
	return root
}

// TestOnceTellsEveryState looks once at each state that a run can leave behind.
func TestOnceTellsEveryState(t *testing.T) {
	for _, c := range []struct {
		state phonetest.State
		code  int
		want  string
	}{
		{phonetest.Finished, 0, "not-encrypted"},
		{phonetest.InfoOnly, 3, "never-completed"},
		{phonetest.TornFirst, 3, "interrupted"},
		{phonetest.TornIncremental, 3, "interrupted"},
		{phonetest.Mixed, 3, "interrupted-mixed"},
		{phonetest.Unswept, 3, "interrupted"},
	} {
		t.Run(string(c.state), func(t *testing.T) {
			code, out, errs := runOnce(t, "--root", chain(t, c.state))
			if code != c.code || !strings.Contains(out, "("+c.want+")") {
				t.Errorf("exit %d, want %d with %s in it:\n%s%s", code, c.code, c.want, out, errs)
			}
		})
	}
}

func TestOnceJSONIsTheContract(t *testing.T) {
	code, out, errs := runOnce(t, "--json", "--root", chain(t, phonetest.TornFirst))
	var st control.Status
	if err := json.Unmarshal([]byte(out), &st); err != nil || code != 3 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
	}
	if st.Schema != 1 || len(st.Backups) != 1 || st.Backups[0].Phase != "abandoned" || len(st.Roots) != 1 || st.Roots[0].State != "watching" {
		t.Errorf("%s", out)
	}
	if strings.Contains(out, ": null,\n      \"findings\"") {
		t.Error("a list is null")
	}
}

// The same form as watchdogctl's.
func TestVersion(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run([]string{"--version"}, &stdout, &stderr); code != 0 || !strings.HasPrefix(stdout.String(), "watchdogd "+versionWords()+" (go") || stderr.Len() > 0 {
		t.Errorf("exit %d: %q %q", code, stdout.String(), stderr.String())
	}
}

func TestMisuse(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(bad, []byte("[patience]\ntransferring = \"-3m\"\nspeed = 5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"--frobnicate"}, 2, []string{"frobnicate", "hint:"}},
		{[]string{"backup"}, 2, []string{`"backup"`, "--root"}},
		{[]string{"--json"}, 2, []string{"--once"}},
		{[]string{"--log-level", "loud"}, 2, []string{"loud", "debug"}},
		{[]string{"--log-format", "xml"}, 2, []string{"xml"}},
		{[]string{"--once", "--config", bad}, 2, []string{"config.toml:2: patience.transferring", "config.toml:3: patience.speed", "hint:"}},
		{[]string{"--once", "--config", bad + ".none"}, 1, []string{"hint:"}},
	} {
		var stdout, stderr bytes.Buffer
		code := run(append([]string{"--state-dir", t.TempDir()}, c.args...), &stdout, &stderr)
		if code != c.code {
			t.Errorf("%v: exit %d, want %d: %s", c.args, code, c.code, stderr.String())
		}
		for _, w := range c.want {
			if !strings.Contains(stderr.String(), w) {
				t.Errorf("%v: %q is not in %q", c.args, w, stderr.String())
			}
		}
	}
}

func TestOnceSaysWhatItCannotSee(t *testing.T) {
	for _, c := range []struct{ name, root, want string }{
		{"absent", filepath.Join(t.TempDir(), "none"), "folder-missing"},
		{"file", file(t), "folder-missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := runOnce(t, "--root", c.root)
			if code != 3 || !strings.Contains(out, "("+c.want+")") {
				t.Errorf("exit %d: %s%s", code, out, errs)
			}
		})
	}
}

func file(t *testing.T) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(p, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}
