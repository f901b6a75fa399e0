package backup

import (
	"time"
)

// outlives takes in that the run moves on although its writer is gone: the ten
// seconds begin anew, for the last bytes are often seen after the program's
// end; and what moves on for longer is written by another that nobody sees.
func (r *run) outlives(now Moment) {
	if r.WriterGoneAt.IsZero() {
		return
	}
	r.WriterGoneAt = now
	if now.AwakeSince(r.WriterLeft) >= writerGrace {
		r.WriterSeen, r.WriterGoneAt, r.WriterLeft = false, Moment{}, Moment{}
	}
}

// learn keeps the silence that ends now as the longest of its phase, if it was
// a healthy one.
func (s *Session) learn(now Moment) {
	r := s.m.Run
	quiet := r.silence(now)
	if r.Suspect || quiet > s.Limit() {
		return
	}
	switch r.Phase {
	case Preparing:
		r.Silence.Preparing = max(r.Silence.Preparing, quiet)
	case Transferring:
		r.Silence.Transferring = max(r.Silence.Transferring, quiet)
	case Finishing:
		r.Silence.Finishing = max(r.Silence.Finishing, quiet)
	}
}

// closes ends the run under way when the moment has come.
func (s *Session) closes(now Moment) {
	r := s.m.Run
	if r == nil || !r.Phase.Active() {
		return
	}
	if done, _ := s.over(now); done {
		s.endFor(now)
	}
}

// over reports whether the run has ended by now and, if it has not, when it
// will have unless something changes; never: zero.
func (s *Session) over(now Moment) (done bool, due time.Time) {
	r := s.m.Run
	wait := func(since Moment, d time.Duration) (bool, time.Time) {
		left := d - now.AwakeSince(since)
		return left <= 0, now.T.Add(left)
	}
	alive := s.facts.Writer.State == WriterAlive
	switch {
	case r.Phase == Settling && alive:
		return false, time.Time{}
	case r.Phase == Settling:
		return wait(r.LastChange, s.rules.Settling)
	case r.WriterSeen && !r.WriterGoneAt.IsZero():
		return wait(r.WriterGoneAt, writerGrace)
	case alive:
		return false, time.Time{}
	}
	left := abandonFactor*s.Limit() - r.silence(now)
	if left > 0 && !r.SheetAt.IsZero() {
		return false, time.Time{} // no silence grows while the passcode sheet is up
	}
	return left <= 0, now.T.Add(left)
}

// endFor ends the run under way as what it has become.
func (s *Session) endFor(now Moment) {
	if s.m.Run.Phase == Settling && s.wholeMetadata() {
		s.end(now, OutcomeComplete)
		return
	}
	s.end(now, OutcomeAbandoned)
}

// end closes the run and files it under the past.
func (s *Session) end(now Moment, o Outcome) {
	r := s.m.Run
	last := r.Phase
	r.Outcome, r.Ended = o, r.LastChange // an end that nobody saw is dated by the last sign of life
	if !r.WriterGoneAt.IsZero() {
		r.Ended = r.WriterGoneAt
	}
	r.Phase, r.PhaseAt = Abandoned, now
	if o == OutcomeComplete {
		r.Ended, r.Phase = r.LastChange, Complete
		s.m.Completed = r.Ended.T
		s.m.Days, s.m.Blind = nil, false
	}
	s.remember(s.past(last))
}

// past is the run under way, or the last one, as history keeps it.
func (s *Session) past(last Phase) PastRun {
	r := s.m.Run
	p := PastRun{UDID: s.UDID, Path: s.Path, Started: r.Started.T, Outcome: r.Outcome, Kind: r.Kind, ChainID: r.ChainID, Link: r.Link,
		LastPhase: last, Bytes: r.Bytes, Files: r.Files, Silence: r.Silence, DiskFull: !r.FullAt.IsZero(),
		ChainFiles: -1, ChainBytes: -1, Encrypted: s.encrypted()}
	if r.Outcome != OutcomeRunning {
		p.Ended, p.Duration = r.Ended.T, r.Ended.AwakeSince(r.Started)
	}
	p.Taught = r.Outcome == OutcomeComplete && r.Opened != "found" && r.Opened != "finished"
	return p
}

// Current returns the run under way, or the last one, as history keeps it.
func (s *Session) Current() (PastRun, bool) {
	r := s.m.Run
	if r == nil {
		return PastRun{}, false
	}
	last := r.Phase
	for _, p := range s.m.Past {
		if p.Started.Equal(r.Started.T) {
			last = p.LastPhase
			if r.Outcome != OutcomeRunning {
				return p, true
			}
		}
	}
	return s.past(last), true
}
