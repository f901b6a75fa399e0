package host

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"backupwatchdog/daemon/backup"
)

// Power is what feeds this computer.
type Power struct {
	OnBattery backup.Tri
	// LowPower is low-power mode on a Mac, the "low-power" platform profile on Linux.
	LowPower backup.Tri
	Percent  int // of the battery; -1 unknown, or there is none
}

// unknownPower is the answer where nothing answers.
func unknownPower() Power { return Power{Percent: -1} }

// powerEvery is how long an answer stands: asking a Mac costs two processes.
const powerEvery = time.Minute

// PowerMeter answers what feeds this computer, from an answer at most a minute
// old. It may be used by several goroutines.
type PowerMeter struct {
	ask func(context.Context) Power

	mu   sync.Mutex
	at   time.Time
	last Power
}

// NewPowerMeter returns a PowerMeter for this computer.
func NewPowerMeter() *PowerMeter { return &PowerMeter{ask: askPower} }

// Power returns what feeds this computer at now.
func (m *PowerMeter) Power(ctx context.Context, now time.Time) Power {
	m.mu.Lock()
	defer m.mu.Unlock()
	if age := now.Sub(m.at); m.at.IsZero() || age < 0 || age >= powerEvery {
		m.last, m.at = m.ask(ctx), now
	}
	return m.last
}

// powerOfSysfs reads /sys/class/power_supply and the platform profile. Devices
// with a battery of their own (a mouse) have scope "Device" and do not count.
func powerOfSysfs(sys string) Power {
	p := unknownPower()
	if profile := sysValue(sys, "firmware/acpi/platform_profile"); profile != "" {
		p.LowPower = triOf(profile == "low-power")
	}
	supplies, _ := filepath.Glob(filepath.Join(sys, "class/power_supply/*"))
	for _, dir := range supplies[:min(len(supplies), 32)] {
		switch {
		case sysValue(dir, "scope") == "Device":
		case sysValue(dir, "type") == "Battery":
			p.addBattery(dir)
		case sysValue(dir, "online") == "1":
			p.OnBattery = backup.No
		case sysValue(dir, "online") == "0" && p.OnBattery == backup.Unknown:
			p.OnBattery = backup.Yes
		}
	}
	return p
}

// addBattery takes in one battery. A discharging one proves battery operation
// where no mains adapter is listed.
func (p *Power) addBattery(dir string) {
	if n, err := strconv.Atoi(sysValue(dir, "capacity")); err == nil && n >= 0 && n <= 100 {
		p.Percent = max(p.Percent, n)
	}
	if sysValue(dir, "status") == "Discharging" && p.OnBattery == backup.Unknown {
		p.OnBattery = backup.Yes
	}
}

// sysValue reads a one-line file of the kernel; "" when it cannot.
func sysValue(dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// powerOfPMSet joins what macOS prints for `pmset -g batt` and `pmset -g`:
//
//	Now drawing from 'Battery Power'
//	 -InternalBattery-0 (id=1234567)	83%; discharging; 4:12 remaining present: true
//
//	 lowpowermode         1
func powerOfPMSet(batt, settings string) Power {
	p := unknownPower()
	if _, rest, ok := strings.Cut(batt, "drawing from '"); ok {
		source, _, _ := strings.Cut(rest, "'")
		p.OnBattery = triOf(source == "Battery Power" || source == "UPS Power")
	}
	for line := range strings.Lines(batt) {
		if strings.Contains(line, "InternalBattery") {
			p.Percent = max(p.Percent, percentOf(line))
		}
	}
	for line := range strings.Lines(settings) {
		f := strings.Fields(line)
		if len(f) == 2 && (f[0] == "lowpowermode" || f[0] == "powermode") && p.LowPower != backup.Yes {
			p.LowPower = triOf(f[1] == "1")
		}
	}
	return p
}

// percentOf finds "83%;" in a line; -1 when there is none.
func percentOf(line string) int {
	head, _, ok := strings.Cut(line, "%")
	f := strings.Fields(head)
	if !ok || len(f) == 0 {
		return -1
	}
	n, err := strconv.Atoi(f[len(f)-1])
	if err != nil || n < 0 || n > 100 {
		return -1
	}
	return n
}
