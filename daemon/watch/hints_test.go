package watch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
)

// pretend is a source of events that a test drives.
type pretend struct {
	mu     sync.Mutex
	sink   func(Hint)
	added  []string
	made   int
	closed int
	refuse func(path string) error
	none   error
}

func (p *pretend) make(sink func(Hint)) (Source, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.none != nil {
		return nil, p.none
	}
	p.made++
	p.sink, p.added = sink, nil
	return p, nil
}

func (p *pretend) Add(path string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse != nil {
		if err := p.refuse(path); err != nil {
			return err
		}
	}
	p.added = append(p.added, path)
	return nil
}

func (p *pretend) Close() error { p.closed++; return nil }

// fire sends a hint as the system would.
func (p *pretend) fire(h Hint) {
	p.mu.Lock()
	sink := p.sink
	p.mu.Unlock()
	sink(h)
}

func newHints(p *pretend) *hints {
	return &hints{make: p.make, out: make(chan string, 8), log: func(string, ...any) {}}
}

// lookAt is the look that a sampler takes of a folder at a time.
func lookAt(t *testing.T, root string, at time.Duration) *Look {
	t.Helper()
	l := newSampler(Options{}.withDefaults()).look(request{
		now: backup.Moment{T: time.Unix(1_800_000_000, 0).Add(at)}, roots: []Root{{Path: root}},
	})
	return &l
}

func TestPrice(t *testing.T) {
	if got := price(5); got != 6 { // fsnotify's README: a folder of five files costs six
		t.Errorf("price(5) = %d, want 6", got)
	}
}

// By the rule of macOS one phone costs at most 300 descriptors: the folder with
// its shards, the root, and the folder above it.
func TestDescriptorsOfOnePhone(t *testing.T) {
	dir := tempDir(t)
	real := filepath.Join(dir, "disk", "Backup")
	must(t, os.MkdirAll(real, 0o755), os.Mkdir(filepath.Join(dir, "MobileSync"), 0o755),
		os.Symlink(real, filepath.Join(dir, "MobileSync", "Backup")))
	p := &phone{t: t, path: filepath.Join(real, udid)}
	p.shards("")
	p.shards("Snapshot")
	p.put("Snapshot", 500, 0)
	for _, name := range []string{"Info.plist", "Status.plist", "Manifest.plist", "Manifest.db"} {
		p.write(name, []byte("x"))
	}
	src := &pretend{}
	h := newHints(src)
	h.sync(lookAt(t, filepath.Join(dir, "MobileSync", "Backup"), 0))
	want := []string{real, filepath.Join(dir, "MobileSync"), p.path}
	if !slices.Equal(src.added, want) {
		t.Errorf("watching %q, want %q", src.added, want)
	}
	total := 0
	for _, path := range src.added {
		entries, err := os.ReadDir(path)
		must(t, err)
		total += price(len(entries))
	}
	if total > 300 || total < 260 {
		t.Errorf("that costs %d descriptors by the rule of macOS, want at most 300", total)
	}
	for _, path := range src.added {
		if strings.Contains(path, "Snapshot") || len(filepath.Base(path)) == 2 {
			t.Errorf("%s must never be watched", path)
		}
	}
}

func TestAfford(t *testing.T) {
	phones := func(n int) (list []wish) {
		list = append(list, wish{path: "root", price: 20})
		for i := range n {
			list = append(list, wish{path: fmt.Sprint(i), price: 263, device: true})
		}
		return list
	}
	for _, c := range []struct {
		what        string
		wishes      []wish
		take, leave int
	}{
		{"nothing", nil, 0, 0},
		{"one phone", phones(1), 2, 0},
		{"ten phones", phones(10), 8, 3},
		{"a folder of files", []wish{{price: 4000, device: true}, {price: 263, device: true}}, 1, 1},
		{"a crowded folder above", []wish{{price: 200, spare: true}, {price: 10}}, 1, 1},
		{"a root with thousands of entries", []wish{{price: budget + 1}}, 0, 1},
	} {
		take, leave := afford(c.wishes, budget)
		sum := 0
		for _, w := range take {
			sum += w.price
		}
		if len(take) != c.take || len(leave) != c.leave || sum > budget {
			t.Errorf("%s: %d taken for %d, %d left; want %d, %d", c.what, len(take), sum, len(leave), c.take, c.leave)
		}
	}
}

// Whoever cannot be watched is polled, and the root says why.
func TestPollingIsSaid(t *testing.T) {
	dir := tempDir(t)
	must(t, os.Mkdir(filepath.Join(dir, udid), 0o755))
	enfile := func(string) error { return syscall.EMFILE }
	for _, c := range []struct {
		what string
		src  *pretend
		want string
	}{
		{"no source at all", &pretend{none: errors.New("no such device")}, "File events are not available: no such device."},
		{"no descriptors", &pretend{refuse: enfile}, "are not available: too many open files."},
		{"all well", &pretend{}, ""},
	} {
		l := lookAt(t, dir, 0)
		newHints(c.src).sync(l)
		if r := l.Roots[0]; r.Polling != (c.want != "") || !strings.HasSuffix(r.PollingWhy, c.want) {
			t.Errorf("%s: polling %t, %q", c.what, r.Polling, r.PollingWhy)
		}
	}
	for i := range 10 {
		must(t, os.Mkdir(filepath.Join(dir, fmt.Sprintf("%s%d", udid[:24], i)), 0o755))
	}
	l := lookAt(t, dir, 0)
	newHints(&pretend{}).sync(l)
	if r := l.Roots[0]; !r.Polling || !strings.Contains(r.PollingWhy, "263 file descriptors") {
		t.Errorf("eleven phones: polling %t, %q", r.Polling, r.PollingWhy)
	}
}

// A source is made anew whenever it may have gone deaf.
func TestRebuild(t *testing.T) {
	dir := tempDir(t)
	must(t, os.Mkdir(filepath.Join(dir, udid), 0o755))
	src := &pretend{}
	h := newHints(src)
	at := time.Duration(0)
	var slept time.Duration
	var last *Look
	want := func(what string, made int) {
		t.Helper()
		at += time.Minute
		l := lookAt(t, dir, at)
		l.At.Slept, last = slept, l
		h.sync(l)
		if src.made != made || src.closed != made-1 || len(src.added) != 3 {
			t.Errorf("%s: made %d times, closed %d, watching %d; want %d made and 3 watched", what, src.made, src.closed, len(src.added), made)
		}
		if l.Roots[0].Polling {
			t.Errorf("%s: %s", what, l.Roots[0].PollingWhy)
		}
	}
	want("first", 1)
	want("nothing happened", 1)
	src.fire(Hint{Path: filepath.Join(dir, udid, "Status.plist"), Gone: true})
	want("a file went", 1)
	src.fire(Hint{Path: filepath.Join(dir, udid), Gone: true})
	want("a watched folder went", 2)
	src.fire(Hint{Err: errors.New("queue overflow")})
	want("events were lost", 3)
	slept = 29 * time.Second
	want("a nap", 3)
	slept += 10 * time.Minute
	want("a sleep", 4)
	at += time.Hour
	want("an hour later", 5)
	must(t, os.Rename(dir, dir+".old"), os.MkdirAll(filepath.Join(dir, udid), 0o755))
	want("another folder in its place", 6)
	must(t, os.Rename(dir, dir+".away"))
	gone := lookAt(t, dir, at)
	gone.Identities = last.Identities // as a sampler remembers it
	h.sync(gone)
	must(t, os.Rename(dir+".away", dir))
	want("the same folder is back", 7)
}

// A folder that is busy fails to be added now and then; it is tried again, less
// and less often.
func TestRetry(t *testing.T) {
	dir := tempDir(t)
	must(t, os.Mkdir(filepath.Join(dir, udid), 0o755))
	failing := true
	src := &pretend{refuse: func(path string) error {
		if failing && filepath.Base(path) == udid {
			return syscall.ENOENT
		}
		return nil
	}}
	h := newHints(src)
	var waits []time.Duration
	at := time.Duration(0)
	for range 4 {
		l := lookAt(t, dir, at)
		retry := h.sync(l)
		waits = append(waits, retry.Sub(l.At.T))
		at += retry.Sub(l.At.T)
		if !l.Roots[0].Polling {
			t.Error("the root does not say that it is polled")
		}
	}
	if want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}; !slices.Equal(waits, want) {
		t.Errorf("waited %v, want %v", waits, want)
	}
	failing = false
	l := lookAt(t, dir, at)
	if retry := h.sync(l); !retry.IsZero() || l.Roots[0].Polling || len(src.added) != 3 {
		t.Errorf("then: retry %v, polling %t, watching %q", retry, l.Roots[0].Polling, src.added)
	}
}
