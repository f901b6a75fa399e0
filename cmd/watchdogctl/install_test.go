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

	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"

	"github.com/spf13/cobra"
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

// TestDocuments: the pages have every command, key and format, the example is a
// valid configuration, and man has nothing to complain of.
func TestDocuments(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "for", "it")
	if code, _, errs := onMac(t, 501, "gen-docs", dir); code != 0 {
		t.Fatal(errs)
	}
	pages := map[string]string{}
	for _, name := range []string{"watchdogctl.1", "backup-watchdog.5"} {
		page, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		pages[name] = string(page)
	}
	var every func(c *cobra.Command)
	every = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			every(sub)
		}
		if !c.Hidden && !c.HasSubCommands() && c.Name() != "help" && !strings.Contains(pages["watchdogctl.1"], ".SS "+roff(c.UseLine())+"\n") {
			t.Errorf("the manual lacks %s", c.UseLine())
		}
	}
	every(rootCommand(&program{}))
	for _, e := range config.Entries(config.Default(), nil) {
		if !strings.Contains(pages["backup-watchdog.5"], roff(e.Env)+"\n") {
			t.Errorf("the manual lacks the key %s", e.Key)
		}
	}
	for _, f := range formats {
		if !strings.Contains(pages["backup-watchdog.5"], ".SS "+f.name+"\n") {
			t.Errorf("the manual lacks the format %s", f.name)
		}
	}
	example := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(example, []byte(configExample), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := config.Load(example, nil, config.Flags{File: example}); err != nil {
		t.Errorf("the manual's example: %v", err)
	}
	man, err := exec.LookPath("groff")
	if err != nil {
		man, err = exec.LookPath("mandoc")
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("groff or mandoc is needed to read the pages")
		}
		t.Skip("neither groff nor mandoc is here to read the pages")
	}
	for name := range pages {
		args := []string{"-man", "-Tutf8", "-ww", filepath.Join(dir, name)}
		if filepath.Base(man) == "mandoc" {
			args = []string{"-T", "lint", "-W", "error", filepath.Join(dir, name)}
		}
		var complaints bytes.Buffer
		cmd := exec.Command(man, args...)
		cmd.Stderr = &complaints
		if err := cmd.Run(); err != nil || complaints.Len() > 0 {
			t.Errorf("%s: %v\n%s", name, err, complaints.String())
		}
	}
}

// fixedNow is the clock of the pictures.
func fixedNow() time.Time { return now }
