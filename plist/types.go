package plist

import "time"

// Status is the content of Status.plist, 189 bytes that the phone writes at
// each change of phase:
//
//	SnapshotState  finished
//	BackupState    new
//	IsFullBackup   false
//	Version        3.3
//	UUID           6C6B1F6E-…   (the id of the chain)
//	Date           2026-11-27 10:14:02 +0000
type Status struct {
	SnapshotState string    // lower case: uploading, moving, removing, finished; anything else is not finished
	BackupState   string    // lower case: empty, old, new
	IsFullBackup  bool      // true only while a full backup is under way
	Version       string    // of the snapshot protocol, "3.3"
	UUID          string    // the chain's id; "" when absent
	Date          time.Time // when the phone wrote this file, by the phone's clock; zero when absent
}

// Info is what is kept of Info.plist, which the computer writes: names and
// versions, not the tens of megabytes of artwork.
type Info struct {
	DeviceName, DisplayName, ProductName, ProductType, ProductVersion, BuildVersion string
	TargetIdentifier, UniqueIdentifier, SerialNumber                                string
	ITunesVersion                                                                   string
	LastBackupDate                                                                  time.Time // zero when absent
}

// Manifest is what is kept of Manifest.plist, which the phone writes.
type Manifest struct {
	Version, SystemDomainsVersion                                         string
	Date                                                                  time.Time
	IsEncrypted                                                           bool
	WasPasscodeSet                                                        bool
	BackupKeyBag, ManifestKey                                             []byte // nil when absent
	DeviceName, ProductType, ProductVersion, BuildVersion, UniqueDeviceID string // of its Lockdown part
	SerialNumber                                                          string
}
