package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/control"
)

// onMac runs a command line as if on a Mac, with a home folder of its own.
func onMac(t *testing.T, uid int, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	env := map[string]string{"PATH": "/usr/bin:/bin", "USER": "ann"}
	code = run(t.Context(), &program{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Getenv: func(k string) string { return env[k] }, Home: filepath.Join(t.TempDir(), "Users", "ann"),
		GOOS: "darwin", UID: uid, Now: fixedNow, Version: "v1.2.0", Width: func() int { return 0 },
	}, args)
	return code, out.String(), errs.String()
}

// TestDryRunForMac: the plan for a Mac, made on any system by any user, holds
// a LaunchAgent that plistutil reads and every command.
func TestDryRunForMac(t *testing.T) {
	for _, uid := range []int{0, 501} {
		code, out, errs := onMac(t, uid, "install", "--dry-run", "--target", "darwin", "--json")
		if code != 0 || errs != "" {
			t.Fatalf("exit %d: %s", code, errs)
		}
		var plan struct {
			Files []struct {
				Path, Mode string
				Content    *string
			}
			Commands [][]string
		}
		if err := json.Unmarshal([]byte(out), &plan); err != nil {
			t.Fatal(err)
		}
		agents := 0
		for _, f := range plan.Files {
			if f.Content == nil || f.Mode == "" || !filepath.IsAbs(f.Path) {
				t.Errorf("a file without path, mode or content: %+v", f)
			}
			if strings.Contains(f.Path, "1.2.0") {
				t.Errorf("a path with a version: %s", f.Path)
			}
			if strings.HasSuffix(f.Path, ".plist") {
				plistutil(t, *f.Content)
			}
			if strings.Contains(f.Path, "/Library/LaunchAgents/") {
				agents++
			}
		}
		text := strings.Join(flatten(plan.Commands), "\n")
		for _, want := range []string{"launchctl enable gui/", "launchctl bootstrap gui/", "launchctl kickstart gui/", "launchctl bootout gui/"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		if agents != 1 {
			t.Errorf("%d agents", agents)
		}
	}
}

func flatten(commands [][]string) []string {
	var lines []string
	for _, c := range commands {
		lines = append(lines, strings.Join(c, " "))
	}
	return lines
}

// plistutil demands that the tool reads a property list.
func plistutil(t *testing.T, text string) {
	t.Helper()
	tool, err := exec.LookPath("plistutil")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("plistutil is needed")
		}
		return
	}
	cmd := exec.Command(tool, "-i", "-", "-f", "xml")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "</plist>") {
		t.Errorf("plistutil: %v\n%s\n%s", err, out, text)
	}
}

// TestNeverWithSudoOnMac.
func TestNeverWithSudoOnMac(t *testing.T) {
	for _, args := range [][]string{{"install"}, {"uninstall", "--purge"}, {"start"}, {"stop"}, {"restart"}} {
		if code, _, errs := onMac(t, 0, args...); code != 1 || !strings.Contains(errs, "hint: run the same command without sudo") {
			t.Errorf("%v as root: exit %d, %s", args, code, errs)
		}
	}
}

// TestDeniedLeadsToThreeSteps: what the daemon says of its access becomes three
// steps with the exact thing to add, and an update that lost the grant is named.
func TestDeniedLeadsToThreeSteps(t *testing.T) {
	p := &program{GOOS: "darwin", Home: "/Users/ann", UID: 501, Getenv: func(string) string { return "" }, Now: fixedNow, Version: "v1.2.0"}
	m, err := p.manager()
	if err != nil {
		t.Fatal(err)
	}
	d := &examination{p: p, ctx: context.Background(), m: m, status: &control.Status{Daemon: control.Daemon{
		Version: "v1.2.0", Access: "denied", AccessLost: true, Executable: "/Users/ann/Applications/Backup Watchdog.app/Contents/MacOS/watchdogd",
	}}}
	got := d.access()
	if got.State != notWell || !strings.Contains(got.Detail, "an update changed the program") {
		t.Errorf("%+v", got)
	}
	for _, want := range []string{"(1) ", "doctor --open", "(2) press +, choose /Users/ann/Applications/Backup Watchdog.app", "(3) "} {
		if !strings.Contains(got.Next, want) {
			t.Errorf("no %q in %q", want, got.Next)
		}
	}
	d.status.Daemon.Access = "granted"
	if got := d.access(); got.State != well {
		t.Errorf("%+v", got)
	}
	d.status.Daemon.Access = ""
	if got := d.access(); got.State != unknown {
		t.Errorf("unknown access is %+v", got)
	}
}

// TestRedacted leaves out names and ids, and nothing else.
func TestRedacted(t *testing.T) {
	p := &program{Home: "/Users/ann", Getenv: func(k string) string { return map[string]string{"USER": "ann"}[k] }}
	for in, want := range map[string]string{
		"/Users/ann/Library/x":                                "~/Library/x",
		"/Volumes/Anns-Disk/Backup/00008110-000E34D21A02801E": "/Volumes/NAME/Backup/PHONE",
		"f1f2f3f4f5f6f7f8f9f0a1a2a3a4a5a6a7a8a9a0 of ann":     "PHONE of NAME",
		"annual report: 12 planned":                           "annual report: 12 planned",
	} {
		if got := p.redacted(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// TestDocuments: the manual page has every command, and man can read it.
func TestDocuments(t *testing.T) {
	dir := t.TempDir()
	if code, _, errs := onMac(t, 501, "gen-docs", dir); code != 0 {
		t.Fatal(errs)
	}
	page, err := os.ReadFile(filepath.Join(dir, "watchdogctl.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range rootCommand(&program{}).Commands() {
		if !c.Hidden && c.Runnable() && c.Name() != "help" && !strings.Contains(string(page), ".SS "+roff(c.UseLine())) {
			t.Errorf("the manual lacks %s", c.Name())
		}
	}
	if man, err := exec.LookPath("man"); err == nil {
		cmd := exec.Command(man, "--warnings", "-l", filepath.Join(dir, "watchdogctl.1"))
		cmd.Env = append(os.Environ(), "MANPAGER=cat", "LC_ALL=C.UTF-8")
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Run(); err != nil || errs.Len() > 0 {
			t.Logf("man: %v %s", err, errs.String())
		}
	}
}

// fixedNow is the clock of the pictures.
func fixedNow() time.Time { return now }
