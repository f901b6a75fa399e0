package backup

import (
	"slices"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/words"
	"backupwatchdog/plist"
)

var began = Moment{T: time.Date(2026, 11, 27, 21, 0, 0, 0, time.UTC), Slept: 5 * time.Hour}

// uploading is a run in the middle of its transfer.
func uploading(files, bytes int64) Facts {
	f := Facts{Folder: Folder{Files: files, Bytes: bytes, Snapshot: Yes, SnapshotFiles: files, SnapshotBytes: bytes,
		Status: StatusFile{File: File{Presence: Present}, Status: plist.Status{SnapshotState: "uploading", BackupState: "new", UUID: "C1"}}},
		Root:  Root{Access: AccessGranted, Volume: VolumeOK, Free: 500e9},
		Phone: Phone{Link: LinkUSB, Battery: -1, DiskFree: -1, DiskUsed: -1}}
	f.Writer = Writer{State: WriterAlive, Name: "idevicebackup2", PID: 7}
	return f
}

// transferring is a session that has seen 100 files in 100 seconds.
func transferring() *Session {
	s := NewSession("U", "/b/U", DefaultRules(), nil)
	s.Observe(began, uploading(10, 1e6))
	s.Observe(began.Add(100*time.Second), uploading(100, 1e8))
	return s
}

func find(fs []Finding, c Code) *Finding {
	if i := slices.IndexFunc(fs, func(f Finding) bool { return f.Code == c }); i >= 0 {
		return &fs[i]
	}
	return nil
}

func TestRestartKeepsTheSilenceAndTheKey(t *testing.T) {
	s := transferring()
	at := began.Add(100*time.Second + 16*time.Minute)
	before := find(s.Assess(at).Findings, Stalled)
	if before == nil || before.Severity != Warning {
		t.Fatalf("no stall before the restart: %+v", before)
	}
	later := at.Add(time.Minute)
	r := NewSession("U", "/b/U", DefaultRules(), nil)
	if err := r.Restore(s.Save(), true, later); err != nil {
		t.Fatal(err)
	}
	r.Observe(later, uploading(100, 1e8))
	after := find(r.Assess(later).Findings, Stalled)
	if after == nil || after.Key != before.Key || after.Severity != Warning {
		t.Errorf("after the restart %+v, want the same key as %+v", after, before)
	}
}

func TestRestartDoesNotTakeANewCounterForProgress(t *testing.T) {
	s := transferring()
	later := began.Add(15 * time.Minute)
	r := NewSession("U", "/b/U", DefaultRules(), nil)
	if err := r.Restore(s.Save(), true, later); err != nil {
		t.Fatal(err)
	}
	r.Observe(later, uploading(60, 5e7)) // the new process estimates otherwise
	if find(r.Assess(later).Findings, Stalled) == nil {
		t.Error("a silence of fourteen minutes was forgotten at the restart")
	}
	if v, _ := r.View(later); v.Files != 90 && v.Files != 100 {
		t.Errorf("%d files after the restart", v.Files)
	}
	r.Observe(later.Add(10*time.Second), uploading(70, 6e7))
	if find(r.Assess(later.Add(10*time.Second)).Findings, Stalled) != nil {
		t.Error("files arrive again, and it still counts as silent")
	}
}

func TestAnotherBootCountsAsSlept(t *testing.T) {
	s := transferring()
	reboot := Moment{T: began.T.Add(8 * time.Hour), Slept: 0}
	r := NewSession("U", "/b/U", DefaultRules(), nil)
	if err := r.Restore(s.Save(), false, reboot); err != nil {
		t.Fatal(err)
	}
	r.Observe(reboot, uploading(100, 1e8))
	a := r.Assess(reboot)
	if f := find(a.Findings, Stalled); f != nil {
		t.Errorf("eight hours of being switched off are a silence: %+v", f)
	}
	if find(a.Findings, MacSlept) == nil {
		t.Error("the computer was away in the middle of a run, and nothing says so")
	}
}

func TestRestoreRefusesWhatItCannotUse(t *testing.T) {
	for _, bad := range []string{"", "null", "{}", "[]", `{"since":null}`, `{"since":{},"times":{},"bad":{},"last":{"t":"2999-01-01T00:00:00Z"}}`} {
		s := transferring()
		was := string(s.Save())
		if err := s.Restore([]byte(bad), true, began); err == nil {
			t.Errorf("%q was taken", bad)
		}
		if string(s.Save()) != was {
			t.Errorf("%q has changed the session", bad)
		}
	}
}

// TestNextIsWhenTheAnswerChanges asks only at the moments that an assessment
// names, and must see the stall at its second.
func TestNextIsWhenTheAnswerChanges(t *testing.T) {
	s := transferring()
	now := began.Add(100 * time.Second)
	for range 20 {
		a := s.Assess(now)
		if f := find(a.Findings, Stalled); f != nil {
			if quiet := now.Since(began.Add(100 * time.Second)); quiet != 10*time.Minute {
				t.Errorf("seen after %v", quiet)
			}
			return
		}
		if a.Next.IsZero() || !a.Next.After(now.T) {
			t.Fatalf("at %v: next is %v", now.T, a.Next)
		}
		now = now.Add(a.Next.Sub(now.T))
	}
	t.Error("never seen")
}

// TestWorstCaseWordsStayWhole: no finding may come out half-written whatever is
// unknown.
func TestUnknownFactsMakeWholeSentences(t *testing.T) {
	f := uploading(-1, -1)
	f.Root.Free, f.Writer, f.Phone.Link = -1, Writer{}, LinkUnknown
	s := NewSession("U", "/b/U", DefaultRules(), nil)
	s.Observe(began, f)
	for _, f := range s.Assess(began.Add(20 * time.Minute)).Findings {
		for _, text := range append([]string{f.Title, f.Detail}, f.Fix.Steps...) {
			if text == "" || strings.Contains(text, "{") || strings.Contains(text, "%!") || strings.Contains(text, "  ") {
				t.Errorf("%s says %q", f.Code, text)
			}
		}
		for _, e := range f.Evidence {
			if e.Fact == "" || e.Value == "" {
				t.Errorf("%s: evidence %+v", f.Code, e)
			}
		}
	}
}

func TestRootsAreJudged(t *testing.T) {
	for _, c := range []struct {
		name   string
		root   Root
		shown  []Code
		hidden []Code
	}{
		{"fine", Root{Access: AccessGranted, Volume: VolumeOK}, nil, nil},
		{"denied", Root{Access: AccessDenied}, []Code{NoAccess}, nil},
		{"no answer", Root{Access: AccessUnknown, Detail: "input/output error"}, []Code{NoAccess}, nil},
		{"not looked at", Root{}, nil, nil},
		{"not there", Root{Access: AccessAbsent}, []Code{FolderMissing}, nil},
		{"drive gone", Root{Access: AccessAbsent, Volume: VolumeMissing}, []Code{CodeVolumeMissing}, nil},
		{"stand-in, and read-only", Root{Access: AccessGranted, Volume: VolumeReplaced, ReadOnly: Yes}, []Code{CodeVolumeMissing}, []Code{VolumeReadOnly}},
		{"read-only", Root{Access: AccessGranted, ReadOnly: Yes}, []Code{VolumeReadOnly}, nil},
		{"too many", Root{Access: AccessGranted, Unwatched: 44}, []Code{WatchDegraded}, nil},
		{"too many, and polling", Root{Access: AccessGranted, Unwatched: 44, Polling: true}, []Code{WatchDegraded}, nil},
		{"polling", Root{Access: AccessGranted, Polling: true}, []Code{WatchDegraded}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m RootMemory
			shown, hidden := JudgeRoot(&m, c.root, false, began.T)
			if got := codes(shown); !slices.Equal(got, c.shown) {
				t.Errorf("shown %v, want %v", got, c.shown)
			}
			if got := codes(hidden); !slices.Equal(got, c.hidden) {
				t.Errorf("hidden %v, want %v", got, c.hidden)
			}
		})
	}
}

func codes(fs []Finding) []Code {
	var out []Code
	for _, f := range fs {
		out = append(out, f.Code)
	}
	return out
}

func TestARootThatComesBackIsANewOccurrence(t *testing.T) {
	var m RootMemory
	first, _ := JudgeRoot(&m, Root{Path: "/r", Access: AccessDenied}, false, began.T)
	again, _ := JudgeRoot(&m, Root{Path: "/r", Access: AccessDenied}, false, began.T.Add(time.Hour))
	if first[0].Key != again[0].Key || !again[0].Since.Equal(began.T) {
		t.Errorf("the same trouble changed: %+v, %+v", first[0], again[0])
	}
	JudgeRoot(&m, Root{Path: "/r", Access: AccessGranted}, false, began.T.Add(2*time.Hour))
	other, _ := JudgeRoot(&m, Root{Path: "/r", Access: AccessDenied}, false, began.T.Add(3*time.Hour))
	if other[0].Key == first[0].Key {
		t.Error("a new trouble has the key of the old one")
	}
	JudgeRoot(&m, Root{Path: "/r", Access: AccessGranted}, false, began.T.Add(4*time.Hour))
	back, _ := JudgeRoot(&m, Root{Path: "/r", Access: AccessDenied}, false, began.T.Add(4*time.Hour+9*time.Second))
	if back[0].Key != other[0].Key || !back[0].Since.Equal(other[0].Since) {
		t.Errorf("gone for nine seconds: %q since %v, want the same trouble as before", back[0].Key, back[0].Since)
	}
}

func TestWords(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 48_212: "48,212", 1_000_000: "1,000,000", -1234: "-1,234"} {
		if got := words.Count(n); got != want {
			t.Errorf("words.Count(%d) is %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{-1: "unknown", 0: "0 bytes", 999: "999 bytes", 1000: "1 kB", 61_234_000_000: "61.2 GB", 999_700_000: "1 GB", 250e9: "250 GB"} {
		if got := words.Bytes(n); got != want {
			t.Errorf("words.Bytes(%d) is %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0 s", 40 * time.Second: "40 s", 9 * time.Minute: "9 min", 125 * time.Minute: "2 h 5 min", 3 * time.Hour: "3 h", 80 * time.Hour: "3 days"} {
		if got := words.Span(d); got != want {
			t.Errorf("words.Span(%v) is %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 files", 1: "1 file", 48212: "48,212 files", 1234567: "1,234,567 files"} {
		if got := words.Plural(n, "file"); got != want {
			t.Errorf("words.Plural(%d) is %q, want %q", n, got, want)
		}
	}
}

// TestCheckStandsWhileNewFilesLieBeside: a check of the last complete backup
// holds while the next run collects its files, and no longer once they take
// the place of the old ones, or the run broke off.
func TestCheckStandsWhileNewFilesLieBeside(t *testing.T) {
	whole := func(state string, snapshot Tri) Facts {
		f := uploading(0, 0)
		f.Folder.Snapshot = snapshot
		f.Folder.Status.Status = plist.Status{SnapshotState: state, BackupState: "new", UUID: "C1", Date: began.T.Add(-time.Hour)}
		f.Folder.Index.File = File{Presence: Present, Size: 4096}
		f.Folder.Manifest.File = File{Presence: Present}
		f.Folder.Info.File = File{Presence: Present}
		f.Writer = Writer{State: WriterUnknown}
		return f
	}
	s := NewSession("U", "/b/U", DefaultRules(), nil)
	s.Observe(began, whole("finished", No))
	s.SetCheck(CheckResult{At: began.T.Add(time.Minute), Verdict: Good, ChainID: "C1"})
	at := func(after time.Duration, state string, files int64) {
		f := whole(state, Yes)
		f.Folder.Files, f.Folder.SnapshotFiles = files, files
		s.Observe(began.Add(after), f)
	}
	at(time.Hour, "uploading", 10)
	at(time.Hour+time.Minute, "uploading", 20)
	if !s.CheckStands() || s.CheckCounts() {
		t.Errorf("while files arrive: stands %v, counts %v", s.CheckStands(), s.CheckCounts())
	}
	at(time.Hour+2*time.Minute, "moving", 30)
	if s.CheckStands() {
		t.Error("the check still stands while files are replaced")
	}
	at(time.Hour+3*time.Minute, "uploading", 40)
	s.Assess(began.Add(30 * time.Hour))
	if s.m.Run.Phase != Abandoned || s.CheckStands() {
		t.Errorf("%s: the check stands over a run that broke off", s.m.Run.Phase)
	}
}

// TestStatusGoneIsDatedByTheFolder: a phone takes Status.plist away for a moment
// to write it anew, and the folder has then just changed; where nobody has
// touched it for long the file is gone.
func TestStatusGoneIsDatedByTheFolder(t *testing.T) {
	for name, c := range map[string]struct {
		changed time.Duration // before the first look; negative: unknown
		after   time.Duration // when the damage is seen
	}{
		"just now":  {0, 15 * time.Minute},
		"long ago":  {24 * time.Hour, 0},
		"a minute":  {time.Minute, 14 * time.Minute},
		"not known": {-1, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			f := Facts{Folder: Folder{Files: -1, Bytes: -1, Status: StatusFile{File: File{Presence: Missing}},
				Info: InfoFile{File: File{Presence: Present, Size: 10, ModTime: began.T.Add(-48 * time.Hour)}}, Manifest: ManifestFile{File: File{Presence: Present}, Manifest: plist.Manifest{IsEncrypted: true}},
				Index: IndexFile{File: File{Presence: Present, Size: 10}}}, Root: Root{Access: AccessGranted, Free: -1}, Phone: Phone{Battery: -1, DiskFree: -1, DiskUsed: -1}}
			if c.changed >= 0 {
				f.Folder.Changed = began.T.Add(-c.changed)
			}
			s := NewSession("U", "/b/U", DefaultRules(), nil)
			s.Observe(began, f)
			if c.after > 0 {
				if a := s.Assess(began.Add(c.after - time.Second)); len(a.Findings) > 0 {
					t.Errorf("a second too early: %+v", a.Findings)
				} else if due := began.T.Add(c.after); !a.Next.Equal(due) {
					t.Errorf("next is %v, want %v", a.Next, due)
				}
			}
			if got := s.Assess(began.Add(c.after)).Findings; len(got) != 1 || got[0].Code != ChainBroken {
				t.Errorf("after %v: %+v", c.after, got)
			}
		})
	}
}

// TestEachFolderHasItsOwnKeys: one phone may have backups in two watched
// folders, and the same trouble in both is two troubles.
func TestEachFolderHasItsOwnKeys(t *testing.T) {
	key := func(path string) string {
		s := NewSession("U", path, DefaultRules(), nil)
		f := uploading(1, 1)
		f.Folder.Index.Size = 2e9
		s.Observe(began, f)
		return find(s.Assess(began).Findings, IndexTooLarge).Key
	}
	if one, other := key("/b/U"), key("/c/U"); one == other || one != key("/b/U") || !strings.HasPrefix(one, "U@") || !strings.HasPrefix(other, "U@") {
		t.Errorf("the keys are %q and %q", one, other)
	}
	if got := key(""); got != "U/-/index-too-large/1" {
		t.Errorf("without a folder the key is %q", got)
	}
}

// TestFoundAndStillIsNotTooLong: a torn backup of long ago that was copied here
// looks like a run of weeks. As long as nobody saw it move it is none.
func TestFoundAndStillIsNotTooLong(t *testing.T) {
	f := uploading(100, 1e8)
	f.Folder.Status.Status.Date = began.T.AddDate(0, 0, -17)
	f.Folder.Newest = began.T.Add(-time.Minute)
	f.Writer, f.Phone.Link = Writer{}, LinkUnknown
	s := NewSession("U", "/b/U", DefaultRules(), nil)
	s.Observe(began, f)
	if a := s.Assess(began.Add(time.Minute)); !a.Phase.Active() || find(a.Findings, RunTooLong) != nil {
		t.Errorf("%s: %+v", a.Phase, a.Findings)
	}
	f.Folder.Files, f.Folder.Bytes = 110, 1.1e8
	s.Observe(began.Add(2*time.Minute), f)
	if a := s.Assess(began.Add(3 * time.Minute)); find(a.Findings, RunTooLong) == nil {
		t.Errorf("it moves, and is not too long: %+v", a.Findings)
	}
}
