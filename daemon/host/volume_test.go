package host

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"backupwatchdog/daemon/backup"
)

func TestSpace(t *testing.T) {
	dir := t.TempDir()
	v, err := Space(dir)
	if err != nil {
		t.Fatal(err)
	}
	if v.Free <= 0 || v.Total < v.Free || v.ReadOnly || v.Device == 0 {
		t.Errorf("got %+v", v)
	}
	if _, err := Space(filepath.Join(dir, "gone")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want one that says it is not there", err)
	}
}

const mountinfo = `22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw
30 22 8:2 /srv /srv rw - ext4 /dev/sda2 rw
31 22 8:17 / /media/My\040Disk rw,nosuid - exfat /dev/sdb1 rw
32 22 0:44 / /mnt/nas rw - cifs //nas/back\040ups rw
broken line
33 22 0:45 / - nothing
`

func TestMountInfo(t *testing.T) {
	tests := []struct {
		name         string
		major, minor uint32
		path         string
		want         Volume
	}{
		{"root", 8, 2, "/home/a", Volume{FSType: "ext4", Mount: "/", Source: "/dev/sda2", Network: backup.No}},
		{"deeper mount", 8, 2, "/srv/a", Volume{FSType: "ext4", Mount: "/srv", Source: "/dev/sda2", Network: backup.No}},
		{"blanks", 8, 17, "/media/My Disk/Backup", Volume{FSType: "exfat", Mount: "/media/My Disk", Source: "/dev/sdb1", Network: backup.No}},
		{"network", 0, 44, "/mnt/nas/b", Volume{FSType: "cifs", Mount: "/mnt/nas", Source: "//nas/back ups", Network: backup.Yes}},
		{"unlisted", 9, 9, "/x", Volume{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got Volume
			got.fromMountInfo(mountinfo, tt.major, tt.minor, tt.path)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// FUSE volumes report absurd sizes; none may wrap around to a full disk.
func TestProductNeverWraps(t *testing.T) {
	for _, n := range []uint64{math.MaxUint64, math.MaxInt64, 1 << 60} {
		if got := product(n, 4096); got != math.MaxInt64 {
			t.Errorf("%d blocks of 4096 are %d bytes", n, got)
		}
	}
	if got := product(7, 0); got != 0 {
		t.Errorf("blocks of no size are %d bytes", got)
	}
}

func TestRemovable(t *testing.T) {
	sys := t.TempDir()
	disk := filepath.Join(sys, "devices/usb/block/sdb")
	mkdir(t, filepath.Join(disk, "sdb1"))
	mkdir(t, filepath.Join(sys, "dev/block"))
	write(t, filepath.Join(disk, "removable"), "1\n")
	if err := os.Symlink(filepath.Join(disk, "sdb1"), filepath.Join(sys, "dev/block/8:17")); err != nil {
		t.Fatal(err)
	}
	if got := removable(sys, 8, 17); got != backup.Yes {
		t.Errorf("partition of a stick: %v", got)
	}
	if got := removable(sys, 0, 44); got != backup.Unknown {
		t.Errorf("no disk at all: %v", got)
	}
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	mkdir(t, filepath.Dir(path))
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
