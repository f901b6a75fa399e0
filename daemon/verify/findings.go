package verify

import (
	"fmt"
	"runtime"
	"strings"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
)

// Findings returns the conditions that a check can tell of: chain-broken,
// chain-unproven, interrupted, interrupted-mixed, never-completed,
// leftover-snapshot, false-finished and index-too-large. Causes hide
// consequences as in the catalogue, and the same folder has the same code as in
// the daemon. The list is never nil.
func Findings(r *Result) []backup.Finding {
	f := finder{r: r, list: []backup.Finding{}}
	broken := r.Verdict == backup.BrokenUp
	torn := r.Has(NotFinished)
	switch {
	case broken && r.fault != backup.FaultHollow:
		f.broken()
	case len(r.hollow) > 0:
		f.hollow()
	case torn && r.state == "moving":
		f.add(backup.InterruptedMixed, backup.Critical, r.Detail)
	case torn:
		f.add(backup.Interrupted, backup.Warning, words.EndedTooEarly(r.Detail))
	case r.Verdict == backup.Incomplete:
		f.add(backup.NeverCompleted, backup.Warning, words.NothingFinished)
	case r.Verdict == backup.Unproven:
		f.add(backup.ChainUnproven, backup.Info, words.UnprovenInOrder)
	}
	if r.Has(LeftoverSnapshotKind) && !broken {
		f.add(backup.LeftoverSnapshot, backup.Info, words.SnapshotLeft)
	}
	if r.index > tooLarge {
		f.add(backup.IndexTooLarge, backup.Warning, words.IndexTooLarge(r.index))
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
		fix = f.advice(c.Fix)
	}
	if r.state != "" {
		ev = append(ev, backup.Evidence{Fact: "Status.plist", Value: r.state, Source: backup.FromFolder})
	}
	x := backup.NewFinding(code, sev, strings.TrimSpace(detail), r.at, key, fix, ev...)
	x.Confidence = r.Confidence
	f.list = append(f.list, x)
}

// advice is a fix for the backup that was checked.
func (f *finder) advice(id backup.FixID) backup.Advice {
	return backup.AdviceFor(id, f.r.UDID, runtime.GOOS == "darwin", "").AtRest()
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
	var ev []backup.Evidence
	count := func(fact string, n int64) {
		if n > 0 {
			ev = append(ev, backup.Evidence{Fact: fact, Value: words.Count(n), Source: backup.FromFolder})
		}
	}
	if r.Listed != nil {
		count(words.FactListed, *r.Listed)
	}
	count(words.FactMissing, r.Missing)
	count(words.FactWrongSize, r.WrongSize)
	count(words.FactContent, r.WrongContent)
	count(words.FactNotRegular, r.NotRegular)
	for _, p := range r.Problems {
		if !aboutFile(p.Kind) && p.Path != "" {
			ev = append(ev, backup.Evidence{Fact: p.Path, Value: p.Detail, Source: backup.FromFolder})
		}
	}
	f.add(backup.ChainBroken, backup.Critical, words.CannotBeTrusted(r.reason, r.Summary, r.Detail), ev...)
	first, also := r.fault.Mends()
	x := &f.list[len(f.list)-1]
	x.Fix, x.Also = f.advice(first), also
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

// hollow tells of a backup that says finished and is not.
func (f *finder) hollow() {
	lacks := f.r.hollow
	f.add(backup.FalseFinished, backup.Warning, words.SaysFinished(lacks[0].Fact, lacks[0].Value)+" "+f.r.Detail, lacks...)
}
