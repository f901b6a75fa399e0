package plist

import (
	"fmt"
	"strings"
	"time"
)

// Limits of size. The largest real Info.plist on record has 57,925,376 bytes
// (Finder, macOS 26.6), the largest Manifest.plist some hundred thousand, and
// a Status.plist 192.
const (
	maxStatus = 64 << 10
	maxLarge  = 64 << 20
)

// maxText is the longest text kept of a file, in runes.
const maxText = 256

// ReadStatus reads a Status.plist. The error says which of the kinds above it
// is and begins with the path.
func ReadStatus(path string) (Status, error) {
	return read(path, maxStatus, decodeStatus)
}

// ReadInfo reads an Info.plist of any real size, and keeps little of it. Do so
// only when the file's size or time has settled: tools truncate it, then write.
func ReadInfo(path string) (Info, error) {
	return read(path, maxLarge, decodeInfo)
}

// ReadManifest reads a Manifest.plist.
func ReadManifest(path string) (Manifest, error) {
	return read(path, maxLarge, decodeManifest)
}

// DecodeStatus is ReadStatus for bytes at hand.
func DecodeStatus(b []byte) (Status, error) { return named("Status.plist", b, maxStatus, decodeStatus) }

// DecodeInfo is ReadInfo for bytes at hand.
func DecodeInfo(b []byte) (Info, error) { return named("Info.plist", b, maxLarge, decodeInfo) }

// DecodeManifest is ReadManifest for bytes at hand.
func DecodeManifest(b []byte) (Manifest, error) {
	return named("Manifest.plist", b, maxLarge, decodeManifest)
}

func named[T any](name string, b []byte, limit int, decode func([]byte) (T, error)) (T, error) {
	var zero T
	if len(b) > limit {
		return zero, fmt.Errorf("%s %w", name, because(ErrTooLarge, fmt.Sprintf("it has %d bytes, the limit is %d", len(b), limit)))
	}
	v, err := decode(b)
	if err != nil {
		return zero, fmt.Errorf("%s %w", name, err)
	}
	return v, nil
}

func decodeStatus(b []byte) (Status, error) {
	var w struct {
		SnapshotState, BackupState string
		IsFullBackup               bool
		Version, UUID              string
		Date                       time.Time
	}
	if err := Unmarshal(b, &w); err != nil {
		return Status{}, err
	}
	if w.SnapshotState == "" {
		return Status{}, because(ErrWrongType, "SnapshotState is missing")
	}
	return Status{
		SnapshotState: strings.ToLower(Clean(w.SnapshotState, maxText)),
		BackupState:   strings.ToLower(Clean(w.BackupState, maxText)),
		IsFullBackup:  w.IsFullBackup,
		Version:       Clean(w.Version, maxText),
		UUID:          Clean(w.UUID, maxText),
		Date:          w.Date,
	}, nil
}

func decodeInfo(b []byte) (Info, error) {
	var w struct {
		DeviceName       string    `plist:"Device Name"`
		DisplayName      string    `plist:"Display Name"`
		ProductName      string    `plist:"Product Name"`
		ProductType      string    `plist:"Product Type"`
		ProductVersion   string    `plist:"Product Version"`
		BuildVersion     string    `plist:"Build Version"`
		TargetIdentifier string    `plist:"Target Identifier"`
		UniqueIdentifier string    `plist:"Unique Identifier"`
		SerialNumber     string    `plist:"Serial Number"`
		ITunesVersion    string    `plist:"iTunes Version"`
		LastBackupDate   time.Time `plist:"Last Backup Date"`
	}
	if err := Unmarshal(b, &w); err != nil {
		return Info{}, err
	}
	return Info{
		DeviceName:       Clean(w.DeviceName, maxText),
		DisplayName:      Clean(w.DisplayName, maxText),
		ProductName:      Clean(w.ProductName, maxText),
		ProductType:      Clean(w.ProductType, maxText),
		ProductVersion:   Clean(w.ProductVersion, maxText),
		BuildVersion:     Clean(w.BuildVersion, maxText),
		TargetIdentifier: Clean(w.TargetIdentifier, maxText),
		UniqueIdentifier: Clean(w.UniqueIdentifier, maxText),
		SerialNumber:     Clean(w.SerialNumber, maxText),
		ITunesVersion:    Clean(w.ITunesVersion, maxText),
		LastBackupDate:   w.LastBackupDate,
	}, nil
}

func decodeManifest(b []byte) (Manifest, error) {
	var w struct {
		Version, SystemDomainsVersion string
		Date                          time.Time
		IsEncrypted, WasPasscodeSet   bool
		BackupKeyBag, ManifestKey     []byte
		Lockdown                      struct {
			DeviceName, ProductType, ProductVersion    string
			BuildVersion, UniqueDeviceID, SerialNumber string
		}
	}
	if err := Unmarshal(b, &w); err != nil {
		return Manifest{}, err
	}
	return Manifest{
		Version:              Clean(w.Version, maxText),
		SystemDomainsVersion: Clean(w.SystemDomainsVersion, maxText),
		Date:                 w.Date,
		IsEncrypted:          w.IsEncrypted,
		WasPasscodeSet:       w.WasPasscodeSet,
		BackupKeyBag:         w.BackupKeyBag,
		ManifestKey:          w.ManifestKey,
		DeviceName:           Clean(w.Lockdown.DeviceName, maxText),
		ProductType:          Clean(w.Lockdown.ProductType, maxText),
		ProductVersion:       Clean(w.Lockdown.ProductVersion, maxText),
		BuildVersion:         Clean(w.Lockdown.BuildVersion, maxText),
		UniqueDeviceID:       Clean(w.Lockdown.UniqueDeviceID, maxText),
		SerialNumber:         Clean(w.Lockdown.SerialNumber, maxText),
	}, nil
}
