package host

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"backupwatchdog/daemon/backup"
)

// Volume is the disk below a path.
type Volume struct {
	// Free is what this user may still write, in bytes. On macOS it leaves out
	// purgeable data, which the system may give up when asked: a conservative
	// figure.
	Free int64
	// Total is the size of the volume, bytes.
	Total    int64
	ReadOnly bool
	// FSType is the file system's own name: "apfs", "exfat", "smbfs", "ext4"; "" unknown.
	FSType string
	// Device is the device number of the path itself. An ejected drive leaves its
	// mount point behind as a plain folder of another device.
	Device uint64
	// Mount is where the volume is mounted, Source what is mounted there
	// ("/dev/disk3s1", "//nas/backups"); "" unknown.
	Mount, Source string
	// Network says whether the disk is another computer's, Removable whether it
	// can be pulled out.
	Network, Removable backup.Tri
}

// Space looks at the volume below path, following links. The error wraps that
// of the system (fs.ErrNotExist, fs.ErrPermission). On a dead network volume the
// system itself may keep the caller waiting: call it where that is allowed.
func Space(path string) (Volume, error) {
	v, err := statVolume(path)
	if err != nil {
		return Volume{}, fmt.Errorf("looking at the volume of %s: %w", path, err)
	}
	return v, nil
}

// room converts block counts to bytes, whatever nonsense a file system reports.
func room(available, total, block uint64) Volume {
	return Volume{Free: product(available, block), Total: product(total, block)}
}

// product multiplies without wrapping around: FUSE volumes report 2^64-1 blocks.
func product(n, size uint64) int64 {
	if size != 0 && n > math.MaxInt64/size {
		return math.MaxInt64
	}
	return int64(n * size)
}

// retryEINTR repeats a call that a signal interrupted. Go's own runtime sends
// itself signals, and a slow volume leaves time for them.
func retryEINTR(call func() error) error {
	for range 100 {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
	return unix.EINTR
}

func triOf(b bool) backup.Tri { return backup.TriOf(b) }

// fromMountInfo fills in what /proc/self/mountinfo says of the device. One line:
//
//	36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//
// Of several mounts of one device it takes the deepest that holds path.
func (v *Volume) fromMountInfo(table string, major, minor uint32, path string) {
	number := fmt.Sprintf("%d:%d", major, minor)
	for line := range strings.Lines(table) {
		left, right, ok := strings.Cut(line, " - ")
		f, g := strings.Fields(left), strings.Fields(right)
		if !ok || len(f) < 6 || len(g) < 2 || f[2] != number {
			continue
		}
		mount := unescapeMount(f[4])
		if v.FSType != "" && (!within(path, mount) || len(mount) < len(v.Mount)) {
			continue
		}
		v.Mount, v.FSType, v.Source = mount, g[0], unescapeMount(g[1])
		v.Network = triOf(networkFS(v.FSType))
	}
}

// within reports whether path is dir or lies below it; both must be clean.
func within(path, dir string) bool {
	if dir == "" {
		return false
	}
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// unescapeMount undoes the kernel's octal escapes for space, tab, newline and backslash.
func unescapeMount(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// networkFS reports whether a file system of this name lies on another computer.
func networkFS(name string) bool {
	switch name {
	case "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ceph", "glusterfs", "fuse.sshfs", "fuse.rclone", "fuse.gvfsd-fuse", "davfs":
		return true
	}
	return false
}

// removable asks sysfs whether the disk of a device number can be pulled out. A
// partition's own folder has no such file; its disk's folder, one above, has.
func removable(sys string, major, minor uint32) backup.Tri {
	dir, err := filepath.EvalSymlinks(filepath.Join(sys, "dev", "block", fmt.Sprintf("%d:%d", major, minor)))
	if err != nil {
		return backup.Unknown
	}
	for _, d := range []string{dir, filepath.Dir(dir)} {
		b, err := os.ReadFile(filepath.Join(d, "removable"))
		if err != nil {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err != nil {
			return backup.Unknown
		}
		return triOf(n != 0)
	}
	return backup.Unknown
}
