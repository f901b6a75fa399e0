package notify

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
)

// Channel is one way to reach a person. Send returns when the notice was taken
// over or refused, and never later than its context allows; it is called from
// one goroutine at a time. Its error is a [Refusal].
type Channel interface {
	Name() string // desktop, webhook, command or log
	Send(context.Context, Message) error
}

// A Refusal is why a channel did not take a notice, with the next step.
type Refusal struct {
	words.Hitch
	err error // what it rests on; nil where there is none
}

func refusal(h words.Hitch, err error) error { return &Refusal{h, err} }

func (r *Refusal) Error() string { return r.String() }

func (r *Refusal) Unwrap() error { return r.err }

// inShort is an error without its next step, which need not stand beside every
// notice: status has it, once.
func inShort(err error) string {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.What
	}
	return err.Error()
}

// sendTimeout bounds one attempt on any channel.
const sendTimeout = 10 * time.Second

// Message is a notice as channels send it.
type Message struct {
	Title string `json:"title"` // at most 40 characters
	Body  string `json:"body"`  // at most 200, one line
	// Object is the JSON of the contract, for programs.
	Object json.RawMessage `json:"object"`
	Event  Event           `json:"event"`
	Code   backup.Code     `json:"code"`
	// Severity is info for good news.
	Severity backup.Severity `json:"severity"`
}

// object is what command and webhook get. Its keys are public and stable.
type object struct {
	Schema   int             `json:"schema"`
	Event    Event           `json:"event"`
	Backup   objectBackup    `json:"backup"`
	Finding  backup.Finding  `json:"finding"`
	Code     backup.Code     `json:"code"`
	Severity backup.Severity `json:"severity"`
	Title    string          `json:"title"`
	Text     string          `json:"text"`
}

type objectBackup struct {
	UDID   string `json:"udid"`
	Device string `json:"device_name"`
}

// MessageOf puts a decision into words.
func MessageOf(d Decision) Message {
	f := d.Item.Finding
	m := Message{Title: Title(d), Body: Body(d), Event: d.Event, Code: f.Code, Severity: f.Severity}
	b, err := json.Marshal(object{Schema: 1, Event: d.Event, Backup: objectBackup{d.Item.UDID, d.Item.Device},
		Finding: f, Code: f.Code, Severity: f.Severity, Title: m.Title, Text: m.Body})
	if err != nil {
		b = []byte("{}") // unreachable: plain fields
	}
	m.Object = b
	return m
}

// Plain makes a text safe for every desktop. All white space becomes plain
// spaces: a device called "iPhone de Anne" often has a no-break space, which
// Go's %q writes in a way that AppleScript cannot read, and the banner is lost.
// What cannot be printed (control and format characters, joiners, marks of
// direction) is dropped. It never begins with a sign that notify-send or
// terminal-notifier take for an option or a structure.
func Plain(s string, most int) string {
	var out []rune
	space := false
	for _, r := range s {
		switch {
		case isSpace(r):
			space = len(out) > 0
		case !isPlain(r) || len(out) == 0 && isOpening(r):
		default:
			if space {
				out = append(out, ' ')
			}
			out, space = append(out, r), false
		}
		if len(out) > 4*most {
			break // the rest would be cut anyway
		}
	}
	return words.Shorten(string(out), most)
}
