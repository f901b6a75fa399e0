package notify

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
)

// Pinger tells a dead-man service in the manner of healthchecks.io how runs
// go: URL/start when one begins, URL when one completes, URL/fail when one is
// abandoned or something critical is found. The service speaks up when it hears
// nothing, which is what a watchdog cannot do about itself.
type Pinger struct {
	url   string
	post  poster
	queue chan ping
	log   *slog.Logger
}

type ping struct{ suffix, text string }

// NewPinger returns a pinger for a URL as healthchecks.io hands it out.
func NewPinger(address string, log *slog.Logger) *Pinger {
	return &Pinger{url: address, post: newPoster(), queue: make(chan ping, queueMost), log: log}
}

// Send pings once. The suffix is "", "/start" or "/fail"; the text may be "".
func (p *Pinger) Send(ctx context.Context, suffix, text string) error {
	u, err := url.Parse(p.url)
	if err != nil || u.Host == "" {
		return refusal(words.NoPingURL(), err)
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + suffix
	return p.post.send(ctx, u.String(), []byte(text), http.Header{"Content-Type": {"text/plain; charset=utf-8"}})
}

// put puts a ping in line; the oldest gives way.
func (p *Pinger) put(x ping) {
	for {
		select {
		case p.queue <- x:
			return
		default:
		}
		select {
		case <-p.queue:
		default:
		}
	}
}

// run sends pings until the context ends or another pinger takes over.
func (p *Pinger) run(ctx context.Context, replaced <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-replaced:
			return
		case x := <-p.queue:
			if err := p.Send(ctx, x.suffix, x.text); err != nil && ctx.Err() == nil && p.log != nil {
				p.log.Warn("ping not sent", "reason", err.Error())
			}
		}
	}
}

// ping tells the service of what is new in a scene. What was said last of each
// backup is kept in the history: a restart pings nothing twice, and a run that
// was over before pinging began is none of its business.
func (d *Desk) ping(s Scene, spoken []Decision) {
	for _, b := range s.Backups {
		kind := pingKind(b.Phase)
		if kind == "" || b.RunID == "" {
			continue
		}
		slot, mark := "ping/"+b.folder(), b.RunID+" "+kind
		last, known := d.db.Get(slot)
		if string(last) == mark {
			continue
		}
		if err := d.db.Put(slot, []byte(mark)); err != nil {
			d.log.Warn("ping not recorded", "reason", err.Error())
		}
		if known || kind == "start" {
			d.pinger.put(pingOf(kind, b.Device))
		}
	}
	for _, dec := range spoken {
		if dec.Event == Raised && dec.Item.Finding.Severity == backup.Critical {
			d.pinger.put(ping{"/fail", Title(dec)})
		}
	}
}

// pingKind is what a phase means to a dead-man service; "" nothing.
func pingKind(p backup.Phase) string {
	switch p {
	case backup.Preparing, backup.Transferring, backup.Finishing:
		return "start"
	case backup.Complete:
		return "success"
	case backup.Abandoned:
		return "fail"
	}
	return ""
}

func pingOf(kind, device string) ping {
	switch kind {
	case "start":
		return ping{"/start", words.PingBegan(device)}
	case "fail":
		return ping{"/fail", words.PingBrokeOff(device)}
	}
	return ping{"", words.PingCompleted(device)}
}
