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
	// Over says in a notice that it is over; "" where "is moving again" fits.
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
		Holds:    "Listing the watched folder is refused or fails, a protected folder gives only empty answers, or a backup's own files may not be read.",
		Means:    "Nothing of that is being watched while this lasts. There may be no backups, good ones or damaged ones.",
	},
	"volume-missing": {
		Title: "The backup drive is not connected", Short: "backup drive is missing",
		Over:     "backup drive is back",
		Severity: "critical",
		Holds:    "The folder is a link to a drive that is gone, or another disk (or a plain folder) is in the drive's place.",
		Means:    "A backup started now would fail, or go to the wrong disk.",
	},
	"volume-read-only": {
		Title: "The backup drive is read-only", Short: "drive is read-only",
		Over:     "drive is writable again",
		Severity: "critical",
		Holds:    "The volume of the watched folder is mounted read-only.",
		Means:    "The next backup cannot be saved.",
	},
	"folder-missing": {
		Title: "The backup folder is missing", Short: "backup folder is missing",
		Over:     "backup folder is back",
		Severity: "warning for a configured folder, info for the default one",
		Holds:    "The watched folder does not exist.",
		Means:    "No backup has been made here yet, or the folder was moved.",
	},
	"watch-degraded": {
		Title: "Watching by the clock", Short: "watching by the clock",
		Over:     "file events work again",
		Severity: "info",
		Holds:    "The system's file events are not available for this folder, so it is watched by the clock; or it holds more backups than can be watched at once.",
		Means:    "By the clock everything is still noticed, but a new backup up to one idle interval later. Of backups that are too many nothing is noticed.",
	},
	"notices-undelivered": {
		Title: "Notices are not arriving", Short: "notices are not arriving",
		Over:     "notices arrive again",
		Severity: "warning",
		Holds:    "The last notices failed on every channel.",
		Means:    "Nobody learns what the watchdog sees unless they run `watchdogctl status`.",
	},
	"history-unavailable": {
		Title: "The watchdog cannot keep its history", Short: "history is not kept",
		Over:     "history is kept again",
		Severity: "warning",
		Holds:    "The history database had to be set aside, or cannot be written.",
		Means:    "Watching goes on. What was learned about each iPhone is lost, or will be at the next restart.",
	},

	// Of the run under way, or the one that has just ended.

	"waiting-for-passcode": {
		Title: "The iPhone is waiting for its passcode", Short: "enter the passcode",
		Severity: "info at once, then warning",
		Holds:    "The iPhone says that its passcode screen is up: shown at once, with a notice after 60 s. Where it cannot be asked, this is inferred: the backup program is running, the iPhone is connected, nothing has arrived for 3 min, and no scan that is known of it took as long; a notice follows after 5 min, but not before eight times its longest scan (four times if five are known).",
		Means:    "Nothing happens until somebody enters the passcode on the iPhone. After a few minutes the backup fails.",
	},
	"phone-disconnected": {
		Title: "The iPhone was disconnected", Short: "disconnected mid-backup",
		Severity: "warning",
		Holds:    "The iPhone was connected during this backup and has been gone for 5 s (60 s over Wi-Fi), and nothing has arrived since.",
		Means:    "The backup cannot continue without the iPhone. What has arrived is kept.",
	},
	"mac-disk-full": {
		Title: "This computer's disk is full", Short: "backup disk is full",
		Severity: "critical",
		Holds:    "Less than 16 MiB was free at some point during the backup (remembered until the next one, since what was written then is cut short), or less than 128 MiB is free and nothing has moved for 10 s.",
		Means:    "Files in this backup are cut short, even if the program says that it succeeded.",
	},
	"mac-disk-low": {
		Title: "This computer's disk is getting full", Short: "backup disk nearly full",
		Severity: "warning; info on a Mac, which may free more",
		Holds:    "Less is free than the backup is still expected to need, plus 128 MiB.",
		Means:    "The backup will probably not fit.",
	},
	"mac-slept": {
		Title: "This computer slept during the backup", Short: "this computer slept",
		Severity: "info; warning if the backup did not continue",
		Holds:    "The computer slept for more than 5 min during a backup that is not complete. It is a warning if nothing has moved since it woke and the attempt has ended, or has been quiet for too long.",
		Means:    "An iPhone often drops its connection to a computer that sleeps.",
	},
	"network-unreliable": {
		Title: "Backups over Wi-Fi keep failing", Short: "backups fail over Wi-Fi",
		Severity: "warning",
		Holds:    "Three backups over Wi-Fi failed within 14 days, and none by cable.",
		Means:    "The iPhone's network settings are left to try. Until then, use a cable.",
	},
	"failing-repeatedly": {
		Title: "Backups keep failing", Short: "backups keep failing",
		Severity: "warning",
		Holds:    "The last three attempts all ended without finishing.",
		Means:    "Trying again will not help by itself.",
	},
	"interrupted": {
		Title: "The backup was interrupted", Short: "backup was interrupted",
		Severity: "warning",
		Holds:    "An attempt ended before or while files were sent, or while it was cleaning up: its program has been gone for 10 s; or no program was ever seen and four times the limit has passed.",
		Means:    "This backup is not finished. The detail says whether an older one can still be restored.",
	},
	"interrupted-mixed": {
		Title: "Interrupted with old and new files mixed", Short: "backup mixes old and new",
		Severity: "critical",
		Holds:    "An attempt ended in its state `moving`: some new files have replaced old ones, others have not.",
		Means:    "Neither the old nor the new backup is whole until a backup finishes. The new files are there, so delete nothing.",
	},
	"stalled": {
		Title: "The backup is stuck", Short: "backup is stuck",
		Severity: "info as a suspicion, then warning",
		Holds:    "Nothing has moved for longer than this iPhone is usually quiet in this phase (until that is known, 45 min preparing, 10 min transferring, 15 min finishing by default). A notice follows at 1.5 times that, or at once when the iPhone or every backup program is known to be gone.",
		Means:    "The backup will most likely not recover by itself.",
	},
	"slow": {
		Title: "The backup is very slow", Short: "backup is very slow",
		Severity: "warning; info at 250 kB/s or more",
		Holds:    "Over ten minutes of steady arrival the rate was under 100 kB/s, or would leave more than 24 h to go.",
		Means:    "It is moving, but is unlikely to finish.",
	},
	"run-too-long": {
		Title: "This backup is taking too long", Short: "backup takes too long",
		Severity: "warning; info at 1 MB/s or more on average",
		Holds:    "The backup has taken four times as long as this iPhone's longest complete one, and at least 12 h, counting only time awake.",
		Means:    "Something is keeping it from finishing.",
	},
	"phone-battery-low": {
		Title: "The iPhone's battery is low", Short: "battery is low",
		Severity: "warning",
		Holds:    "Under 20 % and not charging, while a backup is under way.",
		Means:    "An iPhone that runs low stops its backup.",
	},
	"phone-disk-full": {
		Title: "The iPhone's storage is full", Short: "its own storage is full",
		Severity: "warning",
		Holds:    "The iPhone reports less than 512 MiB free.",
		Means:    "It may be unable to make the snapshot it backs up from.",
	},
	"software-mismatch": {
		Title: "iPhone and computer are incompatible", Short: "software needs updating",
		Severity: "warning; info while backups work",
		Holds:    "Pairing is refused although it once worked, or the iPhone's iOS is newer than this Mac's system knows.",
		Means:    "Backups fail until one of them is updated and they trust each other again.",
	},

	// Of the backup itself, and of what is missing.

	"chain-broken": {
		Title: "This backup is damaged", Short: "backup is damaged",
		Severity: "critical",
		Holds:    "There is proof: a metadata file has been missing, empty or unreadable for longer than a half-written one can be, the index is shorter than its own header says, or a check found files missing, cut short or changed. Not judged while a backup is under way.",
		Means:    "It cannot be restored in full, whatever the program that made it said.",
	},
	"false-finished": {
		Title: "Marked as finished, but incomplete", Short: "backup is not complete",
		Severity: "warning",
		Holds:    "Status.plist says finished, but the index or Manifest.plist is missing or empty; nothing else is damaged, and no backup is under way.",
		Means:    "The program that made it marked it as finished too early, or was not told of an error. Nothing can be restored from it.",
	},
	"never-completed": {
		Title: "No complete backup yet", Short: "no backup finished yet",
		Severity: "warning",
		Holds:    "Nothing in the folder can be restored, no backup is under way, and the folder is over an hour old.",
		Means:    "If the iPhone were lost now, nothing could be restored from here.",
	},
	"leftover-snapshot": {
		Title: "Left over from an unfinished backup", Short: "leftovers in the backup",
		Severity: "info",
		Holds:    "There is a Snapshot/ folder beside a finished backup, and no backup is under way.",
		Means:    "An earlier attempt stopped partway. The backup itself may be whole; the next complete one removes the leftovers.",
	},
	"chain-unproven": {
		Title: "Encrypted: whole as far as can be told", Short: "backup not fully checked",
		Over:     "backup was checked",
		Severity: "info",
		Holds:    "The backup is encrypted, and has not been checked with its password.",
		Means:    "Sizes and numbers are in order. Only its password can prove that it opens.",
	},
	"index-too-large": {
		Title: "The backup's index is very large", Short: "backup index is too large",
		Severity: "warning",
		Holds:    "Manifest.db is larger than 1 GB (1,000,000,000 bytes).",
		Means:    "The iPhone must load it for every incremental backup, and some have run out of memory over it and hung at 0 %.",
	},
	"shrunk": {
		Title: "The backup has become much smaller", Short: "backup has shrunk",
		Severity: "warning",
		Holds:    "Files or bytes fell by more than 20 % since the previous complete backup.",
		Means:    "Either much was deleted on the iPhone, or the last backup left things out.",
	},
	"encryption-lost": {
		Title: "The backup is no longer encrypted", Short: "no longer encrypted",
		Severity: "warning",
		Holds:    "This iPhone's previous complete backup was encrypted; this one is not.",
		Means:    "Passwords, Health data and call history are not in it, and anyone who reads the disk can read it.",
	},
	"not-encrypted": {
		Title: "The backup is not encrypted", Short: "backup is not encrypted",
		Over:     "backup is encrypted now",
		Severity: "info",
		Holds:    "Manifest.plist says that it is not.",
		Means:    "Passwords, Health data and call history are left out.",
	},
	"overdue": {
		Title: "A backup is overdue", Short: "backup is overdue",
		Severity: "warning",
		Holds:    "The iPhone was within reach on as many days as `patience.overdue` says, and no backup was completed; again at two, three and four times that.",
		Means:    "What has changed on the iPhone since then exists nowhere else.",
	},
	"phone-disagrees": {
		Title: "The iPhone has no record of this backup", Short: "no record of this backup",
		Severity: "warning",
		Holds:    "The iPhone's own date for its last local backup is over an hour older than the folder's.",
		Means:    "The folder says finished, but the iPhone's final check failed, or another program wrote it.",
	},
	"apple-outage": {
		Title: "Apple reports trouble with iCloud", Short: "iCloud Backup is down",
		Severity: "warning",
		Holds:    "An iCloud condition holds, and Apple's System Status page names an ongoing event for iCloud Backup.",
		Means:    "The cause lies with Apple. The page can lag, so green proves nothing.",
	},
	"icloud-overdue": {
		Title: "No iCloud backup for a week or more", Short: "iCloud backup overdue",
		Severity: "warning",
		Holds:    "iCloud Backup is on and the iPhone says that its last one is over 7 days old (asked less than 24 h ago); again at 14, 21 and 28 days.",
		Means:    "iCloud backups stop without warning when storage is full or the iPhone is never on power and Wi-Fi.",
	},
}
