package verify_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/verify/verifytest"
)

// Whatever happens during a check: no hang, no wrong verdict, a clear word.
func TestWorldChangesDuringCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, w *verifytest.Written, cancel func())
		want error
	}{
		{"a run begins", func(t *testing.T, w *verifytest.Written, _ func()) {
			must(t, os.WriteFile(filepath.Join(w.Dir, "Status.plist"), []byte("uploading"), 0o644))
		}, verify.ErrChanged},
		{"the index is replaced", func(t *testing.T, w *verifytest.Written, _ func()) {
			b, err := os.ReadFile(filepath.Join(w.Dir, "Manifest.db"))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(w.Dir, "new"), b, 0o644))
			must(t, os.Rename(filepath.Join(w.Dir, "new"), filepath.Join(w.Dir, "Manifest.db")))
		}, verify.ErrChanged},
		{"the folder vanishes", func(t *testing.T, w *verifytest.Written, _ func()) {
			must(t, os.Rename(w.Dir, w.Dir+".gone"))
		}, fs.ErrNotExist},
		{"the folder is deleted", func(t *testing.T, w *verifytest.Written, _ func()) { must(t, os.RemoveAll(w.Dir)) }, fs.ErrNotExist},
		{"Ctrl-C", func(_ *testing.T, _ *verifytest.Written, cancel func()) { cancel() }, context.Canceled},
	} {
		for _, kind := range []verifytest.Chain{{Files: 200}, {Files: 200, Flat: true}, {Files: 50, Password: password}} {
			t.Run(c.name, func(t *testing.T) {
				if kind.Flat && strings.Contains(c.name, "index") {
					t.Skip("there is no Manifest.db")
				}
				w := write(t, kind)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				var once sync.Once
				begin := func() { once.Do(func() { c.do(t, w, cancel) }) }
				r, err := verify.Check(ctx, w.Dir, verify.Options{Begin: begin, Deep: true, Quick: true})
				if !errors.Is(err, c.want) {
					t.Errorf("got %v (%s), want %v", err, r.Verdict, c.want)
				}
			})
		}
	}
}

// A file that grows while it is looked at is no reason to call the backup
// changed: the next look tells.
func TestPayloadChangesDuringCheck(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 100})
	var once sync.Once
	begin := func() {
		once.Do(func() { must(t, os.WriteFile(filepath.Join(w.Dir, "ab", "new"), []byte("x"), 0o644)) })
	}
	r, err := verify.Check(context.Background(), w.Dir, verify.Options{Begin: begin})
	if err != nil || r.Verdict != backup.Good {
		t.Errorf("%v %s", err, r.Verdict)
	}
}

// unprivileged makes the calling goroutine's thread that of nobody, as far as
// files go. The thread ends with the goroutine.
func unprivileged() {
	runtime.LockOSThread()
	unix.Setfsgid(65534)
	unix.Setfsuid(65534)
}

func TestUnreadableShard(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 200})
	shard := filepath.Join(w.Dir, "7f")
	must(t, os.Chmod(shard, 0o000))
	defer os.Chmod(shard, 0o755)
	o := verify.Options{}
	if os.Getuid() == 0 {
		o.Begin = unprivileged
	}
	r, err := verify.Check(context.Background(), w.Dir, o)
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "7f") {
		t.Errorf("got %v (%s)", err, r.Verdict)
	}
}

// A file of the metadata that may not be read is a refusal, not damage, whichever
// of them it is: nothing can be said of the backup.
func TestDeniedMetadata(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs to be somebody else for a moment")
	}
	for name, c := range map[string]verifytest.Chain{
		"Status.plist": {Files: 10}, "Info.plist": {Files: 10}, "Manifest.plist": {Files: 10}, "Manifest.db": {Files: 10},
		"Manifest.mbdb": {Files: 10, Flat: true},
	} {
		w := write(t, c)
		for dir := w.Dir; dir != os.TempDir(); dir = filepath.Dir(dir) {
			must(t, os.Chmod(dir, 0o755))
		}
		must(t, os.Chmod(filepath.Join(w.Dir, name), 0o000))
		var err error
		var wg sync.WaitGroup
		wg.Go(func() {
			unprivileged()
			_, err = verify.Check(context.Background(), w.Dir, verify.Options{Workers: 1, Begin: unprivileged})
		})
		wg.Wait()
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadOnlyVolume(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("no right to mount: %v", err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	w, err := verifytest.Chain{Files: 200}.Write(filepath.Join(dir, verifytest.UDID))
	must(t, err)
	must(t, unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	if r := check(t, w.Dir, verify.Options{Deep: true, Quick: true}); r.Verdict != backup.Good {
		t.Errorf("%s %+v", r.Verdict, r.Problems)
	}
}

// The story the project began with: a disk that fills up and is freed again
// leaves files cut short, and everybody says success.
func TestDiskFilledUp(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 1000})
	for _, f := range big(w, 100, 258) {
		must(t, os.Truncate(f.Disk, f.Size/2))
	}
	r := check(t, w.Dir, verify.Options{})
	if r.Verdict != backup.BrokenUp || r.WrongSize != 258 || r.Confidence != backup.High {
		t.Errorf("%s, %d of the wrong size, %s", r.Verdict, r.WrongSize, r.Confidence)
	}
	if c := r.Check(); c.WrongSize != 258 || c.Files != 1000 || c.Summary == "" || !strings.Contains(c.Reason, "258") {
		t.Errorf("%+v", c)
	}
}
