package daemon

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/host"
	"backupwatchdog/daemon/verify"
)

// checkAgain is how long to wait after a check that came to no verdict.
const checkAgain = time.Hour

// checking is a check under way.
type checking struct {
	path, udid string
	share      atomic.Int64 // thousandths done
	stop       context.CancelFunc
}

// checked is how a check ended.
type checked struct {
	path, udid string
	result     verify.Result
	err        error
}

// request is a check that a person asked for through the socket.
type request struct{ r control.CheckRequest }

// inventories is the folder for inventories.
func (l *loop) inventories() string { return filepath.Join(l.opt.Paths.State, "inventories") }

// planChecks ends a check that a run has overtaken, and begins the next one due.
func (l *loop) planChecks(now backup.Moment) {
	active := len(l.activePaths()) > 0
	if l.check != nil {
		if active {
			l.check.stop()
		}
		return
	}
	if active || len(l.requested) > 0 {
		return
	}
	for _, t := range l.sorted() {
		if l.checkDue(t, now.T) {
			l.beginCheck(t, now.T)
			return
		}
	}
}

// checkDue reports whether a chain is to be checked now: after each complete
// run, and every so often. A chain that still moves, or has never finished, or
// cannot be read, is not.
func (l *loop) checkDue(t *tracked, now time.Time) bool {
	s, c := t.session, t.session.Check()
	switch {
	case t.look.Archived || s.LastComplete().IsZero() || t.now.Phase == backup.Abandoned:
		return false
	case now.Sub(t.quiet) < l.cfg.Patience.Settling || now.Sub(t.tried) < checkAgain && t.triedFor.Equal(s.LastComplete()):
		return false
	case t.look.Folder.Status.Presence != backup.Present || t.look.Folder.Status.Status.SnapshotState != "finished":
		return false
	case !s.CheckCounts():
		return l.cfg.Verify.AfterBackup
	}
	return l.cfg.Verify.Every > 0 && now.Sub(c.At) >= l.cfg.Verify.Every
}

// beginCheck checks a chain beside the loop, at low priority.
func (l *loop) beginCheck(t *tracked, now time.Time) {
	ctx, stop := context.WithCancel(l.ctx)
	c := &checking{path: t.look.Path, udid: t.look.UDID, stop: stop}
	l.check, t.tried, t.triedFor = c, now, t.session.LastComplete()
	l.log.Info("checking", "backup", c.udid)
	l.beside(func() {
		defer stop()
		runtime.LockOSThread() // given up with the thread: its low priority goes with it
		host.LowPriority()
		res, err := verify.Check(ctx, c.path, verify.Options{Quick: true, Workers: 1, Inventories: l.inventories(), TempDir: tempDir(l.opt.Paths),
			Progress: func(p verify.Progress) {
				if p.Total > 0 {
					c.share.Store(1000 * p.Done / p.Total)
				}
			}})
		select {
		case l.checked <- checked{c.path, c.udid, res, err}:
		case <-l.ctx.Done():
		}
	})
}

// takeChecked takes the end of a check.
func (l *loop) takeChecked(c checked) {
	l.check = nil
	t := l.backups[c.path]
	switch {
	case errors.Is(c.err, context.Canceled) || errors.Is(c.err, verify.ErrChanged):
		l.log.Info("check broken off", "backup", c.udid, "reason", c.err.Error())
		if t != nil {
			t.tried = time.Time{}
		}
		return
	case c.err != nil:
		l.log.Warn("check came to no verdict", "backup", c.udid, "reason", c.err.Error())
		return
	}
	l.keepCheck(t, c.udid, c.path, c.result.Check())
}

// keepCheck remembers what a check found. A moment in the middle of a run says
// nothing of the chain, and is forgotten. What was proved with a password stays
// proved for this run, as long as no later check finds damage.
func (l *loop) keepCheck(t *tracked, udid, path string, c backup.CheckResult) {
	if t != nil && t.now.Phase.Active() {
		return
	}
	if t != nil && c.Verdict == backup.Unproven {
		if was := t.session.Check(); was.Verdict == backup.Good && t.session.CheckCounts() && was.StatusDate.Equal(c.StatusDate) {
			c.Verdict, c.Deep = backup.Good, was.Deep
		}
	}
	l.log.Info("checked", "backup", udid, "verdict", string(c.Verdict), "files", c.Files, "missing", c.Missing, "wrong_size", c.WrongSize)
	if err := l.db.SaveCheck(udid, path, c); err != nil {
		l.log.Warn("check not recorded", "reason", err.Error())
	}
	if t == nil || t.look.Archived {
		return
	}
	t.session.SetCheck(c)
	if past := t.session.Past(); len(past) > 0 {
		l.db.SaveRun(past[len(past)-1])
	}
	if l.recorder != nil {
		l.recorder.Check(host.Now(), t.session.Mark(), c)
	}
}

// Check implements control.Backend: a person wants to know now. It waits for
// nothing, not even for a run to end: the result says what stands there.
func (l *loop) Check(ctx context.Context, r control.CheckRequest, progress func(any)) (any, error) {
	var paths, udids []string
	req := &request{r}
	ok := l.call(func() {
		paths, udids = l.targets(r.Targets)
		l.requested = append(l.requested, req)
		if l.check != nil {
			l.check.stop()
		}
	})
	if !ok {
		return nil, errStopping
	}
	defer l.call(func() { l.requested = slices.DeleteFunc(l.requested, func(x *request) bool { return x == req }) })
	if len(paths) == 0 {
		return nil, &control.Error{Status: 404, Message: "none of these is a backup under a watched folder", Next: "`watchdogctl status` lists the backups"}
	}
	var out struct {
		Schema  int             `json:"schema"`
		Backups []verify.Result `json:"backups"`
	}
	out.Schema = control.Schema
	for i, path := range paths {
		res, err := verify.Check(ctx, path, verify.Options{Deep: r.Deep, Quick: true, Inventories: l.inventories(), TempDir: tempDir(l.opt.Paths),
			Progress: func(p verify.Progress) { progress(p) }})
		if err != nil {
			return nil, &control.Error{Status: 409, Message: fmt.Sprintf("%s: %v", udids[i], err), Next: "try again when no backup is running"}
		}
		l.call(func() { l.keepCheck(l.backups[path], udids[i], path, res.Check()); l.step() })
		out.Backups = append(out.Backups, res)
	}
	return out, nil
}

// Checked implements control.Backend. A result is taken over for a watched
// chain that has not changed since it was checked, and no later than it could
// have been made.
func (l *loop) Checked(r control.CheckedRequest) error {
	real, err := filepath.EvalSymlinks(r.Path)
	if err != nil {
		real = r.Path
	}
	known := false
	ok := l.call(func() {
		t := l.backups[real]
		if t == nil || t.look.Archived {
			return
		}
		known = true
		st := t.look.Folder.Status
		late := r.Result.At.After(time.Now().Add(time.Minute)) || r.Result.At.Before(t.session.Check().At)
		other := st.Presence == backup.Present && !st.Status.Date.Equal(r.Result.StatusDate)
		if late || other {
			return
		}
		l.keepCheck(t, t.look.UDID, real, r.Result)
		l.step()
	})
	switch {
	case !ok:
		return errStopping
	case !known:
		return &control.Error{Status: 404, Message: "this is not a backup under a watched folder", Next: "`watchdogctl status` lists the backups"}
	}
	return nil
}

// targets finds the backups that are meant: by id, or by path.
func (l *loop) targets(want []string) (paths, udids []string) {
	for _, t := range l.sorted() {
		hit := len(want) == 0 && !t.look.Archived
		for _, w := range want {
			real, err := filepath.EvalSymlinks(w)
			hit = hit || w == t.look.Path || err == nil && real == t.look.Path || fold(w) == fold(t.look.UDID) && !t.look.Archived ||
				w == filepath.Base(t.look.Path)
		}
		if hit {
			paths, udids = append(paths, t.look.Path), append(udids, t.look.UDID)
		}
	}
	return paths, udids
}
