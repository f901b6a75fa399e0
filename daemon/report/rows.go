package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// lies reports whether what is known of path belongs to a backup: a phone may
// have several, and what is of none of them that is there is told with each.
func (b *builder) lies(x control.Backup, path string) bool {
	return path == "" || path == x.Path || !slices.ContainsFunc(b.Status.Backups, func(o control.Backup) bool { return o.Path == path })
}

// concerns reports in the same way whether a notice is about a backup: its key
// begins with the mark of one.
func (b *builder) concerns(x control.Backup, n control.Notice) bool {
	mark, _, _ := strings.Cut(n.Key, "/")
	return mark == backup.Mark(x.UDID, x.Path) || !slices.ContainsFunc(b.Status.Backups, func(o control.Backup) bool {
		return o.UDID == x.UDID && mark == backup.Mark(o.UDID, o.Path)
	})
}

// runsOf are the runs of one backup, oldest first.
func (b *builder) runsOf(x control.Backup) []control.PastRun {
	list := slices.DeleteFunc(slices.Clone(b.History.Runs), func(r control.PastRun) bool { return r.UDID != x.UDID || !b.lies(x, r.Path) })
	slices.SortStableFunc(list, func(x, y control.PastRun) int { return x.Started.Compare(y.Started) })
	return list
}

// mostRows bounds the table of runs.
const mostRows = 15

// rows are the newest runs, newest first, and how many there are besides.
func (b *builder) rows(runs []control.PastRun) ([]run, string) {
	var out []run
	for _, r := range slices.Backward(runs) {
		if len(out) == mostRows {
			return out, words.ReportMoreRuns(len(runs) - mostRows)
		}
		out = append(out, b.row(r))
	}
	return out, ""
}

func (b *builder) row(r control.PastRun) run {
	out := run{
		Started: b.at(r.Started), Outcome: outcome(r), Took: words.ReportNone, What: cmp.Or(words.Kind(string(r.Kind)), words.ReportNone),
		Files: count(r.Files), Bytes: size(r.Bytes), Chain: size(r.ChainBytes), Tone: toneOfRun(r),
	}
	if d, ok := b.duration(r); ok {
		out.Took = words.Span(d)
	}
	out.Quiet = cmp.Or(b.quiet(r), words.ReportNone)
	return out
}

// outcome says how a run ended.
func outcome(r control.PastRun) string {
	return words.Outcome(string(r.Outcome), string(r.LastPhase))
}

func toneOfRun(r control.PastRun) tone {
	switch r.Outcome {
	case backup.OutcomeComplete:
		return well
	case backup.OutcomeAbandoned:
		return critical
	case backup.OutcomeRunning:
		return busy
	}
	return unsure
}

// duration is how long a run took, or has taken so far.
func (b *builder) duration(r control.PastRun) (time.Duration, bool) {
	switch {
	case r.Ended != nil:
		return max(0, r.Ended.Sub(r.Started)), true
	case r.Outcome == backup.OutcomeRunning:
		return max(0, b.now.Sub(r.Started)), true
	}
	return 0, false
}

// quietest is the longest healthy silence of a run, and in which phase it was.
func quietest(r control.PastRun) (in backup.Phase, d time.Duration) {
	for _, p := range []backup.Phase{backup.Preparing, backup.Transferring, backup.Finishing, backup.Settling} {
		if s := words.Seconds(r.LongestSilence[string(p)]); s > d {
			in, d = p, s
		}
	}
	return in, d
}

// leastQuiet is what is worth a word: data arrives in bursts.
const leastQuiet = time.Second

// quiet is the longest time for which nothing moved in a run, as far as it is
// known: the history keeps the healthy ones, the curve shows the others. "" where
// there was none.
func (b *builder) quiet(r control.PastRun) string {
	phase, d := quietest(r)
	healthy := d
	if pts := b.points(r); len(pts) > 1 {
		for _, h := range hushes(pts, endOf(r, pts, b.now), usualLimit) {
			if !h.blank && h.awake > d+time.Minute { // a curve knows no more exactly than that
				phase, d = h.phase, h.awake
			}
		}
	}
	switch _, told := b.toldStuck(r); {
	case told && d == healthy:
		return words.ReportQuietLong
	case d < leastQuiet:
		return ""
	}
	return words.ReportQuiet(d, string(phase))
}

// toldStuck is when a notice said of a run that it was stuck, for the first time.
func (b *builder) toldStuck(r control.PastRun) (first time.Time, told bool) {
	for _, n := range b.History.Notices {
		of := n.Run == fmt.Sprint(r.Started.Unix())
		if n.Run == "" { // of an earlier version
			of = !n.At.Before(r.Started) && (r.Ended == nil && r.Outcome == backup.OutcomeRunning || r.Ended != nil && !n.At.After(*r.Ended))
		}
		if of && n.UDID == r.UDID && n.Code == backup.Stalled && n.Event == "raised" && n.Outcome != "suppressed" && (!told || n.At.Before(first)) {
			first, told = n.At, true
		}
	}
	return first, told
}

// mostChecks bounds the table of checks.
const mostChecks = 10

func (b *builder) checks(of control.Backup) []check {
	list := slices.DeleteFunc(slices.Clone(b.History.Checks), func(c control.Check) bool { return c.UDID != of.UDID || !b.lies(of, c.Path) })
	slices.SortStableFunc(list, func(x, y control.Check) int { return y.At.Compare(x.At) })
	var out []check
	for _, c := range list[:min(len(list), mostChecks)] {
		row := check{At: b.at(c.At), Verdict: cmp.Or(words.Verdict(string(c.Verdict)), words.NotKnown), Files: words.Count(c.Files), Lost: lost(c), Why: c.Reason,
			How: words.ReportLooked, Tone: unsure}
		if c.Deep {
			row.How = words.ReportRead
		}
		switch c.Verdict {
		case backup.Good, backup.Unproven:
			row.Tone = well
		case backup.BrokenUp:
			row.Tone = critical
		}
		out = append(out, row)
	}
	return out
}

// lost says in words what a check misses.
func lost(c control.Check) string {
	if c.Summary != "" {
		return c.Summary
	}
	text := words.ReportLost(c.Missing, c.WrongSize, c.WrongBytes, c.Irregular)
	if text == "" && c.Verdict == backup.Good {
		return words.ReportNothing
	}
	return cmp.Or(text, words.ReportNone)
}
