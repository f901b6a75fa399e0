package daemon

import (
	"path/filepath"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/notify"
	"backupwatchdog/daemon/trace"
	"backupwatchdog/daemon/words"
)

// scene is what holds now, as the decision to speak takes it.
func (l *loop) scene(now backup.Moment) notify.Scene {
	var s notify.Scene
	for _, t := range l.sorted() {
		if t.look.Archived {
			continue
		}
		s.Backups = append(s.Backups, l.state(t, now))
		item := notify.Item{UDID: t.look.UDID, Device: deviceName(t), RunID: trace.RunID(t.session)}
		s.Items = append(s.Items, items(item, t.now.Findings, t.now.Hidden)...)
	}
	for _, f := range l.rootFindings(now) {
		s.Items = append(s.Items, notify.Item{Finding: f.Finding, Hidden: f.hidden})
	}
	for _, f := range l.ownFindings() {
		s.Items = append(s.Items, notify.Item{Finding: f})
	}
	return s
}

func items(as notify.Item, shown, hidden []backup.Finding) []notify.Item {
	var out []notify.Item
	for _, f := range shown {
		as.Finding, as.Hidden = f, false
		out = append(out, as)
	}
	for _, f := range hidden {
		as.Finding, as.Hidden = f, true
		out = append(out, as)
	}
	return out
}

func (l *loop) state(t *tracked, now backup.Moment) notify.State {
	s := notify.State{UDID: t.look.UDID, Folder: t.session.Mark(), Device: deviceName(t), RunID: trace.RunID(t.session), Phase: t.now.Phase, Completed: t.session.LastComplete()}
	if r, ok := t.session.View(now); ok {
		s.LastProgress = r.LastProgress
	}
	if t.session.CheckCounts() {
		s.Check = t.session.Check()
	}
	return s
}

// rootFinding is a finding about a watched folder as a whole.
type rootFinding struct {
	backup.Finding
	hidden bool
}

func (l *loop) rootFindings(now backup.Moment) []rootFinding {
	var out []rootFinding
	for _, r := range l.look.Roots {
		m := l.rootMemory[r.Path]
		if m == nil {
			m = l.loadRootMemory(r.Path)
		}
		shown, hidden := backup.JudgeRoot(m, r, darwin, now.T)
		l.keepRootMemory(r.Path, m)
		for _, f := range shown {
			out = append(out, rootFinding{l.access.explain(f), false})
		}
		for _, f := range hidden {
			out = append(out, rootFinding{f, true})
		}
	}
	return out
}

// ownFindings are about the watchdog itself.
func (l *loop) ownFindings() []backup.Finding {
	var out []backup.Finding
	if h := l.desk.Health(); h.Failing > 0 {
		out = append(out, backup.NewFinding(backup.NoticesUndelivered, backup.Warning,
			words.NoticesLost, h.Since, "watchdog/-/notices-undelivered/"+h.Since.UTC().Format("20060102T150405"),
			backup.AdviceFor(backup.AllowNotifications, "", darwin, ""),
			backup.Evidence{Fact: words.FactReason, Value: h.Reason, Source: backup.FromMac}))
	}
	trouble := l.trouble
	if err := l.db.Err(); err != nil && trouble == "" {
		trouble = words.HistoryUnwritten(err.Error())
	}
	if trouble != "" {
		out = append(out, backup.NewFinding(backup.HistoryUnavailable, backup.Warning, trouble, l.started,
			"watchdog/-/history-unavailable/"+l.started.UTC().Format("20060102T150405"), backup.AdviceFor(backup.CheckStorage, "", darwin, ""),
			backup.Evidence{Fact: words.FactDatabase, Value: filepath.Join(l.opt.Paths.State, historyName), Source: backup.FromMac}))
	}
	return out
}
