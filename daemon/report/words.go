package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// deviceKind is what a product type is called.
func deviceKind(product string) string {
	switch {
	case strings.HasPrefix(product, "iPad"):
		return "iPad"
	case strings.HasPrefix(product, "iPod"):
		return "iPod"
	}
	return "iPhone"
}

// phaseWords say what goes on in a phase, after "is being backed up: ".
var phaseWords = map[backup.Phase]string{
	backup.Preparing:    "the phone gathers what to send",
	backup.Transferring: "files are being copied",
	backup.Finishing:    "the new files are put in their place",
	backup.Settling:     "finished, the last checks are still due",
}

// whilst say in which phase something happened.
var whilst = map[backup.Phase]string{
	backup.Preparing:    "while preparing",
	backup.Transferring: "while copying",
	backup.Finishing:    "while finishing",
	backup.Settling:     "at the last checks",
}

// outcomeWords say how a run ended.
func outcomeWords(r control.PastRun) string {
	switch r.Outcome {
	case backup.OutcomeComplete:
		return "complete"
	case backup.OutcomeAbandoned:
		if w := whilst[r.LastPhase]; w != "" {
			return "broke off " + w
		}
		return "broke off"
	case backup.OutcomeRunning:
		return "running"
	}
	return "not known"
}

var kindWords = map[backup.Kind]string{
	backup.First: "everything, first", backup.Full: "everything", backup.Incremental: "changes",
}

var sourceWords = map[backup.Source]string{
	backup.FromFolder: "the backup folder", backup.FromPhone: "the phone", backup.FromMac: "this computer",
	backup.FromApple: "Apple’s status page", backup.FromHistory: "earlier backups",
}

var sureWords = map[backup.Confidence]string{
	backup.High: "This is certain.", backup.Medium: "This is likely.", backup.Low: "This is a suspicion.",
}

var severityWords = map[backup.Severity]string{
	backup.Info: "Good to know", backup.Warning: "Warning", backup.Critical: "Critical",
}

// verdictWords say what a check found, in a table's cell.
var verdictWords = map[backup.Verdict]string{
	backup.Good: "whole", backup.BrokenUp: "damaged", backup.Unproven: "in order, as far as can be told without its password",
	backup.Incomplete: "not complete", backup.Unchecked: "not checked",
}

// eventWords say why a notice was written.
var eventWords = map[string]string{
	"raised": "", "repeated": "Reminder", "cleared": "It goes on again", "verified": "Finished and checked", "assured": "Weekly word",
}

var channelWords = map[string]string{
	"desktop": "to the desktop", "webhook": "to the webhook", "command": "to the command", "log": "to the log",
}

// fateWords say what became of a notice.
func fateWords(n control.Notice) string {
	where := channelWords[n.Channel]
	switch n.Outcome {
	case "sent":
		return strings.TrimSpace("sent " + where)
	case "pending":
		return strings.TrimSpace("waiting to be sent " + where)
	case "failed":
		return strings.TrimSpace("could not be sent " + where)
	case "suppressed":
		return "held back"
	}
	return "not known"
}

// stateWords say how a watched folder is.
var stateWords = map[string]string{
	"watching": "watched", "polling": "watched by the clock", "missing": "waited for: it is not there",
	"denied": "not allowed to read it",
}

// left words the time left, as coarsely as it is known.
func left(seconds float64) string {
	d := span(seconds)
	switch {
	case d < time.Minute:
		return "less than a minute left"
	case d < 10*time.Minute:
		return fmt.Sprintf("about %d min left", int(d.Round(time.Minute).Minutes()))
	case d < 2*time.Hour:
		return fmt.Sprintf("about %d min left", int(d.Round(5*time.Minute).Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("about %d h left", int(d.Round(time.Hour).Hours()))
	}
	return "more than two days left"
}

// span is a duration from its number in JSON, kept within what fits.
func span(seconds float64) time.Duration {
	if math.IsNaN(seconds) {
		return 0
	}
	return time.Duration(min(max(seconds, 0), math.MaxInt32) * float64(time.Second))
}

// stamp is a moment, for people and for programs.
type stamp struct{ Text, Machine string }

// moments writes times in the zone of one reader at one moment.
type moments struct{ now time.Time }

// at is day and time: "27 Nov, 21:45", with the year where it is another.
func (m moments) at(t time.Time) stamp {
	if t.IsZero() {
		return stamp{Text: "not known"}
	}
	t = t.In(m.now.Location())
	layout := "2 Jan, 15:04"
	if t.Year() != m.now.Year() {
		layout = "2 Jan 2006, 15:04"
	}
	return stamp{t.Format(layout), t.Format(time.RFC3339)}
}

// ago says how long before now t was: "25 h ago", "just now".
func (m moments) ago(t time.Time) string {
	d := m.now.Sub(t)
	switch {
	case d < -time.Minute: // a clock was set
		return m.at(t).Text
	case d < time.Minute:
		return "just now"
	case d >= 2*time.Hour && d < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", int(d.Round(time.Hour).Hours()))
	}
	return words.Span(d) + " ago"
}

// small writes a number as a word where a sentence begins with it.
func small(n int) string {
	words := []string{"No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"}
	if n >= 0 && n < len(words) {
		return words[n]
	}
	return fmt.Sprint(n)
}

// size and count write numbers that may be unknown, as a table's cell.
func size(n *int64) string {
	if n == nil || *n < 0 {
		return "–"
	}
	return words.Bytes(*n)
}

func count(n *int64) string {
	if n == nil || *n < 0 {
		return "–"
	}
	return words.Count(*n)
}

// sentence gives a text its capital and its full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	s = capital(s)
	if !strings.ContainsAny(s[len(s)-1:], ".!?…") {
		s += "."
	}
	return s
}

// capital gives a text its capital, but for names that begin without one.
func capital(s string) string {
	if s == "" || strings.HasPrefix(s, "iOS") || strings.HasPrefix(s, "iP") {
		return s
	}
	r := []rune(s)
	return strings.ToUpper(string(r[0])) + string(r[1:])
}
