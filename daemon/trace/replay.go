package trace

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/notify"
)

// Event is something the judgement did at a moment of the trace.
type Event struct {
	T        float64         `json:"t"`
	UDID     string          `json:"udid"`
	Event    string          `json:"event"` // appeared, changed, gone, notice
	Code     backup.Code     `json:"code"`
	Severity backup.Severity `json:"severity"`
	Fix      backup.FixID    `json:"fix"`
	Phase    backup.Phase    `json:"phase"`
	// Notice is raised, repeated, cleared or verified; "" where Event is no notice.
	Notice string `json:"notice,omitempty"`
	// Finding is the whole of it, for a text rendering.
	Finding backup.Finding `json:"-"`
}

// Replay runs a trace through the judgement and calls emit for everything that
// happens, in order. It returns an error that names the line when the trace
// cannot be read; what came before it has been emitted.
func Replay(r io.Reader, emit func(Event)) error {
	in := newReader(r)
	h, rules, err := in.header()
	if err != nil {
		return err
	}
	p := NewPlayer(rules, h.Platform, emit)
	p.now = h.T
	for {
		l, err := in.line()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		p.until(l.t-l.slept, l.t)
		p.slept += seconds(l.slept)
		if l.end {
			p.until(l.t, l.t)
			p.now = l.t
			p.step()
			return nil
		}
		if err := p.take(l); err != nil {
			return in.errorf("%v", err)
		}
	}
}

// Player judges what it is given in simulated time. It is the loop of the
// daemon without a clock: the same sessions, the same decision to speak.
type Player struct {
	rules    backup.Rules
	platform string
	emit     func(Event)
	policy   notify.Policy
	memory   notify.Memory
	now      float64
	slept    time.Duration
	backups  map[string]*played
	order    []string
}

// played is one backup in a player.
type played struct {
	facts   backup.Facts
	session *backup.Session
	shown   map[backup.Code]backup.Finding
	last    backup.Assessment
}

// NewPlayer returns a player at t = 0 that has seen nothing.
func NewPlayer(rules backup.Rules, platform string, emit func(Event)) *Player {
	return &Player{rules: rules, platform: platform, emit: emit, backups: map[string]*played{},
		policy: notify.Policy{Minimum: backup.Warning, Repeat: 6 * time.Hour, DailyCap: 8, Zone: time.UTC}}
}

// moment is the player's time as the judgement takes it.
func (p *Player) moment() backup.Moment {
	return backup.Moment{T: timeAt(p.now), Slept: p.slept}
}

// take applies one line.
func (p *Player) take(l line) error {
	p.now = l.t
	b := p.backup(l.udid, nil)
	if err := apply(&b.facts, l.keys, timeAt(l.t)); err != nil {
		return err
	}
	p.observe()
	if raw, ok := l.keys["check"]; ok {
		c, err := checkOf(raw, timeAt(l.t))
		if err != nil {
			return fmt.Errorf("check: %w", err)
		}
		b.session.SetCheck(c)
	}
	p.step()
	return nil
}

// Backup adds a backup with a past; it is used by the judge, which knows one.
func (p *Player) Backup(udid string, past []backup.PastRun) { p.backup(udid, past) }

// Session returns the session of a backup; nil when there is none.
func (p *Player) Session(udid string) *backup.Session {
	if b := p.backups[udid]; b != nil {
		return b.session
	}
	return nil
}

// Look gives the player new facts of a backup at t seconds, after slept seconds
// of sleep since the last call. Change edits the facts that hold.
func (p *Player) Look(udid string, t, slept float64, change func(*backup.Facts)) {
	p.until(t-slept, t)
	p.slept += seconds(slept)
	p.now = t
	b := p.backup(udid, nil)
	change(&b.facts)
	p.observe()
	p.step()
}

// observe shows every session its facts, as the daemon does at each look: a
// sleep of the computer concerns all of them.
func (p *Player) observe() {
	for _, b := range p.backups {
		b.session.Observe(p.moment(), b.facts)
	}
}

// End lets the time pass until t.
func (p *Player) End(t float64) {
	p.until(t, t)
	p.now = t
	p.step()
}

func (p *Player) backup(udid string, past []backup.PastRun) *played {
	b := p.backups[udid]
	if b == nil {
		b = &played{facts: unknownFacts(p.platform), session: backup.NewSession(udid, udid, p.rules, past), shown: map[backup.Code]backup.Finding{}}
		p.backups[udid] = b
		p.order = append(p.order, udid)
	}
	return b
}

// until judges at every moment before t at which the answer could change. The
// computer is taken to be awake until then, and asleep from then to the line.
func (p *Player) until(t, line float64) {
	for range 1_000_000 {
		next, ok := p.due()
		if !ok || next >= t || next >= line {
			return
		}
		p.now = max(next, p.now+0.001)
		p.step()
	}
}

// due is when the answer could next change by itself.
func (p *Player) due() (float64, bool) {
	var first time.Time
	note := func(t time.Time) {
		if !t.IsZero() && t.After(timeAt(p.now)) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	for _, b := range p.backups {
		note(b.last.Next)
	}
	for key, t := range p.memory.Told {
		if gone, ok := p.memory.Gone[key]; ok {
			note(gone.Add(10 * time.Second))
		}
		if p.policy.Repeat > 0 { // also of what is gone: a run that ends carries on the trouble that was told
			note(t.Last.Add(p.policy.Repeat))
		}
	}
	return first.Sub(Zero).Seconds(), !first.IsZero()
}

// step asks for the judgement now and emits what is new.
func (p *Player) step() {
	var scene notify.Scene
	for _, udid := range p.order {
		b := p.backups[udid]
		if b.session.Facts().Root.Path == "" && !b.seen() {
			continue
		}
		b.last = b.session.Assess(p.moment())
		p.compare(udid, b)
		scene.Backups = append(scene.Backups, stateOf(udid, b))
		scene.Items = append(scene.Items, itemsOf(udid, b)...)
	}
	p.speak(scene)
}

func (b *played) seen() bool { return b.session.Facts().Root.Access != backup.AccessUnknown }

func itemsOf(udid string, b *played) []notify.Item {
	var out []notify.Item
	run := RunID(b.session)
	for _, f := range b.last.Findings {
		out = append(out, notify.Item{UDID: udid, RunID: run, Finding: f})
	}
	for _, f := range b.last.Hidden {
		out = append(out, notify.Item{UDID: udid, RunID: run, Finding: f, Hidden: true})
	}
	return out
}

func stateOf(udid string, b *played) notify.State {
	s := notify.State{UDID: udid, RunID: RunID(b.session), Phase: b.last.Phase, Completed: b.session.LastComplete()}
	if r, ok := b.session.View(b.session.LastLook()); ok {
		s.LastProgress = r.LastProgress
	}
	return s
}

// RunID names the run under way, or the last one; "" when none was seen.
func RunID(s *backup.Session) string {
	r, ok := s.Current()
	if !ok {
		return ""
	}
	return fmt.Sprint(r.Started.Unix())
}

// compare emits which findings of a backup have come, changed and gone.
func (p *Player) compare(udid string, b *played) {
	now := map[backup.Code]backup.Finding{}
	for _, f := range b.last.Findings {
		now[f.Code] = f
		was, ok := b.shown[f.Code]
		switch {
		case !ok || was.Key != f.Key:
			p.tell(udid, b, "appeared", f)
		case was.Severity != f.Severity || was.Fix.ID != f.Fix.ID:
			p.tell(udid, b, "changed", f)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(b.shown)) {
		if _, ok := now[code]; !ok {
			p.tell(udid, b, "gone", b.shown[code])
		}
	}
	b.shown = now
}

func (p *Player) tell(udid string, b *played, event string, f backup.Finding) {
	p.emit(Event{T: p.now, UDID: udid, Event: event, Code: f.Code, Severity: f.Severity, Fix: f.Fix.ID, Phase: b.last.Phase, Finding: f})
}

// speak emits the notices that would go out now.
func (p *Player) speak(scene notify.Scene) {
	now := timeAt(p.now)
	p.memory.Observe(p.policy, now, scene)
	for _, d := range notify.Decide(p.policy, p.memory, now, scene) {
		if d.Speak || d.Closes {
			p.memory.Record(now, d)
		}
		if !d.Speak {
			continue
		}
		e := Event{T: p.now, UDID: d.Item.UDID, Event: "notice", Code: d.Item.Finding.Code, Severity: d.Item.Finding.Severity,
			Fix: d.Item.Finding.Fix.ID, Notice: string(d.Event), Finding: d.Item.Finding}
		if b := p.backups[d.Item.UDID]; b != nil {
			e.Phase = b.last.Phase
		}
		p.emit(e)
	}
}
