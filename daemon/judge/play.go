package judge

import (
	"math/rand/v2"
	"slices"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/trace"
	"backupwatchdog/plist"
)

// Fault is what goes wrong in a run. The zero Fault is a healthy run.
type Fault string

const (
	Healthy          Fault = "healthy"
	StallPreparing   Fault = "stall while preparing"
	StallTransfer    Fault = "stall while transferring"
	StallFinishing   Fault = "stall while finishing"
	Trickle          Fault = "trickle"
	Unplugged        Fault = "unplugged"
	PasscodeNever    Fault = "passcode never entered"
	DiskFull         Fault = "disk full"
	WriterKilled     Fault = "writer killed"
	WiFiFlaps        Fault = "Wi-Fi flaps over three runs"
	DamageAfterwards Fault = "damage after finished"
)

// Faults are all of them, equally often.
var Faults = []Fault{StallPreparing, StallTransfer, StallFinishing, Trickle, Unplugged, PasscodeNever, DiskFull, WriterKilled, WiFiFlaps, DamageAfterwards}

// Result is what the judgement did in one run.
type Result struct {
	Fault Fault
	// False are notices of warning or worse before the fault, or in a healthy run.
	False []trace.Event
	// First is the first one after the fault; nil: missed.
	First *trace.Event
	// Delay is from the fault (for a silence: from the last payload) to First, seconds.
	Delay float64
	// Shown is from the fault to the first finding of any severity, seconds; -1 none.
	Shown float64
	// Right says that First's fix is the right one; Evidence that there was
	// anything to tell it from.
	Right, Evidence bool
	// Destructive: the first fix gives up the chain and does not begin by setting it aside.
	Destructive bool
	Network     bool
	Heard       bool // it was known how the phone is attached
}

// play is one run being played.
type play struct {
	home
	p     *trace.Player
	t     float64 // now
	base  float64 // when the run began
	files int64
	bytes float64
	fault Fault
	// struck is when the fault began; negative: not yet.
	struck  float64
	over    bool // the notice has come: nothing more is of interest
	sheetUp bool
	res     Result
	asleep  [2]float64 // when to sleep, for how long
}

// Play plays one run of the world, drawn from its seed and number.
func (of World) Play(number uint64, f Fault) Result {
	h := of.newHome(rand.New(rand.NewPCG(of.Seed, number)))
	if f == WiFiFlaps {
		h.network, h.rate = true, 1e6*h.between(2, 15)
	}
	w := &play{home: h, fault: f, struck: -1, asleep: [2]float64{-1, 0}}
	w.res = Result{Fault: f, Shown: -1, Network: h.network, Heard: h.heard}
	w.p = trace.NewPlayer(backup.DefaultRules(), "linux", w.event)
	w.p.Backup("A", h.past(trace.Zero))
	w.begin()
	w.run()
	if f == WiFiFlaps {
		for i := 0; i < 2; i++ {
			w.t += w.between(3600, 86400)
			w.over, w.struck, w.res.First, w.res.False = false, -1, nil, nil
			w.run()
		}
	}
	if f == Healthy || f == DamageAfterwards {
		w.rest()
	}
	w.verdict()
	return w.res
}

// event takes note of what the judgement does.
func (w *play) event(e trace.Event) {
	if w.struck >= 0 && w.res.Shown < 0 && (e.Event == "appeared" || e.Event == "changed") && e.Code != backup.NotEncrypted {
		w.res.Shown = e.T - w.struck
	}
	if e.Event != "notice" || e.Severity < backup.Warning {
		return
	}
	if w.struck < 0 {
		if e.Code == backup.WaitingForPasscode && w.sheetUp {
			return // true while the sheet is up
		}
		w.res.False = append(w.res.False, e)
		return
	}
	if w.res.First == nil {
		first := e
		w.res.First, w.res.Delay, w.over = &first, e.T-w.struck, true
	}
}

// look gives the player new facts at w.t.
func (w *play) look(change func(f *backup.Facts)) { w.p.Look("A", w.t, 0, change) }

// pass lets d seconds pass, part of which the computer may sleep.
func (w *play) pass(d float64) {
	if w.asleep[0] >= 0 && w.t+d >= w.asleep[0] {
		before := max(0, w.asleep[0]-w.t)
		long := w.asleep[1]
		w.asleep[0] = -1
		w.t += before + long
		w.p.Look("A", w.t, long, func(*backup.Facts) {})
		d -= before
		w.t += 20 // waking
	}
	w.t += max(0, d)
}

// begin is the state before the run.
func (w *play) begin() {
	w.look(func(f *backup.Facts) {
		f.Phone.Link, f.Root.Free = w.link(), int64(2*w.size+200e9)
		if w.askable {
			f.Phone.Passcode = backup.No
		}
		if w.seen {
			f.Writer.State = backup.WriterGone
		}
		f.Folder.Snapshot, f.Folder.Files, f.Folder.Bytes = backup.No, 0, 0
		if w.earlier == 0 {
			return // there is no folder yet
		}
		state(f, "finished")
		f.Folder.Index.Presence, f.Folder.Info.Presence = backup.Present, backup.Present
		f.Folder.Index.ModTime = trace.Zero
	})
	w.t += 60
}

func state(f *backup.Facts, s string) {
	old := f.Folder.Status.Status.BackupState
	f.Folder.Status.Presence = backup.Present
	f.Folder.Status.Status = plist.Status{SnapshotState: s, BackupState: "new", UUID: "C1"}
	if s == "uploading" && old != "new" {
		f.Folder.Status.Status.BackupState, f.Folder.Status.Status.IsFullBackup = "empty", true
	}
}

// run plays one run, healthy but for the fault.
func (w *play) run() {
	w.base = w.t
	if w.seen {
		w.look(func(f *backup.Facts) {
			f.Writer = backup.Writer{State: backup.WriterAlive, PID: 100 + int(w.t)}
			f.Phone.Link = w.link()
		})
	} else { // what cannot be seen is no program of Apple's; those write Info.plist first
		w.look(func(f *backup.Facts) {
			if f.Folder.Status.Presence == backup.NotLooked {
				f.Folder.Status.Presence, f.Folder.Index.Presence = backup.Missing, backup.Missing
			}
		})
		w.info(backup.Present)
	}
	transfer := w.size / w.rate
	if at, long := w.sleep(); long > 0 && w.fault != WiFiFlaps {
		w.asleep = [2]float64{w.t + at*(transfer+120), long}
	}
	for _, phase := range []func(float64){w.prepare, w.transfer, w.moving, w.settle} {
		if phase(transfer); w.struck >= 0 {
			return
		}
	}
}

// strike begins the fault now, and lets time pass until it is noticed. A
// computer that is stuck in a fault is not put to sleep as well.
func (w *play) strike(change func(f *backup.Facts)) {
	w.asleep[0] = -1
	w.struck = w.t
	if change != nil {
		w.look(change)
	}
}

// wait lets time pass until the notice has come, at most two days.
func (w *play) wait() {
	for end := w.t + 172800; !w.over && w.t < end; {
		w.t += 600
		w.p.End(w.t)
	}
}

func (w *play) prepare(float64) {
	if up := w.sheet(); up > 0 || w.fault == PasscodeNever {
		w.sheetUp = true
		if w.askable {
			w.look(func(f *backup.Facts) { f.Phone.Passcode = backup.Yes })
		}
		if w.fault == PasscodeNever {
			w.passcodeNever()
			return
		}
		w.pass(up)
		if w.askable {
			w.look(func(f *backup.Facts) { f.Phone.Passcode = backup.No })
		}
		w.sheetUp = false
	}
	if w.fault == StallPreparing {
		w.strike(nil)
		w.wait()
		return
	}
	w.pass(w.scan())
}

// passcodeNever: the phone waits half an hour, then the program gives up.
func (w *play) passcodeNever() {
	w.strike(nil)
	w.t += 1800
	w.p.End(w.t)
	w.look(func(f *backup.Facts) {
		f.Phone.Passcode = backup.No
		if !w.askable {
			f.Phone.Passcode = backup.Unknown
		}
		if w.seen {
			f.Writer.State = backup.WriterGone
		}
	})
	w.wait()
}

func (w *play) transfer(transfer float64) {
	w.look(func(f *backup.Facts) {
		state(f, "uploading")
		f.Folder.Snapshot = backup.Yes
	})
	at := w.faultAt(transfer)
	done := 0.0
	for _, p := range append(w.pauses(transfer), [2]float64{transfer, 0}) {
		for done < p[0] {
			step := min(30, p[0]-done)
			if at >= 0 && done+step >= at {
				w.flow(at - done)
				w.midway()
				return
			}
			w.flow(step)
			done += step
		}
		w.pass(p[1])
	}
}

// faultAt is after how many seconds of transfer the fault strikes; -1 not there.
func (w *play) faultAt(transfer float64) float64 {
	if slices.Contains([]Fault{StallTransfer, Trickle, Unplugged, DiskFull, WriterKilled, WiFiFlaps}, w.fault) {
		return transfer * w.between(0.1, 0.9)
	}
	return -1
}

// flow lets files arrive for d seconds.
func (w *play) flow(d float64) {
	w.pass(d)
	w.bytes += d * w.rate
	w.files += int64(d/2) + 1
	w.look(func(f *backup.Facts) { f.Folder.Files, f.Folder.Bytes = w.files, int64(w.bytes) })
}

// midway is where the faults of a transfer strike.
func (w *play) midway() {
	switch w.fault {
	case StallTransfer:
		w.strike(nil)
	case Trickle:
		w.strike(nil)
		for end := w.t + 7200; !w.over && w.t < end; {
			w.t += 33
			w.bytes += 32768
			w.look(func(f *backup.Facts) { f.Folder.Bytes = int64(w.bytes) })
		}
	case Unplugged, WiFiFlaps:
		w.strike(func(f *backup.Facts) {
			if w.heard {
				f.Phone.Link = backup.LinkGone
			}
		})
		w.t += 2
		w.ends()
	case DiskFull:
		w.strike(func(f *backup.Facts) { f.Root.Free = 4 << 20 })
	case WriterKilled:
		w.strike(nil)
		w.ends()
	}
	w.wait()
	w.look(func(f *backup.Facts) {
		f.Phone.Link = w.link()
		if w.seen {
			f.Writer.State = backup.WriterGone
		}
	})
}

// ends lets the program end, where it can be seen.
func (w *play) ends() {
	w.look(func(f *backup.Facts) {
		if w.seen {
			f.Writer.State = backup.WriterGone
		}
	})
}

func (w *play) moving(float64) {
	w.look(func(f *backup.Facts) { state(f, "moving") })
	if w.fault == StallFinishing {
		w.strike(nil)
		w.wait()
		return
	}
	w.pass(w.finish())
	w.look(func(f *backup.Facts) {
		state(f, "finished")
		f.Folder.Snapshot = backup.No
		f.Folder.Index.Presence = backup.Present
		f.Folder.Index.ModTime = trace.Zero.Add(secs(w.t))
	})
}

func (w *play) settle(float64) {
	w.pass(w.lastCheck())
	w.pass(w.tail())
	w.info(backup.Empty)
	w.t += 3
	w.info(backup.Present)
	w.ends()
}

func (w *play) info(p backup.Presence) {
	w.look(func(f *backup.Facts) {
		f.Folder.Info.Presence = p
		f.Folder.Info.ModTime = trace.Zero.Add(secs(w.t))
	})
}

// rest is what follows a finished run: an hour of quiet, and the damage.
func (w *play) rest() {
	if w.struck >= 0 {
		return
	}
	w.t += 3600
	w.p.End(w.t)
	if w.fault != DamageAfterwards {
		return
	}
	if w.rng.IntN(2) == 0 {
		w.strike(func(f *backup.Facts) { f.Folder.Index.Presence = backup.Broken })
	} else {
		w.strike(nil)
		w.p.Session("A").SetCheck(backup.CheckResult{At: trace.Zero.Add(secs(w.t)), Verdict: backup.BrokenUp, ChainID: "C1",
			Files: 1000, Missing: int64(1 + w.rng.IntN(50)), Confidence: backup.High})
		w.look(func(*backup.Facts) {})
	}
	w.wait()
}
