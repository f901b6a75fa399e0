package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"

	"github.com/google/go-cmp/cmp"
)

var started = time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC)

// desk is a backend with canned answers that writes down what it was asked.
type desk struct {
	mu      sync.Mutex
	status  control.Status
	changed chan struct{}
	asked   []string
}

func newDesk() *desk {
	return &desk{
		status: control.Status{
			Schema: control.Schema, Daemon: control.Daemon{Version: "v1.2.3", PID: 7, Started: started},
			Backups: []control.Backup{{UDID: "A", Phase: backup.Transferring}},
		},
		changed: make(chan struct{}, 1),
	}
}

func (d *desk) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, fmt.Sprintf(format, args...))
}

func (d *desk) Status() control.Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.status
}

// set changes the phase and tells the subscriber.
func (d *desk) set(p backup.Phase) {
	d.mu.Lock()
	d.status.Backups = []control.Backup{{UDID: "A", Phase: p}}
	d.mu.Unlock()
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

func (d *desk) History(q control.HistoryQuery) (control.History, error) {
	d.note("history %q %d %s", q.UDID, q.Limit, q.Since.Format(time.RFC3339))
	return control.History{Schema: 1, Runs: []control.PastRun{{UDID: q.UDID, Started: started}}}, nil
}

func (d *desk) Samples(udid string, at time.Time) ([]control.Sample, error) {
	d.note("samples %s %s", udid, at.Format(time.RFC3339Nano))
	return nil, nil
}

func (d *desk) Ack(r control.AckRequest) error {
	d.note("ack %s", r.Key)
	if r.Key == "nobody" {
		return &control.Error{Message: "no finding has this key", Next: "look at the keys in status --json"}
	}
	return nil
}

func (d *desk) Checked(r control.CheckedRequest) error {
	d.note("checked %s %s", r.Path, r.Result.Verdict)
	return nil
}

func (d *desk) Mute(r control.MuteRequest) error {
	d.note("mute %s %s %v", r.UDID, r.Code, r.For)
	return errors.New("the disk is full")
}

func (d *desk) TestNotification(context.Context) []control.TestResult {
	return []control.TestResult{{Channel: "desktop", Outcome: "sent"}}
}

func (d *desk) Check(ctx context.Context, r control.CheckRequest, progress func(any)) (any, error) {
	for i := range 3 {
		progress(map[string]int{"done": i})
	}
	if r.Deep {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return map[string]any{"schema": 1, "targets": r.Targets}, nil
}

func (d *desk) Subscribe() (<-chan struct{}, func()) { return d.changed, func() {} }

// shortDir returns a folder whose sockets have a path the system accepts.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "wd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// serve runs a real server on a real socket for dir.
func serve(t *testing.T, dir string, b control.Backend) (socket string) {
	t.Helper()
	lock, err := control.TakeLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	ln, socket, err := control.Listen(lock, dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- control.Serve(ctx, ln, b) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		lock.Release()
	})
	return socket
}

func TestEveryQuestion(t *testing.T) {
	d, dir, ctx := newDesk(), shortDir(t), t.Context()
	serve(t, dir, d)
	c := control.NewClient(dir)

	s, err := c.Status(ctx)
	if err != nil || s.Daemon.PID != 7 || c.Version() != "v1.2.3" {
		t.Errorf("status: %+v, %v", s, err)
	}
	if h, err := c.History(ctx, control.HistoryQuery{UDID: "A b&c", Limit: 5, Since: started}); err != nil || h.Runs[0].UDID != "A b&c" {
		t.Errorf("history: %+v, %v", h, err)
	}
	if _, err := c.History(ctx, control.HistoryQuery{Limit: 1 << 40}); err != nil {
		t.Error(err)
	}
	if l, err := c.Samples(ctx, "A", started.Add(time.Nanosecond)); err != nil || l == nil {
		t.Errorf("samples: %v, %v", l, err)
	}
	if err := c.Checked(ctx, control.CheckedRequest{Path: "/b/U", Result: backup.CheckResult{At: started, Verdict: backup.Good}}); err != nil {
		t.Error(err)
	}
	if err := c.Checked(ctx, control.CheckedRequest{Path: "/b/U"}); err == nil {
		t.Error("a check without a result was taken")
	}
	if err := c.Ack(ctx, control.AckRequest{Key: "k"}); err != nil {
		t.Error(err)
	}
	if l, err := c.TestNotification(ctx); err != nil || len(l) != 1 || l[0].Channel != "desktop" {
		t.Errorf("test: %v, %v", l, err)
	}
	var steps []string
	r, err := c.Check(ctx, control.CheckRequest{Targets: []string{"x"}}, func(m json.RawMessage) { steps = append(steps, string(m)) })
	if err != nil || string(r) != `{"schema":1,"targets":["x"]}` || len(steps) != 3 {
		t.Errorf("check: %s, %v after %v", r, err, steps)
	}
	want := []string{
		`history "A b&c" 5 2026-11-27T20:00:00Z`, `history "" 10000 0001-01-01T00:00:00Z`,
		"samples A 2026-11-27T20:00:00.000000001Z", "checked /b/U good", "ack k",
	}
	if diff := cmp.Diff(want, d.asked); diff != "" {
		t.Error(diff)
	}
}

func TestRefusals(t *testing.T) {
	dir, ctx := shortDir(t), t.Context()
	serve(t, dir, newDesk())
	c := control.NewClient(dir)
	for name, err := range map[string]error{
		"unknown key":    c.Ack(ctx, control.AckRequest{Key: "nobody"}),
		"no key":         c.Ack(ctx, control.AckRequest{}),
		"daemon failed":  c.Mute(ctx, control.MuteRequest{UDID: "A", Code: "slow"}),
		"nobody to mute": c.Mute(ctx, control.MuteRequest{}),
		"huge body":      c.Ack(ctx, control.AckRequest{Key: strings.Repeat("k", 1<<20)}),
	} {
		if !errors.Is(err, control.ErrRefused) || err.Error() == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	_, err := c.Check(ctx, control.CheckRequest{Deep: true}, func(json.RawMessage) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a check that was given up: %v", err)
	}
}

// TestRawRequests speaks past the client.
func TestRawRequests(t *testing.T) {
	dir := shortDir(t)
	socket := serve(t, dir, newDesk())
	h := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	for _, tt := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/v1/status", "", 200},
		{"GET", "/v1/nothing", "", 404},
		{"DELETE", "/v1/status", "", 404},
		{"POST", "/v1/ack", "{", 400},
		{"POST", "/v1/ack", `{"key":"a"} {"key":"b"}`, 400},
		{"POST", "/v1/ack", `{"key":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
		{"POST", "/v1/mute", `{"udid":"A","code":"slow","for_seconds":-1}`, 400},
		{"GET", "/v1/history?limit=-1", "", 400},
		{"GET", "/v1/history?since=yesterday", "", 400},
		{"GET", "/v1/samples?started=", "", 400},
	} {
		req, _ := http.NewRequest(tt.method, "http://x"+tt.path, strings.NewReader(tt.body))
		resp, err := h.Do(req)
		if err != nil {
			t.Errorf("%s %s: %v", tt.method, tt.path, err)
			continue
		}
		var e struct{ Error string }
		json.NewDecoder(resp.Body).Decode(&e)
		resp.Body.Close()
		if resp.StatusCode != tt.want || (tt.want != 200) != (e.Error != "") || resp.Header.Get("Watchdog-Version") != "v1.2.3" {
			t.Errorf("%s %s: %d %q %v", tt.method, tt.path, resp.StatusCode, e.Error, resp.Header)
		}
	}
}

func TestOnlyThisUserGetsIn(t *testing.T) {
	dir := shortDir(t)
	os.Chmod(dir, 0o755)
	socket := serve(t, dir, newDesk())
	for path, want := range map[string]fs.FileMode{dir: 0o700, socket: 0o600, filepath.Join(dir, "watchdogd.lock"): 0o600} {
		info, err := os.Lstat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v (%v)", path, info.Mode().Perm(), want, err)
		}
	}
}

func TestSecondInstanceNamesTheFirst(t *testing.T) {
	dir := shortDir(t)
	first, err := control.TakeLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = control.TakeLock(dir)
	r, ok := errors.AsType[*control.RunningError](err)
	if !ok || r.PID != os.Getpid() || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("got %v", err)
	}
	if hint := r.Hint(); !strings.Contains(hint, fmt.Sprintf("Ctrl-C in its terminal or `kill %d`", os.Getpid())) {
		t.Errorf("a daemon in a terminal is not ended so: %s", hint)
	}
	if err := first.Release(); err != nil {
		t.Error(err)
	}
	again, err := control.TakeLock(dir)
	if err != nil {
		t.Fatalf("after the first has gone: %v", err)
	}
	again.Release()
}

// TestLockDoesNotOutliveItsOwner: a child that inherited the file keeps nothing.
func TestLockDoesNotOutliveItsOwner(t *testing.T) {
	dir := shortDir(t)
	lock, err := control.TakeLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := os.Open("/proc/self/fd")
	if err != nil {
		t.Skip("needs /proc")
	}
	defer fd.Close()
	names, _ := fd.Readdirnames(-1)
	for _, n := range names { // what a child has between fork and exec
		if to, _ := os.Readlink("/proc/self/fd/" + n); to == filepath.Join(dir, "watchdogd.lock") {
			old, _ := strconv.Atoi(n)
			dup, err := syscall.Dup(old)
			if err != nil {
				t.Fatal(err)
			}
			defer syscall.Close(dup)
		}
	}
	lock.Release()
	again, err := control.TakeLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	again.Release()
}

func TestStaleSocketIsReplacedAndNothingElse(t *testing.T) {
	dir := shortDir(t)
	path := control.SocketPath(dir, os.Getuid())
	old, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	old.SetUnlinkOnClose(false)
	old.Close()
	c := control.NewClient(dir)
	if _, err := c.Status(t.Context()); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("a stale socket: %v", err)
	}
	serve(t, dir, newDesk())
	if _, err := c.Status(t.Context()); err != nil {
		t.Error(err)
	}

	other := shortDir(t)
	file := control.SocketPath(other, os.Getuid())
	os.WriteFile(file, []byte("mine"), 0o600)
	lock, err := control.TakeLock(other)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	if _, _, err := control.Listen(lock, other); err == nil {
		t.Error("a file under the socket's name was replaced")
	}
	if b, _ := os.ReadFile(file); string(b) != "mine" {
		t.Error("the file is gone")
	}
}

func TestLongPathsFallBack(t *testing.T) {
	uid := os.Getuid()
	for n := 1; n < 300; n++ {
		if p := control.SocketPath("/"+strings.Repeat("x", n), uid); len(p) > 103 {
			t.Fatalf("%d bytes: %s", len(p), p)
		}
	}
	dir := filepath.Join(shortDir(t), strings.Repeat("long", 30))
	os.MkdirAll(dir, 0o700)
	link := dir + "-link"
	os.Symlink(dir, link)
	path := control.SocketPath(dir, uid)
	if !strings.HasPrefix(path, "/tmp/backup-watchdog-") || path != control.SocketPath(dir+"/", uid) || path != control.SocketPath(link, uid) {
		t.Errorf("fallback %s", path)
	}
	if path == control.SocketPath(dir, uid+1) || path == control.SocketPath(dir+"x", uid) {
		t.Error("two users, or two folders, share a socket")
	}
	fallback := filepath.Dir(path)
	t.Cleanup(func() { os.RemoveAll(fallback) })

	refuse := func(what string) {
		t.Helper()
		lock, err := control.TakeLock(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Release()
		if _, _, err := control.Listen(lock, dir); err == nil {
			t.Errorf("%s is accepted for the socket", what)
		}
		if _, err := control.NewClient(dir).Status(t.Context()); err == nil {
			t.Errorf("%s is believed", what)
		}
	}
	os.Mkdir(fallback, 0o755)
	refuse("a folder others may read")
	os.Remove(fallback)
	os.Symlink(shortDir(t), fallback)
	refuse("a link")
	os.Remove(fallback)

	serve(t, dir, newDesk())
	if _, err := control.NewClient(dir).Status(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFoldersThatWillNotDo(t *testing.T) {
	shared := filepath.Join(shortDir(t), "shared")
	os.Mkdir(shared, 0o700)
	os.Chmod(shared, 0o777)
	file := filepath.Join(shortDir(t), "file")
	os.WriteFile(file, nil, 0o600)
	for _, dir := range []string{shared, file, filepath.Join(file, "below"), "/dev/null/x"} {
		_, err := control.TakeLock(dir)
		p, ok := errors.AsType[*control.PlaceError](err)
		if !ok || !strings.Contains(err.Error(), dir) || p.Hint() == "" {
			t.Errorf("%s: got %v", dir, err)
		}
	}
	if info, _ := os.Stat(shared); info.Mode().Perm() != 0o777 {
		t.Error("the rights of a shared folder were changed")
	}
}

func TestLastStatus(t *testing.T) {
	dir := t.TempDir()
	if _, err := control.ReadLast(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing kept: %v", err)
	}
	if err := control.WriteLast(dir, newDesk().status); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "last-status.json")
	os.Chtimes(path, started, started)
	s, err := control.ReadLast(dir)
	if err != nil || s.Stale == nil || !s.Stale.Equal(started) || s.Backups[0].UDID != "A" {
		t.Errorf("got %+v, %v", s, err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	for _, text := range []string{"", "{", "[]", `{"schema":0}`, "\x00\x01"} {
		os.WriteFile(path, []byte(text), 0o600)
		if _, err := control.ReadLast(dir); err == nil {
			t.Errorf("%q is a status", text)
		}
	}
	if err := control.WriteLast(filepath.Join(dir, "absent"), s); err == nil {
		t.Error("written into a folder that is not there")
	}
	if names, _ := filepath.Glob(filepath.Join(dir, ".*")); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

// TestLinksAreNotFollowed: a link in the state folder leads neither the lock nor
// the last status to another file.
func TestLinksAreNotFollowed(t *testing.T) {
	dir := shortDir(t)
	victim := filepath.Join(shortDir(t), "victim")
	text := []byte(`{"schema":1,"daemon":{"pid":1}}`)
	os.WriteFile(victim, text, 0o600)
	for _, name := range []string{"watchdogd.lock", "last-status.json"} {
		if err := os.Symlink(victim, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := control.TakeLock(dir); err == nil {
		t.Error("the lock followed a link")
	}
	if _, err := control.ReadLast(dir); err == nil {
		t.Error("the last status was read through a link")
	}
	if err := control.WriteLast(dir, newDesk().status); err != nil {
		t.Error(err)
	}
	if b, _ := os.ReadFile(victim); string(b) != string(text) {
		t.Errorf("the file behind the link now holds %q", b)
	}
}

// TestOtherUserIsTurnedAway needs root to become somebody else.
func TestOtherUserIsTurnedAway(t *testing.T) {
	sh, err := exec.LookPath("setpriv")
	if os.Getuid() != 0 || err != nil {
		t.Skip("needs root and setpriv")
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("needs curl")
	}
	dir := shortDir(t)
	socket := serve(t, dir, newDesk())
	os.Chmod(dir, 0o755) // as if the folder had been opened by mistake
	os.Chmod(socket, 0o666)
	run := func(uid string) error {
		return exec.Command(sh, "--reuid", uid, "--clear-groups", "curl", "-fsS", "--max-time", "5", "--unix-socket", socket, "http://x/v1/status").Run()
	}
	if err := run("0"); err != nil {
		t.Errorf("this user: %v", err)
	}
	if err := run("65534"); err == nil {
		t.Error("another user was answered")
	}
}
