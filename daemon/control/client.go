package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Limits of the client.
const (
	dialTime   = 3 * time.Second
	answerTime = 10 * time.Second
	testTime   = 2 * time.Minute // a test notice tries every channel
	lineTime   = 3 * heartbeat   // silence after which an event stream is lost
	maxAnswer  = 32 << 20        // bytes
)

// Client asks the daemon. Its zero value is not of use; see NewClient.
type Client struct {
	socket string
	http   *http.Client
	// version is what the daemon announced in its last answer.
	version string
}

// NewClient returns a client for the daemon whose socket folder is socketDir.
// Nothing is opened before the first question.
func NewClient(socketDir string) *Client {
	path := SocketPath(socketDir, os.Getuid())
	return NewClientOn(path, func(ctx context.Context) (net.Conn, error) { return dial(ctx, path) })
}

// NewClientOn returns a client that connects by the function dial; socket is
// only a name for error texts.
func NewClientOn(socket string, dial func(context.Context) (net.Conn, error)) *Client {
	t := &http.Transport{
		DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           1,
	}
	return &Client{socket: socket, http: &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Socket returns the path of the socket.
func (c *Client) Socket() string { return c.socket }

// Version returns what the daemon announced in its last answer, "" before.
func (c *Client) Version() string { return c.version }

// dial connects and makes sure that the other end is this user's (or root's):
// whoever could put a socket into our way is not believed.
func dial(ctx context.Context, path string) (net.Conn, error) {
	if dir := filepath.Dir(path); isFallback(dir) {
		if err := checkFallback(dir); err != nil {
			return nil, err
		}
	}
	d := net.Dialer{Timeout: dialTime}
	c, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	uid, err := peerUID(c.(*net.UnixConn))
	if err == nil && !mayEnter(uid) {
		err = fmt.Errorf("%w: the process there is of user %d", fs.ErrPermission, uid)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Status asks what is going on.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return get[Status](ctx, c, "/v1/status", nil)
}

// History asks for past runs and notices.
func (c *Client) History(ctx context.Context, q HistoryQuery) (History, error) {
	v := url.Values{}
	if q.UDID != "" {
		v.Set("udid", q.UDID)
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if !q.Since.IsZero() {
		v.Set("since", q.Since.UTC().Format(time.RFC3339))
	}
	return get[History](ctx, c, "/v1/history", v)
}

// Samples asks for the progress curve of a run.
func (c *Client) Samples(ctx context.Context, udid string, started time.Time) ([]Sample, error) {
	v := url.Values{"udid": {udid}, "started": {started.UTC().Format(time.RFC3339Nano)}}
	return get[[]Sample](ctx, c, "/v1/samples", v)
}

// Ack marks a notice as seen.
func (c *Client) Ack(ctx context.Context, r AckRequest) error {
	return post(ctx, c, "/v1/ack", r, answerTime, nil)
}

// Checked hands over what a check of a watched folder found.
func (c *Client) Checked(ctx context.Context, r CheckedRequest) error {
	return post(ctx, c, "/v1/checked", r, answerTime, nil)
}

// Mute silences a condition for a phone, or takes that back.
func (c *Client) Mute(ctx context.Context, r MuteRequest) error {
	return post(ctx, c, "/v1/mute", r, answerTime, nil)
}

// TestNotification has one notice sent through every channel.
func (c *Client) TestNotification(ctx context.Context) ([]TestResult, error) {
	var list []TestResult
	err := post(ctx, c, "/v1/test-notification", struct{}{}, testTime, &list)
	return list, err
}

// Events calls each with the status now and whenever it changed, until ctx ends
// (the error is then its), the daemon goes (ErrNotRunning) or each returns an error.
func (c *Client) Events(ctx context.Context, each func(Status) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(lineTime, func() { cancel(&NotRunning{c.socket, errors.New("it has stopped answering")}) })
	defer silence.Stop()
	resp, err := c.do(ctx, http.MethodGet, "/v1/events", nil)
	if err != nil {
		return cause(ctx, err)
	}
	defer resp.Body.Close()
	in := bufio.NewReader(resp.Body)
	for {
		b, err := readLine(in)
		if err != nil {
			return cause(ctx, &NotRunning{c.socket, errors.New("it has ended")})
		}
		silence.Reset(lineTime)
		var e Event
		if err := json.Unmarshal(b, &e); err != nil {
			return &VersionError{c.version, "an event is not understood"}
		}
		if e.Status == nil {
			continue
		}
		if err := each(*e.Status); err != nil {
			return err
		}
	}
}

// Check has the daemon check chains. progress may be nil. The result is the
// JSON of `watchdogctl check --json`.
func (c *Client) Check(ctx context.Context, r CheckRequest, progress func(json.RawMessage)) (json.RawMessage, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	resp, err := c.do(ctx, http.MethodPost, "/v1/check", b)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	in := bufio.NewReader(resp.Body)
	for {
		b, err := readLine(in)
		if err != nil {
			return nil, cause(ctx, &NotRunning{c.socket, errors.New("it ended before the check did")})
		}
		var l struct {
			Progress, Result json.RawMessage
			Refused          *Error
		}
		switch err := json.Unmarshal(b, &l); {
		case err != nil:
			return nil, &VersionError{c.version, "its answer is not understood"}
		case l.Refused != nil:
			return nil, l.Refused
		case l.Result != nil:
			return l.Result, nil
		case progress != nil:
			progress(l.Progress)
		}
	}
}

// cause prefers the reason the context ended over what came of it.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return why
	}
	return err
}

// readLine returns one line of at most maxAnswer bytes.
func readLine(r *bufio.Reader) ([]byte, error) {
	var out []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(out)+len(part) > maxAnswer {
			return nil, errors.New("a line is too long")
		}
		out = append(out, part...)
		if err == nil {
			return out, nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}

// get asks and decodes a T.
func get[T any](ctx context.Context, c *Client, path string, q url.Values) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	var v T
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	resp, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return v, err
	}
	return v, c.decode(resp, &v)
}

// post sends v and decodes the answer into out, unless that is nil.
func post(ctx context.Context, c *Client, path string, v any, limit time.Duration, out any) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	resp, err := c.do(ctx, http.MethodPost, path, b)
	if err != nil {
		return err
	}
	return c.decode(resp, out)
}

// do sends one request and turns every way to fail into one of our errors. The
// body of a response it returns is still to be read and closed.
func (c *Client) do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://watchdogd"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err
		}
		if errors.Is(err, context.Canceled) {
			return nil, err
		}
		if errors.Is(err, context.DeadlineExceeded) {
			err = errors.New("it did not answer in time")
		}
		return nil, &NotRunning{c.socket, err}
	}
	c.version = resp.Header.Get(headerVersion)
	if err := c.refusal(resp); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// refusal returns the error an answer stands for, nil for a good one.
func (c *Client) refusal(resp *http.Response) error {
	if s := resp.Header.Get(headerSchema); s != strconv.Itoa(Schema) {
		return &VersionError{c.version, fmt.Sprintf("it speaks schema %q, not %d", s, Schema)}
	}
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	e := Error{Status: resp.StatusCode}
	b, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err := json.Unmarshal(b, &e); err != nil || e.Message == "" {
		e.Message = "the watchdog answers " + resp.Status
	}
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusMethodNotAllowed {
		if e.Next == "" {
			return &VersionError{c.version, e.Message}
		}
	}
	return &e
}

// decode reads a whole answer into out and closes it.
func (c *Client) decode(resp *http.Response, out any) error {
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		return &VersionError{c.version, "its answer is not understood"}
	}
	return nil
}
