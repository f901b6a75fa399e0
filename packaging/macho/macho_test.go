package macho_test

import (
	"bytes"
	"crypto/sha256"
	stdmacho "debug/macho"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"backupwatchdog/packaging/macho"
)

// program builds a small Mac program for a processor.
func program(t *testing.T, arch string) []byte {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "main.go"), "package main\nfunc main() { println(\"hello\") }\n")
	write(t, filepath.Join(dir, "go.mod"), "module hello\ngo 1.26\n")
	cmd := exec.Command("go", "build", "-trimpath", "-o", "hello", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=darwin", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building for %s: %v\n%s", arch, err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// verify checks a signature the way the kernel does, with code of its own:
// find it by debug/macho, walk the blobs, hash every page again.
func verify(t *testing.T, thin []byte, want macho.Signing) {
	t.Helper()
	f, err := stdmacho.NewFile(bytes.NewReader(thin))
	if err != nil {
		t.Fatal(err)
	}
	var off, size uint32
	count := 0
	for _, l := range f.Loads {
		if raw := l.Raw(); f.ByteOrder.Uint32(raw) == 0x1d {
			off, size, count = f.ByteOrder.Uint32(raw[8:]), f.ByteOrder.Uint32(raw[12:]), count+1
		}
	}
	if count != 1 || int(off+size) != len(thin) || off%16 != 0 {
		t.Fatalf("%d signatures, at %d+%d of %d bytes", count, off, size, len(thin))
	}
	link := f.Segment("__LINKEDIT")
	if link.Offset+link.Filesz != uint64(len(thin)) || link.Memsz < link.Filesz {
		t.Errorf("__LINKEDIT covers %d+%d of %d, in memory %d", link.Offset, link.Filesz, len(thin), link.Memsz)
	}
	blobs := superBlob(t, thin[off:])
	cd := blobs[0]
	be := binary.BigEndian
	u := func(at int) uint32 { return be.Uint32(cd[at:]) }
	if u(0) != 0xfade0c02 || u(8) != 0x20400 || u(12) != 2 || u(32) != off || cd[36] != 32 || cd[37] != 2 || cd[39] != 12 {
		t.Errorf("code directory header: % x", cd[:88])
	}
	if text := f.Segment("__TEXT"); be.Uint64(cd[64:]) != text.Offset || be.Uint64(cd[72:]) != text.Filesz || be.Uint64(cd[80:]) != 1 {
		t.Errorf("the executable segment is %d+%d", be.Uint64(cd[64:]), be.Uint64(cd[72:]))
	}
	if id, _, _ := strings.Cut(string(cd[u(20):]), "\x00"); id != want.Identifier {
		t.Errorf("identifier %q, want %q", id, want.Identifier)
	}
	slots, hashes := int(u(28)), int(u(16))
	if want := (int(off) + 4095) / 4096; slots != want {
		t.Fatalf("%d pages are hashed, want %d", slots, want)
	}
	slot := func(n int) []byte { return cd[hashes+n*32 : hashes+n*32+32] }
	for n := range slots {
		if sum := sha256.Sum256(thin[n*4096 : min((n+1)*4096, int(off))]); !bytes.Equal(sum[:], slot(n)) {
			t.Fatalf("page %d has another hash", n)
		}
	}
	bound := map[int][]byte{2: blobs[2]}
	if want.Resources != nil {
		bound[1], bound[3] = want.Info, want.Resources
	}
	for n, data := range bound {
		if sum := sha256.Sum256(data); !bytes.Equal(sum[:], slot(-n)) {
			t.Errorf("special slot %d has another hash", n)
		}
	}
	if w := blobs[0x10000]; be.Uint32(w) != 0xfade0b01 || len(w) != 8 {
		t.Errorf("the wrapper is % x", w)
	}
	if h, err := macho.CDHash(thin); err != nil || !bytes.Equal(h, sum20(cd)) {
		t.Errorf("CDHash: %x, %v", h, err)
	}
}

func sum20(b []byte) []byte { s := sha256.Sum256(b); return s[:20] }

// superBlob reads the blobs of a signature by slot.
func superBlob(t *testing.T, sig []byte) map[uint32][]byte {
	t.Helper()
	be := binary.BigEndian
	if be.Uint32(sig) != 0xfade0cc0 || int(be.Uint32(sig[4:])) > len(sig) {
		t.Fatalf("no signature: % x", sig[:12])
	}
	blobs := map[uint32][]byte{}
	for n := range be.Uint32(sig[8:]) {
		slot, at := be.Uint32(sig[12+8*n:]), be.Uint32(sig[16+8*n:])
		blobs[slot] = sig[at : at+be.Uint32(sig[at+4:])]
	}
	return blobs
}

// TestSignAndJoin signs both slices, one unsigned and one signed by the linker,
// twice over, and joins them.
func TestSignAndJoin(t *testing.T) {
	var slices [][]byte
	for _, arch := range []string{"amd64", "arm64"} {
		thin := program(t, arch)
		for _, s := range []macho.Signing{
			{Identifier: "io.example.one"},
			{Identifier: "io.example.bundle", Info: []byte("info"), Resources: []byte("seal")},
		} {
			signed, err := macho.Sign(thin, s)
			if err != nil {
				t.Fatal(err)
			}
			verify(t, signed, s)
			again, err := macho.Sign(signed, s)
			if err != nil || !bytes.Equal(again, signed) {
				t.Errorf("%s: signing again changes the program: %v", arch, err)
			}
			thin = signed // signed anew with other words, it verifies as well
		}
		slices = append(slices, thin)
	}
	fat, err := macho.Fat(slices...)
	if err != nil {
		t.Fatal(err)
	}
	f, err := stdmacho.NewFatFile(bytes.NewReader(fat))
	if err != nil || len(f.Arches) != 2 {
		t.Fatalf("%v", err)
	}
	for i, a := range f.Arches {
		if a.Offset%(1<<14) != 0 || !bytes.Equal(fat[a.Offset:a.Offset+a.Size], slices[i]) {
			t.Errorf("slice %d at %d differs", i, a.Offset)
		}
	}
	if _, err := macho.Fat(slices[0], slices[0]); err == nil {
		t.Error("one processor twice was taken")
	}
	if _, err := exec.LookPath("file"); err == nil {
		name := filepath.Join(t.TempDir(), "fat")
		write(t, name, string(fat))
		if out, _ := exec.Command("file", name).Output(); !strings.Contains(string(out), "universal binary with 2 architectures") {
			t.Errorf("file says %s", out)
		}
	}
}

// TestHostile: a file that is not what it says is an error, never a crash.
func TestHostile(t *testing.T) {
	good := program(t, "arm64")
	for n := range 1000 {
		data := bytes.Clone(good[:8192])
		data[n%200] ^= byte(1 + n/200*37)
		macho.Sign(data, macho.Signing{Identifier: "x"})
		macho.CDHash(data)
	}
	for _, n := range []int{0, 4, 31, 32, 100, 1000} {
		if _, err := macho.Sign(good[:n], macho.Signing{Identifier: "x"}); err == nil {
			t.Errorf("%d bytes were signed", n)
		}
	}
	if _, err := macho.Fat([]byte("no")); err == nil {
		t.Error("no program was joined")
	}
}
