package plist_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"backupwatchdog/plist"
)

func xmlDict(pairs string) []byte {
	return []byte(xmlHead + `<plist version="1.0"><dict>` + pairs + "</dict></plist>\n")
}

func TestStatus(t *testing.T) {
	whole := plist.Status{
		SnapshotState: "finished", BackupState: "new", Version: "3.3",
		UUID: "6C6B1F6E-0000-4000-8000-000000000001",
		Date: time.Date(2026, 11, 27, 10, 14, 2, 250_000_000, time.UTC),
	}
	old := whole
	old.Date = time.Date(2026, 11, 27, 10, 14, 2, 0, time.UTC)
	cases := []struct {
		name  string
		bytes []byte
		want  plist.Status
	}{
		{"as the phone writes it", status("finished", "new"), whole},
		{"in other letters", status("Finished", "NEW"), whole},
		{"as XML", xmlDict(`<key>SnapshotState</key><string>finished</string><key>BackupState</key><string>new</string>
			<key>Version</key><string>3.3</string><key>UUID</key><string>6C6B1F6E-0000-4000-8000-000000000001</string>
			<key>IsFullBackup</key><false/><key>Date</key><date>2026-11-27T10:14:02Z</date>`), old},
		{"with keys nobody knows", xmlDict(`<key>SnapshotState</key><string>moving</string><key>Next</key><dict><key>SnapshotState</key><integer>1</integer></dict>`),
			plist.Status{SnapshotState: "moving"}},
		{"state alone", xmlDict(`<key>SnapshotState</key><string>uploading</string>`), plist.Status{SnapshotState: "uploading"}},
		{"a date beyond the calendar", binaryOf(dict(1, 2, 3, 4), ascii("SnapshotState"), ascii("Date"), ascii("moving"), date(1e30)),
			plist.Status{SnapshotState: "moving"}},
		{"wide text and a full backup", binaryOf(dict(1, 2, 3, 4), ascii("SnapshotState"), ascii("IsFullBackup"), wide('m', 'o', 'v', 'i', 'n', 'g'), boolean(true)),
			plist.Status{SnapshotState: "moving", IsFullBackup: true}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := plist.DecodeStatus(c.bytes)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// What people read: each error names the file and says what is wrong.
func TestErrorsSayWhatIsWrong(t *testing.T) {
	cases := []struct {
		bytes []byte
		kind  error
		text  string
	}{
		{nil, plist.ErrEmpty, "Status.plist is empty"},
		{status("finished", "new")[:100], plist.ErrCut, "Status.plist is cut short: its last 32 bytes do not close it"},
		{[]byte("<plist><dict><key>Snap"), plist.ErrCut, "Status.plist is cut short: it ends in line 1, inside a value"},
		{[]byte("<html></html>"), plist.ErrNotPlist, "Status.plist is not a valid property list: line 1: its first element is html, not plist"},
		{make([]byte, 189), plist.ErrNotPlist, "Status.plist is not a valid property list: it begins with zeros, as after a power cut"},
		{xmlDict(`<key>SnapshotState</key><integer>4</integer>`), plist.ErrWrongType, "Status.plist does not have the expected content: SnapshotState is an integer, not a text"},
		{xmlDict(`<key>BackupState</key><string>new</string>`), plist.ErrWrongType, "Status.plist does not have the expected content: SnapshotState is missing"},
		{xmlDict(`<key>SnapshotState</key><string/>`), plist.ErrWrongType, "Status.plist does not have the expected content: SnapshotState is missing"},
		{xmlDict(`<key>SnapshotState</key><string>finished</string><key>Date</key><string>today</string>`), plist.ErrWrongType, "Status.plist does not have the expected content: Date is a text, not a date"},
		{[]byte("<plist><array/></plist>"), plist.ErrWrongType, "Status.plist does not have the expected content: the whole is an array, not a dictionary"},
		{make([]byte, 64<<10+1), plist.ErrTooLarge, "Status.plist is larger than any real file of its kind: the limit is 64 KiB"},
		{binaryOf(array(0)), plist.ErrNotPlist, "Status.plist is not a valid property list: value 1 of 1 contains itself"},
	}
	for _, c := range cases {
		_, err := plist.DecodeStatus(c.bytes)
		if !errors.Is(err, c.kind) || fmt.Sprint(err) != c.text {
			t.Errorf("got  %v\nwant %s", err, c.text)
		}
	}
	_, err := plist.DecodeManifest(xmlDict(`<key>Lockdown</key><dict><key>DeviceName</key><true/></dict>`))
	if want := "Lockdown.DeviceName is a truth value, not a text"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want … %s", err, want)
	}
}

// A file cut at any byte is cut, never something that decodes and never
// something worse.
func TestEveryPrefixIsCut(t *testing.T) {
	documents := map[string][]byte{
		"binary": status("finished", "new"),
		"XML":    []byte(strings.TrimSpace(string(xmlDict(`<key>SnapshotState</key><string>a &amp; b</string><!-- c --><key>Date</key><date>2026-11-27T10:20:42Z</date><key>n</key><data>AAAA</data>`)))),
	}
	for name, b := range documents {
		if _, err := plist.DecodeStatus(b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for n := 1; n < len(b); n++ {
			if _, err := plist.DecodeStatus(b[:n]); !errors.Is(err, plist.ErrCut) {
				t.Errorf("%s: first %d of %d bytes: got %v, want it cut", name, n, len(b), err)
			}
		}
	}
}

// Any single byte may be wrong. The answer may be too, but there is one.
func TestEveryByteFlipped(t *testing.T) {
	good := status("finished", "new")
	for i := range good {
		for v := range 256 {
			b := append([]byte(nil), good...)
			b[i] = byte(v)
			_ = plist.Unmarshal(b, new(everything))
		}
	}
}

func TestInfo(t *testing.T) {
	for name, guid := range map[string]string{"string": "<string>AB12</string>", "data": "<data>AAAA</data>"} {
		got, err := plist.DecodeInfo(xmlDict(`
			<key>Applications</key><dict><key>com.example</key><dict><key>PlaceholderIcon</key><data>AAAA</data><key>Device Name</key><integer>1</integer></dict></dict>
			<key>Build Version</key><string>23B5</string><key>Device Name</key><string>Ada` + "\u2019" + `s&#160;iPhone</string>
			<key>Display Name</key><string>Ada</string><key>GUID</key>` + guid + `
			<key>Product Name</key><string>iPhone 16</string><key>Product Type</key><string>iPhone17,3</string>
			<key>Product Version</key><string>26.1</string><key>Serial Number</key><string>F2L</string>
			<key>Target Identifier</key><string>00008140-0001</string><key>Unique Identifier</key><string>00008140-0001</string>
			<key>iTunes Version</key><string>10.0.1</string>`))
		want := plist.Info{
			DeviceName: "Ada\u2019s iPhone", DisplayName: "Ada", ProductName: "iPhone 16", ProductType: "iPhone17,3",
			ProductVersion: "26.1", BuildVersion: "23B5", TargetIdentifier: "00008140-0001",
			UniqueIdentifier: "00008140-0001", SerialNumber: "F2L", ITunesVersion: "10.0.1",
		}
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("GUID as %s: %v %s", name, err, d)
		}
	}
	got, err := plist.DecodeInfo(xmlDict(`<key>Last Backup Date</key><date>2026-11-27T10:20:42Z</date>`))
	if want := time.Date(2026, 11, 27, 10, 20, 42, 0, time.UTC); err != nil || !got.LastBackupDate.Equal(want) {
		t.Errorf("got %v, %v", got.LastBackupDate, err)
	}
}

func TestManifest(t *testing.T) {
	got, err := plist.DecodeManifest(binaryOf(
		dict(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14),
		ascii("Version"), ascii("IsEncrypted"), ascii("WasPasscodeSet"), ascii("BackupKeyBag"), ascii("ManifestKey"), ascii("Lockdown"), ascii("Date"),
		ascii("10.0"), boolean(true), boolean(true), data("VERS"), data("\x04\x00\x00\x00key"), dict(15, 16, 17, 18), date(0),
		ascii("DeviceName"), ascii("com.apple.mobile.data_sync"), wide('A', 'd', 'a', 0xD83D, 0xDCF1, 0xD83D), dict(),
	))
	want := plist.Manifest{
		Version: "10.0", IsEncrypted: true, WasPasscodeSet: true,
		BackupKeyBag: []byte("VERS"), ManifestKey: []byte("\x04\x00\x00\x00key"),
		DeviceName: "Ada\U0001F4F1\uFFFD", Date: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
	empty, err := plist.DecodeManifest(xmlDict(""))
	if d := cmp.Diff(plist.Manifest{}, empty); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
}

// XML comes in every form of Unicode, with and without a mark.
func TestUnicodeForms(t *testing.T) {
	const text = `<plist><dict><key>SnapshotState</key><string>finished</string><key>UUID</key><string>é` + "\U0001F4F1" + `</string></dict></plist>`
	for name, b := range unicodeForms(text) {
		got, err := plist.DecodeStatus(b)
		if want := (plist.Status{SnapshotState: "finished", UUID: "é\U0001F4F1"}); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestReadFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := write("Status.plist", status("moving", "new"))
	if got, err := plist.ReadStatus(path); err != nil || got.SnapshotState != "moving" {
		t.Errorf("got %+v, %v", got, err)
	}
	big := write("Big.plist", nil)
	if err := os.Truncate(big, 64<<20+1); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		read func(string) error
		path string
		kind error
		text string
	}{
		{readStatus, filepath.Join(dir, "none"), plist.ErrAbsent, "none does not exist"},
		{readStatus, filepath.Join(path, "below a file"), plist.ErrAbsent, "below a file does not exist"},
		{readStatus, write("empty", nil), plist.ErrEmpty, "empty is empty"},
		{readInfo, write("Info.plist", nil), plist.ErrEmpty, "Info.plist is empty"},
		{readInfo, big, plist.ErrNotPlist, "Big.plist is not a valid property list: it begins with zeros, as after a power cut"},
		{readManifest, big, plist.ErrTooLarge, "the limit is 64 MiB"},
		{readManifest, write("cut", []byte("bplist00")), plist.ErrCut, "cut is cut short: it ends after 8 bytes"},
		{readManifest, dir, plist.ErrNotRegular, "is not a regular file: it is a folder"},
	}
	for _, c := range cases {
		err := c.read(c.path)
		if !errors.Is(err, c.kind) || !strings.HasPrefix(err.Error(), c.path) || !strings.HasSuffix(err.Error(), c.text) {
			t.Errorf("got  %v\nwant … %s", err, c.text)
		}
	}
}

func readStatus(path string) error   { _, err := plist.ReadStatus(path); return err }
func readInfo(path string) error     { _, err := plist.ReadInfo(path); return err }
func readManifest(path string) error { _, err := plist.ReadManifest(path); return err }
