package phonetest

import (
	"cmp"
	"time"
)

// Connection is a way a phone is attached, in usbmuxd's words.
type Connection string

// The two ways there are.
const (
	USB     Connection = "USB"
	Network Connection = "Network"
)

// Config describes a phone. The zero value is a healthy phone on a cable with
// 300 files of mixed sizes, no TLS and no limit on its speed.
type Config struct {
	Addr        string       // where usbmuxd listens, host:port or UNIX:/path; "" takes a free port
	Connections []Connection // how it is attached at first; nil means USB
	Detached    bool         // start without being attached
	TLS         bool         // sessions and services are encrypted
	Unpaired    bool         // this computer has no pair record for it

	UDID, Name, ProductType, OSVersion, Build, Serial string // "" takes a default

	Content                                  // what is on it
	BytesPerSecond int64                     // 0: as fast as it goes
	FilesPerSecond int64                     // 0: as fast as it goes
	ScanTime       time.Duration             // silence between the request and the first folder
	Faults         string                    // see the package comment
	Battery        int                       // per cent; 0 means 80
	Charging       bool                      // is it being charged
	DiskTotal      int64                     // bytes; 0 means 128 GB
	DiskAvailable  int64                     // bytes; 0 means 64 GB
	Values         map[string]map[string]any // more lockdown values by domain; "" is the domain without a name

	Now  func() time.Time     // the phone's clock; nil means the computer's
	Logf func(string, ...any) // what the phone does, line by line; nil means silence
}

// Content says which files a phone holds. Two phones with the same Content
// hold the same bytes.
type Content struct {
	Seed       uint64 // everything random follows from it
	Files      int    // how many; 0 means 300
	Size       int64  // of each; 0 means mixed: none, small, up to a megabyte
	Large      int64  // size of one more file, a video; 0 means there is none
	Generation int    // how often the owner has used the phone since the first backup; each time some files change
	Encrypted  bool   // backups look encrypted: no header in Manifest.db, all sizes multiples of 16
}

// withDefaults fills in what was left out.
func (c Config) withDefaults() Config {
	c.UDID = cmp.Or(c.UDID, "00008110-001A2B3C4D5E801E")
	c.Name = cmp.Or(c.Name, "Test iPhone")
	c.ProductType = cmp.Or(c.ProductType, "iPhone14,5")
	c.OSVersion = cmp.Or(c.OSVersion, "18.5")
	c.Build = cmp.Or(c.Build, "22F76")
	c.Serial = cmp.Or(c.Serial, "F2LXK0ABCDEF")
	c.Battery = cmp.Or(c.Battery, 80)
	c.DiskTotal = cmp.Or(c.DiskTotal, 128_000_000_000)
	c.DiskAvailable = cmp.Or(c.DiskAvailable, 64_000_000_000)
	c.Content = c.Content.withDefaults()
	if c.Connections == nil {
		c.Connections = []Connection{USB}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logf == nil {
		c.Logf = func(string, ...any) {}
	}
	return c
}

func (c Content) withDefaults() Content {
	c.Files = cmp.Or(c.Files, 300)
	return c
}
