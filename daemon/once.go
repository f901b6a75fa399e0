package daemon

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/history"
	"backupwatchdog/daemon/host"
	"backupwatchdog/daemon/notify"
	"backupwatchdog/daemon/phone"
	"backupwatchdog/daemon/watch"
)

// onceAsks is how long Once waits for usbmuxd to say which phones are there.
const onceAsks = 1500 * time.Millisecond

// Once looks once and says what it finds, without a lock, a socket or a trace
// on disk: it may run beside a daemon. What a daemon on the same state folder
// has learned is read, and nothing of it changed.
func Once(ctx context.Context, o Options) (control.Status, error) {
	cfg, _, err := config.Load(o.Paths.Config, o.Environ, o.Flags)
	if err != nil {
		return control.Status{}, err
	}
	db, err := history.OpenMemory()
	if err != nil {
		return control.Status{}, err
	}
	defer db.Close()
	borrow(db, filepath.Join(o.Paths.State, historyName), o.Log)
	l := &loop{opt: o, log: o.Log, db: db, started: host.Now().T, ctx: ctx, cfg: cfg, rootMemory: map[string]*backup.RootMemory{},
		backups: map[string]*tracked{}, finder: host.NewProcesses(), phones: newPhones(),
		desk: notify.NewDesk(notify.Options{History: db, Log: o.Log, Now: host.Now().T})}
	l.access.load(db)
	l.running = l.findProcesses(ctx)
	l.listPhones(ctx)
	l.takeLook(watch.LookOnce(ctx, watch.Options{Roots: l.roots(), Now: host.Now, Log: o.Log, Known: l.knownRoots()}))
	now := host.Now()
	l.observe(now)
	return l.status(now), ctx.Err()
}

// borrow copies from the history of a daemon what a judgement may need: the
// runs and checks of the past.
func borrow(to *history.DB, path string, log *slog.Logger) {
	from, err := history.OpenToRead(path)
	if err != nil {
		log.Debug("no history", "reason", err.Error())
		return
	}
	defer from.Close()
	for _, r := range from.Runs("", time.Time{}, 500) {
		if r.Outcome != backup.OutcomeRunning {
			to.SaveRun(r)
		}
	}
	for _, c := range from.Checks("", time.Time{}, 200) {
		to.SaveCheck(c.UDID, c.Path, c.CheckResult)
	}
	if known, ok := from.Get(knownKey); ok {
		to.Put(knownKey, known)
	}
}

// listPhones asks usbmuxd once which phones are attached.
func (l *loop) listPhones(ctx context.Context) {
	if !l.cfg.Phone.Enabled {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, onceAsks)
	defer cancel()
	devices, err := phone.NewClient(l.phoneOptions()).Devices(ctx)
	if err != nil {
		l.phones.snapshot.State = "absent"
		return
	}
	l.phones.snapshot = phone.Snapshot{State: phone.Connected, Devices: devices}
}
