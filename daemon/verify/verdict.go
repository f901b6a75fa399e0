package verify

import (
	"fmt"
	"strconv"
	"strings"

	"backupwatchdog/daemon/backup"
)

// conclude turns what was found into a verdict:
//
//	incomplete  no run ever finished, or the last one was torn
//	broken      proof of damage, whatever the program that made it printed
//	unproven    encrypted, and as good as can be told without the password
//	good        everything listed is there at its size
func (k *checker) conclude() {
	r := &k.res
	r.Deep = k.o.Deep
	r.Confidence = backup.High
	r.reason = k.reason()
	proof := r.reason != ""
	switch {
	case k.torn():
		k.concludeTorn(proof)
	case proof && k.scan.sum.payload == 0 && r.damaged() == 0 && k.headless():
		r.Verdict, r.Restorable = backup.Incomplete, "no"
		r.Detail = "No run has brought any file yet."
	case proof:
		r.Verdict, r.Restorable = backup.BrokenUp, "no"
		r.Detail = k.proofDetail()
	case k.encrypted() && k.idx == nil:
		r.Verdict, r.Restorable = backup.Unproven, "unknown"
		r.Detail = k.unprovenDetail()
	default:
		r.Verdict, r.Restorable = backup.Good, "yes"
	}
	r.hollow = k.finished() && k.isHollow()
	if x := k.index.info; x != nil && stampOf(k.index.path+"-wal").size > 0 {
		r.Detail = strings.TrimSpace(r.Detail + " A journal stands beside the index (" + k.index.name + "-wal): some program opened it here, and its rows were not read.")
	}
}

// unprovenDetail says how far the word of an encrypted backup goes.
func (k *checker) unprovenDetail() string {
	s := "It is encrypted: nothing more can be told without the password."
	if !k.sinceInventory.IsZero() {
		s = "It is encrypted. Every file that was there on " + k.sinceInventory.UTC().Format("2 January 2006") + " still is, at its size."
	}
	if k.touched > 0 {
		s += fmt.Sprintf(" %s of them were written to since.", thousands(k.touched))
	}
	return s
}

// headless reports whether one of the files is missing or damaged without
// which nothing can be said of the payload.
func (k *checker) headless() bool {
	r := &k.res
	for _, kind := range []Kind{StatusMissing, StatusUnreadable, ManifestPlistMissing, ManifestPlistUnreadable, IndexMissing, IndexUnreadable} {
		if r.Has(kind) {
			return true
		}
	}
	return false
}

// isHollow reports whether a finished backup lacks its index or its
// Manifest.plist, or has an empty one: what a tool leaves that wrote
// "finished" before the phone sent anything.
func (k *checker) isHollow() bool {
	return k.res.Has(IndexMissing) || k.res.Has(ManifestPlistMissing) ||
		isEmpty(k.index.err) || isEmpty(k.errs.manifest)
}

// reason is the first proof of damage in words, "" when there is none. What a
// torn run left behind is no proof.
func (k *checker) reason() string {
	r := &k.res
	for _, p := range r.Problems {
		switch p.Kind {
		case NotFinished, LeftoverSnapshotKind, FileMissing, FileWrongSize, FileWrongContent, FileNotRegular:
			continue
		}
		return p.Detail
	}
	if r.damaged() == 0 {
		return ""
	}
	parts := counted([]countOf{
		{r.Missing, "missing"}, {r.WrongSize, "of the wrong size"},
		{r.WrongContent, "with other content"}, {r.NotRegular, "replaced by something that is no file"},
	})
	if r.Listed == nil && !k.sinceInventory.IsZero() {
		return "of the files that were there on " + k.sinceInventory.UTC().Format("2 January 2006") + ", " + parts
	}
	if r.Listed == nil {
		return "of its files, " + parts
	}
	return "of " + thousands(*r.Listed) + " files, " + parts
}

type countOf struct {
	n    int64
	what string
}

// counted says "12 are missing and 1 is of the wrong size".
func counted(list []countOf) string {
	var parts []string
	for _, c := range list {
		switch {
		case c.n == 1:
			parts = append(parts, "1 is "+c.what)
		case c.n > 1:
			parts = append(parts, thousands(c.n)+" are "+c.what)
		}
	}
	return joinAnd(parts)
}

func joinAnd(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

// thousands groups digits: 41,097.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// proofDetail says how sure the damage is, and where it may be intended.
func (k *checker) proofDetail() string {
	r := &k.res
	onlySizes := r.WrongSize > 0 && r.WrongSize == r.damaged() && r.Listed != nil && !k.structural()
	if onlySizes && r.WrongSize*1000 < 3**r.Listed {
		// A file that changed while the phone sent it looks the same.
		r.Confidence, r.Restorable = backup.Medium, "unknown"
		return "Few files differ in size; a file that changed while it was sent looks like this too."
	}
	if r.Missing > 0 && r.Missing == r.damaged() && k.errs.info == nil && k.info.LastBackupDate.IsZero() && !k.structural() {
		return "The program that made this backup can leave files out on purpose; the missing ones may be such."
	}
	return ""
}

// structural reports a proof of damage besides that of single files.
func (k *checker) structural() bool {
	for _, p := range k.res.Problems {
		switch p.Kind {
		case NotFinished, LeftoverSnapshotKind, FileMissing, FileWrongSize, FileWrongContent, FileNotRegular:
		default:
			return true
		}
	}
	return false
}

// concludeTorn says what a torn run left: whether the backup before it lies
// whole beneath.
func (k *checker) concludeTorn(proof bool) {
	r := &k.res
	r.Verdict, r.Restorable = backup.Incomplete, "no"
	hasIndex := k.idx != nil || k.index.name == "Manifest.db" && k.encrypted() && k.index.err == nil
	switch state := k.status.SnapshotState; {
	case !hasIndex || k.errs.manifest != nil || state == "uploading" && k.status.BackupState == "empty":
		r.Detail = "No run ever finished here: there is nothing to restore from yet."
		if r.Listed == nil {
			r.Detail += fmt.Sprintf(" It holds %s files so far; the next run continues from them.", thousands(r.Present))
		}
	case state == "moving" && proof:
		r.Detail = "Old and new files are mixed, and some of the new are missing: it cannot be restored until a run finishes."
	case state == "moving":
		r.Restorable = "unknown"
		r.Detail = "Old and new files are mixed; all files of the new state are there, so that the next run can finish it."
	case proof:
		r.Detail = "The backup before the torn run is damaged: " + r.reason + "."
	case k.idx == nil:
		r.Restorable = "unknown"
		r.Detail = "The backup before the torn run is encrypted; its files look whole as far as can be told without the password."
	default:
		r.Restorable = "yes"
		r.Detail = fmt.Sprintf("The backup before the torn run lies whole beneath it, all %s files.", thousands(*r.Listed))
	}
}
