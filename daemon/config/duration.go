package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// maxDuration is the longest span a setting may have: ten years.
const maxDuration = 3650 * day

// ParseDuration reads a span of time in Go's units and in days: "90s", "1h30m",
// "7d", "1d12h". It refuses what is not a number, and more than ten years
// either way.
func ParseDuration(s string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not a span of time; write it as 90s, 45m, 6h or 7d", s)
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "", s
	}
	var total time.Duration
	if found {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || math.IsNaN(n) || strings.ContainsAny(days, "xXpP_") {
			return 0, bad
		}
		if math.Abs(n) > maxDuration.Hours()/24 {
			return 0, errTooLong
		}
		total = time.Duration(n * float64(day))
		if rest == "" {
			return total, nil
		}
		if strings.HasPrefix(rest, "-") || strings.HasPrefix(rest, "+") {
			return 0, bad
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil {
		return 0, bad
	}
	if total < 0 || strings.HasPrefix(days, "-") {
		d = -d
	}
	if total += d; total > maxDuration || total < -maxDuration || d > maxDuration || d < -maxDuration {
		return 0, errTooLong
	}
	return total, nil
}

var errTooLong = errors.New("is longer than ten years")

// FormatDuration writes d the way ParseDuration reads it, as short as it can
// be: "7d", "1h30m", "90s" as "1m30s".
func FormatDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	var b strings.Builder
	b.WriteString(sign)
	if n := d / day; n > 0 {
		fmt.Fprintf(&b, "%dd", n)
		d -= n * day
	}
	if d > 0 {
		s := d.String() // 1h30m0s
		if strings.HasSuffix(s, "m0s") {
			s = strings.TrimSuffix(s, "0s")
		}
		if strings.HasSuffix(s, "h0m") {
			s = strings.TrimSuffix(s, "0m")
		}
		b.WriteString(s)
	}
	return b.String()
}

// ParseQuiet reads "22:00-07:00": two times of the local day, as minutes after
// midnight. The span may cross midnight; from and to differ. An empty string is
// "never": ok is false and err nil.
func ParseQuiet(s string) (from, to int, ok bool, err error) {
	if s == "" {
		return 0, 0, false, nil
	}
	a, b, found := strings.Cut(s, "-")
	from, err1 := minuteOfDay(strings.TrimSpace(a))
	to, err2 := minuteOfDay(strings.TrimSpace(b))
	if !found || err1 != nil || err2 != nil {
		return 0, 0, false, fmt.Errorf("%q is not two times of day; write it as 22:00-07:00", s)
	}
	if from == to {
		return 0, 0, false, fmt.Errorf("%q begins when it ends; for no notices at all, set desktop = false", s)
	}
	return from, to, true, nil
}

// minuteOfDay reads "HH:MM".
func minuteOfDay(s string) (int, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, err
	}
	return t.Hour()*60 + t.Minute(), nil
}
