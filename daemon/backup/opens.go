package backup

import (
	"slices"
	"time"
)

// fold lets a look open, advance and close runs.
func (s *Session) fold(now Moment, d diff) {
	if r := s.m.Run; r != nil && r.Phase.Active() {
		if why := s.superseded(d); why != "" {
			s.endFor(now)
			s.open(now, d, why)
			return
		}
		s.advance(now, d)
	} else if why := s.opens(now, d); why != "" {
		s.open(now, d, why)
	}
	s.closes(now)
}

// opens says what in this look opens a run, "" when nothing does.
func (s *Session) opens(now Moment, d diff) string {
	g := s.m.Glance
	torn := g.HadStatus && unfinished(g.State)
	if d.first {
		return s.opensAtFirst(now, torn)
	}
	switch {
	case torn && (d.status || d.snapCame):
		return "status"
	case d.snapCame:
		return "snapshot"
	case d.payload && (torn || g.Snapshot == Yes):
		return "payload"
	case d.writerCam && !s.sameWriter():
		return "writer"
	case (d.info || d.infoCame) && s.infoOpens(now):
		return "info"
	case d.status && g.State == "finished":
		return "finished"
	}
	return ""
}

// opensAtFirst judges a folder that nobody has looked at before.
func (s *Session) opensAtFirst(now Moment, torn bool) string {
	fo, g := s.facts.Folder, s.m.Glance
	switch {
	case torn:
		return "found"
	case g.Snapshot == Yes && !g.HadStatus:
		return "found"
	case g.Writer == WriterAlive:
		return "writer"
	case s.hardlyBegun() && s.young(now, fo.Info.ModTime):
		return "folder"
	case g.HadStatus && s.infoOpens(now) && s.young(now, fo.Info.ModTime) && !fo.Info.ModTime.IsZero():
		return "info"
	}
	return ""
}

// hardlyBegun reports whether the folder holds Info.plist and nothing else that
// matters, as the tools leave it until the first upload. With an index beside
// it, or a Status.plist that cannot be read, it is a backup with a damage.
func (s *Session) hardlyBegun() bool {
	fo := s.facts.Folder
	return fo.Info.Presence != NotLooked && fo.Info.Presence != Missing && fo.Info.Presence != Denied && fo.Index.Presence != Present &&
		(fo.Status.Presence == Missing || fo.Status.Presence == Empty || fo.Status.Presence == NotLooked)
}

// young reports whether a file of that age may belong to a run that still
// prepares. A time that is not known may.
func (s *Session) young(now Moment, t time.Time) bool {
	return t.IsZero() || now.T.Sub(t) < s.rules.Preparing*abandonFactor
}

// infoOpens reports whether Info.plist is newer than Status.plist in a way that
// is not Finder's late one, which follows finished within minutes.
func (s *Session) infoOpens(now Moment) bool {
	g := s.m.Glance
	if !g.HadStatus {
		return true
	}
	if g.InfoAt.IsZero() { // no dates: what counts is how long the folder has been known as it is
		if now.Since(s.m.First) <= tailWindow {
			return false
		}
	} else if !g.InfoAt.After(g.StatusAt.Add(tailWindow)) {
		return false
	}
	r := s.m.Run
	return r == nil || r.FinishedAt.IsZero() || now.Since(r.FinishedAt) > tailWindow
}

// sameWriter reports whether the writer that is seen is the one whose run has
// just been called complete: a program that lingers starts no run.
func (s *Session) sameWriter() bool {
	r := s.m.Run
	return r != nil && r.Phase == Complete && r.WriterPID != 0 && r.WriterPID == s.m.Glance.WriterPID
}

// superseded says what shows that another run has begun while one is under way.
func (s *Session) superseded(d diff) string {
	r, g := s.m.Run, s.m.Glance
	switch {
	case r.Phase == Settling && ((d.state && unfinished(g.State)) || d.snapCame):
		return "status"
	case r.Phase == Finishing && d.state && g.State == "uploading":
		return "status"
	case r.Phase == Transferring && d.restarted && !r.Stale:
		return "status"
	case d.writerCam && r.WriterPID != 0 && g.WriterPID != r.WriterPID && !slices.Contains(s.facts.Writer.Others, r.WriterName):
		return "writer"
	}
	return ""
}

// open begins a run.
func (s *Session) open(now Moment, d diff, why string) {
	g, fo := s.m.Glance, s.facts.Folder
	r := &run{Opened: why, Phase: Preparing, Outcome: OutcomeRunning, Files: -1, Bytes: -1, MinFree: -1}
	r.Started = Moment{T: now.T.Truncate(time.Second), Slept: now.Slept}
	r.LastProgress, r.LastChange, r.PhaseAt = now, now, now
	if d.first {
		s.openFound(r, now)
	} else {
		r.BaseFiles, r.BaseBytes = s.base()
	}
	s.m.Run = r
	for c := range s.m.Times {
		if cond, ok := ConditionByCode(c); ok && cond.OfRun {
			delete(s.m.Times, c)
			delete(s.m.Since, c)
			delete(s.m.Gone, c)
		}
	}
	r.Stale = (why == "writer" || why == "info") && !d.status && unfinished(g.State)
	r.Advanced = d.payload || d.index || d.snapCame || (unfinished(g.State) && !r.Stale)
	if fo.Status.Presence == Present {
		r.ChainID = fo.Status.Status.UUID
	}
	s.advance(now, diff{})
	s.closes(now)
}

// openFound dates a run that was under way, or torn, before anybody looked: by
// the phone's Status.plist and by the newest file.
func (s *Session) openFound(r *run, now Moment) {
	fo := s.facts.Folder
	began, moved := fo.Status.Status.Date, fo.Newest
	if began.IsZero() {
		began = fo.Status.ModTime
	}
	if r.Opened == "info" || r.Opened == "folder" {
		began, moved = fo.Info.ModTime, fo.Info.ModTime
	}
	if r.Opened == "writer" {
		return
	}
	if !began.IsZero() && began.Before(now.T) {
		r.Started = Moment{T: began.Truncate(time.Second), Slept: now.Slept}
	}
	if !moved.IsZero() && moved.Before(now.T) {
		at := Moment{T: moved, Slept: now.Slept}
		r.LastProgress, r.LastChange, r.PhaseAt = at, at, at
	}
}

// base is what Files and Bytes stood at before the look that opened the run.
func (s *Session) base() (files, bytes int64) {
	if p := s.m.Run; p != nil && p.Files >= 0 {
		return p.BaseFiles + p.Files, p.BaseBytes + max(0, p.Bytes)
	}
	return s.m.Before.Files, s.m.Before.Bytes
}
