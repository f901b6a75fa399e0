package backup

import (
	"backupwatchdog/daemon/words"
	"fmt"
	"strings"
	"time"
)

// chainConditions are about the backup itself, and about what is missing.
var chainConditions = []Condition{
	{Code: ChainBroken, Title: "This backup is damaged", Severity: "critical", OfRun: true,
		Holds:    "There is proof: a metadata file is empty or unreadable for longer than a half-written one can be, the index is shorter than its own header says, or a check found files missing, cut short or changed. Not judged while a run is under way.",
		Means:    "It cannot be restored as a whole, whatever the program said that made it.",
		HiddenBy: blind, Fix: FreshBackup, Also: []FixID{BackUpNow, CheckStorage}, find: chainBroken},
	{Code: FalseFinished, Title: "It says finished, but it is not", Severity: "warning", OfRun: true,
		Holds:    "Status.plist says finished, yet the index or Manifest.plist is missing or empty, and no run is under way.",
		Means:    "The program that made it wrote finished too early, or was not told of an error. Nothing can be restored from it.",
		HiddenBy: append([]Code{ChainBroken}, blind...), Fix: BackUpNow, Also: []FixID{FreshBackup, UpdateSoftware}, find: falseFinished},
	{Code: NeverCompleted, Title: "No complete backup yet", Severity: "warning",
		Holds:    "Nothing restorable is in the folder, no run is under way, and it is older than an hour.",
		Means:    "If the phone were lost now, nothing could be restored from here.",
		HiddenBy: append([]Code{Interrupted, InterruptedMixed, ChainBroken, FalseFinished, PhoneDisconnected, MacDiskFull, FailingRepeatedly, NetworkUnreliable}, blind...),
		Fix:      BackUpNow, Also: []FixID{EnterPasscode, UseCable, UpdateSoftware}, find: neverCompleted},
	{Code: LeftoverSnapshot, Title: "Left over from an unfinished run", Severity: "info",
		Holds:    "A folder Snapshot/ lies beside a finished backup, and no run is under way.",
		Means:    "An earlier run died. The backup itself may be whole; the next complete run removes what is left.",
		HiddenBy: append([]Code{ChainBroken, Interrupted, InterruptedMixed, FalseFinished}, blind...), Fix: BackUpNow, Also: []FixID{CheckStorage}, find: leftoverSnapshot},
	{Code: ChainUnproven, Title: "Encrypted: whole as far as can be told", Severity: "info",
		Holds:    "The backup is encrypted, and has not been checked with its password.",
		Means:    "Sizes and numbers are in order. Whether it opens, only its password proves.",
		HiddenBy: append([]Code{ChainBroken, FalseFinished, Interrupted, InterruptedMixed}, blind...), Fix: RecordBackupPassword, find: chainUnproven},
	{Code: IndexTooLarge, Title: "The backup's index is very large", Severity: "warning",
		Holds:    "Manifest.db is larger than 1 GB (1,000,000,000 bytes).",
		Means:    "The phone must load it for every incremental run, and phones have run out of memory over it and hung at 0 %.",
		HiddenBy: blind, Fix: FreshBackup, Also: []FixID{FreePhoneStorage, UpdateSoftware}, find: indexTooLarge},
	{Code: Shrunk, Title: "The backup has become much smaller", Severity: "warning", OfRun: true,
		Holds:    "Files or bytes fell by more than 20 % from the complete run before.",
		Means:    "Either much was deleted on the phone, or the last run left things out.",
		HiddenBy: append([]Code{ChainBroken}, blind...), Fix: BackUpNow, Also: []FixID{Wait}, find: shrunk},
	{Code: EncryptionLost, Title: "The backup is no longer encrypted", Severity: "warning",
		Holds:    "This phone's last complete backup was encrypted, and this one is not.",
		Means:    "Passwords, Health and call history are not in it, and anybody who reads the disk can read it.",
		HiddenBy: blind, Fix: EncryptedLocalBackup, find: encryptionLost},
	{Code: NotEncrypted, Title: "The backup is not encrypted", Severity: "info",
		Holds:    "Manifest.plist says that it is not.",
		Means:    "Passwords, Health data and call history are left out.",
		HiddenBy: append([]Code{EncryptionLost}, blind...), Fix: EncryptedLocalBackup, find: notEncrypted},
	{Code: Overdue, Title: "A backup is overdue", Severity: "warning",
		Holds:    "On as many days as [patience] overdue says the phone was at hand and no backup was completed; again at two, three and four times that.",
		Means:    "What changed on the phone since then exists once only.",
		HiddenBy: append([]Code{NeverCompleted, Interrupted, InterruptedMixed, FailingRepeatedly}, blind...), Fix: BackUpNow, Also: []FixID{UseCable, EnterPasscode}, find: overdue},
	{Code: PhoneDisagrees, Title: "The iPhone knows of no such backup", Severity: "warning",
		Holds:    "The phone's own date of its last local backup is over an hour older than the folder's.",
		Means:    "The folder says finished, but the phone's last check failed, or another program wrote it.",
		HiddenBy: append([]Code{ChainBroken, FalseFinished}, blind...), Fix: BackUpNow, Also: []FixID{FreshBackup, UpdateSoftware}, find: phoneDisagrees},
	{Code: AppleOutage, Title: "Apple reports trouble with iCloud", Severity: "warning",
		Holds: "An iCloud condition holds, and Apple's System Status page names an ongoing event for iCloud Backup.",
		Means: "The cause is not here. The page may lag, so a green one proves nothing.",
		Fix:   CheckAppleStatus, Also: []FixID{EncryptedLocalBackup, Wait}, find: appleOutage},
	{Code: ICloudOverdue, Title: "No iCloud backup for a week or more", Severity: "warning",
		Holds:    "iCloud Backup is on and the phone says that its last one is over 7 days old (asked less than 24 h ago); again at 14, 21 and 28 days.",
		Means:    "iCloud backups stop silently when storage is full or the phone is never on power and Wi-Fi.",
		HiddenBy: []Code{AppleOutage}, Fix: CheckStorage, Also: []FixID{StablePowerAndWiFi, EncryptedLocalBackup, ResetNetworkSettings}, find: icloudOverdue},
}

// lasting reports whether a metadata file has been bad for longer than a
// half-written one can be: its last change is old, and a second look at least a
// minute later found it the same; or it has been bad for [patience] settling.
func (v *view) lasting(name string, changed time.Time) bool {
	since, bad := v.s.m.Bad[name]
	if !bad {
		return false
	}
	grace := max(v.s.rules.Settling, time.Minute)
	if !changed.IsZero() && v.now.T.Sub(changed) >= grace {
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
		if bad(f.Presence, which...) && v.lasting(name, f.ModTime) {
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
	}
	return out
}

func presenceWords(f File) string {
	switch {
	case f.Detail != "":
		return f.Detail
	case f.Presence == Empty:
		return "0 bytes"
	case f.Presence == Missing:
		return "missing"
	case f.Presence == Denied:
		return "may not be read"
	}
	return "cannot be read"
}

func chainBroken(v *view) *draft {
	if !v.atRest() {
		return nil
	}
	d := &draft{severity: Critical, confidence: High, evidence: v.damage()}
	if len(d.evidence) > 0 {
		d.detail = "A file that a restore needs is damaged: " + d.evidence[0].Fact + " (" + d.evidence[0].Value + ")."
	}
	if c := v.s.m.Check; v.s.CheckCounts() && c.Verdict == BrokenUp {
		d.detail = checkWords(c)
		d.confidence = c.Confidence
		d.evidence = append(d.evidence, Evidence{"Checked", clock(c.At), FromFolder},
			Evidence{"Missing, wrong size, wrong content", fmt.Sprintf("%s, %s, %s of %s files", words.Count(c.Missing), words.Count(c.WrongSize), words.Count(c.WrongBytes), words.Count(c.Files)), FromFolder})
	}
	if len(d.evidence) == 0 {
		return nil
	}
	if v.r != nil && !v.r.FullAt.IsZero() {
		d.evidence = append(d.evidence, Evidence{"The disk was full during the last run", words.Bytes(v.r.MinFree) + " free at " + clock(v.r.FullAt.T), FromMac})
		d.also = []FixID{CheckStorage, BackUpNow}
	}
	return d
}

// checkWords says in a sentence or two what a check found.
func checkWords(c CheckResult) string {
	n := c.Missing + c.WrongSize + c.WrongBytes + c.Irregular
	var b strings.Builder
	switch {
	case n > 0:
		fmt.Fprintf(&b, "%s of %s damaged or missing.", words.Count(n), words.Plural(c.Files, "file"))
	case c.Reason != "":
		b.WriteString(strings.TrimSuffix(c.Reason, ".") + ".")
	default:
		b.WriteString("The check found it damaged.")
	}
	if c.Summary != "" {
		b.WriteString(" Lost: " + strings.TrimSuffix(c.Summary, ".") + ".")
	}
	return b.String()
}

func falseFinished(v *view) *draft {
	if !v.atRest() || !v.finished() {
		return nil
	}
	fo := v.f.Folder
	var ev []Evidence
	for name, f := range map[string]File{"Manifest.db": fo.Index.File, "Manifest.plist": fo.Manifest.File} {
		if bad(f.Presence, Missing, Empty) && v.lasting(name, fo.Status.ModTime) {
			ev = append(ev, Evidence{name, presenceWords(f), FromFolder})
		}
	}
	if len(ev) == 0 {
		return nil
	}
	if len(ev) == 2 && ev[0].Fact > ev[1].Fact {
		ev[0], ev[1] = ev[1], ev[0]
	}
	ev = append(ev, Evidence{"Status.plist", "finished", FromFolder})
	return &draft{severity: Warning, evidence: ev,
		detail: "Status.plist says finished, but " + ev[0].Fact + " is " + strings.Replace(ev[0].Value, "0 bytes", "empty", 1) + ". Nothing can be restored from this backup."}
}

func neverCompleted(v *view) *draft {
	s, fo := v.s, v.f.Folder
	if !v.atRest() || !s.LastComplete().IsZero() || s.Restorable() != No {
		return nil
	}
	if v.finished() && s.wholeMetadata() {
		return nil
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
	return &draft{severity: Warning, detail: "No run of this phone has ever finished here, so nothing can be restored from this folder.",
		evidence: []Evidence{{"Status.plist", statusWords(fo.Status), FromFolder}, {"Index", presenceOf(fo.Index.File), FromFolder}}}
}

func statusWords(s StatusFile) string {
	if s.Presence == Present {
		return s.Status.SnapshotState + ", " + orUnknown(s.Status.BackupState)
	}
	return presenceOf(s.File)
}

func presenceOf(f File) string {
	if f.Presence == Present {
		return words.Bytes(f.Size)
	}
	if f.Presence == NotLooked {
		return "unknown"
	}
	return presenceWords(f)
}

func leftoverSnapshot(v *view) *draft {
	if !v.atRest() || !v.finished() || v.f.Folder.Snapshot != Yes {
		return nil
	}
	d := &draft{severity: Info, detail: "A folder Snapshot/ lies beside the finished backup: an earlier run died. The next complete run removes it.",
		evidence: []Evidence{{"Snapshot/", "present beside finished", FromFolder}}}
	if n := v.f.Folder.SnapshotFiles; n > 0 {
		d.evidence = append(d.evidence, Evidence{"Files in it, about", words.Count(n), FromFolder})
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
	return &draft{severity: Info, detail: "This backup is encrypted: what can be told without its password is in order. `watchdogctl check --password-stdin` proves it.",
		evidence: []Evidence{{"Manifest.plist", "encrypted", FromFolder}}}
}

func indexTooLarge(v *view) *draft {
	size := v.f.Folder.Index.Size
	if size <= 1e9 {
		return nil
	}
	return &draft{severity: Warning, confidence: Medium, detail: "Manifest.db has " + words.Bytes(size) + ". Phones have run out of memory over indexes of this size and hung at 0 %.",
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
		detail: fmt.Sprintf("The backup before held %s in %s, this one %s in %s.", words.Bytes(was.ChainBytes), words.Plural(was.ChainFiles, "file"), words.Bytes(now.ChainBytes), words.Plural(now.ChainFiles, "file")),
		evidence: []Evidence{{"Before", words.Plural(was.ChainFiles, "file") + ", " + words.Bytes(was.ChainBytes), FromHistory},
			{"Now", words.Plural(now.ChainFiles, "file") + ", " + words.Bytes(now.ChainBytes), FromFolder}}}
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
	return &draft{severity: Warning, detail: "The backup of " + since.UTC().Format("2 January 2006") + " was encrypted, this one is not.",
		evidence: []Evidence{{"Then", "encrypted", FromHistory}, {"Now", "not encrypted", FromFolder}}}
}

func notEncrypted(v *view) *draft {
	if v.s.encrypted() != No {
		return nil
	}
	return &draft{severity: Info, detail: "Passwords, Health data and call history are in encrypted backups only.",
		evidence: []Evidence{{"Manifest.plist", "not encrypted", FromFolder}}}
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
	v.due(v.now.T.Truncate(24 * time.Hour).Add(24 * time.Hour))
	step := min(days/per, 4)
	if step < 1 {
		return nil
	}
	d := &draft{severity: Warning, step: step, confidence: High,
		detail:   fmt.Sprintf("The last complete backup is from %s. The phone was at hand on %s since.", last.UTC().Format("2 January 2006"), words.Plural(int64(days), "day")),
		evidence: []Evidence{{"Last complete backup", clock(last), FromHistory}, {"Days with the phone at hand", fmt.Sprint(days), FromPhone}}}
	if v.s.m.Blind {
		d.confidence = Low
		d.detail = fmt.Sprintf("The last complete backup is from %s, %s of watching ago.", last.UTC().Format("2 January 2006"), words.Plural(int64(days), "day"))
		d.evidence[1] = Evidence{"Days on which the watchdog ran", fmt.Sprint(days), FromHistory}
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
	return &draft{severity: Warning, confidence: Medium, detail: "The folder has a backup that the phone does not count: its own last one is older.",
		evidence: []Evidence{{"Last backup, says the phone", clock(p.LastLocalBackup), FromPhone}, {"Last backup, says the folder", clock(done), FromFolder}}}
}

func icloudOverdue(v *view) *draft {
	p := v.f.Phone
	if p.CloudEnabled != Yes || p.LastCloudBackup.IsZero() || !v.fresh() || !v.calendar(p.LastCloudBackup, 7*24*time.Hour) {
		return nil
	}
	age := v.now.T.Sub(p.LastCloudBackup)
	step := min(int(age/(7*24*time.Hour)), 4)
	v.due(p.LastCloudBackup.Add(time.Duration(step+1) * 7 * 24 * time.Hour))
	d := &draft{severity: Warning, cloud: true, step: step, detail: "iCloud Backup is on, but the phone's last one is " + words.Span(age) + " old.",
		evidence: []Evidence{{"Last iCloud backup", clock(p.LastCloudBackup), FromPhone}}, fix: CheckStorage}
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
	return &draft{severity: Warning, cloud: true, confidence: Medium, detail: "Apple's System Status page reports an ongoing event for iCloud Backup.",
		evidence: []Evidence{{"Apple System Status", orUnknown(v.f.Apple.Detail), FromApple}}}
}
