package watch

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// The folder of the benchmarks: 100,000 files, as a phone of 64 GB has them.
const many = 100_000

// cpu returns the time this process has computed so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure runs f b.N times, each after prepare, and reports the CPU time of f.
func measure(b *testing.B, prepare, f func()) {
	var spent time.Duration
	n := 0
	for b.Loop() {
		b.StopTimer()
		prepare()
		b.StartTimer()
		before := cpu()
		f()
		spent += cpu() - before
		n++
	}
	b.ReportMetric(float64(spent.Microseconds())/float64(n)/1000, "cpu-ms/look")
}

// crowded is a backup that is being written: 100,000 files in Snapshot/.
func crowded(b *testing.B) *phone {
	p := newPhone(b)
	p.shards("")
	p.shards("Snapshot")
	p.status("uploading", "empty", true)
	p.put("Snapshot", many, 0)
	return p
}

// A look at a running backup: between two looks a second's 1,000 new files
// arrive, spread over all shards.
func BenchmarkLookRunning(b *testing.B) {
	p := crowded(b)
	l := newLook(p)
	l.next()
	measure(b, func() { p.put("Snapshot", 1000, 0) }, func() { l.next() })
}

// The same while nothing arrives.
func BenchmarkLookQuiet(b *testing.B) {
	p := crowded(b)
	l := newLook(p)
	for range 80 {
		l.next()
	}
	measure(b, func() {}, func() { l.next() })
}

// A look at a finished backup of 100,000 files, taken once a minute: 12 ms
// would be 0.02 % of a core.
func BenchmarkLookAtRest(b *testing.B) {
	p := newPhone(b)
	p.shards("")
	p.status("finished", "new", false)
	p.put("", many, 0)
	l := newLook(p)
	l.r.active, l.r.every, l.r.idle = nil, 0, 0
	l.next()
	measure(b, func() {}, func() { l.next() })
}

// The naive way: list the names of every shard that has changed.
func BenchmarkNaiveListChanged(b *testing.B) {
	p := crowded(b)
	stamps := map[string]time.Time{}
	list := func() {
		for i := range flat {
			dir := filepath.Join(p.path, "Snapshot", shardNames[i])
			info, err := os.Stat(dir)
			if err != nil {
				b.Fatal(err)
			}
			if stamps[dir].Equal(info.ModTime()) {
				continue
			}
			stamps[dir] = info.ModTime()
			if _, err := os.ReadDir(dir); err != nil {
				b.Fatal(err)
			}
		}
	}
	list()
	measure(b, func() { p.put("Snapshot", 1000, 0) }, list)
}

// The naive way that also learns the bytes: walk and stat everything.
func BenchmarkNaiveWalk(b *testing.B) {
	p := crowded(b)
	measure(b, func() { p.put("Snapshot", 1000, 0) }, func() {
		var bytes int64
		err := filepath.WalkDir(p.path, func(_ string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			bytes += info.Size()
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}
