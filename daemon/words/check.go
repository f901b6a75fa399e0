package words

import (
	"fmt"
	"strings"
	"time"
)

// What a check says of a backup: the details of its verdict, and what is wrong
// with each file. Where it says what the model says too, that is in findings.go.

// And lists "a", "a and b", "a, b and c".
func And(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

// Details of verdicts.

const (
	NoFileYet         = "No files have arrived yet."
	NothingToRestore  = "No backup has ever finished here, so there is nothing to restore yet."
	MixedAndMissing   = "Old and new files are mixed, and some new ones are missing: it cannot be restored until a backup finishes."
	MixedAndThere     = "Old and new files are mixed; all the new ones are there, so the next backup can finish it."
	BeneathEncrypted  = "The backup before the interrupted one is encrypted; its files look whole as far as can be told without the password."
	SizesMayBeChanges = "Few files differ in size; a file that changed while being sent looks the same."
	FewWithoutSize    = "For a few files the index gives no size, so only their presence could be checked."
	LeftOutOnPurpose  = "The program that made this backup can leave files out on purpose, which may explain those missing."
	MoreNeedsPassword = "It is encrypted: nothing more can be told without its password."
)

// StillThere says that an encrypted backup has lost no file since a check.
func StillThere(since time.Time) string {
	return "It is encrypted. Every file that was there on " + Day(since) + " is still there, at the same size."
}

// WrittenSince says how many of these files were written to since.
func WrittenSince(files int64) string { return Count(files) + " of them have been written to since." }

// SoFarHolds says what a first run has brought before it was torn.
func SoFarHolds(files int64) string {
	return "It holds " + Plural(files, "file") + " so far; the next backup continues from there."
}

// BeneathDamaged and BeneathWhole say how the backup is that a torn run was to
// replace.
func BeneathDamaged(reason string) string {
	return "The backup before the interrupted one is damaged: " + reason + "."
}
func BeneathWhole(files int64) string {
	return "The backup before the interrupted one is still there and whole, all " + Plural(files, "file") + "."
}

// JournalBeside says that some program has opened the index in the folder.
func JournalBeside(index string) string {
	return "There is a journal beside the index (" + index + "-wal): some program opened it here, and its rows were not read."
}

// InventoryNotKept says that the next check cannot compare with this one.
func InventoryNotKept(why string) string { return "Its inventory could not be saved: " + why + "." }

// CannotBeTrusted says what is damaged, what that is to its owner ("" unknown),
// and what else there is to know ("" nothing).
func CannotBeTrusted(reason, affected, more string) string {
	s := "It cannot be trusted: " + reason + "."
	if affected != "" {
		s += " Affected: " + affected + "."
	}
	return strings.TrimSpace(s + " " + more)
}

// What is wrong with files, in numbers: "of 1,204 files, 12 are missing and 1 is
// of the wrong size". The evidence has labels of its own.

const (
	FactListed     = "Files listed"
	FactMissing    = "Files missing"
	FactWrongSize  = "Files of the wrong size"
	FactContent    = "Files with different content"
	FactNotRegular = "Items that are not files"
)

// A Toll is how many files are not as they should be.
type Toll struct{ Missing, WrongSize, WrongContent, NotRegular int64 }

// String is "12 are missing and 1 is of the wrong size".
func (t Toll) String() string {
	var parts []string
	for _, c := range []struct {
		n    int64
		what string
	}{{t.Missing, "missing"}, {t.WrongSize, "of the wrong size"}, {t.WrongContent, "different in content"}, {t.NotRegular, "replaced by something other than a file"}} {
		switch {
		case c.n == 1:
			parts = append(parts, "1 is "+c.what)
		case c.n > 1:
			parts = append(parts, Count(c.n)+" are "+c.what)
		}
	}
	return And(parts)
}

// OfListed is the toll among the files of an index, OfThen among those that were
// there at a check before, OfFiles where nobody knows how many there should be.
func OfListed(files int64, t Toll) string { return "of " + Plural(files, "file") + ", " + t.String() }
func OfThen(since time.Time, t Toll) string {
	return "of the files that were there on " + Day(since) + ", " + t.String()
}
func OfFiles(t Toll) string { return "of its files, " + t.String() }

// What is wrong with one file.

const (
	FileGone         = "the file is missing"
	FileContentWrong = "the content is not what the iPhone sent"
	FileTwoSizes     = "the index gives two sizes for this file"
	FileNotFinished  = "a folder from an unfinished backup is beside the finished one"
)

// NoneIsThere says that a backup has lost all of its files.
const NoneIsThere = "not one of its files is there"

// FileSize says that a file has another size than it should.
func FileSize(is, should int64) string { return Plural(is, "byte") + " instead of " + Count(should) }

// FileOddSize says that a file cannot be an encrypted one.
func FileOddSize(is int64) string {
	return Plural(is, "byte") + ": the size of an encrypted file is a multiple of 16"
}

// FileOfSizeGone says that a file is gone of which only the size is known.
func FileOfSizeGone(was int64) string { return "the file of " + Plural(was, "byte") + " is missing" }

// IDThatIsNone says that the index names a file in a way that no phone does.
func IDThatIsNone(id string) string { return "the index gives a file id that is not one: " + id }

// NoFile says what stands where a file should be: "it is a folder, not a file".
func NoFile(thing string) string { return "it is " + thing + ", not a file" }

// What stands where a file should be.
const (
	AFolder = "a folder"
	ALink   = "a link"
	APipe   = "a pipe"
	ADevice = "a device"
	ASocket = "a socket"
	AThing  = "something else"
)

// What is wrong with the metadata.

// IsMissing says that a file of the metadata is missing.
func IsMissing(name string) string { return name + " is missing" }

// IsNoFile says that something else stands in the place of a file of the metadata.
func IsNoFile(name, thing string) string { return name + " is " + thing + ", not a file" }

// IsUnreadable says that a file cannot be read, and why, in a clause.
func IsUnreadable(name, why string) string { return name + " cannot be read: " + why }

// IsDamaged says that a file is damaged, and what SQLite found.
func IsDamaged(name, fault string) string { return name + " is damaged: " + fault }

// StoppedWhile says in which state the last run stopped.
func StoppedWhile(state string) string {
	return fmt.Sprintf("the last backup stopped in the state %q", state)
}

// TheFolder is the folder's name, as one that says whose a backup is.
const TheFolder = "the folder's name"

// TwoPhones says that the metadata speaks of two phones.
func TwoPhones(here, id, there, other string) string {
	return fmt.Sprintf("%s belongs to %s, %s to %s", here, id, there, other)
}

// Why an index cannot be read, after "cannot be read: ".
const (
	IndexNoDatabase   = "it is not a database"
	IndexZeros        = "it begins with zeros"
	IndexDamaged      = "the database is damaged"
	IndexRowTooLarge  = "a row is larger than any real one"
	IndexNoTable      = "it has no table of files"
	IndexNoColumns    = "its table of files lacks columns"
	IndexNoFiles      = "it lists no files"
	IndexNotUTF8      = "its text is not UTF-8"
	IndexTooMany      = "it lists more files than any iPhone holds"
	IndexNotPadded    = "it is cut short: its size is not a multiple of 16 bytes"
	IndexNoPlain      = "it does not decrypt to a database"
	IndexOtherStart   = "it does not begin like an index"
	IndexEndsInRecord = "it ends in the middle of a record, or is damaged"
	KeybagDamaged     = "its key bag is damaged"
	KeybagRounds      = "its key bag asks for more rounds than any iPhone does"
)

// IndexCut says how much of an index is there.
func IndexCut(is, should int64) string {
	return "it is cut short: " + Count(is) + " of " + Plural(should, "byte")
}

// RowsWithoutSize says for how many files an index does not say how large they
// are, so that nobody can tell whether they are whole.
func RowsWithoutSize(index string, files, of int64) string {
	return index + " gives no size for " + Count(files) + " of " + Plural(of, "file")
}

// IndexUnreadable is SQLite's own reason.
func IndexUnreadable(why string) string { return "the database cannot be read: " + why }

// IndexKey says that the key of an encrypted index does not open.
func IndexKey(why string) string { return "its key for the index cannot be opened: " + why }

// What files are to their owner.

// lostKinds names files: one, several, and how they are named when none of them
// is lost ("": that is not said).
var lostKinds = map[string]struct{ one, many, dear string }{
	"attachment": {"message attachment", "message attachments", ""},
	"messages":   {"Messages file", "Messages files", "Messages"},
	"video":      {"video", "videos", ""},
	"photo":      {"photo", "photos", "Photos"},
	"library":    {"photo library file", "photo library files", ""},
	"health":     {"Health file", "Health files", "Health"},
	"memo":       {"voice memo", "voice memos", ""},
	"contacts":   {"Contacts file", "Contacts files", ""},
	"calls":      {"call history file", "call history files", ""},
	"calendar":   {"Calendar file", "Calendar files", ""},
	"notes":      {"Notes file", "Notes files", ""},
	"keychain":   {"keychain", "keychains", ""},
	"whatsapp":   {"WhatsApp file", "WhatsApp files", ""},
	"apps":       {"app file", "app files", ""},
	"settings":   {"settings file", "settings files", ""},
	"other":      {"other file", "other files", ""},
}

// LostOf counts lost files of one kind: "214 photos".
func LostOf(kind string, n int64) string {
	if n == 1 {
		return "1 " + lostKinds[kind].one
	}
	return Count(n) + " " + lostKinds[kind].many
}

// LostMore counts lost files of further kinds.
func LostMore(n int64) string { return Count(n) + " more" }

// LostNothingOf says that of what matters most nothing is lost; "" of a kind
// that this is not said of.
func LostNothingOf(kind string) string {
	if lostKinds[kind].dear == "" {
		return ""
	}
	return "nothing from " + lostKinds[kind].dear
}
