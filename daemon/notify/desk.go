package notify

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/history"
	"backupwatchdog/daemon/words"
)

const (
	// queueMost is how many notices wait for one channel; the oldest gives way.
	queueMost = 16
	// resendWithin is how old a notice that a crash left behind may be; an older
	// one is told anew while its trouble holds.
	resendWithin = 24 * time.Hour
	// triesMost ends what may be the reason of the crashes.
	triesMost = 3
	// rememberFor is how far back notices are remembered at a start.
	rememberFor = 2 * 365 * 24 * time.Hour
)

// Options are what a Desk works with.
type Options struct {
	History  *history.DB // must be open; in memory where the disk cannot be used
	Policy   Policy
	Channels []Channel // none: notices go to the log alone
	Pinger   *Pinger   // nil: nobody is pinged
	Log      *slog.Logger
	Now      time.Time // when it begins
}

// Desk decides at each look whether to speak, writes it down first, and hands
// it to the channels. Look is called by the one goroutine that owns the model;
// the channels run beside it. All methods may be called from any goroutine.
type Desk struct {
	db  *history.DB
	log *slog.Logger

	mu         sync.Mutex
	policy     Policy
	memory     Memory
	suppressed map[string]bool // key and reason of silences that are written down
	lines      []*line
	unserved   []*line // lines that Run has not seen yet, also replaced ones
	pinger     *Pinger
	health     Health
	tally      map[Tally]int64 // by channel and outcome, N being 0
	changed    chan struct{}   // closed and replaced when the lines are
}

// NewDesk returns a desk that remembers what the history knows. What a crash
// left pending is put in line again; [Desk.Run] sends it.
func NewDesk(o Options) *Desk {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := &Desk{db: o.History, log: o.Log, policy: o.Policy, pinger: o.Pinger,
		suppressed: map[string]bool{}, tally: map[Tally]int64{}, changed: make(chan struct{})}
	d.lines = d.linesFor(o.Channels)
	told := o.History.Told(o.Now.Add(-rememberFor))
	d.memory = Remember(o.Policy, o.Now, told)
	d.health = healthOf(told)
	for _, n := range o.History.Notices("", o.Now.Add(-30*24*time.Hour), 5_000) {
		if n.Outcome == history.Suppressed {
			d.suppressed[n.Key+" "+n.Reason] = true
		}
	}
	d.resume(o.Now)
	return d
}

// Reload takes over new rules and channels. What waits for an old channel is
// still sent by it.
func (d *Desk) Reload(p Policy, channels []Channel, pinger *Pinger) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.lines {
		close(l.queue)
	}
	d.policy, d.lines, d.pinger = p, d.linesFor(channels), pinger
	close(d.changed)
	d.changed = make(chan struct{})
}

// Run sends what is put in line until the context ends. Notices that are not
// sent by then stay pending and go out at the next start.
func (d *Desk) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		d.mu.Lock()
		lines, pinger, changed := d.unserved, d.pinger, d.changed
		d.unserved = nil
		d.mu.Unlock()
		for _, l := range lines {
			wg.Go(func() { d.serve(ctx, l) })
		}
		if pinger != nil {
			wg.Go(func() { pinger.run(ctx, changed) })
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Look decides for a scene and sends what is due. It returns the decisions to
// speak. The moments of successive calls never go back.
func (d *Desk) Look(now time.Time, s Scene) []Decision {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.memory.Acked, d.memory.Mutes = d.db.Acked(), d.db.Mutes(now)
	d.memory.Observe(d.policy, now, s)
	var spoken []Decision
	for _, dec := range Decide(d.policy, d.memory, now, s) {
		switch {
		case dec.Speak:
			d.speak(now, dec)
			spoken = append(spoken, dec)
		case dec.Closes:
			d.write(now, dec, nil, history.Suppressed, "log")
			d.memory.Record(now, dec)
		default:
			d.keepSilence(now, dec)
		}
	}
	if d.pinger != nil {
		d.ping(s, spoken)
	}
	return spoken
}

// speak writes a notice down for every channel and then puts it in line.
func (d *Desk) speak(now time.Time, dec Decision) {
	m := MessageOf(dec)
	payload, _ := json.Marshal(m) // cannot fail: plain fields
	var names []string
	for _, l := range d.lines {
		names = append(names, l.channel.Name())
	}
	rows := d.write(now, dec, payload, history.Pending, names...)
	g := &group{key: dec.Item.Finding.Key, event: dec.Event, at: now, before: d.memory.Told[dec.Item.Finding.Key], left: len(d.lines)}
	d.memory.Record(now, dec)
	for i, l := range d.lines {
		j := job{message: m, group: g}
		if rows != nil {
			j.row = rows[i]
		}
		d.put(l, j)
	}
}

// write puts one row for each channel into the history. Where that fails the
// notice is still sent: to be told twice is better than not at all.
func (d *Desk) write(now time.Time, dec Decision, payload []byte, outcome string, channels ...string) []int64 {
	f := dec.Item.Finding
	var rows []control.Notice
	for _, c := range channels {
		rows = append(rows, control.Notice{At: now, UDID: dec.Item.UDID, Run: dec.Item.RunID, Event: string(dec.Event), Code: f.Code, Severity: f.Severity,
			Title: Title(dec), Text: Body(dec), Channel: c, Outcome: outcome, Reason: dec.Reason, Key: f.Key})
	}
	ids, err := d.db.AddNotices(payload, rows...)
	if err != nil {
		d.log.Warn("notice not recorded", "code", string(f.Code), "reason", err.Error())
	}
	return ids
}

// keepSilence writes a silence down the first time its rule is the reason, so
// that history can say why nothing was heard.
func (d *Desk) keepSilence(now time.Time, dec Decision) {
	switch dec.Reason {
	case words.RuleTold, words.RuleRepeat, words.RuleRetry:
		return // what was told stands in the history
	}
	mark := dec.Item.Finding.Key + " " + dec.Reason
	if d.suppressed[mark] || dec.Event == Cleared || dec.Event == Verified {
		return
	}
	if len(d.suppressed) > 10_000 {
		clear(d.suppressed)
	}
	d.suppressed[mark] = true
	d.write(now, dec, nil, history.Suppressed, "log")
}

// resume puts in line again what an earlier process wrote down and did not finish.
func (d *Desk) resume(now time.Time) {
	byName := map[string]*line{}
	for _, l := range d.lines {
		byName[l.channel.Name()] = l
	}
	groups := map[string]*group{}
	for _, n := range d.db.PendingNotices() {
		l := byName[n.Channel]
		var m Message
		unreadable := json.Unmarshal(n.Payload, &m) != nil
		tries, err := d.db.Retry(n.ID)
		switch {
		case l == nil:
			d.drop(n, words.DropNoChannel)
		case now.Sub(n.At) > resendWithin, unreadable:
			d.drop(n, words.DropTooOld)
		case err == nil && tries > triesMost:
			d.drop(n, words.DropTries)
		default:
			id := n.Key + " " + n.Event + " " + n.At.String()
			if groups[id] == nil {
				groups[id] = &group{key: n.Key, event: Event(n.Event), at: n.At}
			}
			groups[id].left++
			d.put(l, job{row: n.ID, message: m, group: groups[id]})
		}
	}
}

// drop ends a notice that is not sent any more. Where no channel took it its
// trouble is told anew.
func (d *Desk) drop(n history.PendingNotice, reason string) {
	d.db.Finish(n.ID, history.Failed, reason)
	if t := d.memory.Told[n.Key]; t.Count > 0 && t.Last.Equal(n.At) && (n.Event == string(Raised) || n.Event == string(Repeated)) {
		d.memory.Failed(time.Time{}, n.Key, Told{})
	}
}

// Test sends one notice through every channel, one after another, and says
// what became of it and what to look for.
func (d *Desk) Test(ctx context.Context) []control.TestResult {
	d.mu.Lock()
	lines := slices.Clone(d.lines)
	d.mu.Unlock()
	var out []control.TestResult
	for _, l := range lines {
		r := control.TestResult{Channel: l.channel.Name(), Outcome: history.Sent}
		r.Route, r.LookFor = describe(ctx, l.channel)
		if err := l.send(ctx, MessageOf(trial(time.Now()))); err != nil {
			r.Outcome, r.Reason = history.Failed, err.Error()
		}
		out = append(out, r)
	}
	return out
}

// Keys are the finding keys that something was told of, for acknowledging by a
// prefix.
func (d *Desk) Keys() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.memory.Told))
}
