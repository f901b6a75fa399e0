package watch

import (
	"path/filepath"
	"strings"

	"backupwatchdog/daemon/backup"
)

// Identity says on which disk a watched root lay when it was last seen. The
// caller keeps it across restarts and hands it back in Options.Known, so that
// a drive which is missing at start is known to be missing. The zero Identity
// is "never seen".
//
// Device numbers are given anew at each mount, so they identify nothing beyond
// it. What lasts is where the disk was mounted: when the resolved path lies on
// a mount further up than it used to, the disk is gone, and what stands in its
// place is a plain folder on the disk below, a stale mount point as a rule.
// Nobody watches the wrong disk then, or lets a backup fill it.
type Identity struct {
	Resolved string `json:"resolved"` // the path behind all links
	Mount    string `json:"mount"`    // the highest folder above it on the same disk
	Dev      uint64 `json:"dev"`
	Ino      uint64 `json:"ino"`
}

// identify returns the identity of an existing folder, given its resolved path.
func identify(resolved string) (Identity, error) {
	st, err := statPath(resolved)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Resolved: resolved, Mount: mountOf(resolved, st.dev), Dev: st.dev, Ino: st.ino}, nil
}

// mountOf climbs from an existing path to the highest folder on the device dev.
func mountOf(path string, dev uint64) string {
	for path != "/" {
		above := filepath.Dir(path)
		st, err := statPath(above)
		if err != nil || st.dev != dev {
			return path
		}
		path = above
	}
	return path
}

// nearestMount returns the mount of the nearest existing folder above a path
// that does not exist; "" when even that cannot be told.
func nearestMount(path string) string {
	for path = filepath.Clean(path); ; path = filepath.Dir(path) {
		st, err := statPath(path)
		if err == nil {
			return mountOf(path, st.dev)
		}
		if !isAbsent(err) || path == "/" {
			return ""
		}
	}
}

// isAbove reports whether the folder a lies strictly above b.
func isAbove(a, b string) bool {
	return a != "" && b != "" && a != b && (a == "/" || strings.HasPrefix(b, a+"/"))
}

// judgeThere judges the volume of a root that exists.
func judgeThere(known, now Identity) backup.VolumeState {
	if known.Resolved == now.Resolved && isAbove(now.Mount, known.Mount) {
		return backup.VolumeReplaced
	}
	return backup.VolumeOK
}

// judgeGone judges the volume of a root that does not exist. target is where
// its path or link points, linked whether there is a link, and mount the mount
// of what still exists above the target.
func judgeGone(known Identity, target string, linked bool, mount string) backup.VolumeState {
	switch {
	case known.Mount != "" && known.Resolved == target && isAbove(mount, known.Mount):
		return backup.VolumeMissing
	case known.Mount != "" && known.Resolved == target && mount == known.Mount:
		return backup.VolumeOK // the disk is there, the folder is not
	case linked:
		return backup.VolumeMissing // links point to other disks as a rule
	}
	return backup.VolumeUnknown
}
