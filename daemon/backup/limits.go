package backup

import (
	"math"
	"slices"
	"time"
)

// Learning: what the past must offer, and within what bounds it counts.
const (
	runsToLearn = 2  // complete runs over one transport before their silences count
	runsLearned = 20 // the newest so many
	learnFactor = 3
)

// bounds are the floor and ceiling of a learned limit, by phase.
var bounds = map[Phase][2]time.Duration{
	Preparing:    {20 * time.Minute, 90 * time.Minute},
	Transferring: {7 * time.Minute, 20 * time.Minute},
	Finishing:    {8 * time.Minute, 30 * time.Minute},
}

// Limit is how long the run under way may be silent in its phase before that
// is suspicious. Settling has the configured quiet.
func (s *Session) Limit() time.Duration {
	d, _ := s.limit()
	return d
}

// limit also says whether it was learned.
func (s *Session) limit() (time.Duration, bool) {
	r := s.m.Run
	phase := Preparing
	if r != nil {
		phase = r.Phase
	}
	set := s.configured(phase)
	b, known := bounds[phase]
	if !s.rules.Learn || !known || r == nil {
		return set, false
	}
	quiet := s.silences(phase, r.Link)
	if len(quiet) < runsToLearn {
		return set, false
	}
	return min(max(learnFactor*percentile(quiet, 0.95), b[0]), b[1]), true
}

// configured is the patience a person has set for a phase.
func (s *Session) configured(p Phase) time.Duration {
	switch p {
	case Transferring:
		return s.rules.Transferring
	case Finishing:
		return s.rules.Finishing
	case Settling:
		return s.rules.Settling
	}
	return s.rules.Preparing
}

// noticeLimit is how long a silence lasts before it is told without a second
// witness. In preparing and finishing a few short runs prove little about the
// next one (a scan that takes a minute nine times takes half an hour the tenth),
// so nobody is told before the configured patience has run out there, however
// short the learned limit.
func (s *Session) noticeLimit() time.Duration {
	limit := s.Limit()
	if r := s.m.Run; r != nil && r.Phase != Transferring {
		limit = max(limit, s.configured(r.Phase))
	}
	return time.Duration(float64(limit) * max(1, s.rules.WitnessFactor))
}

// Usual is the longest healthy silence this phone is known for in the phase
// under way, over the transport in use; zero when too little is known.
func (s *Session) Usual() time.Duration {
	r := s.m.Run
	if r == nil {
		return 0
	}
	q := s.silences(r.Phase, r.Link)
	if len(q) < runsToLearn {
		return 0
	}
	return slices.Max(q)
}

// silences are the longest healthy silences of a phase in the newest complete
// runs over a transport.
func (s *Session) silences(p Phase, l Link) []time.Duration {
	var out []time.Duration
	for i := len(s.m.Past) - 1; i >= 0 && len(out) < runsLearned; i-- {
		r := s.m.Past[i]
		if r.Outcome != OutcomeComplete || !r.Taught || r.Link != l {
			continue
		}
		out = append(out, r.Silence.of(p))
	}
	return out
}

// of returns the silence of a phase; zero for phases that have none.
func (s Silences) of(p Phase) time.Duration {
	switch p {
	case Preparing:
		return s.Preparing
	case Transferring:
		return s.Transferring
	case Finishing:
		return s.Finishing
	case Settling:
		return s.Settling
	}
	return 0
}

// percentile is the nearest-rank percentile of ds, which is not empty.
func percentile(ds []time.Duration, p float64) time.Duration {
	ds = slices.Sorted(slices.Values(ds))
	return ds[max(0, int(math.Ceil(p*float64(len(ds))))-1)]
}

// longestAllowed is the absolute cap on a run: four times this phone's longest
// complete one, at least twelve hours.
func (s *Session) longestAllowed() time.Duration {
	longest := time.Duration(0)
	for _, p := range s.m.Past {
		if p.Outcome == OutcomeComplete {
			longest = max(longest, p.Duration)
		}
	}
	return max(12*time.Hour, 4*longest)
}

// Expected is how many bytes the run under way will bring; -1 where nothing is
// known of it. It is what the last complete run of the same kind brought, and
// then a guess; or what the phone has in use, and then atMost: apps and the
// system, which are not backed up, are part of that.
func (s *Session) Expected() (bytes int64, atMost bool) {
	r := s.m.Run
	if r == nil {
		return -1, false
	}
	whole := r.Kind == First || r.Kind == Full
	for i := len(s.m.Past) - 1; i >= 0; i-- {
		p := s.m.Past[i]
		if p.Outcome != OutcomeComplete || p.Bytes <= 0 {
			continue
		}
		if p.Kind == r.Kind || (whole && (p.Kind == First || p.Kind == Full)) {
			return max(p.Bytes, r.Bytes), false
		}
	}
	if whole && s.facts.Phone.DiskUsed > 0 {
		return max(s.facts.Phone.DiskUsed, r.Bytes), true
	}
	return -1, false
}

// Rate is how many bytes a second have arrived over the last ten awake minutes
// of the run, or since its first byte; -1 when less than a minute is known.
func (s *Session) Rate(now Moment) float64 {
	r := s.m.Run
	if r == nil || len(r.Rates) == 0 {
		return -1
	}
	first := r.Rates[0]
	for _, p := range r.Rates {
		if now.AwakeSince(p.At) <= rateWindow {
			break
		}
		first = p
	}
	over := now.AwakeSince(first.At)
	if over < 10*time.Second {
		return -1
	}
	return float64(max(0, r.Bytes-first.Bytes)) / over.Seconds()
}

// Left estimates the time left of the run under way; negative when nothing can be said.
func (s *Session) Left(now Moment) time.Duration {
	r, rate := s.m.Run, s.Rate(now)
	want, _ := s.Expected()
	if r == nil || r.Phase != Transferring || want <= 0 || rate <= 0 || r.Bytes < 0 || want <= r.Bytes {
		return -1
	}
	sec := float64(want-r.Bytes) / rate
	if sec > 1e7 {
		return -1
	}
	return time.Duration(sec * float64(time.Second))
}
