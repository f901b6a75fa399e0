package phone

import (
	"time"

	"backupwatchdog/daemon/backup"
)

// How often a phone is asked.
const (
	everyInRun   = time.Minute
	everyAtRest  = 6 * time.Hour
	leastBetween = 10 * time.Second // also when phases follow each other quickly
	// FreshFor is how long an answer counts.
	FreshFor = 24 * time.Hour
)

// Reason is why a phone may be asked now. The zero Reason is "not now".
type Reason string

const (
	NotNow       Reason = ""
	OnAttach     Reason = "attached"
	OnPhase      Reason = "phase changed"
	InRun        Reason = "a minute of the run has passed"
	AtRest       Reason = "six hours have passed"
	BeforeRaised Reason = "a condition rests on it"
)

// Situation is what the decision rests on.
type Situation struct {
	UDID     string
	Attached time.Time // Device.Since; zero: not attached, or not known to be
	Phase    backup.Phase
	// Rests says that a condition would be raised if the phone's answer, which is
	// no longer recent, still holds.
	Rests bool
}

// Schedule decides when a phone may be asked: rarely, and never while another
// question is on its way. It reads no clock. The zero Schedule is ready for use
// by one goroutine.
type Schedule struct {
	busy string // the phone being asked; "" none
	last map[string]asked
}

// asked is the last question put to a phone, answered or not.
type asked struct {
	at       time.Time
	attached time.Time
	phase    backup.Phase
}

// Due returns why the phone of the situation may be asked now.
func (s *Schedule) Due(now time.Time, sit Situation) Reason {
	if s.busy != "" || sit.Attached.IsZero() {
		return NotNow
	}
	l, known := s.last[sit.UDID]
	age := now.Sub(l.at)
	switch {
	case !known || age < 0 || !l.attached.Equal(sit.Attached):
		return OnAttach
	case age < leastBetween:
		return NotNow
	case l.phase != sit.Phase:
		return OnPhase
	case sit.Phase.Active() && age >= everyInRun:
		return InRun
	case sit.Rests && age >= everyInRun:
		return BeforeRaised
	case age >= everyAtRest:
		return AtRest
	}
	return NotNow
}

// Begin notes that the phone is being asked.
func (s *Schedule) Begin(now time.Time, sit Situation) {
	if s.last == nil || len(s.last) > 4*maxDevices {
		s.last = map[string]asked{}
	}
	s.busy = sit.UDID
	s.last[sit.UDID] = asked{at: now, attached: sit.Attached, phase: sit.Phase}
}

// Done notes that the question has ended, however it ended.
func (s *Schedule) Done() { s.busy = "" }

// Fresh returns p without the answers that are too old to count. What usbmuxd
// and notifications say (Link, Passcode) and what does not change by itself (the
// name, the model) stays.
func Fresh(p backup.Phone, now time.Time) backup.Phone {
	age := now.Sub(p.Asked)
	if !p.Asked.IsZero() && age < FreshFor && age > -FreshFor {
		return p
	}
	u := Unheard()
	u.Link, u.Passcode = p.Link, p.Passcode
	u.Name, u.ProductType, u.OSVersion = p.Name, p.ProductType, p.OSVersion
	return u
}
