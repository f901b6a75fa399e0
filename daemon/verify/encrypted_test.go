package verify_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/verify/verifytest"
)

const password = "correct horse"

func TestPasswordProves(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 150, Password: password})
	temp := t.TempDir()
	o := verify.Options{Password: []byte(password), Deep: true, Quick: true, TempDir: temp}
	before := picture(t, w.Dir)
	r := check(t, w.Dir, o)
	if r.Verdict != backup.Good || *r.Listed != 150 || r.Present != 150 || r.DeepFiles != 150 || r.QuickCheck != "ok" {
		t.Errorf("whole: %+v", r)
	}
	if picture(t, w.Dir) != before {
		t.Error("the backup changed")
	}
	must(t, os.Remove(w.Files[0].Disk))
	must(t, os.Truncate(big(w, 5, 1)[0].Disk, 16))
	flip(t, big(w, 9, 1)[0].Disk)
	r = check(t, w.Dir, o)
	want := counts{Verdict: backup.BrokenUp, Restorable: "no", Missing: 1, Size: 1, Content: 1, Codes: "chain-broken"}
	if got := countsOf(r); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, p := range r.Problems {
		if p.Domain == "" || p.Name == "" {
			t.Errorf("a problem without a name: %+v", p)
		}
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Before iOS 10.2 only the files were encrypted, and not the index.
func TestOldEncryptedChain(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 60, Password: password, PlainIndex: true})
	if r := check(t, w.Dir, verify.Options{Deep: true}); r.Verdict != backup.Good || r.DeepFiles != 0 {
		t.Errorf("without the password: %s, %d proved", r.Verdict, r.DeepFiles)
	}
	flip(t, big(w, 3, 1)[0].Disk)
	r := check(t, w.Dir, verify.Options{Deep: true, Password: []byte(password)})
	if r.Verdict != backup.BrokenUp || r.WrongContent != 1 || r.DeepFiles != 59 {
		t.Errorf("with it: %s, %d wrong, %d proved", r.Verdict, r.WrongContent, r.DeepFiles)
	}
	_, err := verify.Check(context.Background(), w.Dir, verify.Options{Password: []byte("wrong")})
	if !errors.Is(err, verify.ErrPassword) {
		t.Errorf("a wrong one: %v", err)
	}
}

// flip changes the last byte: in the padding, or the last of the content.
func flip(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	b[len(b)-1] ^= 1
	must(t, os.WriteFile(path, b, 0o644))
}

func TestWrongPassword(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 5, Password: password})
	temp := t.TempDir()
	_, err := verify.Check(context.Background(), w.Dir, verify.Options{Password: []byte("wrong"), TempDir: temp})
	if !errors.Is(err, verify.ErrPassword) {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestHostileKeybag(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 5, Password: password})
	for name, bag := range map[string]string{
		"cut":        "REVSUwAAAAQAAAAFVFlQRQ==",
		"huge value": "U0FMVP////8=",
		// SALT 1 byte, ITER 0xffffffff, CLAS 1, WRAP 2, WPKY 1 byte
		"rounds without end": "U0FMVAAAAAEASVRFUgAAAAT/////Q0xBUwAAAAQAAAABV1JBUAAAAAQAAAACV1BLWQAAAAEA",
		"empty":              "",
	} {
		path := filepath.Join(w.Dir, "Manifest.plist")
		b, err := os.ReadFile(path)
		must(t, err)
		s := string(b)
		i := strings.Index(s, "<key>BackupKeyBag</key><data>") + len("<key>BackupKeyBag</key><data>")
		j := i + strings.Index(s[i:], "</data>")
		must(t, os.WriteFile(path, []byte(s[:i]+bag+s[j:]), 0o644))
		r := check(t, w.Dir, verify.Options{Password: []byte(password)})
		if r.Verdict != backup.BrokenUp || !r.Has(verify.ManifestPlistUnreadable) {
			t.Errorf("%s: %s %+v", name, r.Verdict, r.Problems)
		}
		must(t, os.WriteFile(path, b, 0o644))
	}
}

func TestCrashLeavesNoIndex(t *testing.T) {
	dir := t.TempDir()
	dead := filepath.Join(dir, "backup-watchdog-index-1.db")
	alive := filepath.Join(dir, "backup-watchdog-index-2.db")
	other := filepath.Join(dir, "something-else.db")
	for _, p := range []string{dead, alive, other} {
		must(t, os.WriteFile(p, []byte("SQLite format 3"), 0o600))
	}
	f, err := os.Open(alive)
	must(t, err)
	defer f.Close()
	must(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	verify.SweepTemp(dir)
	if _, err := os.Stat(dead); err == nil {
		t.Error("the index of a dead process is still there")
	}
	for _, p := range []string{alive, other} {
		if _, err := os.Stat(p); err != nil {
			t.Errorf("%s is gone", filepath.Base(p))
		}
	}
}

func TestInventoryTellsLossWithoutPassword(t *testing.T) {
	date := time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)
	w := write(t, verifytest.Chain{Files: 1000, Password: password, Date: date})
	state := filepath.Join(t.TempDir(), "inventories")
	o := verify.Options{Inventories: state}
	if r := check(t, w.Dir, o); r.Verdict != backup.Unproven {
		t.Fatalf("first: %s", r.Verdict)
	}
	if n := treeSize(t, state); n > 24*1000 {
		t.Errorf("the inventory has %d bytes for 1000 files", n)
	}
	for _, f := range w.Files[:3] {
		must(t, os.Remove(f.Disk))
	}
	must(t, os.Truncate(big(w, 50, 1)[0].Disk, 32))
	for _, when := range []string{"then", "and again"} {
		r := check(t, w.Dir, o)
		want := counts{Verdict: backup.BrokenUp, Restorable: "no", Missing: 3, Size: 1, Codes: "chain-broken"}
		if got := countsOf(r); got != want {
			t.Errorf("%s: got  %+v\nwant %+v", when, got, want)
		}
		for _, f := range w.Files[:3] {
			path := f.ID[:2] + "/" + f.ID[:30] + "…"
			if !slices.ContainsFunc(r.Problems, func(p verify.Problem) bool { return p.Path == path && p.Kind == verify.FileMissing }) {
				t.Errorf("%s is not named among %v", path, r.Problems)
			}
		}
	}
	// Set aside under another name it is still the same chain.
	moved := w.Dir + "-20261121-080000"
	must(t, os.Rename(w.Dir, moved))
	if r := check(t, moved, o); r.Missing != 3 {
		t.Errorf("after renaming: missing %d", r.Missing)
	}
	must(t, os.Rename(moved, w.Dir))
	// The next run may delete what it likes.
	status := filepath.Join(w.Dir, "Status.plist")
	b, err := os.ReadFile(status)
	must(t, err)
	must(t, os.WriteFile(status, []byte(strings.Replace(string(b), "2026-11-20", "2026-11-22", 1)), 0o644))
	if r := check(t, w.Dir, o); r.Verdict != backup.Unproven || r.Missing != 0 {
		t.Errorf("after the next run: %s, missing %d", r.Verdict, r.Missing)
	}
}

func treeSize(t *testing.T, dir string) (n int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		n += info.Size()
	}
	return n
}

func TestDamagedInventoryIsNoEvidence(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 100, Password: password})
	state := t.TempDir()
	check(t, w.Dir, verify.Options{Inventories: state})
	entries, err := os.ReadDir(state)
	must(t, err)
	path := filepath.Join(state, entries[0].Name())
	whole, err := os.ReadFile(path)
	must(t, err)
	must(t, os.Remove(w.Files[0].Disk))
	for _, cut := range []int{0, 5, 40, len(whole) / 2, len(whole) - 1} {
		must(t, os.WriteFile(path, whole[:cut], 0o600))
		if r := check(t, w.Dir, verify.Options{Inventories: state}); r.Verdict != backup.Unproven {
			t.Errorf("cut to %d bytes: %s", cut, r.Verdict)
		}
	}
}

func TestPruneInventories(t *testing.T) {
	state := t.TempDir()
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	age := map[string]time.Duration{"a": 0, "b": 399 * 24 * time.Hour, "c": 401 * 24 * time.Hour, "d": time.Hour}
	for name, d := range age {
		w := write(t, verifytest.Chain{Files: 5, UDID: "00008101-00000000000000" + strings.Repeat(name, 2)})
		dir := w.Dir + name
		must(t, os.Rename(w.Dir, dir))
		r := check(t, dir, verify.Options{Inventories: state, Now: func() time.Time { return now }})
		if r.Verdict != backup.Good {
			t.Fatalf("%+v", r.Problems)
		}
		entries, err := os.ReadDir(state)
		must(t, err)
		for _, e := range entries {
			p := filepath.Join(state, e.Name())
			if filepath.Ext(p) == ".inventory" {
				must(t, os.Chtimes(p, now.Add(-d), now.Add(-d)))
				must(t, os.Rename(p, p+"."+name))
			}
		}
	}
	for name := range age {
		hits, _ := filepath.Glob(filepath.Join(state, "*."+name))
		must(t, os.Rename(hits[0], strings.TrimSuffix(hits[0], "."+name)))
	}
	must(t, verify.PruneInventories(state, now, func(udid, _ string) bool { return strings.HasSuffix(udid, "dd") }))
	entries, err := os.ReadDir(state)
	must(t, err)
	if len(entries) != 2 {
		t.Errorf("%d inventories are left, want those of a and b", len(entries))
	}
}
