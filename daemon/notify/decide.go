package notify

import (
	"maps"
	"slices"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
)

// Decision is what to do about one trouble at one moment.
type Decision struct {
	Event  Event
	Item   Item // for good news: made from what was told
	Speak  bool
	Reason string // the rule that keeps silent; "" when speaking
	// Closes: the notice is done with, also when this decision is silent.
	Closes bool
}

const (
	// staysAway is how long a trouble must be gone before that is told: what
	// flickers is not over.
	staysAway = 10 * time.Second
	// checkWait is how long good news about a finished run waits for its check.
	checkWait = 2 * time.Hour
	// hardCap times the daily cap is where even critical notices stop.
	hardCap = 3
	// retryFirst doubles with each failure up to retryMost.
	retryFirst, retryMost = 10 * time.Minute, 6 * time.Hour
)

// Decide says for every trouble of the scene, and for every notice that good
// news may follow, whether to speak now. It changes nothing: what is carried
// out goes into the memory with [Memory.Record]. Worst first.
func Decide(p Policy, m Memory, now time.Time, s Scene) []Decision {
	var out []Decision
	today := m.Today
	before := m.Told
	m.Told = maps.Clone(m.Told) // what is told in this very step counts for the rest of it
	for _, it := range worstFirst(s.Items) {
		if it.Hidden {
			continue
		}
		d := Decision{Item: it}
		d.Event, d.Reason = judge(p, m, now, it)
		if d.Reason == "" && capped(p, it.Finding.Severity, today) {
			d.Reason = words.RuleCap
		}
		if d.Speak = d.Reason == ""; d.Speak {
			today++
			m.Record(now, d)
		}
		out = append(out, d)
	}
	m.Told = before
	out = append(out, goodNews(p, m, now, s)...)
	if d, due := assurance(p, m, now, s); due {
		out = append(out, d)
	}
	return out
}

// worstFirst orders by severity, and leaves the order within one as it is.
func worstFirst(items []Item) []Item {
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(a, b Item) int { return int(b.Finding.Severity) - int(a.Finding.Severity) })
	return items
}

// judge applies every rule but the cap to a trouble that holds.
func judge(p Policy, m Memory, now time.Time, it Item) (Event, string) {
	f := it.Finding
	told, event := m.Told[f.Key], Raised
	again := told.open() && f.Severity <= told.Severity
	if !told.open() && (f.Code == backup.Interrupted || f.Code == backup.PhoneDisconnected) {
		same, key := sameTrouble(m, it)
		if f.Code == backup.PhoneDisconnected && same.Code != backup.Stalled {
			key = "" // only after a stall: a phone that goes then is being restarted, as was advised
		}
		if key != "" {
			told, again = same, true
			if _, seen := m.Acked[key]; seen {
				return Repeated, words.RuleSame
			}
		}
	}
	if !told.open() && f.Code == backup.PhoneDisconnected {
		if same, ok := unanswered(m, it); ok {
			told, again = same, f.Severity <= same.Severity
		}
	}
	if again {
		event = Repeated
	}
	_, acked := m.Acked[f.Key]
	switch {
	case muted(m.Mutes, it.UDID, f.Code, now):
		return event, words.RuleMuted
	case acked && (again || told.Count == 0):
		return event, words.RuleAcked
	case f.Severity < p.Minimum:
		return event, words.RuleMinimum
	case again:
		if reason := tooSoon(p, told, now, f); reason != "" {
			return event, reason
		}
	}
	switch {
	case m.Told[f.Key].Fails > 0 && now.Before(retryAt(m.Told[f.Key])):
		return event, words.RuleRetry
	case p.Quiet.Holds(p.local(now)) && f.Severity < backup.Critical && f.Code != backup.WaitingForPasscode:
		return event, words.RuleQuiet
	}
	return event, ""
}

// unanswered finds an earlier occurrence of the condition in the same run that
// was told and of which nothing good was told since: a loose cable is one
// trouble, however often it lets go while no data flows between.
func unanswered(m Memory, it Item) (Told, bool) {
	for key, t := range m.Told {
		if key != it.Finding.Key && t.Folder == it.folder() && t.RunID == it.RunID && t.Code == it.Finding.Code && t.open() {
			return t, true
		}
	}
	return Told{}, false
}

// sameTrouble finds what was told while the run was under way that its end
// only confirms.
func sameTrouble(m Memory, it Item) (last Told, key string) {
	for k, t := range m.Told {
		if t.Folder != it.folder() || t.RunID != it.RunID || !t.open() {
			continue
		}
		switch t.Code {
		case backup.Stalled, backup.PhoneDisconnected, backup.WaitingForPasscode, backup.MacDiskFull, backup.MacSlept, backup.Interrupted:
			if t.Last.After(last.Last) {
				last, key = t, k
			}
		}
	}
	return last, key
}

// tooSoon says why a trouble that was told is not told again; "" when it is time.
func tooSoon(p Policy, told Told, now time.Time, f backup.Finding) string {
	due := p.Repeat > 0 && f.Severity >= backup.Warning && !laddered(f.Code)
	switch {
	case due && now.Sub(told.Last) >= p.Repeat:
		return ""
	case told.Code != f.Code:
		return words.RuleSame
	case due:
		return words.RuleRepeat
	}
	return words.RuleTold
}

// laddered reports whether a condition reminds by new occurrences at widening
// distances, and so is not repeated by the clock.
func laddered(c backup.Code) bool { return c == backup.Overdue || c == backup.ICloudOverdue }

// retryAt is when a notice that failed on every channel is tried again.
func retryAt(t Told) time.Time {
	wait := retryFirst
	for range t.Fails - 1 {
		wait = min(2*wait, retryMost)
	}
	return t.Tried.Add(wait)
}

// capped reports whether a notice would be one too many today.
func capped(p Policy, s backup.Severity, today int) bool {
	if p.DailyCap <= 0 {
		return false
	}
	if s == backup.Critical {
		return today >= hardCap*p.DailyCap
	}
	return today >= p.DailyCap
}

// ending says what ends a trouble in the eyes of a person who was told of it.
type ending int8

const (
	whenGone     ending = iota // it does not hold any more
	whenFlowing                // data flows again in its run, or a later run completes
	whenOngoing                // it does not hold and its run is under way, or a later run completes
	whenComplete               // a run completes
	never                      // that it is not said any more may only mean that nobody was asked
)

// endings has every condition whose disappearance alone is no good news.
var endings = map[backup.Code]ending{
	backup.Stalled:            whenFlowing,
	backup.PhoneDisconnected:  whenFlowing,
	backup.MacDiskFull:        whenFlowing,
	backup.WaitingForPasscode: whenOngoing,
	backup.Slow:               whenOngoing,
	backup.MacDiskLow:         whenOngoing,
	backup.PhoneBatteryLow:    whenOngoing,
	backup.MacSlept:           whenComplete,
	backup.RunTooLong:         whenComplete,
	backup.Interrupted:        whenComplete,
	backup.InterruptedMixed:   whenComplete,
	backup.FailingRepeatedly:  whenComplete,
	backup.NetworkUnreliable:  whenComplete,
	backup.ChainBroken:        whenComplete,
	backup.NeverCompleted:     whenComplete,
	backup.LeftoverSnapshot:   whenComplete,
	backup.FalseFinished:      whenComplete,
	backup.Overdue:            whenComplete,
	backup.PhoneDisagrees:     whenComplete,
	backup.Shrunk:             whenComplete,
	backup.ICloudOverdue:      never,
	backup.AppleOutage:        never,
	backup.PhoneDiskFull:      never,
	backup.SoftwareMismatch:   never,
	backup.IndexTooLarge:      never,
	backup.EncryptionLost:     never,
}

// goodNews decides about the notices that something good may follow: at most
// one for each backup, which closes all that it answers.
func goodNews(p Policy, m Memory, now time.Time, s Scene) []Decision {
	var out []Decision
	spoken := map[string]bool{}
	for _, key := range newestFirst(m.Told) {
		t := m.Told[key]
		state, _ := s.state(t.Folder)
		event := follows(p, m, now, state, key)
		if event == "" || (event == Cleared && state.Phase.Active() && s.heldUp(t.Folder)) {
			continue
		}
		d := Decision{Event: event, Closes: true, Item: goodItem(event, key, t, state, now)}
		switch {
		case muted(m.Mutes, t.UDID, t.Code, now):
			d.Reason = words.RuleMuted
		case spoken[t.Folder] && t.UDID != "":
			d.Reason = words.RuleJoined
		case p.Quiet.Holds(p.local(now)):
			d.Reason, d.Closes = words.RuleQuiet, false
		default:
			d.Speak = true
			spoken[t.Folder] = true
		}
		out = append(out, d)
	}
	return out
}

// heldUp reports whether something stops the run of a backup at this moment,
// be it only suspected or hidden: as long as it does, nothing goes on again.
func (s Scene) heldUp(folder string) bool {
	return slices.ContainsFunc(s.Items, func(it Item) bool {
		switch it.Finding.Code {
		case backup.Stalled, backup.PhoneDisconnected, backup.WaitingForPasscode:
			return it.folder() == folder
		}
		return false
	})
}

// newestFirst are the keys of what was told, so that good news speaks of the
// latest trouble.
func newestFirst(told map[string]Told) []string {
	return slices.SortedFunc(maps.Keys(told), func(a, b string) int {
		if c := told[b].Last.Compare(told[a].Last); c != 0 {
			return c
		}
		if a < b {
			return -1
		}
		return 1
	})
}

// follows says which good news may follow what was told under key; "" none.
func follows(p Policy, m Memory, now time.Time, b State, key string) Event {
	t := m.Told[key]
	gone, away := m.Gone[key]
	if t.Count == 0 || !away || now.Sub(gone) < staysAway {
		return ""
	}
	end := endings[t.Code]
	if end == never {
		return ""
	}
	if end != whenGone && b.folder() == t.Folder {
		checked := !b.Phase.Active() && b.Completed.After(t.Last) && !b.Check.At.Before(b.Completed)
		if checked {
			return afterCheck(t, b)
		}
	}
	if !t.open() {
		return ""
	}
	if end == whenGone {
		return Cleared
	}
	return afterRun(p, m, t, now, b)
}

// afterCheck follows the check of a run that completed after the notice. A
// chain that the check found broken is a trouble of its own and no good news.
func afterCheck(t Told, b State) Event {
	ofThisRun := t.RunID != "" && t.RunID == b.RunID
	if !t.Verified.IsZero() || !(t.open() || ofThisRun) {
		return ""
	}
	if b.Check.Verdict == backup.Good || b.Check.Verdict == backup.Unproven {
		return Verified
	}
	return ""
}

// afterRun follows the run itself.
func afterRun(p Policy, m Memory, t Told, now time.Time, b State) Event {
	end := endings[t.Code]
	sameRun := t.RunID != "" && t.RunID == b.RunID
	switch {
	case b.folder() != t.Folder:
		return ""
	case sameRun && b.Phase.Active() && end != whenComplete:
		if allAnswered(m, now, b) {
			return Cleared
		}
		return ""
	case b.Phase.Active() || !b.Completed.After(t.Last):
		return ""
	case p.Checks && now.Sub(b.Completed) < checkWait:
		return "" // the check will tell more
	}
	return Cleared
}

// allAnswered reports whether nothing of what was told in the run under way is
// left: "it goes on again" is not said while another trouble still holds it up.
func allAnswered(m Memory, now time.Time, b State) bool {
	for key, t := range m.Told {
		end := endings[t.Code]
		if t.Folder != b.folder() || t.RunID != b.RunID || !t.open() || end == whenGone || end == whenComplete {
			continue
		}
		gone, away := m.Gone[key]
		if !away || now.Sub(gone) < staysAway || (end == whenFlowing && !b.LastProgress.After(t.Last)) {
			return false
		}
	}
	return true
}
