package daemon

import (
	"encoding/json"
	"slices"
	"strings"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/host"
	"backupwatchdog/daemon/trace"
)

func sessionKey(path string) string { return "session " + path }

// saved is a session as it is kept.
type saved struct {
	Boot   string          `json:"boot"`
	Memory json.RawMessage `json:"memory"`
}

// save keeps what a restart must not lose: at once when a run or a finding
// came or went, before anybody is told; else now and then.
func (l *loop) save(now backup.Moment, all bool) {
	for path, t := range l.backups {
		if t.look.Archived {
			continue
		}
		mark := markOf(t)
		changed := mark != t.run
		if !changed && !all && !(t.now.Phase.Active() && now.T.Sub(t.saved) >= saveEvery) {
			continue
		}
		if ago := now.T.Sub(t.saved); t.unsaved && !all && ago >= 0 && ago < saveAgain {
			continue
		}
		err := l.saveOne(path, t, changed)
		if t.saved = now.T; err == nil {
			t.run = mark
		} else if !t.unsaved {
			l.log.Warn("history not written", "reason", err.Error())
		}
		t.unsaved = err != nil
	}
}

// saveOne keeps one backup's runs and its session. Where that fails the
// database says so itself, in a finding, for as long as it lasts.
func (l *loop) saveOne(path string, t *tracked, changed bool) error {
	if err := l.saveRun(t, changed); err != nil {
		return err
	}
	raw, err := json.Marshal(saved{Boot: host.BootID(), Memory: t.session.Save()})
	if err != nil {
		return err
	}
	return l.db.Put(sessionKey(path), raw)
}

// markOf is what must be saved at once when it changes.
func markOf(t *tracked) string {
	var b strings.Builder
	b.WriteString(string(t.now.Phase) + " " + trace.RunID(t.session))
	for _, list := range [][]backup.Finding{t.now.Findings, t.now.Hidden} {
		for _, f := range list {
			b.WriteString(" " + f.Key + f.Severity.String())
		}
	}
	return b.String()
}

// saveRun keeps the run under way and the ones that ended since, of which there
// are two when a run began before its forerunner was known to be over.
func (l *loop) saveRun(t *tracked, changed bool) error {
	var runs []backup.PastRun
	if past := t.session.Past(); len(past) > 0 && changed {
		runs = past[max(0, len(past)-2):]
	}
	if cur, ok := t.session.Current(); ok && cur.Outcome == backup.OutcomeRunning {
		runs = append(slices.Clone(runs), cur)
	}
	for _, r := range runs {
		if err := l.db.SaveRun(r); err != nil {
			return err
		}
	}
	return nil
}

func (l *loop) loadRootMemory(path string) *backup.RootMemory {
	m := &backup.RootMemory{}
	if raw, ok := l.db.Get("root " + path); ok && json.Unmarshal(raw, m) != nil {
		*m = backup.RootMemory{}
	}
	l.rootMemory[path] = m
	return m
}

// keepRootMemory writes the memory of a root when it has changed.
func (l *loop) keepRootMemory(path string, m *backup.RootMemory) {
	raw, err := json.Marshal(m)
	if err != nil {
		return
	}
	if old, ok := l.db.Get("root " + path); !ok || string(old) != string(raw) {
		l.db.Put("root "+path, raw)
	}
}
