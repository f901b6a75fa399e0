package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/host"
	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/words"
	"backupwatchdog/plist"
)

const retireLong = `Set a backup aside: its folder is renamed in place to UDID-YYYYMMDD-HHMMSS, and
the next backup of that iPhone begins a new chain. Nothing is deleted or copied,
and --undo undoes it. It asks first, and refuses while a backup may be running.
It is the only command that touches the backup folder. UDID may be its beginning,
or the iPhone's name or a part of that.`

// retireCommand renames a backup folder.
func retireCommand(p *program) *cobra.Command {
	var undo, yes bool
	c := &cobra.Command{
		Use:     "retire UDID",
		Short:   "Set a damaged backup aside, so that a fresh one begins",
		Long:    retireLong,
		Example: "  watchdogctl retire 00008110-000E34D21A02801E\n  watchdogctl retire --undo 00008110-000E34D21A02801E",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			plan := p.planRetire
			if undo {
				plan = p.planUndo
			}
			r, err := plan(c.Context(), args[0])
			if err != nil {
				return err
			}
			return p.rename(c.Context(), r, yes)
		},
	}
	c.Flags().BoolVar(&undo, "undo", false, "give the backup that was set aside last its name back")
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

// renaming is what retire is about to do.
type renaming struct {
	udid, from, to string
	asks           []string // a paragraph each
	did            string
}

// planRetire finds the backup and the name it would get.
func (p *program) planRetire(ctx context.Context, udid string) (r renaming, err error) {
	from, err := p.backupOf(ctx, udid)
	if err != nil {
		return r, err
	}
	name, archived, like := verify.FolderUDID(filepath.Base(from))
	if !like {
		return r, p.fail(fmt.Errorf("retire: %s is not named after an iPhone", from), "rename it by hand if it is a backup")
	}
	if archived {
		return r, p.fail(fmt.Errorf("retire: %s is set aside already", filepath.Base(from)), "`watchdogctl retire --undo "+name+"` undoes it")
	}
	to := from + p.Now().Local().Format("-20060102-150405")
	now, s := p.Now(), p.standingOf(ctx, name, from)
	asks := []string{words.Renames, folder(from), words.RenamesTo, folder(to), s.Known(now), s.Warning(), words.RetiresWithal}
	return renaming{udid: name, from: from, to: to, asks: asks, did: words.DidRetire(filepath.Base(to), s, now)}, nil
}

// folder marks a paragraph that is the name of a folder, to be read and copied whole.
func folder(path string) string { return "  " + path }

// standingOf is what is known of a backup without reading it: what the daemon
// says, or what the last one has left.
func (p *program) standingOf(ctx context.Context, udid, dir string) (out words.Standing) {
	all, err := p.backupsInRoots(ctx)
	out.Only = err == nil && !slices.ContainsFunc(all, func(other string) bool {
		id, _, like := verify.FolderUDID(filepath.Base(other))
		return like && sameUDID(id, udid) && other != dir
	})
	paths, err := p.paths()
	if err != nil {
		return out
	}
	s := p.statusNow(ctx)
	if s.Schema == 0 {
		s, _ = control.ReadLast(paths.State) // without it nothing is known
	}
	i := slices.IndexFunc(s.Backups, func(b control.Backup) bool { return sameUDID(b.UDID, udid) && !b.Archived })
	if i >= 0 {
		b := s.Backups[i]
		out.Restorable, out.Complete = b.Chain.Restorable, moment(b.LastComplete)
		since := b.Run != nil && b.Phase == backup.Abandoned // what a check said before it was torn holds no more
		if b.Chain.Checked != nil && !(since && b.Chain.Checked.Before(b.Run.Started)) {
			out.Verdict, out.Checked = string(b.Chain.Verdict), *b.Chain.Checked
		}
	}
	return out
}

// planUndo finds the backup of a phone that was set aside last.
func (p *program) planUndo(ctx context.Context, udid string) (r renaming, err error) {
	all, err := p.backupsInRoots(ctx)
	if err != nil {
		return r, err
	}
	if !slices.ContainsFunc(all, func(dir string) bool { return strings.EqualFold(filepath.Base(dir), udid) }) {
		if udid, err = p.phoneNamed(ctx, all, udid); err != nil {
			return r, err
		}
	}
	newest := ""
	for _, dir := range all {
		name, archived, like := verify.FolderUDID(filepath.Base(dir))
		mine := sameUDID(name, udid) || strings.EqualFold(filepath.Base(dir), udid)
		if like && archived && mine && (newest == "" || filepath.Base(dir) > filepath.Base(newest)) {
			newest = dir
		}
	}
	if newest == "" {
		return r, p.fail(fmt.Errorf("retire: no backup of %s is set aside", udid), "`watchdogctl check` lists what is there")
	}
	name, _, _ := verify.FolderUDID(filepath.Base(newest))
	to := filepath.Join(filepath.Dir(newest), name)
	return renaming{udid: name, from: newest, to: to, asks: []string{words.Renames, folder(newest), words.RenamesBack, folder(to)}, did: words.DidUndo(name)}, nil
}

// backupOf finds the one backup of a phone in the watched folders.
func (p *program) backupOf(ctx context.Context, udid string) (string, error) {
	all, err := p.backupsInRoots(ctx)
	if err != nil {
		return "", err
	}
	var hits []string
	for _, dir := range all {
		name := filepath.Base(dir)
		if strings.EqualFold(name, udid) || sameUDID(name, udid) {
			hits = append(hits, dir)
		}
	}
	if len(hits) == 0 {
		if udid, err = p.phoneNamed(ctx, all, udid); err != nil {
			return "", err
		}
		hits = slices.DeleteFunc(all, func(dir string) bool { return !sameUDID(filepath.Base(dir), udid) })
	}
	switch len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		return "", p.fail(fmt.Errorf("retire: no backup is known as %q", udid), "`watchdogctl check` lists the backups")
	}
	return "", p.fail(fmt.Errorf("retire: %d watched folders hold a backup of %s", len(hits), udid), "rename the right one by hand: "+strings.Join(hits, ", "))
}

// phoneNamed is the id of the one phone that a name or a part of its id means,
// the word itself where it means none.
func (p *program) phoneNamed(ctx context.Context, all []string, name string) (string, error) {
	named := slices.Sorted(maps.Keys(p.backupsNamed(ctx, all, name)))
	switch len(named) {
	case 0:
		return name, nil
	case 1:
		return named[0], nil
	}
	return "", p.misuse(fmt.Errorf("retire: %q could be any of %d iPhones", name, len(named)), "one of: "+strings.Join(named, ", "))
}

// rename does it, after all that speaks against it was looked at.
func (p *program) rename(ctx context.Context, r renaming, yes bool) error {
	if err := p.mayRename(ctx, r); err != nil {
		return err
	}
	if !yes {
		if err := p.confirm(r.asks); err != nil {
			return err
		}
		// The person may have taken their time.
		if err := p.mayRename(ctx, r); err != nil {
			return err
		}
	}
	if err := os.Rename(r.from, r.to); err != nil {
		return p.fail(fmt.Errorf("retire: %w", err), "the folder is unchanged; check that the drive is writable")
	}
	return p.say(r.did)
}

// confirm says what will be done, and asks.
func (p *program) confirm(what []string) error {
	if !p.StdinTerminal || p.JSON {
		return p.misuse(errors.New("retire: it asks first, and there is no terminal to answer at"), "`--yes` goes ahead without asking")
	}
	pg := p.page()
	for _, text := range what {
		if path, ok := strings.CutPrefix(text, folder("")); ok {
			pg.b.WriteString(folder(clean(path)) + "\n")
		} else {
			pg.para(0, plain, text)
		}
	}
	fmt.Fprint(p.Stdout, pg.b.String(), words.GoAhead)
	line, _ := bufio.NewReader(p.Stdin).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return p.fail(errors.New("retire: nothing was done"), "answer y to go ahead")
}

// mayRename refuses while anything speaks against it: the new name is taken, a
// run is active as the daemon sees it, or, without a daemon, as the folder and
// the processes of this computer show.
func (p *program) mayRename(ctx context.Context, r renaming) error {
	if _, err := os.Lstat(r.to); !errors.Is(err, fs.ErrNotExist) {
		return p.fail(fmt.Errorf("retire: %s exists already", r.to), "set that one aside or move it elsewhere first")
	}
	if busy := p.busyForDaemon(ctx, r); busy != "" {
		return p.fail(errors.New("retire: "+busy), "wait until it is done, then try again; `watchdogctl status --watch` shows it")
	}
	if busy := p.busyOnDisk(ctx, r); busy != "" {
		return p.fail(errors.New("retire: "+busy), "wait until it is done, then try again")
	}
	return nil
}

// busyForDaemon asks the daemon, where one runs.
func (p *program) busyForDaemon(ctx context.Context, r renaming) string {
	client, err := p.client()
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	s, err := client.Status(ctx)
	if err != nil {
		return "" // no daemon: the folder itself must tell
	}
	return busyIn(s, r.udid)
}

// busyIn reads a status for what forbids a renaming.
func busyIn(s control.Status, udid string) string {
	for _, root := range s.Roots {
		if root.State == "denied" || root.State == "unknown" {
			return "the watchdog cannot see " + root.Path + ", so it is unknown whether a backup is running"
		}
	}
	for _, b := range s.Backups {
		if sameUDID(b.UDID, udid) && !b.Archived && b.Phase.Active() {
			return fmt.Sprintf("a backup of this iPhone is running (%s)", b.Phase)
		}
	}
	return ""
}

const (
	// settleTime is how long a finished folder must have been quiet: Finder
	// writes Info.plist up to four minutes after the rest.
	settleTime = 15 * time.Minute
	// freshTime is how long an unfinished one must have been quiet in any case.
	freshTime = 10 * time.Minute
	// tornTime is how long an unfinished one must have been quiet, where no
	// process tells that nobody works on it: a phone may think for an hour.
	tornTime = 90 * time.Minute
)

// busyOnDisk looks for a program that writes, and for recent changes.
func (p *program) busyOnDisk(ctx context.Context, r renaming) string {
	real, err := filepath.EvalSymlinks(r.from)
	if err != nil {
		return "the folder cannot be examined: " + err.Error()
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list, observable := host.NewProcesses().Look(ctx)
	w := host.Match(list, observable, host.Target{UDID: r.udid, Path: real})
	if w.State == backup.WriterAlive {
		return fmt.Sprintf("%s (process %d) is using this backup", w.Name, w.PID)
	}
	quiet := p.Now().Sub(newestChange(real))
	status, err := plist.ReadStatus(filepath.Join(real, "Status.plist"))
	switch {
	case errors.Is(err, plist.ErrDenied):
		return "Status.plist may not be read, so it is unknown whether a backup is running"
	case err == nil && status.SnapshotState != "finished" && (quiet < freshTime || w.State != backup.WriterGone && quiet < tornTime):
		return fmt.Sprintf("a backup is %s, and the folder changed %s ago", status.SnapshotState, words.Span(quiet))
	case quiet < settleTime && w.State != backup.WriterGone:
		return fmt.Sprintf("the folder changed %s ago", words.Span(quiet))
	}
	return ""
}

// newestChange is the latest time stamp at the top of a backup and of Snapshot.
func newestChange(dir string) (t time.Time) {
	for _, d := range []string{dir, filepath.Join(dir, "Snapshot")} {
		entries, _ := os.ReadDir(d)
		for _, e := range entries {
			if info, err := e.Info(); err == nil && info.ModTime().After(t) {
				t = info.ModTime()
			}
		}
	}
	return t
}
