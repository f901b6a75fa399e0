package report

import (
	"fmt"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// mostStems bounds the timeline: more could not be told apart.
const mostStems = 40

// timeline draws one stem a run: where it stands says when, how high it is how
// long it took, and the sign on top how it ended. nil where there are fewer than two: one stem tells nothing.
func (b *builder) timeline(id string, runs []control.PastRun) *chart {
	runs = runs[max(0, len(runs)-mostStems):]
	if len(runs) < 2 {
		return nil
	}
	const left, right, top, bottom = 58.0, 708.0, 26.0, 142.0
	c := &chart{ID: id + "-runs", W: 720, H: 172, Title: words.ChartRuns, Desc: b.timelineWords(runs)}
	most := time.Minute
	for _, r := range runs {
		if d, ok := b.duration(r); ok {
			most = max(most, d)
		}
	}
	step := stepOf(most, 4)
	y := scale{0, float64(most), bottom, top}
	for v := time.Duration(0); v <= most; v += step {
		c.line(map[bool]string{true: "base", false: "grid"}[v == 0], left, y.at(float64(v)), right, y.at(float64(v)))
		c.text("tick", left-8, y.at(float64(v))+4, "end", words.ChartSpan(v))
	}
	first, last := runs[0].Started, b.now
	if last.Before(runs[len(runs)-1].Started) {
		last = runs[len(runs)-1].Started
	}
	x := scale{float64(first.Unix()), float64(max(last.Unix(), first.Unix()+3600)), left + 14, right - 14}
	c.days(x, b.now.Location(), bottom)
	c.stems(b, runs, x, y)
	return c
}

// stems draws the runs. Only what is not complete is named, where there is room.
func (c *chart) stems(b *builder, runs []control.PastRun, x, y scale) {
	free := 0.0
	for _, r := range runs {
		d, known := b.duration(r)
		px, py := x.at(float64(r.Started.Unix())), y.at(float64(d))
		t := toneOfRun(r)
		hint := b.at(r.Started).Text + ": " + outcome(r)
		if known {
			hint += ", " + words.Span(d)
		}
		c.line("stem "+string(t), px, y.lo, px, py)
		c.sign(t, px, py, hint)
		word := ""
		if t == critical || t == busy {
			word = words.Outcome(string(r.Outcome), "")
		}
		if word == "" {
			continue
		}
		width, anchor, tx := 7*float64(len(word)), "middle", px
		begin := px - width/2
		if px+width/2 > 712 {
			anchor, tx, begin = "end", px+6, px+6-width
		}
		if begin > free {
			c.text("name "+string(t), tx, py-11, anchor, word)
			free = begin + width
		}
	}
}

// dateWidth is the room that a date or an hour takes, with what keeps it apart
// from the next.
const dateWidth = 52

// days writes dates below the base line, evenly, over all of a scale of Unix
// seconds, and leaves out what would stand over its neighbour.
func (c *chart) days(x scale, zone *time.Location, bottom float64) {
	first, last := time.Unix(int64(x.from), 0).In(zone), time.Unix(int64(x.to), 0).In(zone)
	step := stepOf(last.Sub(first), 6)
	layout := "2 Jan"
	if step < 24*time.Hour {
		layout = "15:04"
	}
	begin := first.Truncate(time.Hour)
	if step >= 24*time.Hour {
		y, m, d := first.Date()
		begin = time.Date(y, m, d, 0, 0, 0, 0, zone)
	}
	free := 0.0
	for t := begin; !t.After(last); t = t.Add(step) {
		px := x.at(float64(t.Unix()))
		if t.Before(first) || px-dateWidth/2 < free {
			continue
		}
		free = px + dateWidth/2
		c.line("base", px, bottom, px, bottom+4)
		c.text("tick", px, bottom+19, "middle", t.Format(layout))
	}
}

// timelineWords is the timeline in words.
func (b *builder) timelineWords(runs []control.PastRun) string {
	n := map[tone]int{}
	var took []time.Duration
	for i, r := range runs {
		n[toneOfRun(r)]++
		if d, ok := b.duration(r); ok && i >= len(runs)-5 {
			took = append(took, d)
		}
	}
	return words.ChartRunsWords(b.at(runs[0].Started).Text, n[well], n[critical], n[busy], n[unsure], took)
}

// sizes draws how large the whole chain was after each complete run. nil where
// fewer than two sizes are known: one point is no development.
func (b *builder) sizes(id string, runs []control.PastRun) *chart {
	type point struct {
		at    time.Time
		bytes int64
	}
	var list []point
	most := int64(0)
	for _, r := range runs {
		if r.Outcome == backup.OutcomeComplete && r.Ended != nil && r.ChainBytes != nil && *r.ChainBytes > 0 {
			list = append(list, point{*r.Ended, *r.ChainBytes})
			most = max(most, *r.ChainBytes)
		}
	}
	if len(list) < 2 {
		return nil
	}
	const left, right, top, bottom = 58.0, 708.0, 26.0, 142.0
	first, last := list[0], list[len(list)-1]
	c := &chart{ID: id + "-size", W: 720, H: 172, Title: words.ChartSizes}
	c.Desc = words.ChartSizesWords(first.bytes, b.at(first.at).Text, last.bytes, b.at(last.at).Text)
	y := scale{0, float64(most) * 1.08, bottom, top}
	c.bytesAxis(y, left, right, 3)
	x := scale{float64(first.at.Unix()), float64(max(last.at.Unix(), first.at.Unix()+3600)), left + 14, right - 62}
	c.days(x, b.now.Location(), bottom)
	var xs, ys []float64
	for _, p := range list {
		xs, ys = append(xs, x.at(float64(p.at.Unix()))), append(ys, y.at(float64(p.bytes)))
	}
	n := len(xs) - 1
	c.path("area", points(xs, ys)+fmt.Sprintf("L%s %sL%s %sZ", num(xs[n]), num(bottom), num(xs[0]), num(bottom)))
	c.path("curve", points(xs, ys))
	for i, p := range list {
		c.path("dot", disc(xs[i], ys[i], 2.6))
		if i > 0 && float64(p.bytes) < 0.8*float64(list[i-1].bytes) {
			fell := 100 - 100*float64(p.bytes)/float64(list[i-1].bytes)
			c.text("name critical", xs[i], ys[i]-12, "middle", words.ChartFellMark(fell))
			c.Desc += " " + words.ChartFell(b.at(p.at).Text, fell)
		}
	}
	c.text("name", xs[n]+9, ys[n]+4, "start", words.Bytes(last.bytes))
	return c
}
