package daemon

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/verify/verifytest"
	"backupwatchdog/daemon/watch"
)

// TestCheckAndDaemonAgree holds that a folder that was left alone has one name
// for what is wrong with it, and one first fix: whether a person asks for a
// check, the daemon looks once or again, or it knows of the check.
func TestCheckAndDaemonAgree(t *testing.T) {
	remove := func(names ...string) func(string) error {
		return func(dir string) error {
			for _, n := range names {
				if err := os.Remove(filepath.Join(dir, n)); err != nil {
					return err
				}
			}
			return nil
		}
	}
	instead := func(stand func(string) error, name string) func(string) error {
		return func(dir string) error {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
			return stand(filepath.Join(dir, name))
		}
	}
	folder := func(path string) error { return os.Mkdir(path, 0o755) }
	pipe := func(path string) error { return syscall.Mkfifo(path, 0o644) }
	fill := func(b []byte) func(string) error {
		return func(path string) error { return os.WriteFile(path, b, 0o644) }
	}
	hole := func(size int64) func(string) error {
		return func(path string) error {
			if err := os.WriteFile(path, nil, 0o644); err != nil {
				return err
			}
			return os.Truncate(path, size)
		}
	}
	both := func(fs ...func(string) error) func(string) error {
		return func(dir string) error {
			for _, f := range fs {
				if err := f(dir); err != nil {
					return err
				}
			}
			return nil
		}
	}
	const broken, hollow = "chain-broken -> fresh-backup", "false-finished -> back-up-now"
	const info = "chain-broken -> back-up-now"
	for name, c := range map[string]struct {
		damage   func(dir string) error
		password string
		want     string
		says     string // in the detail of both
	}{
		"whole":                             {func(string) error { return nil }, "", "", ""},
		"index missing":                     {remove("Manifest.db"), "", hollow, "Manifest.db is missing"},
		"index empty":                       {instead(fill(nil), "Manifest.db"), "", hollow, "Manifest.db is empty"},
		"Manifest.plist missing":            {remove("Manifest.plist"), "", hollow, "Manifest.plist is missing"},
		"Manifest.plist empty":              {instead(fill(nil), "Manifest.plist"), "", hollow, "Manifest.plist is empty"},
		"Manifest.plist missing, encrypted": {remove("Manifest.plist"), "secret", hollow, "Manifest.plist is missing"},
		"both missing":                      {remove("Manifest.db", "Manifest.plist"), "", hollow, "Manifest.db is missing"},
		"index missing, Info.plist cut":     {both(remove("Manifest.db"), instead(fill([]byte("<plist>")), "Info.plist")), "", broken, ""},
		"index garbage":                     {instead(fill(bytes.Repeat([]byte("garbage "), 900)), "Manifest.db"), "", broken, "not a database"},
		"index of zeros":                    {instead(fill(make([]byte, 8192)), "Manifest.db"), "", broken, "begins with zeros"},
		"index of zeros, encrypted":         {instead(fill(make([]byte, 8192)), "Manifest.db"), "secret", broken, "begins with zeros"},
		"index a folder":                    {instead(folder, "Manifest.db"), "", broken, "is a folder, not a file"},
		"index a pipe":                      {instead(pipe, "Manifest.db"), "", broken, "is a pipe, not a file"},
		"Manifest.plist a folder":           {instead(folder, "Manifest.plist"), "", broken, "is a folder, not a file"},
		"Status.plist missing":              {remove("Status.plist"), "", broken, "missing"},
		"Status.plist empty":                {instead(fill(nil), "Status.plist"), "", broken, ""},
		"Status.plist a folder":             {instead(folder, "Status.plist"), "", broken, "is a folder, not a file"},
		"Info.plist missing":                {remove("Info.plist"), "", info, "missing"},
		"Info.plist empty":                  {instead(fill(nil), "Info.plist"), "", info, ""},
		"Info.plist cut":                    {instead(fill([]byte("<plist>")), "Info.plist"), "", info, ""},
		"Info.plist of zeros":               {instead(hole(70<<20), "Info.plist"), "", info, "not a valid property list"},
		"Info.plist beyond any":             {instead(hole(3<<30), "Info.plist"), "", info, "larger than any real file"},
		"Info.plist a folder":               {instead(folder, "Info.plist"), "", info, "is a folder, not a file"},
		"Status.plist and Manifest.plist":   {remove("Status.plist", "Manifest.plist"), "", broken, "missing"},
		"Status.plist missing, encrypted":   {remove("Status.plist"), "secret", broken, "missing"},
		"Status.plist and index bad":        {both(remove("Status.plist"), instead(fill(make([]byte, 8192)), "Manifest.db")), "", broken, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			w, err := verifytest.Chain{Files: 40, Password: c.password}.Write(filepath.Join(root, verifytest.UDID))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.damage(w.Dir); err != nil {
				t.Fatal(err)
			}
			then := time.Now().Add(-24 * time.Hour)
			entries, err := os.ReadDir(w.Dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if err := os.Chtimes(filepath.Join(w.Dir, e.Name()), then, then); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chtimes(w.Dir, then, then); err != nil {
				t.Fatal(err)
			}
			r, err := verify.Check(context.Background(), w.Dir, verify.Options{})
			if err != nil {
				t.Fatal(err)
			}
			now := backup.Moment{T: time.Now()}
			look := watch.LookOnce(context.Background(), watch.Options{Roots: []watch.Root{{Path: root}}})
			if len(look.Backups) != 1 {
				t.Fatalf("%d backups seen", len(look.Backups))
			}
			s := backup.NewSession(verifytest.UDID, w.Dir, backup.DefaultRules(), nil)
			s.Observe(now, backup.Facts{Folder: look.Backups[0].Folder, Root: look.Roots[0],
				Phone: backup.Phone{Battery: -1, DiskFree: -1, DiskUsed: -1}})
			atOnce := s.Assess(now).Findings // nobody has touched it for a day
			seen := s.Assess(now.Add(20 * time.Minute)).Findings
			s.SetCheck(r.Check())
			known := s.Assess(now.Add(21 * time.Minute)).Findings
			for what, list := range map[string][]backup.Finding{"the check": r.Findings, "the daemon at once": atOnce, "the daemon": seen, "the daemon after the check": known} {
				if got := troubles(list); got != c.want {
					t.Errorf("%s says %q, want %q\n%+v", what, got, c.want, list)
				}
				for _, f := range list {
					if wants := c.says; f.Severity > backup.Info && !strings.Contains(strings.ReplaceAll(f.Detail, "(it is ", "is "), wants) {
						t.Errorf("%s says %q, want %q in it", what, f.Detail, wants)
					}
				}
			}
		})
	}
}

// troubles are the findings that are more than information, with their fixes.
func troubles(list []backup.Finding) string {
	var out []string
	for _, f := range list {
		if f.Severity > backup.Info {
			out = append(out, fmt.Sprintf("%s -> %s", f.Code, f.Fix.ID))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
