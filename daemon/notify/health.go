package notify

import (
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/history"
)

// Health says whether notices arrive.
type Health struct {
	// Failing counts the last notices in a row that failed on every channel.
	Failing int
	Since   time.Time // of the first of them
	Reason  string    // of the last of them
	// LastDesktop is when a desktop notice last went out; zero never.
	LastDesktop time.Time
}

// count adds one notice that did or did not get through.
func (h *Health) count(at time.Time, sent bool, reason string) {
	if sent {
		h.Failing, h.Since, h.Reason = 0, time.Time{}, ""
		return
	}
	if h.Failing == 0 {
		h.Since = at
	}
	h.Failing++
	h.Reason = reason
}

// healthOf derives the health from past notices, oldest first.
func healthOf(notices []control.Notice) Health {
	var h Health
	for i, n := range notices {
		if n.Outcome == history.Sent && n.Channel == "desktop" {
			h.LastDesktop = n.At
		}
		switch last := i+1 == len(notices) || !sameNotice(n, notices[i+1]); {
		case n.Outcome == history.Sent:
			h.count(n.At, true, "")
		case last && n.Outcome == history.Failed && (h.Failing == 0 || h.Since.Before(n.At)):
			h.count(n.At, false, n.Reason)
		}
	}
	return h
}

// Health returns whether notices arrive.
func (d *Desk) Health() Health {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.health
}

// Tallies count the notices that were handed to a channel since the desk was made.
func (d *Desk) Tallies() []Tally {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Tally
	for t, n := range d.tally {
		t.N = n
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Tally) int { return strings.Compare(a.Channel+" "+a.Outcome, b.Channel+" "+b.Outcome) })
	return out
}
