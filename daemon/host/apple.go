package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"backupwatchdog/daemon/backup"
)

// Bounds of a question to Apple's System Status page.
const (
	appleEvery = 15 * time.Minute
	appleLimit = 10 * time.Second
	appleSize  = 1 << 20
	appleHops  = 5
)

// Apple reads Apple's System Status page: the one request this program makes by
// itself, and only while somebody asks. It may be used by several goroutines.
//
// The page lags behind by hours (iCloud Backup was down on 2022-01-26 while it
// stayed green), so its "all well" is an answer but never a proof.
type Apple struct {
	url    string
	client *http.Client

	mu   sync.Mutex
	last backup.Apple
}

// AppleOptions says where the page is. The zero Timeout and Transport are the
// ones to use outside of tests.
type AppleOptions struct {
	URL       string
	Timeout   time.Duration     // of a whole question; 0: 10 s
	Transport http.RoundTripper // nil: the usual one, which checks certificates
}

// NewApple returns an Apple that has asked nothing yet.
func NewApple(o AppleOptions) *Apple {
	if o.Timeout <= 0 {
		o.Timeout = appleLimit
	}
	u, err := url.Parse(o.URL)
	plain := err == nil && u.Scheme == "http"
	return &Apple{url: o.URL, client: &http.Client{
		Timeout: o.Timeout, Transport: o.Transport,
		CheckRedirect: func(r *http.Request, via []*http.Request) error { return allowHop(r.URL, len(via), plain) },
	}}
}

// allowHop keeps a redirection from leaving TLS, unless the page itself was
// configured without it.
func allowHop(to *url.URL, hops int, plain bool) error {
	switch {
	case hops >= appleHops:
		return errors.New("redirected too often")
	case to.Scheme == "https", to.Scheme == "http" && plain:
		return nil
	}
	return fmt.Errorf("redirected to %s, which is not encrypted", to.Scheme)
}

// Ask returns what the page says of iCloud Backup at now. It asks at most every
// 15 minutes, whether or not the last question was answered; in between the last
// answer stands. An answer that cannot be had or understood is Outage Unknown,
// with the reason in Detail.
func (a *Apple) Ask(ctx context.Context, now time.Time) backup.Apple {
	a.mu.Lock()
	defer a.mu.Unlock()
	if age := now.Sub(a.last.Asked); !a.last.Asked.IsZero() && age >= 0 && age < appleEvery {
		return a.last
	}
	body, err := a.fetch(ctx)
	if ctx.Err() != nil {
		return a.last // nobody waits for it any more: that was no question
	}
	answer := backup.Apple{Asked: now}
	if err == nil {
		answer.Outage, answer.Detail, err = judgeFeed(body, now)
	}
	if err != nil {
		answer.Outage, answer.Detail = backup.Unknown, err.Error()
	}
	a.last = answer
	return answer
}

// fetch gets the page, up to appleSize bytes of it.
func (a *Apple) fetch(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the address of Apple's status page: %w", err)
	}
	if s := req.URL.Scheme; s != "https" && s != "http" {
		return nil, fmt.Errorf("the address of Apple's status page begins with neither https nor http: %q", s)
	}
	req.Header.Set("User-Agent", "backup-watchdog")
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking Apple's status page: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking Apple's status page: answered %s", resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, appleSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading Apple's status page: %w", err)
	}
	if len(body) > appleSize {
		return nil, errors.New("reading Apple's status page: larger than 1 MiB")
	}
	return body, nil
}
