package backup

import (
	"fmt"
	"slices"
	"time"
)

// Scope is what a condition is about.
type Scope int8

const (
	OfBackup Scope = iota // one backup folder
	OfRoot                // a watched folder as a whole
	OfDaemon              // the watchdog itself
)

// Condition is one thing that can be wrong, in one declaration: what it is
// called, when it holds, what hides it, and what to do.
type Condition struct {
	Code  Code
	Title string // at most 40 characters
	// Severity in words, "info, then warning".
	Severity string
	// Holds says when it holds, with every number; Means what that means to a person.
	Holds, Means string
	Of           Scope
	// OfRun says that it belongs to a run and is a new trouble in the next one.
	OfRun bool
	// HiddenBy are the causes that explain it. Hiding works through hidden ones too.
	HiddenBy []Code
	Fix      FixID   // the first, unless the evidence points elsewhere
	Also     []FixID // at most three
	find     func(v *view) *draft
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

var rootConditions = []Condition{
	{Code: NoAccess, Title: "The watchdog cannot see the backups", Severity: "critical", Of: OfRoot,
		Holds: "Listing the watched folder is refused or fails, or a protected folder gives nothing but empty answers.",
		Means: "As long as this lasts nobody watches: there may be backups or none, good ones or broken ones.",
		Fix:   GrantFullDiskAccess, find: noAccess},
	{Code: CodeVolumeMissing, Title: "The backup drive is not connected", Severity: "critical", Of: OfRoot,
		Holds: "The folder is a link and the drive it points to is gone, or another disk (or a plain folder) stands in its place.",
		Means: "A backup started now fails, or grows on the wrong disk.",
		Fix:   ReconnectDrive, Also: []FixID{CheckStorage}, find: volumeMissing},
	{Code: VolumeReadOnly, Title: "The backup drive cannot be written", Severity: "critical", Of: OfRoot,
		Holds:    "The volume of the watched folder is mounted read-only.",
		Means:    "The next backup cannot be saved.",
		HiddenBy: []Code{CodeVolumeMissing}, Fix: ReconnectDrive, Also: []FixID{CheckStorage}, find: volumeReadOnly},
	{Code: FolderMissing, Title: "The backup folder is not there", Severity: "warning for a configured folder, info for the default one", Of: OfRoot,
		Holds:    "The watched folder does not exist.",
		Means:    "No backup has been made here yet, or the folder was moved.",
		HiddenBy: blind, Fix: BackUpNow, Also: []FixID{ReconnectDrive}, find: folderMissing},
	{Code: WatchDegraded, Title: "Watching by looking only", Severity: "info", Of: OfRoot,
		Holds: "The system's file events cannot be had for this folder, so it is looked at by the clock.",
		Means: "Everything is still noticed, a new run up to one idle interval later.",
		Fix:   Wait, find: watchDegraded},
	{Code: NoticesUndelivered, Title: "Notices do not arrive", Severity: "warning", Of: OfDaemon,
		Holds: "The last notices failed on every channel.",
		Means: "What the watchdog sees reaches nobody unless they ask `watchdogctl status`.",
		Fix:   AllowNotifications},
	{Code: HistoryUnavailable, Title: "The watchdog's memory is damaged", Severity: "warning", Of: OfDaemon,
		Holds: "The history database had to be set aside, or cannot be written.",
		Means: "Watching goes on. What was learned of this phone's habits is lost, or will be at the next restart.",
		Fix:   CheckStorage},
}

func noAccess(v *view) *draft {
	if v.f.Root.Access == AccessUnknown && v.f.Root.Detail != "" && v.f.Root.Volume != VolumeMissing {
		return &draft{severity: Critical, confidence: Medium, title: "The backup folder cannot be read", fix: ReconnectDrive,
			detail:   v.f.Root.Path + " does not answer as a folder should, so nothing can be said of the backups in it.",
			evidence: []Evidence{{"Listing the folder", v.f.Root.Detail, FromFolder}}}
	}
	if v.f.Root.Access != AccessDenied {
		return nil
	}
	return &draft{severity: Critical, detail: "Reading " + v.f.Root.Path + " is refused, so nothing can be said of the backups in it.",
		evidence: []Evidence{{"Listing the folder", orUnknown(v.f.Root.Detail), FromFolder}}}
}

func volumeMissing(v *view) *draft {
	d := &draft{severity: Critical, evidence: []Evidence{{"Folder", v.f.Root.Path, FromMac}, {"Leads to", orUnknown(v.f.Root.Resolved), FromMac}}}
	switch v.f.Root.Volume {
	case VolumeMissing:
		d.detail = "The drive that the backup folder lies on is gone."
	case VolumeReplaced:
		d.title = "Another disk stands in for the drive"
		d.detail = "Where the backup drive was mounted there is another disk or a plain folder now. A backup made now lands on the wrong disk."
	default:
		return nil
	}
	return d
}

func volumeReadOnly(v *view) *draft {
	if v.f.Root.ReadOnly != Yes {
		return nil
	}
	return &draft{severity: Critical, detail: "The volume of the backup folder is mounted read-only: nothing can be saved on it.",
		evidence: []Evidence{{"Volume of " + v.f.Root.Path, "read-only", FromMac}}}
}

func folderMissing(v *view) *draft {
	if v.f.Root.Access != AccessAbsent || v.f.Root.Volume == VolumeMissing {
		return nil
	}
	d := &draft{severity: Warning, detail: v.f.Root.Path + " does not exist. It is watched for, and noticed when it appears.",
		evidence: []Evidence{{"Folder", orUnknown(v.f.Root.Detail), FromFolder}}}
	if v.f.Root.Resolved != "" { // something is there, and it is no folder
		d.title = "There is no folder where backups go"
		d.detail = v.f.Root.Path + " is a file, not a folder. Move it away, or name the right folder in the configuration (roots) or with --root."
		return d
	}
	if v.f.Root.Default {
		d.severity = Info
		d.detail = "No backup has been made on this computer yet: " + v.f.Root.Path + " does not exist. It is watched for."
	}
	return d
}

func watchDegraded(v *view) *draft {
	if !v.f.Root.Polling {
		return nil
	}
	return &draft{severity: Info, detail: "File events are not to be had here, so the folder is looked at by the clock.",
		evidence: []Evidence{{"File events", orUnknown(v.f.Root.PollingWhy), FromMac}}}
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
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
