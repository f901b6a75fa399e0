package daemon

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// pkg is what `go list -json` says of a package.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Doc        string
	GoFiles    []string
}

func packages(t *testing.T) map[string]pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps=false", "-json", "backupwatchdog/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]pkg{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(p.ImportPath, "backupwatchdog/")] = p
	}
	return all
}

// ours are the imports of a package that belong to this module.
func (p pkg) ours() []string {
	var out []string
	for _, i := range p.Imports {
		if name, ok := strings.CutPrefix(i, "backupwatchdog/"); ok {
			out = append(out, name)
		}
	}
	return out
}

// TestArrows holds which package may know which, with the reason.
func TestArrows(t *testing.T) {
	all := packages(t)
	allowed := map[string]struct {
		may []string
		why string
	}{
		"plist":          {nil, "it is the bottom: it reads bytes"},
		"daemon/words":   {nil, "it is what is said, whoever says it"},
		"daemon/backup":  {[]string{"daemon/words", "plist"}, "the judgement is pure: facts in, findings out"},
		"daemon/config":  {nil, "watchdogctl explains the configuration without the daemon"},
		"daemon/control": {[]string{"daemon/backup"}, "messages, a server and a client; the loop comes in as an interface"},
		"daemon/watch":   {[]string{"daemon/backup", "plist"}, "it sees and judges nothing"},
		"daemon/host":    {[]string{"daemon/backup", "plist"}, "it sees and judges nothing"},
		"daemon/phone":   {[]string{"daemon/backup", "plist"}, "it sees and judges nothing"},
		"daemon/history": {[]string{"daemon/backup", "daemon/control"}, "it remembers and decides nothing"},
		"daemon/verify":  {[]string{"daemon/backup", "daemon/words", "plist"}, "it works without a daemon, on any folder"},
		"daemon/notify":  {[]string{"daemon/backup", "daemon/config", "daemon/control", "daemon/history", "daemon/words"}, "it decides from what it is handed, and speaks"},
		"daemon/report":  {[]string{"daemon/backup", "daemon/config", "daemon/control", "daemon/words"}, "it draws what the daemon said, and asks nobody"},
		"daemon/trace":   {[]string{"daemon/backup", "daemon/notify", "plist"}, "it plays the judgement and the decision to speak"},
		"daemon/judge":   {[]string{"daemon/backup", "daemon/trace", "plist"}, "it measures through the player"},
	}
	for name, rule := range allowed {
		for _, i := range all[name].ours() {
			if !slices.Contains(rule.may, i) {
				t.Errorf("%s imports %s, and may not: %s", name, i, rule.why)
			}
		}
	}
	for _, bad := range []string{"os", "net", "net/http", "os/exec", "log/slog"} {
		if slices.Contains(all["daemon/backup"].Imports, bad) {
			t.Errorf("daemon/backup imports %s: nothing in the model touches the world", bad)
		}
	}
	ctl := all["cmd/watchdogctl"].Deps
	for _, bad := range []string{"github.com/fsnotify/fsnotify", "backupwatchdog/daemon", "backupwatchdog/daemon/watch"} {
		if slices.Contains(ctl, bad) {
			t.Errorf("watchdogctl links %s: it asks the daemon and must not become one", bad)
		}
	}
	if slices.Contains(all["cmd/watchdogd"].Deps, "charm.land/bubbletea/v2") {
		t.Error("watchdogd links bubbletea: a daemon draws nothing")
	}
	if slices.Contains(all["plist"].Imports, "os/exec") {
		t.Error("plist starts programs")
	}
}

// TestNoClockInTheModel looks for the clock where it must not be read.
func TestArrowsNoClockInTheModel(t *testing.T) {
	out, err := exec.Command("grep", "-nE", `time\.(Now|Since|Until|After|NewTimer|Sleep)\(`, "-r", "backup", "--include=*.go").CombinedOutput()
	if err == nil {
		t.Errorf("the model reads a clock:\n%s", out)
	}
}

// TestArrowsEveryPackageIsDocumented wants a package comment everywhere.
func TestArrowsEveryPackageIsDocumented(t *testing.T) {
	for name, p := range packages(t) {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment", name)
		}
	}
}
