package backup

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// memory is all of a session that a restart must not lose.
type memory struct {
	Seen  bool   `json:"seen"`  // at least one Observe
	Last  Moment `json:"last"`  // of the last Observe
	First Moment `json:"first"` // of the first one
	// SheetAt is since when the phone shows its passcode sheet; zero: it does not.
	SheetAt Moment `json:"sheet_at"`
	Run     *run   `json:"run"` // under way, or the last one; nil: none was ever seen
	// Past holds earlier runs, oldest first, without Run.
	Past []PastRun `json:"past"`
	// Completed is when the last complete run ended, seen or read from Status.plist.
	Completed time.Time   `json:"completed"`
	Check     CheckResult `json:"check"`
	// Since and Times are, per condition, since when it holds and how often it
	// came up in this run; Gone is when it last stopped.
	Since map[Code]Moment `json:"since"`
	Times map[Code]int    `json:"times"`
	Gone  map[Code]spell  `json:"gone"`
	// Bad is since when a metadata file is seen broken or empty, by its name.
	Bad map[string]Moment `json:"bad"`
	// Days are the days (2006-01-02, UTC) on which the phone was at hand since
	// the last complete run.
	Days []string `json:"days"`
	// Blind says that no day of Days rests on seeing the phone itself.
	Blind bool `json:"blind"`
	// Glance at the last look: what changed is seen by comparing.
	Glance glance `json:"glance"`
	// Before is the glance before that.
	Before glance `json:"before"`
}

// spell is a time for which a condition held.
type spell struct {
	From Moment `json:"from"`
	To   Moment `json:"to"`
}

// Save returns the session's memory for Restore in a later process.
func (s *Session) Save() []byte {
	b, err := json.Marshal(s.m)
	if err != nil {
		panic("backup: memory is plain data and always marshals: " + err.Error())
	}
	return b
}

// Restore takes over what an earlier process saved. sameBoot says that the
// computer has not been restarted since; if it has, the time in between counts
// as slept: nothing of it was ours to see. An unreadable memory is an error and
// leaves the session as it was.
func (s *Session) Restore(saved []byte, sameBoot bool, now Moment) error {
	m := memory{Since: map[Code]Moment{}, Times: map[Code]int{}, Bad: map[string]Moment{}}
	if err := json.Unmarshal(saved, &m); err != nil {
		return fmt.Errorf("the saved state of %s cannot be read: %w", s.UDID, err)
	}
	if !m.Seen || m.Since == nil || m.Times == nil || m.Bad == nil || m.Last.T.After(now.T.Add(time.Hour)) {
		return fmt.Errorf("the saved state of %s is not usable: it is incomplete or from the future", s.UDID)
	}
	if m.Gone == nil {
		m.Gone = map[Code]spell{}
	}
	if !sameBoot {
		m.rebase(now)
	}
	past := s.m.Past
	s.m = m
	for _, p := range past {
		s.remember(p)
	}
	return nil
}

// rebase shifts every remembered moment to this boot's count of sleep, so that
// the time from the last look until now counts as asleep.
func (m *memory) rebase(now Moment) {
	gap := max(0, now.T.Sub(m.Last.T))
	shift := now.Slept - gap - m.Last.Slept
	move := func(x *Moment) {
		if !x.IsZero() {
			x.Slept += shift
		}
	}
	move(&m.Last)
	move(&m.First)
	move(&m.SheetAt)
	for k, v := range m.Since {
		move(&v)
		m.Since[k] = v
	}
	for k, v := range m.Gone {
		move(&v.From)
		move(&v.To)
		m.Gone[k] = v
	}
	for k, v := range m.Bad {
		move(&v)
		m.Bad[k] = v
	}
	if m.Run != nil {
		m.Run.each(move)
	}
}

// remember adds a past run in its place, once.
func (s *Session) remember(p PastRun) {
	if p.Outcome == OutcomeRunning || p.Outcome == OutcomeUnknown {
		return
	}
	i, found := slices.BinarySearchFunc(s.m.Past, p, func(a, b PastRun) int { return a.Started.Compare(b.Started) })
	if found {
		s.m.Past[i] = p
		return
	}
	s.m.Past = slices.Insert(s.m.Past, i, p)
	if n := len(s.m.Past) - pastKept; n > 0 {
		s.m.Past = slices.Delete(s.m.Past, 0, n)
	}
	if p.Outcome == OutcomeComplete && p.Ended.After(s.m.Completed) {
		s.m.Completed = p.Ended
	}
}
