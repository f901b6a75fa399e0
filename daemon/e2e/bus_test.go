package e2e

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
)

// bus starts a session bus of its own for the story and returns its address.
func bus(t *testing.T) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "bus")
	cmd := exec.CommandContext(t.Context(), tool(t, "dbus-daemon"), "--session", "--nofork", "--nopidfile", "--print-address=1", "--address=unix:path="+socket)
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
	return strings.TrimSpace(address)
}

// desk is a notification server: a desktop that remembers what it was shown.
type desk struct {
	mu     sync.Mutex
	titles []string
}

// GetCapabilities answers as a plain server does.
func (d *desk) GetCapabilities() ([]string, *dbus.Error) { return []string{"body"}, nil }

// GetServerInformation is part of the interface.
func (d *desk) GetServerInformation() (name, vendor, version, spec string, e *dbus.Error) {
	return "test", "test", "1", "1.2", nil
}

// CloseNotification is part of the interface.
func (d *desk) CloseNotification(uint32) *dbus.Error { return nil }

// Notify shows a notice.
func (d *desk) Notify(_ string, _ uint32, _, title, _ string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.titles = append(d.titles, title)
	return uint32(len(d.titles)), nil
}

// shown are the titles so far.
func (d *desk) shown() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.titles...)
}

// desktop gives the computer a session bus with a notification server.
func (s *story) desktop() *desk {
	s.t.Helper()
	address, d := bus(s.t), &desk{}
	conn, err := dbus.Connect(address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	if err := conn.Export(d, "/org/freedesktop/Notifications", "org.freedesktop.Notifications"); err != nil {
		s.t.Fatal(err)
	}
	if reply, err := conn.RequestName("org.freedesktop.Notifications", dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		s.t.Fatal(reply, err)
	}
	s.env = append(s.env, "DBUS_SESSION_BUS_ADDRESS="+address)
	s.set("notify.desktop", "true")
	return d
}
