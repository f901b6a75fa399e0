// Package daemon is the watchdog itself: the one thin place that knows every
// other part. It starts what looks (watch, phone, host), folds what they see
// into a backup.Session for each backup, writes down what is concluded
// (history), tells a person (notify) and answers watchdogctl (control).
//
// One goroutine owns the model and runs one select, in [loop.run]. Whatever is
// slow runs beside it, bounded and cancellable, and comes back as one more
// thing the select receives: a look, a phone's answer, the list of processes,
// Apple's page, the result of a check.
package daemon

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/history"
	"backupwatchdog/daemon/host"
	"backupwatchdog/daemon/notify"
	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/words"
)

// Options are what a daemon is started with.
type Options struct {
	Version string
	Paths   config.Paths
	Environ []string // as of os.Environ
	Flags   config.Flags
	Log     *slog.Logger
	// Record receives a trace while the daemon watches; nil: none.
	Record io.Writer
	// Events lets file events wake the watcher. False polls only.
	Events bool
}

// stopWithin is how long an ending daemon waits for what runs beside it.
const stopWithin = 4 * time.Second

// Run watches until ctx ends. An error says why it could not begin, or go on;
// errors with a Hint method also say what to do next.
func Run(ctx context.Context, o Options) error {
	cfg, _, err := config.Load(o.Paths.Config, o.Environ, o.Flags)
	if err != nil {
		return err
	}
	lock, err := control.TakeLock(o.Paths.State)
	if err != nil {
		return err
	}
	defer lock.Release()
	verify.SweepTemp(tempDir(o.Paths)) // before anything that needs room
	ln, socket, err := control.Listen(lock, o.Paths.Socket)
	switch {
	case err == nil:
		defer ln.Close()
	case !control.NoRoom(err):
		return err
	}
	db, trouble := openHistory(o.Paths.State, o.Log)
	defer db.Close()
	l, err := newLoop(o, cfg, db, trouble, socket)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l.sign, l.listen = lock.Sign, func() (net.Listener, error) {
		ln, _, err := control.Listen(lock, o.Paths.Socket)
		return ln, err
	}
	return l.serve(ctx, cancel, ln)
}

// openHistory opens the database, or one in memory where that cannot be: the
// watchdog goes on watching. trouble says what a person should know of it.
func openHistory(state string, log *slog.Logger) (db *history.DB, trouble string) {
	path := filepath.Join(state, historyName)
	emptied := wasEmptied(state)
	db, err := history.Open(path, history.Options{Now: time.Now()})
	switch {
	case err == nil && emptied:
		log.Warn("history begun anew", "reason", "the file was empty")
		return db, words.HistoryEmptied
	case err == nil:
		return db, asideOf(db, log)
	}
	log.Warn("history not available", "reason", err.Error())
	trouble = words.HistoryInMemory(err.Error())
	begin := func() (*history.DB, error) { return history.StandIn(path) }
	if errors.Is(err, history.ErrNewer) {
		trouble, begin = words.HistoryNewer, history.OpenMemory
	}
	db, err = begin()
	if err != nil {
		panic("daemon: no database even in memory: " + err.Error())
	}
	return db, trouble
}

const historyName = "history.db"

// asideOf says that a damaged database was set aside; "" where none was.
func asideOf(db *history.DB, log *slog.Logger) string {
	if db.SetAside() == "" {
		return ""
	}
	log.Warn("history set aside", "reason", db.WhySetAside(), "kept_as", db.SetAside())
	return words.HistoryAside(db.WhySetAside(), db.SetAside())
}

// wasEmptied reports whether the database has no byte although it was in use:
// the status that a daemon keeps beside it is there. Without that an empty file
// is what a crash leaves that came while it was made.
func wasEmptied(state string) bool {
	fi, err := os.Stat(filepath.Join(state, historyName))
	if err != nil || !fi.Mode().IsRegular() || fi.Size() > 0 {
		return false
	}
	_, err = control.ReadLast(state)
	return !errors.Is(err, fs.ErrNotExist)
}

// tempDir is where a decrypted index may stand for the time of a check.
func tempDir(p config.Paths) string { return filepath.Join(p.State, "tmp") }

// serve runs the loop and what runs beside it, and ends all of it within
// stopWithin when ctx ends.
func (l *loop) serve(ctx context.Context, cancel context.CancelFunc, ln net.Listener) error {
	l.ctx = ctx
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	l.beside(func() { l.desk.Run(ctx) })
	l.beside(func() {
		if ln == nil {
			if ln = l.awaitListener(ctx); ln == nil {
				return
			}
			defer ln.Close()
		}
		if err := control.Serve(ctx, ln, l); err != nil && ctx.Err() == nil {
			l.log.Error("the socket is lost", "reason", err.Error())
			cancel()
		}
	})
	l.startWatcher()
	l.startMonitor()
	l.log.Info("watching", "version", l.opt.Version, "pid", os.Getpid(), "roots", l.rootPaths(), "socket", l.socket)
	l.run(ctx, hup)
	cancel()
	l.farewell()
	return nil
}

// recoverEvery is how often what could not be written on a full disk is tried again.
const recoverEvery = 15 * time.Second

// awaitListener opens the socket as soon as there is room for it; nil when the
// daemon ends before.
func (l *loop) awaitListener(ctx context.Context) net.Listener {
	l.log.Warn("no socket yet", "reason", "the disk is full")
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(recoverEvery):
		}
		ln, err := l.listen()
		if err == nil {
			l.log.Info("the socket is there", "socket", l.socket)
			return ln
		}
		l.log.Debug("no socket yet", "reason", err.Error())
	}
}

// recoverHistory brings a history that had to begin in memory to the disk, once
// it can be written there.
func (l *loop) recoverHistory(now time.Time) {
	if ago := now.Sub(l.tried); !l.db.StandsIn() || ago >= 0 && ago < recoverEvery {
		return
	}
	l.tried = now
	if err := l.db.Recover(history.Options{Now: now}); err != nil {
		l.log.Debug("history still in memory", "reason", err.Error())
		return
	}
	l.trouble = asideOf(l.db, l.log)
	l.log.Info("the history is written again")
	if l.sign != nil {
		if err := l.sign(); err != nil {
			l.log.Debug("lock file not written", "reason", err.Error())
		}
	}
}

// beside runs f in a goroutine that farewell waits for.
func (l *loop) beside(f func()) { l.wg.Go(f) }

// farewell keeps what must not be lost and waits a little for the others.
func (l *loop) farewell() {
	now := host.Now()
	l.save(now, true)
	st := l.status(now)
	if err := control.WriteLast(l.opt.Paths.State, st); err != nil {
		l.log.Warn("the last status was not kept", "reason", err.Error())
	}
	if file := l.cfg.Metrics.Textfile; file != "" {
		notify.WriteMetrics(file, notify.StoppedMetrics())
	}
	if l.recorder != nil {
		l.recorder.End(now)
	}
	done := make(chan struct{})
	go func() { l.wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(stopWithin):
		l.log.Warn("not everything has ended in time")
	}
	l.log.Info("stopped")
}

// rules are the configured patience as the model takes it.
func rules(c config.Config) backup.Rules {
	p := c.Patience
	return backup.Rules{Preparing: p.Preparing, Transferring: p.Transferring, Finishing: p.Finishing, Settling: p.Settling,
		WitnessFactor: p.WitnessFactor, Learn: p.Learn, Overdue: p.Overdue}
}

// channels are the ways to a person that the configuration asks for.
func channels(c config.Config, log *slog.Logger) []notify.Channel {
	var out []notify.Channel
	if c.Notify.Desktop {
		out = append(out, notify.NewDesktop())
	}
	if len(c.Notify.Command) > 0 {
		out = append(out, notify.Command{Argv: c.Notify.Command})
	}
	if c.Notify.Webhook != "" {
		w, err := notify.NewWebhook(c.Notify.Webhook)
		if err != nil {
			log.Warn("webhook not used", "reason", err.Error())
		} else {
			out = append(out, w)
		}
	}
	return out
}

// pinger is the dead-man service that is told of runs; nil when there is none.
func pinger(c config.Config, log *slog.Logger) *notify.Pinger {
	if c.Notify.Ping == "" {
		return nil
	}
	return notify.NewPinger(c.Notify.Ping, log)
}

// darwin says whether this is a Mac.
const darwin = runtime.GOOS == "darwin"

// errStopping is the answer to a request that came too late.
var errStopping = errors.New("the watchdog is stopping")
