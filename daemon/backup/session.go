package backup

import (
	"slices"
	"time"
)

// Rules are the patience a person has set. See config.Patience.
type Rules struct {
	Preparing, Transferring, Finishing, Settling time.Duration
	// WitnessFactor is how much longer than the limit a silence must last before
	// it is more than a suspicion, when nothing else confirms it. At least 1.
	WitnessFactor float64
	// Learn says that the limits follow this phone's own history.
	Learn bool
	// Overdue is how long a phone may be at hand without a backup; 0: never overdue.
	Overdue time.Duration
}

// DefaultRules are those that hold where nothing is configured.
func DefaultRules() Rules {
	return Rules{
		Preparing: 45 * time.Minute, Transferring: 10 * time.Minute,
		Finishing: 15 * time.Minute, Settling: 15 * time.Minute,
		WitnessFactor: 1.5, Learn: true, Overdue: 7 * 24 * time.Hour,
	}
}

// Bounds of the model: what is kept of one backup.
const (
	pastKept  = 60 // runs remembered
	daysKept  = 60 // days on which the phone was at hand
	ratesKept = 80 // points of the rate window
)

// Session is what is known of one backup: the facts of now and what they were
// before, folded into a run. It has no clock, no disk and no socket: Observe
// takes facts and a moment, Assess a moment.
//
// A Session is not safe for concurrent use.
type Session struct {
	UDID, Path string
	rules      Rules
	facts      Facts
	m          memory
}

// NewSession returns a session that has seen nothing. past may be in any order.
func NewSession(udid, path string, rules Rules, past []PastRun) *Session {
	s := &Session{UDID: udid, Path: path, rules: rules}
	s.m.Since, s.m.Times, s.m.Bad, s.m.Gone = map[Code]Moment{}, map[Code]int{}, map[string]Moment{}, map[Code]spell{}
	for _, p := range past {
		s.remember(p)
	}
	return s
}

// SetRules changes the patience of a running session.
func (s *Session) SetRules(r Rules) { s.rules = r }

// Facts returns the facts of the last Observe.
func (s *Session) Facts() Facts { return s.facts }

// Observe folds one look into the session. Looks come in order; one that is
// older than the last is taken as of the same moment.
func (s *Session) Observe(now Moment, f Facts) {
	if s.m.Seen && now.T.Before(s.m.Last.T) {
		now.T = s.m.Last.T
	}
	prev, first := s.m.Glance, !s.m.Seen
	s.facts = f
	next := s.glanceAt(f, prev)
	if first {
		s.m.First = now
	}
	if f.Phone.Passcode != Yes {
		s.m.SheetAt = Moment{}
	} else if s.m.SheetAt.IsZero() {
		s.m.SheetAt = now
	}
	s.noteBad(now, f)
	s.noteDay(now, f)
	d := s.differences(prev, next, first)
	if !first && !prev.Counting {
		s.recount(f.Folder)
	}
	s.noteSleep(now)
	s.m.Seen, s.m.Last, s.m.Before, s.m.Glance = true, now, prev, next
	s.noteCompleted(now)
	s.fold(now, d)
	s.noteRun(now, f, d)
}

// noteBad remembers since when a metadata file is broken or empty.
func (s *Session) noteBad(now Moment, f Facts) {
	for name, p := range map[string]Presence{
		"Status.plist": f.Folder.Status.Presence, "Info.plist": f.Folder.Info.Presence,
		"Manifest.plist": f.Folder.Manifest.Presence, "Manifest.db": f.Folder.Index.Presence,
	} {
		switch _, known := s.m.Bad[name]; {
		case p == Broken || p == Empty || p == Missing:
			if !known {
				s.m.Bad[name] = now
			}
		case p != NotLooked:
			delete(s.m.Bad, name)
		}
	}
}

// noteDay remembers the days on which the phone was at hand. Where nobody can
// tell whether it is, a day on which the watchdog ran counts, and is marked so.
func (s *Session) noteDay(now Moment, f Facts) {
	if f.Phone.Link == LinkGone {
		return
	}
	day := now.T.UTC().Format(time.DateOnly)
	if f.Phone.Link == LinkUnknown {
		s.m.Blind = true
	} else if s.m.Blind {
		s.m.Blind, s.m.Days = false, nil
	}
	if n := len(s.m.Days); n > 0 && s.m.Days[n-1] >= day {
		return
	}
	s.m.Days = append(s.m.Days, day)
	if n := len(s.m.Days) - daysKept; n > 0 {
		s.m.Days = slices.Delete(s.m.Days, 0, n)
	}
}

// daysAtHand counts the days since then on which the phone was at hand, the
// day itself not counted.
func (s *Session) daysAtHand(since time.Time) int {
	day, n := since.UTC().Format(time.DateOnly), 0
	for _, d := range s.m.Days {
		if d > day {
			n++
		}
	}
	return n
}

// Past returns the runs of the past, oldest first. The slice is the session's own.
func (s *Session) Past() []PastRun { return s.m.Past }

// Retired tells the session that its folder was set aside or has gone: the run
// that was under way ends.
func (s *Session) Retired(now Moment) {
	if r := s.m.Run; r != nil && r.Phase.Active() {
		s.end(now, OutcomeAbandoned)
	}
}

// LastLook returns the moment of the last Observe; the zero Moment before it.
func (s *Session) LastLook() Moment { return s.m.Last }
