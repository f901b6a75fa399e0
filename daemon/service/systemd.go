package service

import (
	"context"
	"reflect"
	"strconv"
	"strings"
)

// systemd is the engine of Linux: a unit of the user's own manager.
type systemd struct{ m *Manager }

func (s *systemd) file() (File, error) {
	u := s.m.unit()
	for _, w := range append(append([]string{}, u.Exec...), envWords(u.Env)...) {
		if err := plain(w); err != nil {
			return File{}, err
		}
	}
	text := u.Render()
	back, err := ParseUnit([]byte(text))
	if err != nil {
		return File{}, err
	}
	if len(u.Env) == 0 {
		u.Env = nil
	}
	if !reflect.DeepEqual(u, back) {
		return File{}, problem(nil, "report this, with the command you gave", "the unit does not read back as it was written")
	}
	return File{Path: s.m.serviceFile(), Mode: "0644", Content: text}, nil
}

// ctl is one systemctl command for the user's manager.
func ctl(args ...string) []string { return append([]string{"systemctl", "--user"}, args...) }

func (s *systemd) commands() [][]string {
	return [][]string{ctl("daemon-reload"), ctl("enable", UnitName), ctl("restart", UnitName)}
}

// do runs one systemctl command that must succeed.
func (s *systemd) do(ctx context.Context, doing string, args ...string) error {
	argv := ctl(args...)
	res, err := s.m.run(ctx, argv...)
	if err != nil {
		return problem(err, "a system without systemd can start watchdogd from its own login scripts", "%s", doing)
	}
	if res.Code != 0 {
		return problem(nil, systemdHint(res.said()), "%s failed: systemctl says: %s", doing, res.said())
	}
	return nil
}

// systemdHint picks the next step by what systemctl said.
func systemdHint(said string) string {
	low := strings.ToLower(said)
	switch {
	case strings.Contains(low, "connect to bus"), strings.Contains(low, "connect to user scope bus"), strings.Contains(low, "no medium found"):
		return "there is no user session here: log in directly (not with su or sudo), or run `loginctl enable-linger` once, then try again"
	case strings.Contains(low, "booted with systemd"):
		return "this system does not run systemd: start watchdogd from its own login scripts"
	case strings.Contains(low, "masked"):
		return "`systemctl --user unmask " + UnitName + "` allows it again"
	}
	return "`journalctl --user -u " + UnitName + "` shows the daemon's log"
}

func (s *systemd) load(ctx context.Context) error {
	if err := s.do(ctx, "reading the unit", "daemon-reload"); err != nil {
		return err
	}
	if err := s.do(ctx, "enabling the service at login", "enable", UnitName); err != nil {
		return err
	}
	return s.restart(ctx)
}

// unload stops first and disables then: disabling alone leaves the process.
func (s *systemd) unload(ctx context.Context) error {
	state, err := s.show(ctx)
	if err != nil {
		return err
	}
	if state["LoadState"] == "not-found" {
		return nil
	}
	if err := s.stop(ctx); err != nil {
		return err
	}
	return s.do(ctx, "disabling the service at login", "disable", UnitName)
}

func (s *systemd) start(ctx context.Context) error {
	return s.do(ctx, "starting the daemon", "start", UnitName)
}

func (s *systemd) stop(ctx context.Context) error {
	return s.do(ctx, "stopping the daemon", "stop", UnitName)
}

// restart clears a tripped rate limit first, which would refuse the start.
func (s *systemd) restart(ctx context.Context) error {
	s.m.run(ctx, ctl("reset-failed", UnitName)...) // fails when nothing failed
	return s.do(ctx, "starting the daemon", "restart", UnitName)
}

// forget makes systemd drop the unit whose file is gone.
func (s *systemd) forget(ctx context.Context) error {
	err := s.do(ctx, "reading the units", "daemon-reload")
	s.m.run(ctx, ctl("reset-failed", UnitName)...)
	return err
}

// show asks for the properties inspect and unload need. `systemctl show` is
// systemd's interface for programs, unlike `status`.
func (s *systemd) show(ctx context.Context) (map[string]string, error) {
	argv := ctl("show", UnitName, "--property=LoadState,ActiveState,SubState,UnitFileState,MainPID,ExecMainStatus,NRestarts")
	res, err := s.m.run(ctx, argv...)
	if err != nil {
		return nil, problem(err, "a system without systemd can start watchdogd from its own login scripts", "asking systemd")
	}
	if res.Code != 0 {
		return nil, problem(nil, systemdHint(res.said()), "asking systemd failed: systemctl says: %s", res.said())
	}
	props := map[string]string{}
	for line := range strings.Lines(res.Stdout) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			props[k] = v
		}
	}
	return props, nil
}

func (s *systemd) inspect(ctx context.Context, st *State) error {
	p, err := s.show(ctx)
	if err != nil {
		return err
	}
	loaded := p["LoadState"] == "loaded"
	st.Loaded = &loaded
	st.PID, _ = strconv.Atoi(p["MainPID"])
	st.Running = st.PID > 0
	st.Detail = strings.TrimSpace(p["ActiveState"] + " " + p["SubState"])
	if n, err := strconv.Atoi(p["ExecMainStatus"]); err == nil && p["ActiveState"] == "failed" {
		st.LastExit = &n
	}
	switch p["UnitFileState"] {
	case "disabled", "masked":
		st.Disabled = true
	}
	return nil
}
