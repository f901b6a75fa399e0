package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/notify"
)

// stalled is a decision to say that a backup is stuck.
func stalled(device string) notify.Decision {
	return notify.Decision{Event: notify.Raised, Speak: true, Item: notify.Item{UDID: "A", Device: device, RunID: "1", Finding: backup.Finding{
		Code: backup.Stalled, Severity: backup.Warning, Title: "The backup has stopped moving", Key: "A/1/stalled/1", Since: start,
		Detail: "Nothing has arrived for 12 minutes; this phone usually pauses for at most 3.",
		Fix: backup.Advice{ID: backup.RestartPhoneAndRetry, Title: "Restart the phone and try again",
			Steps: []string{"Stop the backup in Finder", "Restart the iPhone."}},
	}}}
}

// eventually waits for something that another process does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func TestTheCommandGetsTheContractsJSON(t *testing.T) {
	out := filepath.Join(t.TempDir(), "got.json")
	c := notify.Command{Argv: []string{"/bin/sh", "-c", `cat > "$0"`, out}}
	if err := c.Send(t.Context(), notify.MessageOf(stalled("Anna's “iPhone”"))); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	checkObject(t, b)
}

// checkObject holds a posted object against the contract.
func checkObject(t *testing.T, b []byte) {
	t.Helper()
	var got struct {
		Schema  int
		Event   string
		Backup  struct{ UDID, Device_name string }
		Finding struct {
			Code, Severity, Since, Key string
			Also                       []string
			Fix                        struct{ ID string }
		}
		Code, Severity, Text string
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	if got.Schema != 1 || got.Event != "raised" || got.Backup.UDID != "A" || got.Backup.Device_name != "Anna's “iPhone”" ||
		got.Code != "stalled" || got.Severity != "warning" || got.Finding.Key != "A/1/stalled/1" || got.Finding.Since != "2026-01-31T09:30:00Z" ||
		got.Finding.Fix.ID != "restart-phone-and-retry" || got.Finding.Also == nil || !strings.HasPrefix(got.Text, "Restart the phone") {
		t.Errorf("got %s", b)
	}
}

func TestACommandThatHangsIsStoppedWithItsChildren(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	c := notify.Command{Argv: []string{"/bin/sh", "-c", `sleep 1000 & echo $! > "$0"; wait`, pidFile}, Timeout: 500 * time.Millisecond}
	err := c.Send(t.Context(), notify.MessageOf(stalled("x")))
	if err == nil || !strings.Contains(err.Error(), "did not finish within") {
		t.Fatalf("got %v", err)
	}
	b, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the child", func() bool { return !running(pid) })
}

// running reports whether a process is there and no zombie that waits for
// whoever inherited it.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(b), ") Z ")
}

func TestHowCommandsFail(t *testing.T) {
	for _, c := range []struct {
		name, want string
		argv       []string
	}{
		{"none", "set `notify.command`", nil},
		{"absent", "check `notify.command`", []string{"/does/not/exist"}},
		{"refuses", "exit status 3: no such room; run it by hand", []string{"/bin/sh", "-c", `printf 'no\033 such\000 room\n' >&2; exit 3`}},
		{"talks too much", "exit status 1", []string{"/bin/sh", "-c", `yes | head -c 3000000; exit 1`}},
		{"does not read", "", []string{"/bin/true"}},
		{"leaves something behind", "", []string{"/bin/sh", "-c", `sleep 3 & exit 0`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := notify.MessageOf(stalled("x"))
			m.Object = json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
			err := notify.Command{Argv: c.argv}.Send(t.Context(), m)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			case err != nil && len(err.Error()) > 400:
				t.Errorf("%d bytes of error", len(err.Error()))
			}
		})
	}
}

// received is a request as a server saw it.
type received struct {
	method, path, query, body string
	header                    http.Header
}

// receiver is a server that answers with the given codes in turn, then 200. The
// function returns what it got so far.
func receiver(t *testing.T, codes ...int) (*httptest.Server, func() []received) {
	t.Helper()
	var mu sync.Mutex
	var got []received
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, received{r.Method, r.URL.Path, r.URL.RawQuery, string(b), r.Header})
		if len(got) <= len(codes) {
			w.WriteHeader(codes[len(got)-1])
			fmt.Fprint(w, strings.Repeat("\x1b[31mdetail ", 100_000))
		}
	}))
	t.Cleanup(s.Close)
	return s, func() []received {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
}

func webhook(t *testing.T, address string) *notify.Webhook {
	t.Helper()
	w, err := notify.NewWebhook(address)
	if err != nil {
		t.Fatal(err)
	}
	notify.Hurry(w)
	return w
}

func TestHomeAssistantGetsTheJSON(t *testing.T) {
	s, got := receiver(t)
	if err := webhook(t, s.URL+"/api/webhook/secret?token=1").Send(t.Context(), notify.MessageOf(stalled("Anna's “iPhone”"))); err != nil {
		t.Fatal(err)
	}
	r := got()[0]
	if r.method != "POST" || r.path != "/api/webhook/secret" || r.query != "token=1" || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %+v", r)
	}
	checkObject(t, []byte(r.body))
}

func TestNtfyGetsTextAndHeaders(t *testing.T) {
	s, got := receiver(t)
	if err := webhook(t, s.URL+"/topic?format=ntfy").Send(t.Context(), notify.MessageOf(stalled("Zoë's\r\nX-Evil: 1"))); err != nil {
		t.Fatal(err)
	}
	r := got()[0]
	title, err := new(mime.WordDecoder).DecodeHeader(r.header.Get("Title"))
	if err != nil || !strings.HasPrefix(title, "Zoë's X-Evil") || !strings.HasSuffix(title, "backup is stuck") || r.header.Get("X-Evil") != "" {
		t.Errorf("title %q, %v", title, err)
	}
	if r.query != "" || !strings.HasPrefix(r.body, "Restart the phone and try again.") || r.header.Get("Priority") != "default" || r.header.Get("Tags") != "warning" {
		t.Errorf("got %+v", r)
	}
}

func TestSlackGetsTextWithoutMarkup(t *testing.T) {
	s, got := receiver(t)
	if err := webhook(t, s.URL+"/services/x?format=slack").Send(t.Context(), notify.MessageOf(stalled("<!channel>*b*"))); err != nil {
		t.Fatal(err)
	}
	var body map[string]string
	if err := json.Unmarshal([]byte(got()[0].body), &body); err != nil || len(body) != 1 {
		t.Fatalf("%v in %s", err, got()[0].body)
	}
	if !strings.HasPrefix(body["text"], "*&lt;!channel&gt;∗b∗: backup is stuck*\nRestart the phone") {
		t.Errorf("got %q", body["text"])
	}
}

func TestTheShapeFollowsTheHost(t *testing.T) {
	for address, want := range map[string]string{
		"https://ntfy.sh/topic": "ntfy", "http://ntfy:8080/t": "ntfy", "https://ntfy.example.org/t?auth=x": "ntfy", "https://ntfy.sh/t?format=json": "json",
		"https://hooks.slack.com/services/T/B/x": "slack", "https://chat.example.org/hooks/x?format=slack": "slack",
		"http://homeassistant.local:8123/api/webhook/x": "json", "https://example.org/?format=pdf": "json", "https://notify.example.org/": "json",
	} {
		if got := notify.FormatOf(webhook(t, address)); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	for _, address := range []string{"", "ntfy.sh/topic", "ftp://host/x", "http://", "://"} {
		if _, err := notify.NewWebhook(address); err == nil || !strings.Contains(err.Error(), "https://host/path") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestAWebhookTriesAgainWhereThatMayHelp(t *testing.T) {
	for _, c := range []struct {
		codes    []int
		requests int
		want     string
	}{
		{[]int{500, 429}, 3, ""},
		{[]int{503, 503, 503, 503}, 3, "answered 503 Service Unavailable 31mdetail"},
		{[]int{404, 404}, 1, "answered 404 Not Found"},
	} {
		s, got := receiver(t, c.codes...)
		err := webhook(t, s.URL+"/secret").Send(t.Context(), notify.MessageOf(stalled("x")))
		if len(got()) != c.requests || (c.want == "") != (err == nil) {
			t.Errorf("%v: %d requests, %v", c.codes, len(got()), err)
		}
		if err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") || len(err.Error()) > 400) {
			t.Errorf("%v: %v", c.codes, err)
		}
	}
	gone, _ := receiver(t)
	gone.Close()
	err := webhook(t, gone.URL+"/secret").Send(t.Context(), notify.MessageOf(stalled("x")))
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "check the address") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestAWebhookIsNotLedAstray(t *testing.T) {
	other, _ := receiver(t)
	for name, c := range map[string]struct {
		code int
		to   string
		want string
	}{
		"another host":   {307, other.URL + "/x", "redirects to http://"},
		"another scheme": {307, "https://127.0.0.1/x", "redirects to https://"},
		"a file":         {307, "file:///etc/passwd", "redirects to file://"},
		"a question":     {302, "/x", "loses the text"},
		"in circles":     {308, "/again", "too often"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, c.to, c.code)
			}))
			defer s.Close()
			if err := webhook(t, s.URL).Send(t.Context(), notify.MessageOf(stalled("x"))); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAServerThatDoesNotAnswerIsLeft(t *testing.T) {
	hold := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	defer s.Close()
	defer close(hold)
	w := webhook(t, s.URL)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := w.Send(ctx, notify.MessageOf(stalled("x"))); err == nil || ctx.Err() != nil {
		t.Errorf("got %v, context %v", err, ctx.Err())
	}
}

func TestPingsGoWhereHealthchecksWantsThem(t *testing.T) {
	s, got := receiver(t)
	p := notify.NewPinger(s.URL+"/uuid/", nil)
	for _, suffix := range []string{"/start", "", "/fail"} {
		if err := p.Send(t.Context(), suffix, "text"); err != nil {
			t.Fatal(err)
		}
	}
	var paths []string
	for _, r := range got() {
		paths = append(paths, r.path+" "+r.body)
	}
	if want := "[/uuid/start text /uuid text /uuid/fail text]"; fmt.Sprint(paths) != want {
		t.Errorf("got %v, want %s", paths, want)
	}
	if err := notify.NewPinger("nonsense", nil).Send(t.Context(), "", ""); err == nil || !strings.Contains(err.Error(), "notify.ping") {
		t.Errorf("nonsense: %v", err)
	}
}

func TestThePolicyIsThatOfTheConfiguration(t *testing.T) {
	if p, err := notify.PolicyOf(config.Default()); err != nil || p.Minimum != backup.Warning || !p.Checks || p.DailyCap != 8 {
		t.Errorf("%+v, %v", p, err)
	}
	for _, n := range []config.Notify{{Minimum: "loud"}, {Minimum: "info", Quiet: "always"}} {
		if _, err := notify.PolicyOf(config.Config{Notify: n}); err == nil {
			t.Errorf("%+v was taken", n)
		}
	}
}
