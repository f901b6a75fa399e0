package main

import (
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// columnsMost is how many parts the curve of the last hour has at most.
const columnsMost = 60

// fullCurve is from what age of a run on the curve is as wide as it gets. Until
// then it grows to the right.
const fullCurve = 10 * time.Minute

// lastHour draws how much arrived in each part of the last hour; of a younger
// run, since it began.
func (p *picture) lastHour(pts []control.Sample) {
	if len(pts) < 2 {
		return
	}
	n := min(p.page.width-6, columnsMost)
	age := max(p.now.Sub(pts[0].At), time.Second)
	window := min(age, time.Hour)
	if age < fullCurve {
		n = max(int(age*time.Duration(n)/fullCurve), 1)
	}
	rates := hourly(pts, p.now, window, n)
	p.b.WriteString("    " + p.paint(blue, p.spark(rates)) + "\n")
	p.para(4, dim, words.Curve(int64(peak(pts, p.now.Add(-window))), age < time.Hour))
}

// peak is the highest rate between two points after a moment. The parts of the
// curve would not do: they move on as time does, and their means with them.
func peak(pts []control.Sample, after time.Time) (most float64) {
	for i, b := range pts[1:] {
		if a := pts[i]; a.Bytes >= 0 && b.At.After(after) && b.At.After(a.At) {
			most = max(most, float64(b.Bytes-a.Bytes)/b.At.Sub(a.At).Seconds())
		}
	}
	return most
}

// hourly is the mean rate, bytes a second, in each of n parts of the time
// before now; -1 in those before the first point. What grew between two points
// is spread evenly between them.
func hourly(pts []control.Sample, now time.Time, window time.Duration, n int) []float64 {
	part := window / time.Duration(n)
	begin := now.Add(-time.Duration(n) * part)
	rates := make([]float64, n)
	for i := range rates {
		if !begin.Add(time.Duration(i+1) * part).After(pts[0].At) {
			rates[i] = -1
		}
	}
	for i, b := range pts[1:] {
		a := pts[i]
		took := b.At.Sub(a.At)
		if a.Bytes < 0 || b.Bytes <= a.Bytes || took <= 0 || !b.At.After(begin) {
			continue
		}
		rate := float64(b.Bytes-a.Bytes) / took.Seconds()
		first := max(int(a.At.Sub(begin)/part), 0)
		for j := first; j < n && begin.Add(time.Duration(j)*part).Before(b.At); j++ {
			from, to := begin.Add(time.Duration(j)*part), begin.Add(time.Duration(j+1)*part)
			if a.At.After(from) {
				from = a.At
			}
			if b.At.Before(to) {
				to = b.At
			}
			rates[j] = max(rates[j], 0) + rate*to.Sub(from).Seconds()/part.Seconds()
		}
	}
	return rates
}

// spark writes rates as one line of bars: higher is faster, a dot is nothing.
func (p *picture) spark(rates []float64) string {
	bars, none := []rune("▁▂▃▄▅▆▇█"), '·'
	if p.page.ascii {
		bars, none = []rune("_-=+*%#@"), '.'
	}
	most := max(slices.Max(rates), 1)
	var b strings.Builder
	for _, r := range rates {
		switch {
		case r < 0:
			b.WriteByte(' ')
		case r < 1:
			b.WriteRune(none)
		default:
			b.WriteRune(bars[min(int(r/most*float64(len(bars))), len(bars)-1)])
		}
	}
	return b.String()
}
