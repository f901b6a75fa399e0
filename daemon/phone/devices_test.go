package phone

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"backupwatchdog/daemon/backup"
)

func TestParseList(t *testing.T) {
	const plain = "00008110001A2B3C4D5E801E" // without its dash
	tests := []struct {
		name, body string
		want       []Device
		skipped    int
	}{
		{"none", listing(""), []Device{}, 0},
		{"cable before Wi-Fi", listing(entry("4", udid, "Network") + entry("9", udid, "USB") + entry("10", udid, "Network")),
			[]Device{{UDID: udid, Link: backup.LinkUSB, DeviceID: 9}}, 0},
		{"without its dash", listing(entry("4", plain, "USB")), []Device{{UDID: udid, Link: backup.LinkUSB, DeviceID: 4}}, 0},
		{"unknown way", listing(entry("4", udid, "Carrier pigeon")), []Device{{UDID: udid, DeviceID: 4}}, 0},
		{"two phones among nonsense", listing(`<string>x</string>` + entry("4", udid, "USB") + entry("-1", udid, "USB") + entry("5", "../../etc", "USB") +
			`<dict><key>DeviceID</key><string>six</string></dict><array><dict/></array>` + entry("7", strings.Repeat("a", 40), "Network")),
			[]Device{{UDID: udid, Link: backup.LinkUSB, DeviceID: 4}, {UDID: strings.Repeat("a", 40), Link: backup.LinkNetwork, DeviceID: 7}}, 5},
		{"number inside the properties", listing(`<dict><key>Properties</key><dict><key>DeviceID</key><integer>8</integer><key>ConnectionType</key><string>USB</string><key>SerialNumber</key><string>` + udid + `</string></dict></dict>`),
			[]Device{{UDID: udid, Link: backup.LinkUSB, DeviceID: 8}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list, skipped, err := parseList([]byte(tt.body))
			if diff := cmp.Diff(tt.want, merge(list)); diff != "" || skipped != tt.skipped || err != nil {
				t.Errorf("skipped %d, want %d; %v\n%s", skipped, tt.skipped, err, diff)
			}
		})
	}
}

func TestParseListRefused(t *testing.T) {
	for _, body := range []string{dict(``), dict(yes), dict(`<key>Number</key><integer>6</integer>`), dict(`<key>DeviceList</key><string/>`)} {
		if list, _, err := parseList([]byte(body)); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, %v", body, list, err)
		}
	}
	if _, _, err := parseList([]byte("<plist>")); err == nil {
		t.Error("a list cut short is no error")
	}
}

func TestParseListIsBounded(t *testing.T) {
	var many strings.Builder
	for range 1000 {
		many.WriteString(entry("4", udid, "USB"))
	}
	list, skipped, err := parseList([]byte(listing(many.String())))
	if len(list) != maxDevices || skipped != 1000-maxDevices || err != nil {
		t.Errorf("%d kept, %d skipped, %v", len(list), skipped, err)
	}
}

func TestAddress(t *testing.T) {
	for value, want := range map[string][2]string{
		"":                  {"unix", DefaultSocket},
		"UNIX:/run/mux":     {"unix", "/run/mux"},
		"/run/mux":          {"unix", "/run/mux"},
		"127.0.0.1:27015":   {"tcp", "127.0.0.1:27015"},
		"[::1]:27015":       {"tcp", "[::1]:27015"},
		"mux.example:27015": {"tcp", "mux.example:27015"},
	} {
		network, addr := splitAddress(Address(func(string) string { return value }))
		if got := [2]string{network, addr}; got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}
