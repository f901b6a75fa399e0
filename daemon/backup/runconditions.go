package backup

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/words"
)

// stuck are the causes of a run that does not move. They explain too what a
// run that is stuck explains: hiding works through conditions that do not hold.
var stuck = slices.Concat([]Code{WaitingForPasscode, PhoneDisconnected, Interrupted, InterruptedMixed, FailingRepeatedly, MacDiskFull}, blind)

// runConditions are about the run under way, or the one that has just ended.
var runConditions = worded([]Condition{
	{Code: WaitingForPasscode, OfRun: true, find: waitingForPasscode, // what the phone shows is seen without the folder
		Fix: EnterPasscode, Also: []FixID{RestartPhoneAndRetry}},
	{Code: PhoneDisconnected, OfRun: true, find: phoneDisconnected,
		HiddenBy: append([]Code{NetworkUnreliable}, blind...),
		Fix:      UseCable, Also: []FixID{StablePowerAndWiFi, RestartPhoneAndRetry}, May: []FixID{UpdateSoftware}},
	{Code: MacDiskFull, OfRun: true, find: macDiskFull,
		HiddenBy: blind,
		Fix:      CheckStorage, Also: []FixID{BackUpNow}},
	{Code: MacDiskLow, OfRun: true, find: macDiskLow,
		HiddenBy: append([]Code{MacDiskFull}, blind...),
		Fix:      CheckStorage, Also: []FixID{Wait}},
	{Code: MacSlept, OfRun: true, find: macSlept,
		HiddenBy: blind,
		Fix:      KeepMacAwake, Also: []FixID{RestartPhoneAndRetry}},
	{Code: NetworkUnreliable, find: networkUnreliable,
		HiddenBy: blind,
		Fix:      ResetNetworkSettings, Also: []FixID{UseCable, StablePowerAndWiFi}},
	{Code: FailingRepeatedly, find: failingRepeatedly,
		HiddenBy: append([]Code{NetworkUnreliable, MacDiskFull}, blind...),
		Fix:      UpdateSoftware, Also: []FixID{RestartPhoneAndRetry, FreshBackup, UseCable}},
	{Code: Interrupted, OfRun: true, find: interrupted,
		HiddenBy: append([]Code{PhoneDisconnected, MacDiskFull, NetworkUnreliable, FailingRepeatedly, FalseFinished}, blind...),
		Fix:      RestartPhoneAndRetry, Also: []FixID{BackUpNow, UseCable, KeepMacAwake}, May: []FixID{EnterPasscode, UpdateSoftware, StablePowerAndWiFi}},
	{Code: InterruptedMixed, OfRun: true, find: interruptedMixed,
		HiddenBy: append([]Code{MacDiskFull}, blind...),
		Fix:      RestartPhoneAndRetry, Also: []FixID{BackUpNow, UseCable}},
	{Code: Stalled, OfRun: true, find: stalled,
		HiddenBy: stuck,
		Fix:      RestartPhoneAndRetry, Also: []FixID{UseCable, UpdateSoftware}, May: []FixID{StablePowerAndWiFi, KeepMacAwake, StopOtherTool}},
	{Code: Slow, OfRun: true, find: slow,
		HiddenBy: append([]Code{Stalled}, stuck...),
		Fix:      UseCable, Also: []FixID{StablePowerAndWiFi, Wait}, May: []FixID{RestartPhoneAndRetry}},
	{Code: RunTooLong, OfRun: true, find: runTooLong,
		HiddenBy: append([]Code{Stalled, Slow}, stuck...),
		Fix:      RestartPhoneAndRetry, Also: []FixID{UpdateSoftware, FreshBackup}, May: []FixID{Wait}},
	{Code: PhoneBatteryLow, OfRun: true, find: phoneBatteryLow,
		HiddenBy: append([]Code{PhoneDisconnected}, blind...),
		Fix:      StablePowerAndWiFi, Also: []FixID{UseCable}},
	{Code: PhoneDiskFull, find: phoneDiskFull,
		Fix: FreePhoneStorage, Also: []FixID{RestartPhoneAndRetry}},
	{Code: SoftwareMismatch, find: softwareMismatch,
		Fix: UpdateSoftware, Also: []FixID{RestartPhoneAndRetry}},
})

// lostTo is the fix for a lost connection.
func (v *view) lostTo() (FixID, []FixID) {
	if v.network() {
		return StablePowerAndWiFi, []FixID{UseCable, RestartPhoneAndRetry}
	}
	return UseCable, []FixID{RestartPhoneAndRetry, UpdateSoftware}
}

func waitingForPasscode(v *view) *draft {
	if v.f.Phone.Passcode == Yes && !v.s.m.SheetAt.IsZero() {
		d := &draft{severity: Info, detail: words.SheetShown,
			evidence: []Evidence{{words.FactScreen, words.SheetFor(v.now.AwakeSince(v.s.m.SheetAt)), FromPhone}}}
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
	if noAccess(v) != nil || volumeMissing(v) != nil {
		return nil // the silence of a folder that nobody sees is none
	}
	known := slices.DeleteFunc(v.s.silences(Preparing, v.r.Link), func(d time.Duration) bool { return d == 0 })
	if len(known) < runsToLearn {
		return nil
	}
	longest, factor := slices.Max(known), time.Duration(8)
	if len(known) >= 5 {
		factor = 4
	}
	if !v.quiet(max(3*time.Minute, longest)) {
		return nil
	}
	d := &draft{severity: Info, confidence: Low, title: words.TitleProbablyWaiting,
		detail: words.ProbablyWaitingForCode,
		evidence: []Evidence{{words.FactNothingFor, words.Span(v.r.silence(v.now)), FromFolder},
			{words.FactLongestScan, words.Span(longest), FromHistory}, {words.FactBackupProgram, words.ProgramRuns(v.f.Writer.Name), FromMac}}}
	if v.quiet(max(5*time.Minute, factor*longest)) {
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
		detail: words.PhoneLeft(v.kept()),
		evidence: []Evidence{{words.FactWasConnected, words.Link(r.Link.word()), FromPhone}, {words.FactGoneSince, words.Clock(r.GoneAt.T), FromPhone},
			{words.FactLastData, words.Clock(r.LastProgress.T), FromFolder}}}
}

// lastPhase is the phase in which the last run ended; "" when none has.
func (s *Session) lastPhase() Phase {
	if n := len(s.m.Past); n > 0 && s.m.Run != nil && s.m.Past[n-1].Started.Equal(s.m.Run.Started.T) {
		return s.m.Past[n-1].LastPhase
	}
	return ""
}

// word is how a phone is attached, as JSON and package words have it; "" unknown.
func (l Link) word() string {
	return map[Link]string{LinkUSB: "usb", LinkNetwork: "network"}[l]
}

// kept says what is safe while this run is not complete.
func (v *view) kept() string {
	last := v.s.LastComplete()
	switch v.s.Restorable() {
	case Yes:
		if last.IsZero() {
			return words.KeptOlder
		}
		return words.KeptUntouched
	case Unknown:
		return words.KeptUnknown
	}
	switch g := v.s.m.Glance; {
	case !last.IsZero() && v.setAside():
		return words.KeptElsewhere(last)
	case !last.IsZero() && g.State == "uploading" && v.f.Folder.Status.Status.BackupState == "empty":
		return words.KeptGivenUp(last)
	case !last.IsZero() && g.State == "moving":
		return words.KeptReplaced(last)
	case v.r != nil && v.r.Files > 0:
		return words.KeptArrived
	}
	return words.KeptNothing
}

// setAside reports whether the last complete backup is known to be none of this
// folder's: another chain stands here now, and its run is the first that was
// seen of it.
func (v *view) setAside() bool {
	last, ok := v.s.lastComplete()
	here := v.s.m.Glance.Chain
	return ok && last.ChainID != "" && here != "" && !strings.EqualFold(last.ChainID, here) && v.s.LastComplete().Before(v.s.m.First.T)
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
	d := &draft{severity: Critical, detail: words.DiskFull,
		evidence: []Evidence{{words.FactFreeNow, words.Bytes(v.f.Root.Free), FromMac}, {words.FactLeastFree, words.Bytes(r.MinFree), FromMac}}}
	if full && !v.active() {
		d.title = words.TitleDiskWasFull
		d.detail = words.DiskWasFull
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
		detail: words.DiskTooSmall(want-v.r.Bytes, v.f.Root.Free, atMost, v.f.Darwin),
		evidence: []Evidence{{words.FactFreeNow, words.Bytes(v.f.Root.Free), FromMac}, {words.FactArrivedSoFar, words.Bytes(v.r.Bytes), FromFolder},
			{words.FactExpected, words.Bytes(want), FromHistory}}}
	if atMost {
		d.confidence = Low
		d.evidence[2] = Evidence{words.FactPhoneUses, words.Bytes(want), FromPhone}
	}
	if v.f.Darwin {
		d.severity, d.confidence = Info, Low
	}
	return d
}

func phoneDiskFull(v *view) *draft {
	free := v.f.Phone.DiskFree
	if !v.fresh() || free < 0 || free >= 512<<20 {
		return nil
	}
	return &draft{severity: Warning, detail: words.PhoneFull(free),
		evidence: []Evidence{{words.FactFreeOnPhone, words.Bytes(free), FromPhone}}}
}

func phoneBatteryLow(v *view) *draft {
	p := v.f.Phone
	if !v.active() || !v.fresh() || p.Battery < 0 || p.Battery >= 20 || p.Charging != No {
		return nil
	}
	d := &draft{severity: Warning, detail: words.BatteryLow(p.Battery),
		evidence: []Evidence{{words.FactBattery, words.BatteryAt(p.Battery), FromPhone}}}
	if v.cable() {
		d.also = []FixID{}
	}
	return d
}

func macSlept(v *view) *draft {
	r := v.r
	if r == nil || r.Slept <= 5*time.Minute || r.Phase == Complete {
		return nil
	}
	still := !r.LastProgress.T.After(r.WokeAt.T)
	d := &draft{severity: Info, confidence: Medium, detail: words.Slept(r.Slept, !still),
		evidence: []Evidence{{words.FactAsleep, words.Span(r.Slept), FromMac}, {words.FactWoke, words.Clock(r.WokeAt.T), FromMac}, {words.FactLastData, words.Clock(r.LastProgress.T), FromFolder}}}
	if v.f.OnBattery == Yes {
		d.evidence = append(d.evidence, Evidence{words.FactComputer, words.OnBattery, FromMac})
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
	return &draft{severity: Warning, confidence: Medium, detail: words.LostOverWiFi(n, v.kept()),
		evidence: []Evidence{{words.FactLostOverWiFi, fmt.Sprint(n), FromHistory}, {words.FactOverCable, "0", FromHistory}}}
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
	d := &draft{severity: Warning, confidence: Medium, detail: words.LostInARow(streak, v.kept()), fix: UpdateSoftware}
	atEnd := true
	var where []string
	for _, p := range last {
		atEnd = atEnd && (p.LastPhase == Finishing || p.LastPhase == Settling)
		where = append(where, string(p.LastPhase))
	}
	if atEnd {
		d.fix, d.also = FreshBackup, []FixID{UpdateSoftware, RestartPhoneAndRetry}
	}
	d.evidence = []Evidence{{words.FactLostInARow, fmt.Sprint(streak), FromHistory}, {words.FactEndedWhile, strings.Join(where, ", "), FromHistory}}
	return d
}

func interrupted(v *view) *draft {
	r := v.r
	if r == nil || r.Phase != Abandoned || v.mixed() || v.s.lastPhase() == Settling {
		return nil
	}
	if v.hollow() {
		return nil // it says finished and is not: that is told, when it has lasted
	}
	d := v.torn()
	d.severity = Warning
	switch last := v.s.lastPhase(); {
	case last == Preparing:
		d.title = words.TitleNeverBegan
		d.detail = words.EndedBeforeSending(v.kept())
		d.also = []FixID{EnterPasscode, UseCable, UpdateSoftware}
	case r.State == "removing":
		d.detail = words.EndedCleaningUp
	default:
		d.detail = words.EndedTooEarly(v.kept())
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
	d.detail = words.EndedInTheMiddle
	return d
}

// torn is what is common to runs that ended unfinished.
func (v *view) torn() *draft {
	r := v.r
	d := &draft{evidence: []Evidence{{words.FactLastState, words.OrUnknown(r.State), FromFolder}, {words.FactLastData, words.Clock(r.LastProgress.T), FromFolder}}}
	if r.Files > 0 {
		d.evidence = append(d.evidence, Evidence{words.FactArrivedInRun, words.Arrived(r.Files, r.Bytes), FromFolder})
	}
	if r.WriterSeen {
		d.evidence = append(d.evidence, Evidence{words.FactBackupProgram, words.ProgramGone(r.WriterName), FromMac})
	} else {
		d.confidence = Medium
	}
	return d
}

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
	d.detail = words.Stuck(v.r.silence(v.now), string(v.r.Phase), limit, learned, v.kept())
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
	ev := []Evidence{{words.FactSilent, words.Span(r.silence(v.now)), FromFolder}, {words.FactLimit, words.Span(limit), FromHistory},
		{words.FactLastData, words.Clock(r.LastProgress.T), FromFolder}}
	if u := v.s.Usual(); u > 0 {
		ev = append(ev, Evidence{words.FactUsualSilence, words.Span(u), FromHistory})
	}
	if v.f.Phone.Link == LinkUSB || v.f.Phone.Link == LinkNetwork {
		ev = append(ev, Evidence{words.FactPhone, words.StillConnected(v.f.Phone.Link.word()), FromPhone})
	}
	if v.f.Writer.State == WriterAlive {
		ev = append(ev, Evidence{words.FactBackupProgram, words.ProgramStillRuns(v.f.Writer.Name), FromMac})
	}
	if v.f.OnBattery == Yes {
		ev = append(ev, Evidence{words.FactComputer, words.OnBattery, FromMac})
	}
	if len(v.f.Writer.Others) > 0 {
		ev = append(ev, Evidence{words.FactOtherProgram, strings.Join(v.f.Writer.Others, ", "), FromMac})
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
		detail:   words.SlowAt(rate, left),
		evidence: []Evidence{{words.FactRate, words.PerSecond(rate), FromFolder}, {words.FactConnected, words.Link(v.r.Link.word()), FromPhone}}}
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
	if first := v.s.m.First.T; v.r.Started.T.Before(first) && !v.r.LastProgress.T.After(first) {
		return nil // found, and not seen to move: it may have ended long ago, or be a copy
	}
	d := &draft{severity: Warning, confidence: Medium,
		detail: words.UnderWayFor(v.now.AwakeSince(v.r.Started), v.kept()),
		evidence: []Evidence{{words.FactUnderWay, words.Span(v.now.AwakeSince(v.r.Started)), FromFolder},
			{words.FactLongest, words.Span(v.s.longestAllowed()), FromHistory}}}
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
		return &draft{severity: Warning, detail: words.PairingRefused,
			evidence: []Evidence{{words.FactPairing, words.Refused, FromPhone}}}
	}
	ios := v.f.Phone.OSVersion
	if ios == "" && v.f.Folder.Manifest.Presence == Present {
		ios = v.f.Folder.Manifest.Manifest.ProductVersion
	}
	newest := iosOf(v.f.MacOSVersion)
	if newest == 0 || major(ios) <= newest {
		return nil
	}
	d := &draft{severity: Info, confidence: Low, detail: words.IOSNewer(ios, v.f.MacOSVersion),
		evidence: []Evidence{{words.FactIOS, ios, FromPhone}, {words.FactMacOS, v.f.MacOSVersion, FromMac}}}
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
