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
func Clock(t time.Time) string { return t.UTC().Format(clockLayout) }

const clockLayout = "2006-01-02 15:04:05 UTC"

// ReadClock reads what Clock has written: whoever shows evidence to a person
// shows its times as all others, in the reader's zone.
func ReadClock(value string) (time.Time, bool) {
	t, err := time.Parse(clockLayout, value)
	return t, err == nil
}

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
	FactListing     = "Folder listing"
	FactFolder      = "Folder"
	FactLeadsTo     = "Link target"
	FactFileEvents  = "File events"
	FactUnwatched   = "Backups not watched"
	MountedReadOnly = "read-only"
	TitleNoAnswer   = "The backup folder cannot be read"
	TitleOtherDisk  = "Another disk is in the drive's place"
	TitleTooMany    = "More backups than can be watched"
	TitleNoFolder   = "The backup folder is not a folder"
	DriveGone       = "The drive with the backup folder is gone."
	OtherDisk       = "Another disk or a plain folder is now where the backup drive was mounted. A backup made now goes to the wrong disk."
	VolumeReadOnly  = "The volume with the backup folder is mounted read-only: nothing can be saved to it."
	LookedAtByClock = "File events are not available here, so the folder is watched by the clock."
)

// FactVolume is the volume of a folder.
func FactVolume(folder string) string { return "Volume of " + folder }

// NoAnswer says that listing a folder ends in an error that is no refusal.
func NoAnswer(folder string) string {
	return folder + " does not respond as a folder should, so nothing is known about the backups in it."
}

// ReadingRefused says that a folder may not be read.
func ReadingRefused(folder string) string {
	return "Reading " + folder + " is refused, so nothing is known about the backups in it."
}

// BackupClosed says that nothing in a backup's folder may be read.
func BackupClosed(folder string) string {
	return "Reading " + folder + " is refused, so nothing is known about this backup."
}

// FilesClosed says that files may not be read without which nothing is known.
func FilesClosed(names, folder string) string {
	return "Reading " + names + " in " + folder + " is refused, so it is not known whether this backup is whole."
}

// TooMany says that a folder holds more backups than are watched.
func TooMany(unwatched int) string {
	return "This folder holds more backups than can be watched at once. Left out: " + Count(int64(unwatched)) + ", first those that were set aside, then those that changed longest ago."
}

// Of the watchdog itself: what it may read, its notices, its history.
const (
	FactNeedsAccess = "Program that needs access"
	AccessLost      = "It was allowed before this program was updated: the permission belongs to the old one. Remove the entry and add it again."
	FactReason      = "Reason"
	NoticesLost     = "The last notice could not be delivered on any channel."
	FactDatabase    = "Database"
	HistoryNewer    = "The history database was written by a newer version of the watchdog and is left untouched. Update the watchdog."
	HistoryEmptied  = "The history database was empty although the watchdog had used it. A new one has been started."
)

// HistoryAside says that a damaged database was set aside.
func HistoryAside(why, kept string) string {
	return "The history database was damaged (" + why + "). It is kept as " + kept + ", and a new one has been started."
}

// HistoryInMemory says that the database could not be opened.
func HistoryInMemory(why string) string {
	return "The history database cannot be used: " + why + ". Until it can, what is seen is kept in memory and would be lost at a restart."
}

// HistoryUnwritten says that writing fails while the watchdog runs.
func HistoryUnwritten(why string) string { return "The history cannot be written: " + why + "." }

// FolderAwaited says that a configured folder is not there.
func FolderAwaited(folder string) string {
	return folder + " does not exist. The watchdog is waiting for it to appear."
}

// FirstBackupAwaited says that the system's own backup folder is not there.
func FirstBackupAwaited(folder string) string {
	return "No backup has been made on this computer yet: " + folder + " does not exist. The watchdog is waiting for it."
}

// FolderIsFile says that something stands where the folder should be.
func FolderIsFile(folder string) string {
	return folder + " is a file, not a folder. Move it away, or set the right folder in the configuration (`roots`) or with `--root`."
}

// Of a run: labels that more than one finding uses.

const (
	FactLastData      = "Last data"
	FactBackupProgram = "Backup program"
	FactFreeNow       = "Free space"
	FactComputer      = "This computer"
	OnBattery         = "on battery"
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
	KeptArrived   = "There is no older backup to restore here; what has arrived is kept for the next attempt."
	KeptUnknown   = "It is not known whether an older backup can be restored."
)

// KeptGivenUp says that a full run has given up the complete backup of that day.
func KeptGivenUp(day time.Time) string {
	return "The backup of " + Day(day) + " was given up for this one; nothing can be restored here until a backup finishes."
}

// KeptReplaced says that a run was putting its files in place of those of the
// complete backup of that day.
func KeptReplaced(day time.Time) string {
	return "The backup of " + Day(day) + " was being replaced by this one; nothing can be restored here until a backup finishes."
}

// KeptElsewhere says that the complete backup of that day was set aside.
func KeptElsewhere(day time.Time) string {
	return "The backup of " + Day(day) + " is no longer in this folder; nothing can be restored from here until a backup finishes."
}

// Of the phone's passcode.

const (
	FactScreen             = "iPhone screen"
	FactNothingFor         = "Time since last data"
	FactLongestScan        = "Longest scan of this iPhone so far"
	SheetShown             = "The iPhone is showing its passcode screen. The backup continues once the passcode is entered."
	TitleProbablyWaiting   = "The iPhone is probably waiting for you"
	ProbablyWaitingForCode = "The backup program is running and the iPhone is connected, but nothing has arrived. Most likely the iPhone is asking for its passcode."
)

// SheetFor says for how long the passcode screen is up.
func SheetFor(d time.Duration) string { return "passcode screen, for " + Span(d) }

// Of the connection.

const (
	FactWasConnected = "Connection before"
	FactConnected    = "Connection"
	FactGoneSince    = "Time of disconnection"
	FactPhone        = "iPhone"
	FactLostOverWiFi = "Failures over Wi-Fi in 14 days"
	FactOverCable    = "Failures by cable"
)

// links are how a phone is connected, as an answer to "connected by".
var links = map[string]string{"usb": "cable", "network": "Wi-Fi"}

// Link says how a phone is connected: "cable", "Wi-Fi", "unknown".
func Link(connection string) string { return OrUnknown(links[connection]) }

// StillConnected is what a phone is that a stuck run could have lost.
func StillConnected(connection string) string { return "still connected by " + Link(connection) }

// PhoneLeft says that the phone went in the middle of a run.
func PhoneLeft(kept string) string {
	return "The iPhone was disconnected during its backup, and nothing has arrived since. " + kept
}

// LostOverWiFi says that Wi-Fi loses runs and a cable does not.
func LostOverWiFi(runs int, kept string) string {
	return fmt.Sprintf("%d backups over Wi-Fi failed in the last 14 days, and none by cable. %s", runs, kept)
}

// Of room on the disk.

const (
	FactLeastFree    = "Lowest free space so far"
	FactArrivedSoFar = "Data received so far"
	FactExpected     = "Expected total, about"
	FactPhoneUses    = "Space used on the iPhone"
	FactFreeOnPhone  = "Free space on the iPhone"
	FactWasFull      = "Lowest free space in the last backup"
	DiskFull         = "The disk the backup goes to is full. What is written now is cut short, even if the program reports success."
	TitleDiskWasFull = "The disk was full during the backup"
	DiskWasFull      = "The disk was full for a while during the last backup, so files written then are cut short, even if the program reported success. " +
		"Another backup puts that right only if the iPhone notices; `watchdogctl check` can tell."
)

// WasFull says how little was free, and when.
func WasFull(free int64, at time.Time) string { return Bytes(free) + " free at " + Clock(at) }

// DiskTooSmall says that what a run still needs is more than is free. AtMost:
// what it needs is an upper bound. MayFree: the system may make room by itself.
func DiskTooSmall(needs, free int64, atMost, mayFree bool) string {
	s := fmt.Sprintf("About %s is still to come, and %s is free.", Bytes(needs), Bytes(free))
	if atMost {
		s = fmt.Sprintf("Up to %s may still come, and %s is free.", Bytes(needs), Bytes(free))
	}
	if mayFree {
		s += " macOS may free more by itself."
	}
	return s
}

// PhoneFull says how little is free on the phone.
func PhoneFull(free int64) string {
	return "The iPhone has " + Bytes(free) + " free. It needs room for the snapshot it backs up from."
}

// Of power and sleep.

const (
	FactBattery = "Battery"
	FactAsleep  = "Sleep during this backup"
	FactWoke    = "Last wake"
)

// BatteryLow says how full the phone's battery is, and BatteryAt only that.
func BatteryLow(percent int) string {
	return fmt.Sprintf("The iPhone is at %d %% and not charging while its backup runs.", percent)
}
func BatteryAt(percent int) string { return fmt.Sprintf("%d %%, not charging", percent) }

// Slept says for how long the computer slept in a run, and whether the run has
// gone on since.
func Slept(d time.Duration, goesOn bool) string {
	if goesOn {
		return "The computer slept for " + Span(d) + " during the backup. The backup has continued since."
	}
	return "The computer slept for " + Span(d) + " during the backup, and nothing has moved since it woke."
}

// Of runs that ended unfinished.

const (
	FactLostInARow   = "Failed attempts in a row"
	FactEndedWhile   = "Phases they ended in"
	FactLastState    = "Last state in Status.plist"
	FactArrivedInRun = "Data received this time"
	TitleNeverBegan  = "The backup never started sending"
	EndedCleaningUp  = "The last attempt ended while cleaning up. All the files are there, but one more backup is needed before they can be trusted."
	EndedInTheMiddle = "The last attempt ended while new files were replacing old ones. Neither the old nor the new backup is whole until a backup finishes; the next one continues from here, so delete nothing."
)

// LostInARow says that no run ends well any more.
func LostInARow(runs int, kept string) string {
	return fmt.Sprintf("%d attempts in a row have ended without finishing. %s", runs, kept)
}

// EndedBeforeSending says that a run ended while the phone prepared.
func EndedBeforeSending(kept string) string {
	return "The last attempt ended before any file was sent, often because nobody entered the passcode on the iPhone. " + kept
}

// EndedTooEarly says that a run ended before it was done.
func EndedTooEarly(kept string) string { return "The last attempt ended before it was done. " + kept }

// Arrived is what a run has brought: "1,204 files, 88 MB".
func Arrived(files, bytes int64) string { return Plural(files, "file") + ", " + Bytes(bytes) }

// Of runs that get nowhere.

const (
	FactSilent       = "Quiet time (awake)"
	FactLimit        = "Limit in this phase"
	FactUsualSilence = "Longest normal quiet time"
	FactOtherProgram = "Other program using this backup"
	FactRate         = "Rate over ten minutes"
	FactUnderWay     = "Time under way (awake)"
	FactLongest      = "Longest expected time"
)

// busy says what a run does in each phase, after "while".
var busy = map[string]string{"preparing": "preparing", "transferring": "copying files", "finishing": "finishing", "settling": "settling"}

// Stuck says for how long nothing has moved, in which phase, and how long it
// may be. Learned: the limit is this phone's own.
func Stuck(silence time.Duration, phase string, limit time.Duration, learned bool, kept string) string {
	usual := "normal"
	if learned {
		usual = "usual for this iPhone"
	}
	if Span(silence) == Span(limit) {
		return fmt.Sprintf("Nothing has moved for %s while %s, which is longer than %s. %s", Span(silence), busy[phase], usual, kept)
	}
	return fmt.Sprintf("Nothing has moved for %s while %s. Up to %s is %s. %s", Span(silence), busy[phase], Span(limit), usual, kept)
}

// SlowAt says how fast data arrives, and how long the rest takes at that rate;
// zero or less: not known.
func SlowAt(rate float64, left time.Duration) string {
	s := fmt.Sprintf("Over the last ten minutes, data has arrived at %s a second.", Bytes(int64(rate)))
	if left > 0 {
		s += " At that rate it needs about " + Span(left) + " more."
	}
	return s
}

// PerSecond is a rate a second: "85 kB/s".
func PerSecond(rate float64) string { return Bytes(int64(rate)) + "/s" }

// UnderWayFor says that a run takes long.
func UnderWayFor(d time.Duration, kept string) string {
	return "This backup has been under way for " + Span(d) + ". " + kept
}

// Of software.

const (
	FactPairing    = "Pairing"
	FactIOS        = "iOS"
	FactMacOS      = "macOS"
	Refused        = "refused"
	PairingRefused = "The iPhone refuses this computer, although they once trusted each other."
)

// IOSNewer says that the phone's system is newer than this Mac can know.
func IOSNewer(ios, macOS string) string {
	return fmt.Sprintf("The iPhone runs iOS %s, which is newer than macOS %s.", ios, macOS)
}

// Of the backup itself.

const (
	FactChecked      = "Checked"
	FactCheckCounts  = "Missing, wrong size, wrong content"
	FactIndex        = "Index"
	FactSnapshot     = "Snapshot/"
	FactSnapshotHas  = "Files in it, about"
	FactThen         = "Previous backup"
	FactBefore       = "Previous backup"
	FactNow          = "This backup"
	FileMissing      = "missing"
	FileDenied       = "may not be read"
	FileUnreadable   = "cannot be read"
	StateFinished    = "finished"
	Encrypted        = "encrypted"
	NotEncrypted     = "not encrypted"
	BesideFinished   = "beside the finished backup"
	NothingFinished  = "No backup of this iPhone has ever finished here, so nothing can be restored from this folder."
	SnapshotLeft     = "There is a Snapshot/ folder beside the finished backup: an earlier attempt stopped partway. The next complete backup removes it."
	UnprovenInOrder  = "This backup is encrypted. What can be told without its password is in order."
	ProveIt          = "`watchdogctl check --password-stdin` proves it."
	OnlyInEncrypted  = "Only encrypted backups hold passwords, Health data and call history."
	phonesRanOut     = "iPhones have run out of memory over indexes of this size"
	nothingFromThere = "Nothing can be restored from this backup."
)

// FileDamaged says which file of the metadata is damaged, and how.
func FileDamaged(name, how string) string {
	return "A file needed for a restore is damaged: " + name + " (" + clause(how) + ")."
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
	s := "The check found damage."
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
	return "Manifest.db is " + Bytes(size) + ". " + phonesRanOut + " and hung at 0 %."
}

// Shrunk compares two backups.
func Shrunk(bytesWas, filesWas, bytes, files int64) string {
	return fmt.Sprintf("The previous backup held %s in %s, this one %s in %s.", Bytes(bytesWas), Plural(filesWas, "file"), Bytes(bytes), Plural(files, "file"))
}

// WasEncrypted says when a backup was encrypted that no longer is.
func WasEncrypted(day time.Time) string {
	return "The backup of " + Day(day) + " was encrypted; this one is not."
}

// Of what is missing.

const (
	FactLastComplete = "Last complete backup"
	FactDaysAtHand   = "Days with the iPhone within reach"
	FactDaysWatched  = "Days with the watchdog running"
	FactPhoneSays    = "Last backup according to the iPhone"
	FactFolderSays   = "Last backup according to the folder"
	FactLastCloud    = "Last iCloud backup"
	FactAppleStatus  = "Apple System Status"
	PhoneDisagrees   = "The folder has a backup that the iPhone has no record of: its own last one is older."
	AppleReports     = "Apple's System Status page reports an ongoing event for iCloud Backup."
)

// OverdueAtHand says how long the last backup is ago, in days on which the phone
// was at hand; OverdueWatched where nobody could tell whether it was.
func OverdueAtHand(last time.Time, days int) string {
	return fmt.Sprintf("The last complete backup is from %s. The iPhone has been within reach on %s since.", Day(last), Plural(int64(days), "day"))
}
func OverdueWatched(last time.Time, days int) string {
	return fmt.Sprintf("The last complete backup is from %s. The watchdog has run on %s since.", Day(last), Plural(int64(days), "day"))
}

// CloudOverdue says how old the last iCloud backup is.
func CloudOverdue(age time.Duration) string {
	return "iCloud Backup is on, but the iPhone's last one is " + Span(age) + " old."
}
