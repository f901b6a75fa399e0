package watch

import "golang.org/x/sys/unix"

// statfs returns what may still be written below path, in bytes, and whether
// its volume is mounted read-only.
func statfs(path string) (free int64, readOnly bool, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, false, err
	}
	return int64(st.Bavail) * st.Bsize, st.Flags&unix.ST_RDONLY != 0, nil
}
