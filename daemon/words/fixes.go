package words

import (
	"maps"
	"slices"
)

// Fix is one thing that a person can do, written out for the iPhone and the Mac
// of today (iOS 26, macOS 26; older menus differ by a word).
//
// In steps, {udid} stands for the backup's id and {again} for how a backup is
// started on this computer; package backup fills them in.
type Fix struct {
	Title string
	// Why it helps, in one or two sentences.
	Why string
	// Steps for a backup on this computer.
	Steps []string
	// Elsewhere are the steps on a computer that is no Mac; nil where Steps fit too.
	Elsewhere []string
	// Cloud are the steps where an iCloud backup is what fails; nil where the
	// fix has nothing to do with iCloud.
	Cloud []string
	// Not says what is better left undone.
	Not []string
}

// FixOf returns what is said of the fix with that id.
func FixOf(id string) (Fix, bool) {
	f, ok := fixes[id]
	return f, ok
}

// FixIDs returns the ids of all fixes that there are words for, sorted.
func FixIDs() []string { return slices.Sorted(maps.Keys(fixes)) }

// fixes has the words of every fix by its id. The order, and which of them sets
// the chain aside, is in backup.Fixes.
var fixes = map[string]Fix{
	// The eight that people are told to try first.

	"check-storage": {
		Title: "Make room on this computer",
		Why:   "A backup that meets a full disk is cut short, and some programs do not notice. The phone also refuses to start when too little is free.",
		Steps: []string{
			"Look at what is free: Apple menu > System Settings > General > Storage.",
			"Empty the Trash and move large files away until what the backup needs, and a tenth more, is free: `watchdogctl status` names it.",
			"List the backups kept here with `watchdogctl check`: archived ones (their names end in a date) and those of phones you no longer own may be deleted in Finder > iPhone > Manage Backups.",
			"{again}",
		},
		Elsewhere: []string{
			"Look at what is free where the backups go: `df -h`.",
			"Move large files away until what the backup needs, and a tenth more, is free: `watchdogctl status` names it.",
			"List the backups kept here with `watchdogctl check`: archived ones (their names end in a date) and those of phones you no longer own may be deleted.",
			"{again}",
		},
		Cloud: []string{
			"On the iPhone: Settings > your name > iCloud > Storage. The next backup's size stands under Backups > this iPhone.",
			"Switch off apps that need not be in the backup there, or choose a larger plan.",
			"Settings > your name > iCloud > iCloud Backup > Back Up Now, on Wi-Fi and power.",
		},
		Not: []string{"Do not delete the only backup of a phone to make room for its next one."},
	},
	"stable-power-and-wifi": {
		Title: "Give it steady power and Wi-Fi",
		Why:   "Over Wi-Fi a backup ends whenever the phone falls asleep, changes network or runs low. On power and close to the router it does not.",
		Steps: []string{
			"Connect the iPhone to its charger and leave it there.",
			"Bring it near the router; check that phone and computer are on the same network and that no VPN is on.",
			"Switch off Low Power Mode: Settings > Battery > Power Mode.",
			"{again} A cable is surer still.",
		},
		Cloud: []string{
			"Connect the iPhone to its charger and to Wi-Fi, and lock it.",
			"Settings > Wi-Fi > (i) beside the network: switch off Low Data Mode.",
			"Settings > your name > iCloud > iCloud Backup > Back Up Now, and leave it overnight.",
		},
	},
	"restart-phone-and-retry": {
		Title: "Restart the iPhone and try again",
		Why:   "A run that hangs leaves the phone's backup service holding a snapshot. A restart lets go of it, and the next run continues where this one stopped.",
		Steps: []string{
			"Stop the backup that hangs: the small x beside the iPhone in Finder, or Ctrl-C in the program that runs it. Should it not end, go on.",
			"Restart the iPhone: hold the side button and a volume button, slide to power off, then switch it on again.",
			"Unlock it, connect it by cable, and answer Trust and the passcode if it asks.",
			"{again} Files that already arrived are kept.",
		},
		Elsewhere: []string{
			"Stop the backup that hangs: Ctrl-C in the program that runs it. Should it not end, go on.",
			"Restart the iPhone: hold the side button and a volume button, slide to power off, then switch it on again.",
			"Unlock it, connect it by cable, and answer Trust and the passcode if it asks.",
			"{again} Files that already arrived are kept.",
		},
		Cloud: []string{
			"Settings > your name > iCloud > iCloud Backup > Cancel Backup.",
			"Restart the iPhone, unlock it, and connect it to power and Wi-Fi.",
			"Back Up Now on the same page.",
		},
		Not: []string{"Do not delete the backup folder: what has arrived would have to be sent again."},
	},
	"update-software": {
		Title: "Update, reconnect, trust again",
		Why:   "A computer that is older than the phone's iOS, or a pairing that has lapsed, makes every run fail in the same way.",
		Steps: []string{
			"Update this computer: System Settings > General > Software Update; or update the program that makes the backup.",
			"Update the iPhone: Settings > General > Software Update.",
			"Unplug the iPhone, plug it in again, unlock it, and tap Trust; enter its passcode.",
			"If it never asks: Settings > General > Transfer or Reset iPhone > Reset > Reset Location & Privacy, then connect again.",
			"{again}",
		},
		Elsewhere: []string{
			"Update the program that makes the backup, and what it talks to the phone with (libimobiledevice, usbmuxd): a system's own packages are often older than the phone's iOS.",
			"Update the iPhone: Settings > General > Software Update.",
			"Unplug the iPhone, plug it in again, unlock it, and tap Trust; enter its passcode.",
			"If it never asks: Settings > General > Transfer or Reset iPhone > Reset > Reset Location & Privacy, then connect again.",
			"{again}",
		},
		Cloud: []string{
			"Update the iPhone: Settings > General > Software Update.",
			"Settings > your name > iCloud > iCloud Backup > Back Up Now.",
		},
	},
	"fresh-backup": {
		Title: "Start a fresh backup, keep the old one",
		Why:   "A damaged chain stays damaged: each new run builds on it. A new chain does not. The old one is set aside, not deleted, until the new one is whole.",
		Steps: []string{
			"Set the old chain aside: `watchdogctl retire {udid}`. Nothing is deleted, and `watchdogctl retire --undo {udid}` takes it back.",
			"Make sure that as much space is free as the phone uses.",
			"{again} The first run of a new chain sends everything.",
			"When it is done: `watchdogctl check {udid}`. Only then think about deleting the old chain.",
		},
		Cloud: []string{
			"First make a backup on a computer, so that one copy exists.",
			"Settings > your name > iCloud > Storage > Backups > this iPhone > Turn Off and Delete from iCloud.",
			"Settings > your name > iCloud > iCloud Backup: switch it on again, then Back Up Now.",
		},
		Not: []string{"Do not delete the old chain before the new one has been checked."},
	},
	"reset-network-settings": {
		Title: "Reset the iPhone's network settings",
		Why:   "When Wi-Fi loses one run after another and a cable does not, the phone's network settings are what is left.",
		Steps: []string{
			"Make one backup by cable first: Wi-Fi runs lean on it.",
			"In Finder > iPhone > General, switch Show this iPhone when on Wi-Fi off and on again.",
			"On the iPhone: Settings > General > Transfer or Reset iPhone > Reset > Reset Network Settings. Saved Wi-Fi passwords and VPNs are forgotten, nothing else.",
			"Join the Wi-Fi again. {again}",
		},
		Elsewhere: []string{
			"Make one backup by cable first: Wi-Fi runs lean on it.",
			"On the iPhone: Settings > General > Transfer or Reset iPhone > Reset > Reset Network Settings. Saved Wi-Fi passwords and VPNs are forgotten, nothing else.",
			"Join the Wi-Fi again. {again}",
		},
		Cloud: []string{
			"Settings > General > Transfer or Reset iPhone > Reset > Reset Network Settings.",
			"Join the Wi-Fi again, connect power, and Back Up Now.",
		},
		Not: []string{"Do not choose Erase All Content and Settings on that page."},
	},
	"encrypted-local-backup": {
		Title: "Make an encrypted backup here",
		Why:   "Only an encrypted backup holds passwords, Health, call history and Wi-Fi settings, and a backup on this computer does not depend on iCloud.",
		Steps: []string{
			"Choose a password and store it first: in the Passwords app and on paper. Nothing opens the backup without it, and Apple cannot help.",
			"In Finder, select the iPhone, choose Back up all of the data on your iPhone to this Mac, and tick Encrypt local backup. (In a terminal: `idevicebackup2 -i encryption on`.)",
			"{again} The first encrypted run sends everything again.",
			"Prove it: `watchdogctl check --password-stdin {udid}`.",
		},
		Elsewhere: []string{
			"Choose a password and store it first: in a password manager and on paper. Nothing opens the backup without it, and Apple cannot help.",
			"`idevicebackup2 -i encryption on`, and enter the password; confirm on the phone.",
			"{again} The first encrypted run sends everything again.",
			"Prove it: `watchdogctl check --password-stdin {udid}`.",
		},
		Cloud: []string{
			"Connect the iPhone to this computer and follow the steps for a local backup: it does not use iCloud.",
		},
		Not: []string{"Do not choose a password that you have not written down."},
	},
	"check-apple-status": {
		Title: "Wait for Apple",
		Why:   "Apple itself reports a disturbance of iCloud Backup. Nothing on the phone or here mends that.",
		Steps: []string{
			"Look at apple.com/support/systemstatus: iCloud Backup should be green. The page may lag by hours.",
			"Leave the iPhone on power and Wi-Fi. It tries again by itself.",
			"Meanwhile make a backup on this computer. {again}",
		},
		Cloud: []string{
			"Look at apple.com/support/systemstatus: iCloud Backup should be green. The page may lag by hours.",
			"Leave the iPhone on power and Wi-Fi overnight. It tries again by itself.",
		},
		Not: []string{"Do not delete the iCloud backup or sign out of iCloud: neither helps while Apple is disturbed."},
	},

	// What the usual lists leave out.

	"enter-passcode": {
		Title: "Look at the iPhone: enter its passcode",
		Why:   "Since iOS 16 the phone asks for its passcode before a backup on a computer. It waits a few minutes (up to half an hour on iOS 26), then the run fails.",
		Steps: []string{
			"Wake the iPhone. It shows Enter Passcode to back up, or Trust This Computer.",
			"Enter the passcode on the phone itself.",
			"If nothing is shown, unlock the phone and leave it unlocked for a moment; unplug and plug it in once.",
		},
	},
	"grant-full-disk-access": {
		Title: "Allow the watchdog to read backups",
		Why:   "Nothing can be said of backups that may not be read. On macOS that takes Full Disk Access, which the system never asks for by itself.",
		Steps: []string{
			"Open System Settings > Privacy & Security > Full Disk Access (`watchdogctl doctor --open` goes there).",
			"Switch on Backup Watchdog. If it is not in the list, press + and choose the file that `watchdogctl doctor` names; if it is there already and this came after an update, remove it with - first.",
			"Come back: the watchdog notices within a minute. If it does not, `watchdogctl restart`.",
		},
		Elsewhere: []string{
			"See who owns the folder and its parents: `namei -l` with its path (`watchdogctl status` names it).",
			"Make it readable for the user the watchdog runs as: `chmod u+rX`, or `setfacl -m u:NAME:rX` where it belongs to somebody else.",
			"Come back: the watchdog notices within a minute, without a restart.",
		},
	},
	"reconnect-drive": {
		Title: "Reconnect the backup drive",
		Why:   "The backup folder lives on a drive that is not there, or that may not be written. A backup made now would fail or land on the wrong disk.",
		Steps: []string{
			"Stop any backup that is running.",
			"Connect the drive and wait until Finder shows it. If it came back under another name, eject it and connect it again.",
			"If a folder of the drive's name was left in /Volumes, move what is in it away before you connect the drive.",
			"A drive that may only be read needs Disk Utility > First Aid, or its lock taken off.",
			"{again}",
		},
		Elsewhere: []string{
			"Stop any backup that is running.",
			"Connect the drive and mount it where it was: `findmnt` and `lsblk` show what is there.",
			"If a plain folder stands at its mount point, move what is in it away before you mount the drive.",
			"A drive that may only be read needs `fsck`, or to be mounted with `rw`.",
			"{again}",
		},
	},
	"keep-mac-awake": {
		Title: "Keep this computer awake",
		Why:   "A backup stands still while the computer sleeps, and the phone often lets go of it.",
		Steps: []string{
			"Connect the computer to power and leave its lid open.",
			"Keep it awake for the next run: `caffeinate -i` in a terminal until the backup is done, or System Settings > Battery > Options > Prevent automatic sleeping.",
			"{again} What already arrived is kept.",
		},
		Elsewhere: []string{
			"Connect the computer to power and leave its lid open.",
			"Keep it awake for the next run: put `systemd-inhibit --what=sleep` in front of the backup's command.",
			"{again} What already arrived is kept.",
		},
	},
	"free-phone-storage": {
		Title: "Make room on the iPhone",
		Why:   "The phone needs some free space of its own for the snapshot that it backs up from.",
		Steps: []string{
			"On the iPhone: Settings > General > iPhone Storage.",
			"Offload large apps, or remove downloaded videos and music, until at least 2 GB are free.",
			"Restart the iPhone. {again}",
		},
	},
	"use-cable": {
		Title: "Use a cable, and another port",
		Why:   "The connection to the phone was lost. A worn cable, a hub or a tired port is what that usually is.",
		Steps: []string{
			"Plug the iPhone in again, straight into the computer and not through a hub.",
			"Try another port and another cable (one that carries data).",
			"Unlock the phone and answer Trust if it asks.",
			"{again} It goes on where it stopped.",
		},
	},
	"back-up-now": {
		Title: "Make a backup now",
		Why:   "A complete run repairs what an unfinished one left behind, and removes what is left over.",
		Steps: []string{
			"Connect the iPhone by cable and unlock it.",
			"{again}",
			"Enter the passcode on the phone when it asks, and leave it connected until `watchdogctl status` says complete.",
		},
	},
	"record-backup-password": {
		Title: "Check that you have the password",
		Why:   "This backup is encrypted. Whether it is whole, and whether it is of any use, hangs on its password.",
		Steps: []string{
			"Find the password: Passwords app, Keychain Access (search for iPhone Backup or iOS Backup), or your notes.",
			"Try it: `watchdogctl check --password-stdin {udid}`. It is used for that one check and kept nowhere.",
			"If it is lost: Settings > General > Transfer or Reset iPhone > Reset > Reset All Settings removes it for new backups; the old ones stay closed.",
		},
		Elsewhere: []string{
			"Find the password: your password manager, the Passwords app on the iPhone, or your notes.",
			"Try it: `watchdogctl check --password-stdin {udid}`. It is used for that one check and kept nowhere.",
			"If it is lost: Settings > General > Transfer or Reset iPhone > Reset > Reset All Settings removes it for new backups; the old ones stay closed.",
		},
	},
	"allow-notifications": {
		Title: "Let notices reach you",
		Why:   "The last notices could not be shown. The next one may be the one that matters.",
		Steps: []string{
			"`watchdogctl test-notification` sends one and says what to look for.",
			"System Settings > Notifications > Script Editor (or terminal-notifier): allow. If it is not in the list, open Script Editor once and run: display notification \"test\".",
			"Or add another way: [notify] command or webhook in the configuration (`watchdogctl config path`).",
		},
		Elsewhere: []string{
			"`watchdogctl test-notification` sends one and says what to look for.",
			"Be logged in at a desktop that shows notices: a notification server must run in your session.",
			"Or add another way: [notify] command or webhook in the configuration (`watchdogctl config path`).",
		},
	},
	"stop-other-tool": {
		Title: "Stop the other backup program",
		Why:   "Two programs that back up one phone at a time wait for each other, or write over each other.",
		Steps: []string{
			"Quit the other program that works on this backup, or let it finish: `watchdogctl status` names it.",
			"Restart the iPhone if the run does not go on within a minute.",
			"{again}",
		},
	},
	"wait": {
		Title: "Leave it alone for now",
		Why:   "It is slow, but it moves. Every restart costs more than it gains.",
		Steps: []string{
			"Leave the phone connected and the computer awake.",
			"`watchdogctl status --watch` shows how far it is.",
		},
	},
}

// How a backup is started: what {again} stands for in the steps of a fix.

// AgainInFinder is for a Mac whose backups Finder makes.
const AgainInFinder = "In Finder, select the iPhone and click Back Up Now."

// AgainByCommand is for idevicebackup2; the folder is the one it is given, ""
// where that is not known.
func AgainByCommand(folder string) string {
	if folder == "" {
		return "Start the backup again: `idevicebackup2 backup FOLDER`, with the folder it went to."
	}
	return "Start the backup again: `idevicebackup2 backup \"" + folder + "\"`."
}

// AgainIn is for a program of which only the name is known.
func AgainIn(program string) string { return "Start the backup again in " + program + "." }
