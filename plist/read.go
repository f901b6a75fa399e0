package plist

import (
	"bytes"
	"errors"
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

// ReadStatus reads a Status.plist. The error wraps one of those of this
// package, or the system's own, and begins with the path.
func ReadStatus(path string) (Status, error) { return read(path, maxStatus, decodeStatus) }

// ReadInfo reads an Info.plist of any size on record, and keeps little of it.
// One that is larger, and not beyond any belief, or has a value too long to be
// held, is ErrUnread: only its ends were looked at. Do so only when the file's size or time has settled: tools
// truncate it, then write.
func ReadInfo(path string) (Info, error) {
	f, src, err := openInfo(path)
	if err != nil {
		return Info{}, err
	}
	defer f.Close()
	v, err := finish(path, src, decodeInfo)
	if errors.Is(err, errLongValue) { // artwork may be as long, and is nothing that we need
		err = fmt.Errorf("%s %w", path, src.ends())
	}
	return v, err
}

// ReadManifest reads a Manifest.plist.
func ReadManifest(path string) (Manifest, error) { return read(path, maxLarge, decodeManifest) }

// DecodeStatus is ReadStatus for bytes at hand.
func DecodeStatus(b []byte) (Status, error) {
	return fromBytes("Status.plist", b, maxStatus, decodeStatus)
}

// DecodeInfo is ReadInfo for bytes at hand.
func DecodeInfo(b []byte) (Info, error) { return fromBytes("Info.plist", b, maxLarge, decodeInfo) }

// DecodeManifest is ReadManifest for bytes at hand.
func DecodeManifest(b []byte) (Manifest, error) {
	return fromBytes("Manifest.plist", b, maxLarge, decodeManifest)
}

// read opens and decodes one file. It judges the bytes that it read, also
// when the file was truncated or grew meanwhile.
func read[T any](path string, limit int64, into func(source) (T, error)) (T, error) {
	var zero T
	f, info, err := OpenRegular(path)
	if err != nil {
		return zero, err
	}
	defer f.Close()
	return finish(path, source{f, info.Size(), limit}, into)
}

func fromBytes[T any](name string, b []byte, limit int64, into func(source) (T, error)) (T, error) {
	return finish(name, source{bytes.NewReader(b), int64(len(b)), limit}, into)
}

// finish decodes and puts the name before an error.
func finish[T any](name string, src source, into func(source) (T, error)) (T, error) {
	var zero T
	if src.size > src.limit {
		return zero, fmt.Errorf("%s %w", name, tooBig(src.limit))
	}
	v, err := into(src)
	var own *fault
	switch {
	case err == nil:
		return v, nil
	case errors.As(err, &own), errors.Is(err, ErrEmpty):
		return zero, fmt.Errorf("%s %w", name, err)
	}
	return zero, fmt.Errorf("%s cannot be read: %w", name, err)
}

func decodeStatus(src source) (Status, error) {
	var w struct {
		SnapshotState, BackupState string
		IsFullBackup               bool
		Version, UUID              string
		Date                       time.Time
	}
	if err := src.fill(&w); err != nil {
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

func decodeInfo(src source) (Info, error) {
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
	if err := src.fill(&w); err != nil {
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

func decodeManifest(src source) (Manifest, error) {
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
	if err := src.fill(&w); err != nil {
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
