package backup

import (
	"time"

	"backupwatchdog/plist"
)

// Tri is an answer that may be unknown. The zero Tri is Unknown.
type Tri int8

const (
	Unknown Tri = iota
	No
	Yes
)

// TriOf returns Yes or No.
func TriOf(b bool) Tri {
	if b {
		return Yes
	}
	return No
}

// Presence says what stood where a file was looked for. Absent, empty, denied
// and broken are different answers; the zero Presence is "nobody looked, or
// the look said nothing".
type Presence int8

const (
	NotLooked Presence = iota
	Missing            // no such name
	Empty              // zero bytes
	Denied             // may not be read, or is a link, which is not followed
	Broken             // there, but cut short, unparsable or of a wrong type; or no file at all
	Present            // there and, as far as it was read, in order
)

// File is what a look learned about one file without judging it.
type File struct {
	Presence Presence
	Size     int64     // bytes; 0 when not Present or Broken
	ModTime  time.Time // zero when unknown
	Detail   string    // why it is Broken or Denied, in words for a person; "" otherwise
}

// StatusFile is Status.plist: the file, and its content when Presence is Present.
type StatusFile struct {
	File
	Status plist.Status
}

// ManifestFile is Manifest.plist: the file, and its content when Presence is Present.
type ManifestFile struct {
	File
	Manifest plist.Manifest
}

// InfoFile is Info.plist: the file, and its content when it was read. Info.plist
// may have 60 MB and is read only after it has been quiet for a while, so
// Presence Present with Read false is common.
type InfoFile struct {
	File
	Read bool
	Info plist.Info
}

// IndexFormat is what the head of the index says it is.
type IndexFormat int8

const (
	IndexUnknown IndexFormat = iota
	IndexSQLite              // "SQLite format 3"
	IndexOpaque              // no SQLite header: encrypted, or garbage
	IndexMBDB                // Manifest.mbdb of iOS 4 to 9
)

// IndexFile is Manifest.db (or Manifest.mbdb) as its first 100 bytes show it.
// Presence is Broken when an SQLite header promises more bytes than the file
// has (page size × page count), or when an unencrypted backup has no such header.
type IndexFile struct {
	File
	Format IndexFormat
	// Promised is page size × page count of an SQLite header, bytes; 0 when unknown.
	Promised int64
}

// Folder is one look at one backup folder. It is a complete picture: what a
// look could not tell is Unknown, NotLooked or -1, never left from before.
type Folder struct {
	Status   StatusFile
	Info     InfoFile
	Manifest ManifestFile
	Index    IndexFile
	// Snapshot says whether the folder Snapshot/ is there.
	Snapshot Tri
	// Payload says whether any of the folders 00..ff holds a file.
	Payload Tri
	// Files and Bytes count what this run has brought so far: estimates that
	// never fall within a run. -1 when unknown.
	Files, Bytes int64
	// Moved counts payload movement that neither Files nor Bytes shows: renames
	// out of Snapshot/, deletions. It only grows. A change of Files, Bytes or
	// Moved is progress; nothing else in this struct but Status is.
	Moved int64
	// Newest is the latest modification time seen anywhere in the payload or the
	// metadata but Info.plist; zero when unknown.
	Newest time.Time
	// Changed is when an entry of the folder itself last came, went or was renamed;
	// zero when unknown. It dates what is missing.
	Changed time.Time
	// SnapshotFiles and SnapshotBytes estimate what lies under Snapshot/ now;
	// -1 when unknown.
	SnapshotFiles, SnapshotBytes int64
}

// Link is how a phone is attached to this computer.
type Link int8

const (
	LinkUnknown Link = iota
	LinkGone
	LinkUSB
	LinkNetwork
)

// Phone is what usbmuxd and the phone itself say. Everything may be unknown.
type Phone struct {
	Link Link
	// Passcode says whether the phone shows its passcode or trust sheet now.
	Passcode Tri
	// Name, ProductType, OSVersion as the phone gives them, cleaned; "" unknown.
	Name, ProductType, OSVersion string
	Battery                      int // percent; -1 unknown
	Charging                     Tri
	// Asked is when the answers below were given; zero: never. Answers older
	// than a day count as unknown.
	Asked time.Time
	// LastLocalBackup and LastCloudBackup as the phone remembers them; zero unknown.
	LastLocalBackup, LastCloudBackup time.Time
	CloudEnabled                     Tri
	WillEncrypt                      Tri
	// DiskFree is the phone's own free space in bytes, DiskUsed what a full
	// backup can be expected to be at most; -1 unknown.
	DiskFree, DiskUsed int64
	// Refused: the phone or usbmuxd refused a pairing that once worked.
	Refused Tri
}

// Liveness is what is known of the program that writes the backup.
type Liveness int8

const (
	WriterUnknown Liveness = iota // not observable
	WriterGone                    // observable, and not there
	WriterAlive
)

// Writer is the program that writes this backup, as far as it can be seen.
type Writer struct {
	State Liveness
	Name  string // "idevicebackup2", "AppleMobileBackup", …; "" unknown
	PID   int
	// Others are further backup programs that work on the same folder.
	Others []string
}

// VolumeState is what is known of the disk below a watched root.
type VolumeState int8

const (
	VolumeUnknown  VolumeState = iota
	VolumeOK                   // there, the same as ever
	VolumeMissing              // the target of the link is gone
	VolumeReplaced             // something else stands in its place: other device number
)

// Access is whether the watchdog may look into a root.
type Access int8

const (
	AccessUnknown Access = iota
	AccessGranted
	AccessDenied
	AccessAbsent // there is no such folder
)

// Root is what a look learned about one watched folder as a whole.
type Root struct {
	Path, Resolved string
	// Default says that nobody configured this root: it is the system's own.
	Default  bool
	Access   Access
	Detail   string // the error in words; "" when Access is granted
	Volume   VolumeState
	ReadOnly Tri
	// Free is what may still be written, bytes; -1 unknown. macOS may be able to
	// free more (purgeable space).
	Free int64
	// Polling: file events are not to be had here, looking must do.
	Polling bool
	// PollingWhy says why, in words.
	PollingWhy string
	// Unwatched counts backups in it that are not followed, since there are too many.
	Unwatched int
}

// Apple is what Apple's System Status page says of iCloud Backup.
type Apple struct {
	Asked  time.Time // zero: never
	Outage Tri       // Unknown when the page could not be had or read
	Detail string    // the event's own words, cleaned
}

// Facts is everything known of one backup at one moment: the folder, the root
// it lies in, the phone it belongs to, the program that writes it, this
// computer. Facts are complete and immutable: each look makes new ones.
type Facts struct {
	Folder Folder
	Root   Root
	Phone  Phone
	Writer Writer
	Apple  Apple
	// Darwin says that the judged computer is a Mac (which may free purgeable space).
	Darwin bool
	// OnBattery says that this computer runs on its battery.
	OnBattery Tri
	// MacOSVersion of this computer, "26.1"; "" unknown or no Mac.
	MacOSVersion string
}
