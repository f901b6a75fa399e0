package phonetest_test

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"howett.net/plist"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"backupwatchdog/daemon/phone/phonetest"
)

type status struct {
	SnapshotState, BackupState, UUID, Version string
	IsFullBackup                              bool
	Date                                      time.Time
}

func readStatus(t *testing.T, dir string) (s status) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "Status.plist"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plist.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// blobs counts the files with contents in the 256 folders below dir.
func blobs(t *testing.T, dir string) int {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "[0-9a-f][0-9a-f]", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

func exists(path ...string) bool {
	_, err := os.Stat(filepath.Join(path...))
	return !errors.Is(err, fs.ErrNotExist)
}

// The states lie on disk as the table of states says.
func TestWriteChainStates(t *testing.T) {
	when := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		state          phonetest.State
		status         string // SnapshotState/BackupState/IsFullBackup
		index          bool
		snapshot       bool
		waiting, blobs func(n int) bool
	}{
		{phonetest.Finished, "finished/new/false", true, false, none, exactly(300)},
		{phonetest.FinishedAgain, "finished/new/false", true, false, none, some},
		{phonetest.FailedAgain, "finished/new/false", true, false, none, exactly(300)},
		{phonetest.TornFirst, "uploading/empty/true", false, true, some, none},
		{phonetest.TornIncremental, "uploading/new/false", true, true, some, exactly(300)},
		{phonetest.Mixed, "moving/new/false", true, true, some, some},
		{phonetest.Unswept, "removing/new/false", true, true, none, some},
		{phonetest.InfoOnly, "", false, false, none, none},
	} {
		t.Run(string(c.state), func(t *testing.T) {
			chain, err := phonetest.WriteChain(t.TempDir(), phonetest.Spec{State: c.state, Date: when, Content: phonetest.Content{Size: 500}})
			if err != nil {
				t.Fatal(err)
			}
			if c.status != "" {
				s := readStatus(t, chain.Path)
				if got := fmt.Sprintf("%s/%s/%v", s.SnapshotState, s.BackupState, s.IsFullBackup); got != c.status {
					t.Errorf("status %s, want %s", got, c.status)
				}
				want := when
				if c.state == phonetest.FailedAgain {
					want = when.Add(-24 * time.Hour)
				}
				if !s.Date.Equal(want) || s.UUID != chain.UUID || s.Version != "3.3" {
					t.Errorf("status %+v", s)
				}
			}
			if exists(chain.Path, "Manifest.db") != c.index || (chain.Listed != nil) != c.index {
				t.Errorf("index in place: %v", !c.index)
			}
			if exists(chain.Path, "Snapshot") != c.snapshot || !exists(chain.Path, "Info.plist") {
				t.Errorf("Snapshot: %v", !c.snapshot)
			}
			if n := blobs(t, filepath.Join(chain.Path, "Snapshot")); !c.waiting(n) || n != len(chain.Waiting) && c.state != phonetest.TornFirst && c.state != phonetest.TornIncremental {
				t.Errorf("%d files under Snapshot, described %d", n, len(chain.Waiting))
			}
			if n := blobs(t, chain.Path); !c.blobs(n) {
				t.Errorf("%d files in place", n)
			}
		})
	}
}

func none(n int) bool                 { return n == 0 }
func some(n int) bool                 { return n > 0 }
func exactly(want int) func(int) bool { return func(n int) bool { return n == want } }

// The index lists what is there: sizes, digests where a phone records them,
// and the marks of a phone's database.
func TestIndex(t *testing.T) {
	chain, err := phonetest.WriteChain(t.TempDir(), phonetest.Spec{Content: phonetest.Content{Seed: 7, Files: 400}})
	if err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(chain.Path, "Manifest.db")
	head, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	if string(head[:15]) != "SQLite format 3" || head[18] != 2 || head[19] != 2 {
		t.Fatalf("header %x", head[:24])
	}
	conn, err := sqlite.OpenConn("file:"+db+"?immutable=1", sqlite.OpenReadOnly|sqlite.OpenURI)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	files, digests := 0, 0
	err = sqlitex.Execute(conn, "SELECT fileID, domain, relativePath, file FROM Files WHERE flags = 1", &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		files++
		id := s.ColumnText(0)
		if id != phonetest.BlobID(s.ColumnText(1), s.ColumnText(2)) {
			t.Errorf("id of %s", s.ColumnText(2))
		}
		record := make([]byte, s.ColumnLen(3))
		s.ColumnBytes(3, record)
		size, digest := unarchive(t, record)
		data, err := os.ReadFile(filepath.Join(chain.Path, id[:2], id))
		if err != nil || uint64(len(data)) != size {
			t.Errorf("%s: %d bytes, listed %d, %v", s.ColumnText(2), len(data), size, err)
		}
		if digest != nil {
			digests++
			if sum := sha1.Sum(data); string(sum[:]) != string(digest) {
				t.Errorf("%s: digest", s.ColumnText(2))
			}
		}
		return nil
	}})
	if err != nil || files != 400 || digests == 0 || digests == files {
		t.Fatalf("%d files, %d digests, %v", files, digests, err)
	}
	if _, ok := chain.Find("HomeDomain", "Library/SMS/sms.db"); !ok {
		t.Error("no messages")
	}
}

// unarchive reads size and digest out of an MBFile with a decoder that is not
// ours.
func unarchive(t *testing.T, record []byte) (size uint64, digest []byte) {
	t.Helper()
	var a struct {
		Objects []any `plist:"$objects"`
		Top     struct {
			Root plist.UID `plist:"root"`
		} `plist:"$top"`
	}
	if _, err := plist.Unmarshal(record, &a); err != nil {
		t.Fatal(err)
	}
	root := a.Objects[a.Top.Root].(map[string]any)
	if ref, ok := root["Digest"].(plist.UID); ok {
		digest = a.Objects[ref].([]byte)
	}
	return root["Size"].(uint64), digest
}

// An encrypted backup gives nothing away but lengths.
func TestEncryptedLook(t *testing.T) {
	chain, err := phonetest.WriteChain(t.TempDir(), phonetest.Spec{Content: phonetest.Content{Encrypted: true}})
	if err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(chain.Path, "[0-9a-f][0-9a-f]", "*"))
	for _, name := range append(names, filepath.Join(chain.Path, "Manifest.db")) {
		info, err := os.Stat(name)
		if err != nil || info.Size() == 0 || info.Size()%16 != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	head, _ := os.ReadFile(filepath.Join(chain.Path, "Manifest.db"))
	if strings.HasPrefix(string(head), "SQLite") {
		t.Error("the index is in the clear")
	}
	var m struct {
		IsEncrypted bool
		ManifestKey []byte
	}
	data, _ := os.ReadFile(filepath.Join(chain.Path, "Manifest.plist"))
	if _, err := plist.Unmarshal(data, &m); err != nil || !m.IsEncrypted || len(m.ManifestKey) != 44 {
		t.Errorf("%+v %v", m, err)
	}
}

// Sizes of Status.plist are those seen with real phones.
func TestStatusSizes(t *testing.T) {
	for state, want := range map[phonetest.State]int64{
		phonetest.TornFirst: 192, phonetest.Mixed: 187, phonetest.Unswept: 189, phonetest.Finished: 189,
	} {
		chain, err := phonetest.WriteChain(t.TempDir(), phonetest.Spec{State: state, Content: phonetest.Content{Files: 20}})
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(chain.Path, "Status.plist"))
		if err != nil || info.Size() != want {
			t.Errorf("%s: %v bytes, want %d", state, info.Size(), want)
		}
	}
}

// Two chains from one seed hold the same bytes.
func TestDeterministic(t *testing.T) {
	var sums []string
	for range 2 {
		chain, err := phonetest.WriteChain(t.TempDir(), phonetest.Spec{State: phonetest.FinishedAgain, Content: phonetest.Content{Seed: 3, Files: 100}})
		if err != nil {
			t.Fatal(err)
		}
		h := sha1.New()
		for _, f := range chain.Listed {
			data, err := os.ReadFile(chain.Blob(f))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(h, f.ID, len(data))
			h.Write(data)
		}
		sums = append(sums, fmt.Sprintf("%x", h.Sum(nil)))
	}
	if sums[0] != sums[1] {
		t.Error("the same seed gave other bytes")
	}
}
