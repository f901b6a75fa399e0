package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Assessment is what can be said of a backup at one moment.
type Assessment struct {
	Phase Phase
	// Findings hold and are not hidden; worst first, then in the catalogue's order.
	Findings []Finding
	// Hidden hold as well, but a cause that is in Findings explains them.
	Hidden []Finding
	// Next is when the answer may change although nothing new is seen; zero: never.
	Next time.Time
}

// draft is a finding before it has its dates and key.
type draft struct {
	severity   Severity
	confidence Confidence
	title      string // "" means the condition's own
	detail     string
	evidence   []Evidence
	fix        FixID // "" means the condition's own
	also       []FixID
	cloud      bool // the fix's steps for iCloud are meant
	step       int  // which rung of a ladder of reminders; 0: no ladder
}

// view is one judgement under way: the session, the moment, and when the
// answer could next change by the passing of time alone. Whoever compares a
// duration with time that passes does it through awake or calendar, so that
// no deadline is forgotten.
type view struct {
	s    *Session
	r    *run // nil: none was ever seen
	f    Facts
	now  Moment
	next time.Time
}

// due notes that the answer may change at t.
func (v *view) due(t time.Time) {
	if t.After(v.now.T) && (v.next.IsZero() || t.Before(v.next)) {
		v.next = t
	}
}

// awake reports whether d of awake time has passed since m.
func (v *view) awake(m Moment, d time.Duration) bool {
	left := d - v.now.AwakeSince(m)
	if left > 0 {
		v.due(v.now.T.Add(left))
	}
	return left <= 0
}

// calendar reports whether d has passed since t, asleep or awake.
func (v *view) calendar(t time.Time, d time.Duration) bool {
	v.due(t.Add(d))
	return v.now.T.Sub(t) >= d
}

// quiet reports whether the run has been silent for d.
func (v *view) quiet(d time.Duration) bool {
	left := d - v.r.silence(v.now)
	if left > 0 {
		if v.r.SheetAt.IsZero() { // while the sheet is up no silence grows
			v.due(v.now.T.Add(left))
		}
		return false
	}
	if !v.r.WokeAt.IsZero() && !v.r.WokeAt.T.Before(v.r.LastProgress.T) {
		return v.calendar(v.r.WokeAt.T, wakeGrace)
	}
	return true
}

// active reports whether a run is under way.
func (v *view) active() bool { return v.r != nil && v.r.Phase.Active() }

// moving reports whether a run is under way and its end has not been announced.
func (v *view) moving() bool { return v.active() && v.r.Phase != Settling }

// network reports whether the phone is, or was in this run, on Wi-Fi.
func (v *view) network() bool {
	if v.r != nil && v.r.Link != LinkUnknown {
		return v.r.Link == LinkNetwork
	}
	return v.f.Phone.Link == LinkNetwork
}

// cable reports whether the phone is, or was in this run, on a cable.
func (v *view) cable() bool {
	if v.r != nil && v.r.Link != LinkUnknown {
		return v.r.Link == LinkUSB
	}
	return v.f.Phone.Link == LinkUSB
}

// fresh reports whether the phone's own answers may still be believed.
func (v *view) fresh() bool {
	return !v.f.Phone.Asked.IsZero() && !v.calendar(v.f.Phone.Asked, 24*time.Hour)
}

// place is where the fixes of this backup are carried out.
func (v *view) place() place {
	p := place{udid: v.s.UDID, darwin: v.f.Darwin, tool: v.f.Writer.Name, folder: parent(v.s.Path), cable: v.active() && v.cable()}
	if p.tool == "" && v.r != nil {
		p.tool = v.r.WriterName
	}
	return p
}

// Assess judges the backup at a moment not before the last Observe. It takes
// into account what the passing of time alone has ended.
func (s *Session) Assess(now Moment) Assessment {
	if now.T.Before(s.m.Last.T) {
		now.T = s.m.Last.T
	}
	s.closes(now)
	v := &view{s: s, r: s.m.Run, f: s.facts, now: now}
	if v.active() {
		if _, due := s.over(now); !due.IsZero() {
			v.due(due)
		}
	}
	drafts := v.drafts()
	s.keepSince(now, drafts)
	a := Assessment{Phase: Idle, Next: v.next}
	if v.r != nil {
		a.Phase = v.r.Phase
	}
	for _, c := range Catalogue {
		d, ok := drafts[c.Code]
		if !ok || c.Of != OfBackup {
			continue
		}
		f := v.finding(c, d)
		if v.hides(c, drafts) {
			a.Hidden = append(a.Hidden, f)
		} else {
			a.Findings = append(a.Findings, f)
		}
	}
	worstFirst(a.Findings)
	return a
}

// worstFirst sorts by severity and leaves the order within one as it is.
func worstFirst(fs []Finding) {
	slices.SortStableFunc(fs, func(a, b Finding) int { return int(b.Severity) - int(a.Severity) })
}

// drafts asks every condition. Conditions of the root are asked too: they hide
// those of the backup, but are told once, by JudgeRoot.
func (v *view) drafts() map[Code]draft {
	out := map[Code]draft{}
	for _, c := range Catalogue {
		if c.find == nil {
			continue
		}
		if d := c.find(v); d != nil {
			out[c.Code] = *d
		}
	}
	// Apple's page is asked only where an iCloud condition holds.
	if _, ok := out[ICloudOverdue]; !ok {
		delete(out, AppleOutage)
	}
	return out
}

// hides reports whether one of the causes that hide c holds as well.
func (v *view) hides(c Condition, drafts map[Code]draft) bool {
	for _, h := range c.HiddenBy {
		if _, ok := drafts[h]; ok {
			return true
		}
	}
	return false
}

// keepSince remembers since when each condition holds, and counts how often it
// came up: the count is part of the key of a finding. What was gone for a few
// seconds only (a loose cable, a battery between 19 and 20 %) has not come up anew.
func (s *Session) keepSince(now Moment, drafts map[Code]draft) {
	for code := range drafts {
		if _, ok := s.m.Since[code]; ok {
			continue
		}
		if was, ok := s.m.Gone[code]; ok && now.Since(was.To) < flicker {
			s.m.Since[code] = was.From
		} else {
			s.m.Since[code] = now
			s.m.Times[code]++
		}
		delete(s.m.Gone, code)
	}
	for code, from := range s.m.Since {
		if _, ok := drafts[code]; !ok {
			s.m.Gone[code] = spell{From: from, To: now}
			delete(s.m.Since, code)
		}
	}
}

// finding finishes a draft.
func (v *view) finding(c Condition, d draft) Finding {
	f := Finding{Code: c.Code, Severity: d.severity, Title: d.title, Detail: d.detail,
		Since: v.s.m.Since[c.Code].T, Confidence: d.confidence, Evidence: d.evidence, Also: d.also}
	if f.Title == "" {
		f.Title = c.Title
	}
	if f.Confidence == "" {
		f.Confidence = High
	}
	id := d.fix
	if id == "" {
		id = c.Fix
	}
	if f.Also == nil {
		f.Also = c.Also
	}
	f.Also = slices.DeleteFunc(slices.Clone(f.Also), func(a FixID) bool { return a == id })
	if fix, ok := FixByID(id); ok {
		f.Fix = fix.advice(v.place(), d.cloud)
	}
	if !v.active() {
		f.Fix = f.Fix.AtRest()
	}
	f.Key = v.key(c, d)
	return f
}

// Mark names a backup folder: the phone's UDID and, since one phone may have
// backups in several folders, four digits that stand for the folder's path:
// "00008110-000E34D21A02801E@1a2b". Without a path it is the UDID alone.
func Mark(udid, path string) string {
	if path == "" {
		return udid
	}
	sum := sha256.Sum256([]byte(path))
	return udid + "@" + hex.EncodeToString(sum[:2])
}

// Mark is that of the session's folder. The keys of its findings begin with it.
func (s *Session) Mark() string { return Mark(s.UDID, s.Path) }

// key names this occurrence: backup, run, code, how often.
func (v *view) key(c Condition, d draft) string {
	started := "-"
	if c.OfRun && v.r != nil {
		started = fmt.Sprint(v.r.Started.T.Unix())
	}
	n := v.s.m.Times[c.Code]
	if d.step > 0 {
		started, n = fmt.Sprint(v.s.m.Completed.Unix()), d.step
	}
	return strings.Join([]string{v.s.Mark(), started, string(c.Code), fmt.Sprint(n)}, "/")
}

// RunView is the run under way, or the last one, as it is shown.
type RunView struct {
	Started      time.Time
	Ended        time.Time // zero while under way
	Kind         Kind
	LastProgress time.Time
	Bytes, Files int64         // -1 unknown
	Rate         float64       // bytes a second; negative unknown
	Expected     int64         // -1 unknown
	AtMost       bool          // Expected is an upper bound, and so is Left
	Left         time.Duration // negative unknown
	Silence      time.Duration // awake, so far
	Limit        time.Duration // zero where there is none
	Usual        time.Duration // zero unknown
	Writer       string
	Link         Link
	ChainID      string
	DiskFull     bool
}

// View returns the run as it is shown at a moment, and whether there is one.
func (s *Session) View(now Moment) (RunView, bool) {
	r := s.m.Run
	if r == nil {
		return RunView{}, false
	}
	w := RunView{Started: r.Started.T, Ended: r.Ended.T, Kind: r.Kind, LastProgress: r.LastProgress.T, Bytes: r.Bytes,
		Files: r.Files, Rate: -1, Expected: -1, Left: -1, Writer: r.WriterName, Link: r.Link, ChainID: r.ChainID, DiskFull: !r.FullAt.IsZero()}
	if r.Phase.Active() {
		w.Rate = s.Rate(now)
		if r.Phase == Preparing || r.Phase == Transferring { // afterwards all of it is there
			w.Expected, w.AtMost = s.Expected()
			w.Left = s.Left(now)
		}
		w.Silence, w.Limit, w.Usual = r.silence(now), s.Limit(), s.Usual()
	}
	return w, true
}
