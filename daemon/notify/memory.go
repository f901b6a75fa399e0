package notify

import (
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

// Told is what was told of one trouble, by its key.
type Told struct {
	UDID, RunID string
	Folder      string // see folderOf
	Code        backup.Code
	Severity    backup.Severity // the worst that was told
	First, Last time.Time
	Count       int // notices that went out; 0 where all attempts failed
	// Tried and Fails are about attempts in a row that failed on every channel.
	Tried time.Time
	Fails int
	// Cleared and Verified are when good news followed; zero not yet.
	Cleared, Verified time.Time
}

// open reports whether something was told that no good news has followed.
func (t Told) open() bool {
	return t.Count > 0 && !t.Cleared.After(t.Last) && !t.Verified.After(t.Last)
}

// Memory is what the decision knows of the past. The zero Memory has told
// nothing; use its methods to keep it.
type Memory struct {
	Told  map[string]Told // by finding key
	Acked map[string]time.Time
	Mutes []control.Mute
	// Gone is since when a told trouble does not hold any more.
	Gone map[string]time.Time
	// Today counts raised and repeated notices of the day it belongs to.
	Today int
	Day   time.Time
	// Assured is when the weekly word last went out.
	Assured time.Time
}

// forgetAfter is how long a trouble must be gone before it is forgotten.
const forgetAfter = 180 * 24 * time.Hour

// Observe keeps up with the scene: what has gone, what came back, a new day.
// It is called once for every look, before Decide.
func (m *Memory) Observe(p Policy, now time.Time, s Scene) {
	if y, mo, d := p.local(now).Date(); !m.Day.Equal(time.Date(y, mo, d, 0, 0, 0, 0, time.UTC)) {
		m.Day, m.Today = time.Date(y, mo, d, 0, 0, 0, 0, time.UTC), 0
	}
	if m.Gone == nil {
		m.Gone = map[string]time.Time{}
	}
	for key, t := range m.Told {
		_, gone := m.Gone[key]
		switch held := s.holds(key, t); {
		case held:
			delete(m.Gone, key)
		case !gone:
			m.Gone[key] = now
		case now.Sub(m.Gone[key]) > forgetAfter:
			delete(m.Gone, key)
			delete(m.Told, key)
		}
	}
}

// Record remembers that a decision to speak, or one that closes a notice
// silently, was carried out.
func (m *Memory) Record(now time.Time, d Decision) {
	if m.Told == nil {
		m.Told = map[string]Told{}
	}
	t := m.Told[d.Item.Finding.Key]
	switch d.Event {
	case Cleared:
		t.Cleared = now
	case Verified:
		t.Verified = now
	case Assured:
		m.Assured = now
		return
	default:
		t.told(now, d)
		m.Today++
	}
	m.Told[d.Item.Finding.Key] = t
}

// told counts one notice of a trouble.
func (t *Told) told(now time.Time, d Decision) {
	t.UDID, t.Folder, t.RunID, t.Code = d.Item.UDID, d.Item.folder(), d.Item.RunID, d.Item.Finding.Code
	if t.Count == 0 {
		t.First = now
	}
	t.Severity = max(t.Severity, d.Item.Finding.Severity)
	t.Last, t.Fails, t.Tried = now, 0, time.Time{}
	t.Count++
}

// Failed takes a recorded notice back, because every channel failed: before is
// what was remembered of it until then.
func (m *Memory) Failed(now time.Time, key string, before Told) {
	t := m.Told[key]
	before.UDID, before.Folder, before.RunID, before.Code = t.UDID, t.Folder, t.RunID, t.Code
	before.Fails++
	before.Tried = now
	m.Told[key] = before
	m.Today = max(0, m.Today-1)
}

// Remember rebuilds a memory from the history's notices, oldest first. Rows of
// one key, event and moment are one notice on several channels.
func Remember(p Policy, now time.Time, notices []control.Notice) Memory {
	m := Memory{Told: map[string]Told{}}
	m.Observe(p, now, Scene{})
	for len(notices) > 0 {
		n := 1
		for n < len(notices) && sameNotice(notices[0], notices[n]) {
			n++
		}
		m.replay(p, notices[:n])
		notices = notices[n:]
	}
	return m
}

func sameNotice(a, b control.Notice) bool {
	return a.Key == b.Key && a.Event == b.Event && a.At.Equal(b.At)
}

// replay remembers one notice, given as its rows.
func (m *Memory) replay(p Policy, rows []control.Notice) {
	n := rows[0]
	d := Decision{Event: Event(n.Event), Item: Item{UDID: n.UDID, RunID: n.Run,
		Finding: backup.Finding{Code: n.Code, Severity: n.Severity, Key: n.Key}}}
	before, today := m.Told[n.Key], m.Today
	m.Record(n.At, d)
	if y, mo, day := p.local(n.At).Date(); !m.Day.Equal(time.Date(y, mo, day, 0, 0, 0, 0, time.UTC)) {
		m.Today = today
	}
	if !delivered(rows) && (d.Event == Raised || d.Event == Repeated) {
		m.Failed(n.At, n.Key, before)
		m.Today = today
	}
}

// delivered reports whether any channel took the notice or may yet take it.
func delivered(rows []control.Notice) bool {
	for _, r := range rows {
		if r.Outcome == "sent" || r.Outcome == "pending" {
			return true
		}
	}
	return false
}
