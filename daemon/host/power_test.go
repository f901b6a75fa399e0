package host

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
)

func TestPowerOfPMSet(t *testing.T) {
	tests := []struct {
		name, batt, settings string
		want                 Power
	}{
		{"battery", "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1234567)\t83%; discharging; 4:12 remaining present: true\n",
			"System-wide power settings:\n SleepDisabled\t\t0\n lowpowermode         1\n", Power{backup.Yes, backup.Yes, 83}},
		{"mains", "Now drawing from 'AC Power'\n -InternalBattery-0 (id=1)\t100%; charged; 0:00 remaining present: true\n",
			" powermode            2\n", Power{backup.No, backup.No, 100}},
		{"desktop", "Now drawing from 'AC Power'\n", "", Power{backup.No, backup.Unknown, -1}},
		{"silence", "", "", Power{Percent: -1}},
		{"nonsense", "Now drawing from\n -InternalBattery-0 %; x 900%\n", "lowpowermode\n", Power{Percent: -1}},
	}
	for _, tt := range tests {
		if got := powerOfPMSet(tt.batt, tt.settings); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestPowerOfSysfs(t *testing.T) {
	sys := t.TempDir()
	if got := powerOfSysfs(sys); got != (Power{Percent: -1}) {
		t.Errorf("nothing there: %+v", got)
	}
	supply := filepath.Join(sys, "class/power_supply")
	write(t, filepath.Join(supply, "BAT0/type"), "Battery\n")
	write(t, filepath.Join(supply, "BAT0/capacity"), "41\n")
	write(t, filepath.Join(supply, "BAT0/status"), "Discharging\n")
	write(t, filepath.Join(supply, "mouse/type"), "Battery\n")
	write(t, filepath.Join(supply, "mouse/scope"), "Device\n")
	write(t, filepath.Join(supply, "mouse/capacity"), "99\n")
	write(t, filepath.Join(sys, "firmware/acpi/platform_profile"), "low-power\n")
	if got := powerOfSysfs(sys); got != (Power{backup.Yes, backup.Yes, 41}) {
		t.Errorf("on battery: %+v", got)
	}
	write(t, filepath.Join(supply, "AC/type"), "Mains\n")
	write(t, filepath.Join(supply, "AC/online"), "1\n")
	if got := powerOfSysfs(sys).OnBattery; got != backup.No {
		t.Errorf("with the adapter in: on battery %v", got)
	}
}

func TestPowerMeterAsksOnceAMinute(t *testing.T) {
	asked := 0
	m := &PowerMeter{ask: func(context.Context) Power { asked++; return Power{Percent: asked} }}
	start := time.Unix(1e9, 0)
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {59 * time.Second, 1}, {60 * time.Second, 2}, {-time.Hour, 3}} {
		if got := m.Power(context.Background(), start.Add(tt.after)).Percent; got != tt.want {
			t.Errorf("after %v: answer %d, want %d", tt.after, got, tt.want)
		}
	}
}
