package judge

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"backupwatchdog/daemon/backup"
)

// right are the first fixes that are right for a fault; where nothing tells the
// phone's link, those that hold for either.
func (w *play) right() []backup.FixID {
	lost := []backup.FixID{backup.UseCable}
	stuck := []backup.FixID{backup.RestartPhoneAndRetry}
	if w.network {
		lost, stuck = []backup.FixID{backup.StablePowerAndWiFi}, []backup.FixID{backup.StablePowerAndWiFi}
	}
	if !w.heard {
		lost = append(lost, backup.UseCable, backup.StablePowerAndWiFi, backup.RestartPhoneAndRetry)
		stuck = append(stuck, backup.RestartPhoneAndRetry)
	}
	switch w.fault {
	case StallPreparing, StallTransfer, StallFinishing:
		return stuck
	case Trickle, Unplugged:
		return lost
	case PasscodeNever:
		if !w.askable {
			return []backup.FixID{backup.EnterPasscode, backup.RestartPhoneAndRetry}
		}
		return []backup.FixID{backup.EnterPasscode}
	case DiskFull:
		return []backup.FixID{backup.CheckStorage}
	case WriterKilled:
		return []backup.FixID{backup.RestartPhoneAndRetry}
	case WiFiFlaps:
		if !w.heard {
			return []backup.FixID{backup.UpdateSoftware, backup.RestartPhoneAndRetry}
		}
		return []backup.FixID{backup.ResetNetworkSettings}
	case DamageAfterwards:
		return []backup.FixID{backup.FreshBackup}
	}
	return nil
}

// verdict compares the first fix with the right one.
func (w *play) verdict() {
	if w.res.First == nil {
		return
	}
	fix := w.res.First.Finding.Fix
	w.res.Evidence = w.heard || w.fault == DiskFull || w.fault == DamageAfterwards || w.fault == WriterKilled
	w.res.Right = slices.Contains(w.right(), fix.ID)
	if f, ok := backup.FixByID(fix.ID); ok && f.SetsAside {
		w.res.Destructive = len(fix.Steps) == 0 || !strings.Contains(fix.Steps[0], "watchdogctl retire")
	}
}

// Figures are what a measurement comes to. Delays are in seconds.
type Figures struct {
	Seed            uint64  `json:"seed"`
	Runs            int     `json:"runs"`
	False           float64 `json:"false_notices_per_1000_healthy"`
	Missed          int     `json:"missed_faults"`
	StallMedian     float64 `json:"stall_delay_median_s"`
	StallP90        float64 `json:"stall_delay_p90_s"`
	WitnessedMedian float64 `json:"witnessed_delay_median_s"`
	FirstFixRight   float64 `json:"first_fix_right"`
	Destructive     int     `json:"destructive_first"`
}

// Measure plays runs healthy and runs faulty backups of the world.
func (w World) Measure(runs int) (Figures, []Result) {
	results := make([]Result, 2*runs)
	var wg sync.WaitGroup
	work := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range work {
				f := Healthy
				if i >= runs {
					f = Faults[i%len(Faults)]
				}
				results[i] = w.Play(uint64(i), f)
			}
		})
	}
	for i := range results {
		work <- i
	}
	close(work)
	wg.Wait()
	return sum(w.Seed, runs, results), results
}

func sum(seed uint64, runs int, results []Result) Figures {
	f := Figures{Seed: seed, Runs: runs}
	var stall, witnessed []float64
	right, told, false_ := 0, 0, 0
	for _, r := range results {
		if r.Fault == Healthy {
			false_ += len(r.False)
			continue
		}
		if r.First == nil {
			f.Missed++
			continue
		}
		if r.Evidence {
			told++
			if r.Right {
				right++
			}
		}
		if r.Destructive {
			f.Destructive++
		}
		switch {
		case r.Fault == StallTransfer:
			stall = append(stall, r.Delay)
		case r.Heard && (r.Fault == Unplugged || r.Fault == DiskFull):
			witnessed = append(witnessed, r.Delay)
		}
	}
	f.False = 1000 * float64(false_) / float64(max(1, runs))
	f.StallMedian, f.StallP90 = quantile(stall, 0.5), quantile(stall, 0.9)
	f.WitnessedMedian = quantile(witnessed, 0.5)
	f.FirstFixRight = float64(right) / float64(max(1, told))
	return f
}

// quantile is the nearest-rank quantile; 0 of nothing.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[min(len(v)-1, int(q*float64(len(v))))]
}

// Print writes what a person wants to see of a measurement.
func Print(w io.Writer, f Figures, results []Result) {
	fmt.Fprintf(w, "world of seed %d: %d healthy and %d faulty runs\n\n", f.Seed, f.Runs, f.Runs)
	fmt.Fprintf(w, "  false notices per 1,000 healthy runs   %.1f\n", f.False)
	fmt.Fprintf(w, "  missed faults                          %d of %d\n", f.Missed, f.Runs)
	fmt.Fprintf(w, "  stall while transferring, to notice    median %.1f min, 90th %.1f min\n", f.StallMedian/60, f.StallP90/60)
	fmt.Fprintf(w, "  unplugged or disk full, to notice      median %.0f s (phone observed)\n", f.WitnessedMedian)
	fmt.Fprintf(w, "  first fix right, where evidence is     %.1f %%\n", 100*f.FirstFixRight)
	fmt.Fprintf(w, "  destructive fix first                  %d\n\n", f.Destructive)
	fmt.Fprintf(w, "  %-30s %-24s %-26s %5s\n", "what was wrong", "what was told", "first fix", "runs")
	count := map[string]int{}
	for _, r := range results {
		told, fix := "nothing", ""
		first := r.First
		if r.Fault == Healthy && len(r.False) > 0 {
			first = &r.False[0]
		}
		if first != nil {
			told, fix = string(first.Code), string(first.Finding.Fix.ID)
		}
		count[fmt.Sprintf("  %-30s %-24s %-26s", r.Fault, told, fix)]++
	}
	var lines []string
	for l := range count {
		lines = append(lines, l)
	}
	slices.Sort(lines)
	for _, l := range lines {
		fmt.Fprintf(w, "%s %5d\n", l, count[l])
	}
}
