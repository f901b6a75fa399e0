package verify

import (
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
)

// Kind names what is wrong with one file. Kinds are public and stable.
type Kind string

const (
	StatusMissing           Kind = "status-missing"
	StatusUnreadable        Kind = "status-unreadable"
	InfoMissing             Kind = "info-missing"
	InfoUnreadable          Kind = "info-unreadable"
	ManifestPlistMissing    Kind = "manifest-plist-missing"
	ManifestPlistUnreadable Kind = "manifest-plist-unreadable"
	IndexMissing            Kind = "index-missing"
	IndexUnreadable         Kind = "index-unreadable"
	FileMissing             Kind = "file-missing"
	FileWrongSize           Kind = "file-wrong-size"
	FileWrongContent        Kind = "file-wrong-content"
	FileNotRegular          Kind = "file-not-regular"
	IdentityMismatch        Kind = "identity-mismatch"
	LeftoverSnapshotKind    Kind = "leftover-snapshot"
	NotFinished             Kind = "not-finished"
)

// maxProblems is how many problems a result lists; the counters count all.
const maxProblems = 1000

// Problem is one thing that is wrong. Path is relative to the backup; Domain
// and Name are what the phone calls the file, "" where nobody knows.
type Problem struct {
	Kind   Kind   `json:"kind"`
	Path   string `json:"path"`
	Domain string `json:"domain"`
	Name   string `json:"name"`
	Detail string `json:"detail"`
}

// Result is what a check found: one entry of `watchdogctl check --json`.
type Result struct {
	UDID       string         `json:"udid"`
	Path       string         `json:"path"`
	Verdict    backup.Verdict `json:"verdict"`
	Restorable string         `json:"restorable"` // yes, no, unknown
	Format     string         `json:"format"`     // manifest.db, mbdb, none
	Encrypted  *bool          `json:"encrypted"`  // nil unknown
	// Listed is how many files the index names; nil when it could not be read.
	Listed *int64 `json:"listed"`
	// Present counts the listed files that are there, whatever their size;
	// without a readable index all files that are there. Bytes is their size.
	Present      int64 `json:"present"`
	Bytes        int64 `json:"bytes"`
	Missing      int64 `json:"missing"`
	WrongSize    int64 `json:"wrong_size"`
	WrongContent int64 `json:"wrong_content"`
	NotRegular   int64 `json:"not_regular"`
	Extra        int64 `json:"extra"`
	// Unsized counts rows that do not say how large their file is.
	Unsized  int64     `json:"unsized,omitempty"`
	Problems []Problem `json:"problems"`
	Omitted  int64     `json:"problems_omitted"`
	Seconds  float64   `json:"seconds"`
	// Deep says that contents were read too; DeepFiles how many had a digest,
	// or could be decrypted, and so were proved.
	Deep      bool  `json:"deep"`
	DeepFiles int64 `json:"deep_files,omitempty"`
	// QuickCheck is SQLite's own word on the index: ok, what it found, or "" when
	// it was not asked. QuickSeconds is how long that took, beside the rest.
	QuickCheck   string  `json:"quick_check,omitempty"`
	QuickSeconds float64 `json:"quick_check_seconds,omitempty"`
	// Summary says what is lost in words: "214 photos, 12 message attachments,
	// nothing from Health"; "" when nothing is.
	Summary string `json:"summary,omitempty"`
	// Detail is what a person should know of this verdict, in sentences.
	Detail     string            `json:"detail,omitempty"`
	Confidence backup.Confidence `json:"confidence"`
	DeviceName string            `json:"device_name,omitempty"`
	ChainID    string            `json:"chain_id,omitempty"`
	StatusDate time.Time         `json:"status_date,omitzero"`
	Findings   []backup.Finding  `json:"findings"`

	at     time.Time
	state  string // SnapshotState; "" when Status.plist could not be read
	reason string // the first proof of damage
	fault  backup.Fault
	hollow []backup.Evidence // what a finished backup lacks: index or Manifest.plist
	index  int64             // bytes of the index
}

// add takes a problem in while there is room, which those that are not about
// single files always find.
func (r *Result) add(p Problem) {
	if len(r.Problems) == maxProblems {
		r.Omitted++
		if aboutFile(p.Kind) {
			return
		}
		r.Problems = r.Problems[:maxProblems-1]
	}
	r.Problems = append(r.Problems, p)
}

// tell adds a sentence to the detail.
func (r *Result) tell(s string) { r.Detail = strings.TrimSpace(r.Detail + " " + s) }

// Has reports whether a problem of this kind was found. Only kinds that are
// not about single files are sure to be listed.
func (r *Result) Has(k Kind) bool {
	return slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Kind == k })
}

// damaged counts the files that are not as they should be.
func (r *Result) damaged() int64 {
	return r.Missing + r.WrongSize + r.WrongContent + r.NotRegular
}

// Check returns what the judgement needs of the result.
func (r *Result) Check() backup.CheckResult {
	files := r.Present
	if r.Listed != nil {
		files = *r.Listed
	}
	return backup.CheckResult{
		At: r.at, Verdict: r.Verdict, ChainID: r.ChainID, StatusDate: r.StatusDate,
		Files: files, Bytes: r.Bytes, Missing: r.Missing, WrongSize: r.WrongSize,
		WrongBytes: r.WrongContent, Irregular: r.NotRegular, Deep: r.Deep,
		Summary: r.Summary, Reason: r.reason, Confidence: r.Confidence, Fault: r.fault,
	}
}
