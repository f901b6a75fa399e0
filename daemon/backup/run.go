package backup

import (
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

// encrypted says whether the chain at hand is encrypted.
func (s *Session) encrypted() Tri {
	if m := s.facts.Folder.Manifest; m.Presence == Present {
		return TriOf(m.Manifest.IsEncrypted)
	}
	return Unknown
}
