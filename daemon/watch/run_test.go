package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"backupwatchdog/daemon/backup"
)

// running is a watcher in a bubble of simulated time.
type running struct {
	t     *testing.T
	w     *Watcher
	src   *pretend
	began time.Time
	stop  func()
}

// start runs a watcher on a root, with a source of events the test drives.
func start(t *testing.T, root string, o Options) *running {
	t.Helper()
	r := &running{t: t, src: &pretend{}, began: time.Now()}
	o.Roots = []Root{{Path: root}}
	if o.NewSource == nil {
		o.NewSource = r.src.make
	}
	r.w = New(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.w.Run(ctx) }()
	r.stop = func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	}
	return r
}

// looks gathers the looks of the next d, as seconds since the start.
func (r *running) looks(d time.Duration) (at []string, last Look) {
	for end := time.After(d); ; {
		select {
		case l := <-r.w.Looks():
			at = append(at, fmt.Sprintf("%.1f", l.At.T.Sub(r.began).Seconds()))
			last = l
		case <-end:
			return at, last
		}
	}
}

// want compares the times of looks, and returns the last of them.
func (r *running) want(d time.Duration, want ...string) Look {
	r.t.Helper()
	got, last := r.looks(d)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		r.t.Errorf("looks at %v, want %v", got, want)
	}
	return last
}

func TestIntervals(t *testing.T) {
	p := newPhone(t)
	synctest.Test(t, func(t *testing.T) {
		r := start(t, p.root(), Options{Events: true})
		defer r.stop()
		r.want(150*time.Second, "0.0", "60.0", "120.0")
		r.w.SetActive([]string{p.path})
		r.want(12*time.Second, "150.0", "155.0", "160.0")
		r.w.SetActive(nil)
		r.want(110*time.Second, "220.0")
		r.w.Poke()
		r.want(30*time.Second, "272.0")
	})
}

// An event is answered within a second, and once more shortly after; a flood
// at one path is not answered more often than that is worth.
func TestEventsWake(t *testing.T) {
	p := newPhone(t)
	synctest.Test(t, func(t *testing.T) {
		r := start(t, p.root(), Options{Events: true})
		defer r.stop()
		r.want(10*time.Second, "0.0")
		r.src.fire(Hint{Path: filepath.Join(p.path, "Snapshot")})
		r.want(10*time.Second, "10.2", "12.2")
		r.src.fire(Hint{Path: filepath.Join(filepath.Dir(p.root()), "another")})
		r.src.fire(Hint{Path: "/somewhere/else"})
		r.want(10 * time.Second)
		index := filepath.Join(p.path, "Manifest.db")
		go func() {
			for range 2000 {
				r.src.fire(Hint{Path: index})
				time.Sleep(10 * time.Millisecond)
			}
		}()
		r.want(21*time.Second, "30.2", "32.2", "35.2", "37.2", "40.2", "42.2", "45.2", "47.2", "50.2")
	})
}

// A new folder is seen at once with events, and at the next look without.
func TestNewFolder(t *testing.T) {
	for _, events := range []bool{true, false} {
		dir := tempDir(t)
		synctest.Test(t, func(t *testing.T) {
			r := start(t, dir, Options{Events: events})
			defer r.stop()
			first := r.want(10*time.Second, "0.0")
			if first.Roots[0].Polling == events {
				t.Errorf("events %t: polling %t, %q", events, first.Roots[0].Polling, first.Roots[0].PollingWhy)
			}
			must(t, os.Mkdir(filepath.Join(dir, udid), 0o755))
			var l Look
			if events {
				r.src.fire(Hint{Path: filepath.Join(dir, udid)})
				l = r.want(time.Second, "10.2")
			} else {
				l = r.want(55*time.Second, "60.0")
			}
			if len(l.Backups) != 1 {
				t.Errorf("events %t: found %d backups", events, len(l.Backups))
			}
		})
	}
}

// Without any source of events the watcher goes on by looking, and says so.
func TestNoSource(t *testing.T) {
	p := newPhone(t)
	synctest.Test(t, func(t *testing.T) {
		none := func(func(Hint)) (Source, error) { return nil, errors.New("inotify is used up") }
		r := start(t, p.root(), Options{Events: true, NewSource: none, Idle: 10 * time.Minute})
		defer r.stop()
		l := r.want(5*time.Second, "0.0", "1.0", "3.0") // it is asked for again, less and less often
		if root := l.Roots[0]; !root.Polling || root.PollingWhy != "File events are not available: inotify is used up." || len(l.Backups) != 1 {
			t.Errorf("root %+v, %d backups", root, len(l.Backups))
		}
	})
}

// Whoever is late sees the newest look, and only that.
func TestLatestWins(t *testing.T) {
	dir := tempDir(t)
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Idle: time.Second})
		defer r.stop()
		time.Sleep(99500 * time.Millisecond)
		must(t, os.Mkdir(filepath.Join(dir, udid), 0o755))
		time.Sleep(time.Second)
		if got, l := r.looks(100 * time.Millisecond); len(got) != 1 || got[0] != "100.0" || len(l.Backups) != 1 {
			t.Errorf("looks at %v, %d backups; want the newest alone", got, len(l.Backups))
		}
	})
}

func TestSetRoots(t *testing.T) {
	a, b := tempDir(t), tempDir(t)
	must(t, os.Mkdir(filepath.Join(b, udid), 0o755))
	synctest.Test(t, func(t *testing.T) {
		r := start(t, a, Options{Events: true})
		defer r.stop()
		r.want(10*time.Second, "0.0")
		r.w.SetRoots([]Root{{Path: b, Default: true}})
		l := r.want(10*time.Second, "10.0")
		if len(l.Roots) != 1 || l.Roots[0].Path != b || !l.Roots[0].Default || len(l.Backups) != 1 {
			t.Errorf("roots %+v, %d backups", l.Roots, len(l.Backups))
		}
	})
}

// A disk that does not answer is said not to, in time; nothing is made up about
// what lies on it, and Run can be ended all the while.
func TestDiskThatHangs(t *testing.T) {
	p := newPhone(t)
	synctest.Test(t, func(t *testing.T) {
		src := &pretend{}
		hang := make(chan struct{})
		r := start(t, p.root(), Options{Events: true, NewSource: func(sink func(Hint)) (Source, error) {
			if src.made == 1 {
				<-hang
			}
			return src.make(sink)
		}})
		r.want(10*time.Second, "0.0")
		src.fire(Hint{Err: errors.New("queue overflow")})
		l := r.want(40*time.Second, "40.2")
		if root := l.Roots[0]; root.Access != backup.AccessUnknown || root.Detail == "" || root.Free != -1 {
			t.Errorf("root %+v", root)
		}
		if len(l.Backups) != 1 || l.Backups[0].Folder.Files != -1 || l.Backups[0].Folder.Status.Presence != backup.NotLooked {
			t.Errorf("backups %+v", l.Backups)
		}
		close(hang)
		if l = r.want(5*time.Second, "10.2", "50.0"); l.Roots[0].Access != backup.AccessGranted {
			t.Errorf("afterwards: %+v", l.Roots[0])
		}
		r.stop()
	})
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		r := start(t, p.root(), Options{Events: true, NewSource: func(func(Hint)) (Source, error) {
			<-hang
			return nil, errors.New("too late")
		}})
		time.Sleep(time.Minute)
		r.stop()
		close(hang)
	})
}

// The rest is the real thing: real events on a real disk, in real time.

// until waits for a look that satisfies ok.
func until(t *testing.T, w *Watcher, what string, ok func(Look) bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case l := <-w.Looks():
			if ok(l) {
				return
			}
		case <-late:
			t.Fatalf("%s was not seen within 30 seconds", what)
		}
	}
}

func TestRealEvents(t *testing.T) {
	dir := tempDir(t)
	a, b, link := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "link")
	must(t, os.Mkdir(a, 0o755), os.MkdirAll(filepath.Join(b, udid), 0o755), os.Symlink(a, link))
	w := New(Options{Roots: []Root{{Path: link}}, Events: true, Idle: time.Hour})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	until(t, w, "the root", func(l Look) bool { return l.Roots[0].Access == backup.AccessGranted && !l.Roots[0].Polling })

	p := &phone{t: t, path: filepath.Join(a, udid)}
	must(t, os.Mkdir(p.path, 0o755))
	until(t, w, "a new folder", func(l Look) bool { return len(l.Backups) == 1 })
	p.shards("Snapshot")
	until(t, w, "Snapshot/", func(l Look) bool { return l.Backups[0].Folder.Snapshot == backup.Yes })
	p.status("uploading", "empty", true)
	until(t, w, "a new state", func(l Look) bool { return l.Backups[0].Folder.Status.Status.SnapshotState == "uploading" })
	must(t, os.Rename(p.path, p.path+"-20261127-101402"))
	until(t, w, "an archived folder", func(l Look) bool { return len(l.Backups) == 1 && l.Backups[0].Archived })
	must(t, os.Symlink(b, link+".new"), os.Rename(link+".new", link))
	until(t, w, "another target", func(l Look) bool { return l.Roots[0].Resolved == b })
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run returned %v", err)
	}
}
