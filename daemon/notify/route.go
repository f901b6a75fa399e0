package notify

import (
	"backupwatchdog/daemon/words"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

// RouteInfo says how desktop notices travel on this computer.
type RouteInfo struct {
	Name    string // "D-Bus", "osascript (Script Editor)", "terminal-notifier (/path)", "none"
	Problem string // why nothing can arrive, with a next step; "" where nothing is known to be wrong
	LookFor string // what the person should see
}

// route is what the way depends on, so that a test can be on any computer.
type route struct {
	darwin bool
	getenv func(string) string
	look   func(program string) (path string, err error)
	uid    int
	run    string // "/run"
}

func hostRoute() route {
	return route{darwin: runtime.GOOS == "darwin", getenv: os.Getenv, look: exec.LookPath, uid: os.Getuid(), run: "/run"}
}

// Route reports which way the desktop channel takes here, and asks a D-Bus
// desktop whether anybody shows notices. It shows nothing itself.
func Route(ctx context.Context) RouteInfo { return NewDesktop().Route(ctx) }

// Route is the way this channel takes.
func (d *Desktop) Route(ctx context.Context) RouteInfo {
	if d.route.darwin {
		return d.route.onMac()
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	info := RouteInfo{Name: words.WayDBus, LookFor: words.LookForBanner}
	if _, err := d.route.bodyMarkup(ctx); err != nil {
		info.Problem = err.Error()
	}
	return info
}

// onMac follows the order in which beeep tries: terminal-notifier, then
// AppleScript, whose banners belong to Script Editor (beeep notify_darwin.go).
func (r route) onMac() RouteInfo {
	if p, err := r.look("terminal-notifier"); err == nil {
		return RouteInfo{Name: words.WayTerminalNotifier(p), LookFor: words.LookForTerminalNotifier}
	}
	if _, err := r.look("osascript"); err == nil {
		return RouteInfo{Name: words.WayScriptEditor, LookFor: words.LookForScriptEditor}
	}
	return RouteInfo{Name: words.WayNone, Problem: words.NoOsascript().String(), LookFor: words.LookForNothing}
}

// busAddress finds the session bus without ever starting one: godbus would run
// dbus-launch and then speak on a private bus that nobody sees.
func (r route) busAddress() (string, error) {
	if a := r.getenv("DBUS_SESSION_BUS_ADDRESS"); a != "" && !strings.HasPrefix(a, "autolaunch:") {
		return a, nil
	}
	socket := filepath.Join(r.run, "user", fmt.Sprint(r.uid), "bus")
	if fi, err := os.Stat(socket); err == nil && fi.Mode()&os.ModeSocket != 0 {
		return "unix:path=" + dbus.EscapeBusAddressValue(socket), nil
	}
	return "", refusal(words.NoSession(), nil)
}

// bodyMarkup asks the notification server whether it reads bodies as markup.
// Its error says that nobody would show a notice.
func (r route) bodyMarkup(ctx context.Context) (bool, error) {
	address, err := r.busAddress()
	if err != nil {
		return false, err
	}
	conn, err := dbus.Connect(address, dbus.WithContext(ctx))
	if err != nil {
		return false, refusal(words.BusUnreachable(err.Error()), err)
	}
	defer conn.Close()
	var capabilities []string
	err = conn.Object("org.freedesktop.Notifications", "/org/freedesktop/Notifications").
		CallWithContext(ctx, "org.freedesktop.Notifications.GetCapabilities", 0).Store(&capabilities)
	if err != nil {
		return false, refusal(words.NobodyShows(err.Error()), err)
	}
	return slices.Contains(capabilities, "body-markup"), nil
}
