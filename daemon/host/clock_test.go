package host

import (
	"errors"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
)

// A moment must not carry the monotonic reading: it would hide sleep.
func TestNowAdvancesDuringSleep(t *testing.T) {
	m := Now()
	if m.T != m.T.Round(0) {
		t.Errorf("the time of %v has a monotonic reading", m.T)
	}
	if m.Slept < 0 {
		t.Errorf("slept %v", m.Slept)
	}
}

func TestMomentCountsSleep(t *testing.T) {
	start := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	at := func(passed, slept, jitter time.Duration) backup.Moment {
		return moment(start.Add(passed), func() (all, awake time.Duration, err error) {
			up := time.Hour + passed
			return up, up - slept - jitter, nil
		})
	}
	before := at(0, 0, 0)
	after := at(2*time.Hour, 90*time.Minute, 3*time.Microsecond)
	if got := after.SleptSince(before); got != 90*time.Minute {
		t.Errorf("slept %v, want 1h30m", got)
	}
	if got := after.AwakeSince(before); got != 30*time.Minute {
		t.Errorf("awake %v, want 30m", got)
	}
	if got := at(time.Hour, 0, 400*time.Millisecond).SleptSince(before); got != 0 {
		t.Errorf("jitter counted as %v of sleep", got)
	}
	if got := at(time.Hour, -time.Minute, 0).Slept; got != 0 {
		t.Errorf("a clock that runs ahead counted as %v of sleep", got)
	}
}

func TestMomentWithoutClocks(t *testing.T) {
	m := moment(time.Unix(1e9, 0), func() (a, b time.Duration, err error) { return time.Hour, 0, errors.New("no such clock") })
	if m.Slept != 0 || m.T.Unix() != 1e9 {
		t.Errorf("got %+v", m)
	}
}

func TestThisComputerTells(t *testing.T) {
	if a, b := BootID(), BootID(); a == "" || a != b {
		t.Errorf("boot ids %q, %q", a, b)
	}
	all, awake, err := sleepClocks()
	if err != nil || awake <= 0 || all < awake-time.Second {
		t.Errorf("clocks since boot: %v with sleep, %v without, %v", all, awake, err)
	}
}

func TestLowPriority(t *testing.T) {
	done := make(chan error)
	go func() { done <- LowPriority() }() // its thread ends with it
	if err := <-done; err != nil {
		t.Logf("refused here: %v", err)
	}
}
