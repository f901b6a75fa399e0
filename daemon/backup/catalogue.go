package backup

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/words"
)

// Scope is what a condition is about.
type Scope int8

const (
	OfBackup Scope = iota // one backup folder
	OfRoot                // a watched folder as a whole
	OfDaemon              // the watchdog itself
)

// Condition is one thing that can be wrong, in one declaration: when it holds,
// what hides it, what to do and, from package words, what is said of it.
type Condition struct {
	Code Code
	// Title, Severity, Holds and Means, and how a notice says it.
	words.Condition
	Of Scope
	// OfRun says that it belongs to a run and is a new trouble in the next one.
	OfRun bool
	// HiddenBy are the causes that explain it: all of them, also those that do so
	// by way of another condition.
	HiddenBy []Code
	Fix      FixID   // the first, unless the evidence points elsewhere
	Also     []FixID // at most three
	// May are the fixes that evidence can put in their place, none of them in Fix
	// or Also.
	May  []FixID
	find func(v *view) *draft
}

// MayAdvise reports whether a finding of this condition can name that fix, first
// or among the others.
func (c Condition) MayAdvise(id FixID) bool {
	return c.Fix == id || slices.Contains(c.Also, id) || slices.Contains(c.May, id)
}

// worded fills in what is said of each condition.
func worded(list []Condition) []Condition {
	for i := range list {
		list[i].Condition, _ = words.Of(string(list[i].Code))
	}
	return list
}

// ConditionByCode returns the condition of that code.
func ConditionByCode(c Code) (Condition, bool) {
	for _, x := range Catalogue {
		if x.Code == c {
			return x, true
		}
	}
	return Condition{}, false
}

// blind are the causes that keep the watchdog from seeing a backup at all.
var blind = []Code{NoAccess, CodeVolumeMissing}

// Catalogue is everything the watchdog can say, causes before consequences.
var Catalogue = slices.Concat(rootConditions, runConditions, chainConditions)

var rootConditions = worded([]Condition{
	{Code: NoAccess, Of: OfRoot, find: noAccess,
		Fix: GrantFullDiskAccess, May: []FixID{ReconnectDrive}},
	{Code: CodeVolumeMissing, Of: OfRoot, find: volumeMissing,
		Fix: ReconnectDrive, Also: []FixID{CheckStorage}},
	{Code: VolumeReadOnly, Of: OfRoot, find: volumeReadOnly,
		HiddenBy: []Code{CodeVolumeMissing},
		Fix:      ReconnectDrive, Also: []FixID{CheckStorage}},
	{Code: FolderMissing, Of: OfRoot, find: folderMissing,
		HiddenBy: blind,
		Fix:      BackUpNow, Also: []FixID{ReconnectDrive}},
	{Code: WatchDegraded, Of: OfRoot, find: watchDegraded,
		Fix: Wait, May: []FixID{CheckStorage}},
	{Code: NoticesUndelivered, Of: OfDaemon,
		Fix: AllowNotifications},
	{Code: HistoryUnavailable, Of: OfDaemon,
		Fix: CheckStorage},
})

func noAccess(v *view) *draft {
	if v.f.Root.Access == AccessUnknown && v.f.Root.Detail != "" && v.f.Root.Volume != VolumeMissing {
		return &draft{severity: Critical, confidence: Medium, title: words.TitleNoAnswer, fix: ReconnectDrive,
			detail:   words.NoAnswer(v.f.Root.Path),
			evidence: []Evidence{{words.FactListing, v.f.Root.Detail, FromFolder}}}
	}
	if v.f.Root.Access != AccessDenied {
		return nil
	}
	return &draft{severity: Critical, detail: words.ReadingRefused(v.f.Root.Path),
		evidence: []Evidence{{words.FactListing, words.OrUnknown(v.f.Root.Detail), FromFolder}}}
}

func volumeMissing(v *view) *draft {
	d := &draft{severity: Critical, evidence: []Evidence{{words.FactFolder, v.f.Root.Path, FromMac}, {words.FactLeadsTo, words.OrUnknown(v.f.Root.Resolved), FromMac}}}
	switch v.f.Root.Volume {
	case VolumeMissing:
		d.detail = words.DriveGone
	case VolumeReplaced:
		d.title = words.TitleOtherDisk
		d.detail = words.OtherDisk
	default:
		return nil
	}
	return d
}

func volumeReadOnly(v *view) *draft {
	if v.f.Root.ReadOnly != Yes {
		return nil
	}
	return &draft{severity: Critical, detail: words.VolumeReadOnly,
		evidence: []Evidence{{words.FactVolume(v.f.Root.Path), words.MountedReadOnly, FromMac}}}
}

func folderMissing(v *view) *draft {
	if v.f.Root.Access != AccessAbsent || v.f.Root.Volume == VolumeMissing {
		return nil
	}
	d := &draft{severity: Warning, detail: words.FolderAwaited(v.f.Root.Path),
		evidence: []Evidence{{words.FactFolder, words.OrUnknown(v.f.Root.Detail), FromFolder}}}
	if v.f.Root.Resolved != "" { // something is there, and it is no folder
		d.title = words.TitleNoFolder
		d.detail = words.FolderIsFile(v.f.Root.Path)
		return d
	}
	if v.f.Root.Default {
		d.severity = Info
		d.detail = words.FirstBackupAwaited(v.f.Root.Path)
	}
	return d
}

func watchDegraded(v *view) *draft {
	d := &draft{severity: Info}
	if n := v.f.Root.Unwatched; n > 0 {
		d.title, d.fix, d.detail = words.TitleTooMany, CheckStorage, words.TooMany(n)
		d.evidence = []Evidence{{words.FactUnwatched, words.Count(int64(n)), FromFolder}}
	}
	if v.f.Root.Polling {
		d.detail = strings.TrimSpace(d.detail + " " + words.LookedAtByClock)
		d.evidence = append(d.evidence, Evidence{words.FactFileEvents, words.OrUnknown(v.f.Root.PollingWhy), FromMac})
	}
	if d.detail == "" {
		return nil
	}
	return d
}

// RootMemory is since when and how often each condition of a root holds; the
// zero value is ready for use.
type RootMemory struct {
	Since map[Code]time.Time `json:"since"`
	Times map[Code]int       `json:"times"`
	Gone  map[Code]spell     `json:"gone"`
}

// note keeps up with whether a condition holds. As in a session, what was gone
// for a few seconds only is the same trouble.
func (m *RootMemory) note(c Code, holds bool, now time.Time) {
	from, held := m.Since[c]
	switch {
	case holds && !held:
		m.Since[c] = now
		if was, ok := m.Gone[c]; ok && now.Sub(was.To.T) < flicker {
			m.Since[c] = was.From.T
		} else {
			m.Times[c]++
		}
		delete(m.Gone, c)
	case !holds && held:
		m.Gone[c] = spell{Moment{T: from}, Moment{T: now}}
		delete(m.Since, c)
	}
}

// JudgeRoot judges a watched folder as a whole. Findings that are hidden by
// another come second.
func JudgeRoot(m *RootMemory, r Root, darwin bool, now time.Time) (shown, hidden []Finding) {
	if m.Since == nil {
		m.Since, m.Times = map[Code]time.Time{}, map[Code]int{}
	}
	if m.Gone == nil {
		m.Gone = map[Code]spell{}
	}
	s := NewSession("", r.Path, Rules{}, nil)
	v := &view{s: s, f: Facts{Root: r, Darwin: darwin}, now: Moment{T: now}}
	drafts := map[Code]draft{}
	for _, c := range rootConditions {
		if c.find == nil {
			continue
		}
		d := c.find(v)
		m.note(c.Code, d != nil, now)
		if d != nil {
			drafts[c.Code] = *d
		}
	}
	for _, c := range rootConditions {
		d, ok := drafts[c.Code]
		if !ok {
			continue
		}
		f := v.finding(c, d)
		f.Since, f.Key = m.Since[c.Code], fmt.Sprintf("%s/-/%s/%d", r.Path, c.Code, m.Times[c.Code])
		if v.hides(c, drafts) {
			hidden = append(hidden, f)
		} else {
			shown = append(shown, f)
		}
	}
	worstFirst(shown)
	return shown, hidden
}

// NewFinding makes a finding of a condition that somebody else has seen: the
// daemon of itself, a check of a folder it was asked about. Title and fix are
// the catalogue's.
func NewFinding(code Code, sev Severity, detail string, since time.Time, key string, fix Advice, ev ...Evidence) Finding {
	c, _ := ConditionByCode(code)
	f := Finding{Code: code, Severity: sev, Title: c.Title, Detail: detail, Since: since, Confidence: High, Evidence: ev,
		Fix: fix, Also: c.Also, Key: key}
	if f.Fix.ID == "" {
		f.Fix = AdviceFor(c.Fix, "", false, "")
	}
	return f
}
