package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
)

// Webhook posts each notice to a URL. Which body is posted follows from the
// URL, or from "format=" in its query, which is not sent on:
//
//	json   the contract's JSON object, as it is: Home Assistant
//	       (http://HOST:8123/api/webhook/ID), Node-RED, anything of one's own
//	ntfy   the text, with the headers Title, Priority and Tags: https://ntfy.sh/TOPIC,
//	       any host called ntfy or ntfy.…, or format=ntfy for another host
//	slack  {"text": …}: https://hooks.slack.com/…, or format=slack for what takes
//	       the same (Mattermost, Discord's …/slack)
type Webhook struct {
	address string
	format  string
	post    poster
}

// NewWebhook returns the channel for a URL.
func NewWebhook(address string) (*Webhook, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, refusal(words.NoWebhookURL(), err)
	}
	format := formatOf(u)
	if q := u.Query(); q.Has("format") && isFormat(q.Get("format")) {
		format = q.Get("format")
		q.Del("format")
		u.RawQuery = q.Encode()
	}
	return &Webhook{address: u.String(), format: format, post: newPoster()}, nil
}

func isFormat(s string) bool { return s == "json" || s == "ntfy" || s == "slack" }

// formatOf guesses what a host wants.
func formatOf(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	switch {
	case host == "hooks.slack.com":
		return "slack"
	case host == "ntfy" || strings.HasPrefix(host, "ntfy."):
		return "ntfy"
	}
	return "json"
}

// Name implements Channel.
func (w *Webhook) Name() string { return "webhook" }

// Host is where it posts to, without the secrets that paths often are.
func (w *Webhook) Host() string {
	u, err := url.Parse(w.address)
	if err != nil {
		return "" // unreachable: NewWebhook parsed it
	}
	return u.Host
}

// Send implements Channel.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	body, header := w.shape(m)
	return w.post.send(ctx, w.address, body, header)
}

// shape makes body and headers.
func (w *Webhook) shape(m Message) ([]byte, http.Header) {
	switch w.format {
	case "ntfy":
		return []byte(m.Body), http.Header{
			"Content-Type": {"text/plain; charset=utf-8"},
			"Title":        {mime.BEncoding.Encode("utf-8", Plain(m.Title, words.TitleMost))},
			"Priority":     {map[backup.Severity]string{backup.Info: "low", backup.Warning: "default", backup.Critical: "high"}[m.Severity]},
			"Tags":         {map[backup.Severity]string{backup.Info: "white_check_mark", backup.Warning: "warning", backup.Critical: "rotating_light"}[m.Severity]},
		}
	case "slack":
		b, _ := json.Marshal(map[string]string{"text": "*" + slackText(m.Title) + "*\n" + slackText(m.Body)}) // cannot fail
		return b, http.Header{"Content-Type": {"application/json"}}
	}
	return m.Object, http.Header{"Content-Type": {"application/json"}}
}

// slackText keeps a text from being markup or a mention there:
// https://docs.slack.dev/messaging/formatting-message-text escapes these three;
// the star and its like cannot be escaped and become look-alikes.
func slackText(s string) string {
	return strings.NewReplacer("*", "∗", "`", "'", "~", "∼").Replace(escapeMarkup(s))
}

// poster posts with bounded patience.
type poster struct {
	client  *http.Client
	timeout time.Duration   // of one attempt
	waits   []time.Duration // before the second, the third … attempt
}

// answerMost is how much of an answer is read.
const answerMost = 64 << 10

func newPoster() poster {
	return poster{
		client:  &http.Client{CheckRedirect: sameScheme},
		timeout: sendTimeout,
		waits:   []time.Duration{2 * time.Second, 8 * time.Second},
	}
}

// sameScheme follows few redirects, and none that would send the notice over
// another scheme, to another host, or as a question without its text.
func sameScheme(to *http.Request, via []*http.Request) error {
	from := via[0]
	switch {
	case len(via) > 3:
		return refusal(words.Redirected(from.URL.Host), nil)
	case to.URL.Scheme != from.URL.Scheme || to.URL.Host != from.URL.Host:
		return refusal(words.RedirectedTo(from.URL.Host, to.URL.Scheme+"://"+to.URL.Host), nil)
	case to.Method != from.Method:
		return refusal(words.RedirectedEmpty(from.URL.Host), nil)
	}
	return nil
}

// send posts, and tries again where that may help.
func (p poster) send(ctx context.Context, address string, body []byte, header http.Header) error {
	for attempt := 0; ; attempt++ {
		again, err := p.once(ctx, address, body, header)
		if err == nil || !again || attempt >= len(p.waits) {
			return err
		}
		select {
		case <-time.After(p.waits[attempt]):
		case <-ctx.Done():
			return err
		}
	}
}

// once posts once; again says that another attempt may help.
func (p poster) once(ctx context.Context, address string, body []byte, header http.Header) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return false, refusal(words.UnusableURL(), nil)
	}
	req.Header = header.Clone()
	req.Header.Set("User-Agent", "backup-watchdog")
	resp, err := p.client.Do(req)
	if err != nil {
		// The URL is a secret on many services, and the error would quote it.
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		if r, ok := errors.AsType[*Refusal](err); ok { // of sameScheme
			return false, r
		}
		return true, refusal(words.Unreachable(req.URL.Host, err.Error()), err)
	}
	defer resp.Body.Close()
	var said head
	io.Copy(&said, io.LimitReader(resp.Body, answerMost))
	if resp.StatusCode < 300 {
		return false, nil
	}
	again = resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests
	return again, refusal(words.Answered(req.URL.Host, resp.Status, said.String()), nil)
}

// describe says how a channel travels and what to look for.
func describe(ctx context.Context, c Channel) (way, lookFor string) {
	switch c := c.(type) {
	case *Desktop:
		info := c.Route(ctx)
		return info.Name, info.LookFor
	case *Webhook:
		return c.Host(), words.LookForWebhook
	case Command:
		return strings.Join(c.Argv, " "), words.LookForCommand
	}
	return "log", words.LookForLog
}
