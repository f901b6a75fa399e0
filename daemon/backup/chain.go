package backup

import (
	"strings"
	"time"
)

// SetCheck takes in what a check of the chain's contents found. A check of a
// run that has been outlived by another one is kept for its date alone.
func (s *Session) SetCheck(c CheckResult) {
	if c.At.Before(s.m.Check.At) {
		return
	}
	s.m.Check = c
	for i := len(s.m.Past) - 1; i >= 0; i-- {
		p := &s.m.Past[i]
		if p.Outcome == OutcomeComplete && !p.Started.After(c.At) {
			if p.ChainFiles <= 0 && c.Files > 0 {
				p.ChainFiles, p.ChainBytes = c.Files, c.Bytes
			}
			return
		}
	}
}

// Check returns the last check; the zero CheckResult when there was none.
func (s *Session) Check() CheckResult { return s.m.Check }

// CheckCounts reports whether the last check speaks of the chain as it is now:
// of this chain id, and of no earlier run than the last complete one.
func (s *Session) CheckCounts() bool {
	r := s.m.Run
	return s.checkedLast() && (r == nil || !r.Started.T.After(s.m.Check.At) || !r.Advanced)
}

// checkedLast reports whether the last check was of this chain as the last
// complete run left it, whatever a later run has done to it.
func (s *Session) checkedLast() bool {
	c, st := s.m.Check, s.facts.Folder.Status
	if c.At.IsZero() || c.At.Before(s.m.Completed.Add(-time.Second)) {
		return false
	}
	return c.ChainID == "" || st.Presence != Present || strings.EqualFold(c.ChainID, st.Status.UUID)
}

// CheckStands reports whether what the last check found still holds of the last
// complete backup: also while a run brings files beside it that have not yet
// taken the place of any.
func (s *Session) CheckStands() bool {
	if s.CheckCounts() {
		return true
	}
	r := s.m.Run
	return r != nil && r.Phase.Active() && s.checkedLast() && s.Restorable() == Yes && s.m.Glance.State == "uploading"
}

// lastComplete returns the newest complete run of the past.
func (s *Session) lastComplete() (PastRun, bool) {
	for i := len(s.m.Past) - 1; i >= 0; i-- {
		if s.m.Past[i].Outcome == OutcomeComplete {
			return s.m.Past[i], true
		}
	}
	return PastRun{}, false
}

// LastComplete returns when the last complete run ended: as seen, or as the
// phone wrote it into a backup that was there before us. Zero when there is none.
func (s *Session) LastComplete() time.Time { return s.m.Completed }

// noteCompleted dates the last complete run of a backup that nobody has seen
// made: by Status.plist of a finished one, by Manifest.plist of the one that
// stands under a torn incremental.
func (s *Session) noteCompleted(now Moment) {
	if !s.m.Completed.IsZero() || s.m.Run != nil || s.Restorable() != Yes {
		return
	}
	fo := s.facts.Folder
	at := fo.Status.Status.Date
	if s.m.Glance.State != "finished" {
		at = fo.Manifest.Manifest.Date
	}
	if at.After(now.T) || at.Year() < 2007 { // the phone's clock may be wrong; there was no iPhone before
		at = fo.Status.ModTime
	}
	if !at.After(now.T) {
		s.m.Completed = at
	}
}

// Restorable reports whether a whole backup stands in the folder, as far as
// its metadata tells: finished, or an incremental whose files still lie apart.
func (s *Session) Restorable() Tri {
	fo := s.facts.Folder
	if fo.Index.Presence == Missing || fo.Index.Presence == Empty || fo.Index.Presence == Broken ||
		fo.Manifest.Presence == Missing || fo.Manifest.Presence == Empty || fo.Manifest.Presence == Broken {
		return No
	}
	if s.CheckCounts() && s.m.Check.Verdict == BrokenUp {
		return No
	}
	if s.m.Glance.HadStatus {
		switch s.m.Glance.State {
		case "finished", "removing":
			return Yes
		case "uploading":
			if fo.Status.Presence == Present && fo.Status.Status.BackupState == "empty" {
				return No
			}
			if fo.Status.Presence == Present {
				return Yes
			}
		case "moving":
			return No
		}
	}
	if fo.Status.Presence == Missing {
		return No
	}
	return Unknown
}
