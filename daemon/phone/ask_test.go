package phone

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/phone/phonetest"
)

func TestAsk(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %v", secure), func(t *testing.T) {
			p, c := start(t, phonetest.Config{TLS: secure, Name: "Anna's\x1b[31m iPhone", OSVersion: "26.1", Battery: 63, Charging: true})
			local := time.Date(2026, 11, 20, 7, 30, 0, 0, time.UTC)
			p.SetValue(domainBackup, "LastiTunesBackupDate", local.Unix()-appleEpoch.Unix())
			p.SetValue(domainBackup, "CloudBackupEnabled", true)
			c.now = func() time.Time { return local.Add(100 * time.Hour) }
			got, err := c.Ask(t.Context(), strings.ReplaceAll(udid, "-", ""))
			if err != nil {
				t.Fatal(err)
			}
			if strings.ContainsRune(got.Name, 0x1b) || !strings.HasPrefix(got.Name, "Anna's") {
				t.Errorf("the name was not cleaned: %q", got.Name)
			}
			got.Name = ""
			want := backup.Phone{
				Link: backup.LinkUSB, ProductType: "iPhone14,5", OSVersion: "26.1", Battery: 63, Charging: backup.Yes,
				Asked: local.Add(100 * time.Hour), LastLocalBackup: local, CloudEnabled: backup.Yes, WillEncrypt: backup.No,
				DiskFree: 63_800_000_000, DiskUsed: 112_000_000_000 - 63_800_000_000, Refused: backup.No,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What a phone says wrongly is unknown, and hides nothing beside it.
func TestAskOddValues(t *testing.T) {
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	p, c := start(t, phonetest.Config{})
	c.now = func() time.Time { return now }
	for key, v := range map[string]any{
		"LastiTunesBackupDate": int64(1e18), "LastCloudBackupDate": "814838400",
		"CloudBackupEnabled": "yes", "WillEncrypt": 1, "RequiresEncryption": []string{"x"},
	} {
		p.SetValue(domainBackup, key, v)
	}
	p.SetValue(domainBattery, "BatteryCurrentCapacity", -7)
	p.SetValue(domainBattery, "BatteryIsCharging", 0)
	p.SetValue(domainDisk, "AmountDataAvailable", "full")
	got, err := c.Ask(t.Context(), udid)
	if err != nil {
		t.Fatal(err)
	}
	want := Unheard()
	want.Link, want.Name, want.ProductType, want.OSVersion = backup.LinkUSB, "Test iPhone", "iPhone14,5", "18.5"
	want.Asked, want.Refused = now, backup.No
	want.LastCloudBackup = appleEpoch.Add(814838400 * time.Second)
	want.WillEncrypt, want.Charging = backup.Yes, backup.No
	want.DiskFree, want.DiskUsed = 64_000_000_000, 48_000_000_000
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAskRefused(t *testing.T) {
	tests := []struct {
		name    string
		cfg     phonetest.Config
		refused backup.Tri
		asked   bool
	}{
		{"locked", phonetest.Config{Faults: "lockdown-error:PasswordProtected"}, backup.Unknown, false},
		{"trust revoked", phonetest.Config{Faults: "lockdown-error:InvalidHostID"}, backup.Yes, true},
		{"never paired", phonetest.Config{Unpaired: true}, backup.Unknown, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, c := start(t, tt.cfg)
			got, err := c.Ask(t.Context(), udid)
			if err != nil || got.Refused != tt.refused || got.Asked.IsZero() == tt.asked {
				t.Errorf("got %+v, %v", got, err)
			}
			if got.Name != "Test iPhone" || got.Battery != -1 || got.DiskFree != -1 {
				t.Errorf("public values told, private ones not: %+v", got)
			}
		})
	}
}

func TestAskNobody(t *testing.T) {
	p, c := start(t, phonetest.Config{Detached: true})
	if _, err := c.Ask(t.Context(), udid); !errors.Is(err, ErrNotAttached) {
		t.Errorf("detached: %v", err)
	}
	p.Attach()
	if _, err := c.Ask(t.Context(), "00008110-0000000000000000"); !errors.Is(err, ErrNotAttached) {
		t.Errorf("another phone: %v", err)
	}
	none := NewClient(Options{Address: "UNIX:" + t.TempDir() + "/none"})
	if _, err := none.Ask(t.Context(), udid); !errors.Is(err, ErrAbsent) {
		t.Errorf("no usbmuxd: %v", err)
	}
}

// A stranger behind the right address must not pass for the phone: other keys
// than those of the pair record end the question.
func TestAskStranger(t *testing.T) {
	_, c := start(t, phonetest.Config{TLS: true})
	_, other := start(t, phonetest.Config{TLS: true})
	mine, err := c.readPairRecord(t.Context(), udid)
	if err != nil {
		t.Fatal(err)
	}
	l, err := other.openLockdown(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	if err := l.start(t.Context(), mine); err == nil || !strings.Contains(err.Error(), "not the one in the pair record") {
		t.Errorf("a session with a stranger: %v", err)
	}
}

// lockdownd in the hands of a test: each function answers one request after the
// greeting; then the connection ends.
func hostilePhone(t *testing.T, answers ...func(c net.Conn)) *Client {
	return script(t,
		answering(listing(entry("3", udid, "USB"))),
		func(c net.Conn) {
			say(c, hear(c), dict(yes))
			readLockdown(c)
			lockdownFrame(c, dict(`<key>Type</key><string>com.apple.mobile.lockdown</string>`))
			for _, a := range answers {
				readLockdown(c)
				a(c)
			}
		},
		answering(dict(yes)))
}

func TestAskHostilePhone(t *testing.T) {
	tests := map[string]func(c net.Conn){
		"huge length":      func(c net.Conn) { c.Write([]byte{0xff, 0xff, 0xff, 0xff, 'x'}) },
		"zero length":      func(c net.Conn) { c.Write([]byte{0, 0, 0, 0}) },
		"ends in a frame":  func(c net.Conn) { c.Write([]byte{0, 0, 1, 0, '<', 'p'}) },
		"ends in a length": func(c net.Conn) { c.Write([]byte{0, 0}) },
		"garbage":          func(c net.Conn) { lockdownFrame(c, "\x00\xff<<<") },
		"binary garbage":   func(c net.Conn) { lockdownFrame(c, "bplist00\xff\xff\xff\xff") },
		"value of no kind": func(c net.Conn) { lockdownFrame(c, dict(`<key>Value</key><array/>`)) },
		"error of no kind": func(c net.Conn) { lockdownFrame(c, dict(`<key>Error</key><dict/>`)) },
		"hangs up":         func(net.Conn) {},
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := hostilePhone(t, answer).Ask(t.Context(), udid)
			want := Unheard()
			want.Link = backup.LinkUSB
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestAskHostileUsbmuxd(t *testing.T) {
	tests := map[string]func(c net.Conn){
		"huge length": func(c net.Conn) { hear(c); c.Write(append([]byte{0xff, 0xff, 0xff, 0x7f}, make([]byte, 12)...)) },
		"tiny length": func(c net.Conn) { hear(c); c.Write(append([]byte{3}, make([]byte, 15)...)) },
		"binary kind": func(c net.Conn) { hear(c); c.Write(append([]byte{16, 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 7)...)) },
		"endless frames": func(c net.Conn) {
			tag := hear(c)
			for range 1000 {
				say(c, tag+1, dict(yes))
			}
		},
		"ends in a frame": func(c net.Conn) { c.Write([]byte{200, 0, 0, 0}) },
		"garbage":         answering("garbage"),
		"no list":         answering(dict(``)),
		"a refusal":       answering(dict(`<key>Number</key><integer>1</integer>`)),
		"hangs up":        func(net.Conn) {},
	}
	for name, serve := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := script(t, serve).Ask(t.Context(), udid); err == nil || got.Battery != -1 {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}
