package host

import (
	"time"

	"backupwatchdog/daemon/backup"
)

// Now returns this instant and how long this computer has slept since it was
// started. The calendar time carries no monotonic reading: on macOS and Linux
// that clock stands still during sleep, and with it two moments would differ by
// the time awake, from which the sleep would then be taken a second time.
func Now() backup.Moment {
	return moment(time.Now(), sleepClocks)
}

// moment puts a Moment together from a calendar time and the two clocks since
// boot: one that counts sleep and one that does not. The clocks are read one
// after the other, so their difference trembles by microseconds; sleep is
// counted in whole seconds.
func moment(t time.Time, clocks func() (all, awake time.Duration, err error)) backup.Moment {
	m := backup.Moment{T: t.Round(0)}
	all, awake, err := clocks()
	if err != nil {
		return m // never a sleep that cannot be shown
	}
	m.Slept = max(0, (all - awake).Round(time.Second))
	return m
}

// BootID names the present start of this computer: two equal ids mean that it
// was not restarted in between, and that counters since boot may be compared.
// It is "" where the system does not tell.
func BootID() string { return bootID() }

// MacOSVersion returns the version of macOS, such as "26.1"; "" elsewhere.
func MacOSVersion() string { return macOSVersion() }
