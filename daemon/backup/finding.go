package backup

import (
	"encoding/json"
	"fmt"
	"time"
)

// Severity orders findings. The zero Severity is Info.
type Severity int8

const (
	Info Severity = iota
	Warning
	Critical
)

var severityNames = [...]string{"info", "warning", "critical"}

func (s Severity) String() string { return severityNames[s] }

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Severity) UnmarshalText(b []byte) error {
	for i, n := range severityNames {
		if n == string(b) {
			*s = Severity(i)
			return nil
		}
	}
	return fmt.Errorf("severity %q is none of info, warning, critical", b)
}

// Confidence is how sure a finding is of its cause.
type Confidence string

const (
	Low    Confidence = "low"
	Medium Confidence = "medium"
	High   Confidence = "high"
)

// Source is where a piece of evidence comes from.
type Source string

const (
	FromFolder  Source = "folder"
	FromPhone   Source = "phone"
	FromMac     Source = "mac"
	FromApple   Source = "apple"
	FromHistory Source = "history"
)

// Evidence is one fact a finding rests on, in words for a person.
type Evidence struct {
	Fact   string `json:"fact"`
	Value  string `json:"value"`
	Source Source `json:"source"`
}

// Advice is a fix as a finding carries it: its id, title and steps.
type Advice struct {
	ID    FixID    `json:"id"`
	Title string   `json:"title"`
	Steps []string `json:"steps"`
}

// Finding is one condition that holds for one backup (or root), with what it
// rests on and what to do.
type Finding struct {
	Code       Code       `json:"code"`
	Severity   Severity   `json:"severity"`
	Title      string     `json:"title"`  // at most 40 characters where it can be
	Detail     string     `json:"detail"` // one or two sentences
	Since      time.Time  `json:"since"`
	Confidence Confidence `json:"confidence"`
	Evidence   []Evidence `json:"evidence"`
	Fix        Advice     `json:"fix"`
	Also       []FixID    `json:"also"`
	// Key names this occurrence for good: backup, run, code, occurrence. Two
	// findings with one key are the same trouble; a notice is sent once a key.
	Key string `json:"key"`
}

// MarshalJSON writes Since in UTC with whole seconds, and lists that are never null.
func (f Finding) MarshalJSON() ([]byte, error) {
	type plain Finding
	p := plain(f)
	p.Since = p.Since.UTC().Truncate(time.Second)
	if p.Evidence == nil {
		p.Evidence = []Evidence{}
	}
	if p.Also == nil {
		p.Also = []FixID{}
	}
	if p.Fix.Steps == nil {
		p.Fix.Steps = []string{}
	}
	return json.Marshal(p)
}

// Phase is where a backup stands. See the package comment for what each rests on.
type Phase string

const (
	Idle         Phase = "idle"
	Preparing    Phase = "preparing"
	Transferring Phase = "transferring"
	Finishing    Phase = "finishing"
	Settling     Phase = "settling"
	Complete     Phase = "complete"
	Abandoned    Phase = "abandoned"
)

// Active reports whether a run is under way in this phase.
func (p Phase) Active() bool {
	return p == Preparing || p == Transferring || p == Finishing || p == Settling
}

// Kind is what a run makes.
type Kind string

const (
	KindUnknown Kind = ""
	First       Kind = "first"
	Full        Kind = "full"
	Incremental Kind = "incremental"
)

// Outcome is how a run ended.
type Outcome string

const (
	OutcomeComplete  Outcome = "complete"
	OutcomeAbandoned Outcome = "abandoned"
	OutcomeRunning   Outcome = "running"
	OutcomeUnknown   Outcome = "unknown"
)

// PastRun is one run as history remembers it.
type PastRun struct {
	UDID      string        `json:"udid"`
	Path      string        `json:"path,omitempty"` // of its folder, "" unknown: one phone may have several
	Started   time.Time     `json:"started"`
	Ended     time.Time     `json:"ended,omitzero"` // zero while running
	Outcome   Outcome       `json:"outcome"`
	Kind      Kind          `json:"kind"`
	ChainID   string        `json:"chain_id"`
	Link      Link          `json:"link"`       // how the phone was attached for most of it
	LastPhase Phase         `json:"last_phase"` // the phase it ended in
	Bytes     int64         `json:"bytes"`      // -1 unknown
	Files     int64         `json:"files"`      // -1 unknown
	Silence   Silences      `json:"silence"`    // the longest healthy silence of each phase
	Duration  time.Duration `json:"duration"`   // awake
	Encrypted Tri           `json:"encrypted"`
	// ChainFiles and ChainBytes are what the whole chain held after the run; -1 unknown.
	ChainFiles int64 `json:"chain_files"`
	ChainBytes int64 `json:"chain_bytes"`
	// DiskFull: free space fell under the limit at some moment of the run.
	DiskFull bool `json:"disk_full"`
	// Taught says that its silences may be learned from.
	Taught bool `json:"taught"`
}

// Silences is a longest silence per phase; zero where there was none.
type Silences struct {
	Preparing    time.Duration `json:"preparing"`
	Transferring time.Duration `json:"transferring"`
	Finishing    time.Duration `json:"finishing"`
	Settling     time.Duration `json:"settling"`
}

// Verdict is what a check of a chain's contents says.
type Verdict string

const (
	Good       Verdict = "good"
	BrokenUp   Verdict = "broken"
	Unproven   Verdict = "unproven"
	Incomplete Verdict = "incomplete"
	Unchecked  Verdict = "unchecked"
)

// CheckResult is what the judgement needs of a check of the chain's contents.
// The zero CheckResult is "never checked".
type CheckResult struct {
	At         time.Time  `json:"at"` // when the check began
	Verdict    Verdict    `json:"verdict"`
	ChainID    string     `json:"chain_id"`
	StatusDate time.Time  `json:"status_date"` // the run it checked
	Files      int64      `json:"files"`       // listed
	Bytes      int64      `json:"bytes"`
	Missing    int64      `json:"missing"`
	WrongSize  int64      `json:"wrong_size"`
	WrongBytes int64      `json:"wrong_content"`
	Irregular  int64      `json:"not_regular"`
	Deep       bool       `json:"deep"`
	Summary    string     `json:"summary"` // "214 photos, 12 message attachments"; "" when nothing is lost
	Reason     string     `json:"reason"`  // the first proof of damage in words; "" when good
	Confidence Confidence `json:"confidence"`
	// Fault is what alone the proof of damage rests on.
	Fault Fault `json:"fault,omitempty"`
}

// Fault is what alone the proof of damage to a chain rests on, where that has
// another advice or another name than damage as such.
type Fault string

const (
	FaultPlain  Fault = ""       // files, the index, or several things
	FaultInfo   Fault = "info"   // Info.plist, which the next run writes anew without giving anything up
	FaultHollow Fault = "hollow" // it says finished, and index or Manifest.plist is missing or empty
)

// Mends returns the fixes for a chain with that damage, the first one first.
func (f Fault) Mends() (first FixID, also []FixID) {
	if f == FaultInfo {
		return BackUpNow, []FixID{FreshBackup, CheckStorage}
	}
	return FreshBackup, []FixID{BackUpNow, CheckStorage}
}
