package verify_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/verify/verifytest"
)

// "Good" says that every file was compared. Rows that give nothing to compare
// with are damage of the index, with or without the contents read.
func TestRowsWithoutSize(t *testing.T) {
	set := func(value, where string) func(*testing.T, *verifytest.Written) {
		return func(t *testing.T, w *verifytest.Written) {
			must(t, w.Exec("UPDATE Files SET file = "+value+" WHERE flags = 1 AND "+where+";"))
		}
	}
	blob := func(edit func([]byte) []byte) func(*testing.T, *verifytest.Written) {
		return func(t *testing.T, w *verifytest.Written) {
			f := big(w, 3, 1)[0]
			must(t, w.Blob(f.ID, edit(verifytest.Archive(verifytest.MBFile{Path: f.Path, Size: 4711, Mode: 0o100644}))))
		}
	}
	size := []byte{0x11, 4711 >> 8, 4711 & 0xff} // the integer 4711
	instead := func(b ...byte) func([]byte) []byte {
		return func(a []byte) []byte { return bytes.Replace(a, size, b, 1) }
	}
	for name, c := range map[string]struct {
		damage  func(*testing.T, *verifytest.Written)
		unsized int64
	}{
		"all NULL":       {set("NULL", "1"), 500},
		"all text":       {set("'hello'", "1"), 500},
		"all numbers":    {set("7", "1"), 500},
		"all garbage":    {set("x'62706c6973743030ffffffff'", "1"), 500},
		"all of nothing": {set("x''", "1"), 500},
		"all cut":        {set("substr(file, 1, length(file) / 2)", "1"), 500},
		"just enough":    {set("NULL", "rowid IN (SELECT rowid FROM Files WHERE flags = 1 LIMIT 2)"), 2},
		"few":            {set("NULL", "rowid IN (SELECT rowid FROM Files WHERE flags = 1 LIMIT 1)"), 1},
		"a real number":  {blob(instead(0x22, 0x45, 0x93)), 1}, // which then takes in what follows
		"true":           {blob(instead(0x09, 0x09, 0x09)), 1},
		"a UID":          {blob(instead(0x80, 0xee, 0x00)), 1},
		"a short text":   {blob(instead(0x52, '9', '9')), 1},
		"negative":       {blob(func([]byte) []byte { return verifytest.Archive(verifytest.MBFile{Size: -5, Mode: 0o100644}) }), 1},
		"no size":        {blob(func(a []byte) []byte { return bytes.Replace(a, []byte("TSize"), []byte("TSixe"), 1) }), 1},
	} {
		for _, deep := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", deep ", deep), func(t *testing.T) {
				t.Parallel()
				w := write(t, verifytest.Chain{Files: 500, Sparse: true})
				c.damage(t, w)
				r := check(t, w.Dir, verify.Options{Deep: deep, Quick: true})
				want, sure := "no", backup.High
				if c.unsized*1000 < 3*500 {
					want, sure = "unknown", backup.Medium
				}
				if r.Verdict != backup.BrokenUp || r.Restorable != want || r.Confidence != sure || r.Unsized != c.unsized {
					t.Errorf("%s, restorable %s, confidence %s, %d without a size: %+v", r.Verdict, r.Restorable, r.Confidence, r.Unsized, r.Problems)
				}
				if len(r.Problems) != 1 || r.Problems[0].Kind != verify.IndexUnreadable ||
					!strings.Contains(r.Problems[0].Detail, fmt.Sprintf("no size for %d of 500 files", c.unsized)) {
					t.Errorf("%+v", r.Problems)
				}
				if k := r.Check(); k.Reason == "" || k.Fault != backup.FaultPlain {
					t.Errorf("%+v", k)
				}
				if len(r.Findings) != 1 || r.Findings[0].Code != backup.ChainBroken || r.Findings[0].Fix.ID != backup.FreshBackup {
					t.Errorf("%+v", r.Findings)
				}
			})
		}
	}
}

// A size that no file can have is none that passes, padded or not.
func TestSizesThatNoFileHas(t *testing.T) {
	for _, c := range []verifytest.Chain{{Files: 50}, {Files: 50, Password: password, PlainIndex: true}} {
		for _, size := range []int64{1<<63 - 1, 1<<63 - 16, 1 << 62, 1<<62 - 1} {
			w := write(t, c)
			m := verifytest.MBFile{Size: size, Mode: 0o100644}
			if c.Password != "" {
				m.EncryptionKey = make([]byte, 44)
			}
			must(t, w.Blob(big(w, 3, 1)[0].ID, verifytest.Archive(m)))
			if r := check(t, w.Dir, verify.Options{}); r.Verdict != backup.BrokenUp || r.WrongSize != 1 {
				t.Errorf("%d: %s, %d of the wrong size", size, r.Verdict, r.WrongSize)
			}
		}
	}
}

// What a row is stands in its flags; where those say what no phone writes, its
// record decides, and a file is compared like any other.
func TestRowsOfUnknownKind(t *testing.T) {
	for _, flags := range []string{"0", "3", "5", "6", "7", "16", "NULL", "'x'", "x'02'", "-2"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			w := write(t, verifytest.Chain{Files: 200})
			must(t, w.Exec("UPDATE Files SET flags = "+flags+" WHERE flags = 2;"))
			if r := check(t, w.Dir, verify.Options{Deep: true, Quick: true}); r.Verdict != backup.Good {
				t.Errorf("folders: %s %+v", r.Verdict, r.Problems)
			}
			w = write(t, verifytest.Chain{Files: 200})
			f := big(w, 9, 2)
			must(t, w.Exec("UPDATE Files SET flags = "+flags+" WHERE fileID IN ('"+f[0].ID+"', '"+f[1].ID+"');"))
			must(t, os.Truncate(f[0].Disk, 7))
			must(t, os.Remove(f[1].Disk))
			r := check(t, w.Dir, verify.Options{Quick: true})
			if r.Verdict != backup.BrokenUp || r.WrongSize != 1 || r.Missing != 1 || *r.Listed != 200 || len(r.Problems) != 2 || r.Problems[0].Name == "" {
				t.Errorf("files: %s, %d of the wrong size, %d missing of %d: %+v", r.Verdict, r.WrongSize, r.Missing, *r.Listed, r.Problems)
			}
		})
	}
}

// A second row for a file gives it the size that the first one lacks.
func TestTwinWithoutSize(t *testing.T) {
	for _, order := range []string{"file IS NULL DESC", "file IS NULL"} {
		w := write(t, verifytest.Chain{Files: 50})
		f := big(w, 3, 1)[0]
		must(t, w.Exec(`CREATE TABLE Copy AS SELECT * FROM Files;
			INSERT INTO Copy SELECT fileID, domain, relativePath, flags, NULL FROM Files WHERE fileID = '`+f.ID+`';
			DROP TABLE Files; CREATE TABLE Files (fileID TEXT, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB);
			INSERT INTO Files SELECT * FROM Copy ORDER BY `+order+`; DROP TABLE Copy;`))
		must(t, os.Truncate(f.Disk, 5))
		r := check(t, w.Dir, verify.Options{})
		if r.Verdict != backup.BrokenUp || r.WrongSize != 1 || r.Unsized != 1 || r.Restorable != "no" {
			t.Errorf("%s, %d of the wrong size, %d without one: %+v", r.Verdict, r.WrongSize, r.Unsized, r.Problems)
		}
	}
}

// An index without a file is no index: no iPhone is empty.
func TestIndexOfNothing(t *testing.T) {
	sql := func(s string) func(*testing.T, *verifytest.Written) {
		return func(t *testing.T, w *verifytest.Written) { must(t, w.Exec(s)) }
	}
	mbdb := func(t *testing.T, w *verifytest.Written) {
		must(t, os.Truncate(filepath.Join(w.Dir, "Manifest.mbdb"), 6))
	}
	for name, c := range map[string]struct {
		chain  verifytest.Chain
		damage func(*testing.T, *verifytest.Written)
	}{
		"no rows":           {verifytest.Chain{}, sql("DELETE FROM Files;")},
		"only folders":      {verifytest.Chain{}, sql("DELETE FROM Files WHERE flags = 1;")},
		"no rows, readable": {verifytest.Chain{Password: password, PlainIndex: true}, sql("DELETE FROM Files;")},
		"mbdb":              {verifytest.Chain{Flat: true}, mbdb},
	} {
		for _, empty := range []bool{false, true} {
			for _, state := range []string{"finished", "uploading", "moving"} {
				t.Run(fmt.Sprint(name, ", ", state, ", no payload ", empty), func(t *testing.T) {
					t.Parallel()
					c.chain.Files, c.chain.State = 40, state
					w := write(t, c.chain)
					c.damage(t, w)
					if empty {
						for _, f := range w.Files {
							must(t, os.Remove(f.Disk))
						}
					}
					r := check(t, w.Dir, verify.Options{Deep: true, Quick: true})
					want := backup.Verdict(backup.BrokenUp)
					if state != "finished" {
						want = backup.Incomplete
					}
					if r.Verdict != want || r.Restorable != "no" || !r.Has(verify.IndexUnreadable) || *r.Listed != 0 {
						t.Errorf("%s, restorable %s: %s %+v", r.Verdict, r.Restorable, r.Detail, r.Problems)
					}
					if state == "finished" && (len(r.Findings) != 1 || r.Findings[0].Code != backup.ChainBroken || !strings.Contains(r.Findings[0].Detail, "it lists no files")) {
						t.Errorf("%+v", r.Findings)
					}
				})
			}
		}
	}
}

// Without the password an index that is there says nothing, but a backup of
// which not one file is there has lost them all.
func TestEncryptedAndNothingThere(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 40, Password: password})
	for _, f := range w.Files {
		must(t, os.Remove(f.Disk))
	}
	r := check(t, w.Dir, verify.Options{Quick: true})
	if r.Verdict != backup.BrokenUp || r.Restorable != "no" || len(r.Problems) != 1 || r.Check().Reason == "" {
		t.Errorf("%s %+v", r.Verdict, r.Problems)
	}
}

// Zeros behind the last record, as after a power cut, read as records of
// nothing; a multiple of their length must not pass.
func TestMBDBTail(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"zeros instead of the last records": func(b []byte) []byte { clear(b[len(b)-500:]); return b },
		"records of zeros behind":           func(b []byte) []byte { return append(b, make([]byte, 500)...) },
		"cut in a record":                   func(b []byte) []byte { return b[:len(b)-5] },
		"cut in the first record":           func(b []byte) []byte { return b[:9] },
		"one byte behind":                   func(b []byte) []byte { return append(b, 0) },
	} {
		w := write(t, verifytest.Chain{Files: 60, Flat: true})
		path := filepath.Join(w.Dir, "Manifest.mbdb")
		b, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(path, damage(slices.Clone(b)), 0o644))
		if r := check(t, w.Dir, verify.Options{}); r.Verdict != backup.BrokenUp || r.Restorable != "no" || !r.Has(verify.IndexUnreadable) {
			t.Errorf("%s: %s %+v", name, r.Verdict, r.Problems)
		}
	}
}

// Before iOS 10 too the files of an encrypted backup are padded.
func TestEncryptedMBDB(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 60, Flat: true, Password: password})
	if r := check(t, w.Dir, verify.Options{Deep: true}); r.Verdict != backup.Good {
		t.Errorf("whole: %s %+v", r.Verdict, r.Problems)
	}
	must(t, os.Truncate(big(w, 3, 1)[0].Disk, 16))
	if r := check(t, w.Dir, verify.Options{}); r.Verdict != backup.BrokenUp || r.WrongSize != 1 {
		t.Errorf("cut: %s %+v", r.Verdict, r.Problems)
	}
}

// What is wrong with the backup as a whole is listed, however many files are too.
func TestStructuralProblemsAreListed(t *testing.T) {
	w := write(t, verifytest.Chain{Files: 1200, Sparse: true})
	for _, f := range w.Files[:1100] {
		must(t, os.Remove(f.Disk))
	}
	must(t, w.Exec("UPDATE Files SET file = NULL WHERE rowid = 2;"))
	r := check(t, w.Dir, verify.Options{})
	if len(r.Problems) != 1000 || r.Omitted != 101 || !r.Has(verify.IndexUnreadable) {
		t.Errorf("%d problems, %d omitted", len(r.Problems), r.Omitted)
	}
	if !strings.Contains(r.Check().Reason, "1,100 are missing") {
		t.Errorf("the files come first: %s", r.Check().Reason)
	}
}

// Info.plist is unreadable where it is beyond any real one or nothing but
// zeros, and in order where it is merely large.
func TestInfoOfEverySize(t *testing.T) {
	const head, tail = "<plist version=\"1.0\"><dict>", "</dict></plist>\n"
	for name, c := range map[string]struct {
		size       int64
		head, tail string
		good       bool
	}{
		"zeros, 1 MB":     {1 << 20, "", "", false},
		"zeros, 70 MB":    {70 << 20, "", "", false},
		"zeros, 300 MB":   {300 << 20, "", "", false},
		"3 GB":            {3 << 30, head, tail, false},
		"cut, 100 MB":     {100 << 20, head, "", false},
		"large, whole":    {100 << 20, head, tail, true},
		"one endless tag": {1 << 20, "<" + strings.Repeat("a", 1<<20-1), "", false},
	} {
		w := write(t, verifytest.Chain{Files: 20})
		f, err := os.Create(filepath.Join(w.Dir, "Info.plist"))
		must(t, err)
		must(t, f.Truncate(c.size))
		_, err = f.WriteAt([]byte(c.head), 0)
		must(t, err)
		_, err = f.WriteAt([]byte(c.tail), c.size-int64(len(c.tail)))
		must(t, err)
		must(t, f.Close())
		r := check(t, w.Dir, verify.Options{})
		if got := r.Verdict == backup.Good && !r.Has(verify.InfoUnreadable); got != c.good || got == (r.Verdict == backup.BrokenUp && r.Has(verify.InfoUnreadable)) {
			t.Errorf("%s: %s %+v", name, r.Verdict, r.Problems)
		}
		if !c.good && r.Check().Fault != backup.FaultInfo {
			t.Errorf("%s: fault %v", name, r.Check().Fault)
		}
	}
}
