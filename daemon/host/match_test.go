package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"backupwatchdog/daemon/backup"
)

func TestMatch(t *testing.T) {
	target := Target{UDID: udidA, Path: "/b/" + udidA, Attached: []string{udidA}}
	both := target
	both.Attached = []string{udidB, udidA}
	unseen := target
	unseen.Attached = nil
	alone := unseen
	alone.Alone = true
	other := target
	other.Attached = []string{udidB}

	gone := backup.Writer{State: backup.WriterGone}
	unknown := backup.Writer{State: backup.WriterUnknown}
	alive := func(name string, pid int, others ...string) backup.Writer {
		return backup.Writer{State: backup.WriterAlive, Name: name, PID: pid, Others: others}
	}
	ide := func(p Process) Process { p.PID, p.Name = 7, "idevicebackup2"; return p }
	apple := Process{PID: 9, Name: "AppleMobileBackup"}

	tests := []struct {
		name   string
		list   []Process
		blind  bool
		target Target
		want   backup.Writer
	}{
		{name: "nothing runs", target: target, want: gone},
		{name: "nothing seen", blind: true, target: target, want: unknown},
		{name: "phone and folder named", list: []Process{ide(Process{UDID: udidA, Dir: "/b"})}, target: both, want: alive("idevicebackup2", 7)},
		{name: "found although others are hidden", list: []Process{ide(Process{UDID: udidA, Dir: "/b"})}, blind: true, target: both, want: alive("idevicebackup2", 7)},
		{name: "phone named, folder unknown", list: []Process{ide(Process{UDID: udidA})}, target: both, want: alive("idevicebackup2", 7)},
		{name: "this phone, elsewhere", list: []Process{ide(Process{UDID: udidA, Dir: "/other"})}, target: target, want: gone},
		{name: "another phone, here", list: []Process{ide(Process{UDID: udidB, Dir: "/b"})}, target: target, want: gone},
		{name: "folder named, this phone attached", list: []Process{ide(Process{Dir: "/b"})}, target: target, want: alive("idevicebackup2", 7)},
		{name: "folder named, two attached", list: []Process{ide(Process{Dir: "/b"})}, target: both, want: unknown},
		{name: "folder named, two attached, a file open", list: []Process{ide(Process{Dir: "/b", Holds: []string{"/b/" + udidA}})}, target: both, want: alive("idevicebackup2", 7)},
		{name: "folder named, the other one's file open", list: []Process{ide(Process{Dir: "/b", Holds: []string{"/b/" + udidB}})}, target: both, want: gone},
		{name: "folder named, another phone attached", list: []Process{ide(Process{Dir: "/b"})}, target: other, want: gone},
		{name: "folder named, phones unseen", list: []Process{ide(Process{Dir: "/b"})}, target: unseen, want: unknown},
		{name: "folder named, phones unseen, the only backup", list: []Process{ide(Process{Dir: "/b"})}, target: alone, want: alive("idevicebackup2", 7)},
		{name: "nothing named, this phone attached", list: []Process{ide(Process{})}, target: target, want: unknown},
		{name: "neighbour with the same beginning", list: []Process{ide(Process{Holds: []string{"/b/" + udidA + "-20261127-101500"}})}, target: target, want: gone},
		{name: "Finder, this phone attached", list: []Process{apple}, target: target, want: alive("AppleMobileBackup", 9)},
		{name: "Finder, two attached", list: []Process{apple}, target: both, want: unknown},
		{name: "Finder, other phone attached", list: []Process{apple}, target: other, want: gone},
		{name: "resident and idle", list: []Process{{PID: 3, Name: "iMazing", Resident: true}}, target: target, want: gone},
		{name: "resident and writing", list: []Process{{PID: 3, Name: "iMazing", Resident: true, Holds: []string{"/b/" + udidA}}}, target: target, want: alive("iMazing", 3)},
		{name: "two at once, the proven one first", list: []Process{ide(Process{UDID: udidA, Dir: "/b"}), {PID: 9, Name: "AppleMobileBackup", Holds: []string{"/b/" + udidA}}},
			target: target, want: alive("AppleMobileBackup", 9, "idevicebackup2")},
		{name: "one program in two processes", list: []Process{{PID: 5, Name: "pymobiledevice3", UDID: udidA}, {PID: 6, Parent: 5, Name: "pymobiledevice3", UDID: udidA}},
			target: target, want: alive("pymobiledevice3", 5)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Match(tt.list, !tt.blind, tt.target)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
