// Package notify decides whether to speak to a person now, and speaks.
//
// The decision is a pure function, [Decide]: what holds now (a [Scene]), what
// was told before (a [Memory]) and the rules (a [Policy]) go in; a [Decision]
// for each trouble comes out, with the rule's name where it is silence. The
// [Desk] remembers between looks and across restarts: it writes a notice into
// the history as pending, hands it to the channels and records what became of
// it. So after a crash a notice may come once more; it is never lost, and never
// comes twice without a crash in between.
//
// A channel that took a notice does not know whether anybody saw it: a Mac
// hides banners silently (no permission, Focus) and reports success. "Sent" is
// therefore never "seen"; status shows what was not acknowledged.
//
// # The rules, by the reason they give
//
//	minimum         its severity is below what the person wants to hear of
//	acked           the person has seen it
//	muted           the person does not want to hear of it for this phone
//	already told    once is enough: information, and reminders that have a ladder of their own
//	repeat not due  told less than `repeat` ago
//	same trouble    the run's end only confirms what was told while it ran
//	quiet hours     held back until they end; critical ones and the passcode pass
//	daily cap       enough for one day; critical ones pass up to three times as many
//	retry not due   every channel failed a short while ago
//	told with another  one follow-up closes several notices about one backup
//
// Good news follows only a notice that was sent: "cleared" when data flows
// again or the trouble is over, "verified" when the run that was in doubt has
// finished and its chain was checked. It carries the notice's code, counts as
// information and ignores the minimum and the cap.
package notify

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
)

// Event is why a notice is written.
type Event string

const (
	Raised   Event = "raised"   // a trouble came up, or became worse
	Repeated Event = "repeated" // it still holds
	Cleared  Event = "cleared"  // it is over: the backup goes on, the drive is back
	Verified Event = "verified" // the backup finished and was checked
	Assured  Event = "assured"  // nothing is wrong: the weekly word
)

// Item is one condition that holds now.
type Item struct {
	UDID   string // "" for a condition of no single backup
	Device string // the device's name, or what stands for it; "" unknown
	RunID  string // names the run it is about; "" for none
	// Hidden: a cause that holds as well explains it. It is not told, and it is
	// not over either.
	Hidden  bool
	Finding backup.Finding
}

// State is where one backup stands: what "it goes on again" rests on.
type State struct {
	UDID, Device, RunID string
	Folder              string // as of backup.Mark; "": it is the phone's only one
	Phase               backup.Phase
	LastProgress        time.Time          // of this run; zero where there was none
	Completed           time.Time          // when the last complete run ended; zero never
	Check               backup.CheckResult // the newest check of the chain; zero never
}

// Scene is everything at one moment.
type Scene struct {
	Items   []Item
	Backups []State
}

// folderOf is the backup folder that a finding's key names, as of backup.Mark.
// It is the UDID where the key names none, and "" for what is of no backup.
func folderOf(udid, key string) string {
	if mark, _, _ := strings.Cut(key, "/"); udid != "" && strings.HasPrefix(mark, udid+"@") {
		return mark
	}
	return udid
}

func (it Item) folder() string { return folderOf(it.UDID, it.Finding.Key) }

func (b State) folder() string { return cmp.Or(b.Folder, b.UDID) }

// state finds where a backup stands. Two folders of one phone are two
// backups: what happens to one is no news of the other.
func (s Scene) state(folder string) (State, bool) {
	for _, b := range s.Backups {
		if b.folder() == folder {
			return b, true
		}
	}
	return State{}, false
}

// holds reports whether the trouble of this key, or the same condition of the
// same backup in another occurrence, is there, hidden or not.
func (s Scene) holds(key string, t Told) bool {
	for _, it := range s.Items {
		if it.Finding.Key == key || (it.Finding.Code == t.Code && it.folder() == t.Folder && t.UDID != "") {
			return true
		}
	}
	return false
}

// Policy is what the person wants. The zero Policy tells everything once, at
// any hour and without a cap.
type Policy struct {
	Minimum  backup.Severity
	Repeat   time.Duration  // 0: never again
	DailyCap int            // raised and repeated notices a day; 0: no cap
	Quiet    Quiet          // the zero Quiet is never
	Zone     *time.Location // of quiet hours and of "today"; nil is the computer's
	// Checks says that finished chains are checked by themselves: good news
	// about the end of a run then waits for the check.
	Checks bool
	Weekly bool // a quiet word that all is well
}

// PolicyOf reads the rules from a configuration.
func PolicyOf(c config.Config) (Policy, error) {
	p := Policy{Repeat: c.Notify.Repeat, DailyCap: c.Notify.DailyCap, Checks: c.Verify.AfterBackup, Weekly: c.Notify.Weekly}
	if err := p.Minimum.UnmarshalText([]byte(c.Notify.Minimum)); err != nil {
		return p, fmt.Errorf("notify.minimum: %w", err)
	}
	var err error
	if p.Quiet.From, p.Quiet.To, _, err = config.ParseQuiet(c.Notify.Quiet); err != nil {
		return p, fmt.Errorf("notify.quiet: %w", err)
	}
	return p, nil
}

func (p Policy) local(t time.Time) time.Time {
	if p.Zone == nil {
		return t.Local()
	}
	return t.In(p.Zone)
}

// Quiet is a stretch of every day, by the clock on the wall. It may pass
// midnight. From equal to To is never.
type Quiet struct{ From, To int } // minutes since midnight

// Holds reports whether t, a local time, lies in the quiet hours.
func (q Quiet) Holds(t time.Time) bool {
	at := 60*t.Hour() + t.Minute()
	if q.From <= q.To {
		return at >= q.From && at < q.To
	}
	return at >= q.From || at < q.To
}

// muted reports whether the person does not want to hear of this.
func muted(mutes []control.Mute, udid string, code backup.Code, now time.Time) bool {
	for _, m := range mutes {
		if m.UDID == udid && m.Code == code && (m.Until == nil || now.Before(*m.Until)) {
			return true
		}
	}
	return false
}
