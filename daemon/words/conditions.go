package words

import (
	"maps"
	"slices"
)

// Condition is everything that is said of one thing that can be wrong, whatever
// the evidence. What one finding says of it is in findings.go.
type Condition struct {
	// Title says it on a line of its own, in at most 40 characters.
	Title string
	// Short says it in a notice, after "Anna's iPhone: ", in at most 25
	// characters, so that at least 13 are left for the name.
	Short string
	// Over says in a notice that it is over; "" where "goes on again" fits.
	Over string
	// Severity is how grave it is and what that hangs on: "info, then warning".
	Severity string
	// Holds says when it holds, with every number.
	Holds string
	// Means says what that means to a person.
	Means string
}

// Of returns what is said of the condition with that code.
func Of(code string) (Condition, bool) {
	c, ok := conditions[code]
	return c, ok
}

// Codes returns the codes of all conditions that there are words for, sorted.
func Codes() []string { return slices.Sorted(maps.Keys(conditions)) }

// conditions has the words of every condition by its code. Which codes there
// are, what hides what and which fix comes first is in backup.Catalogue.
var conditions = map[string]Condition{
	// Of the backup folder, and of the watchdog itself.

	"no-access": {
		Title: "The watchdog cannot see the backups", Short: "backups cannot be read",
		Over:     "backups can be read again",
		Severity: "critical",
		Holds:    "Listing the watched folder is refused or fails, or a protected folder gives nothing but empty answers.",
		Means:    "As long as this lasts nobody watches: there may be backups or none, good ones or broken ones.",
	},
	"volume-missing": {
		Title: "The backup drive is not connected", Short: "backup drive is missing",
		Over:     "backup drive is back",
		Severity: "critical",
		Holds:    "The folder is a link and the drive it points to is gone, or another disk (or a plain folder) stands in its place.",
		Means:    "A backup started now fails, or grows on the wrong disk.",
	},
	"volume-read-only": {
		Title: "The backup drive cannot be written", Short: "drive cannot be written",
		Over:     "drive can be written",
		Severity: "critical",
		Holds:    "The volume of the watched folder is mounted read-only.",
		Means:    "The next backup cannot be saved.",
	},
	"folder-missing": {
		Title: "The backup folder is not there", Short: "backup folder is missing",
		Over:     "backup folder is back",
		Severity: "warning for a configured folder, info for the default one",
		Holds:    "The watched folder does not exist.",
		Means:    "No backup has been made here yet, or the folder was moved.",
	},
	"watch-degraded": {
		Title: "Watching by looking only", Short: "watching by polling",
		Over:     "file events work again",
		Severity: "info",
		Holds:    "The system's file events cannot be had for this folder, so it is looked at by the clock.",
		Means:    "Everything is still noticed, a new run up to one idle interval later.",
	},
	"notices-undelivered": {
		Title: "Notices do not arrive", Short: "notices do not arrive",
		Over:     "notices arrive again",
		Severity: "warning",
		Holds:    "The last notices failed on every channel.",
		Means:    "What the watchdog sees reaches nobody unless they ask `watchdogctl status`.",
	},
	"history-unavailable": {
		Title: "The watchdog's memory is damaged", Short: "history is not kept",
		Over:     "history is kept again",
		Severity: "warning",
		Holds:    "The history database had to be set aside, or cannot be written.",
		Means:    "Watching goes on. What was learned of this phone's habits is lost, or will be at the next restart.",
	},

	// Of the run under way, or the one that has just ended.

	"waiting-for-passcode": {
		Title: "The iPhone waits for its passcode", Short: "enter the passcode",
		Severity: "info at once, then warning",
		Holds:    "The phone says that its passcode sheet is up: shown at once, told after 60 s. Where it cannot be asked, probably: the backup program runs, the phone is attached, nothing has arrived for 3 min, and this phone's scans have always been much shorter; told after 5 min.",
		Means:    "Nothing happens until somebody enters the passcode on the phone. After some minutes the run fails.",
	},
	"phone-disconnected": {
		Title: "The iPhone was disconnected", Short: "phone left the backup",
		Severity: "warning",
		Holds:    "The phone was attached in this run and has been gone for 5 s (60 s over Wi-Fi), and nothing has arrived since.",
		Means:    "The run cannot go on without the phone. What has arrived is kept.",
	},
	"mac-disk-full": {
		Title: "This computer's disk is full", Short: "no space left here",
		Severity: "critical",
		Holds:    "Less than 16 MiB was free at some moment of the run (remembered until the next one, since what was written then is cut short), or less than 128 MiB is free and nothing has moved for 10 s.",
		Means:    "Files of this backup are cut short even where the program says that it succeeded.",
	},
	"mac-disk-low": {
		Title: "This computer's disk is getting full", Short: "space is running out",
		Severity: "warning; info on a Mac, which may free more",
		Holds:    "Less is free than the run is expected to need still, and 128 MiB.",
		Means:    "The run will probably not fit.",
	},
	"mac-slept": {
		Title: "This computer slept during the backup", Short: "this computer slept",
		Severity: "info; warning when the run did not go on",
		Holds:    "The computer slept for more than 5 min inside a run that is not complete. It is a warning when nothing has moved since it woke and the run has ended, or is silent for too long.",
		Means:    "Phones often let go of a computer that sleeps.",
	},
	"network-unreliable": {
		Title: "Wi-Fi loses one backup after another", Short: "Wi-Fi keeps breaking",
		Severity: "warning",
		Holds:    "Three runs over Wi-Fi were lost in 14 days, and none over a cable.",
		Means:    "The phone's network settings are what is left to try; a cable works meanwhile.",
	},
	"failing-repeatedly": {
		Title: "Backups fail again and again", Short: "backups keep failing",
		Severity: "warning",
		Holds:    "The last three runs all ended without finishing.",
		Means:    "Trying once more will not help by itself.",
	},
	"interrupted": {
		Title: "The backup was interrupted", Short: "backup was interrupted",
		Severity: "warning",
		Holds:    "A run ended before or while files were sent, or while it cleaned up: its program is gone for 10 s; or no program was ever seen and four times the limit has passed.",
		Means:    "This backup is not finished. The detail says whether an older one can still be restored.",
	},
	"interrupted-mixed": {
		Title: "Interrupted between old and new", Short: "backup mixes old and new",
		Severity: "critical",
		Holds:    "A run ended in its state `moving`: some new files have replaced old ones, others have not.",
		Means:    "Neither the old nor the new backup is whole until a run finishes. The new files are there, so nothing should be deleted.",
	},
	"stalled": {
		Title: "The backup is stuck", Short: "backup is stuck",
		Severity: "info as a suspicion, then warning",
		Holds:    "Nothing has moved for longer than this phone is usually silent in this phase (until that is known: by default 45 min preparing, 10 min transferring, 15 min finishing). It is told at 1.5 times that, or at once when the phone or every backup program is known to be away.",
		Means:    "The run will most likely not end by itself.",
	},
	"slow": {
		Title: "The backup is very slow", Short: "backup is very slow",
		Severity: "warning; info while 250 kB/s arrive",
		Holds:    "Over ten minutes of steady arrival the rate was under 100 kB/s, or at that rate more than 24 h are left.",
		Means:    "It moves, but it will hardly get there.",
	},
	"run-too-long": {
		Title: "This backup has run for too long", Short: "backup never ends",
		Severity: "warning; info while 1 MB/s and more has arrived on average",
		Holds:    "The run has been awake for four times this phone's longest complete one, and at least 12 h.",
		Means:    "Something keeps it from ending.",
	},
	"phone-battery-low": {
		Title: "The iPhone's battery is low", Short: "phone battery is low",
		Severity: "warning",
		Holds:    "Under 20 % and not charging, while a run is under way.",
		Means:    "A phone that runs low stops its backup.",
	},
	"phone-disk-full": {
		Title: "The iPhone itself is full", Short: "phone storage is full",
		Severity: "warning",
		Holds:    "The phone reports less than 512 MiB free.",
		Means:    "It may be unable to make the snapshot that it backs up from.",
	},
	"software-mismatch": {
		Title: "iPhone and computer do not fit together", Short: "software needs updating",
		Severity: "warning; info while backups work",
		Holds:    "Pairing is refused though it once worked, or the phone's iOS is newer than this Mac's system can know.",
		Means:    "Runs fail until one of them is updated and they trust each other again.",
	},

	// Of the backup itself, and of what is missing.

	"chain-broken": {
		Title: "This backup is damaged", Short: "backup is damaged",
		Severity: "critical",
		Holds:    "There is proof: a metadata file is empty or unreadable for longer than a half-written one can be, the index is shorter than its own header says, or a check found files missing, cut short or changed. Not judged while a run is under way.",
		Means:    "It cannot be restored as a whole, whatever the program said that made it.",
	},
	"false-finished": {
		Title: "It says finished, but it is not", Short: "backup is not complete",
		Severity: "warning",
		Holds:    "Status.plist says finished, yet the index or Manifest.plist is missing or empty; nothing else is damaged, and no run is under way.",
		Means:    "The program that made it wrote finished too early, or was not told of an error. Nothing can be restored from it.",
	},
	"never-completed": {
		Title: "No complete backup yet", Short: "no backup finished yet",
		Severity: "warning",
		Holds:    "Nothing restorable is in the folder, no run is under way, and it is older than an hour.",
		Means:    "If the phone were lost now, nothing could be restored from here.",
	},
	"leftover-snapshot": {
		Title: "Left over from an unfinished run", Short: "leftovers in the backup",
		Severity: "info",
		Holds:    "A folder Snapshot/ lies beside a finished backup, and no run is under way.",
		Means:    "An earlier run died. The backup itself may be whole; the next complete run removes what is left.",
	},
	"chain-unproven": {
		Title: "Encrypted: whole as far as can be told", Short: "backup cannot be proved",
		Over:     "backup was checked",
		Severity: "info",
		Holds:    "The backup is encrypted, and has not been checked with its password.",
		Means:    "Sizes and numbers are in order. Whether it opens, only its password proves.",
	},
	"index-too-large": {
		Title: "The backup's index is very large", Short: "backup index is too large",
		Severity: "warning",
		Holds:    "Manifest.db is larger than 1 GB (1,000,000,000 bytes).",
		Means:    "The phone must load it for every incremental run, and phones have run out of memory over it and hung at 0 %.",
	},
	"shrunk": {
		Title: "The backup has become much smaller", Short: "backup has shrunk",
		Severity: "warning",
		Holds:    "Files or bytes fell by more than 20 % from the complete run before.",
		Means:    "Either much was deleted on the phone, or the last run left things out.",
	},
	"encryption-lost": {
		Title: "The backup is no longer encrypted", Short: "no longer encrypted",
		Severity: "warning",
		Holds:    "This phone's last complete backup was encrypted, and this one is not.",
		Means:    "Passwords, Health and call history are not in it, and anybody who reads the disk can read it.",
	},
	"not-encrypted": {
		Title: "The backup is not encrypted", Short: "backup not encrypted",
		Over:     "encrypted now",
		Severity: "info",
		Holds:    "Manifest.plist says that it is not.",
		Means:    "Passwords, Health data and call history are left out.",
	},
	"overdue": {
		Title: "A backup is overdue", Short: "backup is overdue",
		Severity: "warning",
		Holds:    "On as many days as [patience] overdue says the phone was at hand and no backup was completed; again at two, three and four times that.",
		Means:    "What changed on the phone since then exists once only.",
	},
	"phone-disagrees": {
		Title: "The iPhone knows of no such backup", Short: "phone disagrees",
		Severity: "warning",
		Holds:    "The phone's own date of its last local backup is over an hour older than the folder's.",
		Means:    "The folder says finished, but the phone's last check failed, or another program wrote it.",
	},
	"apple-outage": {
		Title: "Apple reports trouble with iCloud", Short: "iCloud Backup is down",
		Severity: "warning",
		Holds:    "An iCloud condition holds, and Apple's System Status page names an ongoing event for iCloud Backup.",
		Means:    "The cause is not here. The page may lag, so a green one proves nothing.",
	},
	"icloud-overdue": {
		Title: "No iCloud backup for a week or more", Short: "iCloud backup overdue",
		Severity: "warning",
		Holds:    "iCloud Backup is on and the phone says that its last one is over 7 days old (asked less than 24 h ago); again at 14, 21 and 28 days.",
		Means:    "iCloud backups stop silently when storage is full or the phone is never on power and Wi-Fi.",
	},
}
