package words

import (
	"fmt"
	"strings"
	"time"
)

// What the live view says beside the status.

// Pair is a row of two columns.
type Pair struct{ Left, Right string }

// LiveKeys are the keys of the live view.
var LiveKeys = []Pair{
	{"tab, right", "the next iPhone"}, {"shift-tab, left", "the previous iPhone"}, {"enter", "the steps of the fix; again for the next one"},
	{"c", "copy the fix's command"}, {"up, down, k, j", "scroll"}, {"page up, page down", "scroll by half a window"}, {"esc", "back"}, {"q", "quit"},
}

// The headings of the live view's help.
const (
	Keys  = "Keys"
	Signs = "Signs"
)

// LiveSigns are what the given signs mean.
func LiveSigns(complete, running, info, warning, critical string) []Pair {
	return []Pair{{complete, "complete"}, {running, "being backed up"}, {info, "good to know"}, {warning, "a warning"}, {critical, "critical"}}
}

// LiveHelp is the rest of the help.
var LiveHelp = []string{
	"The curve shows how much arrived in each part of the last hour, or since the backup began if that is less; a dot is a part in which nothing arrived.",
	"For a screen reader, `watchdogctl status --watch | cat` writes plain lines whenever something changes.",
}

// The keys in the live view's last line.
const (
	KeyBack  = "esc back"
	KeyNext  = "tab next iPhone"
	KeySteps = "enter steps"
	KeyCopy  = "c copy"
	KeyHelp  = "? help"
	KeyQuit  = "q quit"
)

// NothingToCopy is the word in the live view's last line where c finds nothing.
const NothingToCopy = "There is no command to copy."

// Copied says what is in the clipboard now, and for which fix.
func Copied(fix, command string) string { return "Copied for \"" + fix + "\": " + command }

// MoreLines says how much lies below the window, which the sign points to.
func MoreLines(n int, sign string) string { return fmt.Sprintf("%d more %s", n, sign) }

// Below is that sign, where there is none to draw; TheEnd is said where nothing
// lies below any more.
const (
	Below  = "below"
	TheEnd = "the end"
)

// LinesHidden says that a picture was cut to the window.
func LinesHidden(n int) string {
	return fmt.Sprintf("(and %d more lines: make the window taller)", n)
}

// WhyIs is a fix's reason, written out.
func WhyIs(why string) string { return "Why: " + why }

// NotHelping is the heading over what to try next.
const NotHelping = "If that does not help"

// OtherFix is one of those.
func OtherFix(title, id string) string { return title + ": " + explain(id) }

// Curve says what the curve shows: its highest rate, 0 of none, since the run
// began or over the last hour.
func Curve(peak int64, young bool) string {
	text := "The last hour: "
	if young {
		text = "Since it began: "
	}
	if peak < 1 {
		return text + "nothing arrived."
	}
	return text + "at most " + Speed(peak) + "."
}

// What `watchdogctl check` says.

// CheckVerdict is the verdict in the head of a result.
func CheckVerdict(verdict string) string {
	if verdict == "unproven" {
		return "unproven: encrypted"
	}
	return Verdict(verdict)
}

// A CheckCount is what a check has looked at.
type CheckCount struct {
	Listed    int64 // by the index; below zero: it cannot be read
	Present   int64
	Bytes     int64
	Encrypted bool
	Compared  int64 // contents that were read and compared
	Extra     int64 // files that no index lists
	Took      time.Duration
}

// Counts says what was looked at, in a sentence.
func (c CheckCount) Counts() string {
	var b strings.Builder
	switch {
	case c.Listed >= 0:
		fmt.Fprintf(&b, "%s of %s there, %s", Count(c.Present), Plural(c.Listed, "file"), Bytes(c.Bytes))
	case c.Encrypted:
		fmt.Fprintf(&b, "%s there, %s, encrypted", Plural(c.Present, "file"), Bytes(c.Bytes))
	default:
		fmt.Fprintf(&b, "%s there, %s, without a readable index", Plural(c.Present, "file"), Bytes(c.Bytes))
	}
	if c.Compared > 0 {
		fmt.Fprintf(&b, "; %s compared with what the iPhone sent", Plural(c.Compared, "content"))
	}
	took := "less than a second"
	if c.Took >= time.Second {
		took = Span(c.Took)
	}
	fmt.Fprintf(&b, "; checked in %s.", took)
	if c.Extra > 0 {
		fmt.Fprintf(&b, " Also there: %s not in the index, which does no harm.", Plural(c.Extra, "file"))
	}
	return b.String()
}

// WhatIsWrong is the heading over damaged files, NotAtThisMoment over those that
// are not there, or not yet, in the middle of a backup.
const (
	WhatIsWrong     = "What is wrong:"
	NotAtThisMoment = "Not complete at this moment:"
)

// ProblemsOmitted says that there are more of them.
func ProblemsOmitted(n int64) string {
	return fmt.Sprintf("and %s more; `--json` lists up to 1,000", Count(n))
}

// stages of a check, by the names package verify has for them.
var stages = map[string]string{"keys": "opening the keys", "files": "comparing files", "contents": "reading contents"}

// Stage says what a check is doing.
func Stage(stage string) string { return stages[stage] }

// Where the backup is that was checked, when it is not simply the one in use.
const (
	CheckedAside   = "It is set aside: no new backup builds on it."
	CheckedOutside = "It is outside the watched folders: the backups made there do not build on it."
	CheckedRunning = "A backup of this iPhone is running, so this is only a moment in the middle of it: check again when it is done."
	// SetFolderAside is the first step of a fresh start outside the watched
	// folders, where `watchdogctl retire` does not reach.
	SetFolderAside = "Set this folder aside: rename it, so that the next backup does not build on it. Nothing is deleted."
)

// What `watchdogctl history` says.

// The headings, and what is said where there is nothing.
const (
	PastBackups    = "Backups"
	PastNotices    = "Notices"
	NothingYet     = "Nothing has been recorded here yet."
	RunningThen    = "still running then"
	HowItEndedLost = "how it ended is unknown"
)

// NoneKept is why there is no past to show where none was ever recorded.
const NoneKept = "none were kept here"

// PastUnread says why the past is not shown in a report.
func PastUnread(why string) string {
	return "Past backups, checks and notices cannot be shown: " + why + "."
}

// Ended says how a run ended, at the end of its line.
func Ended(outcome, phase string, old bool) string {
	switch {
	case outcome == "running" && old:
		return RunningThen
	case outcomes[outcome] == "":
		return HowItEndedLost
	}
	return Outcome(outcome, phase)
}

// Took is how long something lasted.
func Took(d time.Duration) string { return "took " + Span(d) }

// Brought is what one run has sent, as counted from the folder. It is less than
// what the backup holds, unless that began with it. Below one is unknown.
func Brought(files, bytes int64) string { return counted("brought ", files, bytes) }

// InAll is what the whole backup holds after a run, as its index lists it.
func InAll(files, bytes int64) string { return counted("in all ", files, bytes) }

// counted writes files and bytes, those that are known, behind a word; "" where
// neither is.
func counted(word string, files, bytes int64) string {
	var facts []string
	if files > 0 {
		facts = append(facts, Plural(files, "file"))
	}
	if bytes > 0 {
		facts = append(facts, Bytes(bytes))
	}
	if len(facts) == 0 {
		return ""
	}
	return word + strings.Join(facts, ", ")
}

// QuietFor is the longest silence of a run and its phase.
func QuietFor(d time.Duration, phase string) string {
	return fmt.Sprintf("quiet for %s %s", Span(d), PhaseOf(phase).While)
}

// NoticeLine is a notice's title with the reason it was sent, and the name where
// the title does not begin with it.
func NoticeLine(name, title, event string) string {
	if why := Event(event); why != "" {
		title += " (" + why + ")"
	}
	if name == "" || strings.HasPrefix(title, name) {
		return title
	}
	return name + ": " + title
}

// Because puts a reason behind something, where there is one.
func Because(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ": " + reason
}

// What `watchdogctl explain` says around a condition and a fix.
const (
	Catalogue     = "What the watchdog can say. `watchdogctl explain CODE` explains each in full."
	OfBackups     = "About a backup"
	OfFolders     = "About the backup folder"
	OfWatchdog    = "About the watchdog itself"
	WhatToDo      = "What to do"
	HoldsWhen     = "Holds when"
	SeverityIs    = "Severity"
	NotShownWhile = "Not shown while"
	FirstFix      = "First fix"
	ThenFixes     = "Then"
	ByEvidence    = "By evidence"
	StepsHere     = "For a backup on this computer:"
	StepsCloud    = "For a backup to iCloud:"
)

// List is names in a row.
func List(names []string) string { return strings.Join(names, ", ") }

// ExplainedBy names what hides a condition.
func ExplainedBy(codes []string) string {
	if len(codes) == 1 {
		return codes[0] + " explains it"
	}
	return "one of these explains it: " + List(codes)
}

// FixNamed is a fix's title with its id.
func FixNamed(title, id string) string { return fmt.Sprintf("%s (%s)", title, id) }

// FixFor names the conditions a fix is for.
func FixFor(codes []string) string { return "For: " + List(codes) }

// What `watchdogctl replay` says of what happens.

// ReplayNotice is a notice that would have been sent.
func ReplayNotice(code, event, severity string) string {
	return fmt.Sprintf("%s (%s, %s)", code, event, severity)
}

// ReplayFinding is a finding that appears or changes.
func ReplayFinding(code, severity, phase, fix string) string {
	return fmt.Sprintf("%s (%s, %s), fix: %s", code, severity, phase, fix)
}

// What `watchdogctl retire` asks and says.

// A Standing is what is known of a backup that is to be set aside.
type Standing struct {
	Verdict    string    // of the last check that still holds, "" none
	Checked    time.Time // when that was
	Restorable string    // "yes", "no", "" unknown
	Complete   time.Time // the last complete backup, zero unknown
	Only       bool      // no other backup of this iPhone is there
}

// Known says whether it is whole, in a sentence.
func (s Standing) Known(now time.Time) string {
	switch {
	case s.Verdict == "good", s.Verdict == "broken", s.Verdict == "unproven":
		return "It was checked " + AtWhen(s.Checked, now) + ": " + Verdict(s.Verdict) + "."
	case s.Verdict == "incomplete" && s.Restorable != "yes":
		return "It is incomplete, and cannot be restored as it is."
	case s.Restorable == "no":
		return "It cannot be restored as it is."
	case s.Restorable == "yes" && !s.Complete.IsZero():
		return "It was complete " + AtWhen(s.Complete, now) + ", and its files have not been checked since."
	}
	return "It is not known whether it is whole: `watchdogctl check` can tell."
}

// Warning says what would be lost with it, "" where that is nothing.
func (s Standing) Warning() string {
	switch {
	case !s.Only, s.Verdict == "broken", s.Restorable == "no":
		return ""
	case s.Verdict == "good", s.Verdict == "unproven":
		return "It is the only backup of this iPhone here that can be restored. Keep it until a new one is complete and checked."
	}
	return "It is the only backup of this iPhone here. Keep it until a new one is complete and checked."
}

// What retire says before it asks: each folder stands in a line of its own.
const (
	Renames       = "This renames the folder"
	RenamesTo     = "to"
	RenamesBack   = "back to"
	RetiresWithal = "Nothing is deleted. The next backup of this iPhone sends everything again and needs as much space again."
)

// GoAhead is the question.
const GoAhead = "Go ahead? [y/N] "

// DidRetire says what was done, and what comes next.
func DidRetire(name string, s Standing, now time.Time) string {
	return "Set aside as " + name + ". " + s.Known(now) + " Make a new backup now, and check it before you delete this one."
}

// DidUndo says that it was taken back.
func DidUndo(name string) string {
	return name + " has its name back. The next backup continues it."
}

// What `watchdogctl ack` and `mute` say.

// DidAck says that there are no more reminders of something.
func DidAck(title string) string { return "noted, you will not be reminded of this: " + title }

// DidUnack says that there are again.
func DidUnack(title string) string { return "you will be reminded of this again: " + title }

// NotAcked says that there is nothing to undo.
func NotAcked(title string) string {
	return "there was nothing to undo, this was not marked as seen: " + title
}

// DidMute says that something is not told any more; span "" is for good.
func DidMute(code, name, span string) string {
	text := fmt.Sprintf("%s is muted for %s", code, name)
	if span != "" {
		text += ", for " + span
	}
	return text
}

// DidUnmute says that it is told again.
func DidUnmute(code, name string) string {
	return fmt.Sprintf("%s is no longer muted for %s", code, name)
}

// NotMuted says that there is nothing to undo.
func NotMuted(code, name string) string {
	return fmt.Sprintf("there was nothing to undo, %s is not muted for %s", code, name)
}

// What `watchdogctl test-notification` says.

// TestSent says what became of the test on one channel; the route may be "".
func TestSent(channel, route, outcome string) string {
	if route == "" {
		return channel + ": " + outcome
	}
	return fmt.Sprintf("%s, by %s: %s", channel, route, outcome)
}

// LookFor says what should be seen of it.
func LookFor(what string) string { return "Look for: " + what }
