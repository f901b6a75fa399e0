package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/daemon/config"

	"github.com/google/go-cmp/cmp"
)

const home = "/Users/pat"

// load writes text to a config.toml and loads it, with the variables env.
func load(t *testing.T, text string, flags config.Flags, env ...string) (config.Config, config.Origins, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("config.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load("config.toml", append([]string{"HOME=" + home}, env...), flags)
}

func TestNoFileMeansDefaults(t *testing.T) {
	c, o, err := config.Load(filepath.Join(t.TempDir(), "config.toml"), nil, config.Flags{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(config.Default(), c); d != "" {
		t.Error(d)
	}
	for _, e := range config.Entries(c, o) {
		if e.Origin != config.OriginDefault {
			t.Errorf("%s comes from %s", e.Key, e.Origin)
		}
	}
}

func TestEveryKey(t *testing.T) {
	const text = `
roots = ["~/A", "$HOME/B", "/C", "/C"]

[patience]
preparing = "1m"
transferring = "2s"
finishing = "1h30m"
settling = "500ms"
witness_factor = 2
learn = false
overdue = "1d12h"

[sampling]
active = "100ms"
idle = "2m"

[verify]
after_backup = false
every = "0s"

[phone]
enabled = false

[apple_status]
enabled = false
url = "http://localhost:8080/x.js"

[notify]
desktop = false
minimum = "info"
repeat = "30m"
daily_cap = 3
quiet = "22:00-07:00"
command = ["~/bin/say", "it is ~"]
webhook = "https://example.org/hook"
ping = "https://hc.example.org/1"
weekly = true

[metrics]
textfile = "~/metrics/x.prom"
`
	c, o, err := load(t, text, config.Flags{})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Roots: []string{home + "/A", home + "/B", "/C"},
		Patience: config.Patience{
			Preparing: time.Minute, Transferring: 2 * time.Second, Finishing: 90 * time.Minute,
			Settling: 500 * time.Millisecond, WitnessFactor: 2, Overdue: 36 * time.Hour,
		},
		Sampling:    config.Sampling{Active: 100 * time.Millisecond, Idle: 2 * time.Minute},
		AppleStatus: config.AppleStatus{URL: "http://localhost:8080/x.js"},
		Notify: config.Notify{
			Minimum: "info", Repeat: 30 * time.Minute, DailyCap: 3, Quiet: "22:00-07:00",
			Command: []string{home + "/bin/say", "it is ~"},
			Webhook: "https://example.org/hook", Ping: "https://hc.example.org/1", Weekly: true,
		},
		Metrics: config.Metrics{Textfile: home + "/metrics/x.prom"},
	}
	if d := cmp.Diff(want, c); d != "" {
		t.Error(d)
	}
	if got := o["notify.daily_cap"]; got != "config.toml:32" {
		t.Errorf("notify.daily_cap comes from %q", got)
	}
	for _, e := range config.Entries(c, o) {
		if !strings.HasPrefix(e.Origin, "config.toml:") {
			t.Errorf("%s comes from %s: the example lacks it", e.Key, e.Origin)
		}
	}
}

// TestProblems names what is wrong, with its line, all of it at once.
func TestProblems(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"unknown key", "[notify]\ndesktpo = true", "config.toml:2: notify.desktpo: is not a key; did you mean notify.desktop"},
		{"unknown table", "\n[colour]\nx = 1", "config.toml:2: colour: is not a key"},
		{"key outside its table", "desktop = true", "config.toml:1: desktop: is not a key here; it belongs in the table [notify]"},
		{"quoted dot", "\"notify.desktop\" = true", "config.toml:1: notify.desktop: is not a key; leave out the quotes"},
		{"not a table", "notify = 3", "config.toml:1: notify: is a table; write [notify] and its keys below it"},
		{"list of tables", "[[notify]]\ndesktop = true", "config.toml:1: notify: is a table; write [notify] and its keys below it"},
		{"wrong type", "[notify]\ndesktop = \"yes\"", "config.toml:2: notify.desktop: the text \"yes\" is not allowed here; it must be true or false, without quotes"},
		{"number as time", "[notify]\nrepeat = 6", "config.toml:2: notify.repeat: 6 is not allowed here; it must be a span of time in quotes, such as \"45m\" or \"7d\""},
		{"negative", "[patience]\nsettling = \"-1m\"", "config.toml:2: patience.settling: \"-1m\" is negative"},
		{"hours for days", "[patience]\noverdue = \"1h\"", "config.toml:2: patience.overdue: \"1h\" is too short; the minimum is 1d"},
		{"negative days", "[patience]\noverdue = \"-1d\"", "config.toml:2: patience.overdue: \"-1d\" is negative"},
		{"zero", "[patience]\npreparing = \"0s\"", "config.toml:2: patience.preparing: \"0s\" is zero; it must be longer"},
		{"no unit", "[patience]\npreparing = \"45\"", "config.toml:2: patience.preparing: \"45\" is not a span of time; write it as 90s, 45m, 6h or 7d"},
		{"huge", "[patience]\noverdue = \"99999999d\"", "config.toml:2: patience.overdue: is longer than ten years"},
		{"too eager", "[sampling]\nactive = \"99ms\"", "config.toml:2: sampling.active: \"99ms\" is too short; the minimum is 100ms"},
		{"factor", "[patience]\nwitness_factor = 0.9", "config.toml:2: patience.witness_factor: 0.9 is out of range; it must be from 1 to 100"},
		{"factor nan", "[patience]\nwitness_factor = nan", "config.toml:2: patience.witness_factor: NaN is out of range; it must be from 1 to 100"},
		{"cap", "[notify]\ndaily_cap = 0", "config.toml:2: notify.daily_cap: 0 is out of range; it must be from 1 to 1000"},
		{"minimum", "[notify]\nminimum = \"loud\"", "config.toml:2: notify.minimum: \"loud\" is none of info, warning, critical"},
		{"quiet", "[notify]\nquiet = \"22-07\"", "config.toml:2: notify.quiet: \"22-07\" is not two times of day; write it as 22:00-07:00"},
		{"quiet all day", "[notify]\nquiet = \"07:00-07:00\"", "config.toml:2: notify.quiet: \"07:00-07:00\" begins when it ends; for no notices at all, set desktop = false"},
		{"webhook", "[notify]\nwebhook = \"ftp://x/\"", "config.toml:2: notify.webhook: \"ftp://x/\" must begin with https:// or http://"},
		{"ping", "[notify]\nping = \"https://\"", "config.toml:2: notify.ping: \"https://\" names no host"},
		{"status url", "[apple_status]\nurl = \"\"", "config.toml:2: apple_status.url: \"\" must begin with https:// or http://"},
		{"command", "[notify]\ncommand = \"say\"", "config.toml:2: notify.command: the text \"say\" is not allowed here; it must be a list of texts, such as [\"one\", \"two\"]"},
		{"relative root", "roots = [\"Backup\"]", "config.toml:1: roots: \"Backup\" is not a full path; begin it with / or ~/"},
		{"inline table", "notify = {desktop = true,\nweekly = 7}", "config.toml:2: notify.weekly: 7 is not allowed here; it must be true or false, without quotes"},
		{"dotted", "\n\nnotify.weekly = 7", "config.toml:3: notify.weekly: 7 is not allowed here; it must be true or false, without quotes"},
		{"all of them, in order", "[sampling]\nidle = \"\"\n[notify]\nweekly = 1\n[metrics]\nfile = 1",
			"config.toml:2: sampling.idle: \"\" is not a span of time; write it as 90s, 45m, 6h or 7d\n" +
				"config.toml:4: notify.weekly: 1 is not allowed here; it must be true or false, without quotes\n" +
				"config.toml:6: metrics.file: is not a key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := load(t, tt.text, config.Flags{})
			inv, ok := errors.AsType[*config.Invalid](err)
			if !ok {
				t.Fatalf("got %v, want an *Invalid", err)
			}
			if d := cmp.Diff(tt.want, inv.Error()); d != "" {
				t.Error(d)
			}
			if inv.Hint() == "" {
				t.Error("no hint")
			}
		})
	}
}

func TestSyntaxErrorsNameTheLine(t *testing.T) {
	for _, tt := range []struct{ text, prefix string }{
		{"[notify]\ndesktop = ", "config.toml:2: "},
		{"[notify]\nweekly = true\nweekly = true", "config.toml:3: "},
		{"roots = [\n\"a\"\n\"b\"]", "config.toml:3: "},
		{"a = \"\xff\"", "config.toml:1: "},
		{"\x00", "config.toml:1: "},
		{strings.Repeat("a=[", 20000), "config.toml:1: "},
	} {
		_, _, err := load(t, tt.text, config.Flags{})
		if _, ok := errors.AsType[*config.Invalid](err); !ok || !strings.HasPrefix(err.Error(), tt.prefix) {
			t.Errorf("%.20q: got %v, want %s…", tt.text, err, tt.prefix)
		}
	}
}

func TestEnvironmentAndFlagsOverride(t *testing.T) {
	c, o, err := load(t, "roots = [\"/file\"]\n[notify]\ndesktop = true\nquiet = \"22:00-07:00\"\nweekly = true",
		config.Flags{Roots: []string{"/flag", "~/x", "rel"}},
		"WATCHDOG_ROOTS=/env", "WATCHDOG_NOTIFY_DESKTOP=FALSE", "WATCHDOG_NOTIFY_QUIET=", "WATCHDOG_NOTIFY_WEEKLY=",
		"WATCHDOG_PATIENCE_WITNESS_FACTOR=3", "WATCHDOG_NOTIFY_DAILY_CAP=2", "WATCHDOG_SAMPLING_IDLE=1s",
		`WATCHDOG_NOTIFY_COMMAND=["a b", "c"]`, "WATCHDOG_SOMETHING_ELSE=1", "WATCHDOG_APPLE_STATUS_ENABLED=0")
	if err != nil {
		t.Fatal(err)
	}
	wd, _ := os.Getwd()
	if d := cmp.Diff([]string{"/flag", home + "/x", filepath.Join(wd, "rel")}, c.Roots); d != "" {
		t.Error(d)
	}
	if c.Notify.Desktop || c.Notify.Quiet != "" || !c.Notify.Weekly || c.AppleStatus.Enabled {
		t.Errorf("notify is %+v, apple status %+v", c.Notify, c.AppleStatus)
	}
	if c.Patience.WitnessFactor != 3 || c.Notify.DailyCap != 2 || c.Sampling.Idle != time.Second {
		t.Errorf("numbers: %+v", c)
	}
	if d := cmp.Diff([]string{"a b", "c"}, c.Notify.Command); d != "" {
		t.Error(d)
	}
	want := map[string]string{"roots": "--root", "notify.desktop": "WATCHDOG_NOTIFY_DESKTOP", "notify.weekly": "config.toml:5", "notify.minimum": "default"}
	for k, v := range want {
		if o[k] != v {
			t.Errorf("%s comes from %s, want %s", k, o[k], v)
		}
	}
}

func TestBadVariableIsNamed(t *testing.T) {
	_, _, err := load(t, "", config.Flags{}, "WATCHDOG_NOTIFY_DESKTOP=maybe", "WATCHDOG_NOTIFY_COMMAND=[1]")
	want := "WATCHDOG_NOTIFY_DESKTOP: notify.desktop: \"maybe\" is neither true nor false\n" +
		"WATCHDOG_NOTIFY_COMMAND: notify.command: \"[1]\" is not a list; write it as [\"one\", \"two\"]"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// TestStrangeFiles: what is not a readable text file is refused at once, never waited for.
func TestStrangeFiles(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, config.MaxSize+1); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, fifo, large, filepath.Join(dir, "absent")} {
		_, _, err := config.Load("", nil, config.Flags{File: path})
		u, ok := errors.AsType[*config.Unreadable](err)
		if !ok || !strings.HasPrefix(err.Error(), path+": ") || u.Hint() == "" {
			t.Errorf("%s: got %v", path, err)
		}
	}
	link := filepath.Join(dir, "link")
	os.WriteFile(filepath.Join(dir, "real"), []byte("[notify]\nweekly = true"), 0o600)
	os.Symlink("real", link)
	if c, _, err := config.Load(link, nil, config.Flags{}); err != nil || !c.Notify.Weekly {
		t.Errorf("a link to a file of settings: %v, %v", c.Notify.Weekly, err)
	}
}

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"7d": 168 * time.Hour, "1d12h": 36 * time.Hour, "0.5d": 12 * time.Hour, "90s": 90 * time.Second,
		"-1d12h": -36 * time.Hour, "0": 0, "1h0m": time.Hour, "3650d": 3650 * 24 * time.Hour,
	} {
		got, err := config.ParseDuration(s)
		if err != nil || got != want {
			t.Errorf("%q: %v, %v", s, got, err)
		}
		if back, err := config.ParseDuration(config.FormatDuration(got)); err != nil || back != got {
			t.Errorf("%q comes back from %q as %v", s, config.FormatDuration(got), back)
		}
	}
	for _, s := range []string{"", "d", "7", "7 d", "1d-2h", "0x1d", "nand", "infd", "3651d", "3650d1h", "1d1d", "9999999999h", "-3651d"} {
		if d, err := config.ParseDuration(s); err == nil {
			t.Errorf("%q is read as %v", s, d)
		}
	}
	for d, want := range map[time.Duration]string{time.Hour: "1h", 90 * time.Minute: "1h30m", 36 * time.Hour: "1d12h", 100 * time.Millisecond: "100ms", time.Hour + 5*time.Second: "1h0m5s"} {
		if got := config.FormatDuration(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}

func TestParseQuiet(t *testing.T) {
	from, to, ok, err := config.ParseQuiet("22:15-07:00")
	if from != 22*60+15 || to != 7*60 || !ok || err != nil {
		t.Error(from, to, ok, err)
	}
	for _, s := range []string{"24:00-01:00", "22:00", "22:00-07:00-08:00", "-", "a-b", "22:00-", "22-7", "22:60-07:00", "22:00-07:00x", "-1:00-07:00", "07:00-07:00"} {
		if _, _, _, err := config.ParseQuiet(s); err == nil {
			t.Errorf("%q is accepted", s)
		}
	}
}

func TestPaths(t *testing.T) {
	env := func(m map[string]string) func(string) string { return func(k string) string { return m[k] } }
	tests := []struct {
		goos string
		env  map[string]string
		want config.Paths
	}{
		{"darwin", map[string]string{"XDG_STATE_HOME": "/ignored"}, config.Paths{
			State: "/h/Library/Application Support/backup-watchdog", Socket: "/h/Library/Application Support/backup-watchdog",
			Config: "/h/Library/Application Support/backup-watchdog/config.toml", Log: "/h/Library/Logs/backup-watchdog/watchdogd.log",
			Root: "/h/Library/Application Support/MobileSync/Backup",
		}},
		{"linux", nil, config.Paths{
			State: "/h/.local/state/backup-watchdog", Socket: "/h/.local/state/backup-watchdog",
			Config: "/h/.config/backup-watchdog/config.toml", Root: "/h/.local/share/MobileSync/Backup",
		}},
		{"linux", map[string]string{"XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "relative", "XDG_RUNTIME_DIR": "/run/user/1000"}, config.Paths{
			State: "/s/backup-watchdog", Socket: "/run/user/1000/backup-watchdog",
			Config: "/h/.config/backup-watchdog/config.toml", Root: "/h/.local/share/MobileSync/Backup",
		}},
	}
	for _, tt := range tests {
		got, err := config.PathsFor(tt.goos, "/h", env(tt.env))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: %s", tt.goos, d)
		}
		if in := got.In("/x"); in.State != "/x" || in.Socket != "/x" || in.Config != got.Config {
			t.Errorf("--state-dir: %+v", in)
		}
	}
	if _, err := config.PathsFor("darwin", "", env(nil)); err == nil {
		t.Error("no home, no error")
	}
}

func TestExpand(t *testing.T) {
	for in, want := range map[string]string{"~": "/h", "~/x": "/h/x", "~pat/x": "~pat/x", "$HOME/x": "/h/x", "$HOMER/x": "$HOMER/x", "/~": "/~"} {
		if got := config.Expand(in, "/h"); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}

func TestPasswordsAreMasked(t *testing.T) {
	c := config.Default()
	c.Notify.Webhook = "https://me:secret@example.org/x"
	for _, e := range config.Entries(c, nil) {
		if strings.Contains(e.Literal, "secret") {
			t.Errorf("%s shows %s", e.Key, e.Literal)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("[notify]\ndesktop = true")
	f.Add("notify = {a.b = 1, \"\" = [{}]}")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "c")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := config.Load(path, nil, config.Flags{})
		if _, ok := errors.AsType[*config.Invalid](err); err != nil && !ok {
			t.Error(err)
		}
	})
}

// TestEveryKeyIsExplained: one line each, that fits beside a key in a terminal.
func TestEveryKeyIsExplained(t *testing.T) {
	for _, e := range config.Entries(config.Default(), nil) {
		if n := len(e.Means); n < 15 || n > 90 || strings.HasSuffix(e.Means, ".") {
			t.Errorf("%s: %q (%d characters)", e.Key, e.Means, n)
		}
	}
}
