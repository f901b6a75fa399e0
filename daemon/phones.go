package daemon

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/host"
	"backupwatchdog/daemon/phone"
)

// observeAgain is how long to wait before a phone that would not be observed is
// tried again.
const observeAgain = 30 * time.Second

// phones is what is known of the phones at hand.
type phones struct {
	snapshot phone.Snapshot
	known    map[string]*knownPhone // by folded UDID
	schedule phone.Schedule
}

// knownPhone is one phone: what it said, and whether its notifications arrive.
type knownPhone struct {
	udid     string
	says     backup.Phone
	passcode backup.Tri
	stop     context.CancelFunc // ends the observer; nil: none
	observer int                // counts observers, to tell old news
	retry    time.Time
	device   int64
}

// answer is what a phone said when asked.
type answer struct {
	udid string
	says backup.Phone
	err  error
}

// phoneEvent is news from an observer: an event, or its beginning or end.
type phoneEvent struct {
	udid     string
	observer int
	event    phone.Event
	began    bool
	ended    bool
}

func newPhones() phones {
	return phones{snapshot: phone.Snapshot{State: "unknown"}, known: map[string]*knownPhone{}}
}

// fold writes a UDID as it is compared.
func fold(udid string) string { return strings.ToLower(strings.ReplaceAll(udid, "-", "")) }

func (p *phones) get(udid string) *knownPhone {
	k := p.known[fold(udid)]
	if k == nil {
		k = &knownPhone{udid: udid, says: phone.Unheard()}
		p.known[fold(udid)] = k
	}
	return k
}

// of returns what is known of the phone of a backup.
func (p *phones) of(udid string, enabled bool) backup.Phone {
	if !enabled {
		return phone.Unheard()
	}
	says := phone.Unheard()
	if k := p.known[fold(udid)]; k != nil {
		says = k.says
		says.Passcode = k.passcode
	}
	says.Link = p.snapshot.Link(udid)
	return says
}

// attached lists the phones at hand; nil when that is not known.
func (p *phones) attached() []string {
	if p.snapshot.State != phone.Connected {
		return nil
	}
	out := []string{}
	for _, d := range p.snapshot.Devices {
		out = append(out, d.UDID)
	}
	return out
}

// forget drops everything: the phones are not to be asked any more.
func (p *phones) forget() {
	for _, k := range p.known {
		if k.stop != nil {
			k.stop()
		}
	}
	*p = newPhones()
}

// startMonitor listens to usbmuxd, if that is wanted.
func (l *loop) startMonitor() {
	ctx, stop := context.WithCancel(l.ctx)
	l.stopMonitor = stop
	if !l.cfg.Phone.Enabled {
		l.phones.snapshot.State = "off"
		return
	}
	m := phone.NewMonitor(l.phoneOptions())
	l.beside(func() { m.Run(ctx) })
	l.beside(func() { relay(ctx, m.Changes(), l.attach) })
}

func (l *loop) phoneOptions() phone.Options { return phone.Options{Address: phone.Address(os.Getenv)} }

// takeSnapshot takes which phones are attached.
func (l *loop) takeSnapshot(s phone.Snapshot) {
	if !l.cfg.Phone.Enabled {
		return
	}
	l.phones.snapshot = s
	here := map[string]phone.Device{}
	for _, d := range s.Devices {
		here[fold(d.UDID)] = d
		l.phones.get(d.UDID)
	}
	for key, k := range l.phones.known {
		if d, ok := here[key]; !ok || d.DeviceID != k.device {
			if k.stop != nil {
				k.stop()
				k.stop = nil
			}
			k.passcode, k.retry = backup.Unknown, time.Time{}
			k.device = d.DeviceID
		}
	}
}

// askAround asks what is due: phones, the list of processes, Apple's page.
func (l *loop) askAround(now backup.Moment) {
	l.hunt(now)
	l.askApple(now)
	if !l.cfg.Phone.Enabled {
		return
	}
	for _, d := range l.phones.snapshot.Devices {
		l.observePhone(now.T, d)
		l.askPhone(now.T, d)
	}
}

// observePhone sees to it that the notifications of an attached phone arrive.
func (l *loop) observePhone(now time.Time, d phone.Device) {
	k := l.phones.get(d.UDID)
	if k.stop != nil || now.Before(k.retry) {
		return
	}
	ctx, stop := context.WithCancel(l.ctx)
	k.stop, k.device = stop, d.DeviceID
	k.observer++
	n, udid := k.observer, d.UDID
	client := phone.NewClient(l.phoneOptions())
	l.beside(func() {
		defer stop()
		send := func(e phoneEvent) bool {
			e.udid, e.observer = udid, n
			select {
			case l.events <- e:
				return true
			case <-l.ctx.Done():
				return false
			}
		}
		if ch, err := client.Observe(ctx, udid); err == nil && send(phoneEvent{began: true}) {
			for e := range ch {
				if !send(phoneEvent{event: e}) {
					break
				}
			}
		}
		send(phoneEvent{ended: true})
	})
}

// takeEvent takes news of an observer.
func (l *loop) takeEvent(e phoneEvent) {
	k := l.phones.get(e.udid)
	if k.observer != e.observer {
		return
	}
	switch {
	case e.began:
		k.passcode = backup.No
	case e.ended:
		k.passcode, k.stop, k.retry = backup.Unknown, nil, host.Now().T.Add(observeAgain)
	default:
		p := backup.Phone{Passcode: k.passcode}
		e.event.Apply(&p)
		k.passcode = p.Passcode
	}
}

// askPhone asks an attached phone when its turn has come.
func (l *loop) askPhone(now time.Time, d phone.Device) {
	sit := phone.Situation{UDID: d.UDID, Attached: d.Since, Phase: backup.Idle}
	for _, t := range l.backups {
		if phone.SameUDID(t.look.UDID, d.UDID) && !t.look.Archived {
			if !sit.Phase.Active() { // one phone may have backups in several folders
				sit.Phase = t.now.Phase
			}
			sit.Rests = sit.Rests || rests(t.now.Findings) && now.Sub(l.phones.get(d.UDID).says.Asked) > time.Hour
		}
	}
	if l.phones.schedule.Due(now, sit) == phone.NotNow {
		return
	}
	l.phones.schedule.Begin(now, sit)
	client, udid := phone.NewClient(l.phoneOptions()), d.UDID
	l.beside(func() {
		says, err := client.Ask(l.ctx, udid)
		select {
		case l.answers <- answer{udid, says, err}:
		case <-l.ctx.Done():
		}
	})
}

// rests reports whether a finding rests on what the phone once said.
func rests(fs []backup.Finding) bool {
	return slices.ContainsFunc(fs, func(f backup.Finding) bool {
		return f.Code == backup.PhoneDisagrees || f.Code == backup.ICloudOverdue || f.Code == backup.PhoneDiskFull
	})
}

// takeAnswer takes what a phone said. What it did not say this time, because it
// is locked, it said before: Asked tells how old that is.
func (l *loop) takeAnswer(a answer) {
	l.phones.schedule.Done()
	if a.err != nil {
		l.log.Debug("phone not asked", "phone", a.udid, "reason", a.err.Error())
		return
	}
	k := l.phones.get(a.udid)
	if a.says.Asked.IsZero() {
		if a.says.Name != "" {
			k.says.Name, k.says.ProductType, k.says.OSVersion = a.says.Name, a.says.ProductType, a.says.OSVersion
		}
		return
	}
	k.says = a.says
}

// How often the backup programs that run are listed. With no phone at hand and
// no run none can have begun that the folder would not tell of.
const (
	huntInRun    = 5 * time.Second
	huntAttached = 30 * time.Second
	huntAtRest   = 5 * time.Minute
)

// hunt lists the backup programs that run: often while that can tell something,
// rarely at rest.
func (l *loop) hunt(now backup.Moment) {
	every := huntAtRest
	switch {
	case len(l.activePaths()) > 0:
		every = min(l.cfg.Sampling.Active, huntInRun)
	case len(l.phones.snapshot.Devices) > 0:
		every = huntAttached
	}
	every = min(every, 10*l.cfg.Sampling.Idle)
	if l.hunting || now.T.Sub(l.lastProcs) < every-every/10 {
		return
	}
	l.hunting, l.lastProcs = true, now.T
	active := len(l.activePaths()) > 0
	l.beside(func() {
		p := l.findProcesses(l.ctx)
		if active {
			p.onBattery = l.power.Power(l.ctx, now.T).OnBattery
		}
		select {
		case l.procs <- p:
		case <-l.ctx.Done():
		}
	})
}

func (l *loop) findProcesses(ctx context.Context) processes {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	list, all := l.finder.Look(ctx)
	return processes{list: list, all: all}
}

// askApple asks Apple's page while an iCloud condition holds, and only then.
func (l *loop) askApple(now backup.Moment) {
	if !l.cfg.AppleStatus.Enabled || l.appleAsking {
		return
	}
	holds := false
	for _, t := range l.backups {
		for _, f := range slices.Concat(t.now.Findings, t.now.Hidden) {
			holds = holds || f.Code == backup.ICloudOverdue
		}
	}
	if !holds {
		l.appleSays = backup.Apple{}
		return
	}
	if now.T.Sub(l.appleSays.Asked) < 15*time.Minute {
		return
	}
	l.appleAsking = true
	apple := l.apple
	l.beside(func() {
		says := apple.Ask(l.ctx, now.T)
		says.Asked = now.T
		select {
		case l.apples <- says:
		case <-l.ctx.Done():
		}
	})
}
