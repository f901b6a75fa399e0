// Package judge measures the judgement. It makes up a world of homes, phones
// and backups, healthy ones and broken ones, plays each through the same
// player that replays recorded traces, and counts: false notices, missed
// faults, how long a notice took, and whether the first fix was the right one.
//
// The world's numbers are assumptions, chosen once from the few published
// timings of real runs; they are all in this file, so that a figure can be
// read beside what it rests on. They say how the judgement compares with
// others in one world, not how often it errs in yours.
package judge

import (
	"math"
	"math/rand/v2"
	"time"

	"backupwatchdog/daemon/backup"
)

// World is what homes are drawn from.
type World struct {
	Seed uint64
	// Heard says that usbmuxd tells in every home how the phone is attached, also
	// where the phone answers no question: there a silence may be a passcode sheet
	// that nobody sees. Else such homes know nothing of the phone.
	Heard bool
}

// home is one phone, one computer and one run between them.
type home struct {
	rng *rand.Rand
	// askable: the phone answers questions, so that its link, its passcode sheet
	// and its disk are known. 70 % of homes.
	askable bool
	heard   bool // it is known how the phone is attached
	// seen: the program that writes is visible. 90 % of homes.
	seen    bool
	network bool // 40 %
	slow    bool // a phone whose scans take fifteen times as long: 15 %
	earlier int  // complete runs before this one: 0, 1, 2 or 10
	size    float64
	rate    float64 // bytes a second
}

// newHome draws a home.
func (w World) newHome(rng *rand.Rand) home {
	h := home{rng: rng, askable: rng.Float64() < 0.7, seen: rng.Float64() < 0.9, network: rng.Float64() < 0.4, slow: rng.Float64() < 0.15}
	h.heard = h.askable || w.Heard
	h.earlier = []int{0, 1, 2, 10}[rng.IntN(4)]
	h.size = 1e9 * math.Exp(rng.Float64()*math.Log(250))
	h.rate = 1e6 * h.between(5, 60)
	if h.network {
		h.rate = 1e6 * h.between(2, 15)
	}
	return h
}

func (h *home) between(lo, hi float64) float64 { return lo + h.rng.Float64()*(hi-lo) }

func (h *home) logNormal(median, sigma, cut float64) float64 {
	return min(cut, median*math.Exp(sigma*h.rng.NormFloat64()))
}

// scan is how long the phone prepares in silence: median 60 s, σ 1.0, cut at an hour.
func (h *home) scan() float64 {
	median := 60.0
	if h.slow {
		median *= 15
	}
	return h.logNormal(median, 1, 3600)
}

// sheet is how long the passcode sheet is up before the scan: 30 % of runs, 5 to 120 s.
func (h *home) sheet() float64 {
	if h.rng.Float64() >= 0.3 {
		return 0
	}
	return h.between(5, 120)
}

// pause is one long pause between files: Pareto from 20 s, α 1.5, twice that
// over Wi-Fi, cut at 9 min.
func (h *home) pause() float64 {
	p := 20 / math.Pow(1-h.rng.Float64(), 1/1.5)
	if h.network {
		p *= 2
	}
	return min(p, 540)
}

// pauses are the pauses of a transfer: about three an hour, as (after how many
// seconds of transfer, how long).
func (h *home) pauses(transfer float64) [][2]float64 {
	var out [][2]float64
	if h.earlier == 0 && h.rng.Float64() < 1.0/3 {
		out = append(out, [2]float64{0, h.between(120, 480)}) // before the first file
	}
	for at := h.rng.ExpFloat64() * 1200; at < transfer; at += h.rng.ExpFloat64() * 1200 {
		out = append(out, [2]float64{at, h.pause()})
	}
	return out
}

// finish is how long the renames take: median 5 s, σ 1.5, cut at 12 min.
func (h *home) finish() float64 { return h.logNormal(5, 1.5, 720) }

// lastCheck is the silent final check: 1 to 90 s, in 5 % up to 30 min.
func (h *home) lastCheck() float64 {
	if h.rng.Float64() < 0.05 {
		return h.between(90, 1800)
	}
	return h.between(1, 90)
}

// tail is Finder's wait before it writes Info.plist: 60 to 400 s.
func (h *home) tail() float64 { return h.between(60, 400) }

// sleep is a sleep that the run survives: 10 % of runs, 5 min to 8 h. It is
// given as (share of the run's length at which it begins, how long); (2, 0) is none.
func (h *home) sleep() (at, long float64) {
	if h.rng.Float64() >= 0.1 {
		return 2, 0
	}
	return h.rng.Float64(), h.between(300, 28800)
}

// past are the earlier runs of this home, as the history would have them.
func (h *home) past(now time.Time) []backup.PastRun {
	var out []backup.PastRun
	for i := h.earlier; i > 0; i-- {
		r := backup.PastRun{UDID: "A", Outcome: backup.OutcomeComplete, Kind: backup.Incremental, ChainID: "C1", Link: h.link(),
			LastPhase: backup.Settling, Taught: true, ChainFiles: -1, ChainBytes: -1, Files: 1000, Bytes: int64(h.size)}
		transfer := h.size / h.rate
		r.Silence.Preparing = learnable(h.scan(), 2700)
		for _, p := range h.pauses(transfer) {
			r.Silence.Transferring = max(r.Silence.Transferring, learnable(p[1]+5, 600))
		}
		r.Silence.Finishing = learnable(h.finish(), 900)
		r.Duration = secs(transfer + 600)
		r.Started = now.Add(-time.Duration(i)*24*time.Hour - r.Duration)
		r.Ended = r.Started.Add(r.Duration)
		out = append(out, r)
	}
	return out
}

// learnable is a silence as the model learns it: one beyond the limit of the
// time was under suspicion and taught nothing.
func learnable(s, limit float64) time.Duration {
	if s > limit {
		return 0
	}
	return secs(s)
}

func secs(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// link is how the phone is attached, as far as that can be known.
func (h *home) link() backup.Link {
	switch {
	case !h.heard:
		return backup.LinkUnknown
	case h.network:
		return backup.LinkNetwork
	}
	return backup.LinkUSB
}
