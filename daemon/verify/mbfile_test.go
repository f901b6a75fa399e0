package verify

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"backupwatchdog/daemon/verify/verifytest"
)

var sample = verifytest.MBFile{
	Path: "Media/DCIM/100APPLE/IMG_0042.HEIC", Size: 1843200, Mode: 0o100644, ModTime: 1700000000,
	Digest: bytes.Repeat([]byte{0xab}, 20), EncryptionKey: bytes.Repeat([]byte{0xcd}, 44), Target: "elsewhere",
}

func TestReadMBFile(t *testing.T) {
	f, ok := readMBFile(verifytest.Archive(sample))
	if !ok || f.Size != sample.Size || f.Mode != sample.Mode || !bytes.Equal(f.Digest, sample.Digest) ||
		!bytes.Equal(f.EncryptionKey, sample.EncryptionKey) || string(f.Target) != sample.Target {
		t.Errorf("%v %+v", ok, f)
	}
	for _, size := range []int64{0, 1, 255, 256, 65535, 65536, 1<<31 - 1, 1 << 31, 1<<40 + 3} {
		f, ok := readMBFile(verifytest.Archive(verifytest.MBFile{Size: size}))
		if !ok || f.Size != size || f.Digest != nil || f.EncryptionKey != nil {
			t.Errorf("size %d: %v %+v", size, ok, f)
		}
	}
	if f, ok := readMBFile(verifytest.Archive(verifytest.MBFile{Size: -5})); ok || f.Size != -1 {
		t.Errorf("negative size: %v %d", ok, f.Size)
	}
}

func TestReadMBFileAllocatesNothing(t *testing.T) {
	blob := verifytest.Archive(sample)
	if n := testing.AllocsPerRun(100, func() { readMBFile(blob) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Every cut and every single changed byte: no panic, no endless loop, and
// slices that stay inside.
func TestReadMBFileDamaged(t *testing.T) {
	blob := verifytest.Archive(sample)
	for n := range blob {
		readMBFile(blob[:n])
	}
	for i := range blob {
		for _, v := range []byte{0, 1, 0x0f, 0x1f, 0x7f, 0x80, 0xaf, 0xdf, 0xff} {
			b := bytes.Clone(blob)
			b[i] = v
			readMBFile(b)
		}
	}
}

// hostile are archives of the classes that kill general readers: lengths
// beyond 64 bits, reference size 0, counts that overflow, cycles, laughs.
func hostile() map[string][]byte {
	trailer := func(width, ref byte, count, top, table uint64) []byte {
		t := []byte{0, 0, 0, 0, 0, 0, width, ref}
		for _, v := range []uint64{count, top, table} {
			for s := 56; s >= 0; s -= 8 {
				t = append(t, byte(v>>s))
			}
		}
		return t
	}
	with := func(body string, width, ref byte, count, top, table uint64) []byte {
		return append([]byte("bplist00"+body), trailer(width, ref, count, top, table)...)
	}
	ff := "\xff\xff\xff\xff\xff\xff\xff\xff"
	laughs := ""
	offsets := ""
	for i := range byte(40) {
		offsets += string([]byte{8 + 3*i})
		laughs += string([]byte{0xa2, i + 1, i + 1})
	}
	return map[string][]byte{
		"empty":              {},
		"string of 2^64-1":   with("\x5f\x13"+ff+"\x08", 1, 1, 1, 0, 18),
		"data of 2^64-1":     with("\x4f\x13"+ff+"\x08", 1, 1, 1, 0, 18),
		"array of 2^64-1":    with("\xaf\x13"+ff+"\x08", 1, 1, 1, 0, 18),
		"dictionary of 2^63": with("\xdf\x13\x80\x00\x00\x00\x00\x00\x00\x00\x08", 1, 1, 1, 0, 18),
		"reference size 0":   with("\xaf\x13\x00\x00\x00\x10\x00\x00\x00\x00\x08", 1, 0, 1, 0, 18),
		"offset size 0":      with("\xd0\x08", 0, 1, 1, 0, 9),
		"self reference":     with("\xd1\x00\x00\x08", 1, 1, 1, 0, 11),
		"mutual cycle":       with("\xd1\x01\x01\xd1\x00\x00\x08\x0b", 1, 1, 2, 0, 14),
		"laughs":             with(laughs+offsets, 1, 1, 40, 0, 8+120),
		"table before":       with("\xd0\x08", 1, 1, 1, 0, 0),
		"table beyond":       with("\xd0\x08", 1, 1, 1, 0, 1<<63),
		"count of 2^64-1":    with("\xd0\x08", 1, 1, 1<<64-1, 0, 9),
		"top beyond":         with("\xd0\x08", 1, 1, 1, 7, 9),
		"integer of 16":      with("\x14"+ff+ff+"\x08", 1, 1, 1, 0, 25),
	}
}

func TestReadMBFileHostile(t *testing.T) {
	for name, blob := range hostile() {
		if _, ok := readMBFile(blob); ok {
			t.Errorf("%s: taken for an archive", name)
		}
	}
}

func FuzzReadMBFile(f *testing.F) {
	f.Add(verifytest.Archive(sample))
	for _, blob := range hostile() {
		f.Add(blob)
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		m, ok := readMBFile(blob)
		if ok != (m.Size >= 0) || m.Digest != nil && len(m.Digest) != 20 || m.EncryptionKey != nil && len(m.EncryptionKey) != 44 {
			t.Errorf("%v %+v", ok, m)
		}
	})
}

func FuzzMBDB(f *testing.F) {
	dir := f.TempDir()
	w, err := verifytest.Chain{Files: 4, Flat: true}.Write(dir)
	if err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(w.Dir, "Manifest.mbdb"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add([]byte("mbdb\x05\x00\xff\xff"))
	path := filepath.Join(dir, "fuzzed")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		x, err := openMBDB(path)
		if err != nil {
			return
		}
		defer x.close()
		x.read(context.Background(), want{names: true, file: true}, func(l *listing) error {
			if len(l.id) != 40 || l.file.Size < 0 {
				t.Errorf("%+v", l)
			}
			return nil
		})
	})
}

func FuzzKeybag(f *testing.F) {
	f.Add([]byte("SALT\x00\x00\x00\x01\x00ITER\x00\x00\x00\x04\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) { parseKeybag(b) })
}
