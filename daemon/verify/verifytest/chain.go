// Package verifytest writes backups as an iPhone would, for tests and for
// measuring: unencrypted, encrypted with a password, flat as before iOS 10,
// torn; small with real contents, or with half a million sparse files.
//
// Everything follows from the fields of [Chain]: the same Chain writes the same
// bytes. Damage is done afterwards with ordinary file operations on what
// [Written] names.
package verifytest

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// UDID is the phone that backups belong to when Chain names none.
const UDID = "00008101-000A1B2C3D4E5F60"

// Chain says which backup to write. The zero Chain is finished and has no files.
type Chain struct {
	UDID        string // "" means UDID
	Files       int
	Sparse      bool   // contents are holes: fast, and no digests
	Scale       int    // sizes are up to 6 kB times this; 0 means 1
	Digests     bool   // every row has a digest; else only those of some domains
	Flat        bool   // Manifest.mbdb and no shards
	Password    string // "" means not encrypted
	PlainIndex  bool   // with a password: only the files are encrypted, as before iOS 10.2
	Rounds      int    // of the key derivation; 0 means 1000 (a phone uses 10,000,000)
	State       string // SnapshotState; "" means finished
	BackupState string // "" means new
	Extra       []File // further rows, written like the rest; sizes and ids are filled in
	Date        time.Time
}

// File is one file of a written backup.
type File struct {
	ID, Domain, Path string
	Size             int64
	Digest           []byte // nil: the row has none
	Disk             string // absolute path of its content
	key              []byte // of an encrypted file
}

// Written is a backup on disk.
type Written struct {
	Dir   string
	Files []File
	Bytes int64 // plain content
}

// Write makes dir and the backup in it.
func (c Chain) Write(dir string) (*Written, error) {
	c = c.withDefaults()
	if err := c.folders(dir); err != nil {
		return nil, err
	}
	var keys *keybag
	if c.Password != "" {
		keys = newKeybag(c.Password, c.Rounds)
	}
	w := &Written{Dir: dir, Files: append(c.files(), c.Extra...)}
	buf := make([]byte, 64<<10)
	for i := range w.Files {
		f := &w.Files[i]
		f.ID = ID(f.Domain, f.Path)
		f.Disk = filepath.Join(dir, f.ID[:2], f.ID)
		if c.Flat {
			f.Disk = filepath.Join(dir, f.ID)
		}
		if err := c.content(f, uint64(i), buf, keys); err != nil {
			return nil, err
		}
		w.Bytes += f.Size
	}
	if err := c.index(w, keys); err != nil {
		return nil, err
	}
	return w, c.plists(dir, keys)
}

// ID is the name of a file's content: SHA-1 of domain and path.
func ID(domain, path string) string {
	h := sha1.Sum([]byte(domain + "-" + path))
	return hex.EncodeToString(h[:])
}

func (c Chain) withDefaults() Chain {
	if c.UDID == "" {
		c.UDID = UDID
	}
	if c.State == "" {
		c.State = "finished"
	}
	if c.BackupState == "" {
		c.BackupState = "new"
	}
	if c.Scale == 0 {
		c.Scale = 1
	}
	if c.Rounds == 0 {
		c.Rounds = 1000
	}
	if c.Date.IsZero() {
		c.Date = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)
	}
	return c
}

func (c Chain) folders(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i := 0; i < 256 && !c.Flat; i++ {
		if err := os.MkdirAll(filepath.Join(dir, fmt.Sprintf("%02x", i)), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// kinds are where a phone's files lie, and in which share (of 100).
var kinds = []struct {
	share        int
	domain, path string
	digest       bool
}{
	{60, "CameraRollDomain", "Media/DCIM/%dAPPLE/IMG_%04d.HEIC", false},
	{10, "CameraRollDomain", "Media/PhotoData/Thumbnails/V2/DCIM/%dAPPLE/IMG_%04d.HEIC/5005.JPG", false},
	{12, "MediaDomain", "Library/SMS/Attachments/%02x/%02d/at_0_0.jpeg", false},
	{10, "AppDomain-com.example.app", "Documents/%d/item-%06d.dat", false},
	{6, "HomeDomain", "Library/Preferences/com.example.%d.pref%d.plist", true},
	{2, "HealthDomain", "Health/%d/segment-%d.hfd", true},
}

// files lays out the rows; sizes are mostly small, one in forty is zero.
func (c Chain) files() []File {
	rnd := rand.New(rand.NewPCG(1, uint64(c.Files)))
	files := make([]File, c.Files)
	for i := range files {
		k, roll := 0, rnd.IntN(100)
		for roll >= kinds[k].share {
			roll -= kinds[k].share
			k++
		}
		f := File{Domain: kinds[k].domain, Path: fmt.Sprintf(kinds[k].path, 100+i/1000, i)}
		if f.Size = rnd.Int64N(6000); rnd.IntN(40) == 0 {
			f.Size = 0
		}
		f.Size *= int64(c.Scale)
		if (c.Digests || kinds[k].digest) && !c.Sparse {
			f.Digest = []byte{}
		}
		files[i] = f
	}
	return files
}

// content writes the file itself and fills in its digest where it has one.
func (c Chain) content(f *File, seed uint64, buf []byte, keys *keybag) error {
	if c.Sparse {
		return sparse(f.Disk, f.Size)
	}
	plain := make([]byte, f.Size)
	rnd := rand.New(rand.NewPCG(seed, 7))
	for i := 0; i < len(plain); i += 8 {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], rnd.Uint64())
		copy(plain[i:], word[:])
	}
	if f.Digest != nil {
		d := sha1.Sum(plain)
		f.Digest = d[:]
	}
	if keys != nil {
		plain, f.key = keys.seal(plain, seed)
	}
	return os.WriteFile(f.Disk, plain, 0o644)
}

func sparse(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if size > 0 {
		if err := f.Truncate(size); err != nil {
			f.Close()
			return err
		}
	}
	return f.Close()
}

const plistHead = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
`

// plists writes Status, Info and Manifest as XML.
func (c Chain) plists(dir string, keys *keybag) error {
	date := c.Date.UTC().Format("2006-01-02T15:04:05Z")
	status := fmt.Sprintf(`<key>SnapshotState</key><string>%s</string><key>BackupState</key><string>%s</string>
<key>IsFullBackup</key><false/><key>Version</key><string>3.3</string>
<key>UUID</key><string>6C6B1F6E-1B0C-4F5C-9E0F-0A1B2C3D4E5F</string><key>Date</key><date>%s</date>
`, c.State, c.BackupState, date)
	info := fmt.Sprintf(`<key>Device Name</key><string>A Phone</string><key>Product Type</key><string>iPhone14,5</string>
<key>Product Version</key><string>26.1</string><key>Target Identifier</key><string>%[1]s</string>
<key>Unique Identifier</key><string>%[1]s</string><key>Last Backup Date</key><date>%[2]s</date>
`, c.UDID, date)
	manifest := fmt.Sprintf(`<key>Version</key><string>10.0</string><key>Date</key><date>%s</date>
<key>Lockdown</key><dict><key>UniqueDeviceID</key><string>%s</string><key>ProductType</key><string>iPhone14,5</string>
<key>ProductVersion</key><string>26.1</string><key>DeviceName</key><string>A Phone</string></dict>
`, date, c.UDID)
	if keys == nil {
		manifest += "<key>IsEncrypted</key><false/>\n"
	} else {
		manifest += fmt.Sprintf("<key>IsEncrypted</key><true/><key>BackupKeyBag</key><data>%s</data><key>ManifestKey</key><data>%s</data>\n",
			base64.StdEncoding.EncodeToString(keys.tlv), base64.StdEncoding.EncodeToString(keys.manifestKey))
	}
	for name, body := range map[string]string{"Status.plist": status, "Info.plist": info, "Manifest.plist": manifest} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(plistHead+body+"</dict></plist>\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}
