package backup

import (
	"slices"
	"time"
)

// Times of the model that nobody configures.
const (
	writerGrace   = 10 * time.Second // a writer gone for less may be a hiccup of the process list
	wakeGrace     = 3 * time.Minute  // a waking Mac and a waking phone need a moment
	sleepNoticed  = 30 * time.Second // shorter sleeps are jitter of the clocks
	tailWindow    = time.Hour        // Finder's late Info.plist comes within this after finished
	rateWindow    = 10 * time.Minute
	flicker       = 10 * time.Second // what is gone for less is the same trouble when it comes back
	abandonFactor = 4                // × limit, where no writer was ever seen
	diskFullFree  = 16 << 20
	diskShortFree = 128 << 20
)

// run is one attempt at a backup: under way, or the last one.
type run struct {
	Started      Moment  `json:"started"`
	Opened       string  `json:"opened"` // what opened it: found, status, snapshot, payload, info, folder, writer, finished
	Phase        Phase   `json:"phase"`
	PhaseAt      Moment  `json:"phase_at"`
	State        string  `json:"state"` // the last SnapshotState seen in this run
	Stale        bool    `json:"stale"` // State is what an earlier run left; nothing of this one is on disk yet
	Kind         Kind    `json:"kind"`
	ChainID      string  `json:"chain_id"`
	LastProgress Moment  `json:"last_progress"`
	LastChange   Moment  `json:"last_change"` // of anything in the folder, Info.plist too
	FinishedAt   Moment  `json:"finished_at"`
	Ended        Moment  `json:"ended"`
	Outcome      Outcome `json:"outcome"`
	// Advanced: this run itself has changed the backup: a state other than
	// finished, payload, or a new index. A run that has not may not be complete.
	Advanced bool `json:"advanced"`
	// Worked: a state of work, from uploading to removing, was seen in this run.
	Worked bool `json:"worked"`

	BaseFiles int64 `json:"base_files"`
	BaseBytes int64 `json:"base_bytes"`
	Files     int64 `json:"files"` // of this run; -1 unknown
	Bytes     int64 `json:"bytes"`
	// Paid is when payload last moved: unlike LastProgress no change of state counts.
	Paid Moment `json:"paid"`

	Link     Link   `json:"link"`     // how the phone was last attached in this run
	Attached bool   `json:"attached"` // it was, at some moment
	GoneAt   Moment `json:"gone_at"`  // since when it is gone; zero: it is not

	WriterSeen   bool   `json:"writer_seen"`
	WriterName   string `json:"writer_name"`
	WriterPID    int    `json:"writer_pid"`
	WriterGoneAt Moment `json:"writer_gone_at"` // since when it is gone and nothing has moved; zero: it is not
	WriterLeft   Moment `json:"writer_left"`    // since when it is gone

	SheetAt Moment        `json:"sheet_at"` // since when the passcode sheet is up; zero: it is not
	Sheet   time.Duration `json:"sheet"`    // how long it was up since the last progress, but for now

	Slept  time.Duration `json:"slept"` // in this run
	WokeAt Moment        `json:"woke_at"`

	MinFree int64  `json:"min_free"` // the least that was free in this run; -1 unknown
	FullAt  Moment `json:"full_at"`  // when the disk was first full in this run; zero: never

	Silence Silences `json:"silence"`
	// Suspect: the present silence has or had another explanation than a phone
	// that thinks, so nothing is learned from it.
	Suspect bool    `json:"suspect"`
	Rates   []point `json:"rates"`
}

// point is one measure of the rate window.
type point struct {
	At    Moment `json:"at"`
	Bytes int64  `json:"bytes"`
	Moves bool   `json:"moves"` // something arrived since the point before
}

// each calls f on every moment the run remembers.
func (r *run) each(f func(*Moment)) {
	for _, m := range []*Moment{&r.Started, &r.PhaseAt, &r.LastProgress, &r.LastChange, &r.FinishedAt, &r.Ended,
		&r.Paid, &r.GoneAt, &r.WriterGoneAt, &r.WriterLeft, &r.SheetAt, &r.WokeAt, &r.FullAt} {
		f(m)
	}
	for i := range r.Rates {
		f(&r.Rates[i].At)
	}
}

// unfinished reports whether a SnapshotState is one of a run under way: any
// but finished, also one that nobody knows.
func unfinished(state string) bool { return state != "" && state != "finished" }

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

// advance takes a look into the run under way.
func (s *Session) advance(now Moment, d diff) {
	r, g, fo := s.m.Run, s.m.Glance, s.facts.Folder
	if d.progress() {
		s.learn(now)
		r.LastProgress, r.Suspect, r.Sheet = now, false, 0
		if at := d.asOf; !at.IsZero() && at.Before(now.T) && !d.status && !d.snapCame && !d.snapWent {
			r.LastProgress.T, r.Suspect = at, true
		}
		if !r.SheetAt.IsZero() {
			r.SheetAt = now
		}
		r.Stale = false
	}
	if d.payload || d.state {
		r.outlives(now)
	}
	if d.payload {
		r.Paid = now
		if !s.m.SheetAt.IsZero() {
			s.m.SheetAt = now // files arrive: whatever the sheet is for, this backup does not wait for it
		}
	}
	if d.progress() || d.info || d.infoCame || d.infoKind || d.index {
		if r.Phase == Settling && !r.Suspect {
			r.Silence.Settling = max(r.Silence.Settling, now.AwakeSince(r.LastChange))
		}
		r.LastChange = now
	}
	if fo.Status.Presence == Present {
		r.State = g.State
		if r.ChainID == "" || unfinished(g.State) {
			r.ChainID = g.Chain
		}
		s.noteKind(r)
	}
	works := unfinished(g.State) && fo.Status.Presence == Present && !r.Stale
	r.Worked = r.Worked || works
	r.Advanced = r.Advanced || works || d.payload || d.index || d.snapCame
	s.noteCounts(r)
	if p := s.phaseNow(); p != r.Phase {
		r.Phase, r.PhaseAt = p, now
		if p == Settling {
			r.FinishedAt = now
		}
	}
}

// noteKind says what the run makes; the phone knows once it has written Status.plist.
func (s *Session) noteKind(r *run) {
	st := s.facts.Folder.Status.Status
	if !unfinished(st.SnapshotState) || r.Stale {
		return
	}
	switch {
	case st.SnapshotState == "uploading" && st.BackupState == "empty":
		r.Kind = First
	case r.Kind == First:
	case st.IsFullBackup:
		r.Kind = Full
	default:
		r.Kind = Incremental
	}
}

// noteCounts takes what this run has brought.
func (s *Session) noteCounts(r *run) {
	fo := s.facts.Folder
	if fo.Files >= 0 {
		r.Files = max(r.Files, fo.Files-r.BaseFiles, 0)
	}
	if fo.Bytes >= 0 {
		r.Bytes = max(r.Bytes, fo.Bytes-r.BaseBytes, 0)
	}
}

// phaseNow derives the phase of the run under way from what it has shown.
func (s *Session) phaseNow() Phase {
	r, g := s.m.Run, s.m.Glance
	switch {
	case r.Stale:
		return Preparing
	case r.State == "uploading":
		return Transferring
	case r.State == "moving", r.State == "removing":
		return Finishing
	case r.State == "finished" && r.Advanced && (g.Snapshot != Yes || r.Worked):
		return Settling // with Snapshot/ and no work seen it is what the run before left
	case g.Snapshot == Yes && r.Files > 0:
		return Transferring
	}
	return Preparing
}

// noteSleep remembers sleep inside a run.
func (s *Session) noteSleep(now Moment) {
	r := s.m.Run
	if r == nil || !r.Phase.Active() || !s.m.Seen {
		return
	}
	slept := now.SleptSince(s.m.Last)
	if slept < sleepNoticed {
		return
	}
	r.Slept += slept
	r.WokeAt, r.Suspect = now, true
}

// noteRun takes what phone, writer and disk say during a run.
func (s *Session) noteRun(now Moment, f Facts, d diff) {
	r := s.m.Run
	if r == nil || !r.Phase.Active() && r.Outcome != OutcomeAbandoned {
		return
	}
	s.noteLink(r, now, f.Phone.Link, d)
	if !r.Phase.Active() {
		return
	}
	s.noteWriter(r, now, f.Writer)
	s.noteSheet(r, now, f.Phone.Passcode)
	s.noteFree(r, now, f.Root.Free)
	s.notePoint(r, now, d)
	s.closes(now)
}

func (s *Session) noteLink(r *run, now Moment, l Link, d diff) {
	switch l {
	case LinkUSB, LinkNetwork:
		r.Attached, r.Link, r.GoneAt = true, l, Moment{}
	case LinkGone:
		if r.Attached && r.GoneAt.IsZero() {
			r.GoneAt = now
		}
		r.Suspect = true
	}
	if d.progress() && !r.GoneAt.IsZero() {
		r.GoneAt = now // it goes on all the same; what is gone may be one of two connections
	}
}

func (s *Session) noteWriter(r *run, now Moment, w Writer) {
	switch w.State {
	case WriterAlive:
		r.WriterSeen, r.WriterGoneAt, r.WriterLeft = true, Moment{}, Moment{}
		r.WriterName, r.WriterPID = w.Name, w.PID
	case WriterGone:
		if r.WriterSeen && r.WriterGoneAt.IsZero() {
			r.WriterGoneAt, r.WriterLeft = now, now
		}
	case WriterUnknown:
		r.WriterGoneAt, r.WriterLeft = Moment{}, Moment{} // what cannot be seen now has not been gone for ten seconds
	}
}

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

// noteSheet keeps how long the passcode sheet is up: that time is no silence.
func (s *Session) noteSheet(r *run, now Moment, t Tri) {
	switch {
	case t == Yes && r.SheetAt.IsZero():
		r.SheetAt = now
	case t != Yes && !r.SheetAt.IsZero():
		r.Sheet += now.AwakeSince(r.SheetAt)
		r.SheetAt = Moment{}
	}
}

func (s *Session) noteFree(r *run, now Moment, free int64) {
	if free < 0 {
		return
	}
	if r.MinFree < 0 || free < r.MinFree {
		r.MinFree = free
	}
	if free < diskFullFree && r.FullAt.IsZero() {
		r.FullAt = now
	}
}

// notePoint keeps the rate window: a point at most every eight seconds.
func (s *Session) notePoint(r *run, now Moment, d diff) {
	if r.Bytes < 0 {
		return
	}
	n := len(r.Rates)
	if n > 0 && now.AwakeSince(r.Rates[n-1].At) < 8*time.Second {
		r.Rates[n-1].Bytes = r.Bytes
		r.Rates[n-1].Moves = r.Rates[n-1].Moves || d.payload
		return
	}
	for len(r.Rates) > 2 && (now.AwakeSince(r.Rates[1].At) > rateWindow || len(r.Rates) >= ratesKept) {
		r.Rates = r.Rates[1:]
	}
	r.Rates = append(r.Rates, point{At: now, Bytes: r.Bytes, Moves: d.payload})
}

// silence is how long nothing has moved: awake, and without the time for which
// the passcode sheet was up.
func (r *run) silence(now Moment) time.Duration {
	quiet := now.AwakeSince(r.LastProgress) - r.Sheet
	if !r.SheetAt.IsZero() {
		quiet -= now.AwakeSince(r.SheetAt)
	}
	return max(0, quiet)
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

// wholeMetadata reports whether nothing that a finished backup must have is
// known to be missing or empty.
func (s *Session) wholeMetadata() bool {
	fo := s.facts.Folder
	for _, p := range []Presence{fo.Index.Presence, fo.Manifest.Presence} {
		if p == Missing || p == Empty {
			return false
		}
	}
	return true
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
	p := PastRun{UDID: s.UDID, Started: r.Started.T, Outcome: r.Outcome, Kind: r.Kind, ChainID: r.ChainID, Link: r.Link,
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

// encrypted says whether the chain at hand is encrypted.
func (s *Session) encrypted() Tri {
	if m := s.facts.Folder.Manifest; m.Presence == Present {
		return TriOf(m.Manifest.IsEncrypted)
	}
	return Unknown
}
