package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	"backupwatchdog/daemon/verify"
	"backupwatchdog/plist"
)

const checkLong = `Check now whether backups are whole: every file the index lists is there, is a
regular file and has its size; with --deep its contents are read again too.
Nothing is written to the backup. Without argument, every backup in the watched
folders is checked; an argument is an iPhone's id or name (or a part that only one
has), a backup's folder, or a folder that holds backups. No daemon is needed.

The exit code is 0 when all are good (or encrypted and as good as can be told),
3 when one is broken or incomplete, 1 when one could not be checked.`

// checkFlags are the flags of check.
type checkFlags struct {
	all           string
	deep          bool
	passwordStdin bool
}

// checkCommand verifies backups.
func checkCommand(p *program) *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check [UDID or PATH]...",
		Short: "Check now whether a backup is whole",
		Long:  checkLong,
		Example: "  watchdogctl check\n  watchdogctl check 00008110-000E34D21A02801E --deep\n" +
			"  watchdogctl check --all \"/Volumes/Old Disk\"\n  watchdogctl check --password-stdin < password.txt",
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return p.check(c.Context(), f, args) },
	}
	c.Flags().StringVar(&f.all, "all", "", "check every backup under `PATH`, however deep")
	c.Flags().BoolVar(&f.deep, "deep", false, "read all contents again, and compare them with their digests where known")
	c.Flags().BoolVar(&f.passwordStdin, "password-stdin", false, "open encrypted backups with the password on standard input")
	return c
}

// checked is what check prints as JSON.
type checked struct {
	Schema  int             `json:"schema"`
	Backups []verify.Result `json:"backups"`
}

// check finds what is meant, checks one after the other, and prints.
func (p *program) check(ctx context.Context, f checkFlags, args []string) error {
	if f.all != "" && len(args) > 0 {
		return p.misuse(errors.New("check: --all takes its path itself, and no further arguments"), "`watchdogctl check --all PATH`")
	}
	o, err := p.checkOptions(f)
	if err != nil {
		return err
	}
	targets, err := p.checkTargets(ctx, f, args)
	if err != nil {
		return p.checkThroughDaemon(ctx, f, args, err)
	}
	out := checked{Schema: 1, Backups: []verify.Result{}}
	var failed error
	for _, dir := range targets {
		bar := p.newBar(filepath.Base(dir), len(targets))
		o.Progress = bar.show
		r, err := checkOne(ctx, dir, o)
		bar.clear()
		switch {
		case ctx.Err() != nil:
			return p.fail(errors.New("check: stopped before it was done"), "nothing was changed; check again whenever you like")
		case errors.Is(err, fs.ErrPermission) && len(targets) == 1:
			return p.checkThroughDaemon(ctx, f, []string{dir}, p.checkFailed(dir, err))
		case err != nil:
			p.report(p.checkFailed(dir, err))
			failed = &exit{code: 1}
			continue
		}
		out.Backups = append(out.Backups, r)
	}
	p.handOver(ctx, out.Backups)
	if failed != nil && len(out.Backups) == 0 {
		return failed // nothing was checked: standard output stays empty, as for what cannot be found
	}
	if err := p.showChecked(ctx, out); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	return p.checkVerdict(out.Backups)
}

// checkOne is verify.Check that ends when ctx does, even if the disk hangs. The
// check itself has a moment to clear up after itself.
func checkOne(ctx context.Context, dir string, o verify.Options) (r verify.Result, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		r, err = verify.Check(ctx, dir, o)
	}()
	select {
	case <-done:
		return r, err
	case <-ctx.Done():
	}
	select {
	case <-done:
	case <-time.After(2 * time.Second):
	}
	return verify.Result{}, context.Cause(ctx)
}

func (p *program) checkOptions(f checkFlags) (o verify.Options, err error) {
	o = verify.Options{Deep: f.deep, Quick: true, Now: p.Now}
	if paths, err := p.paths(); err == nil {
		o.Inventories = filepath.Join(paths.State, "inventories")
	}
	if f.passwordStdin {
		o.Password, err = p.readPassword()
	}
	return o, err
}

// readPassword reads one line; the line end does not belong to the password.
func (p *program) readPassword() ([]byte, error) {
	line, err := bufio.NewReader(io.LimitReader(p.Stdin, 4096)).ReadString('\n')
	if err != nil && err != io.EOF {
		return nil, p.fail(fmt.Errorf("check: reading the password: %w", err), "")
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return nil, p.misuse(errors.New("check: --password-stdin: standard input holds no password"), "for example `watchdogctl check --password-stdin < password.txt`")
	}
	return []byte(line), nil
}

// checkTargets returns the folders that are meant.
func (p *program) checkTargets(ctx context.Context, f checkFlags, args []string) (dirs []string, err error) {
	if f.all != "" {
		return p.backupsUnder(f.all, 12)
	}
	if len(args) == 0 {
		return p.backupsInRoots(ctx)
	}
	for _, arg := range args {
		more, err := p.checkTarget(ctx, arg)
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, more...)
	}
	return dirs, nil
}

// checkTarget is one argument: a folder where there is one of that name, else
// a phone's id or name among the watched folders.
func (p *program) checkTarget(ctx context.Context, arg string) ([]string, error) {
	if info, err := os.Stat(arg); err == nil && info.IsDir() {
		return p.backupsUnder(arg, 1)
	}
	if strings.ContainsRune(arg, filepath.Separator) {
		_, err := os.Stat(arg)
		if err == nil {
			err = errors.New("it is not a folder")
		}
		return nil, p.checkFailed(arg, err)
	}
	all, err := p.backupsInRoots(ctx)
	if err != nil {
		return nil, err
	}
	var hits []string
	for _, dir := range all {
		name := filepath.Base(dir)
		udid, _, _ := verify.FolderUDID(name)
		switch {
		case strings.EqualFold(name, arg), sameUDID(udid, arg) && name == udid:
			return []string{dir}, nil
		case len(arg) >= 4 && len(name) > len(arg) && strings.EqualFold(name[:len(arg)], arg):
			hits = append(hits, dir)
		}
	}
	switch len(hits) {
	case 1:
		return hits, nil
	case 0:
		named := p.backupsNamed(ctx, all, arg)
		if len(named) > 1 {
			return nil, p.misuse(fmt.Errorf("check: %q could be any of %d iPhones", arg, len(named)), "one of: "+strings.Join(slices.Sorted(maps.Keys(named)), ", "))
		}
		for _, dirs := range named {
			return dirs, nil
		}
		return nil, p.fail(fmt.Errorf("check: no backup is known as %q", arg), "`watchdogctl check` without an argument checks every backup; a folder may be given too")
	}
	return nil, p.misuse(fmt.Errorf("check: %q could be any of %d backups", arg, len(hits)), "give more of its id, or its folder")
}

// backupsNamed are the backups in use, by id, of the phones that a name, or a part
// of it, may mean. The names are those that the backups hold, and those that the
// watchdog knows.
func (p *program) backupsNamed(ctx context.Context, all []string, name string) map[string][]string {
	names, dirs := map[string]string{}, map[string][]string{}
	for _, dir := range all {
		udid, archived, like := verify.FolderUDID(filepath.Base(dir))
		if !like {
			continue
		}
		if info, err := plist.ReadInfo(filepath.Join(dir, "Info.plist")); err == nil && names[udid] == "" {
			names[udid] = cmp.Or(info.DeviceName, info.DisplayName)
		}
		if !archived {
			dirs[udid] = append(dirs[udid], dir)
		}
	}
	for udid, known := range namesIn(p.statusNow(ctx)) {
		if _, ok := names[udid]; ok && known != "" {
			names[udid] = known
		}
	}
	out := map[string][]string{}
	for _, udid := range meant(names, name) {
		out[udid] = dirs[udid]
	}
	return out
}

func sameUDID(a, b string) bool {
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "")) }
	return plain(a) == plain(b)
}

// backupsUnder finds the backups in a folder somebody named.
func (p *program) backupsUnder(path string, depth int) ([]string, error) {
	dirs, err := verify.Find(path, depth)
	if err != nil {
		return nil, p.checkFailed(path, err)
	}
	if len(dirs) == 0 {
		return nil, p.fail(fmt.Errorf("check: there is no backup in %s", path), "give the folder that holds Status.plist and Manifest.db, or one above it with `--all`")
	}
	return dirs, nil
}

// backupsInRoots finds the backups in the watched folders. One that cannot be
// read is an error, never "no backups".
func (p *program) backupsInRoots(ctx context.Context) (dirs []string, err error) {
	roots, err := p.watchedRoots(p.statusNow(ctx))
	if err != nil {
		return nil, err
	}
	var missing error
	for _, root := range roots {
		more, err := verify.Find(root, 1)
		if errors.Is(err, fs.ErrNotExist) {
			missing = err
			continue
		}
		if err != nil {
			return nil, p.checkFailed(root, err)
		}
		dirs = append(dirs, more...)
	}
	if len(dirs) > 0 {
		return dirs, nil
	}
	if missing != nil {
		return nil, p.checkFailed("the watched folder", missing)
	}
	return nil, p.fail(errors.New("check: there is no backup in the watched folders yet"), "`watchdogctl check PATH` checks a folder elsewhere")
}

// watchedRoots are the folders that are watched: those of the watchdog that
// runs and says s, which may have been told others than the configuration
// names; else those of the configuration, else this system's own.
func (p *program) watchedRoots(s control.Status) ([]string, error) {
	var roots []string
	for _, r := range s.Roots {
		roots = append(roots, r.Path)
	}
	if len(roots) > 0 {
		return roots, nil
	}
	_, c, _, err := p.loadConfig("")
	if err != nil || len(c.Roots) > 0 {
		return c.Roots, err
	}
	paths, err := p.paths()
	if err != nil {
		return nil, err
	}
	return []string{paths.Root}, nil
}

// checkFailed words why a folder could not be checked.
func (p *program) checkFailed(path string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, fs.ErrPermission):
		hint = "this program may not read it: check its owner and mode"
		if p.GOOS == "darwin" {
			hint = "give Terminal Full Disk Access in System Settings, Privacy & Security, then check again"
		}
	case errors.Is(err, fs.ErrNotExist):
		hint = "is the drive connected, and the name right"
	case errors.Is(err, verify.ErrChanged):
		hint = "a backup seems to be running; check again when it is done"
	case errors.Is(err, verify.ErrPassword):
		hint = "it is the password that was set when encryption was switched on, not the iPhone's passcode; capitals matter"
	default:
		hint = "if the drive reports errors, copy the backup away and check the copy"
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok && pe.Path == path && pe.Error() == err.Error() {
		err = pe.Err // the path is said before it
	}
	return p.fail(fmt.Errorf("check: %s: %w", path, err), hint)
}

// checkVerdict is the exit code of results.
func (p *program) checkVerdict(list []verify.Result) error {
	for _, r := range list {
		if r.Verdict != backup.Good && r.Verdict != backup.Unproven {
			return p.found()
		}
	}
	return nil
}

// checkThroughDaemon asks the daemon where this program may not look itself:
// on a Mac the daemon may have the right that the terminal lacks. Any other
// error stays what it is.
func (p *program) checkThroughDaemon(ctx context.Context, f checkFlags, targets []string, cause error) error {
	if !errors.Is(cause, fs.ErrPermission) || f.passwordStdin || f.all != "" {
		return cause
	}
	client, err := p.client()
	if err != nil {
		return cause
	}
	names := namesIn(p.statusNow(ctx)) // the watchdog takes ids and folders
	for i, t := range targets {
		if hits := meant(names, t); len(hits) == 1 {
			targets = slices.Clone(targets)
			targets[i] = hits[0]
		}
	}
	raw, err := client.Check(ctx, control.CheckRequest{Targets: targets, Deep: f.deep}, nil)
	if err != nil {
		return cause // the daemon being away is not the trouble here
	}
	var out checked
	if err := json.Unmarshal(raw, &out); err != nil || out.Schema != 1 {
		return cause
	}
	if err := p.showChecked(ctx, out); err != nil {
		return err
	}
	return p.checkVerdict(out.Backups)
}

// showChecked prints results.
func (p *program) showChecked(ctx context.Context, out checked) error {
	running := p.fitAdvice(ctx, out.Backups)
	if p.JSON {
		return p.printJSON(out)
	}
	_, err := io.WriteString(p.Stdout, drawChecked(out.Backups, running, p.look()))
	return err
}
