package backup

import (
	"backupwatchdog/daemon/words"
	"fmt"
	"strings"
	"time"
)

// runConditions are about the run under way, or the one that has just ended.
var runConditions = []Condition{
	{Code: WaitingForPasscode, Title: "The iPhone waits for its passcode", Severity: "info at once, then warning", OfRun: true,
		Holds:    "The phone says that its passcode sheet is up: shown at once, told after 60 s. Where it cannot be asked, probably: the backup program runs, the phone is attached, nothing has arrived for 3 min, and this phone's scans have always been much shorter; told after 5 min.",
		Means:    "Nothing happens until somebody enters the passcode on the phone. After some minutes the run fails.",
		HiddenBy: blind, Fix: EnterPasscode, Also: []FixID{RestartPhoneAndRetry}, find: waitingForPasscode},
	{Code: PhoneDisconnected, Title: "The iPhone was disconnected", Severity: "warning", OfRun: true,
		Holds:    "The phone was attached in this run and has been gone for 5 s (60 s over Wi-Fi), and nothing has arrived since.",
		Means:    "The run cannot go on without the phone. What has arrived is kept.",
		HiddenBy: append([]Code{NetworkUnreliable}, blind...), Fix: UseCable, Also: []FixID{StablePowerAndWiFi, RestartPhoneAndRetry}, find: phoneDisconnected},
	{Code: MacDiskFull, Title: "This computer's disk is full", Severity: "critical", OfRun: true,
		Holds:    "Less than 16 MiB was free at some moment of the run (remembered until the next one, since what was written then is cut short), or less than 128 MiB is free and nothing has moved for 10 s.",
		Means:    "Files of this backup are cut short even where the program says that it succeeded.",
		HiddenBy: blind, Fix: CheckStorage, Also: []FixID{BackUpNow}, find: macDiskFull},
	{Code: MacDiskLow, Title: "This computer's disk is getting full", Severity: "warning; info on a Mac, which may free more", OfRun: true,
		Holds:    "Less is free than the run is expected to need still, and 128 MiB.",
		Means:    "The run will probably not fit.",
		HiddenBy: append([]Code{MacDiskFull}, blind...), Fix: CheckStorage, Also: []FixID{Wait}, find: macDiskLow},
	{Code: MacSlept, Title: "This computer slept during the backup", Severity: "info; warning when the run did not go on", OfRun: true,
		Holds:    "The computer slept for more than 5 min inside a run that is not complete. It is a warning when nothing has moved since it woke and the run has ended, or is silent for too long.",
		Means:    "Phones often let go of a computer that sleeps.",
		HiddenBy: blind, Fix: KeepMacAwake, Also: []FixID{RestartPhoneAndRetry}, find: macSlept},
	{Code: NetworkUnreliable, Title: "Wi-Fi loses one backup after another", Severity: "warning",
		Holds:    "Three runs over Wi-Fi were lost in 14 days, and none over a cable.",
		Means:    "The phone's network settings are what is left to try; a cable works meanwhile.",
		HiddenBy: blind, Fix: ResetNetworkSettings, Also: []FixID{UseCable, StablePowerAndWiFi}, find: networkUnreliable},
	{Code: FailingRepeatedly, Title: "Backups fail again and again", Severity: "warning",
		Holds:    "The last three runs all ended without finishing.",
		Means:    "Trying once more will not help by itself.",
		HiddenBy: append([]Code{NetworkUnreliable, MacDiskFull}, blind...), Fix: UpdateSoftware, Also: []FixID{RestartPhoneAndRetry, FreshBackup, UseCable}, find: failingRepeatedly},
	{Code: Interrupted, Title: "The backup was interrupted", Severity: "warning", OfRun: true,
		Holds:    "A run ended before or while files were sent, or while it cleaned up: its program is gone for 10 s; or no program was ever seen and four times the limit has passed.",
		Means:    "This backup is not finished. The detail says whether an older one can still be restored.",
		HiddenBy: append([]Code{PhoneDisconnected, MacDiskFull, NetworkUnreliable, FailingRepeatedly, FalseFinished}, blind...),
		Fix:      RestartPhoneAndRetry, Also: []FixID{BackUpNow, UseCable, KeepMacAwake}, find: interrupted},
	{Code: InterruptedMixed, Title: "Interrupted between old and new", Severity: "critical", OfRun: true,
		Holds:    "A run ended in its state `moving`: some new files have replaced old ones, others have not.",
		Means:    "Neither the old nor the new backup is whole until a run finishes. The new files are there, so nothing should be deleted.",
		HiddenBy: append([]Code{MacDiskFull}, blind...), Fix: RestartPhoneAndRetry, Also: []FixID{BackUpNow, UseCable}, find: interruptedMixed},
	{Code: Stalled, Title: "The backup is stuck", Severity: "info as a suspicion, then warning", OfRun: true,
		Holds:    "Nothing has moved for longer than this phone is usually silent in this phase (until that is known: by default 45 min preparing, 10 min transferring, 15 min finishing). It is told at 1.5 times that, or at once when the phone or every backup program is known to be away.",
		Means:    "The run will most likely not end by itself.",
		HiddenBy: append([]Code{WaitingForPasscode, PhoneDisconnected, Interrupted, InterruptedMixed, MacDiskFull}, blind...),
		Fix:      RestartPhoneAndRetry, Also: []FixID{UseCable, UpdateSoftware}, find: stalled},
	{Code: Slow, Title: "The backup is very slow", Severity: "warning; info while 250 kB/s arrive", OfRun: true,
		Holds:    "Over ten minutes of steady arrival the rate was under 100 kB/s, or at that rate more than 24 h are left.",
		Means:    "It moves, but it will hardly get there.",
		HiddenBy: append([]Code{Stalled, MacDiskFull, PhoneDisconnected}, blind...), Fix: UseCable, Also: []FixID{StablePowerAndWiFi, Wait}, find: slow},
	{Code: RunTooLong, Title: "This backup has run for too long", Severity: "warning; info while 1 MB/s and more has arrived on average", OfRun: true,
		Holds:    "The run has been awake for four times this phone's longest complete one, and at least 12 h.",
		Means:    "Something keeps it from ending.",
		HiddenBy: append([]Code{Stalled, Slow}, blind...), Fix: RestartPhoneAndRetry, Also: []FixID{UpdateSoftware, FreshBackup}, find: runTooLong},
	{Code: PhoneBatteryLow, Title: "The iPhone's battery is low", Severity: "warning", OfRun: true,
		Holds:    "Under 20 % and not charging, while a run is under way.",
		Means:    "A phone that runs low stops its backup.",
		HiddenBy: append([]Code{PhoneDisconnected}, blind...), Fix: StablePowerAndWiFi, Also: []FixID{UseCable}, find: phoneBatteryLow},
	{Code: PhoneDiskFull, Title: "The iPhone itself is full", Severity: "warning",
		Holds: "The phone reports less than 512 MiB free.",
		Means: "It may be unable to make the snapshot that it backs up from.",
		Fix:   FreePhoneStorage, Also: []FixID{RestartPhoneAndRetry}, find: phoneDiskFull},
	{Code: SoftwareMismatch, Title: "iPhone and computer do not fit together", Severity: "warning; info while backups work",
		Holds: "Pairing is refused though it once worked, or the phone's iOS is newer than this Mac's system can know.",
		Means: "Runs fail until one of them is updated and they trust each other again.",
		Fix:   UpdateSoftware, Also: []FixID{RestartPhoneAndRetry}, find: softwareMismatch},
}

// lostTo is the fix for a lost connection.
func (v *view) lostTo() (FixID, []FixID) {
	if v.network() {
		return StablePowerAndWiFi, []FixID{UseCable, RestartPhoneAndRetry}
	}
	return UseCable, []FixID{RestartPhoneAndRetry, UpdateSoftware}
}

func waitingForPasscode(v *view) *draft {
	if v.f.Phone.Passcode == Yes && !v.s.m.SheetAt.IsZero() {
		d := &draft{severity: Info, detail: "The phone shows its passcode sheet. The backup goes on when it is entered.",
			evidence: []Evidence{{"On the phone's screen", "passcode sheet, for " + words.Span(v.now.AwakeSince(v.s.m.SheetAt)), FromPhone}}}
		if v.awake(v.s.m.SheetAt, time.Minute) {
			d.severity = Warning
		}
		return d
	}
	return v.probablyWaiting()
}

// probablyWaiting is the same from the folder alone: only where the phone says
// nothing about its sheet, and its scans were always far shorter.
func (v *view) probablyWaiting() *draft {
	attached := v.f.Phone.Link == LinkUSB || v.f.Phone.Link == LinkNetwork
	if !v.active() || v.r.Phase != Preparing || v.f.Phone.Passcode != Unknown || !attached || v.f.Writer.State != WriterAlive {
		return nil
	}
	known := v.s.silences(Preparing, v.r.Link)
	usual := v.s.Usual()
	if len(known) < runsToLearn {
		return nil
	}
	longer := time.Duration(8)
	if len(known) >= 5 {
		longer = 4
	}
	if !v.quiet(max(3*time.Minute, longer*usual/2)) {
		return nil
	}
	d := &draft{severity: Info, confidence: Low, title: "The iPhone probably waits for you",
		detail: "The backup program runs and the phone is connected, but nothing has arrived. Most likely the phone asks for its passcode.",
		evidence: []Evidence{{"Nothing has arrived for", words.Span(v.r.silence(v.now)), FromFolder},
			{"Longest scan of this iPhone so far", words.Span(usual), FromHistory}, {"Backup program", orUnknown(v.f.Writer.Name) + ", running", FromMac}}}
	if v.quiet(max(5*time.Minute, longer*usual)) {
		d.severity, d.confidence = Warning, Medium
	}
	return d
}

func phoneDisconnected(v *view) *draft {
	r := v.r
	if r == nil || !r.Attached || r.GoneAt.IsZero() || v.f.Phone.Link != LinkGone {
		return nil
	}
	if r.Phase == Settling || r.Phase == Complete || v.s.lastPhase() == Settling {
		return nil
	}
	if !r.Ended.IsZero() && (r.GoneAt.Since(r.Ended) > time.Minute || v.calendar(r.Ended.T, 24*time.Hour)) {
		return nil // it left after the run had ended, or long ago: the run was interrupted
	}
	after := 5 * time.Second
	if r.Link == LinkNetwork && r.Phase != Abandoned { // a program that gave up is the second witness
		after = time.Minute
	}
	if woke := v.now.Since(r.WokeAt); !r.WokeAt.IsZero() && r.GoneAt.Since(r.WokeAt) < wakeGrace && woke >= 0 {
		after = time.Minute // a waking phone needs a moment to be back
	}
	if !v.awake(r.GoneAt, after) {
		return nil
	}
	fix, also := v.lostTo()
	return &draft{severity: Warning, fix: fix, also: also,
		detail: "The phone left while its backup was under way, and nothing has arrived since. " + v.kept(),
		evidence: []Evidence{{"Was connected by", linkWords(r.Link), FromPhone}, {"Gone since", clock(r.GoneAt.T), FromPhone},
			{"Last data", clock(r.LastProgress.T), FromFolder}}}
}

// lastPhase is the phase in which the last run ended; "" when none has.
func (s *Session) lastPhase() Phase {
	if n := len(s.m.Past); n > 0 && s.m.Run != nil && s.m.Past[n-1].Started.Equal(s.m.Run.Started.T) {
		return s.m.Past[n-1].LastPhase
	}
	return ""
}

func linkWords(l Link) string {
	switch l {
	case LinkUSB:
		return "cable"
	case LinkNetwork:
		return "Wi-Fi"
	}
	return "unknown"
}

// clock writes a time of day in UTC: evidence is read beside JSON and logs.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// kept says what is safe while this run is not complete.
func (v *view) kept() string {
	switch {
	case v.s.Restorable() == Yes && !v.s.LastComplete().IsZero():
		return "The last complete backup is untouched and can be restored."
	case v.s.Restorable() == Yes:
		return "An older backup is there and can be restored."
	case v.s.Restorable() == No && v.r != nil && v.r.Files > 0:
		return "There is no older backup to restore here; what has arrived is kept for the next run."
	case v.s.Restorable() == No:
		return "There is no older backup to restore here."
	}
	return "Whether an older backup can be restored is not known."
}

func macDiskFull(v *view) *draft {
	r := v.r
	if r == nil {
		return nil
	}
	full := !r.FullAt.IsZero()
	short := v.moving() && v.f.Root.Free >= 0 && v.f.Root.Free < diskShortFree
	if !full && !(short && v.quiet(10*time.Second)) {
		return nil
	}
	d := &draft{severity: Critical, detail: "The disk that the backup goes to is full. What is written now is cut short, even if the program reports success.",
		evidence: []Evidence{{"Free now", words.Bytes(v.f.Root.Free), FromMac}, {"Least free in this run", words.Bytes(r.MinFree), FromMac}}}
	if full && !v.active() {
		d.title = "The disk was full during the backup"
		d.detail = "The disk was full for a while during the last run, so files written then are cut short, even if the program reported success. " +
			"Another run puts that right only where the phone notices; `watchdogctl check` tells."
	}
	return d
}

func macDiskLow(v *view) *draft {
	want, atMost := v.s.Expected()
	if !v.moving() || want <= 0 || v.f.Root.Free < 0 || v.r.Bytes < 0 {
		return nil
	}
	need := want - v.r.Bytes + diskShortFree
	if v.f.Root.Free >= need {
		return nil
	}
	d := &draft{severity: Warning, confidence: Medium,
		detail: fmt.Sprintf("About %s are still to come, and %s are free.", words.Bytes(want-v.r.Bytes), words.Bytes(v.f.Root.Free)),
		evidence: []Evidence{{"Free now", words.Bytes(v.f.Root.Free), FromMac}, {"Arrived so far", words.Bytes(v.r.Bytes), FromFolder},
			{"Expected in all, about", words.Bytes(want), FromHistory}}}
	if atMost {
		d.confidence = Low
		d.detail = fmt.Sprintf("Up to %s may still come, and %s are free.", words.Bytes(want-v.r.Bytes), words.Bytes(v.f.Root.Free))
		d.evidence[2] = Evidence{"In use on the phone", words.Bytes(want), FromPhone}
	}
	if v.f.Darwin {
		d.severity, d.confidence = Info, Low
		d.detail += " macOS may free more by itself."
	}
	return d
}

func phoneDiskFull(v *view) *draft {
	free := v.f.Phone.DiskFree
	if !v.fresh() || free < 0 || free >= 512<<20 {
		return nil
	}
	return &draft{severity: Warning, detail: "The phone has " + words.Bytes(free) + " free. It needs room for the snapshot that it backs up from.",
		evidence: []Evidence{{"Free on the phone", words.Bytes(free), FromPhone}}}
}

func phoneBatteryLow(v *view) *draft {
	p := v.f.Phone
	if !v.active() || !v.fresh() || p.Battery < 0 || p.Battery >= 20 || p.Charging != No {
		return nil
	}
	return &draft{severity: Warning, detail: fmt.Sprintf("The phone is at %d %% and not charging while its backup runs.", p.Battery),
		evidence: []Evidence{{"Battery", fmt.Sprintf("%d %%, not charging", p.Battery), FromPhone}}}
}

func macSlept(v *view) *draft {
	r := v.r
	if r == nil || r.Slept <= 5*time.Minute || r.Phase == Complete {
		return nil
	}
	d := &draft{severity: Info, confidence: Medium, detail: "The computer slept for " + words.Span(r.Slept) + " while the backup was under way. It has gone on since.",
		evidence: []Evidence{{"Asleep during this run", words.Span(r.Slept), FromMac}, {"Woke", clock(r.WokeAt.T), FromMac}, {"Last data", clock(r.LastProgress.T), FromFolder}}}
	if v.f.OnBattery == Yes {
		d.evidence = append(d.evidence, Evidence{"This computer", "runs on its battery", FromMac})
	}
	still := !r.LastProgress.T.After(r.WokeAt.T)
	if still {
		d.detail = "The computer slept for " + words.Span(r.Slept) + " while the backup was under way, and nothing has moved since it woke."
	}
	if still && (r.Phase == Abandoned || r.Phase != Settling && v.quiet(v.s.noticeLimit())) {
		d.severity = Warning
	}
	return d
}

// lost counts the runs that were abandoned since, over a transport.
func (s *Session) lost(l Link, since time.Time) int {
	n := 0
	for _, p := range s.m.Past {
		if p.Outcome == OutcomeAbandoned && p.Link == l && p.Ended.After(since) {
			n++
		}
	}
	return n
}

func networkUnreliable(v *view) *draft {
	since := v.now.T.AddDate(0, 0, -14)
	n := v.s.lost(LinkNetwork, since)
	last, ok := v.s.newest()
	losing := v.moving() && v.network() && phoneDisconnected(v) != nil
	if losing {
		n++
	}
	if v.active() && !losing || !ok || last.Outcome != OutcomeAbandoned || last.Link != LinkNetwork || n < 3 || v.s.lost(LinkUSB, since) > 0 {
		return nil
	}
	return &draft{severity: Warning, confidence: Medium, detail: fmt.Sprintf("%d runs over Wi-Fi were lost in the last 14 days, and none over a cable. %s", n, v.kept()),
		evidence: []Evidence{{"Runs lost over Wi-Fi in 14 days", fmt.Sprint(n), FromHistory}, {"Over a cable", "0", FromHistory}}}
}

// newest is the run that ended last.
func (s *Session) newest() (PastRun, bool) {
	if n := len(s.m.Past); n > 0 {
		return s.m.Past[n-1], true
	}
	return PastRun{}, false
}

func failingRepeatedly(v *view) *draft {
	n := len(v.s.m.Past)
	if v.active() || n < 3 {
		return nil
	}
	last, streak := v.s.m.Past[n-3:], 0
	for i := n - 1; i >= 0 && v.s.m.Past[i].Outcome == OutcomeAbandoned; i-- {
		streak++
	}
	if streak < 3 {
		return nil
	}
	d := &draft{severity: Warning, confidence: Medium, detail: fmt.Sprintf("%d runs in a row have ended without finishing. %s", streak, v.kept()), fix: UpdateSoftware}
	atEnd := true
	var where []string
	for _, p := range last {
		atEnd = atEnd && (p.LastPhase == Finishing || p.LastPhase == Settling)
		where = append(where, string(p.LastPhase))
	}
	if atEnd {
		d.fix, d.also = FreshBackup, []FixID{UpdateSoftware, RestartPhoneAndRetry}
	}
	d.evidence = []Evidence{{"Runs lost in a row", fmt.Sprint(streak), FromHistory}, {"They ended while", strings.Join(where, ", "), FromHistory}}
	return d
}

func interrupted(v *view) *draft {
	r := v.r
	if r == nil || r.Phase != Abandoned || v.mixed() || v.s.lastPhase() == Settling {
		return nil
	}
	if v.finished() && !v.s.wholeMetadata() {
		return nil // it says finished and is not: that is told, when it has lasted
	}
	d := v.torn()
	d.severity = Warning
	switch last := v.s.lastPhase(); {
	case last == Preparing:
		d.title = "The backup ended before it began"
		d.detail = "The last attempt ended before any file was sent; often because nobody entered the passcode on the phone. " + v.kept()
		d.also = []FixID{EnterPasscode, UseCable, UpdateSoftware}
	case r.State == "removing":
		d.detail = "The last run ended while it cleaned up. Its files are all there, but it needs one more run to be trusted."
	default:
		d.detail = "The last run ended before it was done. " + v.kept()
	}
	if v.network() {
		d.also = []FixID{StablePowerAndWiFi, UseCable, KeepMacAwake}
	}
	return d
}

// mixed reports whether the last run ended among its renames.
func (v *view) mixed() bool {
	return v.r != nil && v.r.Phase == Abandoned && v.r.State == "moving" && !v.r.Stale
}

func interruptedMixed(v *view) *draft {
	if !v.mixed() {
		return nil
	}
	d := v.torn()
	d.severity = Critical
	d.detail = "The last run ended while new files were taking the place of old ones. Neither the old nor the new backup is whole until a run finishes; the next one goes on from here, so delete nothing."
	return d
}

// torn is what is common to runs that ended unfinished.
func (v *view) torn() *draft {
	r := v.r
	d := &draft{evidence: []Evidence{{"Last state in Status.plist", orUnknown(r.State), FromFolder}, {"Last data", clock(r.LastProgress.T), FromFolder}}}
	if r.Files > 0 {
		d.evidence = append(d.evidence, Evidence{"Arrived in this run", words.Plural(r.Files, "file") + ", " + words.Bytes(r.Bytes), FromFolder})
	}
	if r.WriterSeen {
		d.evidence = append(d.evidence, Evidence{"Backup program", orUnknown(r.WriterName) + ", gone", FromMac})
	} else {
		d.confidence = Medium
	}
	return d
}

var phaseWords = map[Phase]string{Preparing: "preparing", Transferring: "sending files", Finishing: "finishing", Settling: "settling"}

func stalled(v *view) *draft {
	if !v.moving() || !v.quiet(v.s.Limit()) {
		return nil
	}
	limit, learned := v.s.limit()
	d := &draft{severity: Info, confidence: Low, fix: RestartPhoneAndRetry, also: []FixID{UseCable, UpdateSoftware}}
	if v.quiet(v.s.noticeLimit()) || v.secondWitness() {
		d.severity, d.confidence = Warning, Medium
		if learned {
			d.confidence = High
		}
	}
	if v.network() {
		d.fix, d.also = StablePowerAndWiFi, []FixID{RestartPhoneAndRetry, UseCable}
	}
	if v.r.Slept > 5*time.Minute && !v.r.LastProgress.T.After(v.r.WokeAt.T) {
		d.also = append(d.also[:2:2], KeepMacAwake)
	}
	if len(v.f.Writer.Others) > 0 {
		d.also = append(d.also[:2:2], StopOtherTool)
	}
	d.detail = fmt.Sprintf("Nothing has moved for %s while %s. Up to %s is %s. %s", words.Span(v.r.silence(v.now)), phaseWords[v.r.Phase], words.Span(limit),
		map[bool]string{true: "usual for this iPhone", false: "normal"}[learned], v.kept())
	d.evidence = v.stallEvidence(limit)
	return d
}

// secondWitness reports whether the phone, or every backup program, is known to
// be away although neither was ever seen in this run: what leaves in a run has
// a name of its own. While the phone prepares that proves nothing.
func (v *view) secondWitness() bool {
	away := v.f.Phone.Link == LinkGone && !v.r.Attached || v.f.Writer.State == WriterGone && !v.r.WriterSeen
	return v.r.Phase != Preparing && away
}

func (v *view) stallEvidence(limit time.Duration) []Evidence {
	r := v.r
	ev := []Evidence{{"Silent for (awake)", words.Span(r.silence(v.now)), FromFolder}, {"Limit in this phase", words.Span(limit), FromHistory},
		{"Last data", clock(r.LastProgress.T), FromFolder}}
	if u := v.s.Usual(); u > 0 {
		ev = append(ev, Evidence{"Longest healthy silence so far", words.Span(u), FromHistory})
	}
	if v.f.Phone.Link == LinkUSB || v.f.Phone.Link == LinkNetwork {
		ev = append(ev, Evidence{"iPhone", "still connected by " + linkWords(v.f.Phone.Link), FromPhone})
	}
	if v.f.Writer.State == WriterAlive {
		ev = append(ev, Evidence{"Backup program", orUnknown(v.f.Writer.Name) + ", still running", FromMac})
	}
	if v.f.OnBattery == Yes {
		ev = append(ev, Evidence{"This computer", "runs on its battery", FromMac})
	}
	if len(v.f.Writer.Others) > 0 {
		ev = append(ev, Evidence{"Another program works on this backup", strings.Join(v.f.Writer.Others, ", "), FromMac})
	}
	return ev
}

func slow(v *view) *draft {
	if !v.moving() || v.r.Phase != Transferring || len(v.r.Rates) < 5 {
		return nil
	}
	rate, minutes := v.s.Rate(v.now), v.busyMinutes()
	if rate < 0 || !v.awake(v.r.Rates[0].At, rateWindow-30*time.Second) || minutes < 5 {
		return nil
	}
	left := v.s.Left(v.now)
	crawl, far := rate < 100e3, left > 24*time.Hour
	if !crawl && !far {
		return nil
	}
	d := &draft{severity: Warning, confidence: Medium, fix: UseCable, also: []FixID{RestartPhoneAndRetry, Wait},
		detail:   fmt.Sprintf("Over the last ten minutes %s a second have arrived.", words.Bytes(int64(rate))),
		evidence: []Evidence{{"Rate over ten minutes", words.Bytes(int64(rate)) + "/s", FromFolder}, {"Connected by", linkWords(v.r.Link), FromPhone}}}
	if left > 0 {
		d.detail += " At that rate about " + words.Span(left) + " are left."
	}
	if v.network() {
		d.fix, d.also = StablePowerAndWiFi, []FixID{UseCable, RestartPhoneAndRetry}
	}
	if rate*rateWindow.Minutes()/float64(minutes) >= 250e3 { // the rate of the minutes in which anything came at all
		d.severity, d.confidence = Info, Low
	}
	return d
}

// busyMinutes counts the minutes of the last ten in which something arrived: a
// trickle is steady, a pause between two batches is not.
func (v *view) busyMinutes() int {
	seen := map[int]bool{}
	for _, p := range v.r.Rates {
		if ago := v.now.AwakeSince(p.At); p.Moves && ago < rateWindow {
			seen[int(ago/time.Minute)] = true
		}
	}
	return len(seen)
}

func runTooLong(v *view) *draft {
	if !v.active() || !v.awake(v.r.Started, v.s.longestAllowed()) {
		return nil
	}
	d := &draft{severity: Warning, confidence: Medium,
		detail: "This run has been under way for " + words.Span(v.now.AwakeSince(v.r.Started)) + ". " + v.kept(),
		evidence: []Evidence{{"Under way for (awake)", words.Span(v.now.AwakeSince(v.r.Started)), FromFolder},
			{"Longest that is expected", words.Span(v.s.longestAllowed()), FromHistory}}}
	if v.goesOn() {
		d.severity, d.fix = Info, Wait
	}
	return d
}

// goesOn reports whether a long run has brought 1 MB/s on average and is not
// silent for longer than its phase allows, or has just finished.
func (v *view) goesOn() bool {
	r := v.r
	if mean := float64(r.Bytes) / max(1, v.now.AwakeSince(r.Started).Seconds()); mean < 1e6 {
		return false
	}
	if r.Phase == Settling {
		return !v.awake(r.FinishedAt, tailWindow)
	}
	return !v.quiet(v.s.Limit())
}

func softwareMismatch(v *view) *draft {
	if v.f.Phone.Refused == Yes {
		return &draft{severity: Warning, detail: "The phone refuses this computer, though the two once trusted each other.",
			evidence: []Evidence{{"Pairing", "refused", FromPhone}}}
	}
	ios := v.f.Phone.OSVersion
	if ios == "" && v.f.Folder.Manifest.Presence == Present {
		ios = v.f.Folder.Manifest.Manifest.ProductVersion
	}
	newest := iosOf(v.f.MacOSVersion)
	if newest == 0 || major(ios) <= newest {
		return nil
	}
	d := &draft{severity: Info, confidence: Low, detail: fmt.Sprintf("The phone runs iOS %s, which is newer than macOS %s.", ios, v.f.MacOSVersion),
		evidence: []Evidence{{"iOS", ios, FromPhone}, {"macOS", v.f.MacOSVersion, FromMac}}}
	if last, ok := v.s.newest(); ok && last.Outcome == OutcomeAbandoned {
		d.severity, d.confidence = Warning, Medium
	}
	return d
}

// major is the number before the first dot; 0 when there is none.
func major(version string) int {
	n := 0
	fmt.Sscanf(version, "%d", &n)
	return n
}

// iosOf is the newest iOS that a macOS was released beside; 0 unknown. The two
// have shared a number since 26 (macOS 15 came with iOS 18).
func iosOf(macOS string) int {
	switch m := major(macOS); {
	case m >= 26:
		return m
	case m >= 11 && m <= 15:
		return m + 3
	}
	return 0
}
