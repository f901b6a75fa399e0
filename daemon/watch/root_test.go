package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
)

// see takes one look at the roots given.
func see(t *testing.T, known map[string]Identity, roots ...string) Look {
	t.Helper()
	o := Options{Known: known}
	for _, r := range roots {
		o.Roots = append(o.Roots, Root{Path: r})
	}
	return LookOnce(context.Background(), o)
}

// tempDir is a temporary folder without links in its path, which others may enter.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// brief is what a look found, one line a backup.
func brief(l Look) []string {
	var s []string
	for _, b := range l.Backups {
		s = append(s, fmt.Sprintf("%s %s %t", filepath.Base(b.Path), b.UDID, b.Archived))
	}
	return s
}

func TestFolderNames(t *testing.T) {
	old := strings.Repeat("0123456789abcdef", 2) + "01234567"
	for name, want := range map[string]string{
		old:                                old + " false",
		strings.ToUpper(old):               strings.ToUpper(old) + " false",
		udid:                               udid + " false",
		"000081010009344A1E40001E":         "000081010009344A1E40001E false",
		udid + "-20261127-101402":          udid + " true",
		old + "-20261127-101402":           old + " true",
		udid + "-20261127-10140":           "",
		udid + "-20261127_101402":          "",
		udid + "-2026112x-101402":          "",
		"-20261127-101402":                 "",
		"_unback_":                         "",
		udid + ".unback":                   "",
		"00":                               "",
		"":                                 "",
		old[:39]:                           "",
		old[:39] + "g":                     "",
		"00008101_0009344A1E40001E":        "",
		"_BackupExplorer-20261127-101402":  "",
		"00008101-0009344A1E40001E\n":      "",
		udid + "-20261127-101402-20261127": "",
	} {
		got := ""
		if u, archived, ok := parseName(name); ok {
			got = fmt.Sprint(u, " ", archived)
		}
		if got != want {
			t.Errorf("parseName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestRootWithBackups(t *testing.T) {
	dir := tempDir(t)
	for _, d := range []string{udid, udid + "-20260101-120000", "_unback_", "x.unback/Snapshot", "foreign", "000081010009344A1E40001E"} {
		must(t, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	must(t,
		os.WriteFile(filepath.Join(dir, "foreign/Status.plist"), statusBytes(t, "finished", "new", false), 0o644),
		os.WriteFile(filepath.Join(dir, strings.Repeat("ab", 20)), []byte("a file"), 0o644),
		os.WriteFile(filepath.Join(dir, ".DS_Store"), nil, 0o644))
	l := see(t, nil, dir)
	want := []string{
		udid + " " + udid + " false",
		udid + "-20260101-120000 " + udid + " true",
		"000081010009344A1E40001E 000081010009344A1E40001E false",
		"foreign foreign false",
	}
	if got := brief(l); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	r := l.Roots[0]
	if r.Access != backup.AccessGranted || r.Volume != backup.VolumeOK || r.Resolved != dir || r.Free <= 0 || r.ReadOnly != backup.No {
		t.Errorf("root is %+v", r)
	}
}

func TestRootThatIsABackup(t *testing.T) {
	dir := tempDir(t)
	named := filepath.Join(dir, udid)
	must(t, os.Mkdir(named, 0o755))
	if got := brief(see(t, nil, named)); !slices.Equal(got, []string{udid + " " + udid + " false"}) {
		t.Errorf("an empty folder with a device's name: %q", got)
	}
	other := filepath.Join(dir, "my phone")
	must(t, os.MkdirAll(filepath.Join(other, "7f"), 0o755),
		os.WriteFile(filepath.Join(other, "Status.plist"), statusBytes(t, "finished", "new", false), 0o644))
	if got := brief(see(t, nil, other)); !slices.Equal(got, []string{"my phone my phone false"}) {
		t.Errorf("a folder of another name: %q", got)
	}
	must(t, os.WriteFile(filepath.Join(other, "Manifest.plist"), manifestBytes(t, false), 0o644))
	if got := brief(see(t, nil, other)); !slices.Equal(got, []string{"my phone " + udid + " false"}) {
		t.Errorf("with a Manifest.plist that names the device: %q", got)
	}
	link := filepath.Join(dir, "link")
	must(t, os.Symlink(other, link))
	if l := see(t, nil, link); len(l.Backups) != 1 || l.Backups[0].Path != other || l.Backups[0].Root != link {
		t.Errorf("through a link: %+v", l.Backups)
	}
}

func TestRootsThatAreNone(t *testing.T) {
	dir := tempDir(t)
	file, dangling, loop := filepath.Join(dir, "file"), filepath.Join(dir, "dangling"), filepath.Join(dir, "loop")
	chain := filepath.Join(dir, "chain")
	must(t, os.WriteFile(file, nil, 0o644), os.Symlink("gone/Backup", dangling), os.Symlink(loop, loop), os.Symlink("dangling", chain))
	for _, c := range []struct {
		path   string
		access backup.Access
		volume backup.VolumeState
		detail string
	}{
		{filepath.Join(dir, "missing"), backup.AccessAbsent, backup.VolumeUnknown, "There is no such folder."},
		{filepath.Join(file, "below"), backup.AccessAbsent, backup.VolumeUnknown, "There is no such folder."},
		{file, backup.AccessAbsent, backup.VolumeOK, "It is a file, not a folder."},
		{dangling, backup.AccessAbsent, backup.VolumeMissing, "The link points to " + dir + "/gone/Backup, which is missing."},
		{chain, backup.AccessAbsent, backup.VolumeMissing, "The link points to " + dir + "/gone/Backup, which is missing."},
		{loop, backup.AccessUnknown, backup.VolumeUnknown, "The folder could not be listed: its links lead in a circle."},
	} {
		l := see(t, nil, c.path)
		r := l.Roots[0]
		if r.Access != c.access || r.Volume != c.volume || r.Detail != c.detail || len(l.Backups) != 0 {
			t.Errorf("%s: access %d, volume %d, %q, %d backups; want %d, %d, %q", filepath.Base(c.path),
				r.Access, r.Volume, r.Detail, len(l.Backups), c.access, c.volume, c.detail)
		}
	}
}

// A root comes, goes, and comes back as a link to another place.
func TestRootComesAndGoes(t *testing.T) {
	dir := tempDir(t)
	path := filepath.Join(dir, "Backup")
	s := newSampler(Options{}.withDefaults())
	want := func(what string, access backup.Access, volume backup.VolumeState, backups int) {
		t.Helper()
		l := s.look(request{roots: []Root{{Path: path}}})
		if r := l.Roots[0]; r.Access != access || r.Volume != volume || len(l.Backups) != backups {
			t.Errorf("%s: access %d, volume %d, %d backups, %q; want %d, %d, %d", what,
				r.Access, r.Volume, len(l.Backups), r.Detail, access, volume, backups)
		}
	}
	want("before", backup.AccessAbsent, backup.VolumeUnknown, 0)
	must(t, os.MkdirAll(filepath.Join(path, udid), 0o755))
	want("made", backup.AccessGranted, backup.VolumeOK, 1)
	must(t, os.RemoveAll(path))
	want("deleted", backup.AccessAbsent, backup.VolumeOK, 0)
	must(t, os.Mkdir(path, 0o755))
	want("made anew", backup.AccessGranted, backup.VolumeOK, 0)
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	must(t, os.Remove(path), os.MkdirAll(filepath.Join(a, udid), 0o755), os.Mkdir(b, 0o755), os.Symlink(a, path))
	want("a link", backup.AccessGranted, backup.VolumeOK, 1)
	must(t, os.Remove(path), os.Symlink("b", path))
	want("re-pointed", backup.AccessGranted, backup.VolumeOK, 0)
}

// Single backups may be links, too; one that leads nowhere is still named.
func TestBackupsThatAreLinks(t *testing.T) {
	dir := tempDir(t)
	root, other := filepath.Join(dir, "root"), filepath.Join(dir, "other")
	const second = "00008101-0009344A1E40001F"
	must(t, os.Mkdir(root, 0o755), os.Mkdir(other, 0o755),
		os.WriteFile(filepath.Join(other, "Status.plist"), statusBytes(t, "finished", "new", false), 0o644),
		os.Symlink("../other", filepath.Join(root, udid)),
		os.Symlink("/nowhere", filepath.Join(root, second)))
	l := see(t, nil, root)
	if len(l.Backups) != 2 {
		t.Fatalf("found %q", brief(l))
	}
	good, bad := l.Backups[0], l.Backups[1]
	if good.UDID != udid || good.Path != other || good.Folder.Status.Presence != backup.Present {
		t.Errorf("behind the link: %+v", good)
	}
	if bad.UDID != second || bad.Folder.Files != -1 || bad.Folder.Snapshot != backup.Unknown {
		t.Errorf("behind the dangling link: %+v", bad)
	}
}

func TestSeveralRoots(t *testing.T) {
	dir := tempDir(t)
	a, b, again := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "again")
	must(t, os.MkdirAll(filepath.Join(a, udid), 0o755), os.MkdirAll(filepath.Join(b, udid), 0o755), os.Symlink("a", again))
	l := see(t, nil, a, b, again)
	if len(l.Roots) != 3 || len(l.Backups) != 2 || l.Backups[0].Root != a || l.Backups[1].Root != b {
		t.Errorf("roots %d, backups %+v", len(l.Roots), l.Backups)
	}
}

func TestDeniedRoots(t *testing.T) {
	dir := tempDir(t)
	listless, closed := filepath.Join(dir, "listless"), filepath.Join(dir, "closed")
	must(t, os.MkdirAll(filepath.Join(listless, udid), 0o755), os.MkdirAll(filepath.Join(closed, "Backup", udid), 0o755),
		os.Chmod(listless, 0o111), os.Chmod(closed, 0))
	t.Cleanup(func() { os.Chmod(listless, 0o755); os.Chmod(closed, 0o755) })
	for _, path := range []string{listless, filepath.Join(closed, "Backup")} {
		var l Look
		asNobody(t, func() { l = see(t, nil, path) })
		if r := l.Roots[0]; r.Access != backup.AccessDenied || r.Detail == "" || len(l.Backups) != 0 {
			t.Errorf("%s: %+v", path, r)
		}
	}
}

// A backup that may not be entered is denied, not absent.
func TestDeniedBackup(t *testing.T) {
	dir := tempDir(t)
	path := filepath.Join(dir, udid)
	must(t, os.Mkdir(path, 0o755), os.WriteFile(filepath.Join(path, "Status.plist"), nil, 0o644), os.Chmod(path, 0))
	t.Cleanup(func() { os.Chmod(path, 0o755) })
	var l Look
	asNobody(t, func() { l = see(t, nil, dir) })
	if len(l.Backups) != 1 {
		t.Fatalf("found %q", brief(l))
	}
	f := l.Backups[0].Folder
	for what, p := range map[string]backup.Presence{
		"Status": f.Status.Presence, "Info": f.Info.Presence, "Manifest": f.Manifest.Presence, "Index": f.Index.Presence,
	} {
		if p != backup.Denied {
			t.Errorf("%s: presence %d, want Denied", what, p)
		}
	}
	if f.Files != -1 || f.Payload != backup.Unknown || f.Snapshot != backup.Unknown {
		t.Errorf("Files %d, Payload %d, Snapshot %d; want unknown", f.Files, f.Payload, f.Snapshot)
	}
}

func TestVolumes(t *testing.T) {
	const path = "/Volumes/Disk/Backup"
	disk := Identity{Resolved: path, Mount: "/Volumes/Disk", Dev: 40, Ino: 7}
	again := Identity{Resolved: path, Mount: "/Volumes/Disk", Dev: 52, Ino: 7}
	plain := Identity{Resolved: path, Mount: "/", Dev: 1, Ino: 99}
	home := Identity{Resolved: "/Users/a/Backup", Mount: "/Users", Dev: 2, Ino: 5}
	remade := Identity{Resolved: "/Users/a/Backup", Mount: "/Users", Dev: 2, Ino: 6}
	for _, c := range []struct {
		what       string
		known, now Identity
		want       backup.VolumeState
	}{
		{"never seen", Identity{}, plain, backup.VolumeOK},
		{"the same", disk, disk, backup.VolumeOK},
		{"plugged in again, with another device number", disk, again, backup.VolumeOK},
		{"a folder where the disk was mounted", disk, plain, backup.VolumeReplaced},
		{"the folder became a disk", plain, disk, backup.VolumeOK},
		{"a plain folder made anew", home, remade, backup.VolumeOK},
		{"re-pointed", disk, home, backup.VolumeOK},
		{"re-pointed to the system disk", disk, Identity{Resolved: "/Backup", Mount: "/", Dev: 1, Ino: 8}, backup.VolumeOK},
	} {
		if got := judgeThere(c.known, c.now); got != c.want {
			t.Errorf("%s: %d, want %d", c.what, got, c.want)
		}
	}
	for _, c := range []struct {
		what   string
		known  Identity
		target string
		linked bool
		mount  string // of what is left above the target
		want   backup.VolumeState
	}{
		{"never seen, no link", Identity{}, path, false, "/", backup.VolumeUnknown},
		{"never seen, a link", Identity{}, path, true, "/", backup.VolumeMissing},
		{"the disk is gone", disk, path, false, "/", backup.VolumeMissing},
		{"the disk behind the link is gone", disk, path, true, "/", backup.VolumeMissing},
		{"the disk is there, the folder is not", disk, path, true, "/Volumes/Disk", backup.VolumeOK},
		{"a plain folder was deleted", home, home.Resolved, false, "/Users", backup.VolumeOK},
		{"another target that is not there", home, path, true, "/", backup.VolumeMissing},
	} {
		if got := judgeGone(c.known, c.target, c.linked, c.mount); got != c.want {
			t.Errorf("%s: %d, want %d", c.what, got, c.want)
		}
	}
}

func TestSpace(t *testing.T) {
	dir := tempDir(t)
	o := Options{Roots: []Root{{Path: dir}}, Space: func(string) (int64, bool, error) { return 1234, true, nil }}
	if r := LookOnce(context.Background(), o).Roots[0]; r.Free != 1234 || r.ReadOnly != backup.Yes {
		t.Errorf("free %d, read-only %d", r.Free, r.ReadOnly)
	}
	o.Space = func(string) (int64, bool, error) { return 0, false, os.ErrInvalid }
	if r := LookOnce(context.Background(), o).Roots[0]; r.Free != -1 || r.ReadOnly != backup.Unknown {
		t.Errorf("where it cannot be told: free %d, read-only %d", r.Free, r.ReadOnly)
	}
}

// A start without the drive: what was known before tells, until it is back.
func TestRestartWithoutTheDrive(t *testing.T) {
	dir := tempDir(t)
	mount := filepath.Join(dir, "Disk")
	path := filepath.Join(mount, "Backup")
	known := map[string]Identity{path: {Resolved: path, Mount: mount, Dev: 1 << 40, Ino: 2}}
	l := see(t, known, path)
	if r := l.Roots[0]; r.Volume != backup.VolumeMissing || r.Access != backup.AccessAbsent || !strings.Contains(r.Detail, mount) {
		t.Errorf("without the drive: %+v", r)
	}
	must(t, os.MkdirAll(path, 0o755))
	l = see(t, l.Identities, path)
	if r := l.Roots[0]; r.Volume != backup.VolumeReplaced {
		t.Errorf("with a folder in its place: %+v", r)
	}
	if l.Identities[path] != known[path] {
		t.Errorf("the identity of the drive was forgotten: %+v", l.Identities[path])
	}
}

// TestTooManyBackups: where there are more than can be followed, those that are
// set aside give way, then those that changed longest ago; none goes unsaid.
func TestTooManyBackups(t *testing.T) {
	root, now := t.TempDir(), time.Now()
	folder := func(name string, age time.Duration) {
		path := filepath.Join(root, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 {
		folder(fmt.Sprintf("00000000-%016X-20260101-120000", i), 0) // archived, and first by name
	}
	for i := range backupCap + 3 {
		folder(fmt.Sprintf("00008101-%016X", i), time.Duration(i)*time.Hour)
	}
	l := newSampler(Options{Space: func(string) (int64, bool, error) { return 1, false, nil }}).look(request{roots: []Root{{Path: root}}, now: backup.Moment{T: now}})
	if len(l.Backups) != backupCap || l.Roots[0].Unwatched != 43 {
		t.Fatalf("%d followed, %d not", len(l.Backups), l.Roots[0].Unwatched)
	}
	for _, b := range l.Backups {
		if b.Archived || b.UDID > fmt.Sprintf("00008101-%016X", backupCap-1) {
			t.Errorf("%s is followed", b.UDID)
		}
	}
}
