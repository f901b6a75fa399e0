package report

import (
	"fmt"
	"slices"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// mostCurves is how many of the last runs are drawn.
const mostCurves = 4

// a hush is a stretch of a run in which nothing moved for longer than it may,
// or (blank) from which there is no word: the computer slept, or nobody watched.
type hush struct {
	from, to time.Time
	awake    time.Duration // without the blanks in between
	phase    backup.Phase
	blank    bool
}

// curves draws the last runs of which samples are known, newest first.
func (b *builder) curves(id string, x control.Backup, runs []control.PastRun) []figure {
	var out []figure
	for _, r := range slices.Backward(runs) {
		pts := b.points(r)
		if len(pts) < 2 {
			continue
		}
		if f, ok := b.curve(fmt.Sprintf("%s-c%d", id, len(out)+1), x, r, pts); ok {
			out = append(out, f)
		}
		if len(out) == mostCurves {
			break
		}
	}
	return out
}

// points is the curve of a run; nil where there is none.
func (b *builder) points(r control.PastRun) []control.Sample {
	i := slices.IndexFunc(b.Curves, func(c Curve) bool { return c.UDID == r.UDID && c.Started.Equal(r.Started) })
	if i < 0 {
		return nil
	}
	return b.Curves[i].Points
}

// limitOf is how long a run may be silent in a phase. It is known where the
// daemon says it, of the run under way; else it is what is worth showing.
func limitOf(x control.Backup, r control.PastRun, p backup.Phase) (d time.Duration, known bool) {
	if r.Outcome == backup.OutcomeRunning && x.Phase == p && x.Run != nil && x.Run.SilenceLimit != nil {
		return words.Seconds(*x.Run.SilenceLimit), true
	}
	return usualLimit(p), false
}

// usualLimit is what holds until a phone's own habits are known.
func usualLimit(p backup.Phase) time.Duration {
	d := config.Default().Patience
	switch p {
	case backup.Preparing:
		return d.Preparing
	case backup.Transferring:
		return d.Transferring
	case backup.Finishing:
		return d.Finishing
	}
	return 0 // nothing else is ever too silent
}

// leastBlank is how long there must be no point at all before a stretch is
// blank. A run that is watched has one a minute, also when nothing moves; of an
// old one fewer are kept, but evenly.
const leastBlank = 5 * time.Minute

func blankFrom(pts []control.Sample) time.Duration {
	gaps := make([]time.Duration, 0, len(pts))
	for i := range pts[1:] {
		gaps = append(gaps, pts[i+1].At.Sub(pts[i].At))
	}
	slices.Sort(gaps)
	return max(leastBlank, 4*gaps[len(gaps)/2])
}

// hushes finds the silences over the limit, and the blanks. Between two points
// that differ something moved, at the latest when the second was taken.
func hushes(pts []control.Sample, end time.Time, limit func(backup.Phase) time.Duration) []hush {
	var out []hush
	from, last, slept := pts[0], pts[0].At, time.Duration(0)
	most := blankFrom(pts)
	look := func(at time.Time) { // the time since the last look
		if gap := at.Sub(last); gap > most {
			out = append(out, hush{from: last, to: at, awake: gap, blank: true})
			slept += gap
		}
		last = at
	}
	note := func(to time.Time) {
		if awake, l := to.Sub(from.At)-slept, limit(from.Phase); l > 0 && awake > l {
			out = append(out, hush{from: from.At, to: to, awake: awake, phase: from.Phase})
		}
	}
	for _, p := range pts[1:] {
		look(p.At)
		if p.Bytes == from.Bytes && p.Files == from.Files && p.Phase == from.Phase {
			continue
		}
		note(p.At)
		from, slept = p, 0
	}
	look(end)
	note(end)
	return out
}

// endOf is where the curve of a run ends.
func endOf(r control.PastRun, pts []control.Sample, now time.Time) time.Time {
	end := pts[len(pts)-1].At
	switch {
	case r.Outcome == backup.OutcomeRunning && now.After(end):
		return now
	case r.Ended != nil && r.Ended.After(end):
		return *r.Ended
	}
	return end
}

func (b *builder) curve(id string, x control.Backup, r control.PastRun, pts []control.Sample) (figure, bool) {
	end, most := endOf(r, pts, b.now), int64(0)
	for _, p := range pts {
		most = max(most, p.Bytes)
	}
	if most <= 0 || !end.After(r.Started) {
		return figure{}, false
	}
	quiet := hushes(pts, end, func(p backup.Phase) time.Duration { d, _ := limitOf(x, r, p); return d })
	c := &chart{ID: id, W: 352, H: 178, Title: words.ChartCourse(b.at(r.Started).Text)}
	c.Desc = words.ChartCourseWords(most, end.Sub(r.Started), outcome(r), b.quietness(x, r, pts, quiet))
	c.draw(r.Started, end, most, pts, quiet, toneOfRun(r))
	return figure{b.at(r.Started).Text + ", " + outcome(r), c}, true
}

// draw plots bytes over time since the start, with what was too silent shaded
// and named.
func (c *chart) draw(start, end time.Time, most int64, pts []control.Sample, quiet []hush, t tone) {
	const left, right, top, bottom = 54.0, 340.0, 30.0, 148.0
	took := end.Sub(start)
	x := scale{0, float64(took), left, right}
	y := scale{0, float64(most) * 1.05, bottom, top}
	at := func(t time.Time) float64 { return x.at(float64(t.Sub(start))) }
	for _, h := range quiet {
		c.box(map[bool]string{true: "blank", false: "hush"}[h.blank], at(h.from), top-8, at(h.to), bottom)
	}
	c.bytesAxis(y, left, right, 3)
	step := stepOf(took, 4)
	for d := time.Duration(0); d <= took; d += step {
		c.line("base", x.at(float64(d)), bottom, x.at(float64(d)), bottom+4)
		c.text("tick", x.at(float64(d)), bottom+19, "middle", words.ChartSpan(d))
	}
	var xs, ys []float64
	for _, p := range pts {
		if p.Bytes < 0 || p.Phase == backup.Settling || p.Phase == backup.Complete {
			continue
		}
		xs, ys = append(xs, at(p.At)), append(ys, y.at(float64(p.Bytes)))
	}
	if len(xs) == 0 {
		return
	}
	n := len(xs) - 1
	if t == busy && at(end) > xs[n] {
		xs, ys, n = append(xs, at(end)), append(ys, ys[n]), n+1
	}
	c.path("area", points(xs, ys)+fmt.Sprintf("L%s %sL%s %sZ", num(xs[n]), num(bottom), num(xs[0]), num(bottom)))
	c.path("curve", points(xs, ys))
	free := 0.0
	for _, h := range quiet {
		class, word := "name critical", words.ChartSilent(h.awake)
		if h.blank {
			class, word = "name", words.ChartBlank(h.awake)
		}
		half := 3.4 * float64(len(word))
		mid := min(max((at(h.from)+at(h.to))/2, left+half), right-half)
		if mid-half < free { // its neighbour's name stands there; the description has both
			continue
		}
		c.text(class, mid, top-14, "middle", word)
		free = mid + half + 4
	}
	c.sign(t, xs[n], ys[n], "")
}

// quietness is what is known of the times in which nothing moved.
func (b *builder) quietness(x control.Backup, r control.PastRun, pts []control.Sample, quiet []hush) words.Quietness {
	var q words.Quietness
	for _, h := range quiet {
		from, while := b.at(h.from).Text, words.PhaseOf(string(h.phase)).While
		_, known := limitOf(x, r, h.phase)
		switch {
		case h.blank:
			q.Blank = append(q.Blank, words.ChartSilence(h.awake, from, ""))
		case known:
			q.TooLong = append(q.TooLong, words.ChartSilence(h.awake, from, while))
		default:
			q.Long = append(q.Long, words.ChartSilence(h.awake, from, while))
		}
	}
	q.Never = !slices.ContainsFunc(pts, func(p control.Sample) bool { _, known := limitOf(x, r, p.Phase); return !known })
	if at, told := b.toldStuck(r); told {
		q.Told = b.at(at).Text
	}
	if phase, d := quietest(r); d >= leastQuiet {
		q.Longest = words.ReportQuiet(d, string(phase))
	}
	return q
}
