package notify

// All words of notices stand in this file.
//
// Rules: a title has at most 40 characters, so that no banner cuts it; the
// body has at most 200 and begins with what to do next. Calm, plain, exact: no
// exclamation mark, no blame, no "please". A device's name is the person's own
// and is shortened, never dropped.

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
)

const (
	titleMost = 40
	bodyMost  = 200
	stepMost  = 110
	lookHere  = "More: watchdogctl status"
)

// appName is what a desktop shows as the sender.
const appName = "Backup Watchdog"

// shortTitles say each condition after "Anna's iPhone: ", in at most 25
// characters, so that at least 13 are left for the name.
var shortTitles = map[backup.Code]string{
	backup.WaitingForPasscode: "enter the passcode",
	backup.Stalled:            "backup is stuck",
	backup.Slow:               "backup is very slow",
	backup.MacDiskFull:        "no space left here",
	backup.MacDiskLow:         "space is running out",
	backup.PhoneDiskFull:      "phone storage is full",
	backup.PhoneDisconnected:  "phone left the backup",
	backup.PhoneBatteryLow:    "phone battery is low",
	backup.MacSlept:           "this computer slept",
	backup.Interrupted:        "backup was interrupted",
	backup.InterruptedMixed:   "backup mixes old and new",
	backup.FailingRepeatedly:  "backups keep failing",
	backup.NetworkUnreliable:  "Wi-Fi keeps breaking",
	backup.SoftwareMismatch:   "software needs updating",
	backup.RunTooLong:         "backup never ends",
	backup.ChainBroken:        "backup is damaged",
	backup.ChainUnproven:      "backup cannot be proved",
	backup.NeverCompleted:     "no backup finished yet",
	backup.LeftoverSnapshot:   "leftovers in the backup",
	backup.IndexTooLarge:      "backup index is too large",
	backup.Shrunk:             "backup has shrunk",
	backup.EncryptionLost:     "no longer encrypted",
	backup.NotEncrypted:       "backup not encrypted",
	backup.Overdue:            "backup is overdue",
	backup.FalseFinished:      "backup is not complete",
	backup.PhoneDisagrees:     "phone disagrees",
	backup.ICloudOverdue:      "iCloud backup overdue",
	backup.AppleOutage:        "iCloud Backup is down",
	backup.NoAccess:           "backups cannot be read",
	backup.FolderMissing:      "backup folder is missing",
	backup.CodeVolumeMissing:  "backup drive is missing",
	backup.VolumeReadOnly:     "drive cannot be written",
	backup.WatchDegraded:      "watching by polling",
	backup.NoticesUndelivered: "notices do not arrive",
	backup.HistoryUnavailable: "history is not kept",
}

// overTitles say that a condition is over, where "goes on again" does not fit.
var overTitles = map[backup.Code]string{
	backup.NotEncrypted:       "encrypted now",
	backup.NoAccess:           "backups can be read again",
	backup.FolderMissing:      "backup folder is back",
	backup.CodeVolumeMissing:  "backup drive is back",
	backup.VolumeReadOnly:     "drive can be written",
	backup.WatchDegraded:      "file events work again",
	backup.NoticesUndelivered: "notices arrive again",
	backup.HistoryUnavailable: "history is kept again",
	backup.ChainUnproven:      "backup was checked",
}

// titleOf puts the device's name before what is the matter.
func titleOf(device, what string) string {
	what = oneLine(what)
	device = oneLine(device)
	if device == "" {
		return shorten(capital(what), titleMost)
	}
	room := titleMost - len([]rune(what)) - len(": ")
	return shorten(shorten(device, max(room, 8))+": "+what, titleMost)
}

// Title is what a notice's first line says.
func Title(d Decision) string {
	f := d.Item.Finding
	if d.Event == Cleared || d.Event == Verified || d.Event == Assured {
		return titleOf(d.Item.Device, f.Title)
	}
	what, ok := shortTitles[f.Code]
	if !ok {
		what = f.Title // unreachable while the catalogue test holds
	}
	return titleOf(d.Item.Device, what)
}

// Body is the text below it: the next step, what is the matter as far as it
// fits, and where to look.
func Body(d Decision) string {
	f := d.Item.Finding
	if len(f.Fix.Steps) == 0 && f.Fix.Title == "" {
		return shorten(oneLine(f.Detail), bodyMost)
	}
	step := f.Fix.Title // the whole of the advice in a few words; its steps are in status
	if step == "" {
		step = f.Fix.Steps[0]
	}
	step = sentence(fitting(spoken(step), stepMost))
	room := bodyMost - len([]rune(step)) - len([]rune(lookHere)) - 2
	detail := fitting(spoken(f.Detail), room)
	return strings.Join(nonEmpty(step, detail, lookHere), " ")
}

// goodItem makes the finding that good news carries: the code of what was
// told, as information.
func goodItem(event Event, key string, t Told, b State, now time.Time) Item {
	f := backup.Finding{Code: t.Code, Severity: backup.Info, Since: now, Confidence: backup.High, Key: key}
	f.Title, f.Detail = goodWords(event, t, b)
	return Item{UDID: t.UDID, Device: b.Device, RunID: t.RunID, Finding: f}
}

// goodWords are title and detail of good news.
func goodWords(event Event, t Told, b State) (title, detail string) {
	over, ok := overTitles[t.Code]
	switch {
	case event == Verified && b.Check.Verdict == backup.Unproven:
		return "backup finished", "Finished and checked as far as that is possible without its password" + sizes(b) + ". Nothing more to do."
	case event == Verified:
		return "backup is complete", "Finished and checked" + sizes(b) + ". Nothing more to do."
	case ok:
		return over, "This is over. Nothing more to do."
	case b.Phase.Active():
		return "backup goes on again", "It goes on again: " + phaseWords(b.Phase) + ". Nothing to do; leave the phone connected."
	}
	return "backup finished", "The backup has finished since. Nothing more to do."
}

// sizes is ": 48,212 files, 61 GB", or "" where that is not known.
func sizes(b State) string {
	if b.Check.Files <= 0 {
		return ""
	}
	s := ": " + words.Count(b.Check.Files) + " files"
	if b.Check.Bytes > 0 {
		s += ", " + Bytes(b.Check.Bytes)
	}
	return s
}

func phaseWords(p backup.Phase) string {
	switch p {
	case backup.Transferring:
		return "data arrives"
	case backup.Finishing, backup.Settling:
		return "the backup is being finished"
	}
	return "the phone is preparing its data"
}

// Bytes writes a size as Finder does, in powers of ten: 61 GB, 1.5 GB, 820 MB.
func Bytes(n int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB", "PB", "EB"}
	v, u := float64(n), 0
	for v >= 999.5 && u < len(units)-1 {
		v /= 1000
		u++
	}
	if u > 0 && v < 9.95 {
		return fmt.Sprintf("%.1f %s", v, units[u])
	}
	return fmt.Sprintf("%.0f %s", v, units[u])
}

// shorten cuts a text to at most n characters, at a space where one is near,
// and shows that it did.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	cut := n - 1
	for i := cut; i > cut*2/3; i-- {
		if unicode.IsSpace(r[i]) {
			cut = i
			break
		}
	}
	return strings.TrimRightFunc(string(r[:cut]), func(c rune) bool { return unicode.IsSpace(c) || unicode.Is(unicode.Mn, c) }) + "…"
}

// fitting is as many whole sentences of a text as fit into n characters.
func fitting(s string, n int) string {
	if len([]rune(s)) <= n {
		return s
	}
	r := []rune(s)
	for i := max(0, n) - 1; i > 0; i-- {
		if i+1 < len(r) && r[i] == '.' && r[i+1] == ' ' {
			return string(r[:i+1])
		}
	}
	if n < 40 {
		return ""
	}
	return shorten(s, n)
}

// oneLine makes any run of white space one plain space.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// spoken is a text of the catalogue as a banner shows it: in one line, and
// without the marks around commands, which only a terminal sets apart.
func spoken(s string) string { return strings.ReplaceAll(oneLine(s), "`", "") }

// sentence ends a text with a full stop unless it ends otherwise already.
func sentence(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".?:") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}

// capital makes the first letter a capital.
func capital(s string) string {
	for i, r := range s {
		return s[:i] + string(unicode.ToUpper(r)) + s[i+len(string(r)):]
	}
	return s
}

func nonEmpty(parts ...string) []string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

// What a dead-man service is told, with the device's name.
const (
	pingStarted   = "%s: a backup began"
	pingCompleted = "%s: the backup completed"
	pingAbandoned = "%s: the backup ended without finishing"
)

// testDecision is the notice of test-notification.
var testDecision = Decision{Event: "test", Speak: true, Item: Item{Finding: backup.Finding{
	Title: "This is a test", Detail: "Notices of Backup Watchdog arrive here. Nothing to do.", Key: "test", Confidence: backup.High}}}

// What a person should see of a test, where it is no banner.
const (
	lookForWebhook = "a message “This is a test” in the service behind this address"
	lookForCommand = "what this command does with a notice"
	lookForLog     = "a line “notice” in the log; no channel is set, so notices are only there and in watchdogctl status"
)
