package service_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	kardianos "github.com/kardianos/service"

	"backupwatchdog/daemon/service"
)

// libraryInstall is a program of its own: it lets the library install what
// Manager.Library gives it. The library looks for its system once, at start.
func libraryInstall() int {
	m := libraryManager(os.Getenv("HOME"))
	cfg, err := m.Library()
	if err == nil {
		var svc kardianos.Service
		if svc, err = kardianos.New(nil, cfg); err == nil {
			err = svc.Install()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func libraryManager(home string) *service.Manager {
	return &service.Manager{Target: service.Linux, Home: home, UID: 501, Source: "/opt/x", StateDir: "/tmp/a b"}
}

// TestLibraryWritesTheSame: the file github.com/kardianos/service would write
// from our options is, byte for byte, the one we write.
func TestLibraryWritesTheSame(t *testing.T) {
	r := newRig(t, service.Linux)
	unit := filepath.Join(r.m.Home, ".config", "systemd", "user", service.Label+".service")
	self, err := os.Executable()
	must(t, err)
	must(t, os.Symlink(self, filepath.Join(r.state, "library")))
	for _, name := range []string{"systemctl", "rpm-ostree"} { // by the latter it takes systemd for granted
		must(t, os.WriteFile(filepath.Join(r.state, name), []byte("#!/bin/sh\n"), 0o755))
	}
	cmd := exec.Command(filepath.Join(r.state, "library"))
	cmd.Env = []string{"HOME=" + r.m.Home, "PATH=" + r.state, "FAKE_STATE=" + r.state}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got, err := os.ReadFile(unit)
	must(t, err)
	p, err := libraryManager(r.m.Home).Plan()
	must(t, err)
	if string(got) != p.Files[0].Content {
		t.Errorf("the library writes\n%s\nwe write\n%s", got, p.Files[0].Content)
	}
}

// daemonRun is a daemon that says when it works, and when it was asked to end.
func daemonRun() int {
	err := service.Run(func(ctx context.Context) error {
		fmt.Println("at work")
		if len(os.Args) > 1 {
			return fmt.Errorf("ended by itself")
		}
		<-ctx.Done()
		fmt.Println("asked to end")
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// TestRun: a signal ends the work in peace, and an error of the work comes out.
func TestRun(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	link := filepath.Join(t.TempDir(), "daemon")
	must(t, os.Symlink(self, link))

	cmd := exec.Command(link)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewReader(out)
	if s, _ := lines.ReadString('\n'); s != "at work\n" {
		t.Errorf("it said %q", s)
	}
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	rest, _ := io.ReadAll(lines)
	if err := cmd.Wait(); err != nil || string(rest) != "asked to end\n" {
		t.Errorf("after SIGTERM: %v, %q", err, rest)
	}

	got, err := exec.Command(link, "fail").Output()
	if err == nil || string(got) != "at work\nended by itself\n" {
		t.Errorf("an error of the work: %v, %q", err, got)
	}
}
