package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

// moment is one status and when it arrived.
type moment struct {
	at time.Time
	control.Status
}

// recorder keeps every status that daemons on one state folder publish.
type recorder struct {
	mu     sync.Mutex
	all    []moment
	cursor int // await looks from here on
}

// record listens until the story ends, by calling follow again and again: a
// daemon that goes is waited for.
func record(t *testing.T, follow func(context.Context, func(control.Status))) *recorder {
	r := &recorder{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			follow(ctx, r.add)
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what the daemon said:\n%s", r)
		}
	})
	return r
}

// follow hands on every status the daemon publishes until it goes. The socket
// is for its own user alone: somebody else's is asked by their watchdogctl.
func (s *story) follow(ctx context.Context, each func(control.Status)) {
	if s.cred == nil {
		// Its error says that the daemon went, or is not there yet.
		_ = control.NewClient(s.state).Events(ctx, func(st control.Status) error { each(st); return nil })
		return
	}
	cmd := s.command("watchdogctl", "--state-dir", s.state, "status", "--json")
	out, _ := cmd.Output() // the exit code tells of findings
	var st control.Status
	if json.Unmarshal(out, &st) == nil && st.Stale == nil {
		each(st)
	}
}

func (r *recorder) add(st control.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, moment{time.Now(), st})
}

// skip lets await look only at what comes from now on.
func (r *recorder) skip() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cursor = len(r.all)
}

// await waits for a status for which ok holds, in the order they came: what
// lies before the one awaited last is over.
func (r *recorder) await(t *testing.T, limit time.Duration, what string, ok func(control.Status) bool) (m moment) {
	t.Helper()
	eventually(t, limit, what, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		for ; r.cursor < len(r.all); r.cursor++ {
			if m = r.all[r.cursor]; ok(m.Status) {
				return true
			}
		}
		return false
	})
	return m
}

// moments is everything so far.
func (r *recorder) moments() []moment {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

// phases are the phases a backup went through, each once where it stayed.
func (r *recorder) phases(udid string) []backup.Phase {
	var out []backup.Phase
	for _, m := range r.moments() {
		if p := of(m.Status, udid).Phase; p != "" {
			out = append(out, p)
		}
	}
	return slices.Compact(out)
}

// worst is every finding of at least that severity, at any moment, by code.
func (r *recorder) worst(least backup.Severity) map[backup.Code]backup.Finding {
	out := map[backup.Code]backup.Finding{}
	for _, m := range r.moments() {
		for _, f := range findings(m.Status) {
			if f.Severity >= least {
				out[f.Code] = f
			}
		}
	}
	return out
}

// findings are all findings of a status.
func findings(st control.Status) []backup.Finding {
	out := slices.Clone(st.Findings)
	for _, b := range st.Backups {
		out = append(out, b.Findings...)
	}
	return out
}

// String tells the story in lines: when phase or findings changed.
func (r *recorder) String() string {
	var out, last string
	for _, m := range r.moments() {
		line := fmt.Sprintf("  %d phones", len(m.Phones))
		for _, b := range m.Backups {
			line += fmt.Sprintf("  %.9s %s %s", b.UDID, b.Phase, b.Chain.Verdict)
			if b.Run != nil && b.Run.Writer != "" {
				line += " by " + b.Run.Writer
			}
		}
		for _, f := range findings(m.Status) {
			line += fmt.Sprintf("  [%s %s]", f.Code, f.Severity)
		}
		if line != last {
			out += m.at.UTC().Format("15:04:05.0") + line + "\n"
		}
		last = line
	}
	return out
}
