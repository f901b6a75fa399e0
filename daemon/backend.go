package daemon

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/host"
	"backupwatchdog/daemon/notify"
	"backupwatchdog/daemon/verify"
)

// subscribers are the clients that want to hear of changes.
type subscribers struct {
	mu   sync.Mutex
	all  map[chan struct{}]bool
	last control.Status
}

// tell wakes everybody and keeps the status for a loop that is busy.
func (s *subscribers) tell(st control.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = st
	for ch := range s.all {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Subscribe implements control.Backend.
func (l *loop) Subscribe() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	l.subs.mu.Lock()
	defer l.subs.mu.Unlock()
	if l.subs.all == nil {
		l.subs.all = map[chan struct{}]bool{}
	}
	l.subs.all[ch] = true
	return ch, func() {
		l.subs.mu.Lock()
		defer l.subs.mu.Unlock()
		delete(l.subs.all, ch)
	}
}

// Status implements control.Backend.
func (l *loop) Status() control.Status {
	var st control.Status
	if l.call(func() { st = l.status(host.Now()) }) {
		return st
	}
	l.subs.mu.Lock()
	defer l.subs.mu.Unlock()
	return l.subs.last
}

// publish lets everybody know how things stand now, and writes down what is
// read when nobody answers.
func (l *loop) publish(now backup.Moment) {
	mark := l.mark()
	changed := mark != l.fingerprint
	l.fingerprint = mark
	if changed {
		l.wakeAt = now.T.Add(followUp)
	}
	for _, t := range l.sorted() {
		l.takeSample(t, now)
	}
	if changed || len(l.activePaths()) > 0 {
		l.subs.tell(l.status(now))
	}
	if changed || now.T.Sub(l.lastWritten) >= lastEvery && len(l.activePaths()) > 0 || now.T.Sub(l.lastWritten) >= 10*time.Minute {
		l.lastWritten = now.T
		if err := control.WriteLast(l.opt.Paths.State, l.status(now)); err != nil {
			l.log.Debug("the last status was not kept", "reason", err.Error())
		}
	}
	if file := l.cfg.Metrics.Textfile; file != "" && (changed || now.T.Sub(l.lastMetrics) >= metricsEvery) {
		l.lastMetrics = now.T
		if err := notify.WriteMetrics(file, notify.Metrics(l.status(now), l.desk.Tallies())); err != nil {
			l.log.Warn("metrics not written", "reason", err.Error())
		}
	}
	if now.T.Sub(l.lastPrune) >= pruneEvery {
		l.lastPrune = now.T
		if err := l.db.Prune(now.T); err != nil {
			l.log.Warn("history not pruned", "reason", err.Error())
		}
		if err := verify.PruneInventories(l.inventories(), now.T, nil); err != nil {
			l.log.Warn("inventories not pruned", "reason", err.Error())
		}
	}
}

// mark is what a client would want to hear of when it changes.
func (l *loop) mark() string {
	var b strings.Builder
	for _, t := range l.sorted() {
		b.WriteString(t.look.Path + " " + markOf(t) + " " + t.session.Check().At.String() + "\n")
	}
	for _, r := range l.look.Roots {
		fmt.Fprintln(&b, r.Path, r.Access, r.Volume, r.ReadOnly, r.Polling)
	}
	for _, d := range l.phones.snapshot.Devices {
		p := l.phones.get(d.UDID).says
		fmt.Fprintln(&b, d.UDID, d.Link, p.Name, p.OSVersion, p.Battery, p.Charging, p.LastLocalBackup, p.LastCloudBackup, p.CloudEnabled, p.WillEncrypt)
	}
	fmt.Fprintln(&b, l.phones.snapshot.State, l.phones.attached(), l.check != nil, l.configError, l.trouble)
	return b.String()
}

// takeSample keeps a point of the progress curve.
func (l *loop) takeSample(t *tracked, now backup.Moment) {
	r, ok := t.session.View(now)
	if !ok || !t.now.Phase.Active() || t.look.Archived {
		return
	}
	s := control.Sample{At: now.T, Phase: t.now.Phase, Bytes: r.Bytes, Files: r.Files}
	same := s.Phase == t.sample.Phase && s.Bytes == t.sample.Bytes && s.Files == t.sample.Files
	age := now.T.Sub(t.sampled)
	if age < sampleEvery && s.Phase == t.sample.Phase || same && age < time.Minute {
		return
	}
	t.sample, t.sampled = s, now.T
	if err := l.db.AddSample(t.look.UDID, t.look.Path, r.Started, s); err != nil {
		l.log.Debug("sample not recorded", "reason", err.Error())
	}
}

// status says how things stand.
func (l *loop) status(now backup.Moment) control.Status {
	st := control.Status{Schema: control.Schema, Daemon: l.daemonStatus(), Unseen: l.db.Unseen(20), Muted: l.db.Mutes(now.T)}
	for _, r := range l.look.Roots {
		st.Roots = append(st.Roots, rootStatus(r))
	}
	for _, d := range l.phones.snapshot.Devices {
		st.Phones = append(st.Phones, l.phoneStatus(d.UDID, d.Link))
	}
	for _, t := range l.sorted() {
		b := backupStatus(t, now)
		if l.check != nil && l.check.path == t.look.Path {
			b.Chain.Checking = ptr(float64(l.check.share.Load()) / 1000)
		}
		st.Backups = append(st.Backups, b)
	}
	for _, f := range l.rootFindings(now) {
		if !f.hidden {
			st.Findings = append(st.Findings, f.Finding)
		}
	}
	st.Findings = append(st.Findings, l.ownFindings()...)
	st.Acked = acked(st, l.db.Acked())
	return st
}

// acked are the keys of present findings that a person has acknowledged.
func acked(st control.Status, all map[string]time.Time) []string {
	var out []string
	note := func(fs []backup.Finding) {
		for _, f := range fs {
			if _, ok := all[f.Key]; ok {
				out = append(out, f.Key)
			}
		}
	}
	note(st.Findings)
	for _, b := range st.Backups {
		note(b.Findings)
	}
	return out
}

func (l *loop) daemonStatus() control.Daemon {
	d := control.Daemon{Version: l.opt.Version, PID: os.Getpid(), Started: l.started.UTC().Truncate(time.Second), Socket: l.socket, State: l.opt.Paths.State,
		Executable: l.access.exe, CodeHash: l.access.hash, Access: l.access.word(), AccessLost: l.access.lost,
		Config: l.opt.Paths.Config, ConfigError: l.configError, ConfigRead: at(l.configRead), Usbmuxd: l.phones.snapshot.State, History: "ok",
		LastNotice: at(l.desk.Health().LastDesktop)}
	if l.opt.Flags.File != "" {
		d.Config = l.opt.Flags.File
	} else if _, err := os.Stat(d.Config); err != nil {
		d.Config = ""
	}
	if l.trouble != "" {
		d.History = l.trouble
	}
	return d
}

func rootStatus(r backup.Root) control.Root {
	out := control.Root{Path: r.Path, Resolved: r.Resolved, Detail: r.Detail, State: "watching", Unwatched: r.Unwatched}
	if r.Resolved == "" {
		out.Resolved = r.Path
	}
	switch {
	case r.Access == backup.AccessDenied:
		out.State = "denied"
	case r.Access == backup.AccessAbsent || r.Volume == backup.VolumeMissing:
		out.State = "missing"
	case r.Access == backup.AccessUnknown:
		out.State = "unknown"
	case r.Polling:
		out.State, out.Detail = "polling", r.PollingWhy
	}
	if r.Free >= 0 && out.State != "missing" {
		out.FreeBytes = ptr(r.Free)
	}
	out.ReadOnly = truth(r.ReadOnly)
	return out
}

func (l *loop) phoneStatus(udid string, link backup.Link) control.Phone {
	says := l.phones.of(udid, true)
	p := control.Phone{UDID: udid, Connection: linkWord(link), Name: says.Name, OSVersion: says.OSVersion, Charging: truth(says.Charging),
		LastLocalBackup: at(says.LastLocalBackup), LastICloudBackup: at(says.LastCloudBackup), ICloudEnabled: truth(says.CloudEnabled), WillEncrypt: truth(says.WillEncrypt)}
	if says.Battery >= 0 {
		p.BatteryPercent = ptr(says.Battery)
	}
	return p
}

func linkWord(l backup.Link) string {
	switch l {
	case backup.LinkUSB:
		return "usb"
	case backup.LinkNetwork:
		return "network"
	}
	return ""
}

// deviceName is what a person calls the phone of a backup; "" unknown.
func deviceName(t *tracked) string {
	f := t.session.Facts()
	switch {
	case t.look.Folder.Info.Read && t.look.Folder.Info.Info.DeviceName != "":
		return t.look.Folder.Info.Info.DeviceName
	case t.look.Folder.Manifest.Presence == backup.Present && t.look.Folder.Manifest.Manifest.DeviceName != "":
		return t.look.Folder.Manifest.Manifest.DeviceName
	}
	return f.Phone.Name
}

func backupStatus(t *tracked, now backup.Moment) control.Backup {
	fo := t.look.Folder
	b := control.Backup{UDID: t.look.UDID, Path: t.look.Path, DeviceName: deviceName(t), Phase: t.now.Phase, Archived: t.look.Archived,
		LastComplete: at(t.session.LastComplete()), Findings: t.now.Findings}
	if fo.Info.Read {
		b.ProductType, b.OSVersion = fo.Info.Info.ProductType, fo.Info.Info.ProductVersion
	}
	if m := fo.Manifest; m.Presence == backup.Present {
		b.Encrypted = ptr(m.Manifest.IsEncrypted)
		b.OSVersion = first(m.Manifest.ProductVersion, b.OSVersion)
		b.ProductType = first(m.Manifest.ProductType, b.ProductType)
	}
	if fo.Status.Presence == backup.Present {
		b.ChainID = fo.Status.Status.UUID
	}
	if t.look.Archived {
		b.Phase, b.Findings = backup.Idle, nil
	} else if r, ok := t.session.View(now); ok {
		b.Run = runStatus(r)
	}
	b.Chain = chainStatus(t)
	return b
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func runStatus(r backup.RunView) *control.Run {
	out := &control.Run{Started: r.Started.UTC(), Ended: at(r.Ended), Kind: r.Kind, LastProgress: at(r.LastProgress), Writer: r.Writer, Connection: linkWord(r.Link)}
	if r.Bytes >= 0 {
		out.Bytes = ptr(r.Bytes)
	}
	if r.Files >= 0 {
		out.Files = ptr(r.Files)
	}
	if r.Rate >= 0 {
		out.Rate = ptr(r.Rate)
	}
	if r.Expected > 0 {
		out.Expected, out.AtMost = ptr(r.Expected), r.AtMost
	}
	if r.Left >= 0 {
		out.ETA = ptr(r.Left.Seconds())
	}
	if r.Limit > 0 {
		out.Silence, out.SilenceLimit = ptr(r.Silence.Seconds()), ptr(r.Limit.Seconds())
	}
	if r.Usual > 0 {
		out.UsualSilence = ptr(r.Usual.Seconds())
	}
	return out
}

func chainStatus(t *tracked) control.Chain {
	s, c := t.session, t.session.Check()
	out := control.Chain{Verdict: backup.Unchecked}
	fo := t.look.Folder
	switch {
	case !t.closed.IsZero(): // what was known before may not hold any more
		return out
	case s.CheckStands() && !t.look.Archived:
		out = control.Chain{Verdict: c.Verdict, Checked: at(c.At), Files: ptr(c.Files), Bytes: ptr(c.Bytes), Deep: c.Deep, Summary: c.Summary}
	case has(t.now.Findings, backup.ChainBroken):
		out.Verdict = backup.BrokenUp
	case fo.Index.Presence == backup.Present && fo.Status.Presence != backup.Present && t.now.Phase == backup.Idle:
		return out // it was finished once, and its Status.plist may be back in a moment
	case s.LastComplete().IsZero() || t.now.Phase == backup.Abandoned:
		out.Verdict = backup.Incomplete
	}
	if !t.look.Archived {
		out.Restorable = triWord(s.Restorable())
	}
	return out
}

// triWord is a truth as `check --json` has it.
func triWord(t backup.Tri) string {
	return map[backup.Tri]string{backup.Yes: "yes", backup.No: "no"}[t]
}

func has(fs []backup.Finding, c backup.Code) bool {
	return slices.ContainsFunc(fs, func(f backup.Finding) bool { return f.Code == c })
}

func ptr[T any](v T) *T { return &v }

// at is a time as JSON has it: UTC, whole seconds, null when unknown.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return ptr(t.UTC().Truncate(time.Second))
}

func truth(t backup.Tri) *bool {
	if t == backup.Unknown {
		return nil
	}
	return ptr(t == backup.Yes)
}

// History implements control.Backend.
func (l *loop) History(q control.HistoryQuery) (control.History, error) {
	return l.db.Past(q), nil
}

// Samples implements control.Backend.
func (l *loop) Samples(udid string, started time.Time) ([]control.Sample, error) {
	return l.db.Samples(udid, started), nil
}

// Ack implements control.Backend. The key may be the beginning or the end of
// one, as long as it means one alone.
func (l *loop) Ack(r control.AckRequest) error {
	key, err := l.key(r.Key)
	if err != nil {
		return err
	}
	if r.Undo {
		err = l.db.Unack(key)
	} else {
		err = l.db.Ack(key, time.Now())
	}
	l.call(l.step)
	return err
}

// key finds the finding that is meant.
func (l *loop) key(want string) (string, error) {
	all := map[string]bool{}
	l.call(func() {
		st := l.status(host.Now())
		for _, b := range st.Backups {
			for _, f := range b.Findings {
				all[f.Key] = true
			}
		}
		for _, f := range st.Findings {
			all[f.Key] = true
		}
		for _, k := range l.desk.Keys() {
			all[k] = true
		}
	})
	if all[want] {
		return want, nil
	}
	var hits []string
	for k := range all {
		if want != "" && (strings.HasPrefix(k, want) || strings.Contains(k, want)) {
			hits = append(hits, k)
		}
	}
	switch len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		return "", &control.Error{Status: 404, Message: fmt.Sprintf("no finding or notice has the key %q", want), Next: "`watchdogctl status --json` shows the keys"}
	}
	return "", &control.Error{Status: 409, Message: fmt.Sprintf("%q matches %d keys", want, len(hits)), Next: "give more of it; `watchdogctl status --json` shows the keys"}
}

// Mute implements control.Backend.
func (l *loop) Mute(r control.MuteRequest) error {
	if _, ok := backup.ConditionByCode(r.Code); !ok {
		return &control.Error{Status: 404, Message: fmt.Sprintf("%q is not a condition", r.Code), Next: "`watchdogctl explain` lists them"}
	}
	if r.Undo {
		return l.db.Unmute(r.UDID, r.Code)
	}
	m := control.Mute{UDID: r.UDID, Code: r.Code}
	if r.For > 0 {
		m.Until = ptr(time.Now().Add(time.Duration(r.For * float64(time.Second))))
	}
	return l.db.Mute(m)
}

// TestNotification implements control.Backend.
func (l *loop) TestNotification(ctx context.Context) []control.TestResult { return l.desk.Test(ctx) }
