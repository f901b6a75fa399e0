package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/history"
	"backupwatchdog/daemon/report"
	"backupwatchdog/daemon/words"
)

const reportLong = `Write one HTML page with everything the watchdog knows: how each iPhone is and
what to do, the progress of its backups, sizes, checks and notices. The page is
self-contained, has no script and loads nothing.

Without --output it goes to backup-watchdog-report.html in the watchdog's own
folder; "-" is standard output. A file that is not such a report is never
overwritten. --redact leaves out names, ids, folders and addresses, for a page
that can be shown to strangers.

Exit code: 0 the report was written, whatever it says; 1 it could not be, or the
watchdog is not running and the report shows what was last known.`

// reportCommand writes the report.
func reportCommand(p *program) *cobra.Command {
	var r reporting
	c := &cobra.Command{
		Use:     "report",
		Short:   "Write everything as one HTML page",
		Long:    reportLong,
		Example: "  watchdogctl report --open\n  watchdogctl report --redact --output for-the-forum.html",
		RunE:    func(c *cobra.Command, _ []string) error { return p.makeReport(c.Context(), r) },
	}
	f := c.Flags()
	f.StringVarP(&r.output, "output", "o", "", "write to `FILE`; - is standard output")
	f.BoolVar(&r.open, "open", false, "open it in the browser")
	f.BoolVar(&r.redact, "redact", false, "leave out names, ids, folders and addresses")
	return c
}

// reporting is what the command line asks for.
type reporting struct {
	output       string // "" the usual place, "-" standard output
	open, redact bool
}

// Bounds of what is asked for a report.
const (
	reportRows   = 500 // runs and notices, each
	reportCurves = 6   // progress curves a phone
	openTime     = 20 * time.Second
	reportName   = "backup-watchdog-report.html"
)

// makeReport collects, writes and opens the report.
func (p *program) makeReport(ctx context.Context, r reporting) error {
	if r.open && r.output == "-" {
		return p.misuse(errors.New("report: --open needs a file, and --output - writes none"), "leave out one of them")
	}
	in, gone, err := p.reportInput(ctx)
	if err != nil {
		return err
	}
	in.Redact, in.Hide = r.redact, p.hide()
	var page bytes.Buffer
	if err := report.Render(&page, in); err != nil {
		return err
	}
	path, err := p.placeReport(r, page.Bytes())
	if err != nil {
		return err
	}
	if r.open {
		if err := p.openFile(ctx, path); err != nil {
			return err
		}
	}
	return gone
}

// reportInput asks the daemon; where none answers it takes what was last known,
// and gone is then the exit that says so.
func (p *program) reportInput(ctx context.Context) (in report.Input, gone, err error) {
	in = report.Input{Now: p.Now(), Version: p.Version}
	client, err := p.client()
	if err != nil {
		return in, nil, err
	}
	in.Status, err = client.Status(ctx)
	if errors.Is(err, control.ErrNotRunning) {
		return p.lastReport(in, err)
	}
	if err == nil {
		in.History, err = client.History(ctx, control.HistoryQuery{Limit: reportRows})
	}
	if errors.Is(err, control.ErrRefused) { // it runs, but its memory is out of order
		in.NoHistory = words.PastUnread(err.Error())
		return in, nil, nil
	}
	if err != nil {
		return in, nil, p.unreachable(err)
	}
	in.Curves = curvesOf(in.History.Runs, func(r control.PastRun) []control.Sample {
		pts, _ := client.Samples(ctx, r.UDID, r.Started) // a curve that cannot be had is left out: the report tells the run anyway
		return pts
	})
	return in, nil, nil
}

// lastReport is what can be reported without a daemon.
func (p *program) lastReport(in report.Input, why error) (report.Input, error, error) {
	paths, err := p.paths()
	if err != nil {
		return in, nil, err
	}
	if in.Status, err = control.ReadLast(paths.State); err != nil { // nothing is known
		return in, nil, p.unreachable(why)
	}
	switch db, err := history.OpenToRead(historyFile(paths)); {
	case errors.Is(err, fs.ErrNotExist):
		in.NoHistory = words.PastUnread(words.NoneKept)
	case err != nil:
		in.NoHistory = words.PastUnread(err.Error())
	default:
		defer db.Close()
		in.History = db.Past(control.HistoryQuery{Limit: reportRows})
		in.Curves = curvesOf(in.History.Runs, func(r control.PastRun) []control.Sample { return db.Samples(r.UDID, r.Started) })
	}
	return in, &exit{code: p.report(p.unreachable(why))}, nil
}

// curvesOf asks for the curves of each phone's newest runs.
func curvesOf(runs []control.PastRun, of func(control.PastRun) []control.Sample) []report.Curve {
	runs = slices.Clone(runs)
	slices.SortStableFunc(runs, func(a, b control.PastRun) int { return b.Started.Compare(a.Started) })
	var out []report.Curve
	asked := map[string]int{}
	for _, r := range runs {
		if asked[r.UDID]++; asked[r.UDID] > reportCurves {
			continue
		}
		if pts := of(r); len(pts) > 0 {
			out = append(out, report.Curve{UDID: r.UDID, Started: r.Started, Points: pts})
		}
	}
	return out
}

// hide lists what of this computer a redacted report must not hold.
func (p *program) hide() []string {
	out := []string{p.Home, filepath.Base(p.Home), p.Getenv("USER"), p.Getenv("LOGNAME")}
	if host, err := os.Hostname(); err == nil {
		short, _, _ := strings.Cut(host, ".")
		out = append(out, host, short)
	}
	return slices.DeleteFunc(out, func(s string) bool { // these tell nothing
		return slices.Contains([]string{"", ".", "/", "root", "admin", "user", "users", "home", "localhost", "mac"}, strings.ToLower(s))
	})
}

// placeReport writes the page to where it shall be, and says where that is.
func (p *program) placeReport(r reporting, page []byte) (string, error) {
	if r.output == "-" {
		_, err := raw(p.Stdout).Write(page)
		return "", err
	}
	path := r.output
	if path == "" {
		path = p.usualReport()
	}
	path, err := filepath.Abs(path)
	if err == nil {
		err = mayReplace(path)
	}
	if err == nil {
		err = replaceFile(path, page)
	}
	if err != nil {
		return "", p.fail(fmt.Errorf("the report cannot be written: %w", err), "choose another file with `--output`")
	}
	if p.JSON {
		return path, p.printJSON(struct {
			Schema   int    `json:"schema"`
			Path     string `json:"path"`
			Redacted bool   `json:"redacted"`
		}{control.Schema, path, r.redact})
	}
	_, err = fmt.Fprintln(raw(p.Stdout), clean(path))
	return path, err
}

// usualReport is the watchdog's own folder, which only this user may enter;
// the system's folder for passing files where that is not there.
func (p *program) usualReport() string {
	if paths, err := p.paths(); err == nil {
		if fi, err := os.Stat(paths.State); err == nil && fi.IsDir() {
			return filepath.Join(paths.State, reportName)
		}
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("%d-%s", p.UID, reportName))
}

// mayReplace refuses to write over anything but an earlier report.
func mayReplace(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().IsRegular() {
		if f, err := os.Open(path); err == nil {
			defer f.Close()
			head, err := io.ReadAll(io.LimitReader(f, 4096))
			if err == nil && (len(head) == 0 || bytes.Contains(head, []byte(report.Mark))) {
				return nil
			}
		}
	}
	return fmt.Errorf("%s exists already and is not a report", path)
}

// replaceFile writes path in one step, readable for this user only.
func replaceFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".report-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing to remove once it was renamed
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// openFile has the system open a file with what is meant for it.
func (p *program) openFile(ctx context.Context, path string) error {
	name := "xdg-open"
	if p.GOOS == "darwin" {
		name = "open"
	}
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, path)
	cmd.Env = p.Environ
	if err := cmd.Run(); err != nil {
		return p.fail(fmt.Errorf("the report was written, but %s could not open it: %w", name, err), "open "+path+" in a browser")
	}
	return nil
}
