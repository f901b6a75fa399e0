package trace

import (
	"container/heap"
	"context"
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
// cannot be read; what came before it has been emitted. It ends early with the
// context, or with the first error of emit, and returns that.
func Replay(ctx context.Context, r io.Reader, emit func(Event) error) error {
	in := newReader(r)
	h, rules, err := in.header()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	p := NewPlayer(rules, h.Platform, func(e Event) {
		if ctx.Err() == nil {
			if err := emit(e); err != nil {
				stop(err)
			}
		}
	})
	p.ctx, p.now = ctx, h.T
	for ended := false; !ended; {
		l, err := in.line()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := p.take(l); err != nil {
			return in.errorf("%v", err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		ended = l.end
	}
	return nil
}

// Player judges what it is given in simulated time. It is the loop of the
// daemon without a clock: the same sessions, the same decision to speak. Where
// the daemon looks every minute, the player looks when something could fall due.
type Player struct {
	rules    backup.Rules
	platform string
	emit     func(Event)
	policy   notify.Policy
	day      time.Time // whose notices today counts
	today    int
	ctx      context.Context // ends a long wait early
	now      float64
	slept    time.Duration
	backups  map[string]*played
	order    []*played
	waiting  agenda
}

// played is one backup in a player.
type played struct {
	udid    string
	facts   backup.Facts
	session *backup.Session
	shown   map[backup.Code]backup.Finding
	last    backup.Assessment
	memory  notify.Memory // of its own notices; the count of a day is the player's
	told    float64       // when a line last spoke of it
	number  int           // its place in Player.order
	due     time.Time     // when to look again though nothing is told; zero: never
	place   int           // in the agenda; -1: not there
}

// The player looks again, as the daemon does, at each beginning of a day, and
// when the daemon would ask an attached phone again; but not for longer than
// days are remembered.
const (
	askedAgain = 6 * time.Hour
	looksAgain = 61 * 24 * time.Hour
)

// NewPlayer returns a player at t = 0 that has seen nothing.
func NewPlayer(rules backup.Rules, platform string, emit func(Event)) *Player {
	return &Player{rules: rules, platform: platform, emit: emit, backups: map[string]*played{}, ctx: context.Background(),
		policy: notify.Policy{Minimum: backup.Warning, Repeat: 6 * time.Hour, DailyCap: 8, Zone: time.UTC}}
}

// moment is the player's time as the judgement takes it.
func (p *Player) moment() backup.Moment {
	return backup.Moment{T: timeAt(p.now), Slept: p.slept}
}

// take applies one line.
func (p *Player) take(l line) error {
	p.pass(l.t, l.slept)
	if l.end {
		p.look(p.order)
		return nil
	}
	b := p.backup(l.udid, nil)
	if err := apply(&b.facts, l.keys, timeAt(l.t)); err != nil {
		return err
	}
	var check *backup.CheckResult
	if raw, ok := l.keys["check"]; ok {
		c, err := checkOf(raw, timeAt(l.t))
		if err != nil {
			return fmt.Errorf("check: %w", err)
		}
		check = &c
	}
	p.told(b, l.slept, check)
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
	p.pass(t, slept)
	b := p.backup(udid, nil)
	change(&b.facts)
	p.told(b, slept, nil)
}

// End lets the time pass until t.
func (p *Player) End(t float64) {
	p.pass(t, 0)
	p.look(p.order)
}

func (p *Player) backup(udid string, past []backup.PastRun) *played {
	b := p.backups[udid]
	if b == nil {
		b = &played{udid: udid, facts: unknownFacts(p.platform), session: backup.NewSession(udid, udid, p.rules, past),
			shown: map[backup.Code]backup.Finding{}, number: len(p.order), place: -1}
		p.backups[udid] = b
		p.order = append(p.order, b)
	}
	return b
}

// told looks at the backup that has just been told of, and at what falls due in
// the same moment. A sleep of the computer concerns all.
func (p *Player) told(b *played, slept float64, check *backup.CheckResult) {
	b.told = p.now
	if slept > 0 {
		p.observe(p.order)
	} else {
		p.observe([]*played{b})
	}
	if check != nil {
		b.session.SetCheck(*check)
	}
	if slept > 0 {
		p.judge(p.order)
		return
	}
	due := p.waiting.until(timeAt(p.now))
	if !slices.Contains(due, b) {
		due = append(due, b)
	}
	p.observe(due)
	p.judge(due)
}

// pass lets the time pass until t, and looks at every moment before at which an
// answer could change. The computer is taken to be awake first, and then asleep
// for slept seconds.
func (p *Player) pass(t, slept float64) {
	for range 10_000_000 {
		next, ok := p.waiting.next()
		if !ok || p.ctx.Err() != nil {
			break
		}
		at := max(next.Sub(Zero).Seconds(), p.now+0.001)
		if at >= t-slept {
			break
		}
		p.now = at
		p.look(p.waiting.until(timeAt(at)))
	}
	p.now = t
	p.slept += seconds(slept)
}

// look shows backups what is known of them once more, and judges.
func (p *Player) look(list []*played) {
	p.observe(list)
	p.judge(list)
}

// observe shows sessions their facts, as the daemon does at each look.
func (p *Player) observe(list []*played) {
	now := p.moment()
	for _, b := range list {
		phone := &b.facts.Phone
		if attached(*phone) && !phone.Asked.IsZero() && now.T.Sub(phone.Asked) >= askedAgain {
			phone.Asked = now.T // it was asked again and said the same
		}
		b.session.Observe(now, b.facts)
	}
}

func attached(ph backup.Phone) bool {
	return ph.Link == backup.LinkUSB || ph.Link == backup.LinkNetwork
}

// judge asks for the judgement of backups now and emits what is new: first what
// holds, then what a person would be told of, the worst first.
func (p *Player) judge(list []*played) {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b *played) int { return a.number - b.number })
	list = slices.DeleteFunc(list, func(b *played) bool { return !b.seen() })
	for _, b := range list {
		b.last = b.session.Assess(p.moment())
		p.compare(b)
	}
	slices.SortStableFunc(list, func(a, b *played) int { return b.worst() - a.worst() })
	for _, b := range list {
		p.speak(b)
		p.waiting.put(b, p.due(b))
	}
}

// seen reports whether anything was shown to the session at all.
func (b *played) seen() bool {
	root := b.session.Facts().Root
	return root.Path != "" || root.Access != backup.AccessUnknown
}

// worst is the severity of the gravest finding; -1 where there is none.
func (b *played) worst() int {
	if len(b.last.Findings) == 0 {
		return -1
	}
	return int(b.last.Findings[0].Severity)
}

// due is when the answer for a backup could next change by itself; zero: never.
func (p *Player) due(b *played) time.Time {
	now := timeAt(p.now)
	var first time.Time
	note := func(t time.Time) {
		if t.After(now) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	note(b.last.Next)
	for key, t := range b.memory.Told {
		if gone, ok := b.memory.Gone[key]; ok {
			note(gone.Add(10 * time.Second))
		}
		if p.policy.Repeat > 0 { // also of what is gone: a run that ends carries on the trouble that was told
			note(t.Last.Add(p.policy.Repeat))
		}
	}
	if now.Sub(timeAt(b.told)) < looksAgain {
		note(now.Truncate(24 * time.Hour).Add(24 * time.Hour))
		if attached(b.facts.Phone) && !b.facts.Phone.Asked.IsZero() {
			note(b.facts.Phone.Asked.Add(askedAgain))
		}
	}
	return first
}

// agenda holds backups by when they are due, the next one first.
type agenda []*played

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].due.Before(a[j].due) }
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i, j
}

// Push implements heap.Interface.
func (a *agenda) Push(x any) {
	b := x.(*played)
	b.place = len(*a)
	*a = append(*a, b)
}

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	n := len(*a) - 1
	b := (*a)[n]
	b.place = -1
	*a = (*a)[:n]
	return b
}

// put makes a backup due at t; at zero, never.
func (a *agenda) put(b *played, t time.Time) {
	b.due = t
	switch {
	case b.place >= 0 && t.IsZero():
		heap.Remove(a, b.place)
	case b.place >= 0:
		heap.Fix(a, b.place)
	case !t.IsZero():
		heap.Push(a, b)
	}
}

// next is when the first one is due.
func (a agenda) next() (time.Time, bool) {
	if len(a) == 0 {
		return time.Time{}, false
	}
	return a[0].due, true
}

// until takes out all that are due by t.
func (a *agenda) until(t time.Time) []*played {
	var out []*played
	for len(*a) > 0 && !(*a)[0].due.After(t) {
		out = append(out, heap.Pop(a).(*played))
	}
	return out
}

// scene is what notices about a backup are decided from.
func (b *played) scene() notify.Scene {
	run := RunID(b.session)
	state := notify.State{UDID: b.udid, Folder: b.session.Mark(), RunID: run, Phase: b.last.Phase, Completed: b.session.LastComplete()}
	if r, ok := b.session.View(b.session.LastLook()); ok {
		state.LastProgress = r.LastProgress
	}
	s := notify.Scene{Backups: []notify.State{state}}
	for _, f := range b.last.Findings {
		s.Items = append(s.Items, notify.Item{UDID: b.udid, RunID: run, Finding: f})
	}
	for _, f := range b.last.Hidden {
		s.Items = append(s.Items, notify.Item{UDID: b.udid, RunID: run, Finding: f, Hidden: true})
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
func (p *Player) compare(b *played) {
	now := map[backup.Code]backup.Finding{}
	for _, f := range b.last.Findings {
		now[f.Code] = f
		was, ok := b.shown[f.Code]
		switch {
		case !ok || was.Key != f.Key:
			p.tell(b, "appeared", f)
		case was.Severity != f.Severity || was.Fix.ID != f.Fix.ID:
			p.tell(b, "changed", f)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(b.shown)) {
		if _, ok := now[code]; !ok {
			p.tell(b, "gone", b.shown[code])
		}
	}
	b.shown = now
}

func (p *Player) tell(b *played, event string, f backup.Finding) {
	p.emit(Event{T: p.now, UDID: b.udid, Event: event, Code: f.Code, Severity: f.Severity, Fix: f.Fix.ID, Phase: b.last.Phase, Finding: f})
}

// speak emits the notices about a backup that would go out now.
func (p *Player) speak(b *played) {
	now, scene, m := timeAt(p.now), b.scene(), &b.memory
	m.Day, m.Today = p.day, p.today
	m.Observe(p.policy, now, scene)
	for _, d := range notify.Decide(p.policy, *m, now, scene) {
		if d.Speak || d.Closes {
			m.Record(now, d)
		}
		if d.Speak {
			p.emit(Event{T: p.now, UDID: b.udid, Event: "notice", Code: d.Item.Finding.Code, Severity: d.Item.Finding.Severity,
				Fix: d.Item.Finding.Fix.ID, Phase: b.last.Phase, Notice: string(d.Event), Finding: d.Item.Finding})
		}
	}
	p.day, p.today = m.Day, m.Today
}
