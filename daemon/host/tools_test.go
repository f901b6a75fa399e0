package host

import (
	"strings"
	"testing"
)

const (
	udidA = "00008101-000A1B2C3D4E5F60"
	udidB = "00008110-00FFFFFFFFFFFFFF"
	old   = "0123456789abcdef0123456789abcdef01234567"
)

func TestParseCommand(t *testing.T) {
	tests := []struct {
		line string // words divided by single blanks; ␣ stands for one inside a word
		want command
		ok   bool
	}{
		{"idevicebackup2 backup /b", command{name: "idevicebackup2", dir: "/b"}, true},
		{"/usr/bin/idevicebackup2 -u " + udidA + " -d backup --full /b", command{name: "idevicebackup2", udid: udidA, dir: "/b"}, true},
		{"idevicebackup2 --udid=" + old + " backup b", command{name: "idevicebackup2", udid: old, dir: "b"}, true},
		{"idevicebackup2 -u" + old + " -n backup .", command{name: "idevicebackup2", udid: old, dir: "."}, true},
		{"/x/.libs/lt-idevicebackup2 backup /b", command{name: "idevicebackup2", dir: "/b"}, true},
		{"idevicebackup2 backup", command{name: "idevicebackup2"}, true},
		{"idevicebackup backup /b", command{name: "idevicebackup", dir: "/b"}, true},
		{"idevicebackup2 restore --copy --password backup /b", command{}, false},
		{"idevicebackup2 info /b", command{}, false},
		{"idevicebackup2 list /b/backup", command{}, false},
		{"idevicebackup2 unback /b", command{}, false},
		{"idevicebackup2 changepw backup new /b", command{}, false},
		{"idevicebackup2 encryption on secret /b", command{}, false},
		{"idevicebackup2 -u backup info /b", command{}, false},
		{"idevicebackup2 -u", command{}, false},
		{"idevicebackup2", command{}, false},
		{"vim /src/idevicebackup2 backup", command{}, false},
		{"/A/AppleMobileDeviceHelper.app/Contents/Resources/AppleMobileBackup --backup --target " + udidA, command{name: "AppleMobileBackup", udid: udidA}, true},
		{"AppleMobileBackup --target=" + udidA, command{name: "AppleMobileBackup", udid: udidA}, true},
		{"AppleMobileBackup", command{name: "AppleMobileBackup"}, true},
		{"AppleMobileBackup --restore --target " + udidA, command{}, false},
		{"/L/AMPDevicesAgent", command{}, false},
		{"pymobiledevice3 backup2 backup --full /b --udid " + udidA, command{name: "pymobiledevice3", udid: udidA, dir: "/b"}, true},
		{"/opt/bin/python3.12 /home/a/.local/bin/pymobiledevice3 backup2 backup", command{name: "pymobiledevice3", dir: "."}, true},
		{"python3 -m pymobiledevice3 backup2 backup My␣Backups", command{name: "pymobiledevice3", dir: "My Backups"}, true},
		{"python3 -m pymobiledevice3 backup2 info /backup", command{}, false},
		{"python3 backup.py backup2 backup", command{}, false},
		{"/Applications/iMazing.app/Contents/MacOS/iMazing", command{name: "iMazing", weak: true}, true},
		{"ios backup --udid=" + udidA, command{name: "go-ios", udid: udidA, dir: "."}, true},
		{"ios list", command{}, false},
		{"ipsw idev backup create /b", command{name: "ipsw", dir: "/b"}, true},
		{"", command{}, false},
	}
	for _, tt := range tests {
		args := strings.Fields(tt.line)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "␣", " ")
		}
		got, ok := parseCommand(args)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%q: got %+v, %v; want %+v, %v", tt.line, got, ok, tt.want, tt.ok)
		}
	}
}

// Every program that parseCommand knows must pass the cheap question, under the
// name the kernel shows: cut to 15 bytes on Linux, 16 on macOS.
func TestCandidateSeesWhatParseKnows(t *testing.T) {
	for _, name := range []string{"AppleMobileBackup", "ambackup", "idevicebackup2", "lt-idevicebackup2", "pymobiledevice3", "python3.12", "Python", "iMazing", "ios", "ipsw"} {
		for _, n := range []int{15, 16} {
			if cut := name[:min(n, len(name))]; !candidate(cut) {
				t.Errorf("%q, shown as %q, is passed over", name, cut)
			}
		}
	}
	for _, name := range []string{"AMPDevicesAgent", "backupd", "usbmuxd", "bash", ""} {
		if candidate(name) {
			t.Errorf("%q is looked at closely", name)
		}
	}
}

func TestSameUDID(t *testing.T) {
	if !sameUDID(udidA, strings.ToLower(strings.Replace(udidA, "-", "", 1))) {
		t.Error("one id in two spellings is two")
	}
	if sameUDID(udidA, udidB) {
		t.Error("two ids are one")
	}
}
