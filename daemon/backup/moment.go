package backup

import "time"

// Moment is an instant as the judgement needs it: where the calendar stands,
// and how much of the time before it this computer slept. Between two moments
// that tells both how long ago and how long awake. The zero Moment is "never".
type Moment struct {
	// T is the calendar time. It advances during sleep.
	T time.Time `json:"t"`
	// Slept is the total sleep of this computer up to T, counted from some
	// fixed start (its boot). Only differences mean anything.
	Slept time.Duration `json:"slept"`
}

// IsZero reports whether m is the zero Moment, "never".
func (m Moment) IsZero() bool { return m.T.IsZero() }

// Since returns how long before m the moment o was, asleep and awake alike.
func (m Moment) Since(o Moment) time.Duration { return m.T.Sub(o.T) }

// AwakeSince returns how long the computer was awake between o and m. It is
// never negative: a clock that was set back gives zero.
func (m Moment) AwakeSince(o Moment) time.Duration {
	return max(0, m.T.Sub(o.T)-m.SleptSince(o))
}

// SleptSince returns how long the computer slept between o and m; zero when
// the counter of sleep began anew in between.
func (m Moment) SleptSince(o Moment) time.Duration { return max(0, m.Slept-o.Slept) }

// Add returns the moment d later, with the computer awake all the while.
func (m Moment) Add(d time.Duration) Moment { return Moment{T: m.T.Add(d), Slept: m.Slept} }

// Asleep returns the moment d later, with the computer asleep all the while.
func (m Moment) Asleep(d time.Duration) Moment {
	return Moment{T: m.T.Add(d), Slept: m.Slept + d}
}
