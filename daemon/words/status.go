package words

import (
	"fmt"
	"strings"
	"time"
)

// What `watchdogctl status` and its live view say, from the top of the picture
// to its foot. Marks, colours and columns are the picture's own.

// The first line, where nothing is wrong; [AllWell] and its like are others.
const (
	OnlyMuted       = "Nothing is wrong except what is muted."
	WaitingForFirst = NoBackupYet + " The watchdog is waiting for the first one."
)

// Trouble is the first line where something is wrong: the title, or how many
// there are and the first.
func Trouble(titles []string) string {
	if len(titles) == 1 {
		return titles[0] + "."
	}
	return fmt.Sprintf("%d things need attention. First: %s.", len(titles), titles[0])
}

// Whose puts the phone's name behind a title.
func Whose(title, name string) string {
	if name == "" {
		return title
	}
	return title + " (" + name + ")"
}

// FolderUnknown is the first line where it is not known whether there is anything.
func FolderUnknown(path string) string { return "It is not known what is in " + path + "." }

// BackingUp is the first line while all goes well.
func BackingUp(names []string) string {
	if len(names) == 1 {
		return names[0] + " is being backed up, and all is well."
	}
	return fmt.Sprintf("%d iPhones are being backed up, and all is well.", len(names))
}

// BackingUpAlone is the first line of a run that has given up the backup before it.
func BackingUpAlone(name string) string {
	return name + " is being backed up. Until that is done, no backup of it can be restored."
}

// Old comes before a status that nobody keeps up to date.
func Old(then, now time.Time) string {
	return fmt.Sprintf("Out of date: last updated %s, %s ago. Nothing has been watched since.", AtWhen(then, now), Span(now.Sub(then)))
}

// Then is the first line of an old status.
func Then(headline string) string { return "Then: " + headline }

// Computer is the heading over what is wrong with no single backup.
func Computer(mac bool) string {
	if mac {
		return "This Mac"
	}
	return "This computer"
}

// Connected is said of an iPhone where it is not known how.
const Connected = "connected"

// Running says what a run does and for how long it has: "Copying files with
// Finder, since 21:03 (42 min)". The program is named where it is known and the
// one that copies.
func Running(phase, writer string, started, now time.Time) string {
	text := PhaseOf(phase).Head
	if writer != "" && phase == "transferring" {
		text += " with " + writer
	}
	return fmt.Sprintf("%s, since %s (%s)", text, When(started, now), Span(now.Sub(started)))
}

// Done is how much of a run has arrived: "38.2 GB of about 83 GB".
func Done(bytes, expected int64, atMost bool) string {
	return Bytes(bytes) + " of " + Estimate(expected, atMost)
}

// Speed is how fast it arrives, in a line of its own: "15.4 MB a second".
func Speed(bytes int64) string { return Bytes(bytes) + " a second" }

// Quiet says for how long nothing has moved, and how long it may: what calms is
// the comparison. Zero is unknown.
func Quiet(silent, limit, usual time.Duration) string {
	text := "Quiet for " + Span(silent) + "."
	switch {
	case limit > 0 && silent > limit && Span(silent) == Span(limit):
		return "Quiet for " + Span(silent) + ", which is longer than normal."
	case limit > 0 && silent > limit:
		return text + " Up to " + Span(limit) + " is normal."
	case usual > 0:
		return text + " Up to " + Span(usual) + " is usual for this iPhone."
	case limit > 0:
		return text + " Up to " + Span(limit) + " is normal."
	}
	return text
}

// BrokeOff says how the last run ended unfinished; a zero time and no bytes are
// unknown.
func BrokeOff(end time.Time, bytes int64, now time.Time) string {
	text := "The last attempt was interrupted"
	if !end.IsZero() {
		text += " " + AtWhen(end, now)
	}
	if bytes > 0 {
		text += ", after " + Bytes(bytes)
	}
	return text + "."
}

// What stands of the last complete backup, once a later run has begun.
const (
	GivenUp         = "given up for this one: nothing can be restored until it is complete"
	BeingReplaced   = "its files are now being replaced"
	NoLongerThere   = "it can no longer be restored"
	StillRestorable = "it can still be restored"
)

// CompleteBackup, LastCompleteBackup and LastFinished say when that was, each
// where the one before would say too much.
func CompleteBackup(at, now time.Time) string { return "Complete backup: " + When(at, now) }

// LastCompleteBackup is that of a backup that a later run has touched.
func LastCompleteBackup(at, now time.Time) string { return "Last complete backup: " + When(at, now) }

// LastFinished is that of a run that said it was done, and was not.
func LastFinished(at, now time.Time) string { return "Last finished: " + When(at, now) }

// Encryption says whether a backup is encrypted.
func Encryption(encrypted bool) string {
	if encrypted {
		return "encrypted"
	}
	return "not encrypted"
}

// Checked says what a check of a backup has found: "checked: whole". A zero time
// leaves out when that was; lost is what is missing of a damaged one, "" unknown.
func Checked(verdict string, at, now time.Time, deep bool, lost string) string {
	when := "checked"
	if !at.IsZero() {
		when += " " + AtWhen(at, now)
	}
	found := Verdict(verdict)
	switch {
	case found == "" || verdict == "unchecked":
		return Verdict("unchecked")
	case verdict == "incomplete":
		return found
	case verdict == "good" && deep:
		found += ", every file read"
	case verdict == "broken" && lost != "":
		found += ", " + lost
	}
	return when + ": " + found
}

// Since says since when something holds.
func Since(t, now time.Time) string { return "since " + When(t, now) }

// Suspected marks a title that is not certain.
func Suspected(title string) string { return title + "?" }

// ExplainCommand is the command that says more of a condition or a fix.
func ExplainCommand(word string) string { return "watchdogctl explain " + word }

// explain is that command as it stands in a text.
func explain(word string) string { return "`" + ExplainCommand(word) + "`" }

// Explained is a detail with the command that says more.
func Explained(detail, code string) string {
	return strings.TrimSpace(detail + " (" + explain(code) + ")")
}

// What is said below a finding.

// Do begins what to do.
func Do(title string) string { return "Do this: " + title }

// MoreSteps says where the steps are that are not shown.
func MoreSteps(n int, fix string) string {
	return "and " + Plural(int64(n), "more step") + ": " + explain(fix)
}

// Why points to what a fix is good for.
func Why(fix string) string { return "Why: " + explain(fix) }

// More points to what a condition means.
func More(code string) string { return "More: " + explain(code) }

// Otherwise names the fixes to try next.
func Otherwise(fixes []string) string { return "If that does not help: " + List(fixes) }

// Seen is said of what the reader has acknowledged.
const Seen = "You have seen this."

// Told says that a notice went out, and how to stop the reminders.
func Told(at, now time.Time, code string) string {
	return fmt.Sprintf("You were told %s. Mark as seen: `watchdogctl ack %s`", AtWhen(at, now), code)
}

// Muted is said of what the reader does not want to hear of; a zero time is for good.
func Muted(until, now time.Time) string { return "muted" + untilWhen(until, now) }

// untilWhen is the end of something, with a blank before it; "" of no end.
func untilWhen(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(now.Location())
	if t.Sub(now) < 20*time.Hour {
		return " until " + t.Format("15:04")
	}
	return " until " + t.Format("2 Jan 2006")
}

// What stands below the backups.

// NoBackupOfIt is said of an iPhone that is connected and has none.
const NoBackupOfIt = "There is no backup of it in the watched folder."

// SetAside is the heading over backups that are no longer watched.
const SetAside = "Set aside, and no longer watched:"

// AsideLine is one of them; bytes below zero are unknown.
func AsideLine(folder, name string, bytes int64) string {
	text := Whose(folder, name)
	if bytes >= 0 {
		text += ", " + Bytes(bytes)
	}
	return text
}

// AndMore says that a list goes on.
func AndMore(n int) string { return fmt.Sprintf("and %d more", n) }

// NoOneNamed stands for an iPhone whose name and id are not known.
const NoOneNamed = "all iPhones"

// MutedElsewhere is a mute of something that is not there at present.
func MutedElsewhere(code, name string, until, now time.Time) string {
	return "Muted: " + code + " for " + name + untilWhen(until, now) + "."
}

// HowToBackUp says how a first backup is made.
func HowToBackUp(mac bool, folder string) string {
	if mac {
		return "To make one: connect the iPhone by cable, unlock it, select it in the Finder sidebar, and click Back Up Now."
	}
	return "To make one: connect the iPhone by cable, unlock it, and run `idevicebackup2 backup \"" + folder + "\"`."
}

// Watching is a line about a watched folder and the way it is watched.
func Watching(state, path string) string {
	switch state {
	case "watching":
		return "Watching " + path
	case "polling":
		return "Watching " + path + " by the clock"
	case "missing":
		return "Waiting for " + path + ": it is missing"
	case "denied":
		return "Not allowed to read " + path
	}
	return "Not known: " + path
}

// Unwatched says that a folder holds more backups than are followed.
func Unwatched(n int) string {
	return Plural(int64(n), "more backup") + " in it are not watched, because there are too many. Those set aside long ago can be moved elsewhere."
}

// Free is the room on a drive.
func Free(bytes int64) string { return Bytes(bytes) + " free" }

// ReadOnly is said of a drive that cannot be written.
const ReadOnly = "read-only"

// VersionsDiffer says that the watchdog is of another version than this program.
func VersionsDiffer(watchdog, own string) string {
	return fmt.Sprintf("The running watchdog is version %s, this program %s: run `watchdogctl restart`.", watchdog, own)
}

// SocketAt says where the watchdog is asked, where that is no usual place.
func SocketAt(path string) string { return "Socket: " + path }
