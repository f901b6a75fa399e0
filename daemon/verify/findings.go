package verify

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
)

// Findings returns the conditions that a check can tell of: chain-broken,
// chain-unproven, interrupted, interrupted-mixed, never-completed,
// leftover-snapshot, false-finished and index-too-large. Causes hide
// consequences as in the catalogue. The list is never nil.
func Findings(r *Result) []backup.Finding {
	f := finder{r: r, list: []backup.Finding{}}
	broken := r.Verdict == backup.BrokenUp
	torn := r.Has(NotFinished)
	switch {
	case broken:
		f.broken()
	case torn && r.state == "moving":
		f.add(backup.InterruptedMixed, backup.Critical, r.Detail)
	case torn:
		f.add(backup.Interrupted, backup.Warning, "The last run ended before it was done. "+r.Detail)
	case r.Verdict == backup.Unproven:
		f.add(backup.ChainUnproven, backup.Info, "This backup is encrypted: what can be told without its password is in order.")
	}
	if r.hollow {
		f.hollow()
	}
	if r.Verdict == backup.Incomplete && !torn && !r.hollow {
		f.add(backup.NeverCompleted, backup.Warning, "No run of this phone has ever finished here, so nothing can be restored from this folder.")
	}
	if r.Has(LeftoverSnapshotKind) && !broken {
		f.add(backup.LeftoverSnapshot, backup.Info, "A folder Snapshot/ lies beside the finished backup: an earlier run died. The next complete run removes it.")
	}
	if r.index > tooLarge {
		f.add(backup.IndexTooLarge, backup.Warning, "The index has "+words.Bytes(r.index)+". Phones have run out of memory over indexes of this size.")
	}
	return f.list
}

// tooLarge is the size of an index from which phones are known to fail.
const tooLarge = 1e9

// A finder collects findings of one result.
type finder struct {
	r    *Result
	list []backup.Finding
}

// add appends one finding with the catalogue's title and fix.
func (f *finder) add(code backup.Code, sev backup.Severity, detail string, ev ...backup.Evidence) {
	r := f.r
	key := fmt.Sprintf("%s/%s/%s/check", r.UDID, orDash(r.ChainID), code)
	var fix backup.Advice
	if c, ok := backup.ConditionByCode(code); ok {
		fix = backup.AdviceFor(c.Fix, r.UDID, runtime.GOOS == "darwin", "").AtRest()
	}
	if r.state != "" {
		ev = append(ev, backup.Evidence{Fact: "Status.plist", Value: r.state, Source: backup.FromFolder})
	}
	x := backup.NewFinding(code, sev, strings.TrimSpace(detail), r.at, key, fix, ev...)
	x.Confidence = r.Confidence
	f.list = append(f.list, x)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// broken says what is damaged, and what that means to the owner.
func (f *finder) broken() {
	r := f.r
	detail := "It cannot be trusted: " + r.reason + "."
	if r.Summary != "" {
		detail += " Affected: " + r.Summary + "."
	}
	if r.Detail != "" {
		detail += " " + r.Detail
	}
	var ev []backup.Evidence
	count := func(fact string, n int64) {
		if n > 0 {
			ev = append(ev, backup.Evidence{Fact: fact, Value: thousands(n), Source: backup.FromFolder})
		}
	}
	if r.Listed != nil {
		count("files listed", *r.Listed)
	}
	count("missing", r.Missing)
	count("of the wrong size", r.WrongSize)
	count("with other content", r.WrongContent)
	count("not regular files", r.NotRegular)
	for _, p := range r.Problems {
		if !aboutFile(p.Kind) && p.Path != "" {
			ev = append(ev, backup.Evidence{Fact: p.Path, Value: p.Detail, Source: backup.FromFolder})
		}
	}
	f.add(backup.ChainBroken, backup.Critical, detail, ev...)
}

// aboutFile reports whether a kind of problem is about a single file of the
// payload, and not about the backup as a whole.
func aboutFile(k Kind) bool {
	switch k {
	case FileMissing, FileWrongSize, FileWrongContent, FileNotRegular:
		return true
	}
	return false
}

// hollow tells of a backup that says finished and is not. In the daemon damage
// hides it; a check that was asked for says both, since here this is the damage.
func (f *finder) hollow() {
	what := "its index is missing or empty"
	if f.r.Has(ManifestPlistMissing) || f.r.Has(ManifestPlistUnreadable) {
		what = "Manifest.plist is missing or empty"
	}
	f.add(backup.FalseFinished, backup.Warning, "Status.plist says finished, but "+what+". Nothing can be restored from this backup.",
		backup.Evidence{Fact: "folder", Value: filepath.Base(f.r.Path), Source: backup.FromFolder})
}
