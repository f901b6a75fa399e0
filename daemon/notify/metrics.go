package notify

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// Tally counts notices since the daemon began.
type Tally struct {
	Channel, Outcome string
	N                int64
}

// labelMost bounds a label that comes from a phone or a path.
const labelMost = 120

// Metrics writes a status in the text format of Prometheus, for the textfile
// collector of node_exporter. What is unknown has no line, never a zero. A
// daemon that died shows by the age of the file (node_textfile_mtime_seconds).
//
//	# HELP backup_watchdog_finding_active Conditions that hold now.
//	# TYPE backup_watchdog_finding_active gauge
//	backup_watchdog_finding_active{udid="00008110-…",device="Anna's iPhone",code="stalled",severity="warning"} 1
func Metrics(s control.Status, tallies []Tally) []byte {
	w := &metrics{twins: map[string]bool{}}
	known := map[string]bool{}
	for _, b := range s.Backups {
		if !b.Archived {
			w.twins[b.UDID] = w.twins[b.UDID] || known[b.UDID]
			known[b.UDID] = true
		}
	}
	w.family("up", "gauge")
	w.sample("up", 1)
	w.family("info", "gauge")
	w.sample("info", 1, "version", s.Daemon.Version)
	w.family("start_time_seconds", "gauge")
	w.sample("start_time_seconds", unix(s.Daemon.Started))
	w.roots(s.Roots)
	w.backups(s.Backups)
	w.findings(s)
	w.family("notices_unseen", "gauge")
	w.sample("notices_unseen", float64(len(s.Unseen)))
	if len(tallies) > 0 {
		w.family("notices_total", "counter")
	}
	for _, t := range tallies {
		w.sample("notices_total", float64(t.N), "channel", t.Channel, "outcome", t.Outcome)
	}
	return []byte(w.b.String())
}

// StoppedMetrics is what a daemon leaves behind when it stops in order.
func StoppedMetrics() []byte {
	w := &metrics{}
	w.family("up", "gauge")
	w.sample("up", 0)
	return []byte(w.b.String())
}

// WriteMetrics replaces the file in one step, readable for everybody: the
// collector runs as another user, and never sees half a file.
func WriteMetrics(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return fmt.Errorf("writing metrics: %w; check metrics.textfile", err)
	}
	defer os.Remove(f.Name()) // nothing to remove once it was renamed
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing metrics: %w; check metrics.textfile and free space", err)
	}
	return nil
}

// metrics collects lines. Samples of one family must stand together, and no two
// of them may have the same labels: Prometheus would refuse the whole file.
type metrics struct {
	b     strings.Builder
	seen  map[string]bool
	twins map[string]bool // phones with more than one backup
}

const metricPrefix = "backup_watchdog_"

func (w *metrics) family(name, kind string) {
	fmt.Fprintf(&w.b, "# HELP %s%s %s\n# TYPE %s%s %s\n", metricPrefix, name, words.Metric(name), metricPrefix, name, kind)
}

// sample writes one line, unless one with the same labels stands already; labels
// are names and values in turn.
func (w *metrics) sample(name string, v float64, labels ...string) {
	line := metricPrefix + name
	for i := 0; i < len(labels); i += 2 {
		line += map[bool]string{true: "{", false: ","}[i == 0] + fmt.Sprintf(`%s="%s"`, labels[i], label(labels[i+1]))
	}
	if len(labels) > 0 {
		line += "}"
	}
	if w.seen == nil {
		w.seen = map[string]bool{}
	}
	if !w.seen[line] {
		w.seen[line] = true
		w.b.WriteString(line + " " + strconv.FormatFloat(v, 'g', -1, 64) + "\n")
	}
}

// of are the labels of a backup: the folder only where its phone has several.
func (w *metrics) of(b control.Backup, more ...string) []string {
	labels := []string{"udid", b.UDID, "device", b.DeviceName}
	if w.twins[b.UDID] {
		labels = append(labels, "folder", backup.Mark(b.UDID, b.Path), "path", b.Path)
	}
	return append(labels, more...)
}

// label makes a text a label's value: printable, bounded, and escaped as the
// text format asks (backslash, quote, line feed).
func label(s string) string {
	var clean strings.Builder
	for _, r := range words.Shorten(s, labelMost) {
		switch {
		case isSpace(r):
			clean.WriteRune(' ')
		case isPlain(r):
			clean.WriteRune(r)
		}
	}
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(clean.String())
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (w *metrics) roots(roots []control.Root) {
	if len(roots) == 0 {
		return
	}
	w.family("root_watched", "gauge")
	for _, r := range roots {
		w.sample("root_watched", truth(r.State == "watching" || r.State == "polling"), "root", r.Path)
	}
	w.family("root_free_bytes", "gauge")
	for _, r := range roots {
		if r.FreeBytes != nil {
			w.sample("root_free_bytes", float64(*r.FreeBytes), "root", r.Path)
		}
	}
}

// phases and verdicts are written one line each, so that an alert can name one.
var (
	phases = []backup.Phase{backup.Idle, backup.Preparing, backup.Transferring, backup.Finishing,
		backup.Settling, backup.Complete, backup.Abandoned}
	verdicts = []backup.Verdict{backup.Good, backup.BrokenUp, backup.Unproven, backup.Incomplete, backup.Unchecked}
)

func (w *metrics) backups(all []control.Backup) {
	var live []control.Backup
	for _, b := range all {
		if !b.Archived {
			live = append(live, b)
		}
	}
	if len(live) == 0 {
		return
	}
	w.family("phase", "gauge")
	for _, b := range live {
		for _, p := range phases {
			w.sample("phase", truth(b.Phase == p), w.of(b, "phase", string(p))...)
		}
	}
	w.family("chain_verdict", "gauge")
	for _, b := range live {
		for _, v := range verdicts {
			w.sample("chain_verdict", truth(b.Chain.Verdict == v), w.of(b, "verdict", string(v))...)
		}
	}
	for _, g := range backupGauges {
		w.gauge(g, live)
	}
}

// backupGauge is one number of a backup; nil where it is unknown.
type backupGauge struct {
	name  string
	value func(control.Backup) *float64
}

var backupGauges = []backupGauge{
	{"last_complete_timestamp_seconds", func(b control.Backup) *float64 { return moment(b.LastComplete) }},
	{"run_start_timestamp_seconds", ofRun(func(r control.Run) *float64 { return moment(&r.Started) })},
	{"run_bytes", ofRun(func(r control.Run) *float64 { return number(r.Bytes) })},
	{"run_files", ofRun(func(r control.Run) *float64 { return number(r.Files) })},
	{"silence_seconds", ofRun(func(r control.Run) *float64 { return r.Silence })},
	{"silence_limit_seconds", ofRun(func(r control.Run) *float64 { return r.SilenceLimit })},
}

// gauge writes one family, with a line for each backup of which it is known.
func (w *metrics) gauge(g backupGauge, live []control.Backup) {
	w.family(g.name, "gauge")
	for _, b := range live {
		if v := g.value(b); v != nil {
			w.sample(g.name, *v, w.of(b)...)
		}
	}
}

func ofRun(value func(control.Run) *float64) func(control.Backup) *float64 {
	return func(b control.Backup) *float64 {
		if b.Run == nil {
			return nil
		}
		return value(*b.Run)
	}
}

func moment(t *time.Time) *float64 {
	if t == nil || t.IsZero() {
		return nil
	}
	v := unix(*t)
	return &v
}

func number(n *int64) *float64 {
	if n == nil {
		return nil
	}
	v := float64(*n)
	return &v
}

// findings writes what holds now. A condition may hold in several folders at
// once, and the same labels may stand only once.
func (w *metrics) findings(s control.Status) {
	w.family("finding_active", "gauge")
	write := func(b control.Backup, fs []backup.Finding) {
		for _, f := range fs {
			w.sample("finding_active", 1, w.of(b, "code", string(f.Code), "severity", f.Severity.String())...)
		}
	}
	for _, b := range s.Backups {
		write(b, b.Findings)
	}
	write(control.Backup{}, s.Findings)
}
