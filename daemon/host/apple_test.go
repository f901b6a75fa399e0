package host

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
)

var feedNow = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// page builds a status page with one event for iCloud Backup. Times are hours
// from feedNow; the words beside them are wrong on purpose.
func page(service, events string) string {
	return `{"drpost":true,"drMessage":null,"services":[{"serviceName":"App Store","redirectUrl":null,"events":[` +
		event("Outage", "ongoing", "-1", "null") + `]},{"serviceName":7},{"serviceName":"` + service + `","events":[` + events + `]}]}`
}

func event(kind, status, start, end string) string {
	at := func(h string) string {
		var n int
		if _, err := fmt.Sscan(h, &n); err != nil {
			return h
		}
		return fmt.Sprint(feedNow.Add(time.Duration(n) * time.Hour).UnixMilli())
	}
	return fmt.Sprintf(`{"messageId":"1","statusType":%q,"eventStatus":%q,"startDate":"01/01/1990 10:00 PDT","endDate":null,`+
		`"epochStartDate":%s,"epochEndDate":%s,"message":"Users may be unable to back up.","affectedServices":null}`, kind, status, at(start), at(end))
}

func TestJudgeFeed(t *testing.T) {
	const name = "iCloud Backup"
	tests := []struct {
		name, body string
		want       backup.Tri
	}{
		{"green", page(name, ""), backup.No},
		{"outage", page(name, event("Outage", "ongoing", "-1", "null")), backup.Yes},
		{"outage without an end", page(name, strings.Replace(event("Outage", "ongoing", "-1", "null"), `"epochEndDate":null,`, "", 1)), backup.Yes},
		{"outage with an end to come", page(name, event("Issue", "ongoing", "-1", "3")), backup.Yes},
		{"outage in capitals, times in quotes", page("ICLOUD BACKUP", event("Outage", "Ongoing", `"1"`, "null")), backup.Yes},
		{"other languages", page("Sauvegarde iCloud", event("Outage", "ongoing", "-1", "null")), backup.Yes},
		{"called back", `jsonCallback(` + page(name, event("Outage", "ongoing", "-1", "null")) + `);`, backup.Yes},
		{"resolved", page(name, event("Outage", "resolved", "-5", "-1")), backup.No},
		{"ongoing and over", page(name, event("Outage", "ongoing", "-5", "-1")), backup.No},
		{"completed", page(name, event("Maintenance", "completed", "-5", "-1")), backup.No},
		{"upcoming", page(name, event("Maintenance", "upcoming", "2", "4")), backup.No},
		{"ongoing but not begun", page(name, event("Maintenance", "ongoing", "2", "4")), backup.No},
		{"available", page(name, event("Available", "ongoing", "-1", "null")), backup.No},
		{"an odd event beside an outage", page(name, `7,`+event("Outage", "ongoing", "-1", "null")), backup.Yes},
		{"an odd event", page(name, `{"eventStatus":3}`), backup.Unknown},
		{"another service", page("iCloud Mail", event("Outage", "ongoing", "-1", "null")), backup.Unknown},
		{"no services", `{"services":[]}`, backup.Unknown},
		{"services of another kind", `{"services":{"a":1}}`, backup.Unknown},
		{"cut", page(name, "")[:90], backup.Unknown},
		{"nothing", "", backup.Unknown},
		{"a web page", "<html>}{</html>", backup.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := judgeFeed([]byte(tt.body), feedNow)
			if got != tt.want || (got == backup.Unknown) != (err != nil) {
				t.Errorf("got %v (%v), want %v", got, err, tt.want)
			}
		})
	}
}

// serve starts a server and an Apple that asks it.
func serve(t *testing.T, h http.HandlerFunc) *Apple {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return NewApple(AppleOptions{URL: s.URL, Timeout: 5 * time.Second})
}

func TestAppleAsksRarely(t *testing.T) {
	var asked atomic.Int32
	a := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			http.Error(w, "later", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, page("iCloud Backup", event("Outage", "ongoing", "-1", "null")))
	})
	for _, tt := range []struct {
		after time.Duration
		asked int32
		want  backup.Tri
	}{
		{0, 1, backup.Unknown},
		{14 * time.Minute, 1, backup.Unknown}, // a failure is not asked again at once
		{15 * time.Minute, 2, backup.Yes},
		{29 * time.Minute, 2, backup.Yes},
		{-time.Hour, 3, backup.Yes}, // the clock was set back
	} {
		got := a.Ask(context.Background(), feedNow.Add(tt.after))
		if got.Outage != tt.want || asked.Load() != tt.asked {
			t.Errorf("after %v: %+v after %d questions, want %v after %d", tt.after, got, asked.Load(), tt.want, tt.asked)
		}
	}
	if d := a.last.Detail; d != "Outage: Users may be unable to back up." {
		t.Errorf("detail %q", d)
	}
}

func TestAppleTrouble(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, page("iCloud Backup", "")) }))
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.RedirectHandler(plain.URL, http.StatusFound))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()

	tests := []struct {
		name  string
		apple *Apple
		words string
	}{
		{"5 MB", serve(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, page("iCloud Backup", event("Outage", "ongoing", "-1", "null")), strings.Repeat(" ", 5<<20))
		}), "larger than 1 MiB"},
		{"garbage", serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "\x00\xff{{{") }), "unknown form"},
		{"not found", serve(t, http.NotFound), "404"},
		{"redirected for ever", serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }), "too often"},
		{"certificate of a stranger", NewApple(AppleOptions{URL: secure.URL}), "certificate"},
		{"led away from TLS", NewApple(AppleOptions{URL: secure.URL, Transport: secure.Client().Transport}), "not encrypted"},
		{"absent", NewApple(AppleOptions{URL: "https://127.0.0.1:1/"}), "refused"},
		{"no address", NewApple(AppleOptions{URL: ""}), "neither https nor http"},
		{"a file", NewApple(AppleOptions{URL: "file:///etc/passwd"}), "neither https nor http"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.apple.Ask(context.Background(), feedNow)
			if got.Outage != backup.Unknown || got.Asked != feedNow || !strings.Contains(got.Detail, tt.words) {
				t.Errorf("got %+v, want unknown, with %q", got, tt.words)
			}
		})
	}
}

func TestAppleSlow(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "{")
		w.(http.Flusher).Flush()
		<-release
	}))
	defer s.Close()
	defer close(release)
	a := NewApple(AppleOptions{URL: s.URL, Timeout: 50 * time.Millisecond})
	if got := a.Ask(context.Background(), feedNow); got.Outage != backup.Unknown || got.Detail == "" {
		t.Errorf("got %+v", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	later := feedNow.Add(time.Hour)
	if got := a.Ask(ctx, later); got.Asked != feedNow {
		t.Errorf("a question nobody waits for counted: %+v", got)
	}
}
