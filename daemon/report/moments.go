package report

import (
	"time"

	"backupwatchdog/daemon/words"
)

// stamp is a moment, for people and for programs.
type stamp struct{ Text, Machine string }

// moments writes times in the zone of one reader at one moment.
type moments struct{ now time.Time }

// at is day and time: "27 Nov 21:45", with the year where it is another.
func (m moments) at(t time.Time) stamp {
	s := stamp{Text: words.Date(t, m.now)}
	if !t.IsZero() {
		s.Machine = t.In(m.now.Location()).Format(time.RFC3339)
	}
	return s
}

// ago says how long before now t was.
func (m moments) ago(t time.Time) string { return words.Ago(t, m.now) }

// size and count write numbers that may be unknown, as a table's cell.
func size(n *int64) string {
	if n == nil || *n < 0 {
		return words.ReportNone
	}
	return words.Bytes(*n)
}

func count(n *int64) string {
	if n == nil || *n < 0 {
		return words.ReportNone
	}
	return words.Count(*n)
}
