package service

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"backupwatchdog/plist"
)

// Agent is a LaunchAgent as launchd reads it. The keys and their meaning are
// those of launchd.plist(5).
type Agent struct {
	Label            string   `plist:"Label"`
	ProgramArguments []string `plist:"ProgramArguments"`
	// RunAtLoad starts the daemon at login, and when it is installed.
	RunAtLoad bool `plist:"RunAtLoad"`
	// KeepAlive restarts it after a crash only: an agent that is simply kept
	// alive cannot be stopped by anything but its removal.
	KeepAlive KeepAlive `plist:"KeepAlive"`
	// ThrottleInterval is the least time between two starts, in seconds.
	ThrottleInterval int `plist:"ThrottleInterval"`
	// ExitTimeOut is the time from SIGTERM to SIGKILL, in seconds.
	ExitTimeOut int `plist:"ExitTimeOut"`
	// ProcessType Background and LowPriorityIO keep us out of the way.
	ProcessType   string `plist:"ProcessType"`
	LowPriorityIO bool   `plist:"LowPriorityIO"`
	// LimitLoadToSessionType Aqua: only where a person sits at the screen and
	// can see a notice.
	LimitLoadToSessionType string `plist:"LimitLoadToSessionType"`
	// AssociatedBundleIdentifiers makes Login Items show the application's name.
	AssociatedBundleIdentifiers []string          `plist:"AssociatedBundleIdentifiers"`
	EnvironmentVariables        map[string]string `plist:"EnvironmentVariables"`
	StandardOutPath             string            `plist:"StandardOutPath"`
	StandardErrorPath           string            `plist:"StandardErrorPath"`
}

// KeepAlive says when launchd starts the daemon again.
type KeepAlive struct {
	SuccessfulExit bool `plist:"SuccessfulExit"`
}

// AgentPath is the PATH the daemon has under launchd. launchd's own lacks Homebrew's folders, and a
// terminal-notifier from there would be found in a terminal but not here.
const AgentPath = "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

// agent is the LaunchAgent of this manager.
func (m *Manager) agent() Agent {
	env := map[string]string{"PATH": AgentPath}
	maps.Copy(env, m.Env)
	log := filepath.Join(m.logDir(), "launchd.log")
	return Agent{
		Label:            Label,
		ProgramArguments: append([]string{m.Program()}, m.args()...),
		RunAtLoad:        true, KeepAlive: KeepAlive{SuccessfulExit: false},
		ThrottleInterval: 30, ExitTimeOut: 10,
		ProcessType: "Background", LowPriorityIO: true, LimitLoadToSessionType: "Aqua",
		AssociatedBundleIdentifiers: []string{BundleID},
		EnvironmentVariables:        env,
		StandardOutPath:             log, StandardErrorPath: log,
	}
}

// Render writes a as launchd wants it: an XML property list.
func (a Agent) Render() string {
	var w plistWriter
	w.string("Label", a.Label)
	w.strings("ProgramArguments", a.ProgramArguments)
	w.bool("RunAtLoad", a.RunAtLoad)
	w.dict("KeepAlive", func() { w.bool("SuccessfulExit", a.KeepAlive.SuccessfulExit) })
	w.int("ThrottleInterval", a.ThrottleInterval)
	w.int("ExitTimeOut", a.ExitTimeOut)
	w.string("ProcessType", a.ProcessType)
	w.bool("LowPriorityIO", a.LowPriorityIO)
	w.string("LimitLoadToSessionType", a.LimitLoadToSessionType)
	w.strings("AssociatedBundleIdentifiers", a.AssociatedBundleIdentifiers)
	w.dict("EnvironmentVariables", func() {
		for _, k := range slices.Sorted(maps.Keys(a.EnvironmentVariables)) {
			w.string(k, a.EnvironmentVariables[k])
		}
	})
	w.string("StandardOutPath", a.StandardOutPath)
	w.string("StandardErrorPath", a.StandardErrorPath)
	return w.document()
}

// ParseAgent reads a LaunchAgent back.
func ParseAgent(data []byte) (Agent, error) {
	var a Agent
	if err := plist.Unmarshal(data, &a); err != nil {
		return Agent{}, fmt.Errorf("reading the LaunchAgent: %w", err)
	}
	return a, nil
}

// renderAgent renders the LaunchAgent and proves that it reads back the same.
func (m *Manager) renderAgent() (string, error) {
	a := m.agent()
	for _, s := range append(slices.Clone(a.ProgramArguments), envWords(a.EnvironmentVariables)...) {
		if err := plain(s); err != nil {
			return "", err
		}
	}
	text := a.Render()
	back, err := ParseAgent([]byte(text))
	if err != nil {
		return "", err
	}
	if !reflect.DeepEqual(a, back) {
		return "", problem(nil, "report this, with the command you gave", "the LaunchAgent does not read back as it was written")
	}
	return text, nil
}

// envWords lists the names and values of an environment.
func envWords(env map[string]string) []string {
	var words []string
	for k, v := range env {
		words = append(words, k, v)
	}
	return words
}

// plain refuses what no service file can carry: line breaks and control
// characters, which in a unit file would begin a line of their own.
func plain(s string) error {
	if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' || r == '\uFFFE' || r == '\uFFFF' }); i >= 0 {
		return problem(nil, "leave out line breaks and control characters", "%q cannot be written into a service file", s)
	}
	return nil
}
