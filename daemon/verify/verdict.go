package verify

import (
	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
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
	case proof && k.scan.sum.payload == 0 && r.damaged() == 0 && k.idx == nil && k.headless():
		r.Verdict, r.Restorable = backup.Incomplete, "no"
		r.Detail = words.NoFileYet
	case proof:
		r.Verdict, r.Restorable = backup.BrokenUp, "no"
		r.Detail = k.proofDetail()
	case k.encrypted() && k.idx == nil:
		r.Verdict, r.Restorable = backup.Unproven, "unknown"
		r.Detail = k.unprovenDetail()
	default:
		r.Verdict, r.Restorable = backup.Good, "yes"
	}
	r.fault = k.fault()
	r.hollow = k.hollow()
	if x := k.index.info; x != nil && stampOf(k.index.path+"-wal").size > 0 {
		r.tell(words.JournalBeside(k.index.name))
	}
}

// unprovenDetail says how far the word of an encrypted backup goes.
func (k *checker) unprovenDetail() string {
	s := words.MoreNeedsPassword
	if !k.sinceInventory.IsZero() {
		s = words.StillThere(k.sinceInventory)
	}
	if k.touched > 0 {
		s += " " + words.WrittenSince(k.touched)
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

// hollow lists what a finished backup lacks without which it is none, its index
// or its Manifest.plist, as missing or of zero bytes: what a tool leaves that
// wrote "finished" before the phone sent anything.
func (k *checker) hollow() (lacks []backup.Evidence) {
	if !k.finished() {
		return nil
	}
	for _, f := range []struct {
		name    string
		missing bool
		err     error
	}{{"Manifest.db", k.res.Has(IndexMissing), k.index.err}, {"Manifest.plist", k.res.Has(ManifestPlistMissing), k.errs.manifest}} {
		switch {
		case f.missing:
			lacks = append(lacks, backup.Evidence{Fact: f.name, Value: words.FileMissing, Source: backup.FromFolder})
		case isEmpty(f.err):
			lacks = append(lacks, backup.Evidence{Fact: f.name, Value: words.Bytes(0), Source: backup.FromFolder})
		}
	}
	return lacks
}

// fault says what alone the proof of damage rests on, as the daemon sees it.
func (k *checker) fault() backup.Fault {
	if k.res.reason == "" || k.res.damaged() > 0 {
		return backup.FaultPlain
	}
	info, hollow := true, k.finished()
	for _, p := range k.res.Problems {
		switch p.Kind {
		case NotFinished, LeftoverSnapshotKind, InfoMissing:
		case InfoUnreadable:
			hollow = false
		case IndexMissing, ManifestPlistMissing:
			info = false
		case IndexUnreadable:
			info, hollow = false, hollow && isEmpty(k.index.err)
		case ManifestPlistUnreadable:
			info, hollow = false, hollow && isEmpty(k.errs.manifest)
		default:
			return backup.FaultPlain
		}
	}
	switch {
	case info:
		return backup.FaultInfo
	case hollow:
		return backup.FaultHollow
	}
	return backup.FaultPlain
}

// reason is the first proof of damage in words, "" when there is none. What a
// torn run left behind is no proof.
func (k *checker) reason() string {
	r := &k.res
	switch s := k.structural(); {
	case s != "":
		return s
	case r.damaged() > 0:
	case k.bare:
		return words.NoneIsThere
	default:
		return k.unsized
	}
	toll := words.Toll{Missing: r.Missing, WrongSize: r.WrongSize, WrongContent: r.WrongContent, NotRegular: r.NotRegular}
	switch {
	case r.Listed != nil:
		return words.OfListed(*r.Listed, toll)
	case !k.sinceInventory.IsZero():
		return words.OfThen(k.sinceInventory, toll)
	}
	return words.OfFiles(toll)
}

// proofDetail says how sure the damage is, and where it may be intended.
func (k *checker) proofDetail() string {
	r := &k.res
	if k.structural() != "" {
		return ""
	}
	sizes := r.WrongSize + r.Unsized
	if sizes > 0 && r.WrongSize == r.damaged() && r.Listed != nil && sizes*1000 < 3**r.Listed {
		r.Confidence, r.Restorable = backup.Medium, "unknown"
		switch {
		case r.WrongSize == 0:
			return words.FewWithoutSize
		case r.Unsized > 0:
			return words.SizesMayBeChanges + " " + words.FewWithoutSize
		}
		return words.SizesMayBeChanges // a file that changed while the phone sent it
	}
	if r.Missing > 0 && r.Missing == r.damaged() && r.Unsized == 0 && k.errs.info == nil && k.info.LastBackupDate.IsZero() {
		return words.LeftOutOnPurpose
	}
	return ""
}

// structural is the first proof of damage besides that of single files and of
// rows without a size; "" where there is none.
func (k *checker) structural() string {
	for _, p := range k.res.Problems {
		switch {
		case p.Kind == NotFinished, p.Kind == LeftoverSnapshotKind, aboutFile(p.Kind):
		case p.Kind == IndexUnreadable && p.Detail == k.unsized:
		default:
			return p.Detail
		}
	}
	return ""
}

// concludeTorn says what a torn run left: whether the backup before it lies
// whole beneath.
func (k *checker) concludeTorn(proof bool) {
	r := &k.res
	r.Verdict, r.Restorable = backup.Incomplete, "no"
	hasIndex := k.idx != nil || k.index.name == "Manifest.db" && k.encrypted() && k.index.err == nil
	switch state := k.status.SnapshotState; {
	case !hasIndex || k.errs.manifest != nil || state == "uploading" && k.status.BackupState == "empty":
		r.Detail = words.NothingToRestore
		if r.Listed == nil {
			r.tell(words.SoFarHolds(r.Present))
		}
	case state == "moving" && proof:
		r.Detail = words.MixedAndMissing
	case state == "moving":
		r.Restorable = "unknown"
		r.Detail = words.MixedAndThere
	case proof:
		r.Detail = words.BeneathDamaged(r.reason)
	case k.idx == nil:
		r.Restorable = "unknown"
		r.Detail = words.BeneathEncrypted
	default:
		r.Restorable = "yes"
		r.Detail = words.BeneathWhole(*r.Listed)
	}
}
