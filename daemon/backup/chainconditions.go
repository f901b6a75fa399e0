package backup

import (
	"fmt"
	"time"

	"backupwatchdog/daemon/words"
)

// chainConditions are about the backup itself, and about what is missing.
var chainConditions = worded([]Condition{
	{Code: ChainBroken, OfRun: true, find: chainBroken,
		HiddenBy: blind,
		Fix:      FreshBackup, Also: []FixID{BackUpNow, CheckStorage}},
	{Code: FalseFinished, OfRun: true, find: falseFinished,
		HiddenBy: append([]Code{ChainBroken}, blind...),
		Fix:      BackUpNow, Also: []FixID{FreshBackup, UpdateSoftware}},
	{Code: NeverCompleted, find: neverCompleted,
		HiddenBy: append([]Code{Interrupted, InterruptedMixed, ChainBroken, FalseFinished, PhoneDisconnected, MacDiskFull, FailingRepeatedly, NetworkUnreliable}, blind...),
		Fix:      BackUpNow, Also: []FixID{EnterPasscode, UseCable, UpdateSoftware}},
	{Code: LeftoverSnapshot, find: leftoverSnapshot,
		HiddenBy: append([]Code{ChainBroken, Interrupted, InterruptedMixed, FalseFinished, PhoneDisconnected, MacDiskFull, FailingRepeatedly}, blind...),
		Fix:      BackUpNow, Also: []FixID{CheckStorage}},
	{Code: ChainUnproven, find: chainUnproven,
		HiddenBy: append([]Code{ChainBroken, FalseFinished, Interrupted, InterruptedMixed}, blind...),
		Fix:      RecordBackupPassword},
	{Code: IndexTooLarge, find: indexTooLarge,
		HiddenBy: blind,
		Fix:      FreshBackup, Also: []FixID{FreePhoneStorage, UpdateSoftware}},
	{Code: Shrunk, OfRun: true, find: shrunk,
		HiddenBy: append([]Code{ChainBroken}, blind...),
		Fix:      BackUpNow, Also: []FixID{Wait}},
	{Code: EncryptionLost, find: encryptionLost,
		HiddenBy: blind,
		Fix:      EncryptedLocalBackup},
	{Code: NotEncrypted, find: notEncrypted,
		HiddenBy: append([]Code{EncryptionLost}, blind...),
		Fix:      EncryptedLocalBackup},
	{Code: Overdue, find: overdue,
		HiddenBy: append([]Code{NeverCompleted, Interrupted, InterruptedMixed, FailingRepeatedly}, blind...),
		Fix:      BackUpNow, Also: []FixID{UseCable, EnterPasscode}},
	{Code: PhoneDisagrees, find: phoneDisagrees,
		HiddenBy: append([]Code{ChainBroken, FalseFinished}, blind...),
		Fix:      BackUpNow, Also: []FixID{FreshBackup, UpdateSoftware}},
	{Code: AppleOutage, find: appleOutage,
		Fix: CheckAppleStatus, Also: []FixID{EncryptedLocalBackup, Wait}},
	{Code: ICloudOverdue, find: icloudOverdue,
		HiddenBy: []Code{AppleOutage},
		Fix:      CheckStorage, Also: []FixID{StablePowerAndWiFi, EncryptedLocalBackup, ResetNetworkSettings}},
})

// lasting reports whether a metadata file has been bad for longer than a
// half-written one can be: its last change is old, and a second look at least a
// minute later found it the same; or it has been bad for [patience] settling.
func (v *view) lasting(name string, f File) bool {
	since, bad := v.s.m.Bad[name]
	if !bad {
		return false
	}
	changed := f.ModTime
	if f.Presence == Missing { // what took it away changed the folder
		changed = v.f.Folder.Changed
	}
	grace := max(v.s.rules.Settling, time.Minute)
	if !changed.IsZero() && v.calendar(changed, grace) {
		if since == v.s.m.First {
			return true // it was so before anybody looked
		}
		return v.awake(since, time.Minute)
	}
	return v.awake(since, grace)
}

// atRest reports whether no run is under way. The watchdog judges the chain
// only then.
func (v *view) atRest() bool { return !v.active() }

func (v *view) finished() bool { return v.s.m.Glance.HadStatus && v.s.m.Glance.State == "finished" }

func bad(p Presence, which ...Presence) bool {
	for _, w := range which {
		if p == w {
			return true
		}
	}
	return false
}

// damage lists the proofs of damage that the metadata gives.
func (v *view) damage() []Evidence {
	fo := v.f.Folder
	var out []Evidence
	note := func(name string, f File, which ...Presence) {
		if bad(f.Presence, which...) && v.lasting(name, f) {
			out = append(out, Evidence{name, presenceWords(f), FromFolder})
		}
	}
	note("Status.plist", fo.Status.File, Broken, Empty)
	if fo.Index.Presence == Present { // without an index it is a backup that has hardly begun
		note("Status.plist", fo.Status.File, Missing)
	}
	note("Manifest.db", fo.Index.File, Broken)
	note("Manifest.plist", fo.Manifest.File, Broken)
	if v.finished() {
		note("Info.plist", fo.Info.File, Broken, Empty)
		if v.s.wholeMetadata() && v.tailOver() { // else there is more to say than that
			note("Info.plist", fo.Info.File, Missing)
		}
	}
	return out
}

// tailOver reports whether no program writes Info.plist any more: Finder does it
// minutes after finished.
func (v *view) tailOver() bool {
	if v.r != nil && !v.r.FinishedAt.IsZero() && !v.awake(v.r.FinishedAt, tailWindow) {
		return false
	}
	at := v.f.Folder.Status.ModTime
	return at.IsZero() || v.calendar(at, tailWindow)
}

func presenceWords(f File) string {
	switch {
	case f.Detail != "":
		return f.Detail
	case f.Presence == Empty:
		return words.Bytes(0)
	case f.Presence == Missing:
		return words.FileMissing
	case f.Presence == Denied:
		return words.FileDenied
	}
	return words.FileUnreadable
}

func chainBroken(v *view) *draft {
	if !v.atRest() {
		return nil
	}
	d := &draft{severity: Critical, confidence: High, evidence: v.damage()}
	fault := v.fault(d.evidence)
	if len(d.evidence) > 0 {
		d.detail = words.FileDamaged(d.evidence[0].Fact, d.evidence[0].Value)
	}
	if c := v.s.m.Check; v.s.CheckCounts() && c.Verdict == BrokenUp && !(c.Fault == FaultHollow && v.hollow()) {
		if c.Fault != FaultInfo || len(d.evidence) == 0 {
			fault = c.Fault
		}
		d.detail = words.CheckFound(c.Missing+c.WrongSize+c.WrongBytes+c.Irregular, c.Files, c.Reason, c.Summary)
		d.confidence = c.Confidence
		d.evidence = append(d.evidence, Evidence{words.FactChecked, words.Clock(c.At), FromFolder},
			Evidence{words.FactCheckCounts, words.CheckCounts(c.Missing, c.WrongSize, c.WrongBytes, c.Files), FromFolder})
	}
	if len(d.evidence) == 0 {
		return nil
	}
	d.fix, d.also = fault.Mends()
	if v.r != nil && !v.r.FullAt.IsZero() {
		d.evidence = append(d.evidence, Evidence{words.FactWasFull, words.WasFull(v.r.MinFree, v.r.FullAt.T), FromMac})
		d.also = []FixID{CheckStorage, d.also[0]}
	}
	return d
}

// fault says what alone the damage rests on that the metadata gives.
func (v *view) fault(damage []Evidence) Fault {
	fo := v.f.Folder
	if bad(fo.Index.Presence, Missing, Empty, Broken) || bad(fo.Manifest.Presence, Missing, Empty, Broken) {
		return FaultPlain
	}
	for _, e := range damage {
		if e.Fact != "Info.plist" {
			return FaultPlain
		}
	}
	return FaultInfo
}

// hollow reports whether the folder says finished and lacks what no backup is
// without; falseFinished tells that when it has lasted.
func (v *view) hollow() bool { return v.finished() && !v.s.wholeMetadata() }

func falseFinished(v *view) *draft {
	if !v.atRest() || !v.finished() {
		return nil
	}
	fo := v.f.Folder
	var ev []Evidence
	for name, f := range map[string]File{"Manifest.db": fo.Index.File, "Manifest.plist": fo.Manifest.File} {
		if bad(f.Presence, Missing, Empty) && v.lasting(name, fo.Status.File) {
			ev = append(ev, Evidence{name, presenceWords(f), FromFolder})
		}
	}
	if len(ev) == 0 {
		return nil
	}
	if len(ev) == 2 && ev[0].Fact > ev[1].Fact {
		ev[0], ev[1] = ev[1], ev[0]
	}
	ev = append(ev, Evidence{"Status.plist", words.StateFinished, FromFolder})
	return &draft{severity: Warning, evidence: ev,
		detail: words.SaysFinished(ev[0].Fact, ev[0].Value)}
}

func neverCompleted(v *view) *draft {
	s, fo := v.s, v.f.Folder
	if !v.atRest() || !s.LastComplete().IsZero() || s.Restorable() != No {
		return nil
	}
	if v.finished() && s.wholeMetadata() {
		return nil
	}
	if fo.Index.Presence == Present && bad(fo.Status.Presence, Missing, Empty, Broken, Denied) {
		return nil // only a backup that got somewhere has an index: once that has lasted it is damage
	}
	made := s.m.First.T
	for _, t := range []time.Time{fo.Info.ModTime, fo.Status.ModTime, fo.Newest} {
		if !t.IsZero() && t.Before(made) {
			made = t
		}
	}
	if !v.calendar(made, time.Hour) {
		return nil
	}
	return &draft{severity: Warning, detail: words.NothingFinished,
		evidence: []Evidence{{"Status.plist", statusWords(fo.Status), FromFolder}, {words.FactIndex, presenceOf(fo.Index.File), FromFolder}}}
}

func statusWords(s StatusFile) string {
	if s.Presence == Present {
		return words.States(s.Status.SnapshotState, s.Status.BackupState)
	}
	return presenceOf(s.File)
}

func presenceOf(f File) string {
	if f.Presence == Present {
		return words.Bytes(f.Size)
	}
	if f.Presence == NotLooked {
		return words.OrUnknown("")
	}
	return presenceWords(f)
}

func leftoverSnapshot(v *view) *draft {
	if !v.atRest() || !v.finished() || v.f.Folder.Snapshot != Yes {
		return nil
	}
	d := &draft{severity: Info, detail: words.SnapshotLeft,
		evidence: []Evidence{{words.FactSnapshot, words.BesideFinished, FromFolder}}}
	if n := v.f.Folder.SnapshotFiles; n > 0 {
		d.evidence = append(d.evidence, Evidence{words.FactSnapshotHas, words.Count(n), FromFolder})
	}
	return d
}

func chainUnproven(v *view) *draft {
	if !v.atRest() || v.s.encrypted() != Yes || !v.finished() || !v.s.wholeMetadata() {
		return nil
	}
	if v.s.CheckCounts() && v.s.m.Check.Verdict == Good {
		return nil
	}
	return &draft{severity: Info, detail: words.UnprovenInOrder + " " + words.ProveIt,
		evidence: []Evidence{{"Manifest.plist", words.Encrypted, FromFolder}}}
}

func indexTooLarge(v *view) *draft {
	size := v.f.Folder.Index.Size
	if size <= 1e9 {
		return nil
	}
	return &draft{severity: Warning, confidence: Medium, detail: words.IndexTooLarge(size),
		evidence: []Evidence{{"Manifest.db", words.Bytes(size), FromFolder}}}
}

func shrunk(v *view) *draft {
	if !v.atRest() {
		return nil
	}
	var two []PastRun
	for i := len(v.s.m.Past) - 1; i >= 0 && len(two) < 2; i-- {
		if p := v.s.m.Past[i]; p.Outcome == OutcomeComplete && p.ChainFiles > 0 {
			two = append(two, p)
		}
	}
	if len(two) < 2 {
		return nil
	}
	now, was := two[0], two[1]
	if last, _ := v.s.lastComplete(); !last.Started.Equal(now.Started) {
		return nil
	}
	fewer, less := fell(was.ChainFiles, now.ChainFiles), fell(was.ChainBytes, now.ChainBytes)
	if !fewer && !less {
		return nil
	}
	return &draft{severity: Warning, confidence: Medium,
		detail: words.Shrunk(was.ChainBytes, was.ChainFiles, now.ChainBytes, now.ChainFiles),
		evidence: []Evidence{{words.FactBefore, words.Arrived(was.ChainFiles, was.ChainBytes), FromHistory},
			{words.FactNow, words.Arrived(now.ChainFiles, now.ChainBytes), FromFolder}}}
}

// fell reports whether a figure fell by more than a fifth.
func fell(was, now int64) bool { return was > 0 && now >= 0 && float64(now) < 0.8*float64(was) }

// encryptionLost compares the present chain with the complete runs before it:
// the newest of them may be the one that made it.
func encryptionLost(v *view) *draft {
	if !v.atRest() || v.s.encrypted() != No {
		return nil
	}
	known := 0
	for i := len(v.s.m.Past) - 1; i >= 0 && known < 2; i-- {
		p := v.s.m.Past[i]
		if p.Outcome != OutcomeComplete || p.Encrypted == Unknown {
			continue
		}
		if p.Encrypted == Yes {
			return v.noLonger(p.Started)
		}
		known++
	}
	return nil
}

func (v *view) noLonger(since time.Time) *draft {
	return &draft{severity: Warning, detail: words.WasEncrypted(since),
		evidence: []Evidence{{words.FactThen, words.Encrypted, FromHistory}, {words.FactNow, words.NotEncrypted, FromFolder}}}
}

func notEncrypted(v *view) *draft {
	if v.s.encrypted() != No {
		return nil
	}
	return &draft{severity: Info, detail: words.OnlyInEncrypted,
		evidence: []Evidence{{"Manifest.plist", words.NotEncrypted, FromFolder}}}
}

// seenElsewhere is when the phone says that it was last backed up on any
// computer; zero when it does not say, or no longer counts.
func (v *view) seenElsewhere() time.Time {
	if !v.fresh() {
		return time.Time{}
	}
	return v.f.Phone.LastLocalBackup
}

func overdue(v *view) *draft {
	last := v.s.LastComplete()
	if e := v.seenElsewhere(); e.After(last.Add(time.Hour)) {
		last = e
	}
	per := int(v.s.rules.Overdue / (24 * time.Hour))
	if v.active() || last.IsZero() || per < 1 {
		return nil
	}
	days := v.s.daysAtHand(last)
	step := min(days/per, 4)
	if step < 4 {
		v.due(v.now.T.Truncate(24 * time.Hour).Add(24 * time.Hour))
	}
	if step < 1 {
		return nil
	}
	d := &draft{severity: Warning, step: step, confidence: High,
		detail:   words.OverdueAtHand(last, days),
		evidence: []Evidence{{words.FactLastComplete, words.Clock(last), FromHistory}, {words.FactDaysAtHand, fmt.Sprint(days), FromPhone}}}
	if v.s.m.Blind {
		d.confidence = Low
		d.detail = words.OverdueWatched(last, days)
		d.evidence[1] = Evidence{words.FactDaysWatched, fmt.Sprint(days), FromHistory}
	}
	return d
}

func phoneDisagrees(v *view) *draft {
	p, done := v.f.Phone, v.s.LastComplete()
	if v.active() || !v.fresh() || p.LastLocalBackup.IsZero() || done.IsZero() || !v.finished() {
		return nil
	}
	if st := v.f.Folder.Status.Status.Date; !st.IsZero() {
		done = st // both by the phone's own clock
	}
	if p.Asked.Before(v.s.LastComplete().Add(10*time.Minute)) || !p.LastLocalBackup.Before(done.Add(-time.Hour)) {
		return nil
	}
	return &draft{severity: Warning, confidence: Medium, detail: words.PhoneDisagrees,
		evidence: []Evidence{{words.FactPhoneSays, words.Clock(p.LastLocalBackup), FromPhone}, {words.FactFolderSays, words.Clock(done), FromFolder}}}
}

func icloudOverdue(v *view) *draft {
	p := v.f.Phone
	if p.CloudEnabled != Yes || p.LastCloudBackup.IsZero() || !v.fresh() || !v.calendar(p.LastCloudBackup, 7*24*time.Hour) {
		return nil
	}
	age := v.now.T.Sub(p.LastCloudBackup)
	step := min(int(age/(7*24*time.Hour)), 4)
	v.due(p.LastCloudBackup.Add(time.Duration(step+1) * 7 * 24 * time.Hour))
	d := &draft{severity: Warning, cloud: true, step: step, detail: words.CloudOverdue(age),
		evidence: []Evidence{{words.FactLastCloud, words.Clock(p.LastCloudBackup), FromPhone}}, fix: CheckStorage}
	switch step { // widening: what did not help the week before is not said first again
	case 2:
		d.fix, d.also = StablePowerAndWiFi, []FixID{CheckStorage, EncryptedLocalBackup, ResetNetworkSettings}
	case 3, 4:
		d.fix, d.also = EncryptedLocalBackup, []FixID{CheckStorage, StablePowerAndWiFi, ResetNetworkSettings}
	}
	return d
}

func appleOutage(v *view) *draft {
	if v.f.Apple.Outage != Yes {
		return nil
	}
	return &draft{severity: Warning, cloud: true, confidence: Medium, detail: words.AppleReports,
		evidence: []Evidence{{words.FactAppleStatus, words.OrUnknown(v.f.Apple.Detail), FromApple}}}
}
