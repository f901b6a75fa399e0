package daemon

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/history"
	"backupwatchdog/daemon/host"
	"backupwatchdog/daemon/notify"
	"backupwatchdog/daemon/phone"
	"backupwatchdog/daemon/trace"
	"backupwatchdog/daemon/watch"
	"backupwatchdog/daemon/words"
)

// Times of the loop that nobody configures.
const (
	lastEvery    = 10 * time.Second // last-status.json
	metricsEvery = 15 * time.Second
	sampleEvery  = 10 * time.Second // the progress curve
	saveEvery    = 30 * time.Second // a session in a run, when nothing else asks for it
	saveAgain    = 5 * time.Second  // after it could not be saved
	pruneEvery   = 6 * time.Hour
	followUp     = 11 * time.Second // what has gone is told when it stays away for ten seconds
)

// loop owns the model. Only its run goroutine touches the fields below mine.
type loop struct {
	opt     Options
	log     *slog.Logger
	db      *history.DB
	desk    *notify.Desk
	socket  string
	started time.Time
	ctx     context.Context
	wg      sync.WaitGroup

	looks   chan watch.Look
	procs   chan processes
	attach  chan phone.Snapshot
	answers chan answer
	events  chan phoneEvent
	apples  chan backup.Apple
	checked chan checked
	ask     chan func()

	subs subscribers

	sign   func() error                 // writes our number into the lock file
	listen func() (net.Listener, error) // for a socket for which there was no room

	// mine
	cfg         config.Config
	configError string
	configRead  time.Time
	trouble     string    // of the history
	tried       time.Time // when a history in memory was last to be written
	watcher     *watch.Watcher
	stopWatcher context.CancelFunc
	stopMonitor context.CancelFunc
	look        watch.Look
	rootMemory  map[string]*backup.RootMemory
	backups     map[string]*tracked // by path
	running     processes
	power       *host.PowerMeter
	hunting     bool // the list of processes is being made
	finder      *host.Processes
	phones      phones
	apple       *host.Apple
	appleSays   backup.Apple
	appleAsking bool
	check       *checking // under way; nil: none
	requested   []*request
	recorder    *trace.Recorder
	access      access
	timer       *time.Timer
	wakeAt      time.Time
	lastWritten time.Time
	lastMetrics time.Time
	lastPrune   time.Time
	lastProcs   time.Time
	fingerprint string
}

// tracked is one backup folder and what is known of it.
type tracked struct {
	look     watch.Backup
	session  *backup.Session
	now      backup.Assessment
	run      string // phase, run and findings as last saved
	saved    time.Time
	unsaved  bool // the last attempt failed
	sampled  time.Time
	sample   control.Sample
	quiet    time.Time // since when nothing has changed in it, as this process saw
	last     string    // what quiet compares
	tried    time.Time // when a check was last begun,
	triedFor time.Time // and for which complete run
	closed   time.Time // since when it may not be read; zero: it may
}

// processes is one look at the backup programs that run.
type processes struct {
	list      []host.Process
	all       bool // every one could be seen
	onBattery backup.Tri
}

func newLoop(o Options, cfg config.Config, db *history.DB, trouble, socket string) (*loop, error) {
	policy, err := notify.PolicyOf(cfg)
	if err != nil {
		return nil, err
	}
	now := host.Now()
	l := &loop{
		opt: o, log: o.Log, db: db, socket: socket, started: now.T, configRead: now.T, cfg: cfg, trouble: trouble,
		looks: make(chan watch.Look, 1), procs: make(chan processes, 1), attach: make(chan phone.Snapshot, 1),
		answers: make(chan answer, 4), events: make(chan phoneEvent, 16), apples: make(chan backup.Apple, 1),
		checked: make(chan checked, 1), ask: make(chan func()),
		rootMemory: map[string]*backup.RootMemory{}, backups: map[string]*tracked{},
		finder: host.NewProcesses(), power: host.NewPowerMeter(), phones: newPhones(),
		desk: notify.NewDesk(notify.Options{History: db, Policy: policy, Channels: channels(cfg, o.Log), Pinger: pinger(cfg, o.Log), Log: o.Log, Now: now.T}),
	}
	l.apple = host.NewApple(host.AppleOptions{URL: cfg.AppleStatus.URL})
	l.access.load(db)
	if o.Record != nil {
		l.recorder = trace.NewRecorder(o.Record, rules(cfg), darwin, now)
	}
	return l, nil
}

// run is the one select.
func (l *loop) run(ctx context.Context, hup <-chan os.Signal) {
	l.timer = time.NewTimer(time.Hour)
	defer l.timer.Stop()
	l.running = l.findProcesses(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			l.reload()
		case look := <-l.looks:
			l.takeLook(look)
		case p := <-l.procs:
			l.running, l.hunting = p, false
		case s := <-l.attach:
			l.takeSnapshot(s)
		case a := <-l.answers:
			l.takeAnswer(a)
		case e := <-l.events:
			l.takeEvent(e)
		case a := <-l.apples:
			l.appleSays, l.appleAsking = a, false
		case c := <-l.checked:
			l.takeChecked(c)
		case f := <-l.ask:
			f()
			continue
		case <-l.timer.C:
		}
		l.step()
	}
}

// call runs f in the loop's goroutine; false when the loop does not answer.
func (l *loop) call(f func()) bool {
	done := make(chan struct{})
	select {
	case l.ask <- func() { f(); close(done) }:
		<-done
		return true
	case <-l.ctx.Done():
		return false
	}
}

// startWatcher makes the watcher of the present configuration.
func (l *loop) startWatcher() {
	ctx, stop := context.WithCancel(l.ctx)
	l.stopWatcher = stop
	w := watch.New(watch.Options{Roots: l.roots(), Active: l.cfg.Sampling.Active, Idle: l.cfg.Sampling.Idle,
		Events: l.opt.Events, Now: host.Now, Log: l.log, Known: l.knownRoots()})
	l.watcher = w
	l.beside(func() { w.Run(ctx) })
	l.beside(func() { relay(ctx, w.Looks(), l.looks) })
}

// relay hands values on, the newest alone where the receiver is late.
func relay[T any](ctx context.Context, from <-chan T, to chan T) {
	for {
		select {
		case <-ctx.Done():
			return
		case v, ok := <-from:
			if !ok {
				return
			}
			select {
			case <-to:
			default:
			}
			select {
			case to <- v:
			case <-ctx.Done():
				return
			}
		}
	}
}

const knownKey = "roots"

// step judges everything anew and acts on it.
func (l *loop) step() {
	now := host.Now()
	l.recoverHistory(now.T)
	l.observe(now)
	l.save(now, false)
	scene := l.scene(now)
	l.desk.Look(now.T, scene)
	l.watcher.SetActive(l.activePaths())
	l.askAround(now)
	l.planChecks(now)
	l.publish(now)
	l.plan(now)
}

// observe folds the newest facts into each session and asks for its judgement.
func (l *loop) observe(now backup.Moment) {
	for _, t := range l.sorted() {
		f := l.facts(t)
		t.session.Observe(now, f)
		t.now = t.session.Assess(now)
		l.noteClosed(t, now.T)
		l.noteFolder(t)
		if l.recorder != nil && !t.look.Archived {
			l.recorder.Record(now, t.session.Mark(), f)
		}
	}
}

// noteFolder adds to each finding where the backup lies, where the phone has
// another one: the two have the same name.
func (l *loop) noteFolder(t *tracked) {
	if !slices.ContainsFunc(l.sorted(), func(o *tracked) bool {
		return o != t && !o.look.Archived && fold(o.look.UDID) == fold(t.look.UDID)
	}) {
		return
	}
	for i := range t.now.Findings {
		f := &t.now.Findings[i]
		f.Evidence = append(slices.Clone(f.Evidence), backup.Evidence{Fact: words.FactFolder, Value: t.look.Path, Source: backup.FromFolder})
	}
}

// sorted are the tracked backups in a fixed order.
func (l *loop) sorted() []*tracked {
	out := make([]*tracked, 0, len(l.backups))
	for _, p := range slices.Sorted(maps.Keys(l.backups)) {
		out = append(out, l.backups[p])
	}
	return out
}

// facts puts together everything known of one backup.
func (l *loop) facts(t *tracked) backup.Facts {
	root, _ := l.root(t.look.Root)
	f := backup.Facts{Folder: t.look.Folder, Root: root, Darwin: darwin, MacOSVersion: host.MacOSVersion(), OnBattery: l.running.onBattery, Apple: l.appleSays}
	f.Phone = l.phones.of(t.look.UDID, l.cfg.Phone.Enabled)
	if !t.look.Archived {
		f.Writer = host.Match(l.running.list, l.running.all, host.Target{UDID: t.look.UDID, Path: t.look.Path,
			Attached: l.phones.attached(), Alone: l.alone(t)})
	}
	return f
}

// alone reports whether no other backup that could be written lies in the root.
func (l *loop) alone(t *tracked) bool {
	for _, o := range l.backups {
		if o != t && !o.look.Archived && o.look.Root == t.look.Root {
			return false
		}
	}
	return true
}

// activePaths are the backups with a run under way.
func (l *loop) activePaths() []string {
	var out []string
	for path, t := range l.backups {
		if !t.look.Archived && t.now.Phase.Active() {
			out = append(out, path)
		}
	}
	return out
}

// plan sets the timer to when something could next change by itself.
func (l *loop) plan(now backup.Moment) {
	wait := l.cfg.Sampling.Idle
	if len(l.activePaths()) > 0 {
		wait = min(l.cfg.Sampling.Active, 5*time.Second)
	}
	if len(l.phones.snapshot.Devices) > 0 {
		wait = min(wait, huntAttached) // a backup program may start at any moment
	}
	wait = max(min(wait, time.Minute), 100*time.Millisecond)
	for _, t := range l.backups {
		if n := t.now.Next; !n.IsZero() {
			wait = min(wait, max(n.Sub(now.T)+time.Millisecond, 20*time.Millisecond))
		}
	}
	if l.db.StandsIn() {
		wait = min(wait, recoverEvery)
	}
	if !l.wakeAt.IsZero() && l.wakeAt.After(now.T) {
		wait = min(wait, l.wakeAt.Sub(now.T))
	}
	l.timer.Reset(wait)
}

// reload takes over a changed configuration; a bad one is refused and the old
// one stays.
func (l *loop) reload() {
	cfg, _, err := config.Load(l.opt.Paths.Config, l.opt.Environ, l.opt.Flags)
	var policy notify.Policy
	if err == nil {
		policy, err = notify.PolicyOf(cfg)
	}
	if err != nil {
		l.configError = err.Error()
		l.log.Error("the new configuration is refused, the old one stays", "reason", err.Error())
		return
	}
	l.cfg, l.configError, l.configRead = cfg, "", time.Now()
	l.desk.Reload(policy, channels(cfg, l.log), pinger(cfg, l.log))
	l.apple = host.NewApple(host.AppleOptions{URL: cfg.AppleStatus.URL})
	l.stopWatcher()
	for _, t := range l.backups {
		t.session.SetRules(rules(cfg))
		t.session.Recounted()
	}
	l.startWatcher()
	l.stopMonitor()
	l.phones.forget()
	l.startMonitor()
	l.log.Info("configuration taken over", "roots", l.rootPaths())
}
