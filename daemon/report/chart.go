package report

import (
	"backupwatchdog/daemon/words"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A chart is a drawing as the template writes it: paths and texts, each with a
// class that the style sheet colours. Title and Desc say the same in words.
type chart struct {
	ID, Title, Desc string
	W, H            int
	Marks           []mark
}

// mark is a path (D) or a text at X, Y. Hint appears over it under a pointer.
type mark struct {
	D       string
	X, Y    string
	Text    string
	Class   string
	Hint    string
	Anchor  string // start, middle, end
	IsShape bool
}

// num writes a coordinate with at most one decimal.
func num(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

func (c *chart) path(class, d string) {
	c.Marks = append(c.Marks, mark{D: d, Class: class, IsShape: true})
}

func (c *chart) text(class string, x, y float64, anchor, s string) {
	c.Marks = append(c.Marks, mark{X: num(x), Y: num(y), Class: class, Anchor: anchor, Text: s})
}

func (c *chart) line(class string, x1, y1, x2, y2 float64) {
	c.path(class, "M"+num(x1)+" "+num(y1)+"L"+num(x2)+" "+num(y2))
}

func (c *chart) box(class string, x1, y1, x2, y2 float64) {
	c.path(class, fmt.Sprintf("M%s %sH%sV%sH%sZ", num(x1), num(y1), num(x2), num(y2), num(x1)))
}

// sign draws the shape of an outcome: a disc for a complete run, a cross for
// one that broke off, a ring for one under way, a small bar for what is not known.
func (c *chart) sign(t tone, x, y float64, hint string) {
	d := ""
	switch t {
	case well:
		d = disc(x, y, 5)
	case critical:
		d = fmt.Sprintf("M%s %sl9 9m0 -9l-9 9", num(x-4.5), num(y-4.5))
	case busy:
		d = disc(x, y, 5)
	default:
		d = fmt.Sprintf("M%s %sh8", num(x-4), num(y))
	}
	c.Marks = append(c.Marks, mark{D: d, Class: "sign " + string(t), Hint: hint, IsShape: true})
}

func disc(x, y, r float64) string {
	return fmt.Sprintf("M%s %sa%s %s 0 1 0 %s 0a%s %s 0 1 0 %s 0Z", num(x-r), num(y), num(r), num(r), num(2*r), num(r), num(r), num(-2*r))
}

// points is a line through points.
func points(xs, ys []float64) string {
	var b strings.Builder
	for i := range xs {
		b.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + num(xs[i]) + " " + num(ys[i]))
	}
	return b.String()
}

// scale maps a value between from and to onto pixels.
type scale struct{ from, to, lo, hi float64 }

func (s scale) at(v float64) float64 {
	if s.to <= s.from {
		return s.lo
	}
	return s.lo + (min(max(v, s.from), s.to)-s.from)/(s.to-s.from)*(s.hi-s.lo)
}

// roundUp is the next round step (1, 2 or 5 times a power of ten) that divides
// v into at most n parts.
func roundUp(v float64, n int) float64 {
	if v <= 0 {
		return 1
	}
	raw := v / float64(n)
	base := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*base >= raw*0.999 {
			return m * base
		}
	}
	return 10 * base
}

// spans are the steps of a scale of time.
var spans = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// stepOf is the shortest step that divides d into at most n parts.
func stepOf(d time.Duration, n int) time.Duration {
	for _, s := range spans {
		if d <= time.Duration(n)*s {
			return s
		}
	}
	days := math.Ceil(d.Hours() / 24 / float64(n))
	return time.Duration(days) * 24 * time.Hour
}

// bytesAxis draws horizontal lines at round sizes, each with its name at the left.
func (c *chart) bytesAxis(y scale, left, right float64, n int) {
	step := roundUp(y.to, n)
	for v := 0.0; v <= y.to*1.001; v += step {
		class := "grid"
		if v == 0 {
			class = "base"
		}
		c.line(class, left, y.at(v), right, y.at(v))
		label := "0"
		if v > 0 {
			label = words.Bytes(int64(v))
		}
		c.text("tick", left-8, y.at(v)+4, "end", label)
	}
}
