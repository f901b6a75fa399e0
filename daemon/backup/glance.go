package backup

import (
	"time"
)

// glance is the part of a look that is compared with the next.
type glance struct {
	State      string    `json:"state"`
	StatusAt   time.Time `json:"status_at"` // its time stamp, or its Date where there is none
	StatusDate time.Time `json:"status_date"`
	Chain      string    `json:"chain"`
	InfoAt     time.Time `json:"info_at"`
	InfoWas    Presence  `json:"info_was"`
	IndexAt    time.Time `json:"index_at"`
	IndexSize  int64     `json:"index_size"`
	IndexWas   Presence  `json:"index_was"`
	Snapshot   Tri       `json:"snapshot"`
	Files      int64     `json:"files"`
	Bytes      int64     `json:"bytes"`
	Moved      int64     `json:"moved"`
	Newest     time.Time `json:"newest"`
	Link       Link      `json:"link"`
	Writer     Liveness  `json:"writer"`
	WriterPID  int       `json:"writer_pid"`
	HadStatus  bool      `json:"had_status"`
	StatusSeen Presence  `json:"status_seen"`
	// Counting says that Files, Bytes and Moved come from this process: a new one
	// counts anew, and the first difference says nothing.
	Counting bool `json:"-"`
}

// glanceAt draws from a look what the next one is compared with. What a look
// did not learn stays as it was.
func (s *Session) glanceAt(f Facts, was glance) glance {
	p := was
	p.Counting = true
	fo := f.Folder
	p.StatusSeen = fo.Status.Presence
	if fo.Status.Presence == Present {
		p.HadStatus, p.State, p.Chain = true, fo.Status.Status.SnapshotState, fo.Status.Status.UUID
		p.StatusAt, p.StatusDate = fo.Status.Status.Date, fo.Status.Status.Date
		if !fo.Status.ModTime.IsZero() {
			p.StatusAt = fo.Status.ModTime
		}
	}
	if fo.Info.Presence != NotLooked {
		p.InfoWas, p.InfoAt = fo.Info.Presence, fo.Info.ModTime
	}
	if fo.Index.Presence != NotLooked {
		p.IndexAt, p.IndexSize, p.IndexWas = fo.Index.ModTime, fo.Index.Size, fo.Index.Presence
	}
	if fo.Snapshot != Unknown {
		p.Snapshot = fo.Snapshot
	}
	if fo.Files >= 0 {
		p.Files = fo.Files
	}
	if fo.Bytes >= 0 {
		p.Bytes = fo.Bytes
	}
	p.Moved = fo.Moved
	if fo.Newest.After(p.Newest) {
		p.Newest = fo.Newest
	}
	p.Link, p.Writer, p.WriterPID = f.Phone.Link, f.Writer.State, f.Writer.PID
	return p
}

// diff is what is new in a look.
type diff struct {
	first     bool      // nothing to compare with
	asOf      time.Time // when the payload moved, where it did so before this process began; else zero
	status    bool      // another state, date or chain
	state     bool      // another state
	restarted bool      // the same unfinished state with another date: a new attempt
	payload   bool      // files came, grew, moved or went
	snapCame  bool
	snapWent  bool
	info      bool // Info.plist was rewritten
	infoCame  bool // Info.plist is there for the first time
	infoKind  bool // Info.plist became empty, whole, broken or missing
	index     bool // another index
	writerCam bool // a writer is seen that was not there before
}

// progress reports whether the look shows payload movement or a change of
// state: what a silence is measured from. A rewritten Info.plist is neither.
func (d diff) progress() bool { return d.payload || d.status || d.snapCame || d.snapWent }

func (s *Session) differences(a, b glance, first bool) diff {
	if first {
		return diff{first: true, writerCam: b.Writer == WriterAlive}
	}
	d := diff{
		state:    a.State != b.State,
		snapCame: a.Snapshot == No && b.Snapshot == Yes,
		snapWent: a.Snapshot == Yes && b.Snapshot == No,
		info:     !b.InfoAt.Equal(a.InfoAt) && !b.InfoAt.IsZero() && b.InfoWas != Missing,
		infoCame: (a.InfoWas == Missing || a.InfoWas == NotLooked) && b.InfoWas != Missing && b.InfoWas != NotLooked,
		infoKind: a.InfoWas != b.InfoWas && a.InfoWas != NotLooked,
		index: !b.IndexAt.Equal(a.IndexAt) || a.IndexSize != b.IndexSize ||
			(b.IndexWas == Present && (a.IndexWas == Missing || a.IndexWas == Empty || a.IndexWas == Broken)),
		writerCam: b.Writer == WriterAlive && (a.Writer != WriterAlive || (a.WriterPID != b.WriterPID && b.WriterPID != 0)),
	}
	d.restarted = !d.state && b.State == "uploading" && !a.StatusDate.Equal(b.StatusDate) && !a.StatusDate.IsZero()
	d.status = d.state || !a.StatusAt.Equal(b.StatusAt) || a.Chain != b.Chain
	if a.Counting {
		d.payload = a.Files != b.Files || a.Bytes != b.Bytes || a.Moved != b.Moved
	} else {
		d.payload = b.Newest.After(a.Newest) && !a.Newest.IsZero()
		d.asOf = b.Newest
	}
	return d
}

// recount ties the counters of a new process to what the run had brought before.
func (s *Session) recount(fo Folder) {
	r := s.m.Run
	if r == nil || !r.Phase.Active() {
		return
	}
	if r.Phase == Transferring {
		r.Files, r.Bytes = max(r.Files, fo.SnapshotFiles), max(r.Bytes, fo.SnapshotBytes)
	}
	if fo.Files >= 0 && r.Files >= 0 {
		r.BaseFiles = fo.Files - r.Files
	}
	if fo.Bytes >= 0 && r.Bytes >= 0 {
		r.BaseBytes = fo.Bytes - r.Bytes
	}
}

// Recounted says that Files, Bytes and Moved of the next look come from a new
// counter: their difference to the last look means nothing.
func (s *Session) Recounted() { s.m.Glance.Counting = false }
