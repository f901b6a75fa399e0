package host

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// sleepClocks reads the time since boot with and without sleep.
func sleepClocks() (all, awake time.Duration, err error) {
	var b, m unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &b); err != nil {
		return 0, 0, err
	}
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &m); err != nil {
		return 0, 0, err
	}
	return time.Duration(b.Nano()), time.Duration(m.Nano()), nil
}

func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func macOSVersion() string { return "" }

// sysfs is where the kernel shows its devices.
const sysfs = "/sys"

// mountTable is where the kernel lists what is mounted where, for this process.
const mountTable = "/proc/self/mountinfo"

// statVolume asks the kernel for the room below path and whose it is.
func statVolume(path string) (Volume, error) {
	var f unix.Statfs_t
	if err := retryEINTR(func() error { return unix.Statfs(path, &f) }); err != nil {
		return Volume{}, err
	}
	var st unix.Stat_t
	if err := retryEINTR(func() error { return unix.Stat(path, &st) }); err != nil {
		return Volume{}, err
	}
	v := room(f.Bavail, f.Blocks, uint64(f.Frsize))
	v.Device = uint64(st.Dev)
	v.ReadOnly = f.Flags&unix.ST_RDONLY != 0
	if table, err := os.ReadFile(mountTable); err == nil {
		v.fromMountInfo(string(table), unix.Major(uint64(st.Dev)), unix.Minor(uint64(st.Dev)), path)
	}
	v.Removable = removable(sysfs, unix.Major(uint64(st.Dev)), unix.Minor(uint64(st.Dev)))
	return v, nil
}

// ioprio_set(2): class "best effort" at its lowest level. The idle class would
// stop altogether beside a running backup.
const (
	ioprioWhoProcess = 1
	ioprioBestEffort = 2 << 13
	ioprioLowest     = 7
)

// lowerThread gives the calling thread the lowest standing for processor and disk.
func lowerThread() error {
	cpu := unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 19)
	_, _, errno := unix.Syscall(unix.SYS_IOPRIO_SET, ioprioWhoProcess, 0, ioprioBestEffort|ioprioLowest)
	if cpu != nil {
		return cpu
	}
	if errno != 0 {
		return errno
	}
	return nil
}
