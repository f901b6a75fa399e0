package words

import (
	"fmt"
	"strings"
	"time"
)

// The words of the report, the page that `watchdogctl report` writes. The bare
// names of its headings, columns and signs stand in its template.

// ReportPage are the sentences of the page that never change. Commands in them
// stand in backquotes.
var ReportPage = struct {
	Aside, NoRoots, NoRuns, NoChecks, NoNotices string
	Complete, Named, Redacted                   string
}{
	Aside:     "These backups are kept, but no longer used or watched.",
	NoRoots:   "No watched folder is known.",
	NoRuns:    "No backup has been seen yet. The next one is drawn here as it goes.",
	NoChecks:  "Its contents have not been checked yet. They are checked after each complete backup.",
	NoNotices: "There have been no notices about it.",
	Complete:  "This page contains no script and loads nothing: it looks the same wherever it is opened.",
	Named:     "It contains names and folders. To show it to a stranger, make it with `watchdogctl report --redact`.",
	Redacted:  "Letters stand in for names, ids, folders and addresses. Times, sizes and models are real.",
}

// ReportMade says who made the page. Version may be "".
func ReportMade(version string) string {
	return strings.TrimSpace("Made by "+Product+" "+version) + " on this computer."
}

// ReportStale says that the page shows what was known some time ago.
func ReportStale(date, ago string) string {
	return fmt.Sprintf("The watchdog is not running. This is what it last knew, %s, %s. Nothing has been watched since.", date, ago)
}

// ReportMoment is when the page was made: "Friday 27 November 2026, 21:45".
func ReportMoment(t time.Time) string { return t.Format("Monday 2 January 2006, 15:04") }

// The page in one sentence, where nothing needs anybody.
const (
	ReportBlind    = "It is not known what is in the backup folder."
	ReportUnderWay = "A backup is under way, and all is well."
)

// ReportNeeds is the page in one sentence where several things need somebody.
func ReportNeeds(n int) string { return Capital(Small(n)) + " things need attention." }

// Why the page shows no device.
const (
	ReportNoRoot   = "No watched folder is known, so nothing is known about any backup."
	ReportNoSight  = "The backup folder could not be read. There may be no backups, good ones or damaged ones."
	ReportNoBackup = "There is no backup in the watched folder. When the first one begins, it appears here with its progress, its size and what a check finds."
)

// How a device is, in one sentence.
const (
	ReportBrokeOff     = "The last attempt was interrupted."
	ReportDamaged      = "Its backup is damaged."
	ReportUnrestorable = "Its last backup cannot be restored."
)

// ReportRunning is the sentence of a device that is being backed up. Done is how
// far, "" where that is not known.
func ReportRunning(phase, done string) string {
	text := "It is being backed up: " + PhaseOf(phase).Doing
	if done != "" {
		text += ", " + done
	}
	return text + "."
}

// ReportBackedUp is the sentence of a device that is well.
func ReportBackedUp(ago string, whole bool) string {
	if whole {
		return "Backed up " + ago + ", and the backup is whole."
	}
	return "Backed up " + ago + "."
}

// ReportDone is how far a run is: "46 %, 38.2 GB of about 83 GB". Of an upper
// bound there is no share.
func ReportDone(share float64, bytes, expected int64, atMost bool) string {
	if atMost {
		return Done(bytes, expected, true)
	}
	return fmt.Sprintf("%d %%, %s", int(share*100), Done(bytes, expected, false))
}

// What is known of a device, by its name on the page.
const (
	ReportLast      = "Last complete backup"
	ReportContents  = "Contents"
	ReportSize      = "Size"
	ReportEncrypted = "Encrypted"
)

// ReportLastValue is when the last complete backup was, and what is to be said
// of it besides; each may be "".
func ReportLastValue(date, ago, besides string) string {
	if date == "" {
		return "None known"
	}
	if ago != "" {
		date += " (" + ago + ")"
	}
	if besides != "" {
		date += ", " + besides
	}
	return date
}

// ReportSizeValue is how much a backup holds; files below zero are not known.
func ReportSizeValue(bytes, files int64) string {
	if files < 0 {
		return Bytes(bytes)
	}
	return Bytes(bytes) + " in " + Plural(files, "file")
}

// ReportContentsValue is what the last check found. Lost is what of, in words,
// and date when; each may be "".
func ReportContentsValue(verdict, lost, date string) string {
	text := Capital(verdict)
	if lost != "" {
		text += ". Lost: " + lost
	}
	if date != "" {
		text += " (checked on " + date + ")"
	}
	return text
}

// ReportConnected is how a device is connected now: "connected by cable".
func ReportConnected(connection string) string {
	return strings.TrimSpace(Connected + " " + Connection(connection))
}

// ReportNobody is what a device is called of which nothing is known.
const ReportNobody = "An iPhone"

// Why a condition that holds does not count.
const ReportSeen = "seen"

// ReportMuted is beside a condition that is muted; until is a date, or "".
func ReportMuted(until string) string {
	if until == "" {
		return "muted permanently"
	}
	return "muted until " + until
}

// ReportMutedOnly is about a condition that is muted and does not hold now.
func ReportMutedOnly(title, until string) string {
	return title + ": " + ReportMuted(until) + "."
}

// ReportMoreRuns says how many runs are not in the table.
func ReportMoreRuns(n int) string { return Plural(int64(n), "earlier backup") + " not listed." }

// How a check looked, in a table's cell.
const (
	ReportLooked = "names and sizes"
	ReportRead   = "every file read"
)

// ReportLost says what a check misses, from its counts.
func ReportLost(missing, wrongSize, wrongContents, irregular int64) string {
	var parts []string
	for _, x := range []struct {
		n    int64
		what string
	}{{missing, "missing"}, {wrongSize, "of the wrong size"}, {wrongContents, "with different content"}, {irregular, "replaced by something else"}} {
		if x.n > 0 {
			parts = append(parts, Plural(x.n, "file")+" "+x.what)
		}
	}
	return strings.Join(parts, ", ")
}

// ReportNothing is what is lost of a whole backup; ReportNone stands in a cell
// of which nothing is known.
const (
	ReportNothing = "nothing"
	ReportNone    = "–"
)

// ReportYes is a truth as a fact's value.
func ReportYes(b bool) string {
	if b {
		return "Yes"
	}
	return "No"
}

// Names of the charts.
const (
	ChartRuns  = "Timeline of backups"
	ChartSizes = "Size of the backup over time"
)

// ChartCourse is the name of one run's curve.
func ChartCourse(date string) string { return "Progress of the backup of " + date }

// ChartRunsWords says what the timeline shows. Counts are of the runs by how
// they ended; took are the lengths of the last ones.
func ChartRunsWords(since string, complete, brokeOff, running, unknown int, took []time.Duration) string {
	text := fmt.Sprintf("%s since %s: %d complete", Plural(int64(complete+brokeOff+running+unknown), "backup"), since, complete)
	for _, x := range []struct {
		n    int
		word string
	}{{brokeOff, "interrupted"}, {running, "running"}, {unknown, "with an unknown outcome"}} {
		if x.n > 0 {
			text += fmt.Sprintf(", %d %s", x.n, x.word)
		}
	}
	var spans []string
	for _, d := range took {
		spans = append(spans, Span(d))
	}
	switch len(spans) {
	case 0:
		return text + "."
	case 1:
		return text + ". The last one took " + spans[0] + "."
	}
	return text + ". The last ones took " + strings.Join(spans, ", ") + "."
}

// ChartSizesWords says what the chart of sizes shows, from its ends.
func ChartSizesWords(first int64, firstDate string, last int64, lastDate string) string {
	verb := "grew"
	if last < first {
		verb = "shrank"
	}
	return fmt.Sprintf("It %s from %s on %s to %s on %s.", verb, Bytes(first), firstDate, Bytes(last), lastDate)
}

// ChartFell says that a backup fell by so many per cent from one run to the next.
func ChartFell(date string, percent float64) string {
	return fmt.Sprintf("On %s it fell by %.0f %%.", date, percent)
}

// ChartFellMark is the same beside the point.
func ChartFellMark(percent float64) string { return fmt.Sprintf("−%.0f %%", percent) }

// ChartSilence is one silence of a run in a sentence, or a stretch of which
// there is no word; while is "" there.
func ChartSilence(d time.Duration, from, while string) string {
	return strings.TrimSpace("for " + Span(d) + " from " + from + " " + while)
}

// Quietness is what is known of the times in which nothing moved in a run. What
// is normal is only known where its limit is; what is not known is left empty.
type Quietness struct {
	TooLong []string // over a known limit, as of ChartSilence
	Long    []string // those where no limit is known
	Never   bool     // never over the limit, which was known all the time
	Told    string   // when a notice said that it was stuck
	Longest string   // the longest healthy one, as of ReportQuiet
	Blank   []string // when the computer slept or nothing was watching
}

// ChartCourseWords says what a run's curve shows: how much in what time, how it
// ended, and when nothing moved for long or nobody knows.
func ChartCourseWords(bytes int64, took time.Duration, outcome string, q Quietness) string {
	text := fmt.Sprintf("%s in %s; %s.", Bytes(bytes), Span(took), outcome)
	if len(q.TooLong) > 0 {
		text += " Quiet for longer than normal: " + strings.Join(q.TooLong, "; ") + "."
	}
	if len(q.Long) > 0 {
		text += " Quiet " + strings.Join(q.Long, "; ") + "."
	}
	switch {
	case q.Told != "":
		text += " A notice of " + q.Told + " said that it was stuck."
	case len(q.TooLong)+len(q.Long) > 0:
	case q.Never:
		text += " It was never quiet for longer than normal."
	case q.Longest != "":
		text += " Its longest quiet time was " + q.Longest + "."
	}
	if len(q.Blank) > 0 {
		text += " The computer slept or nothing was watching: " + strings.Join(q.Blank, "; ") + "."
	}
	return text
}

// ReportQuiet is how long a run was quiet, and in which phase: "4 min while
// copying files".
func ReportQuiet(d time.Duration, phase string) string {
	return strings.TrimSpace(Span(d) + " " + PhaseOf(phase).While)
}

// ReportQuietLong is the same of a run that was stuck, where no number is known.
const ReportQuietLong = "longer than normal"

// ChartSilent and ChartBlank name such stretches in the drawing.
func ChartSilent(d time.Duration) string { return "quiet " + Span(d) }

func ChartBlank(d time.Duration) string { return "nothing known for " + Span(d) }

// ChartSpan is a length of time on an axis: "0", "20 min", "3 h", "2 d".
func ChartSpan(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d:%02d h", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d", int(d.Hours())/24)
}

// What stands for who and where in a redacted report.
const (
	LabelOurs     = "a folder of the watchdog"
	LabelDigest   = "a digest"
	LabelComputer = "this computer"
	LabelHidden   = "…"
	LabelAddress  = "(address)"
	LabelID       = "(id)"
	LabelNumber   = "(number)"
	LabelFolder   = "(folder)"
	LabelFile     = "(file)"
	LabelFact     = "A file in the backup"
)

// LabelDevice names a device by its kind and letter: "iPhone A".
func LabelDevice(product, letter string) string { return Device(product) + " " + letter }

// LabelChain, LabelPlace and LabelRoot stand for the id of a device's backup, for
// its folder, and for a watched folder.
func LabelChain(device string) string { return "chain of " + device }
func LabelPlace(device string) string { return "folder of " + device }
func LabelRoot(letter string) string  { return "folder " + letter }
