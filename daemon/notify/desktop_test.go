package notify_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/godbus/dbus/v5"

	"backupwatchdog/daemon/notify"
)

func TestTextsSurviveEveryDesktop(t *testing.T) {
	for in, want := range map[string]string{
		"iPhone de\u00a0Anne":               "iPhone de Anne",
		"9\u202f:\u202f41":                  "9 : 41",
		"family \U0001F468\u200d\U0001F469": "family \U0001F468\U0001F469",
		"\ufeffb\x00c\u2028d":               "bc d",
		"--help":                            "help",
		"-[({<x":                            "x",
		"a - b [c]":                         "a - b [c]",
		"\u202egnp.exe\u200e":               "gnp.exe",
		"\xff\xfebroken\xc3":                "broken",
		"line\r\n\tnext":                    "line next",
		"\x1b[31mred":                       "31mred",
		"it’s “fine” 🎉":                     "it’s “fine” 🎉",
		"\ue000private":                     "private",
		"":                                  "",
		"\u200b\u00ad ":                     "",
	} {
		if got := notify.Plain(in, 200); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
	long := notify.Plain(strings.Repeat("wörter ", 2_000), 200)
	if n := utf8.RuneCountInString(long); n > 200 || !strings.HasSuffix(long, "…") {
		t.Errorf("%d characters: %q", n, long)
	}
}

// FuzzPlain holds what an AppleScript string can hold: beeep quotes with %q,
// and of Go's escapes AppleScript knows only \" and \\.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"a\u00a0b", `"\`, "\u200d", "\a\v", "- x", "\U000e0001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		plain := notify.Plain(s, 200)
		quoted := fmt.Sprintf("%q", plain)
		if rest := strings.NewReplacer(`\\`, "", `\"`, "").Replace(quoted); strings.Contains(rest, `\`) {
			t.Errorf("%q becomes %s", s, quoted)
		}
		if plain != "" && strings.ContainsAny(plain[:1], "-[({< ") {
			t.Errorf("%q begins with %q", s, plain[:1])
		}
		if utf8.RuneCountInString(plain) > 200 || strings.Contains(plain, "  ") {
			t.Errorf("%q becomes %q", s, plain)
		}
		if again := notify.Plain(plain, 200); again != plain {
			t.Errorf("%q is not stable: %q", plain, again)
		}
	})
}

func TestADesktopThatHangsHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, release := notify.HangingDesktop()
		m := notify.MessageOf(stalled("x"))
		before := runtime.NumGoroutine()
		for i := range 20 {
			want := "did not answer within 10 s"
			if i >= 4 {
				want = "earlier notices"
			}
			if err := d.Send(t.Context(), m); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("notice %d: %v, want %q", i, err, want)
			}
		}
		if n := runtime.NumGoroutine() - before; n > 4 {
			t.Errorf("%d goroutines were left behind", n)
		}
		release()
		synctest.Wait()
		if err := d.Send(t.Context(), m); err != nil {
			t.Errorf("once it answers: %v", err)
		}
	})
}

func TestRoutes(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct {
		name, route, words, problem string
		d                           *notify.Desktop
	}{
		{"a Mac with Homebrew", "terminal-notifier (/opt/homebrew/bin/terminal-notifier)", "System Settings > Notifications > terminal-notifier", "",
			notify.RouteOn(true, nil, "", "terminal-notifier", "osascript")},
		{"a bare Mac", "osascript (Script Editor)", "open Script Editor", "", notify.RouteOn(true, nil, "", "osascript")},
		{"a Mac without a PATH", "none", "nothing", "set PATH", notify.RouteOn(true, nil, "")},
		{"no session", "D-Bus", "a banner", "no desktop session", notify.RouteOn(false, nil, empty)},
		{"autolaunch is no session", "D-Bus", "a banner", "no desktop session",
			notify.RouteOn(false, map[string]string{"DBUS_SESSION_BUS_ADDRESS": "autolaunch:"}, empty)},
		{"a dead bus", "D-Bus", "a banner", "cannot be reached",
			notify.RouteOn(false, map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:path=" + empty + "/none"}, empty)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.d.Route(t.Context())
			if got.Name != c.route || !strings.Contains(got.LookFor, c.words) || !strings.Contains(got.Problem, c.problem) || (c.problem == "") != (got.Problem == "") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestHomebrewIsFoundFromLaunchd(t *testing.T) {
	for in, want := range map[string]string{
		"/usr/bin:/bin":                    "/usr/bin:/bin:/opt/homebrew/bin:/usr/local/bin",
		"/opt/homebrew/bin:/usr/bin":       "/opt/homebrew/bin:/usr/bin:/usr/local/bin",
		"":                                 "/opt/homebrew/bin:/usr/local/bin",
		"/usr/local/bin:/opt/homebrew/bin": "/usr/local/bin:/opt/homebrew/bin",
	} {
		if got := notify.WithHomebrew(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

// server is a notification server on a real bus.
type server struct {
	mu           sync.Mutex
	capabilities []string
	refuse       bool
	shown        []string
	icon         bool
}

func (s *server) GetCapabilities() ([]string, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.capabilities), nil
}

func (s *server) GetServerInformation() (name, vendor, version, spec string, e *dbus.Error) {
	return "test", "test", "1", "1.2", nil
}

func (s *server) CloseNotification(uint32) *dbus.Error { return nil }

func (s *server) Notify(app string, _ uint32, _, title, body string, _ []string, hints map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse {
		return 0, dbus.MakeFailedError(fmt.Errorf("no room"))
	}
	_, s.icon = hints["image-data"]
	s.shown = append(s.shown, app+" | "+title+" | "+body)
	return uint32(len(s.shown)), nil
}

// session starts a real session bus, and makes it this process's.
func session(t *testing.T) {
	t.Helper()
	daemon := needTool(t, "dbus-daemon")
	socket := filepath.Join(t.TempDir(), "bus")
	cmd := exec.Command(daemon, "--session", "--nofork", "--nopidfile", "--print-address=1", "--address=unix:path="+socket)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
}

// serve puts a notification server on the bus.
func serve(t *testing.T, s *server) {
	t.Helper()
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.Export(s, "/org/freedesktop/Notifications", "org.freedesktop.Notifications"); err != nil {
		t.Fatal(err)
	}
	if reply, err := conn.RequestName("org.freedesktop.Notifications", dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatal(reply, err)
	}
}

func TestARealDesktop(t *testing.T) {
	session(t)
	d := notify.NewDesktop()
	m := notify.MessageOf(stalled("A & <b>\u00a0"))
	m.Body += " <i>&"

	if err := d.Send(t.Context(), m); err == nil || !strings.Contains(err.Error(), "no program shows notices") {
		t.Errorf("without a server: %v", err)
	}
	s := &server{capabilities: []string{"body"}}
	serve(t, s)
	if r := d.Route(t.Context()); r.Problem != "" {
		t.Errorf("with a server: %+v", r)
	}
	for range 2 {
		if err := d.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		s.capabilities = append(s.capabilities, "body-markup")
		s.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.shown) != 2 || !s.icon {
		t.Fatalf("shown: %q, with icon: %v", s.shown, s.icon)
	}
	for i, end := range []string{" <i>&", " &lt;i&gt;&amp;"} {
		if !strings.HasPrefix(s.shown[i], "Backup Watchdog | A & <b>: backup is stuck | Restart the phone") || !strings.HasSuffix(s.shown[i], end) {
			t.Errorf("shown: %q, want the end %q", s.shown[i], end)
		}
	}
}

func TestWhereTheServerRefusesTheTextIsNoOption(t *testing.T) {
	session(t)
	serve(t, &server{refuse: true, capabilities: []string{"body"}})
	dir := t.TempDir()
	said := filepath.Join(dir, "said")
	script := "#!/bin/sh\nfor a in \"$@\"; do printf '%s\\n' \"$a\" >> '" + said + "'; done\n"
	if err := os.WriteFile(filepath.Join(dir, "notify-send"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	m := notify.MessageOf(stalled("--help"))
	m.Body = "-u critical"
	if err := notify.NewDesktop().Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(string(b), "\n"); lines[0] != "help: backup is stuck" || lines[1] != "u critical" {
		t.Errorf("notify-send was given %q", lines)
	}
}

// TestABusThatHangs is a socket that takes connections and says nothing.
func TestABusThatHangs(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "bus")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := notify.RouteOn(false, map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:path=" + socket}, t.TempDir())
	notify.Impatient(d)
	if err := d.Send(t.Context(), notify.MessageOf(stalled("x"))); err == nil || !strings.Contains(err.Error(), "log out and in") {
		t.Errorf("got %v", err)
	}
}
