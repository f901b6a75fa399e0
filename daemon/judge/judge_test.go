package judge

import "testing"

// TestFigures holds the figures that the README shows. The seeds are fixed so
// that a change of the judgement, and nothing else, changes them.
func TestFigures(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		f, _ := World{Seed: seed}.Measure(1000)
		t.Logf("%+v", f)
		if f.False > 2 {
			t.Errorf("seed %d: %.1f false notices per 1,000 healthy runs, at most 2 are allowed", seed, f.False)
		}
		if f.Missed > 0 {
			t.Errorf("seed %d: %d faults were never told", seed, f.Missed)
		}
		if f.StallMedian > 16*60 || f.StallP90 > 31*60 {
			t.Errorf("seed %d: a stall is told after %.0f s (median) and %.0f s (90th), at most 960 and 1860 are allowed", seed, f.StallMedian, f.StallP90)
		}
		if f.WitnessedMedian > 10 {
			t.Errorf("seed %d: a witnessed loss is told after %.0f s, at most 10 are allowed", seed, f.WitnessedMedian)
		}
		if f.FirstFixRight < 0.97 || f.Destructive > 0 {
			t.Errorf("seed %d: first fix right in %.3f of the cases (0.97 is asked), destructive in %d", seed, f.FirstFixRight, f.Destructive)
		}
	}
}

// TestProbablePasscode holds what doc.go of package backup says of the homes in
// which a passcode sheet can only be supposed.
func TestProbablePasscode(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		f, _ := World{Seed: seed, Heard: true}.Measure(1000)
		t.Logf("%+v", f)
		if f.False > 3 || f.Missed > 0 || f.Destructive > 0 {
			t.Errorf("seed %d: %.1f false notices (at most 3), %d missed, %d destructive", seed, f.False, f.Missed, f.Destructive)
		}
	}
}

// TestWorldIsTheSameForASeed: a figure that somebody reports can be had again.
func TestWorldIsTheSameForASeed(t *testing.T) {
	a, _ := World{Seed: 5}.Measure(50)
	b, _ := World{Seed: 5}.Measure(50)
	if a != b {
		t.Errorf("one seed, two worlds:\n%+v\n%+v", a, b)
	}
}
