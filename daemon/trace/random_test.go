package trace

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"backupwatchdog/daemon/backup"
)

// scribble makes a trace at random: two phones whose facts walk about as real
// ones do, most of the time, and jump as no real one would, now and then.
func scribble(seed uint64, steps int) []map[string]any {
	r := rand.New(rand.NewPCG(seed, 7))
	facts := map[string]*[2]int64{"A": {1000, 1e9}, "B": {0, 0}}
	var out []map[string]any
	t := 0.0
	for range steps {
		udid := [...]string{"A", "A", "A", "B"}[r.IntN(4)]
		dt := [...]float64{0, 0.5, 1, 2, 2, 5, 5, 10, 11, 30, 70, 200, 700}[r.IntN(13)]
		t += dt
		line := map[string]any{"t": t, "udid": udid}
		if dt > 1 && r.IntN(12) == 0 {
			line["slept"] = dt * [...]float64{0.5, 0.9, 1}[r.IntN(3)]
		}
		for range r.IntN(4) {
			key, v := mutation(r, facts[udid])
			line[key] = v
		}
		out = append(out, line)
	}
	return append(out, map[string]any{"t": t + 4000, "end": true})
}

func pick(r *rand.Rand, of ...any) any { return of[r.IntN(len(of))] }

// mutation is one key of a line; n holds the files and bytes so far.
func mutation(r *rand.Rand, n *[2]int64) (string, any) {
	switch r.IntN(16) {
	case 0, 1, 2:
		if r.IntN(5) == 0 {
			return "status", pick(r, "missing", "empty", "unreadable", nil, map[string]any{"state": "odd"})
		}
		return "status", map[string]any{"state": pick(r, "uploading", "moving", "removing", "finished", "finished"),
			"backup": pick(r, "new", "new", "empty"), "chain": pick(r, "C1", "C1", "C2"), "full": r.IntN(3) == 0}
	case 3:
		return "snapshot", pick(r, true, false, nil)
	case 4, 5, 6:
		n[0] += r.Int64N(50)
		return "files", pick(r, n[0], n[0], n[0], n[0], 3, nil)
	case 7:
		n[1] += r.Int64N(1e8)
		return "bytes", pick(r, n[1], n[1], n[1], 77, nil)
	case 8:
		return "info", pick(r, "ok", "ok", "missing", "empty", "broken", nil)
	case 9:
		return "index", pick(r, "ok", "ok", "missing", "empty", "broken", nil)
	case 10:
		return "phone", pick(r, "usb", "usb", "network", "gone", "unknown", nil)
	case 11:
		return "passcode", pick(r, true, false, false, nil)
	case 12:
		return "battery", pick(r, 80, 19, 3, nil)
	case 13:
		return "charging", pick(r, true, false, nil)
	case 14:
		return "free", pick(r, 5e10, 5e10, 1e8, 1e6, nil)
	}
	return "writer", pick(r, "alive", "alive", "gone", "unknown", nil)
}

// text writes a trace with short patience, so that much falls due.
func text(lines []map[string]any) string {
	var b strings.Builder
	b.WriteString(`{"schema":1,"t":0,"patience":{"preparing":120,"transferring":40,"finishing":60,"settling":90,"witness_factor":1.5,"learn":false},"platform":"linux"}` + "\n")
	for _, l := range lines {
		raw, _ := json.Marshal(l)
		b.Write(append(raw, '\n'))
	}
	return b.String()
}

// everySecond puts a line that says nothing new into every second for which the
// computer was awake.
func everySecond(lines []map[string]any) []map[string]any {
	var out []map[string]any
	known, at := "", 0.0
	for _, l := range lines {
		t := l["t"].(float64)
		slept, _ := l["slept"].(float64)
		for s := math.Floor(at) + 1; s < t-slept; s++ {
			if known != "" {
				out = append(out, map[string]any{"t": s, "udid": known})
			}
		}
		if u, ok := l["udid"].(string); ok {
			known = u
		}
		out = append(out, l)
		at = t
	}
	return out
}

func eventsOf(t *testing.T, trace string) []Event {
	t.Helper()
	var out []Event
	if err := replayed(strings.NewReader(trace), func(e Event) { out = append(out, e) }); err != nil {
		t.Fatal(err)
	}
	return out
}

// byKind are the times of the events that are alike but for their time.
func byKind(events []Event) map[string][]float64 {
	out := map[string][]float64{}
	for _, e := range events {
		k := fmt.Sprint(e.UDID, " ", e.Event, " ", e.Code, " ", e.Severity, " ", e.Fix, " ", e.Phase, " ", e.Notice)
		out[k] = append(out[k], e.T)
	}
	return out
}

// TestNoDeadlineIsForgotten proves that a judgement names the time of its next
// change: asked once a second it says the same, at most a second later.
func TestNoDeadlineIsForgotten(t *testing.T) {
	for seed := range uint64(16) {
		lines := scribble(seed, 35)
		seldom, often := byKind(eventsOf(t, text(lines))), byKind(eventsOf(t, text(everySecond(lines))))
		for k := range often {
			if len(seldom[k]) != len(often[k]) {
				t.Errorf("seed %d: %s: asked seldom at %v, every second at %v", seed, k, seldom[k], often[k])
				continue
			}
			for i := range often[k] {
				if d := often[k][i] - seldom[k][i]; d < -1.001 || d > 1.001 {
					t.Errorf("seed %d: %s: asked seldom at %v, every second at %v", seed, k, seldom[k], often[k])
					break
				}
			}
		}
		for k := range seldom {
			if len(often[k]) == 0 {
				t.Errorf("seed %d: %s: asked seldom at %v, every second never", seed, k, seldom[k])
			}
		}
	}
}

// TestRandomTraces holds what must be true of every trace, however odd.
func TestRandomTraces(t *testing.T) {
	for seed := range uint64(200) {
		always(t, seed, eventsOf(t, text(scribble(seed, 120))))
	}
}

func always(t *testing.T, seed uint64, events []Event) {
	t.Helper()
	raised, shown, last := map[string]bool{}, map[string]string{}, 0.0
	fail := func(e Event, why string) {
		t.Errorf("seed %d: at %.1f: %s %s %s in phase %s: %s", seed, e.T, e.Event, e.Severity, e.Code, e.Phase, why)
	}
	for _, e := range events {
		if e.T < last {
			fail(e, "time goes back")
		}
		last = e.T
		name := e.UDID + string(e.Code)
		switch e.Event {
		case "appeared":
			if shown[name] == e.Finding.Key {
				fail(e, "appears twice")
			}
			shown[name] = e.Finding.Key
		case "changed":
			if shown[name] != e.Finding.Key {
				fail(e, "changes without being there")
			}
		case "gone":
			delete(shown, name)
			continue
		case "notice":
			if e.Notice == "raised" && (raised[e.Finding.Key] || e.Severity < backup.Warning) {
				fail(e, "raised twice, or under warning")
			}
			raised[e.Finding.Key] = raised[e.Finding.Key] || e.Notice == "raised"
			if e.Notice == "cleared" {
				continue
			}
		}
		switch e.Code {
		case backup.Interrupted, backup.InterruptedMixed:
			if e.Phase != backup.Abandoned {
				fail(e, "interrupted, and not abandoned")
			}
		case backup.Stalled:
			if e.Phase != backup.Preparing && e.Phase != backup.Transferring && e.Phase != backup.Finishing {
				fail(e, "stalled outside of a run that moves")
			}
		}
	}
}

// FuzzReplay feeds the player whatever it is given.
func FuzzReplay(f *testing.F) {
	for seed := range uint64(5) {
		f.Add(text(scribble(seed, 10)))
	}
	f.Add("{\"schema\":1}\n{\"t\":1e9,\"udid\":\"A\",\"status\":{}}\n")
	f.Fuzz(func(t *testing.T, trace string) {
		if len(trace) > 1<<16 {
			return
		}
		var n int
		_ = replayed(strings.NewReader(trace), func(Event) { n++ })
	})
}
