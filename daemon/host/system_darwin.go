package host

import (
	"time"

	"golang.org/x/sys/unix"
)

// sleepClocks reads the time since boot with and without sleep. Both clocks
// come from the same counter and neither moves when the calendar is set.
func sleepClocks() (all, awake time.Duration, err error) {
	var a, u unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC_RAW, &a); err != nil {
		return 0, 0, err
	}
	if err := unix.ClockGettime(unix.CLOCK_UPTIME_RAW, &u); err != nil {
		return 0, 0, err
	}
	return time.Duration(a.Nano()), time.Duration(u.Nano()), nil
}

// bootID prefers the session's own id: kern.boottime moves when the clock is set.
func bootID() string {
	if id, err := unix.Sysctl("kern.bootsessionuuid"); err == nil && id != "" {
		return id
	}
	tv, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return ""
	}
	return time.Unix(tv.Unix()).UTC().Format(time.RFC3339)
}

func macOSVersion() string {
	v, err := unix.Sysctl("kern.osproductversion")
	if err != nil {
		return ""
	}
	return v
}

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
	v := room(f.Bavail, f.Blocks, uint64(f.Bsize))
	v.Device = uint64(uint32(st.Dev))
	v.ReadOnly = f.Flags&unix.MNT_RDONLY != 0
	v.FSType = unix.ByteSliceToString(f.Fstypename[:])
	v.Mount = unix.ByteSliceToString(f.Mntonname[:])
	v.Source = unix.ByteSliceToString(f.Mntfromname[:])
	v.Network = triOf(f.Flags&unix.MNT_LOCAL == 0)
	v.Removable = triOf(f.Flags&unix.MNT_REMOVABLE != 0)
	return v, nil
}

// lowerThread makes the calling thread a background one, for processor and disk.
func lowerThread() error {
	return unix.Setpriority(unix.PRIO_DARWIN_THREAD, 0, unix.PRIO_DARWIN_BG)
}
