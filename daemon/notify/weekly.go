package notify

import (
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
)

const (
	week = 7 * 24 * time.Hour
	// assuranceHour is when, by the clock on the wall, the weekly word comes: a
	// time at which it disturbs nobody.
	assuranceHour = 10
)

// assurance decides about the weekly word that all is well: only when it is
// wished, when a backup completed within the week, when nothing is the matter,
// and between ten and eleven in the morning.
func assurance(p Policy, m Memory, now time.Time, s Scene) (Decision, bool) {
	local := p.local(now)
	if !p.Weekly || now.Sub(m.Assured) < week-time.Hour || local.Hour() != assuranceHour || p.Quiet.Holds(local) {
		return Decision{}, false
	}
	for _, it := range s.Items {
		if it.Finding.Severity > backup.Info {
			return Decision{}, false
		}
	}
	recent := 0
	for _, b := range s.Backups {
		if now.Sub(b.Completed) < week {
			recent++
		}
	}
	if recent == 0 {
		return Decision{}, false
	}
	news := words.Weekly(recent)
	f := backup.Finding{Severity: backup.Info, Since: now, Confidence: backup.High, Key: "week/" + local.Format("2006-01-02"),
		Title: news.Title, Detail: news.Detail}
	return Decision{Event: Assured, Speak: true, Item: Item{Finding: f}}, true
}
