package words

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
)

// The names of what more than one surface speaks of. Keys are the words of the
// JSON contract; what is not known there has no name here: "".

// A Phase is what a run is doing, said in three ways.
type Phase struct {
	Head  string // begins a line of its own: "Copying files"
	Doing string // a clause, after a colon: "files are being copied"
	While string // when something happened: "while copying files"
}

var phases = map[string]Phase{
	"preparing":    {"Preparing: the iPhone is gathering what to send", "the iPhone is gathering what to send", "while preparing"},
	"transferring": {"Copying files", "files are being copied", "while copying files"},
	"finishing":    {"Finishing: new files are being moved into place", "new files are being moved into place", "while finishing"},
	"settling":     {"Finished; the final checks are still due", "finished, and the final checks are still due", "during the final checks"},
}

// PhaseOf names a phase of a run under way.
func PhaseOf(phase string) Phase { return phases[phase] }

var kinds = map[string]string{
	"first": "first backup", "full": "full backup", "incremental": "only what changed",
}

// Kind is what a run brings: "first backup", "full backup", "only what changed".
func Kind(kind string) string { return kinds[kind] }

var outcomes = map[string]string{
	"complete": "complete", "abandoned": "interrupted", "running": "running",
}

// Outcome says how a run ended: "complete", "interrupted while copying files". The
// phase is the last one that was seen, "" where none was.
func Outcome(outcome, phase string) string {
	text := outcomes[outcome]
	if text == "" {
		return NotKnown
	}
	if while := phases[phase].While; outcome == "abandoned" && while != "" {
		text += " " + while
	}
	return text
}

// NotKnown is said where a word is due and nothing is known.
const NotKnown = "unknown"

var verdicts = map[string]string{
	"good": "whole", "broken": "damaged", "unproven": "in order, as far as can be told without its password",
	"incomplete": "incomplete", "unchecked": "not checked yet",
}

// Verdict says what a check of a backup's contents found, after "the backup is".
func Verdict(verdict string) string { return verdicts[verdict] }

var connections = map[string]string{"usb": "by cable", "network": "by Wi-Fi"}

// Connection says how an iPhone is connected: "by cable", "by Wi-Fi".
func Connection(connection string) string { return connections[connection] }

var severities = map[string]string{"info": "good to know", "warning": "warning", "critical": "critical"}

// Severity is how much something matters: "good to know", "warning", "critical".
func Severity(severity string) string { return severities[severity] }

var confidences = map[string]string{"high": "certain", "medium": "likely", "low": "a suspicion"}

// Confidence is how sure something is, after "this is": "certain", "likely", "a suspicion".
func Confidence(confidence string) string { return confidences[confidence] }

var sources = map[string]string{
	"folder": "the backup folder", "phone": "the iPhone", "mac": "this computer",
	"apple": "Apple's status page", "history": "earlier backups",
}

// Source is who says a piece of evidence.
func Source(source string) string { return sources[source] }

var channels = map[string]string{
	"desktop": "the desktop", "webhook": "the webhook", "command": "the command", "log": "the log",
}

// Channel is where a notice goes: "the desktop".
func Channel(channel string) string { return channels[channel] }

var events = map[string]string{
	"repeated": "reminder", "cleared": "resolved", "verified": "finished and checked", "assured": "weekly report",
}

// Event says why a notice was written, beside its title; "" of one that tells
// a trouble for the first time.
func Event(event string) string { return events[event] }

var fates = map[string]string{
	"sent": "sent to", "pending": "waiting to be sent to", "failed": "could not be sent to",
}

// Fate says what became of a notice: "sent to the desktop", "could not be sent
// to the webhook and the command", "held back".
func Fate(outcome string, to ...string) string {
	if outcome == "suppressed" {
		return "held back"
	}
	text := fates[outcome]
	switch {
	case text == "":
		return NotKnown
	}
	var names []string
	for _, c := range to {
		if name := channels[c]; name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return strings.TrimSuffix(text, " to")
	}
	return text + " " + And(names)
}

// The rules that keep a notice back, by the names that the history has for
// them; these never change.
const (
	RuleMinimum = "minimum"
	RuleAcked   = "acked"
	RuleMuted   = "muted"
	RuleTold    = "already told"
	RuleRepeat  = "repeat not due"
	RuleSame    = "same trouble"
	RuleQuiet   = "quiet hours"
	RuleCap     = "daily cap"
	RuleRetry   = "retry not due"
	RuleJoined  = "told with another"
)

var withheld = map[string]string{
	RuleMinimum: "less severe than `notify.minimum` asks for",
	RuleAcked:   "you had seen it",
	RuleMuted:   "muted for this iPhone",
	RuleTold:    "you had been told already",
	RuleRepeat:  "told less than `notify.repeat` ago",
	RuleSame:    "you had been told of the same trouble",
	RuleQuiet:   "it was in the quiet hours",
	RuleCap:     "`notify.daily_cap` had been reached that day",
	RuleRetry:   "it had failed a short while before",
	RuleJoined:  "told together with another",
}

// Withheld says why a notice was not sent. What is no rule (an error) stays as
// it is.
func Withheld(reason string) string {
	if text, ok := withheld[reason]; ok {
		return text
	}
	return reason
}

var folders = map[string]string{
	"watching": "watched", "polling": "watched by the clock", "missing": "missing, and waited for",
	"denied": "not allowed to read it",
}

// Folder says how a watched folder is, in a table's cell.
func Folder(state string) string { return folders[state] }

// What is said of everything at once, in the terminal's and the report's first line.
const (
	AllWell        = "All is well."
	AsFarAsKnown   = "Nothing is wrong, as far as can be told."
	NothingWatched = "Nothing is watched."
	NoBackupYet    = "There is no backup here yet."
	NoneComplete   = "No complete backup is known."
)

// MayBeStuck is said of a phone that is silent for longer than it should be,
// before anything is certain. Who is its name, or "It".
func MayBeStuck(who string) string {
	return who + " has been quiet for longer than usual. It may be stuck."
}

// ConfigRefused says that a changed configuration has a mistake.
func ConfigRefused(why string) string {
	return "The latest configuration was refused, and the previous one is still in force: " + why
}

// Checking is how far a check under way is; share is of 1.
func Checking(share float64) string {
	return fmt.Sprintf("being checked, %d %% done", int(min(max(share, 0), 1)*100))
}

// SoFar is what a run has brought, where it is not known of how much.
func SoFar(bytes int64) string { return Bytes(bytes) + " so far" }

// Battery is how full a phone's battery is: "battery 64 %, charging".
func Battery(percent int, charging bool) string {
	text := fmt.Sprintf("battery %d %%", percent)
	if charging {
		text += ", charging"
	}
	return text
}

// NotConnected is said of a phone that is not at hand.
const NotConnected = "not connected"

// Device is what a product type is called: "iPhone", "iPad", "iPod".
func Device(product string) string {
	for _, name := range []string{"iPad", "iPod"} {
		if strings.HasPrefix(product, name) {
			return name
		}
	}
	return "iPhone"
}

// System is the name of a device's system: "iOS", "iPadOS".
func System(product string) string {
	if Device(product) == "iPad" {
		return "iPadOS"
	}
	return "iOS"
}

// Writer is what a person calls a program that makes backups.
func Writer(program string) string {
	if program == "AppleMobileBackup" {
		return "Finder"
	}
	return program
}

// Estimate writes a size that is not known exactly: "about 83 GB", or "at most
// 83 GB" of an upper bound.
func Estimate(n int64, atMost bool) string { return roughly(atMost) + Bytes(n) }

func roughly(atMost bool) string {
	if atMost {
		return "at most "
	}
	return "about "
}

// Left words the time that is left, as coarsely as it is known: "about 5 min
// left", or "at most 5 min left", which is rounded up.
func Left(d time.Duration, atMost bool) string {
	round := func(to time.Duration) int {
		if atMost {
			return int((d + to - 1) / to)
		}
		return int(d.Round(to) / to)
	}
	switch {
	case d < time.Minute:
		return "less than a minute left"
	case d < 10*time.Minute:
		return fmt.Sprintf("%s%d min left", roughly(atMost), round(time.Minute))
	case d < 2*time.Hour:
		return fmt.Sprintf("%s%d min left", roughly(atMost), 5*round(5*time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%s%d h left", roughly(atMost), round(time.Hour))
	case atMost:
		return fmt.Sprintf("at most %d days left", round(24*time.Hour))
	}
	return "more than two days left"
}

// Seconds is a duration from its number in JSON, kept within what fits.
func Seconds(s float64) time.Duration {
	if math.IsNaN(s) {
		return 0
	}
	return time.Duration(min(max(s, 0), math.MaxInt32) * float64(time.Second))
}

// When words t as seen from now, in now's time zone, for somebody who reads it
// now: "21:14", "yesterday 21:14", "Monday 21:14", "12 Oct 21:14", "12 Oct 2025".
func When(t, now time.Time) string {
	t = t.In(now.Location())
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch {
	case t.After(now.Add(24 * time.Hour)), t.Year() != now.Year() && t.Before(midnight.AddDate(0, 0, -6)):
		return t.Format("2 Jan 2006")
	case !t.Before(midnight):
		return t.Format("15:04")
	case !t.Before(midnight.AddDate(0, 0, -1)):
		return "yesterday " + t.Format("15:04")
	case !t.Before(midnight.AddDate(0, 0, -6)):
		return t.Format("Monday 15:04")
	}
	return t.Format("2 Jan 15:04")
}

// AtWhen is the same inside a sentence: "at 21:14", "yesterday 21:14",
// "on 12 Oct 21:14".
func AtWhen(t, now time.Time) string {
	when := When(t, now)
	switch {
	case strings.HasPrefix(when, "yesterday"), unicode.IsUpper([]rune(when)[0]): // the day says it
		return when
	case strings.Contains(when, " "):
		return "on " + when
	}
	return "at " + when
}

// Date words t for what is kept and read later: "27 Nov 21:45", with the year
// where it is not now's.
func Date(t, now time.Time) string {
	if t.IsZero() {
		return NotKnown
	}
	t = t.In(now.Location())
	if t.Year() != now.Year() {
		return t.Format("2 Jan 2006 15:04")
	}
	return t.Format("2 Jan 15:04")
}

// Ago says how long before now t was: "just now", "25 hours ago", "3 days ago".
func Ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < -time.Minute: // a clock was set
		return Date(t, now)
	case d < time.Minute:
		return "just now"
	case d >= 2*time.Hour && d < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", int(d.Round(time.Hour).Hours()))
	}
	return Span(d) + " ago"
}

var numbers = []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}

// Small writes a small number as a word: "three".
func Small(n int) string {
	if n >= 0 && n < len(numbers) {
		return numbers[n]
	}
	return Count(int64(n))
}

// Capital gives a text its capital, but for names that begin without one.
func Capital(s string) string {
	if strings.HasPrefix(s, "iOS") || strings.HasPrefix(s, "iP") || strings.HasPrefix(s, "iCloud") {
		return s
	}
	for i, r := range s {
		return s[:i] + string(unicode.ToUpper(r)) + s[i+len(string(r)):]
	}
	return s
}

// Sentence gives a text its capital and, unless it ends otherwise, its full stop.
func Sentence(s string) string { return stopped(Capital(s)) }

// stopped ends a text with a full stop unless it ends otherwise.
func stopped(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".?!:") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}

// OneLine makes any run of white space one plain space.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Spoken is a text as a banner shows it: in one line, and without the marks
// around commands, which only a terminal or a page sets apart.
func Spoken(s string) string { return strings.ReplaceAll(OneLine(s), "`", "") }

// Shorten cuts a text to at most n characters, at a space where one is near,
// and shows that it did.
func Shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	cut := max(n-1, 0)
	for i := cut; i > cut*2/3; i-- {
		if unicode.IsSpace(r[i]) {
			cut = i
			break
		}
	}
	return strings.TrimRightFunc(string(r[:cut]), func(c rune) bool { return unicode.IsSpace(c) || unicode.Is(unicode.Mn, c) }) + "…"
}

// Fitting is as many whole sentences of a text as fit into n characters; the
// beginning of the first where not even that fits, unless n is too small for a
// beginning to say anything.
func Fitting(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	for i := max(0, n) - 1; i > 0; i-- {
		if r[i] == '.' && r[i+1] == ' ' {
			return string(r[:i+1])
		}
	}
	if n < 40 {
		return ""
	}
	return Shorten(s, n)
}
