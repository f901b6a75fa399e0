package notify_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/history"
	"backupwatchdog/daemon/notify"
	"backupwatchdog/daemon/words"
)

// recorder is a channel that keeps what it gets.
type recorder struct {
	name   string
	before func() error // what happens while sending; nil nothing
	mu     sync.Mutex
	got    []string
}

func (r *recorder) Name() string { return r.name }

func (r *recorder) Send(ctx context.Context, m notify.Message) error {
	if r.before != nil {
		if err := r.before(); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, string(m.Event)+" "+string(m.Code))
	return nil
}

func (r *recorder) all() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.got, ", ")
}

func memory(t *testing.T) *history.DB {
	t.Helper()
	db, err := history.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// run starts a desk for the length of the test; what it sends is awaited with
// synctest.Wait.
func run(t *testing.T, db *history.DB, now time.Time, channels ...notify.Channel) (d *notify.Desk, stop func()) {
	t.Helper()
	d = notify.NewDesk(notify.Options{History: db, Channels: channels, Now: now,
		Policy: notify.Policy{Minimum: backup.Warning, Repeat: 6 * time.Hour, DailyCap: 50, Zone: time.UTC, Checks: true}})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	return d, func() { cancel(); <-done }
}

func scene(findings ...backup.Code) notify.Scene {
	s := notify.Scene{Backups: []notify.State{{UDID: "A", Device: "Anna's iPhone", RunID: "1", Phase: backup.Transferring}}}
	for _, c := range findings {
		s.Items = append(s.Items, notify.Item{UDID: "A", Device: "Anna's iPhone", RunID: "1",
			Finding: backup.Finding{Code: c, Severity: backup.Warning, Key: "A/1/" + string(c) + "/1"}})
	}
	return s
}

// outcomes are the notices in the history, oldest first.
func outcomes(db *history.DB) string {
	var out []string
	for _, n := range db.Notices("", time.Time{}, 0) {
		out = append([]string{strings.TrimSpace(fmt.Sprint(n.Event, " ", n.Code, " ", n.Channel, " ", n.Outcome, " ", n.Reason))}, out...)
	}
	return strings.Join(out, "; ")
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func TestANoticeIsWrittenBeforeItIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory(t)
		during := ""
		screen := &recorder{name: "desktop", before: func() error { during = outcomes(db); return nil }}
		d, stop := run(t, db, start, screen)
		defer stop()
		d.Look(start, scene(backup.Stalled))
		synctest.Wait()
		expect(t, "while sending", during, "raised stalled desktop pending")
		expect(t, "afterwards", outcomes(db), "raised stalled desktop sent")
		n := db.Notices("A", time.Time{}, 1)[0]
		expect(t, "what is kept", n.Title+" "+n.Run+" "+n.Key, "Anna's iPhone: backup is stuck 1 A/1/stalled/1")
		if h := d.Health(); !h.LastDesktop.Equal(start) || h.Failing != 0 {
			t.Errorf("health: %+v", h)
		}
	})
}

func TestARestartTellsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory(t)
		screen := &recorder{name: "desktop"}
		now := start
		for range 3 {
			d, stop := run(t, db, now, screen)
			d.Look(now, scene(backup.Stalled))
			synctest.Wait()
			now = now.Add(time.Minute)
			stop()
		}
		d, stop := run(t, db, now, screen)
		defer stop()
		s := scene()
		s.Backups[0].LastProgress = now
		d.Look(now, s)
		d.Look(now.Add(10*time.Second), s)
		synctest.Wait()
		expect(t, "sent", screen.all(), "raised stalled, cleared stalled")
		if len(db.Unseen(0)) != 0 {
			t.Error("it is cleared and still counts as unseen")
		}
	})
}

func TestWhatACrashLeftIsSentOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory(t)
		// The first process writes and dies: nothing ever sends.
		screen, hook := &recorder{name: "desktop"}, &recorder{name: "webhook"}
		dead := notify.NewDesk(notify.Options{History: db, Channels: []notify.Channel{screen, hook}, Now: start})
		dead.Look(start, scene(backup.Stalled))
		expect(t, "left behind", outcomes(db), "raised stalled desktop pending; raised stalled webhook pending")

		d, stop := run(t, db, start.Add(time.Minute), screen, hook)
		d.Look(start.Add(time.Minute), scene(backup.Stalled))
		synctest.Wait()
		stop()
		expect(t, "on the screen", screen.all(), "raised stalled")
		expect(t, "by the hook", hook.all(), "raised stalled")
		expect(t, "afterwards", outcomes(db), "raised stalled desktop sent; raised stalled webhook sent")
	})
}

func TestWhatIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory(t)
		screen, hook := &recorder{name: "desktop"}, &recorder{name: "webhook"}
		notify.NewDesk(notify.Options{History: db, Channels: []notify.Channel{screen, hook}, Now: start}).Look(start, scene(backup.Stalled))
		// It crashes three more times before it can send anything.
		for range 3 {
			notify.NewDesk(notify.Options{History: db, Channels: []notify.Channel{screen}, Now: start})
		}
		d, stop := run(t, db, start.Add(time.Minute), screen)
		synctest.Wait()
		expect(t, "sent of old", screen.all(), "")
		expect(t, "history", outcomes(db), "raised stalled desktop failed given up after several restarts; "+
			"raised stalled webhook failed this channel is no longer in use")
		// The trouble itself is not forgotten.
		d.Look(start.Add(time.Minute), scene(backup.Stalled))
		synctest.Wait()
		stop()
		expect(t, "told anew", screen.all(), "raised stalled")

		notify.NewDesk(notify.Options{History: db, Channels: []notify.Channel{screen}, Now: start}).Look(start, scene(backup.Slow))
		_, stop = run(t, db, start.Add(25*time.Hour), screen)
		synctest.Wait()
		stop()
		expect(t, "of yesterday", screen.all(), "raised stalled")
	})
}

func TestFailuresAreKnownAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory(t)
		broken := error(&notify.Refusal{Hitch: words.Hitch{What: "no session", Next: "log in"}})
		screen := &recorder{name: "desktop", before: func() error { return broken }}
		d, stop := run(t, db, start, screen)
		d.Look(start, scene(backup.Stalled))
		synctest.Wait()
		d.Look(start.Add(9*time.Minute), scene(backup.Stalled))
		synctest.Wait()
		if h := d.Health(); h.Failing != 1 || h.Reason != "no session; log in" || !h.Since.Equal(start) {
			t.Errorf("health: %+v", h)
		}
		stop()
		// After a restart it is still known, and tried when its time has come.
		d, stop = run(t, db, start.Add(9*time.Minute), screen)
		defer stop()
		if h := d.Health(); h.Failing != 1 {
			t.Errorf("health after a restart: %+v", h)
		}
		d.Look(start.Add(9*time.Minute), scene(backup.Stalled))
		synctest.Wait()
		broken = nil
		d.Look(start.Add(10*time.Minute), scene(backup.Stalled))
		synctest.Wait()
		expect(t, "sent", screen.all(), "raised stalled")
		expect(t, "history", outcomes(db), "raised stalled desktop failed no session; raised stalled desktop sent")
		if h := d.Health(); h.Failing != 0 {
			t.Errorf("health in the end: %+v", h)
		}
	})
}

func TestOneChannelThatWorksIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory(t)
		screen := &recorder{name: "desktop", before: func() error { return errors.New("no") }}
		hook := &recorder{name: "webhook"}
		d, stop := run(t, db, start, screen, hook)
		defer stop()
		for i := range 3 {
			d.Look(start.Add(time.Duration(i)*time.Hour), scene(backup.Stalled))
			synctest.Wait()
		}
		expect(t, "by the hook", hook.all(), "raised stalled")
		if h := d.Health(); h.Failing != 0 {
			t.Errorf("health: %+v", h)
		}
		got := fmt.Sprint(d.Tallies())
		expect(t, "tallies", got, "[{desktop failed 1} {webhook sent 1}]")
	})
}

func TestAHangingChannelPilesNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory(t)
		hold := make(chan struct{})
		screen := &recorder{name: "desktop", before: func() error { <-hold; return nil }}
		d, stop := run(t, db, start, screen)
		defer stop()
		s := scene()
		for i := range 40 {
			s.Items = append(s.Items, notify.Item{UDID: "A", Finding: backup.Finding{Code: backup.Slow, Severity: backup.Warning, Key: fmt.Sprint("k", i)}})
			d.Look(start.Add(time.Duration(i)*time.Second), s)
			synctest.Wait()
		}
		full := strings.Count(outcomes(db), "failed "+words.DropQueueFull)
		if pending := len(db.PendingNotices()); pending != 17 || full != 23 {
			t.Errorf("%d pending, %d given up", pending, full)
		}
		close(hold)
		synctest.Wait()
		if n := len(db.PendingNotices()); n != 0 {
			t.Errorf("%d pending in the end", n)
		}
	})
}

func TestWithoutAHistoryItIsToldAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory(t)
		screen := &recorder{name: "desktop"}
		d, stop := run(t, db, start, screen)
		defer stop()
		db.Close()
		for i := range 3 {
			d.Look(start.Add(time.Duration(i)*time.Minute), scene(backup.Stalled))
			synctest.Wait()
		}
		expect(t, "sent", screen.all(), "raised stalled")
	})
}

func TestAcksAndMutesAreHeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory(t)
		screen := &recorder{name: "desktop"}
		d, stop := run(t, db, start, screen)
		defer stop()
		db.Ack("A/1/stalled/1", start)
		db.Mute(control.Mute{UDID: "A", Code: backup.Slow})
		for i := range 3 {
			d.Look(start.Add(time.Duration(i)*time.Minute), scene(backup.Stalled, backup.Slow))
			synctest.Wait()
		}
		expect(t, "sent", screen.all(), "")
		expect(t, "history", outcomes(db), "raised stalled log suppressed acked; raised slow log suppressed muted")
		db.Unmute("A", backup.Slow)
		db.Unack("A/1/stalled/1")
		d.Look(start.Add(time.Hour), scene(backup.Stalled, backup.Slow))
		synctest.Wait()
		expect(t, "sent after all", screen.all(), "raised stalled, raised slow")
	})
}

func TestNewRulesAndChannelsTakeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory(t)
		screen, hook := &recorder{name: "desktop"}, &recorder{name: "webhook"}
		d, stop := run(t, db, start, screen)
		defer stop()
		d.Look(start, scene(backup.Stalled))
		d.Reload(notify.Policy{Minimum: backup.Critical, Zone: time.UTC}, []notify.Channel{hook}, nil)
		d.Look(start, scene(backup.Stalled, backup.Slow))
		d.Reload(notify.Policy{Zone: time.UTC}, []notify.Channel{hook}, nil)
		d.Look(start, scene(backup.Stalled, backup.Slow))
		synctest.Wait()
		expect(t, "on the screen", screen.all(), "raised stalled")
		expect(t, "by the hook", hook.all(), "raised slow")
	})
}

func TestNoChannelMeansTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memory(t)
		d, stop := run(t, db, start)
		defer stop()
		d.Look(start, scene(backup.Stalled))
		synctest.Wait()
		expect(t, "history", outcomes(db), "raised stalled log sent")
	})
}

func TestATestGoesThroughEveryChannel(t *testing.T) {
	screen := &recorder{name: "desktop"}
	hook := &recorder{name: "webhook", before: func() error { return errors.New("nobody there; check it") }}
	db := memory(t)
	d := notify.NewDesk(notify.Options{History: db, Channels: []notify.Channel{screen, hook}, Now: start})
	got := d.Test(t.Context())
	if len(got) != 2 || got[0].Outcome != "sent" || got[1].Outcome != "failed" || got[1].Reason != "nobody there; check it" {
		t.Errorf("got %+v", got)
	}
	expect(t, "history", outcomes(db), "")
}

// objects is a channel that keeps what programs get.
type objects struct{ got []string }

func (o *objects) Name() string { return "command" }

func (o *objects) Send(_ context.Context, m notify.Message) error {
	o.got = append(o.got, string(m.Object))
	return nil
}

// TestATestIsOfNow: whoever sorts notices by time finds the test at its own.
func TestATestIsOfNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen objects
		notify.NewDesk(notify.Options{History: memory(t), Channels: []notify.Channel{&seen}, Now: start}).Test(t.Context())
		want := `"since":"` + time.Now().UTC().Format(time.RFC3339) + `"`
		if len(seen.got) != 1 || !strings.Contains(seen.got[0], want) {
			t.Errorf("no %s in %s", want, seen.got)
		}
	})
}

// TestTheDeskDies is the child of the next test: it writes a notice, says so
// when its channel has it, and never comes back from there.
func TestTheDeskDies(t *testing.T) {
	path := os.Getenv("WATCHDOG_TEST_DESK")
	if path == "" {
		t.Skip("only as a child")
	}
	db, err := history.Open(path, history.Options{Now: start})
	if err != nil {
		t.Fatal(err)
	}
	d, _ := run(t, db, start, &recorder{name: "desktop", before: func() error {
		fmt.Println("SENDING")
		select {}
	}})
	d.Look(start, scene(backup.Stalled))
	select {}
}

func TestKilledBetweenPendingAndSent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	child := exec.Command(os.Args[0], "-test.run=^TestTheDeskDies$", "-test.v")
	child.Env = append(os.Environ(), "WATCHDOG_TEST_DESK="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "SENDING") {
	}
	child.Process.Kill()
	child.Wait()

	now := start.Add(time.Minute)
	for want := range []int{0, 1} {
		db, err := history.Open(path, history.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(db.PendingNotices()); got != 1-want {
			t.Errorf("at start %d: %d pending", want, got)
		}
		screen := &recorder{name: "desktop"}
		d, stop := run(t, db, now, screen)
		d.Look(now, scene(backup.Stalled))
		eventually(t, "the outcome", func() bool { return len(db.PendingNotices()) == 0 })
		stop()
		if want == 0 {
			expect(t, "sent once more", screen.all(), "raised stalled")
		} else {
			expect(t, "and then not again", screen.all(), "")
		}
		db.Close()
	}
}

func TestRunsArePinged(t *testing.T) {
	s, got := receiver(t)
	db := memory(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	desk := func() *notify.Desk {
		d := notify.NewDesk(notify.Options{History: db, Pinger: notify.NewPinger(s.URL, nil), Now: start,
			Policy: notify.Policy{Minimum: backup.Warning, Zone: time.UTC}})
		go d.Run(ctx)
		return d
	}
	d := desk()
	n := 0
	look := func(run string, phase backup.Phase, pings int) {
		t.Helper()
		sc := scene()
		sc.Backups[0].RunID, sc.Backups[0].Phase = run, phase
		d.Look(start, sc)
		n += pings
		eventually(t, fmt.Sprintf("ping %d", n), func() bool { return len(got()) >= n })
	}
	look("1", backup.Complete, 0) // over before anybody asked
	look("2", backup.Preparing, 1)
	look("2", backup.Transferring, 0)
	d = desk() // a restart
	look("2", backup.Transferring, 0)
	look("2", backup.Settling, 0)
	look("2", backup.Complete, 1)
	look("3", backup.Preparing, 1)
	look("3", backup.Abandoned, 1)
	critical := scene(backup.ChainBroken)
	critical.Backups = nil
	critical.Items[0].Finding.Severity = backup.Critical
	d.Look(start, critical)
	eventually(t, "the last", func() bool { return len(got()) >= 5 })
	var said []string
	for _, r := range got() {
		said = append(said, r.path+" "+r.body)
	}
	expect(t, "pings", strings.Join(said, "; "), "/start Anna's iPhone: a backup has begun; / Anna's iPhone: the backup is complete; "+
		"/start Anna's iPhone: a backup has begun; /fail Anna's iPhone: the backup was interrupted; /fail Anna's iPhone: backup is damaged")
}
