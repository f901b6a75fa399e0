package words

import (
	"fmt"
	"strings"
	"time"
)

// What a finding says beside the words of its condition: the title of a variant
// (Title…), the detail, and the labels of its evidence (Fact…). Predicates
// decide, and say it with what stands here.

// Clock writes a time of day in UTC: evidence is read beside JSON and logs.
func Clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// Day writes a day in UTC: "26 November 2026".
func Day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// unknown stands for what nobody could tell.
const unknown = "unknown"

// OrUnknown is s, or "unknown" where there is none.
func OrUnknown(s string) string {
	if s == "" {
		return unknown
	}
	return s
}

// Of the watched folder.

const (
	FactListing     = "Listing the folder"
	FactFolder      = "Folder"
	FactLeadsTo     = "Leads to"
	FactFileEvents  = "File events"
	MountedReadOnly = "read-only"
	TitleNoAnswer   = "The backup folder cannot be read"
	TitleOtherDisk  = "Another disk stands in for the drive"
	TitleNoFolder   = "There is no folder where backups go"
	DriveGone       = "The drive that the backup folder lies on is gone."
	OtherDisk       = "Where the backup drive was mounted there is another disk or a plain folder now. A backup made now lands on the wrong disk."
	VolumeReadOnly  = "The volume of the backup folder is mounted read-only: nothing can be saved on it."
	LookedAtByClock = "File events are not to be had here, so the folder is looked at by the clock."
)

// FactVolume is the volume of a folder.
func FactVolume(folder string) string { return "Volume of " + folder }

// NoAnswer says that listing a folder ends in an error that is no refusal.
func NoAnswer(folder string) string {
	return folder + " does not answer as a folder should, so nothing can be said of the backups in it."
}

// ReadingRefused says that a folder may not be read.
func ReadingRefused(folder string) string {
	return "Reading " + folder + " is refused, so nothing can be said of the backups in it."
}

// FolderAwaited says that a configured folder is not there.
func FolderAwaited(folder string) string {
	return folder + " does not exist. It is watched for, and noticed when it appears."
}

// FirstBackupAwaited says that the system's own backup folder is not there.
func FirstBackupAwaited(folder string) string {
	return "No backup has been made on this computer yet: " + folder + " does not exist. It is watched for."
}

// FolderIsFile says that something stands where the folder should be.
func FolderIsFile(folder string) string {
	return folder + " is a file, not a folder. Move it away, or name the right folder in the configuration (roots) or with --root."
}

// Of a run: labels that more than one finding uses.

const (
	FactLastData      = "Last data"
	FactBackupProgram = "Backup program"
	FactFreeNow       = "Free now"
	FactComputer      = "This computer"
	OnBattery         = "runs on its battery"
)

// ProgramRuns and ProgramGone say what became of the program that makes the backup.
func ProgramRuns(name string) string      { return OrUnknown(name) + ", running" }
func ProgramStillRuns(name string) string { return OrUnknown(name) + ", still running" }
func ProgramGone(name string) string      { return OrUnknown(name) + ", gone" }

// What is safe while a run is not complete.

const (
	KeptUntouched = "The last complete backup is untouched and can be restored."
	KeptOlder     = "An older backup is there and can be restored."
	KeptNothing   = "There is no older backup to restore here."
	KeptArrived   = "There is no older backup to restore here; what has arrived is kept for the next run."
	KeptUnknown   = "Whether an older backup can be restored is not known."
)

// KeptGivenUp says that a full run has given up the complete backup of that day.
func KeptGivenUp(day time.Time) string {
	return "The backup of " + Day(day) + " was given up for this run; nothing can be restored here until one finishes."
}

// KeptReplaced says that a run was putting its files in place of those of the
// complete backup of that day.
func KeptReplaced(day time.Time) string {
	return "The backup of " + Day(day) + " was being replaced by this run; nothing can be restored here until one finishes."
}

// KeptElsewhere says that the complete backup of that day was set aside.
func KeptElsewhere(day time.Time) string {
	return "The backup of " + Day(day) + " is no longer in this folder; nothing can be restored from here until a run finishes."
}

// Of the phone's passcode.

const (
	FactScreen             = "On the phone's screen"
	FactNothingFor         = "Nothing has arrived for"
	FactLongestScan        = "Longest scan of this iPhone so far"
	SheetShown             = "The phone shows its passcode sheet. The backup goes on when it is entered."
	TitleProbablyWaiting   = "The iPhone probably waits for you"
	ProbablyWaitingForCode = "The backup program runs and the phone is connected, but nothing has arrived. Most likely the phone asks for its passcode."
)

// SheetFor says for how long the passcode sheet is up.
func SheetFor(d time.Duration) string { return "passcode sheet, for " + Span(d) }

// Of the connection.

const (
	FactWasConnected = "Was connected by"
	FactConnected    = "Connected by"
	FactGoneSince    = "Gone since"
	FactPhone        = "iPhone"
	FactLostOverWiFi = "Runs lost over Wi-Fi in 14 days"
	FactOverCable    = "Over a cable"
)

// links are how a phone is connected, as an answer to "connected by".
var links = map[string]string{"usb": "cable", "network": "Wi-Fi"}

// Link says how a phone is connected: "cable", "Wi-Fi", "unknown".
func Link(connection string) string { return OrUnknown(links[connection]) }

// StillConnected is what a phone is that a stuck run could have lost.
func StillConnected(connection string) string { return "still connected by " + Link(connection) }

// PhoneLeft says that the phone went in the middle of a run.
func PhoneLeft(kept string) string {
	return "The phone left while its backup was under way, and nothing has arrived since. " + kept
}

// LostOverWiFi says that Wi-Fi loses runs and a cable does not.
func LostOverWiFi(runs int, kept string) string {
	return fmt.Sprintf("%d runs over Wi-Fi were lost in the last 14 days, and none over a cable. %s", runs, kept)
}

// Of room on the disk.

const (
	FactLeastFree    = "Least free in this run"
	FactArrivedSoFar = "Arrived so far"
	FactExpected     = "Expected in all, about"
	FactPhoneUses    = "In use on the phone"
	FactFreeOnPhone  = "Free on the phone"
	FactWasFull      = "The disk was full during the last run"
	DiskFull         = "The disk that the backup goes to is full. What is written now is cut short, even if the program reports success."
	TitleDiskWasFull = "The disk was full during the backup"
	DiskWasFull      = "The disk was full for a while during the last run, so files written then are cut short, even if the program reported success. " +
		"Another run puts that right only where the phone notices; `watchdogctl check` tells."
)

// WasFull says how little was free, and when.
func WasFull(free int64, at time.Time) string { return Bytes(free) + " free at " + Clock(at) }

// DiskTooSmall says that what a run still needs is more than is free. AtMost:
// what it needs is an upper bound. MayFree: the system may make room by itself.
func DiskTooSmall(needs, free int64, atMost, mayFree bool) string {
	s := fmt.Sprintf("About %s are still to come, and %s are free.", Bytes(needs), Bytes(free))
	if atMost {
		s = fmt.Sprintf("Up to %s may still come, and %s are free.", Bytes(needs), Bytes(free))
	}
	if mayFree {
		s += " macOS may free more by itself."
	}
	return s
}

// PhoneFull says how little is free on the phone.
func PhoneFull(free int64) string {
	return "The phone has " + Bytes(free) + " free. It needs room for the snapshot that it backs up from."
}

// Of power and sleep.

const (
	FactBattery = "Battery"
	FactAsleep  = "Asleep during this run"
	FactWoke    = "Woke"
)

// BatteryLow says how full the phone's battery is, and BatteryAt only that.
func BatteryLow(percent int) string {
	return fmt.Sprintf("The phone is at %d %% and not charging while its backup runs.", percent)
}
func BatteryAt(percent int) string { return fmt.Sprintf("%d %%, not charging", percent) }

// Slept says for how long the computer slept in a run, and whether the run has
// gone on since.
func Slept(d time.Duration, goesOn bool) string {
	if goesOn {
		return "The computer slept for " + Span(d) + " while the backup was under way. It has gone on since."
	}
	return "The computer slept for " + Span(d) + " while the backup was under way, and nothing has moved since it woke."
}

// Of runs that ended unfinished.

const (
	FactLostInARow   = "Runs lost in a row"
	FactEndedWhile   = "They ended while"
	FactLastState    = "Last state in Status.plist"
	FactArrivedInRun = "Arrived in this run"
	TitleNeverBegan  = "The backup ended before it began"
	EndedCleaningUp  = "The last run ended while it cleaned up. Its files are all there, but it needs one more run to be trusted."
	EndedInTheMiddle = "The last run ended while new files were taking the place of old ones. Neither the old nor the new backup is whole until a run finishes; the next one goes on from here, so delete nothing."
)

// LostInARow says that no run ends well any more.
func LostInARow(runs int, kept string) string {
	return fmt.Sprintf("%d runs in a row have ended without finishing. %s", runs, kept)
}

// EndedBeforeSending says that a run ended while the phone prepared.
func EndedBeforeSending(kept string) string {
	return "The last attempt ended before any file was sent; often because nobody entered the passcode on the phone. " + kept
}

// EndedTooEarly says that a run ended before it was done.
func EndedTooEarly(kept string) string { return "The last run ended before it was done. " + kept }

// Arrived is what a run has brought: "1,204 files, 88 MB".
func Arrived(files, bytes int64) string { return Plural(files, "file") + ", " + Bytes(bytes) }

// Of runs that get nowhere.

const (
	FactSilent       = "Silent for (awake)"
	FactLimit        = "Limit in this phase"
	FactUsualSilence = "Longest healthy silence so far"
	FactOtherProgram = "Another program works on this backup"
	FactRate         = "Rate over ten minutes"
	FactUnderWay     = "Under way for (awake)"
	FactLongest      = "Longest that is expected"
)

// busy says what a run does in each phase, after "while".
var busy = map[string]string{"preparing": "preparing", "transferring": "sending files", "finishing": "finishing", "settling": "settling"}

// Stuck says for how long nothing has moved, in which phase, and how long it
// may be. Learned: the limit is this phone's own.
func Stuck(silence time.Duration, phase string, limit time.Duration, learned bool, kept string) string {
	usual := "normal"
	if learned {
		usual = "usual for this iPhone"
	}
	return fmt.Sprintf("Nothing has moved for %s while %s. Up to %s is %s. %s", Span(silence), busy[phase], Span(limit), usual, kept)
}

// SlowAt says how fast data arrives, and how long the rest takes at that rate;
// zero or less: not known.
func SlowAt(rate float64, left time.Duration) string {
	s := fmt.Sprintf("Over the last ten minutes %s a second have arrived.", Bytes(int64(rate)))
	if left > 0 {
		s += " At that rate about " + Span(left) + " are left."
	}
	return s
}

// PerSecond is a rate a second: "85 kB/s".
func PerSecond(rate float64) string { return Bytes(int64(rate)) + "/s" }

// UnderWayFor says that a run takes long.
func UnderWayFor(d time.Duration, kept string) string {
	return "This run has been under way for " + Span(d) + ". " + kept
}

// Of software.

const (
	FactPairing    = "Pairing"
	FactIOS        = "iOS"
	FactMacOS      = "macOS"
	Refused        = "refused"
	PairingRefused = "The phone refuses this computer, though the two once trusted each other."
)

// IOSNewer says that the phone's system is newer than this Mac can know.
func IOSNewer(ios, macOS string) string {
	return fmt.Sprintf("The phone runs iOS %s, which is newer than macOS %s.", ios, macOS)
}

// Of the backup itself.

const (
	FactChecked      = "Checked"
	FactCheckCounts  = "Missing, wrong size, wrong content"
	FactIndex        = "Index"
	FactSnapshot     = "Snapshot/"
	FactSnapshotHas  = "Files in it, about"
	FactThen         = "Then"
	FactBefore       = "Before"
	FactNow          = "Now"
	FileMissing      = "missing"
	FileDenied       = "may not be read"
	FileUnreadable   = "cannot be read"
	StateFinished    = "finished"
	Encrypted        = "encrypted"
	NotEncrypted     = "not encrypted"
	BesideFinished   = "present beside finished"
	NothingFinished  = "No run of this phone has ever finished here, so nothing can be restored from this folder."
	SnapshotLeft     = "A folder Snapshot/ lies beside the finished backup: an earlier run died. The next complete run removes it."
	UnprovenInOrder  = "This backup is encrypted: what can be told without its password is in order."
	ProveIt          = "`watchdogctl check --password-stdin` proves it."
	OnlyInEncrypted  = "Passwords, Health data and call history are in encrypted backups only."
	phonesRanOut     = "Phones have run out of memory over indexes of this size"
	nothingFromThere = "Nothing can be restored from this backup."
)

// FileDamaged says which file of the metadata is damaged, and how.
func FileDamaged(name, how string) string {
	return "A file that a restore needs is damaged: " + name + " (" + clause(how) + ")."
}

// clause makes part of a sentence of one: "it is cut short" of "It is cut short.".
func clause(s string) string {
	if rest, ok := strings.CutPrefix(s, "It"); ok {
		s = "it" + rest
	}
	return strings.TrimSuffix(s, ".")
}

// CheckCounts is how many files are missing, of the wrong size and of the wrong
// content, of how many.
func CheckCounts(missing, size, content, of int64) string {
	return fmt.Sprintf("%s, %s, %s of %s files", Count(missing), Count(size), Count(content), Count(of))
}

// CheckFound says what a check found: how many files are damaged or, where none
// is, the reason ("" unknown), and what is lost by what it is to its owner.
func CheckFound(damaged, of int64, reason, lost string) string {
	s := "The check found it damaged."
	switch {
	case damaged > 0:
		s = Count(damaged) + " of " + Plural(of, "file") + " damaged or missing."
	case reason != "":
		s = strings.TrimSuffix(reason, ".") + "."
	}
	if lost != "" {
		s += " Lost: " + strings.TrimSuffix(lost, ".") + "."
	}
	return s
}

// SaysFinished says that Status.plist says finished and a file is missing or
// empty, without which nothing is.
func SaysFinished(name, how string) string {
	return "Status.plist says finished, but " + name + " is " + strings.Replace(how, Bytes(0), "empty", 1) + ". " + nothingFromThere
}

// States is what Status.plist says of the run and of the backup: "uploading, new".
func States(snapshot, backup string) string { return snapshot + ", " + OrUnknown(backup) }

// IndexTooLarge says how large the index is.
func IndexTooLarge(size int64) string {
	return "Manifest.db has " + Bytes(size) + ". " + phonesRanOut + " and hung at 0 %."
}

// Shrunk compares two backups.
func Shrunk(bytesWas, filesWas, bytes, files int64) string {
	return fmt.Sprintf("The backup before held %s in %s, this one %s in %s.", Bytes(bytesWas), Plural(filesWas, "file"), Bytes(bytes), Plural(files, "file"))
}

// WasEncrypted says when a backup was encrypted that no longer is.
func WasEncrypted(day time.Time) string {
	return "The backup of " + Day(day) + " was encrypted, this one is not."
}

// Of what is missing.

const (
	FactLastComplete = "Last complete backup"
	FactDaysAtHand   = "Days with the phone at hand"
	FactDaysWatched  = "Days on which the watchdog ran"
	FactPhoneSays    = "Last backup, says the phone"
	FactFolderSays   = "Last backup, says the folder"
	FactLastCloud    = "Last iCloud backup"
	FactAppleStatus  = "Apple System Status"
	PhoneDisagrees   = "The folder has a backup that the phone does not count: its own last one is older."
	AppleReports     = "Apple's System Status page reports an ongoing event for iCloud Backup."
)

// OverdueAtHand says how long the last backup is ago, in days on which the phone
// was at hand; OverdueWatched where nobody could tell whether it was.
func OverdueAtHand(last time.Time, days int) string {
	return fmt.Sprintf("The last complete backup is from %s. The phone was at hand on %s since.", Day(last), Plural(int64(days), "day"))
}
func OverdueWatched(last time.Time, days int) string {
	return fmt.Sprintf("The last complete backup is from %s, %s of watching ago.", Day(last), Plural(int64(days), "day"))
}

// CloudOverdue says how old the last iCloud backup is.
func CloudOverdue(age time.Duration) string {
	return "iCloud Backup is on, but the phone's last one is " + Span(age) + " old."
}
