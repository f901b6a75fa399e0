package trace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
)

// TestKeysHaveAnOrder: what a line says does not depend on the order in which
// its keys are read.
func TestKeysHaveAnOrder(t *testing.T) {
	for name, c := range map[string]struct {
		lines    []string
		manifest backup.Presence
		size     int64
	}{
		"encrypted implies the file":   {[]string{`{"manifest":"missing"}`, `{"encrypted":true}`}, backup.Present, 0},
		"missing has the last word":    {[]string{`{"manifest":"missing","encrypted":true}`}, backup.Missing, 0},
		"whatever comes first":         {[]string{`{"encrypted":true,"manifest":"missing"}`}, backup.Missing, 0},
		"a size beside the index":      {[]string{`{"index_size":7,"index":"ok"}`}, backup.NotLooked, 7},
		"no index has no size":         {[]string{`{"index":"ok","index_size":7}`, `{"index":"missing"}`}, backup.NotLooked, 0},
		"an unread index has its size": {[]string{`{"index":"ok","index_size":7}`, `{"index":"broken"}`}, backup.NotLooked, 7},
	} {
		for range 20 { // as often as a map needs to show another order
			f := unknownFacts("linux")
			for _, l := range c.lines {
				var keys map[string]json.RawMessage
				if err := json.Unmarshal([]byte(l), &keys); err != nil {
					t.Fatal(err)
				}
				if err := apply(&f, keys, Zero); err != nil {
					t.Fatal(err)
				}
			}
			if f.Folder.Manifest.Presence != c.manifest || f.Folder.Index.Size != c.size {
				t.Fatalf("%s: Manifest.plist is %v, want %v; the index has %d bytes, want %d", name,
					f.Folder.Manifest.Presence, c.manifest, f.Folder.Index.Size, c.size)
			}
		}
	}
}

// TestReplayEndsWhenItShould: with the context, and with the first event that
// cannot be written.
func TestReplayEndsWhenItShould(t *testing.T) {
	trace := text(scribble(1, 400))
	ctx, stop := context.WithCancel(context.Background())
	n := 0
	err := Replay(ctx, strings.NewReader(trace), func(Event) error {
		n++
		stop()
		return nil
	})
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("stopped after the first event: %d events, %v", n, err)
	}
	n = 0
	full := errors.New("no space left on device")
	err = Replay(context.Background(), strings.NewReader(trace), func(Event) error {
		n++
		return full
	})
	if !errors.Is(err, full) || n != 1 {
		t.Errorf("no room for the first event: %d events, %v", n, err)
	}
	if err := Replay(ctx, strings.NewReader("{\"schema\":1}\n{\"t\":1e9,\"udid\":\"A\"}\n"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("thirty years in one line: %v", err)
	}
}

// TestOneBackupDoesNotWaitForAnother: in a trace of many, each is told as it
// would be alone.
func TestOneBackupDoesNotWaitForAnother(t *testing.T) {
	for seed := range uint64(20) {
		lines := scribble(seed, 60)
		both := map[string][]Event{}
		for _, e := range eventsOf(t, text(lines)) {
			both[e.UDID] = append(both[e.UDID], e)
		}
		for udid := range both {
			slept := 0.0
			var own []map[string]any
			for _, l := range lines {
				s, _ := l["slept"].(float64)
				if l["udid"] != udid && s == 0 && l["end"] == nil {
					continue
				}
				if l["udid"] != udid && l["end"] == nil {
					l = map[string]any{"t": l["t"], "udid": udid, "slept": s} // the computer slept for all
				}
				own = append(own, l)
				slept += s
			}
			alone := byKind(eventsOf(t, text(own)))
			together := byKind(both[udid])
			for _, k := range slices.Sorted(maps.Keys(alone)) {
				if fmt.Sprint(alone[k]) != fmt.Sprint(together[k]) && !strings.Contains(k, "notice") { // a day's notices are counted for all
					t.Errorf("seed %d: %s: alone at %v, with others at %v", seed, k, alone[k], together[k])
				}
			}
		}
	}
}

// many is a trace of so many lines about so many backups, all in a run.
func many(lines, backups int) string {
	var b strings.Builder
	fmt.Fprintln(&b, `{"schema":1,"t":0}`)
	for i := range lines {
		fmt.Fprintf(&b, `{"t":%d,"udid":"U%d","status":{"state":"uploading","backup":"new"},"snapshot":true,"files":%d,"phone":"usb","writer":"alive"}`+"\n",
			i, i%backups, i)
	}
	return b.String()
}

// TestManyBackups: the time that a trace takes grows with its lines, not with
// the backups times the lines.
func TestManyBackups(t *testing.T) {
	trace := many(8000, 2000)
	began := time.Now()
	if err := replayed(strings.NewReader(trace), func(Event) {}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("8,000 lines about 2,000 backups took %v", took)
	}
}

func BenchmarkReplay(b *testing.B) {
	for _, backups := range []int{1, 20, 200, 2000} {
		b.Run(fmt.Sprint(backups), func(b *testing.B) {
			trace := many(20000, backups)
			for b.Loop() {
				if err := Replay(context.Background(), strings.NewReader(trace), func(Event) error { return nil }); err != nil && err != io.EOF {
					b.Fatal(err)
				}
			}
		})
	}
}
