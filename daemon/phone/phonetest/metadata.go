package phonetest

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"time"

	"howett.net/plist"
)

// status is Status.plist; with a UUID of 36 characters it takes 192 bytes for
// uploading/empty, 187 for moving/new and 189 for removing and finished, as
// real ones do.
type status struct {
	SnapshotState string
	BackupState   string
	IsFullBackup  bool
	Version       string
	UUID          string
	Date          time.Time
}

// encode writes it the way the phone does.
func (s status) encode() []byte { return encode(s, plist.BinaryFormat) }

// readStatus decodes what the computer sent back; the zero value when there
// is nothing to read.
func readStatus(data []byte) (s status) {
	defer func() { _ = recover() }() // the decoder may panic on a damaged file: then there is no status
	if _, err := plist.Unmarshal(data, &s); err != nil {
		return status{}
	}
	return s
}

// encode panics never: the values come from this package.
func encode(v any, format int) []byte {
	data, err := plist.Marshal(v, format)
	if err != nil {
		panic(err) // unreachable: only plain values are encoded here
	}
	return data
}

// newUUID names a new chain; seeded, so that tests see the same one.
func newUUID(seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 2001))
	const hex = "0123456789ABCDEF"
	b := []byte("xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx")
	for i, c := range b {
		if c == 'x' {
			b[i] = hex[r.IntN(16)]
		}
	}
	return string(b)
}

// manifestPlist is Manifest.plist.
func (c Config) manifestPlist(encrypted bool, now time.Time) []byte {
	applications := dict{}
	for _, id := range apps() {
		applications[id] = dict{"CFBundleIdentifier": id, "CFBundleVersion": "1", "Path": "/var/containers/Bundle/Application/" + id, "ContainerContentClass": "Data/Application"}
	}
	m := dict{
		"Version": "10.0", "Date": now, "SystemDomainsVersion": "24.0",
		"IsEncrypted": encrypted, "WasPasscodeSet": true,
		"BackupKeyBag": keyBag(c.Seed), "Applications": applications,
		"Lockdown": dict{
			"BuildVersion": c.Build, "DeviceName": c.Name, "ProductType": c.ProductType, "ProductVersion": c.OSVersion,
			"SerialNumber": c.Serial, "UniqueDeviceID": c.UDID,
			"com.apple.MobileDeviceCrashCopy": dict{}, "com.apple.TerminalFlashr": dict{},
			"com.apple.mobile.data_sync": dict{}, "com.apple.mobile.iTunes.accessories": dict{},
		},
	}
	if encrypted {
		m["ManifestKey"] = append([]byte{4, 0, 0, 0}, random(c.Seed+1, 40)...)
	}
	return encode(m, plist.BinaryFormat)
}

// keyBag is a key bag in shape only: tag, length, value; the keys are noise.
func keyBag(seed uint64) []byte {
	var bag []byte
	add := func(tag string, value []byte) {
		bag = append(bag, tag...)
		bag = binary.BigEndian.AppendUint32(bag, uint32(len(value)))
		bag = append(bag, value...)
	}
	number := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	add("VERS", number(5))
	add("TYPE", number(1))
	add("UUID", random(seed, 16))
	add("HMCK", random(seed+1, 40))
	add("WRAP", number(1))
	add("SALT", random(seed+2, 20))
	add("ITER", number(10_000))
	add("DPWT", number(2))
	add("DPIC", number(10_000_000))
	add("DPSL", random(seed+3, 20))
	for class := uint32(1); class <= 11; class++ {
		add("UUID", random(seed+uint64(class), 16))
		add("CLAS", number(class))
		add("WRAP", number(2))
		add("KTYP", number(0))
		add("WPKY", random(seed+100+uint64(class), 40))
	}
	return bag
}

// random is n bytes of seeded noise.
func random(seed uint64, n int) []byte {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	b := make([]byte, n)
	rand.NewChaCha8(key).Read(b)
	return b
}

// infoPlist is Info.plist, which the computer writes. artwork fills it up, as
// pictures of applications do.
func (c Config) infoPlist(now time.Time, artwork int) []byte {
	applications := dict{}
	for _, id := range apps() {
		applications[id] = dict{"ApplicationSINF": []byte("sinf"), "iTunesMetadata": []byte("meta"), "PlaceholderIcon": make([]byte, artwork/len(apps()))}
	}
	return encode(dict{
		"Applications": applications, "Installed Applications": apps(),
		"Build Version": c.Build, "Device Name": c.Name, "Display Name": c.Name,
		"GUID": strings.ReplaceAll(newUUID(c.Seed), "-", ""), "Last Backup Date": now,
		"Product Name": "iPhone 13", "Product Type": c.ProductType, "Product Version": c.OSVersion,
		"Serial Number": c.Serial, "Target Identifier": c.UDID, "Target Type": "Device",
		"Unique Identifier": strings.ToUpper(c.UDID), "iTunes Files": dict{}, "iTunes Settings": dict{},
		"iTunes Version": "12.8.0",
	}, plist.XMLFormat)
}
