package history_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/history"
)

var start = time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)

const phone = "00008110-001A2B3C4D5E801E"

// open opens the history at path, as the watchdog does at its start.
func open(t *testing.T, path string) *history.DB {
	t.Helper()
	db, err := history.Open(path, history.Options{Now: start})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// must fails the test when a write did.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func aRun(started time.Time) backup.PastRun {
	return backup.PastRun{
		UDID: phone, Started: started, Ended: started.Add(40 * time.Minute),
		Outcome: backup.OutcomeComplete, Kind: backup.Incremental, ChainID: "6F9C", Link: backup.LinkNetwork,
		LastPhase: backup.Complete, Bytes: 3 << 30, Files: 0,
		Silence:  backup.Silences{Preparing: 61 * time.Second, Transferring: 1500 * time.Millisecond, Settling: time.Minute},
		Duration: 39 * time.Minute, Encrypted: backup.No, ChainFiles: 48_212, ChainBytes: -1, DiskFull: true, Taught: true,
	}
}

func TestEverythingComesBackAfterAReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "with space?&#%", "history.db")
	if _, err := history.Open(path, history.Options{Now: start}); !errors.Is(err, history.ErrUnwritable) {
		t.Fatalf("without its folder: %v, want ErrUnwritable", err)
	}
	path = filepath.Join(t.TempDir(), "with space?&#%25.db")
	db := open(t, path)

	running := backup.PastRun{UDID: "other", Started: start.Add(time.Hour), Outcome: backup.OutcomeRunning, Bytes: -1, Files: -1, ChainFiles: -1, ChainBytes: -1}
	must(t, db.SaveRun(aRun(start)))
	must(t, db.SaveRun(running))
	sample := control.Sample{At: start.Add(5 * time.Second), Phase: backup.Transferring, Bytes: 12, Files: -1}
	must(t, db.AddSample(phone, "", start, sample))
	id, err := db.AddNotice(control.Notice{At: start, UDID: phone, Run: "r", Event: "raised", Code: backup.Stalled,
		Severity: backup.Critical, Title: "t", Text: "x", Channel: "desktop", Key: "k"})
	must(t, err)
	must(t, db.Finish(id, history.Failed, "no session"))
	must(t, db.Ack("k", start))
	until := start.Add(time.Hour)
	must(t, db.Mute(control.Mute{UDID: phone, Code: backup.Slow, Until: &until}))
	must(t, db.Mute(control.Mute{UDID: phone, Code: backup.NotEncrypted}))
	check := backup.CheckResult{At: start, Verdict: backup.BrokenUp, Missing: 3, Summary: "3 photos", Deep: true}
	must(t, db.SaveCheck(phone, "", check))
	must(t, db.Put("session/"+phone, []byte("snapshot")))
	must(t, db.Put("empty", nil))
	must(t, db.MarkDay(phone, start))
	must(t, db.Close())
	must(t, db.Close())

	db = open(t, path)
	equal(t, "runs", db.Runs("", time.Time{}, 0), []backup.PastRun{running, aRun(start)})
	equal(t, "runs of one phone", db.Runs(phone, start, 1), []backup.PastRun{aRun(start)})
	equal(t, "runs since", db.Runs(phone, start.Add(time.Second), 0), []backup.PastRun(nil))
	equal(t, "samples", db.Samples(phone, start.Add(300*time.Millisecond)), []control.Sample{sample})
	equal(t, "notices", db.Notices(phone, start, 5), []control.Notice{{ID: id, At: start, UDID: phone, Run: "r", Event: "raised", Code: backup.Stalled,
		Severity: backup.Critical, Title: "t", Text: "x", Channel: "desktop", Outcome: "failed", Reason: "no session", Key: "k"}})
	equal(t, "acks", db.Acked(), map[string]time.Time{"k": start})
	equal(t, "mutes", db.Mutes(start), []control.Mute{{UDID: phone, Code: backup.NotEncrypted}, {UDID: phone, Code: backup.Slow, Until: &until}})
	equal(t, "mutes later", db.Mutes(until), []control.Mute{{UDID: phone, Code: backup.NotEncrypted}})
	last, ok := db.LastCheck(phone, "")
	equal(t, "check", last, check)
	equal(t, "checks of all", db.Checks("", start, 0), []control.Check{{UDID: phone, CheckResult: check}})
	_, none := db.LastCheck("other", "")
	equal(t, "which checks there are", []bool{ok, none}, []bool{true, false})
	value, ok := db.Get("session/" + phone)
	equal(t, "value", string(value), "snapshot")
	_, empty := db.Get("empty")
	_, absent := db.Get("absent")
	equal(t, "which values there are", []bool{ok, empty, absent}, []bool{true, true, false})
	equal(t, "days", db.Days(phone, start.Add(-24*time.Hour)), []time.Time{time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)})
	must(t, db.Err())
	equal(t, "set aside", db.SetAside(), "")
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestARunIsOneRowHoweverOftenItIsSaved(t *testing.T) {
	db := memory(t)
	must(t, db.AddSample(phone, "", start, control.Sample{At: start, Phase: backup.Preparing}))
	equal(t, "a run known by a sample", db.Runs(phone, time.Time{}, 0)[0].Outcome, backup.OutcomeRunning)
	r := aRun(start)
	r.Started = start.Add(999 * time.Millisecond)
	must(t, db.SaveRun(r))
	r.Outcome = backup.OutcomeAbandoned
	must(t, db.SaveRun(r))
	runs := db.Runs(phone, time.Time{}, 0)
	if len(runs) != 1 || runs[0].Outcome != backup.OutcomeAbandoned || !runs[0].Started.Equal(start) {
		t.Errorf("got %+v", runs)
	}
	equal(t, "samples after saving", len(db.Samples(phone, start)), 1)
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

func TestANoticeIsPendingUntilItIsFinished(t *testing.T) {
	db := memory(t)
	ids, err := db.AddNotices([]byte(`{"a":1}`), control.Notice{Channel: "desktop", Key: "k"}, control.Notice{Channel: "webhook", Key: "k"},
		control.Notice{Channel: "command", Key: "k", Outcome: history.Suppressed})
	must(t, err)
	pending := db.PendingNotices()
	if len(pending) != 2 || pending[0].Channel != "desktop" || string(pending[1].Payload) != `{"a":1}` {
		t.Fatalf("pending: %+v", pending)
	}
	for want := 1; want <= 2; want++ {
		tries, err := db.Retry(ids[0])
		must(t, err)
		equal(t, "tries", tries, want)
	}
	must(t, db.Finish(ids[0], history.Sent, ""))
	equal(t, "pending after one was sent", len(db.PendingNotices()), 1)
}

func TestUnseenIsWhatWentOutAndWasNeitherAckedNorCleared(t *testing.T) {
	db := memory(t)
	add := func(key, event, outcome string) {
		_, err := db.AddNotice(control.Notice{Key: key, Event: event, Outcome: outcome, Title: key + " " + event})
		must(t, err)
	}
	add("acked", "raised", "sent")
	add("cleared", "raised", "sent")
	add("twice", "raised", "sent")
	add("failed", "raised", "failed")
	add("cleared", "cleared", "suppressed")
	add("twice", "repeated", "sent")
	add("silent", "raised", "suppressed")
	must(t, db.Ack("acked", start))
	var titles []string
	for _, n := range db.Unseen(0) {
		titles = append(titles, n.Title)
	}
	equal(t, "unseen", titles, []string{"twice repeated"})
	must(t, db.Unack("acked"))
	equal(t, "unseen after taking the mark back", len(db.Unseen(0)), 2)
}

func TestManyGoroutinesMayWriteAtOnce(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "history.db"))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 20 {
				if err := db.AddSample(phone, "", start.Add(time.Duration(g)*time.Hour), control.Sample{At: start.Add(time.Duration(i) * 11 * time.Hour)}); err != nil {
					t.Error(err)
				}
				db.Samples(phone, start)
			}
		})
	}
	wg.Wait()
	equal(t, "runs", len(db.Runs(phone, time.Time{}, 0)), 8)
}

func TestAClosedHistorySaysSo(t *testing.T) {
	db := memory(t)
	must(t, db.Close())
	if err := db.SaveRun(aRun(start)); !errors.Is(err, history.ErrClosed) {
		t.Errorf("writing: %v", err)
	}
	if got := db.Runs("", time.Time{}, 0); got != nil || !errors.Is(db.Err(), history.ErrClosed) {
		t.Errorf("reading: %v, %v", got, db.Err())
	}
	if db.Size() != 0 || !errors.Is(db.Prune(start), history.ErrClosed) {
		t.Error("size or prune of a closed history")
	}
}

func TestWhatIsStoredIsBounded(t *testing.T) {
	db := memory(t)
	long := strings.Repeat("é", 10_000)
	_, err := db.AddNotice(control.Notice{Title: long, Text: "\xff\x00", Key: "k", Severity: 77})
	must(t, err)
	n := db.Notices("", time.Time{}, 0)[0]
	if len(n.Title) != 2000 || n.Text == "" || n.Severity != backup.Critical {
		t.Errorf("%d bytes of title, text %q, severity %d", len(n.Title), n.Text, n.Severity)
	}
	if _, err := json.Marshal(n); err != nil {
		t.Error(err)
	}
	if err := db.Put("k", make([]byte, 5<<20)); err == nil {
		t.Error("5 MiB were taken as a snapshot")
	}
	if _, err := db.AddNotices(make([]byte, 5<<20), control.Notice{}); err == nil {
		t.Error("5 MiB were taken as a payload")
	}
}

// TestEachFolderHasItsOwnPast: one phone may have backups in two folders, and
// their runs may even have begun in the same second: as copies of one.
func TestEachFolderHasItsOwnPast(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "history.db"))
	one, other := aRun(start), aRun(start)
	one.Path, other.Path = "/b/U", "/c/U"
	other.Outcome = backup.OutcomeAbandoned
	must(t, db.AddSample(phone, "/b/U", start, control.Sample{At: start}))
	must(t, db.SaveRun(one))
	must(t, db.SaveRun(other))
	must(t, db.SaveRun(one))
	equal(t, "runs", db.Runs(phone, time.Time{}, 0), []backup.PastRun{other, one})
	must(t, db.SaveCheck(phone, "/b/U", backup.CheckResult{At: start, Verdict: backup.Good}))
	must(t, db.SaveCheck(phone, "/c/U", backup.CheckResult{At: start.Add(time.Hour), Verdict: backup.BrokenUp}))
	c, _ := db.LastCheck(phone, "/b/U")
	equal(t, "the check", c.Verdict, backup.Good)
	_, ok := db.LastCheck(phone, "/d/U")
	equal(t, "a check of a third", ok, false)

	unsaid := aRun(start.Add(time.Hour)) // as an older version kept it
	must(t, db.SaveRun(unsaid))
	unsaid.Path = "/b/U"
	must(t, db.SaveRun(unsaid))
	equal(t, "runs once it is known where", db.Runs(phone, start.Add(time.Minute), 0), []backup.PastRun{unsaid})
}
