package service_test

import (
	"bytes"
	"encoding/binary"
	"image/png"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"backupwatchdog/daemon/service"
)

// TestAgent: plistutil takes the LaunchAgent, and it has the keys launchd needs.
func TestAgent(t *testing.T) {
	r := newRig(t, service.Darwin)
	r.m.Home = "/Users/Ann & <Lee>"
	r.m.Env = map[string]string{"ODD": `a "b" & <c> 'd' 100%`}
	p, err := r.m.Plan()
	must(t, err)
	text := p.Files[0].Content
	for _, want := range []string{
		"<key>KeepAlive</key>\n\t<dict>\n\t\t<key>SuccessfulExit</key>\n\t\t<false/>",
		"<key>RunAtLoad</key>\n\t<true/>", "<string>Aqua</string>", "<string>" + service.BundleID + "</string>",
		"<key>ThrottleInterval</key>\n\t<integer>30</integer>", "<key>LowPriorityIO</key>\n\t<true/>",
		"<string>/Users/Ann &amp; &lt;Lee&gt;/Applications/Backup Watchdog.app/Contents/MacOS/watchdogd</string>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the agent lacks %q:\n%s", want, text)
		}
	}
	for _, never := range []string{"SessionCreate", "NumberOfFiles", "UserName", "1.0.0"} {
		if strings.Contains(text, never) {
			t.Errorf("the agent has %s", never)
		}
	}
	a, err := service.ParseAgent([]byte(text))
	must(t, err)
	if a.EnvironmentVariables["ODD"] != r.m.Env["ODD"] {
		t.Errorf("read back: %q", a.EnvironmentVariables)
	}
	accepts(t, text)
	accepts(t, service.InfoPlist("v1.2.3-4-gabc"))
}

// accepts demands that plistutil reads a property list.
func accepts(t *testing.T, text string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.plist")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	if out, err := exec.Command(tool(t, "plistutil"), "-i", file, "-f", "xml").CombinedOutput(); err != nil || !strings.Contains(string(out), "<plist") {
		t.Errorf("plistutil: %v\n%s\n%s", err, out, text)
	}
}

// TestUnit: what goes in comes out, whatever it is; systemd takes the file.
func TestUnit(t *testing.T) {
	envs := []map[string]string{
		nil, {"A": "plain"}, {"A": "two words", "B": "50% of \"it\"", "C": `back\slash $HOME 'q'`, "D": ""}, {"A": "ünï ☕"},
	}
	for _, env := range envs {
		r := newRig(t, service.Linux)
		r.m.Env, r.m.StateDir = env, `/tmp/st "a" 100% $x`
		p, err := r.m.Plan()
		must(t, err)
		u, err := service.ParseUnit([]byte(p.Files[0].Content))
		must(t, err)
		if !maps.Equal(u.Env, env) || u.Exec[2] != r.m.StateDir || u.WantedBy != "default.target" {
			t.Errorf("%q came back as %q", env, u)
		}
	}
}

// TestUnitPercent: systemd expands "%" everywhere and "$" in commands; neither
// may reach it alone.
func TestUnitPercent(t *testing.T) {
	r := newRig(t, service.Linux)
	r.m.Home, r.m.StateDir, r.m.Env = "/home/100%", "/tmp/$HOME", map[string]string{"A": "%h"}
	p, err := r.m.Plan()
	must(t, err)
	for _, want := range []string{
		"ConditionFileIsExecutable=/home/100%%/.local/bin/watchdogd\n", "Environment=\"A=%%h\"\n",
		"ExecStart=\"/home/100%%/.local/bin/watchdogd\" \"--state-dir\" \"/tmp/$$HOME\"\n",
	} {
		if !strings.Contains(p.Files[0].Content, want) {
			t.Errorf("the unit lacks %q:\n%s", want, p.Files[0].Content)
		}
	}
}

// TestUnitIsVerified has systemd itself read the unit.
func TestUnitIsVerified(t *testing.T) {
	analyze := tool(t, "systemd-analyze")
	r := newRig(t, service.Linux)
	r.m.Env, r.m.StateDir = map[string]string{"A": `50% "x" $y`}, "/tmp/a b%c"
	r.install()
	cmd := exec.Command(analyze, "--user", "--man=no", "verify", r.inspect().File)
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, service.UnitName) && !strings.Contains(line, "Failed to open") {
			t.Errorf("systemd-analyze: %s", line)
		}
	}
	t.Logf("systemd-analyze: %v %s", err, out)
}

// TestRefused: what no service file can carry is refused in words, and nothing
// is written.
func TestRefused(t *testing.T) {
	for _, target := range service.Targets() {
		for _, value := range []string{"a\nExecStart=/bin/sh", "a\rb", "a\x00b", "\x1b[31m", "bad\xff"} {
			r := newRig(t, target)
			r.m.Env = map[string]string{"A": value}
			if _, err := r.m.Install(t.Context()); err == nil || len(r.files()) != 0 {
				t.Errorf("%s took %q: %v", target, value, err)
			}
		}
	}
}

// TestIcon: the icon holds a picture of each size, and nothing else.
func TestIcon(t *testing.T) {
	data := service.Icon(512)
	if string(data[:4]) != "icns" || int(binary.BigEndian.Uint32(data[4:])) != len(data) {
		t.Fatalf("no icns file: % x", data[:8])
	}
	sizes := map[string]int{}
	for rest := data[8:]; len(rest) > 0; {
		n := binary.BigEndian.Uint32(rest[4:])
		cfg, err := png.DecodeConfig(bytes.NewReader(rest[8:n]))
		must(t, err)
		sizes[string(rest[:4])] = cfg.Width
		rest = rest[n:]
	}
	if len(sizes) != 7 || sizes["ic09"] != 512 || sizes["ic07"] != 128 {
		t.Errorf("sizes: %v", sizes)
	}
}
