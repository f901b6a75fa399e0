package daemon

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

	// mine
	cfg         config.Config
	configError string
	trouble     string // of the history
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
		opt: o, log: o.Log, db: db, socket: socket, started: now.T, cfg: cfg, trouble: trouble,
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

// roots are the watched folders.
func (l *loop) roots() []watch.Root { return rootsOf(l.cfg, l.opt.Paths) }

func rootsOf(c config.Config, p config.Paths) []watch.Root {
	if len(c.Roots) == 0 {
		return []watch.Root{{Path: p.Root, Default: true}}
	}
	var out []watch.Root
	for _, r := range c.Roots {
		out = append(out, watch.Root{Path: r, Default: filepath.Clean(r) == p.Root})
	}
	return out
}

func (l *loop) rootPaths() []string {
	var out []string
	for _, r := range l.roots() {
		out = append(out, r.Path)
	}
	return out
}

const knownKey = "roots"

// knownRoots is where the roots lay when an earlier process last saw them.
func (l *loop) knownRoots() map[string]watch.Identity {
	known := map[string]watch.Identity{}
	if b, ok := l.db.Get(knownKey); ok && json.Unmarshal(b, &known) != nil {
		return nil
	}
	return known
}

// takeLook takes one look at everything.
func (l *loop) takeLook(look watch.Look) {
	if !maps.Equal(look.Identities, l.look.Identities) {
		if b, err := json.Marshal(look.Identities); err == nil {
			l.db.Put(knownKey, b)
		}
	}
	l.look = look
	l.access.see(look.Roots, l.db, l.log)
	seen := map[string]bool{}
	for _, b := range look.Backups {
		seen[b.Path] = true
		t := l.backups[b.Path]
		if t == nil {
			t = l.track(look.At, b)
		}
		t.look = b
		t.noteQuiet(look.At.T)
	}
	for path, t := range l.backups {
		if !seen[path] && l.mayBeGone(t) {
			l.drop(look.At, path, t)
		}
	}
}

// noteQuiet notes whether anything has changed in the folder.
func (t *tracked) noteQuiet(now time.Time) {
	f := t.look.Folder
	mark, _ := json.Marshal([]any{f.Files, f.Bytes, f.Moved, f.Newest, f.Status.ModTime, f.Info.ModTime, f.Info.Size, f.Index.ModTime, f.Index.Size, f.Snapshot})
	if string(mark) != t.last {
		t.last, t.quiet = string(mark), now
	}
}

// mayBeGone reports whether a backup that was not seen is really gone: its root
// was listed, and is the one it lay in.
func (l *loop) mayBeGone(t *tracked) bool {
	r, ok := l.root(t.look.Root)
	if r.Volume == backup.VolumeReplaced {
		return false
	}
	return !ok || r.Access == backup.AccessGranted || r.Access == backup.AccessAbsent && r.Volume != backup.VolumeMissing
}

// root returns the facts of a watched root.
func (l *loop) root(path string) (backup.Root, bool) {
	for _, r := range l.look.Roots {
		if r.Path == path {
			return r, true
		}
	}
	return backup.Root{Path: path, Free: -1}, false
}

func sessionKey(path string) string { return "session " + path }

// saved is a session as it is kept.
type saved struct {
	Boot   string          `json:"boot"`
	Memory json.RawMessage `json:"memory"`
}

// track begins, or goes on with, the session of a folder.
func (l *loop) track(now backup.Moment, b watch.Backup) *tracked {
	past := l.db.Runs(b.UDID, time.Time{}, 100)
	t := &tracked{look: b, session: backup.NewSession(b.UDID, b.Path, rules(l.cfg), past), quiet: now.T}
	l.backups[b.Path] = t
	if raw, ok := l.db.Get(sessionKey(b.Path)); ok {
		var s saved
		err := json.Unmarshal(raw, &s)
		if err == nil {
			err = t.session.Restore(s.Memory, s.Boot == host.BootID(), now)
		}
		if err != nil {
			l.log.Warn("saved state not used", "backup", b.UDID, "reason", err.Error())
		}
	}
	if c, ok := l.db.LastCheck(b.UDID); ok && !b.Archived {
		t.session.SetCheck(c)
	}
	l.closeLostRuns(t, past)
	return t
}

// closeLostRuns marks runs that an earlier process left running and that are
// not this session's.
func (l *loop) closeLostRuns(t *tracked, past []backup.PastRun) {
	cur, ok := t.session.Current()
	for _, p := range past {
		if p.Outcome == backup.OutcomeRunning && !(ok && p.Started.Equal(cur.Started)) {
			p.Outcome = backup.OutcomeUnknown
			l.db.SaveRun(p)
		}
	}
}

// drop forgets a folder that is gone: set aside, moved or deleted.
func (l *loop) drop(now backup.Moment, path string, t *tracked) {
	t.session.Retired(now)
	if cur, ok := t.session.Current(); ok && !t.look.Archived {
		l.db.SaveRun(cur)
	}
	l.db.Delete(sessionKey(path))
	delete(l.backups, path)
	l.log.Info("backup folder gone", "backup", t.look.UDID, "path", path)
}

// step judges everything anew and acts on it.
func (l *loop) step() {
	now := host.Now()
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
		if l.recorder != nil && !t.look.Archived {
			l.recorder.Record(now, t.look.UDID, f)
		}
	}
}

// noteClosed adds that one backup folder may not be read although its root may:
// the watchdog must not call that "no backup".
func (l *loop) noteClosed(t *tracked, now time.Time) {
	fo := t.look.Folder
	if fo.Status.Presence != backup.Denied || fo.Manifest.Presence != backup.Denied || fo.Index.Presence != backup.Denied {
		t.closed = time.Time{}
		return
	}
	if t.closed.IsZero() {
		t.closed = now
	}
	t.now.Findings = append([]backup.Finding{backup.NewFinding(backup.NoAccess, backup.Critical,
		"The folder of this backup may not be read, so nothing can be said of it.", t.closed, t.look.UDID+"/-/no-access/1",
		backup.AdviceFor(backup.GrantFullDiskAccess, t.look.UDID, darwin, ""),
		backup.Evidence{Fact: t.look.Path, Value: fo.Status.Detail, Source: backup.FromFolder})}, t.now.Findings...)
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

// save keeps what a restart must not lose: at once when a run or a finding
// came or went, before anybody is told; else now and then.
func (l *loop) save(now backup.Moment, all bool) {
	for path, t := range l.backups {
		if t.look.Archived {
			continue
		}
		mark := markOf(t)
		changed := mark != t.run
		if !changed && !all && !(t.now.Phase.Active() && now.T.Sub(t.saved) >= saveEvery) {
			continue
		}
		if ago := now.T.Sub(t.saved); t.unsaved && !all && ago >= 0 && ago < saveAgain {
			continue
		}
		err := l.saveOne(path, t, changed)
		if t.saved = now.T; err == nil {
			t.run = mark
		} else if !t.unsaved {
			l.log.Warn("history not written", "reason", err.Error())
		}
		t.unsaved = err != nil
	}
}

// saveOne keeps one backup's runs and its session. Where that fails the
// database says so itself, in a finding, for as long as it lasts.
func (l *loop) saveOne(path string, t *tracked, changed bool) error {
	if err := l.saveRun(t, changed); err != nil {
		return err
	}
	raw, err := json.Marshal(saved{Boot: host.BootID(), Memory: t.session.Save()})
	if err != nil {
		return err
	}
	return l.db.Put(sessionKey(path), raw)
}

// markOf is what must be saved at once when it changes.
func markOf(t *tracked) string {
	var b strings.Builder
	b.WriteString(string(t.now.Phase) + " " + trace.RunID(t.session))
	for _, list := range [][]backup.Finding{t.now.Findings, t.now.Hidden} {
		for _, f := range list {
			b.WriteString(" " + f.Key + f.Severity.String())
		}
	}
	return b.String()
}

// saveRun keeps the run under way and the ones that ended since, of which there
// are two when a run began before its forerunner was known to be over.
func (l *loop) saveRun(t *tracked, changed bool) error {
	var runs []backup.PastRun
	if past := t.session.Past(); len(past) > 0 && changed {
		runs = past[max(0, len(past)-2):]
	}
	if cur, ok := t.session.Current(); ok && cur.Outcome == backup.OutcomeRunning {
		runs = append(slices.Clone(runs), cur)
	}
	for _, r := range runs {
		if err := l.db.SaveRun(r); err != nil {
			return err
		}
	}
	return nil
}

// scene is what holds now, as the decision to speak takes it.
func (l *loop) scene(now backup.Moment) notify.Scene {
	var s notify.Scene
	for _, t := range l.sorted() {
		if t.look.Archived {
			continue
		}
		s.Backups = append(s.Backups, l.state(t, now))
		item := notify.Item{UDID: t.look.UDID, Device: deviceName(t), RunID: trace.RunID(t.session)}
		s.Items = append(s.Items, items(item, t.now.Findings, t.now.Hidden)...)
	}
	for _, f := range l.rootFindings(now) {
		s.Items = append(s.Items, notify.Item{Finding: f.Finding, Hidden: f.hidden})
	}
	for _, f := range l.ownFindings(now) {
		s.Items = append(s.Items, notify.Item{Finding: f})
	}
	return s
}

func items(as notify.Item, shown, hidden []backup.Finding) []notify.Item {
	var out []notify.Item
	for _, f := range shown {
		as.Finding, as.Hidden = f, false
		out = append(out, as)
	}
	for _, f := range hidden {
		as.Finding, as.Hidden = f, true
		out = append(out, as)
	}
	return out
}

func (l *loop) state(t *tracked, now backup.Moment) notify.State {
	s := notify.State{UDID: t.look.UDID, Device: deviceName(t), RunID: trace.RunID(t.session), Phase: t.now.Phase, Completed: t.session.LastComplete()}
	if r, ok := t.session.View(now); ok {
		s.LastProgress = r.LastProgress
	}
	if t.session.CheckCounts() {
		s.Check = t.session.Check()
	}
	return s
}

// rootFinding is a finding about a watched folder as a whole.
type rootFinding struct {
	backup.Finding
	hidden bool
}

func (l *loop) rootFindings(now backup.Moment) []rootFinding {
	var out []rootFinding
	for _, r := range l.look.Roots {
		m := l.rootMemory[r.Path]
		if m == nil {
			m = l.loadRootMemory(r.Path)
		}
		shown, hidden := backup.JudgeRoot(m, r, darwin, now.T)
		l.keepRootMemory(r.Path, m)
		for _, f := range shown {
			out = append(out, rootFinding{l.access.explain(f, l.log), false})
		}
		for _, f := range hidden {
			out = append(out, rootFinding{f, true})
		}
	}
	return out
}

func (l *loop) loadRootMemory(path string) *backup.RootMemory {
	m := &backup.RootMemory{}
	if raw, ok := l.db.Get("root " + path); ok && json.Unmarshal(raw, m) != nil {
		*m = backup.RootMemory{}
	}
	l.rootMemory[path] = m
	return m
}

// keepRootMemory writes the memory of a root when it has changed.
func (l *loop) keepRootMemory(path string, m *backup.RootMemory) {
	raw, err := json.Marshal(m)
	if err != nil {
		return
	}
	if old, ok := l.db.Get("root " + path); !ok || string(old) != string(raw) {
		l.db.Put("root "+path, raw)
	}
}

// ownFindings are about the watchdog itself.
func (l *loop) ownFindings(backup.Moment) []backup.Finding {
	var out []backup.Finding
	if h := l.desk.Health(); h.Failing > 0 {
		out = append(out, backup.NewFinding(backup.NoticesUndelivered, backup.Warning,
			"The last notice could not be delivered on any channel.", h.Since, "watchdog/-/notices-undelivered/"+h.Since.UTC().Format("20060102T150405"),
			backup.AdviceFor(backup.AllowNotifications, "", darwin, ""),
			backup.Evidence{Fact: "Reason", Value: h.Reason, Source: backup.FromMac}))
	}
	trouble := l.trouble
	if err := l.db.Err(); err != nil && trouble == "" {
		trouble = "The history cannot be written: " + err.Error() + "."
	}
	if trouble != "" {
		out = append(out, backup.NewFinding(backup.HistoryUnavailable, backup.Warning, trouble, l.started,
			"watchdog/-/history-unavailable/"+l.started.UTC().Format("20060102T150405"), backup.AdviceFor(backup.CheckStorage, "", darwin, ""),
			backup.Evidence{Fact: "Database", Value: filepath.Join(l.opt.Paths.State, "history.db"), Source: backup.FromMac}))
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
	l.cfg, l.configError = cfg, ""
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
