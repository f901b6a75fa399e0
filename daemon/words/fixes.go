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
	// Cable are the title and the steps while a backup runs over a cable; empty
	// where those above fit too.
	Cable Adapted
	// Not says what is better left undone.
	Not []string
}

// Adapted is a fix in other circumstances.
type Adapted struct {
	Title string
	Steps []string
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
		Why:   "A backup that meets a full disk is cut short, and some programs do not notice. The iPhone also refuses to start when too little is free.",
		Steps: []string{
			"See what is free: Apple menu > System Settings > General > Storage.",
			"Empty the Trash and move large files away until there is room for what the backup needs and a tenth more: `watchdogctl status` says how much.",
			"List the backups kept here with `watchdogctl check`: archived ones (their names end in a date) and those of iPhones you no longer own can be deleted in Finder > iPhone > Manage Backups.",
			"{again}",
		},
		Elsewhere: []string{
			"See what is free where the backups go: `df -h`.",
			"Move large files away until there is room for what the backup needs and a tenth more: `watchdogctl status` says how much.",
			"List the backups kept here with `watchdogctl check`: archived ones (their names end in a date) and those of iPhones you no longer own can be deleted.",
			"{again}",
		},
		Cloud: []string{
			"On the iPhone: Settings > your name > iCloud > Storage. The size of the next backup is under Backups > this iPhone.",
			"Switch off apps there that the backup can do without, or choose a larger plan.",
			"Settings > your name > iCloud > iCloud Backup > Back Up Now, on Wi-Fi and power.",
		},
		Not: []string{"Do not delete the only backup of an iPhone to make room for its next one."},
	},
	"stable-power-and-wifi": {
		Title: "Give it steady power and Wi-Fi",
		Why:   "Over Wi-Fi, a backup ends whenever the iPhone falls asleep, changes network or runs low. On power and close to the router, it does not.",
		Steps: []string{
			"Connect the iPhone to its charger and leave it there.",
			"Move it close to the router; check that the iPhone and the computer are on the same network and that no VPN is on.",
			"Switch off Low Power Mode: Settings > Battery > Power Mode.",
			"{again} A cable is safer still.",
		},
		Cable: Adapted{"Give it steady power", []string{
			"Connect the iPhone to power. If its cable gives too little to charge it, put it on a wireless charger as well, or use another port or charger.",
			"Leave it there until the backup is done.",
		}},
		Cloud: []string{
			"Connect the iPhone to its charger and to Wi-Fi, and lock it.",
			"Settings > Wi-Fi > (i) next to the network: switch off Low Data Mode.",
			"Settings > your name > iCloud > iCloud Backup > Back Up Now, and leave it overnight.",
		},
	},
	"restart-phone-and-retry": {
		Title: "Restart the iPhone and try again",
		Why:   "A stuck backup leaves the iPhone's backup service holding on to a snapshot. A restart releases it, and the next backup continues where this one stopped.",
		Steps: []string{
			"Stop the stuck backup: the small x next to the iPhone in Finder, or Ctrl-C in the program that runs it. If it does not stop, go on.",
			"Restart the iPhone: hold the side button and a volume button, slide to power off, then turn it on again.",
			"Unlock it and connect it by cable. If it asks, tap Trust and enter the passcode.",
			"{again} Files that have already arrived are kept.",
		},
		Elsewhere: []string{
			"Stop the stuck backup: Ctrl-C in the program that runs it. If it does not stop, go on.",
			"Restart the iPhone: hold the side button and a volume button, slide to power off, then turn it on again.",
			"Unlock it and connect it by cable. If it asks, tap Trust and enter the passcode.",
			"{again} Files that have already arrived are kept.",
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
		Why:   "When the computer's software is older than the iPhone's iOS, or the pairing has lapsed, every backup fails in the same way.",
		Steps: []string{
			"Update this computer: System Settings > General > Software Update; or update the program that makes the backup.",
			"Update the iPhone: Settings > General > Software Update.",
			"Unplug the iPhone, plug it in again, unlock it, tap Trust and enter its passcode.",
			"If it never asks: Settings > General > Transfer or Reset iPhone > Reset > Reset Location & Privacy, then connect again.",
			"{again}",
		},
		Elsewhere: []string{
			"Update the program that makes the backup, and what it uses to talk to the iPhone (libimobiledevice, usbmuxd): a system's own packages are often older than the iPhone's iOS.",
			"Update the iPhone: Settings > General > Software Update.",
			"Unplug the iPhone, plug it in again, unlock it, tap Trust and enter its passcode.",
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
		Why:   "A damaged chain stays damaged, because each backup builds on it. A new chain does not. The old one is set aside, not deleted, until the new one is whole.",
		Steps: []string{
			"Set the old chain aside: `watchdogctl retire {udid}`. Nothing is deleted, and `watchdogctl retire --undo {udid}` undoes it.",
			"Make sure that as much space is free as the iPhone uses.",
			"{again} The first backup of a new chain sends everything.",
			"When it is done, run `watchdogctl check {udid}`. Only then consider deleting the old chain.",
		},
		Cloud: []string{
			"First make a backup on a computer, so that there is one copy.",
			"Settings > your name > iCloud > Storage > Backups > this iPhone > Turn Off and Delete from iCloud.",
			"Settings > your name > iCloud > iCloud Backup: switch it on again, then Back Up Now.",
		},
		Not: []string{"Do not delete the old chain before the new one has been checked."},
	},
	"reset-network-settings": {
		Title: "Reset the iPhone's network settings",
		Why:   "When backups keep failing over Wi-Fi and not by cable, what is left to try is the iPhone's network settings.",
		Steps: []string{
			"Make one backup by cable first: backups over Wi-Fi build on it.",
			"In Finder > iPhone > General, switch Show this iPhone when on Wi-Fi off and on again.",
			"On the iPhone: Settings > General > Transfer or Reset iPhone > Reset > Reset Network Settings. This forgets saved Wi-Fi passwords and VPNs, nothing else.",
			"Join the Wi-Fi again. {again}",
		},
		Elsewhere: []string{
			"Make one backup by cable first: backups over Wi-Fi build on it.",
			"On the iPhone: Settings > General > Transfer or Reset iPhone > Reset > Reset Network Settings. This forgets saved Wi-Fi passwords and VPNs, nothing else.",
			"Join the Wi-Fi again. {again}",
		},
		Cloud: []string{
			"Settings > General > Transfer or Reset iPhone > Reset > Reset Network Settings.",
			"Join the Wi-Fi again, connect the iPhone to power, and tap Back Up Now.",
		},
		Not: []string{"Do not choose Erase All Content and Settings on that page."},
	},
	"encrypted-local-backup": {
		Title: "Make an encrypted backup here",
		Why:   "Only an encrypted backup holds passwords, Health data, call history and Wi-Fi settings, and a backup on this computer does not depend on iCloud.",
		Steps: []string{
			"Choose a password and store it first, in the Passwords app and on paper. Without it nothing opens the backup, and Apple cannot help.",
			"In Finder, select the iPhone, choose Back up all of the data on your iPhone to this Mac, and tick Encrypt local backup. (In a terminal: `idevicebackup2 -i encryption on`.)",
			"{again} The first encrypted backup sends everything again.",
			"Prove it: `watchdogctl check --password-stdin {udid}`.",
		},
		Elsewhere: []string{
			"Choose a password and store it first, in a password manager and on paper. Without it nothing opens the backup, and Apple cannot help.",
			"Run `idevicebackup2 -i encryption on`, enter the password, and confirm on the iPhone.",
			"{again} The first encrypted backup sends everything again.",
			"Prove it: `watchdogctl check --password-stdin {udid}`.",
		},
		Cloud: []string{
			"Connect the iPhone to this computer and follow the steps for a local backup, which does not use iCloud.",
		},
		Not: []string{"Do not use a password that you have not written down."},
	},
	"check-apple-status": {
		Title: "Wait for Apple",
		Why:   "Apple itself reports trouble with iCloud Backup. Nothing on the iPhone or here can fix that.",
		Steps: []string{
			"Look at apple.com/support/systemstatus: iCloud Backup should be green. The page can lag by hours.",
			"Leave the iPhone on power and Wi-Fi. It will try again by itself.",
			"Meanwhile, make a backup on this computer. {again}",
		},
		Cloud: []string{
			"Look at apple.com/support/systemstatus: iCloud Backup should be green. The page can lag by hours.",
			"Leave the iPhone on power and Wi-Fi overnight. It will try again by itself.",
		},
		Not: []string{"Do not delete the iCloud backup or sign out of iCloud: neither helps while the trouble is at Apple's end."},
	},

	// What the usual lists leave out.

	"enter-passcode": {
		Title: "Look at the iPhone: enter its passcode",
		Why:   "Since iOS 16, the iPhone asks for its passcode before a backup to a computer. It waits a few minutes (up to half an hour on iOS 26), then the backup fails.",
		Steps: []string{
			"Wake the iPhone. It shows Enter Passcode to back up, or Trust This Computer.",
			"Enter the passcode on the iPhone itself.",
			"If it shows nothing, unlock it and leave it unlocked for a moment; then unplug it and plug it in again.",
		},
	},
	"grant-full-disk-access": {
		Title: "Allow the watchdog to read backups",
		Why:   "Nothing is known about backups that may not be read. On macOS, reading them takes Full Disk Access, which the system never asks for by itself.",
		Steps: []string{
			"Open System Settings > Privacy & Security > Full Disk Access (`watchdogctl doctor --open` opens it).",
			"Switch on Backup Watchdog. If it is not in the list, press + and choose the file that `watchdogctl doctor` names; if it is already there and this began with an update, remove it with - first.",
			"The watchdog notices within a minute. If it does not, run `watchdogctl restart`.",
		},
		Elsewhere: []string{
			"See who owns the folder and its parents: `namei -l` with its path (`watchdogctl status` shows it).",
			"Make it readable for the user that the watchdog runs as: `chmod u+rX`, or `setfacl -m u:NAME:rX` if it belongs to somebody else.",
			"The watchdog notices within a minute, without a restart.",
		},
	},
	"reconnect-drive": {
		Title: "Reconnect the backup drive",
		Why:   "The backup folder is on a drive that is not connected or is read-only. A backup made now would fail or go to the wrong disk.",
		Steps: []string{
			"Stop any backup that is running.",
			"Connect the drive and wait until Finder shows it. If it comes back under another name, eject it and connect it again.",
			"If a folder with the drive's name is left in /Volumes, move its contents away before you connect the drive.",
			"A drive that is read-only needs Disk Utility > First Aid, or its lock switched off.",
			"{again}",
		},
		Elsewhere: []string{
			"Stop any backup that is running.",
			"Connect the drive and mount it where it was: `findmnt` and `lsblk` show what is there.",
			"If there is a plain folder at its mount point, move its contents away before you mount the drive.",
			"A drive that is read-only needs `fsck`, or mounting with `rw`.",
			"{again}",
		},
	},
	"keep-mac-awake": {
		Title: "Keep this computer awake",
		Why:   "A backup stops while the computer sleeps, and the iPhone often drops the connection.",
		Steps: []string{
			"Connect the computer to power and leave the lid open.",
			"Keep it awake for the next backup: `caffeinate -i` in a terminal until the backup is done, or System Settings > Battery > Options > Prevent automatic sleeping.",
			"{again} What has already arrived is kept.",
		},
		Elsewhere: []string{
			"Connect the computer to power and leave the lid open.",
			"Keep it awake for the next backup: put `systemd-inhibit --what=sleep` in front of the backup's command.",
			"{again} What has already arrived is kept.",
		},
	},
	"free-phone-storage": {
		Title: "Make room on the iPhone",
		Why:   "The iPhone needs some free space of its own for the snapshot it backs up from.",
		Steps: []string{
			"On the iPhone: Settings > General > iPhone Storage.",
			"Offload large apps, or remove downloaded videos and music, until at least 2 GB is free.",
			"Restart the iPhone. {again}",
		},
	},
	"use-cable": {
		Title: "Use a cable, and another port",
		Why:   "The connection to the iPhone was lost. The cause is usually a worn cable, a hub or a worn port.",
		Steps: []string{
			"Plug the iPhone in again, directly into the computer and not through a hub.",
			"Try another port and another cable (one that carries data).",
			"Unlock the iPhone and tap Trust if it asks.",
			"{again} It continues where it stopped.",
		},
	},
	"back-up-now": {
		Title: "Make a backup now",
		Why:   "A complete backup repairs what an unfinished one left behind, and removes any leftovers.",
		Steps: []string{
			"Connect the iPhone by cable and unlock it.",
			"{again}",
			"Enter the passcode on the iPhone when it asks, and leave it connected until `watchdogctl status` says complete.",
		},
	},
	"record-backup-password": {
		Title: "Check that you have the password",
		Why:   "This backup is encrypted. Only with its password can you know that it is whole, and use it.",
		Steps: []string{
			"Find the password: Passwords app, Keychain Access (search for iPhone Backup or iOS Backup), or your notes.",
			"Try it: `watchdogctl check --password-stdin {udid}`. The password is used for that one check and not kept.",
			"If it is lost: Settings > General > Transfer or Reset iPhone > Reset > Reset All Settings removes it for new backups; the old ones stay locked.",
		},
		Elsewhere: []string{
			"Find the password: your password manager, the Passwords app on the iPhone, or your notes.",
			"Try it: `watchdogctl check --password-stdin {udid}`. The password is used for that one check and not kept.",
			"If it is lost: Settings > General > Transfer or Reset iPhone > Reset > Reset All Settings removes it for new backups; the old ones stay locked.",
		},
	},
	"allow-notifications": {
		Title: "Let notices reach you",
		Why:   "The last notices could not be shown. The next one may be the one that matters.",
		Steps: []string{
			"`watchdogctl test-notification` sends one and says what to look for.",
			"System Settings > Notifications > Script Editor (or terminal-notifier): allow notifications. If it is not in the list, open Script Editor once and run `display notification \"test\"`.",
			"Or add another channel: `command` or `webhook` under `[notify]` in the configuration (`watchdogctl config path`).",
		},
		Elsewhere: []string{
			"`watchdogctl test-notification` sends one and says what to look for.",
			"Log in to a desktop that shows notices: a notification server must be running in your session.",
			"Or add another channel: `command` or `webhook` under `[notify]` in the configuration (`watchdogctl config path`).",
		},
	},
	"stop-other-tool": {
		Title: "Stop the other backup program",
		Why:   "Two programs backing up one iPhone at once wait for each other, or overwrite each other's files.",
		Steps: []string{
			"Quit the other program using this backup, or let it finish: `watchdogctl status` names it.",
			"Restart the iPhone if the backup does not continue within a minute.",
			"{again}",
		},
	},
	"wait": {
		Title: "Leave it alone for now",
		Why:   "It is slow, but it is moving. A restart costs more than it gains.",
		Steps: []string{
			"Leave the iPhone connected and the computer awake.",
			"`watchdogctl status --watch` shows how far it has got.",
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
		return "Start the backup again: `idevicebackup2 backup FOLDER`, with the folder it went to before."
	}
	return "Start the backup again: `idevicebackup2 backup \"" + folder + "\"`."
}

// AgainIn is for a program of which only the name is known.
func AgainIn(program string) string { return "Start the backup again in " + program + "." }
