package e2e

import (
	"bufio"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/phone/phonetest"
)

// A real notification server on a real screen: the notice of a real daemon is
// to be seen there.
func TestNoticeOnTheScreen(t *testing.T) {
	onStage(t)
	s := newStory(t)
	display := s.screen()
	address := bus(t)
	// The colours tell the notice from anything else on the screen.
	write(t, filepath.Join(s.dir, "dunstrc"), `[global]
    width = 460
    height = 300
    origin = top-right
    offset = 24x24
    font = Sans 12
    frame_width = 2
    follow = none
    enable_recursive_icon_lookup = false
[urgency_low]
    background = "#203040"
    foreground = "#ffffff"
    timeout = 0
[urgency_normal]
    background = "#203040"
    foreground = "#ffffff"
    timeout = 0
[urgency_critical]
    background = "#203040"
    foreground = "#ffffff"
    timeout = 0
`)
	cmd := exec.CommandContext(t.Context(), tool(t, "dunst"), "-conf", filepath.Join(s.dir, "dunstrc"))
	cmd.Env = append(os.Environ(), "DISPLAY="+display, "DBUS_SESSION_BUS_ADDRESS="+address)
	dunst := spawn(t, cmd)
	s.env = append(s.env, "DBUS_SESSION_BUS_ADDRESS="+address)
	s.set("notify.desktop", "true")
	spec := phonetest.Spec{State: phonetest.Mixed, Config: phonetest.Config{UDID: "00008110-0000000000E2E111", Name: "Anna’s iPhone"}, Date: time.Now().Add(-3 * time.Hour)}
	if _, err := phonetest.WriteChain(s.root, spec); err != nil {
		t.Fatal(err)
	}
	if n := s.picture(display, "before.png"); n > 0 {
		t.Fatalf("%d pixels of a notice before there is one", n)
	}
	eventually(t, 20*time.Second, "a notification server on the bus", func() bool {
		check := exec.Command(tool(t, "dbus-send"), "--bus="+address, "--print-reply", "--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.Notifications")
		out, _ := check.Output()
		return strings.Contains(string(out), "true") || dunst.ended()
	})
	s.start()
	s.awaitFinding(spec.Config.UDID, backup.InterruptedMixed, backup.Critical, 20*time.Second)
	s.awaitTold(10*time.Second, "raised interrupted-mixed")
	eventually(t, 20*time.Second, "the notice on the screen", func() bool { return s.picture(display, "notice.png") > 10_000 })
	s.keep("notice.png")
}

// screen starts an X server without a monitor and returns its DISPLAY.
func (s *story) screen() string {
	s.t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.CommandContext(s.t.Context(), tool(s.t, "Xvfb"), "-displayfd", "3", "-screen", "0", "1024x400x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{w}
	spawn(s.t, cmd)
	w.Close()
	r.SetReadDeadline(time.Now().Add(30 * time.Second))
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		s.t.Fatal("Xvfb names no display: ", err)
	}
	return ":" + strings.TrimSpace(line)
}

// picture takes a screenshot and counts the pixels of a notice's colour.
func (s *story) picture(display, name string) (pixels int) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	cmd := exec.Command(tool(s.t, "import"), "-display", display, "-window", "root", "png24:"+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	f, err := os.Open(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		s.t.Fatal(err)
	}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA); c.R == 0x20 && c.G == 0x30 && c.B == 0x40 {
				pixels++
			}
		}
	}
	return pixels
}

// keep copies a picture to where somebody wants to look at it.
func (s *story) keep(name string) {
	s.t.Helper()
	dir := os.Getenv("E2E_PICTURES")
	if dir == "" {
		return
	}
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), data, 0o644)
	}
	if err != nil {
		s.t.Error(err)
	}
}
