package notify

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/history"
	"backupwatchdog/daemon/words"
)

// line is one channel with the notices that wait for it.
type line struct {
	channel Channel
	queue   chan job
	sending sync.Mutex // held while the channel is used
}

// send uses the channel, which takes one notice at a time.
func (l *line) send(ctx context.Context, m Message) error {
	l.sending.Lock()
	defer l.sending.Unlock()
	return l.channel.Send(ctx, m)
}

// job is one notice on its way to one channel.
type job struct {
	row     int64 // in the history; 0 when it could not be written
	message Message
	group   *group
}

// group is one notice on its way to all channels.
type group struct {
	key    string
	event  Event
	at     time.Time
	before Told // what was remembered of the trouble until this notice
	left   int
	sent   bool
	reason string
}

// linesFor makes a line for each channel, to be served by Run; the log's where
// there is none.
func (d *Desk) linesFor(channels []Channel) []*line {
	if len(channels) == 0 {
		channels = []Channel{logChannel{d.log}}
	}
	var out []*line
	for _, c := range channels {
		out = append(out, &line{channel: c, queue: make(chan job, queueMost)})
	}
	d.unserved = append(d.unserved, out...)
	return out
}

// serve sends one channel's notices, one at a time.
func (d *Desk) serve(ctx context.Context, l *line) {
	for {
		select {
		case <-ctx.Done():
			return
		case j, ok := <-l.queue:
			if !ok {
				return
			}
			err := l.send(ctx, j.message)
			if err != nil && ctx.Err() != nil {
				return // interrupted by the end of the program: it stays pending
			}
			d.finish(l.channel.Name(), j, err)
		}
	}
}

// finish records what became of a notice on one channel.
func (d *Desk) finish(channel string, j job, err error) {
	outcome, reason, why := history.Sent, "", ""
	if err != nil {
		outcome, reason, why = history.Failed, inShort(err), err.Error()
		d.log.Warn("notice not sent", "channel", channel, "code", string(j.message.Code), "reason", reason)
	}
	if j.row != 0 {
		if err := d.db.Finish(j.row, outcome, reason); err != nil {
			d.log.Warn("notice's outcome not recorded", "reason", err.Error())
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tally[Tally{Channel: channel, Outcome: outcome}]++
	if err == nil && channel == "desktop" {
		d.health.LastDesktop = j.group.at
	}
	j.group.end(why)
	if j.group.left == 0 {
		d.settle(j.group)
	}
}

// end counts one channel's answer: why it failed, with a next step, or "".
func (g *group) end(why string) {
	g.left--
	if why == "" {
		g.sent = true
	} else {
		g.reason = why
	}
}

// settle draws the conclusion once every channel has answered. The lock is held.
func (d *Desk) settle(g *group) {
	d.health.count(g.at, g.sent, g.reason)
	if !g.sent && (g.event == Raised || g.event == Repeated) {
		d.memory.Failed(g.at, g.key, g.before)
	}
}

// put puts a notice in line; where the line is full the oldest gives way.
// The lock is held, so there is one sender.
func (d *Desk) put(l *line, j job) {
	for {
		select {
		case l.queue <- j:
			return
		default:
		}
		select {
		case old := <-l.queue:
			old.group.end(words.DropQueueFull)
			if old.row != 0 {
				d.db.Finish(old.row, history.Failed, words.DropQueueFull)
			}
			if old.group.left == 0 {
				d.settle(old.group)
			}
		default:
		}
	}
}

// logChannel stands in where a person wants no channel: the notice is in the
// log, and in status.
type logChannel struct{ log *slog.Logger }

func (l logChannel) Name() string { return "log" }

func (l logChannel) Send(_ context.Context, m Message) error {
	level := slog.LevelInfo
	if m.Severity > backup.Info {
		level = slog.LevelWarn
	}
	l.log.Log(context.Background(), level, "notice", "title", m.Title, "text", m.Body)
	return nil
}
