// Package icon draws the program's icon at any size: a shield that holds a
// phone, with the amber dot of a notice. It is drawn from distances to shapes,
// so that the app bundle's 1024 pixels and a banner's 128 come from one
// description and no picture file has to be kept in step.
package icon

import (
	"image"
	"image/color"
	"math"
)

// Draw returns the icon as a square of size pixels (at least 1), transparent
// around its rounded corners.
func Draw(size int) image.Image {
	size = max(size, 1)
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	px := 1 / float64(size)
	for y := range size {
		for x := range size {
			img.SetNRGBA(x, y, at(point{(float64(x) + 0.5) * px, (float64(y) + 0.5) * px}, px))
		}
	}
	return img
}

// point is a place in the unit square, y downwards.
type point struct{ x, y float64 }

// rgb is a colour with channels from 0 to 1.
type rgb struct{ r, g, b float64 }

var (
	skyTop    = rgb{0.24, 0.47, 0.93}
	skyBottom = rgb{0.13, 0.20, 0.56}
	white     = rgb{0.98, 0.99, 1.00}
	ink       = rgb{0.11, 0.16, 0.42}
	screen    = rgb{0.72, 0.85, 1.00}
	amber     = rgb{1.00, 0.66, 0.10}
)

// badge is where the bell hangs.
var badge = point{0.745, 0.250}

// at is the colour of one pixel: the layers from the back to the front.
func at(p point, px float64) color.NRGBA {
	sky := mix(skyTop, skyBottom, p.y)
	c := sky
	for _, l := range []struct {
		distance float64
		colour   rgb
	}{
		{shield(p), white},
		{box(p, point{0.5, 0.475}, point{0.130, 0.215}, 0.040), ink},
		{box(p, point{0.5, 0.462}, point{0.104, 0.160}, 0.014), screen},
		{box(p, point{0.5, 0.656}, point{0.034, 0.008}, 0.008), white},
		{circle(p, badge, 0.155), sky},
		{circle(p, badge, 0.120), amber},
		{bell(p), white},
	} {
		c = mix(c, l.colour, cover(l.distance, px))
	}
	return color.NRGBA{R: byteOf(c.r), G: byteOf(c.g), B: byteOf(c.b),
		A: byteOf(cover(box(p, point{0.5, 0.5}, point{0.46, 0.46}, 0.20), px))}
}

// cover is how much of a pixel lies inside a shape whose edge is that far away.
func cover(distance, px float64) float64 { return min(max(0.5-distance/px, 0), 1) }

func mix(a, b rgb, t float64) rgb {
	return rgb{a.r + (b.r-a.r)*t, a.g + (b.g-a.g)*t, a.b + (b.b-a.b)*t}
}

func byteOf(v float64) uint8 { return uint8(math.Round(min(max(v, 0), 1) * 255)) }

func circle(p, centre point, radius float64) float64 {
	return math.Hypot(p.x-centre.x, p.y-centre.y) - radius
}

// box is the distance to a rectangle with rounded corners, given by its centre
// and half its width and height; negative inside.
func box(p, centre, half point, radius float64) float64 {
	dx := math.Abs(p.x-centre.x) - half.x + radius
	dy := math.Abs(p.y-centre.y) - half.y + radius
	return math.Hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - radius
}

// shield is flat above and comes to a point below: a rounded box on top of the
// common part of two large circles.
func shield(p point) float64 {
	upper := box(p, point{0.5, 0.37}, point{0.27, 0.23}, 0.06)
	left := circle(p, point{0.5 + 0.12, 0.48}, 0.39)
	right := circle(p, point{0.5 - 0.12, 0.48}, 0.39)
	lower := max(max(left, right), 0.48-p.y)
	return min(max(upper, p.y-0.50), lower)
}

// bell is a dome on a skirt, with a rim and a clapper.
func bell(p point) float64 {
	dome := circle(p, point{badge.x, badge.y - 0.022}, 0.046)
	skirt := box(p, point{badge.x, badge.y + 0.008}, point{0.046, 0.030}, 0.004)
	rim := box(p, point{badge.x, badge.y + 0.036}, point{0.064, 0.009}, 0.009)
	clapper := circle(p, point{badge.x, badge.y + 0.058}, 0.015)
	return min(dome, skirt, rim, clapper)
}
