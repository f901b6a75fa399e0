package words

import (
	"fmt"
	"strings"
	"time"
)

// The words of notices. A title has at most 40 characters, so that no banner
// cuts it; the body has at most 200 and begins with what to do next. A device's
// name is the person's own and is shortened, never dropped.

// Product is our name, as a desktop shows it for the sender.
const Product = "Backup Watchdog"

// The most characters of a notice's title, of its body, and of the advice in it.
const (
	TitleMost  = 40
	BodyMost   = 200
	adviceMost = 110
)

// lookHere ends a notice that asks for something.
const lookHere = "More: watchdogctl status"

// NoticeTitle puts the device's name before what is the matter.
func NoticeTitle(device, what string) string {
	what, device = OneLine(what), OneLine(device)
	if device == "" {
		return Shorten(Capital(what), TitleMost)
	}
	room := TitleMost - len([]rune(what)) - len(": ")
	return Shorten(Shorten(device, max(room, 8))+": "+what, TitleMost)
}

// NoticeBody is the advice, what is the matter as far as it fits, and where to
// look. Where there is no advice (good news) it is the detail alone.
func NoticeBody(advice, detail string) string {
	if advice == "" {
		return Shorten(OneLine(detail), BodyMost)
	}
	advice = stopped(Fitting(Spoken(advice), adviceMost))
	room := BodyMost - len([]rune(advice)) - len(lookHere) - 2
	body := advice + " "
	if detail = Fitting(Spoken(detail), room); detail != "" {
		body += detail + " "
	}
	return body + lookHere
}

// NoticeWhat is what a notice was about, for a list that names the device
// itself: without the name that a title begins with, which may be cut short.
// Good news keeps its own words; its code is that of the trouble.
func NoticeWhat(code, title string) string {
	what := title[strings.LastIndex(title, ": ")+1:]
	if c, ok := conditions[code]; ok && !isNews(c, strings.TrimSpace(what)) {
		what = c.Short
	}
	return Capital(strings.TrimSpace(what))
}

// isNews reports whether a title says that the condition is over.
func isNews(c Condition, what string) bool {
	switch what {
	case "":
		return false
	case c.Over, GoesOn("").Title, FinishedSince().Title, Finished(0, 0, false).Title, Finished(0, 0, true).Title:
		return true
	}
	return false
}

// News is a notice that is no trouble.
type News struct {
	Title  string // after the device's name, where it is about one
	Detail string
}

// nothingToDo ends good news: also this is an advice.
const nothingToDo = "Nothing more to do."

// Finished says that a run in doubt has finished and was checked. What its chain
// holds is told where it is known (above zero). Sealed: it is encrypted, and
// could be checked only as far as that is possible from outside.
func Finished(files, bytes int64, sealed bool) News {
	title, text := "backup is complete", "Finished and checked"
	if sealed {
		title, text = "backup finished", "Finished, and checked as far as possible without its password"
	}
	if files > 0 {
		text += ": " + Plural(files, "file")
		if bytes > 0 {
			text += ", " + Bytes(bytes)
		}
	}
	return News{title, text + ". " + nothingToDo}
}

// GoesOn says that data flows again in the run that a notice was about.
func GoesOn(phase string) News {
	return News{"backup is moving again", "It is moving again: " + PhaseOf(phase).Doing + ". Nothing to do; leave the iPhone connected."}
}

// FinishedSince says that a run completed after the notice, where nothing was
// checked.
func FinishedSince() News {
	return News{"backup finished", "The backup has now finished. " + nothingToDo}
}

// IsOver says that a condition is over that has a word for it (Condition.Over).
func IsOver(over string) News { return News{over, "This is over. " + nothingToDo} }

// Weekly is the quiet word that backups of so many devices are well.
func Weekly(devices int) News {
	text := fmt.Sprintf("Backups of %d devices completed this week. Nothing needs your attention.", devices)
	if devices == 1 {
		text = "A backup completed this week. Nothing needs your attention."
	}
	return News{"Backups are well", text}
}

// Trial is the notice of test-notification.
func Trial() News {
	return News{"This is a test", "Notices from Backup Watchdog arrive here. Nothing to do."}
}

// What a dead-man service is told of a run, with the device's name.
func PingBegan(device string) string     { return device + ": a backup has begun" }
func PingCompleted(device string) string { return device + ": the backup is complete" }
func PingBrokeOff(device string) string  { return device + ": the backup was interrupted" }

// What a person should see of a test, by the way it takes.
const (
	LookForBanner = "a banner from “" + Product + "” where this desktop shows its notices"

	LookForTerminalNotifier = "a banner from terminal-notifier at the top right. If none appears: System Settings > Notifications > terminal-notifier > " +
		"Allow Notifications; version 2.0 shows nothing on macOS 26, so update it with `brew upgrade terminal-notifier`"

	LookForScriptEditor = "a banner with Script Editor's icon at the top right. If none appears: open Script Editor, run `display notification \"test\"` " +
		"once and allow it; then System Settings > Notifications > Script Editor > Allow Notifications. A Focus hides banners as well"

	LookForNothing = "nothing: without osascript no banner can be shown"
	LookForWebhook = "a message “This is a test” in the service at this address"
	LookForCommand = "what this command does with a notice"
	LookForLog     = "a line “notice” in the log; no channel is set up, so notices are only there and in `watchdogctl status`"
)

// The ways that notices take to a desktop, by name.
const (
	WayDBus         = "D-Bus"
	WayScriptEditor = "osascript (Script Editor)"
	WayNone         = "none"
)

// WayTerminalNotifier is the way through that program.
func WayTerminalNotifier(path string) string { return "terminal-notifier (" + path + ")" }

// Why a notice that a crash left behind is not sent any more.
const (
	DropNoChannel = "this channel is no longer in use"
	DropTooOld    = "too old to be sent after a restart"
	DropTries     = "given up after several restarts"
	DropQueueFull = "newer notices took its place"
)

// A Hitch is why a channel did not take a notice, and what to do about it. The
// history keeps only the first of the two; status and doctor say both.
type Hitch struct{ What, Next string }

// String is both in one line.
func (h Hitch) String() string {
	if h.Next == "" {
		return h.What
	}
	return h.What + "; " + h.Next
}

// NoSession: nobody is logged in at a desktop that shows notices.
func NoSession() Hitch {
	return Hitch{"no desktop session", "notices are shown through the D-Bus session bus, and there is none: " +
		"run watchdogd as a service of the desktop's user, or set `notify.webhook` or `notify.command`"}
}

// BusUnreachable: there is a session bus, and it does not answer.
func BusUnreachable(why string) Hitch {
	return Hitch{"the D-Bus session bus cannot be reached: " + why, "log out and in again, or check DBUS_SESSION_BUS_ADDRESS"}
}

// NobodyShows: no program shows notices on this desktop.
func NobodyShows(why string) Hitch {
	return Hitch{"no program shows notices on this desktop: " + why, "start a notification service such as dunst"}
}

// DesktopBusy: earlier notices were given to the desktop, and it has not come back.
func DesktopBusy() Hitch {
	return Hitch{"the desktop has not yet answered earlier notices", restartDesktop}
}

// DesktopSilent: the desktop did not answer in time.
func DesktopSilent(within time.Duration) Hitch {
	return Hitch{"the desktop did not answer within " + Span(within), restartDesktop}
}

const restartDesktop = "log out and in again, or restart the notification service"

// DesktopRefused: the desktop took the notice and gave an error.
func DesktopRefused(why string, darwin bool) Hitch {
	if darwin {
		return Hitch{why, "run `watchdogctl doctor`"}
	}
	return Hitch{why, "run `watchdogctl test-notification` from a terminal on this desktop"}
}

// NoOsascript: a Mac without the program that shows notices.
func NoOsascript() Hitch { return Hitch{"osascript was not found", "set PATH to include /usr/bin"} }

// NoCommand: the channel is on and says not what to run.
func NoCommand() Hitch { return Hitch{"no command is set", "set `notify.command`"} }

// CommandSlow: a command took too long and was ended.
func CommandSlow(program string, within time.Duration) Hitch {
	return Hitch{program + " did not finish within " + Span(within) + " and was stopped", "let it hand long tasks to another program"}
}

// CommandFailed: a command could not be run, or ended with an error. Said is
// what it printed.
func CommandFailed(program, why, said string) Hitch {
	if said != "" {
		return Hitch{program + ": " + why + ": " + said, "run it by hand to see more"}
	}
	return Hitch{program + ": " + why, "check `notify.command` in the configuration"}
}

// NoWebhookURL and NoPingURL: what is set is no address.
func NoWebhookURL() Hitch {
	return Hitch{"`notify.webhook` is not a URL", "write it as https://host/path"}
}

func NoPingURL() Hitch {
	return Hitch{"`notify.ping` is not a URL", "write it as https://hc-ping.com/your-id"}
}

// UnusableURL: an address that nothing can be sent to.
func UnusableURL() Hitch {
	return Hitch{"the URL cannot be used", "check it in the configuration"}
}

// Unreachable: a host could not be reached.
func Unreachable(host, why string) Hitch {
	return Hitch{host + " cannot be reached: " + why, "check the address and the network"}
}

// Answered: a host refused the notice. Status is HTTP's, said what came with it.
func Answered(host, status, said string) Hitch {
	return Hitch{strings.TrimSpace(host + " answered " + status + " " + said), "check the address"}
}

// Redirected: a host sends on to another address, in a way that is not followed.
func Redirected(host string) Hitch {
	return Hitch{host + " redirects too often", "check the address"}
}

// RedirectedTo: a host sends on to another one, which a notice does not follow.
func RedirectedTo(host, to string) Hitch {
	return Hitch{host + " redirects to " + to, "set the URL to that address if it is the right one"}
}

// RedirectedEmpty: a host sends on in a way that loses the text.
func RedirectedEmpty(host string) Hitch {
	return Hitch{host + " redirects in a way that loses the text", "set the URL to the address it leads to"}
}

// metrics say what each metric is, for those who read it in Prometheus.
var metrics = map[string]string{
	"up":                              "Whether the watchdog was running when it wrote this.",
	"info":                            "The version that wrote this, as a label.",
	"start_time_seconds":              "When the watchdog started, in Unix time.",
	"notices_unseen":                  "Notices that went out and were neither acknowledged nor cleared.",
	"notices_total":                   "Notices since the watchdog started, by channel and outcome.",
	"root_watched":                    "Whether a watched folder can be looked at.",
	"root_free_bytes":                 "Free space on the disk of a watched folder.",
	"phase":                           "1 for the phase a backup is in, 0 for the others.",
	"chain_verdict":                   "1 for what the last check said about a backup's contents, 0 for the others.",
	"last_complete_timestamp_seconds": "When the last complete backup ended, in Unix time.",
	"run_start_timestamp_seconds":     "When the backup under way, or the last one, began, in Unix time.",
	"run_bytes":                       "How much that backup has brought so far, in bytes.",
	"run_files":                       "How many files that backup has brought so far.",
	"silence_seconds":                 "How long nothing has moved while this computer was awake.",
	"silence_limit_seconds":           "How long that may last in this phase.",
	"finding_active":                  "Conditions that hold now.",
}

// Metric says what the metric of that name is.
func Metric(name string) string { return metrics[name] }
