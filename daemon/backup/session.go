package backup

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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

// Retired tells the session that its folder was set aside or has gone: the run
// that was under way ends.
func (s *Session) Retired(now Moment) {
	if r := s.m.Run; r != nil && r.Phase.Active() {
		s.end(now, OutcomeAbandoned)
	}
}

// LastLook returns the moment of the last Observe; the zero Moment before it.
func (s *Session) LastLook() Moment { return s.m.Last }
