package verify_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/verify/verifytest"
)

// write makes a backup in a folder named like a phone.
func write(t testing.TB, c verifytest.Chain) *verifytest.Written {
	t.Helper()
	w, err := c.Write(filepath.Join(t.TempDir(), verifytest.UDID))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func check(t testing.TB, dir string, o verify.Options) verify.Result {
	t.Helper()
	r, err := verify.Check(context.Background(), dir, o)
	if err != nil {
		t.Fatalf("check: %v", err)
	}
	return r
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// counts is the part of a result that the stories are about.
type counts struct {
	Verdict                                   backup.Verdict
	Restorable                                string
	Missing, Size, Content, NotRegular, Extra int64
	Kinds                                     string // problems that are not of single files
	Codes                                     string // findings
}

func countsOf(r verify.Result) counts {
	c := counts{r.Verdict, r.Restorable, r.Missing, r.WrongSize, r.WrongContent, r.NotRegular, r.Extra, "", ""}
	for _, p := range r.Problems {
		if !strings.HasPrefix(string(p.Kind), "file-") {
			c.Kinds = strings.TrimSpace(c.Kinds + " " + string(p.Kind))
		}
	}
	for _, f := range r.Findings {
		c.Codes = strings.TrimSpace(c.Codes + " " + string(f.Code))
	}
	return c
}

// big returns the first n files of more than 100 bytes from the i-th on.
func big(w *verifytest.Written, i, n int) (out []verifytest.File) {
	for _, f := range w.Files {
		if f.Size > 100 {
			if i--; i < 0 {
				out = append(out, f)
			}
		}
		if len(out) == n {
			break
		}
	}
	return out
}

func TestStories(t *testing.T) {
	const dbHead = 100
	file := func(w *verifytest.Written, name string) string { return filepath.Join(w.Dir, name) }
	broken := counts{Verdict: backup.BrokenUp, Restorable: "no", Codes: "chain-broken"}
	with := func(c counts, f func(*counts)) counts { f(&c); return c }
	incomplete := counts{Verdict: backup.Incomplete, Restorable: "no"}
	stories := []struct {
		name   string
		chain  verifytest.Chain
		damage func(t *testing.T, w *verifytest.Written)
		deep   bool
		want   counts
	}{
		{name: "whole", want: counts{Verdict: backup.Good, Restorable: "yes"}},
		{name: "whole, deep", deep: true, want: counts{Verdict: backup.Good, Restorable: "yes"}},
		{name: "whole, flat", chain: verifytest.Chain{Flat: true}, deep: true, want: counts{Verdict: backup.Good, Restorable: "yes"}},
		{
			name: "known damage of every kind",
			damage: func(t *testing.T, w *verifytest.Written) {
				for _, f := range big(w, 0, 7) {
					must(t, os.Remove(f.Disk))
				}
				for _, f := range big(w, 10, 5) {
					must(t, os.Truncate(f.Disk, 50))
				}
				for _, f := range big(w, 20, 3) {
					must(t, os.Truncate(f.Disk, 0))
				}
				for _, f := range big(w, 25, 2) {
					must(t, os.Truncate(f.Disk, f.Size+1))
				}
				for i, f := range big(w, 30, 4) {
					must(t, os.Remove(f.Disk))
					switch i {
					case 0:
						must(t, syscall.Mkfifo(f.Disk, 0o644))
					case 1:
						must(t, os.Symlink("/etc/passwd", f.Disk))
					case 2:
						must(t, os.Mkdir(f.Disk, 0o755))
					case 3:
						if syscall.Mknod(f.Disk, syscall.S_IFCHR|0o644, 1<<8|3) != nil {
							must(t, syscall.Mkfifo(f.Disk, 0o644)) // no right to make devices
						}
					}
				}
				for _, n := range []string{"00/stranger", "01/" + strings.Repeat("01", 20), "02/.DS_Store"} {
					must(t, os.WriteFile(file(w, n), []byte("x"), 0o644))
				}
			},
			want: with(broken, func(c *counts) { c.Missing, c.Size, c.NotRegular, c.Extra = 7, 10, 4, 3 }),
		},
		{
			name: "contents replaced, same size: only a deep check sees it", deep: true,
			damage: func(t *testing.T, w *verifytest.Written) {
				n := 0
				for _, f := range w.Files {
					if len(f.Digest) > 0 && f.Size > 0 && n < 6 {
						must(t, os.WriteFile(f.Disk, bytes.Repeat([]byte{7}, int(f.Size)), 0o644))
						n++
					}
				}
			},
			want: with(broken, func(c *counts) { c.Content = 6 }),
		},
		{
			name: "contents replaced in a flat chain", chain: verifytest.Chain{Flat: true}, deep: true,
			damage: func(t *testing.T, w *verifytest.Written) {
				must(t, os.Remove(w.Files[3].Disk))
				for _, f := range w.Files {
					if len(f.Digest) > 0 && f.Size > 0 {
						must(t, os.WriteFile(f.Disk, bytes.Repeat([]byte{7}, int(f.Size)), 0o644))
						return
					}
				}
			},
			want: with(broken, func(c *counts) { c.Missing, c.Content = 1, 1 }),
		},
		{
			name: "one file of a thousand has another size", chain: verifytest.Chain{Files: 1000},
			damage: func(t *testing.T, w *verifytest.Written) { must(t, os.Truncate(big(w, 0, 1)[0].Disk, 9)) },
			want:   with(broken, func(c *counts) { c.Size, c.Restorable = 1, "unknown" }),
		},
		{
			name:   "index of zero bytes",
			damage: func(t *testing.T, w *verifytest.Written) { must(t, os.Truncate(file(w, "Manifest.db"), 0)) },
			want:   with(broken, func(c *counts) { c.Kinds, c.Codes = "index-unreadable", "false-finished" }),
		},
		{
			name:   "index gone",
			damage: func(t *testing.T, w *verifytest.Written) { must(t, os.Remove(file(w, "Manifest.db"))) },
			want:   with(broken, func(c *counts) { c.Kinds, c.Codes = "index-missing", "false-finished" }),
		},
		{
			name: "index cut in half",
			damage: func(t *testing.T, w *verifytest.Written) {
				info, err := os.Stat(file(w, "Manifest.db"))
				must(t, err)
				must(t, os.Truncate(file(w, "Manifest.db"), info.Size()/2))
			},
			want: with(broken, func(c *counts) { c.Kinds = "index-unreadable" }),
		},
		{
			name: "index is garbage",
			damage: func(t *testing.T, w *verifytest.Written) {
				must(t, os.WriteFile(file(w, "Manifest.db"), bytes.Repeat([]byte("garbage "), 9000), 0o644))
			},
			want: with(broken, func(c *counts) { c.Kinds = "index-unreadable" }),
		},
		{
			name: "index is garbage behind a right header",
			damage: func(t *testing.T, w *verifytest.Written) {
				f, err := os.OpenFile(file(w, "Manifest.db"), os.O_WRONLY, 0)
				must(t, err)
				defer f.Close()
				_, err = f.WriteAt(bytes.Repeat([]byte{0xee}, 60000), dbHead)
				must(t, err)
			},
			want: with(broken, func(c *counts) { c.Kinds = "index-unreadable" }),
		},
		{
			name: "index is a pipe",
			damage: func(t *testing.T, w *verifytest.Written) {
				must(t, os.Remove(file(w, "Manifest.db")))
				must(t, syscall.Mkfifo(file(w, "Manifest.db"), 0o644))
			},
			want: with(broken, func(c *counts) { c.Kinds = "index-unreadable" }),
		},
		{
			name: "index without its table",
			damage: func(t *testing.T, w *verifytest.Written) {
				must(t, w.Exec("ALTER TABLE Files RENAME TO Things;"))
			},
			want: with(broken, func(c *counts) { c.Kinds = "index-unreadable" }),
		},
		{
			name: "index whose table is a view that runs code",
			damage: func(t *testing.T, w *verifytest.Written) {
				must(t, w.Exec(`ALTER TABLE Files RENAME TO Things;
					CREATE VIEW Files AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c)
					SELECT hex(x) AS fileID, 'a' AS domain, 'b' AS relativePath, 1 AS flags, NULL AS file FROM c;`))
			},
			want: with(broken, func(c *counts) { c.Kinds = "index-unreadable" }),
		},
		{
			name: "index with generated columns",
			damage: func(t *testing.T, w *verifytest.Written) {
				must(t, w.Exec(`DROP TABLE Files; CREATE TABLE Files (fileID TEXT, domain TEXT, relativePath TEXT, flags INTEGER,
					file BLOB GENERATED ALWAYS AS (zeroblob(1000000)));`))
			},
			want: with(broken, func(c *counts) { c.Kinds = "index-unreadable" }),
		},
		{
			name: "index marked as UTF-16",
			damage: func(t *testing.T, w *verifytest.Written) {
				must(t, os.Remove(file(w, "Manifest.db")))
				must(t, w.Create(`PRAGMA encoding='UTF-16'; CREATE TABLE Files (fileID TEXT, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB);
					INSERT INTO Files VALUES ('a', 'b', 'c', 1, NULL);`))
			},
			want: with(broken, func(c *counts) { c.Kinds = "index-unreadable" }),
		},
		{
			name: "journal beside the index, rows that are twins, ids that are none, triggers",
			damage: func(t *testing.T, w *verifytest.Written) {
				must(t, os.WriteFile(file(w, "Manifest.db-wal"), []byte("left by some program"), 0o644))
				must(t, w.Exec(`CREATE TABLE Copy AS SELECT * FROM Files; DROP TABLE Files;
					CREATE TABLE Files (fileID TEXT, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB);
					INSERT INTO Files SELECT * FROM Copy; INSERT INTO Files SELECT * FROM Copy;
					INSERT INTO Files VALUES ('../../../etc/passwd', 'HomeDomain', 'x', 1, NULL), (NULL, 'HomeDomain', 'y', 1, NULL),
						('ABCDEF', 'HomeDomain', char(27) || ']0;title', 1, x'00'), (x'00ff', 'HomeDomain', 'z', 9, NULL);
					CREATE TRIGGER t AFTER INSERT ON Files BEGIN DELETE FROM Files; END;`))
			},
			want: with(broken, func(c *counts) { c.Missing = 4 }),
		},
		{
			name: "records of rows that nobody can read",
			damage: func(t *testing.T, w *verifytest.Written) {
				must(t, w.Exec("UPDATE Files SET file = CASE rowid % 4 WHEN 0 THEN NULL WHEN 1 THEN x'62706c697374303000' WHEN 2 THEN 7 ELSE 'text' END;"))
				must(t, os.Remove(w.Files[0].Disk))
				must(t, os.Truncate(w.Files[1].Disk, 77777))
			},
			want: with(broken, func(c *counts) { c.Missing, c.Kinds = 1, "index-unreadable" }),
		},
		{
			name:   "Status.plist gone",
			damage: func(t *testing.T, w *verifytest.Written) { must(t, os.Remove(file(w, "Status.plist"))) },
			want:   with(broken, func(c *counts) { c.Kinds = "status-missing" }),
		},
		{
			name:   "Info.plist of zero bytes",
			damage: func(t *testing.T, w *verifytest.Written) { must(t, os.Truncate(file(w, "Info.plist"), 0)) },
			want:   with(broken, func(c *counts) { c.Kinds = "info-unreadable" }),
		},
		{
			name:   "half of Info.plist",
			damage: func(t *testing.T, w *verifytest.Written) { must(t, os.Truncate(file(w, "Info.plist"), 300)) },
			want:   with(broken, func(c *counts) { c.Kinds = "info-unreadable" }),
		},
		{
			name:   "Info.plist gone",
			damage: func(t *testing.T, w *verifytest.Written) { must(t, os.Remove(file(w, "Info.plist"))) },
			want:   with(broken, func(c *counts) { c.Kinds = "info-missing" }),
		},
		{
			name:   "Manifest.plist of zero bytes",
			damage: func(t *testing.T, w *verifytest.Written) { must(t, os.Truncate(file(w, "Manifest.plist"), 0)) },
			want:   with(broken, func(c *counts) { c.Kinds, c.Codes = "manifest-plist-unreadable", "false-finished" }),
		},
		{
			name: "another phone's Info.plist",
			damage: func(t *testing.T, w *verifytest.Written) {
				b, err := os.ReadFile(file(w, "Info.plist"))
				must(t, err)
				other := bytes.ReplaceAll(b, []byte(verifytest.UDID), []byte("00008101-00FFFFFFFFFFFFFF"))
				must(t, os.WriteFile(file(w, "Info.plist"), other, 0o644))
			},
			want: with(broken, func(c *counts) { c.Kinds = "identity-mismatch" }),
		},
		{
			name:   "Snapshot beside finished",
			damage: func(t *testing.T, w *verifytest.Written) { must(t, os.MkdirAll(file(w, "Snapshot/ab"), 0o755)) },
			want:   counts{Verdict: backup.Good, Restorable: "yes", Kinds: "leftover-snapshot", Codes: "leftover-snapshot"},
		},
		{
			name: "a tool's stub: finished, and nothing came",
			damage: func(t *testing.T, w *verifytest.Written) {
				for _, f := range w.Files {
					must(t, os.Remove(f.Disk))
				}
				must(t, os.Truncate(file(w, "Manifest.db"), 0))
				must(t, os.Remove(file(w, "Manifest.plist")))
			},
			want: with(incomplete, func(c *counts) { c.Kinds, c.Codes = "manifest-plist-missing index-unreadable", "false-finished" }),
		},
		{
			name: "only Info.plist: the passcode was never entered",
			damage: func(t *testing.T, w *verifytest.Written) {
				for _, f := range w.Files {
					must(t, os.Remove(f.Disk))
				}
				for _, n := range []string{"Manifest.db", "Manifest.plist", "Status.plist"} {
					must(t, os.Remove(file(w, n)))
				}
			},
			want: with(incomplete, func(c *counts) {
				c.Kinds, c.Codes = "status-missing manifest-plist-missing index-missing", "never-completed"
			}),
		},
		{
			name: "first run torn", chain: verifytest.Chain{State: "uploading", BackupState: "empty"},
			damage: func(t *testing.T, w *verifytest.Written) {
				must(t, os.Remove(file(w, "Manifest.db")))
				must(t, os.Remove(file(w, "Manifest.plist")))
				must(t, os.Mkdir(file(w, "Snapshot"), 0o755))
			},
			want: with(incomplete, func(c *counts) {
				c.Kinds, c.Codes = "manifest-plist-missing not-finished index-missing", "interrupted"
			}),
		},
		{
			name: "incremental torn, the backup beneath is whole", chain: verifytest.Chain{State: "uploading"},
			want: counts{Verdict: backup.Incomplete, Restorable: "yes", Kinds: "not-finished", Codes: "interrupted"},
		},
		{
			name: "incremental torn, the backup beneath is not whole", chain: verifytest.Chain{State: "uploading"},
			damage: func(t *testing.T, w *verifytest.Written) { must(t, os.Remove(w.Files[5].Disk)) },
			want:   with(incomplete, func(c *counts) { c.Missing, c.Kinds, c.Codes = 1, "not-finished", "interrupted" }),
		},
		{
			name: "torn while moving: files here and in Snapshot", chain: verifytest.Chain{State: "moving"},
			damage: func(t *testing.T, w *verifytest.Written) {
				for _, f := range w.Files[:40] {
					to := filepath.Join(w.Dir, "Snapshot", f.ID[:2])
					must(t, os.MkdirAll(to, 0o755))
					must(t, os.Rename(f.Disk, filepath.Join(to, f.ID)))
				}
				must(t, os.Rename(file(w, "Manifest.db"), file(w, "Snapshot/Manifest.db")))
			},
			want: counts{Verdict: backup.Incomplete, Restorable: "unknown", Kinds: "not-finished", Codes: "interrupted-mixed"},
		},
		{
			name: "encrypted, whole", chain: verifytest.Chain{Password: "secret"},
			want: counts{Verdict: backup.Unproven, Restorable: "unknown", Codes: "chain-unproven"},
		},
		{
			name: "encrypted, files cut", chain: verifytest.Chain{Password: "secret"},
			damage: func(t *testing.T, w *verifytest.Written) {
				must(t, os.Truncate(big(w, 0, 1)[0].Disk, 17))
				must(t, os.Truncate(big(w, 1, 1)[0].Disk, 0))
			},
			want: with(broken, func(c *counts) { c.Size = 2 }),
		},
		{
			name: "encrypted, index cut", chain: verifytest.Chain{Password: "secret"},
			damage: func(t *testing.T, w *verifytest.Written) { must(t, os.Truncate(file(w, "Manifest.db"), 1001)) },
			want:   with(broken, func(c *counts) { c.Kinds = "index-unreadable" }),
		},
		{
			name: "a phone with an old version string", chain: verifytest.Chain{State: "Finished"},
			want: counts{Verdict: backup.Good, Restorable: "yes"},
		},
	}
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if s.chain.Files == 0 {
				s.chain.Files = 120
			}
			w := write(t, s.chain)
			if s.damage != nil {
				s.damage(t, w)
			}
			before := picture(t, w.Dir)
			r := check(t, w.Dir, verify.Options{Deep: s.deep, Quick: true, Inventories: t.TempDir()})
			if got := countsOf(r); got != s.want {
				t.Errorf("got  %+v\nwant %+v\n%s\n%+v", got, s.want, r.Detail, r.Problems[:min(len(r.Problems), 5)])
			}
			if after := picture(t, w.Dir); after != before {
				t.Errorf("the folder changed:\n%s", firstDifference(before, after))
			}
		})
	}
}

// picture describes a tree byte for byte and name for name.
func picture(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		b.WriteString(path + " " + info.Mode().String() + " " + info.ModTime().UTC().Format(time.RFC3339Nano))
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b.Write(content)
		}
		b.WriteString("\n")
		return nil
	})
	must(t, err)
	return b.String()
}

func firstDifference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			return as[i][:min(len(as[i]), 200)] + "\n" + bs[i][:min(len(bs[i]), 200)]
		}
	}
	return "one is longer"
}

func TestNamesAndSummary(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 200, Extra: []verifytest.File{
		{Domain: "CameraRollDomain", Path: "Media/DCIM/100APPLE/Bäume.HEIC", Size: 300}, // decomposed, as phones name files
	}})
	lost := w.Files[200]
	must(t, os.Remove(lost.Disk))
	r := check(t, w.Dir, verify.Options{})
	if len(r.Problems) != 1 {
		t.Fatalf("%+v", r.Problems)
	}
	want := verify.Problem{Kind: verify.FileMissing, Path: lost.ID[:2] + "/" + lost.ID, Domain: lost.Domain, Name: lost.Path, Detail: "the file is missing"}
	if r.Problems[0] != want {
		t.Errorf("got  %+v\nwant %+v", r.Problems[0], want)
	}
	if r.Summary != "1 photo, nothing from Health" {
		t.Errorf("summary %q", r.Summary)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 2600})
	for _, f := range w.Files[:2345] {
		must(t, os.Remove(f.Disk))
	}
	r := check(t, w.Dir, verify.Options{})
	if r.Missing != 2345 || len(r.Problems) != 1000 || r.Omitted != 1345 || *r.Listed != 2600 || r.Present != 255 {
		t.Errorf("missing %d, problems %d, omitted %d, listed %d, present %d", r.Missing, len(r.Problems), r.Omitted, *r.Listed, r.Present)
	}
}

func TestCopiesAndArchivesKeepTheirIdentity(t *testing.T) {
	for _, name := range []string{verifytest.UDID + "-20261101-101500", "copy of my phone", strings.ToLower(verifytest.UDID), strings.ReplaceAll(verifytest.UDID, "-", "")} {
		w := write(t, verifytest.Chain{Files: 20})
		dir := filepath.Join(filepath.Dir(w.Dir), name)
		must(t, os.Rename(w.Dir, dir))
		r := check(t, dir, verify.Options{})
		if r.Verdict != backup.Good || !strings.EqualFold(strings.ReplaceAll(r.UDID, "-", ""), strings.ReplaceAll(verifytest.UDID, "-", "")) {
			t.Errorf("%s: %s of %s: %+v", name, r.Verdict, r.UDID, r.Problems)
		}
	}
	w := write(t, verifytest.Chain{Files: 20})
	dir := filepath.Join(filepath.Dir(w.Dir), strings.Repeat("ab", 20))
	must(t, os.Rename(w.Dir, dir))
	if r := check(t, dir, verify.Options{}); r.Verdict != backup.BrokenUp || !r.Has(verify.IdentityMismatch) {
		t.Errorf("a folder named after another phone: %s", r.Verdict)
	}
}

func TestErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := write(t, verifytest.Chain{Files: 50})
	if _, err := verify.Check(ctx, w.Dir, verify.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := verify.Check(context.Background(), filepath.Join(w.Dir, "nothing"), verify.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}
