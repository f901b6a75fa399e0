package daemon

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/history"
	"backupwatchdog/daemon/notify"
	"backupwatchdog/daemon/watch"
	"backupwatchdog/plist"
)

// fed is a loop that sees what a test tells it, and speaks to nobody.
func fed(t *testing.T, db *history.DB) *loop {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	return &loop{opt: Options{Log: log}, log: log, db: db, ctx: ctx, cfg: config.Default(), rootMemory: map[string]*backup.RootMemory{},
		backups: map[string]*tracked{}, phones: newPhones(), desk: notify.NewDesk(notify.Options{History: db, Log: log, Now: time.Now()})}
}

func inMemory(t *testing.T) *history.DB {
	t.Helper()
	db, err := history.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// whole is a finished backup that nobody has touched for a day.
func whole(now time.Time) backup.Folder {
	then := now.Add(-24 * time.Hour)
	file := backup.File{Presence: backup.Present, Size: 100, ModTime: then}
	return backup.Folder{Changed: then, Newest: then, Files: -1, Bytes: -1, SnapshotFiles: -1, SnapshotBytes: -1, Snapshot: backup.No,
		Status:   backup.StatusFile{File: file, Status: plist.Status{SnapshotState: "finished", BackupState: "new", UUID: "C", Date: then}},
		Manifest: backup.ManifestFile{File: file}, Index: backup.IndexFile{File: file, Format: backup.IndexSQLite}, Info: backup.InfoFile{File: file}}
}

func cut(fo backup.Folder) backup.Folder {
	fo.Index.Presence, fo.Index.Detail = backup.Broken, "It is cut short."
	return fo
}

// see has the loop look at folders, by path, at a moment.
func (l *loop) see(now time.Time, folders map[string]backup.Folder) control.Status {
	look := watch.Look{At: backup.Moment{T: now}}
	for path, fo := range folders {
		name := path[strings.LastIndex(path, "/")+1:]
		udid, _, archived := strings.Cut(name, "-20")
		look.Backups = append(look.Backups, watch.Backup{UDID: udid, Path: path, Root: strings.TrimSuffix(path, "/"+name), Archived: archived, Folder: fo})
	}
	slices.SortFunc(look.Backups, func(a, b watch.Backup) int { return strings.Compare(a.Path, b.Path) })
	for _, b := range look.Backups {
		if !slices.ContainsFunc(look.Roots, func(r backup.Root) bool { return r.Path == b.Root }) {
			look.Roots = append(look.Roots, backup.Root{Path: b.Root, Access: backup.AccessGranted, Volume: backup.VolumeOK, Free: -1})
		}
	}
	l.takeLook(look)
	l.observe(look.At)
	l.save(look.At, false)
	return l.status(look.At)
}

// TestTwoFoldersOfOnePhone: each has its own findings, keys, runs and checks,
// and one that was set aside takes nothing from either, before and after a restart.
func TestTwoFoldersOfOnePhone(t *testing.T) {
	now := time.Now()
	db := inMemory(t)
	run := func(path string, ended time.Time, o backup.Outcome) {
		if err := db.SaveRun(backup.PastRun{UDID: "U", Path: path, Started: ended.Add(-time.Hour), Ended: ended, Outcome: o, ChainFiles: -1, ChainBytes: -1}); err != nil {
			t.Fatal(err)
		}
	}
	recent, running := now.Add(-time.Hour), now.Add(-time.Minute)
	run("/a/U", recent, backup.OutcomeComplete)
	run("/a/U", running, backup.OutcomeRunning)
	if err := db.SaveCheck("U", "/a/U", backup.CheckResult{At: now, Verdict: backup.Good}); err != nil {
		t.Fatal(err)
	}
	folders := map[string]backup.Folder{"/a/U": cut(whole(now)), "/a/U-20260101-120000": whole(now), "/b/U": cut(whole(now))}
	for _, restart := range []string{"at first", "after a restart"} {
		l := fed(t, db)
		st := l.see(now, folders)
		keys := map[string]bool{}
		for _, b := range st.Backups {
			for _, f := range b.Findings {
				if keys[f.Key] || !strings.HasPrefix(f.Key, "U") {
					t.Errorf("%s: the key %s of %s", restart, f.Key, b.Path)
				}
				keys[f.Key] = true
				if f.Evidence[len(f.Evidence)-1].Value != b.Path {
					t.Errorf("%s: nothing says that %s is about %s", restart, f.Key, b.Path)
				}
			}
		}
		want := map[string]backup.Verdict{"/a/U": backup.Good, "/b/U": backup.BrokenUp, "/a/U-20260101-120000": backup.Unchecked}
		for _, b := range st.Backups {
			if b.Chain.Verdict != want[b.Path] {
				t.Errorf("%s: the chain at %s is %s, want %s", restart, b.Path, b.Chain.Verdict, want[b.Path])
			}
			if mine := b.LastComplete != nil && b.LastComplete.Equal(recent.UTC().Truncate(time.Second)); mine != (b.Path == "/a/U") {
				t.Errorf("%s: the last complete one at %s was %v", restart, b.Path, b.LastComplete)
			}
		}
		scene := l.scene(backup.Moment{T: now})
		if len(scene.Backups) != 2 || scene.Backups[0].Folder == scene.Backups[1].Folder {
			t.Errorf("%s: the scene has %+v", restart, scene.Backups)
		}
	}
	for _, r := range db.Runs("U", time.Time{}, 0) {
		if r.Path != "/a/U" {
			t.Errorf("a run has come to %q", r.Path)
		}
	}
}

// TestAMovedFolderBringsItsPast: what the phone taught is not lost with the place.
func TestAMovedFolderBringsItsPast(t *testing.T) {
	now := time.Now()
	db := inMemory(t)
	ended := now.Add(-time.Hour)
	if err := db.SaveRun(backup.PastRun{UDID: "U", Path: "/old/U", Started: ended.Add(-time.Hour), Ended: ended, Outcome: backup.OutcomeComplete, ChainFiles: -1, ChainBytes: -1}); err != nil {
		t.Fatal(err)
	}
	st := fed(t, db).see(now, map[string]backup.Folder{"/new/U": whole(now)})
	if at := st.Backups[0].LastComplete; at == nil || !at.Equal(ended.UTC().Truncate(time.Second)) {
		t.Errorf("the last complete one was %v", at)
	}
}

// TestDeniedIsNotUnfinished: of a backup whose files may not be read nothing is
// known, neither that it is whole nor that it is not, and that is said.
func TestDeniedIsNotUnfinished(t *testing.T) {
	now := time.Now()
	deny := func(f *backup.File, detail string) { *f = backup.File{Presence: backup.Denied, Detail: detail} }
	const no = "This program may not read it."
	for name, c := range map[string]struct {
		deny  func(*backup.Folder)
		names string
	}{
		"all": {func(fo *backup.Folder) {
			for _, f := range []*backup.File{&fo.Status.File, &fo.Manifest.File, &fo.Index.File, &fo.Info.File} {
				deny(f, no)
			}
		}, "Reading /a/U is refused"},
		"Status.plist":   {func(fo *backup.Folder) { deny(&fo.Status.File, no) }, "Status.plist in /a/U"},
		"Manifest.plist": {func(fo *backup.Folder) { deny(&fo.Manifest.File, no) }, "Manifest.plist in /a/U"},
		"Manifest.db":    {func(fo *backup.Folder) { deny(&fo.Index.File, no) }, "Manifest.db in /a/U"},
		"Info.plist":     {func(fo *backup.Folder) { deny(&fo.Info.File, no) }, "Info.plist in /a/U"},
		"Status.plist taken away just now": {func(fo *backup.Folder) {
			fo.Status, fo.Changed = backup.StatusFile{File: backup.File{Presence: backup.Missing}}, now
		}, ""},
		"a link": {func(fo *backup.Folder) { deny(&fo.Status.File, watch.Linked) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			fo := whole(now)
			c.deny(&fo)
			b := fed(t, inMemory(t)).see(now, map[string]backup.Folder{"/a/U": fo}).Backups[0]
			if b.Chain.Verdict != backup.Unchecked || b.Chain.Restorable != "" {
				t.Errorf("the chain is %s, restorable %q", b.Chain.Verdict, b.Chain.Restorable)
			}
			i := slices.IndexFunc(b.Findings, func(f backup.Finding) bool { return f.Code == backup.NoAccess })
			if c.names == "" {
				if i >= 0 {
					t.Errorf("said to be refused: %+v", b.Findings[i])
				}
				return
			}
			if i < 0 || b.Findings[i].Severity != backup.Critical || !strings.Contains(b.Findings[i].Detail, c.names) {
				t.Errorf("the findings are %+v", b.Findings)
			}
			for _, f := range b.Findings {
				if f.Code != backup.NoAccess && f.Severity > backup.Info {
					t.Errorf("%s as well", f.Code)
				}
			}
		})
	}
}
