package phonetest

import (
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
)

// File is one row of the backup's index.
type File struct {
	ID     string // SHA-1 of Domain-Path in hex: also the file's name on disk
	Domain string
	Path   string
	Flags  int    // 1 a file, 2 a folder, 4 a symbolic link
	Size   int64  // of the contents, before any encryption
	Disk   int64  // of the file on the computer
	Target string // of a link
	Digest bool   // does the index hold the SHA-1 of the contents

	version int    // how often it has changed
	seed    uint64 // of the content
}

// Name is where the contents lie below the backup folder, "ab/ab12…".
func (f File) Name() string { return f.ID[:2] + "/" + f.ID }

// Open reads the contents as they lie on disk: random, and always the same.
func (f File) Open() io.Reader {
	var key [8]byte
	binary.LittleEndian.PutUint64(key[:], f.seed)
	sum := sha256.Sum256(fmt.Appendf(key[:], "%s %d", f.ID, f.version))
	return io.LimitReader(rand.NewChaCha8(sum), f.Disk)
}

// A place is a sort of path a phone is full of; %d is the running number.
type place struct {
	domain, format string
	weight         uint64
}

// places follow the domains and paths of real backups. Photographs are the
// bulk, as they are in life.
func places() []place {
	return []place{
		{"CameraRollDomain", "Media/DCIM/10%dAPPLE/IMG_%04d.HEIC", 34},
		{"CameraRollDomain", "Media/DCIM/10%dAPPLE/IMG_%04d.MOV", 6},
		{"CameraRollDomain", "Media/PhotoData/Thumbnails/V2/10%d/IMG_%04d.JPG", 16},
		{"MediaDomain", "Library/SMS/Attachments/%02d/att-%04d.heic", 10},
		{"HomeDomain", "Library/Preferences/com.apple.p%d.%04d.plist", 10},
		{"AppDomain-com.example.chat", "Documents/Media/%d/message-%04d.bin", 8},
		{"AppDomainGroup-group.com.example.notes", "Notes/%d/Café %04d.note", 6},
		{"HealthDomain", "Health/Routes/%d/route-%04d.plist", 4},
		{"WirelessDomain", "Library/CallHistory/%d/call-%04d.plist", 3},
		{"KeyboardDomain", "Library/Keyboard/%d/lexicon-%04d.dat", 3},
	}
}

// fixtures are files every phone has, used first: what a person misses most.
func fixtures() []File {
	return []File{
		{Domain: "HomeDomain", Path: "Library/SMS/sms.db"},
		{Domain: "HomeDomain", Path: "Library/AddressBook/AddressBook.sqlitedb"},
		{Domain: "HealthDomain", Path: "Health/healthdb.sqlite"},
		{Domain: "HomeDomain", Path: "Library/Notes/notes.sqlite"},
		{Domain: "CameraRollDomain", Path: "Media/PhotoData/Photos.sqlite"},
		{Domain: "WirelessDomain", Path: "Library/Databases/CellularUsage.db"},
	}
}

// BlobID is the name of a file in a backup.
func BlobID(domain, path string) string {
	sum := sha1.Sum([]byte(domain + "-" + path))
	return hex.EncodeToString(sum[:])
}

// roll is a number that follows from the seed and its arguments.
func (c Content) roll(args ...any) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, c.Seed, args)
	x := h.Sum64() // FNV's high bits are poor; one round of splitmix mends them
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// list is the content without folders and links, ordered by domain and
// path, which is also the order in which they are sent.
//
// Each generation changes a tenth of the files (a changed file is 16 bytes
// longer, so that a folder's listing tells its age), adds a twentieth and
// drops a fiftieth.
func (c Content) list() []File {
	c = c.withDefaults()
	added := max(c.Files/20, 1)
	var all []File
	for i := range c.Files + c.Generation*added {
		born := 0
		if i >= c.Files {
			born = 1 + (i-c.Files)/added
		}
		if f, ok := c.file(i, born); ok {
			all = append(all, f)
		}
	}
	if c.Large > 0 {
		all = append(all, c.finish(File{Domain: "CameraRollDomain", Path: "Media/DCIM/100APPLE/IMG_9999.MOV", Size: c.Large}))
	}
	slices.SortFunc(all, func(a, b File) int {
		return cmp.Or(strings.Compare(a.Domain, b.Domain), strings.Compare(a.Path, b.Path))
	})
	return all
}

// file makes the i-th file as it is now; false once it is gone.
func (c Content) file(i, born int) (File, bool) {
	version := 0
	for g := born + 1; g <= c.Generation; g++ {
		switch r := c.roll("fate", i, g) % 100; {
		case r < 2 && i >= len(fixtures()):
			return File{}, false
		case r < 12:
			version++
		}
	}
	f := c.place(i)
	f.version = version
	f.Size = c.size(i) + 16*int64(version)
	return c.finish(f), true
}

// place picks domain and path of the i-th file.
func (c Content) place(i int) File {
	if i < len(fixtures()) {
		return fixtures()[i]
	}
	r := c.roll("place", i) % 100
	for _, p := range places() {
		if r < p.weight {
			return File{Domain: p.domain, Path: fmt.Sprintf(p.format, i/1000, i)}
		}
		r -= p.weight
	}
	return File{} // unreachable: the weights add up to 100
}

// size is the first size of the i-th file. Mixed sizes: one in twenty is
// empty, half are some kilobytes, a few are near a megabyte.
func (c Content) size(i int) int64 {
	if c.Size > 0 {
		return c.Size
	}
	r := c.roll("size", i)
	spread := int64(r >> 32)
	switch r % 100 {
	case 0, 1, 2, 3, 4:
		return 0
	case 5, 6:
		return 200_000 + spread%800_000
	}
	if r%100 < 60 {
		return 100 + spread%6_000
	}
	return 4_000 + spread%60_000
}

// finish fills in what follows from the rest.
func (c Content) finish(f File) File {
	f.ID, f.Flags, f.seed = BlobID(f.Domain, f.Path), 1, c.Seed
	f.Disk = f.Size
	if c.Encrypted {
		f.Disk = (f.Size/16 + 1) * 16 // AES-CBC with PKCS #7: always one to sixteen bytes more
	}
	f.Digest = hasDigest(f.Domain)
	return f
}

// hasDigest says for which domains a phone records digests, as seen in the
// sample of mvt-project/mvt: not for applications and pictures.
func hasDigest(domain string) bool {
	return !strings.HasPrefix(domain, "AppDomain") && domain != "CameraRollDomain" && domain != "MediaDomain"
}

// rows is the whole index: the files, the folders above them, and two links.
func (c Content) rows(files []File) []File {
	rows := slices.Clone(files)
	seen := map[string]bool{}
	for _, f := range files {
		for dir := path.Dir(f.Path); ; dir = path.Dir(dir) {
			if dir == "." {
				dir = ""
			}
			if key := f.Domain + "-" + dir; seen[key] {
				break
			} else {
				seen[key] = true
			}
			rows = append(rows, File{ID: BlobID(f.Domain, dir), Domain: f.Domain, Path: dir, Flags: 2})
			if dir == "" {
				break
			}
		}
	}
	for _, l := range []string{"Library/Caches", "Library/Mail"} {
		rows = append(rows, File{ID: BlobID("HomeDomain", l), Domain: "HomeDomain", Path: l, Flags: 4, Target: "/private/var/tmp"})
	}
	return rows
}

// totalSize adds up what the files take on the computer.
func totalSize(files []File) (n int64) {
	for _, f := range files {
		n += f.Disk
	}
	return n
}
