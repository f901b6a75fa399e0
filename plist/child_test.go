package plist_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"backupwatchdog/plist"
)

// Hostile files are read in a process of their own, whose death is an answer
// and whose memory can be measured.
const childVariable = "PLIST_TEST_CHILD"

func TestMain(m *testing.M) {
	if list := os.Getenv(childVariable); list != "" {
		os.Exit(child(list))
	}
	os.Exit(m.Run())
}

// Reading one file in all four ways may cost this much of a processor, far less
// than what the attacks cost those they work on; and a machine under load may
// take this long over it.
const (
	costAllowed = 5 * time.Second
	hangs       = time.Minute
)

// child reads every file that is named in the file list, in every way there
// is, and prints the largest size the process ever had.
func child(list string) int {
	names, err := os.ReadFile(list)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for _, path := range strings.Fields(string(names)) {
		hang := time.AfterFunc(hangs, func() {
			fmt.Println(path, "hangs")
			os.Exit(1)
		})
		before := used()
		err := readEveryWay(path)
		hang.Stop()
		if cost := used() - before; cost > costAllowed {
			err = fmt.Errorf("took %v of processor time", cost)
		}
		if err != nil {
			fmt.Println(path, err)
			return 1
		}
	}
	fmt.Println(peakMemory())
	return 0
}

// readEveryWay fails only when an answer is not one of those agreed on.
func readEveryWay(path string) error {
	_, e1 := plist.ReadStatus(path)
	info, e2 := plist.ReadInfo(path)
	_, e3 := plist.ReadManifest(path)
	var e4 error
	if stat, err := os.Stat(path); err == nil && stat.Size() < 8<<20 {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		e4 = plist.Unmarshal(b, new(everything))
	}
	for _, err := range []error{e1, e2, e3, e4} {
		if err != nil && (!known(err) || strings.Contains(err.Error(), plist.Recovered)) {
			return err
		}
	}
	if want := strings.HasPrefix(filepath.Base(path), "real-"); want && info.DeviceName != "Ada" {
		return fmt.Errorf("gives %+v, %v", info, e2)
	}
	return nil
}

// known reports whether err is one of the answers of this package.
func known(err error) bool {
	return slices.ContainsFunc([]error{
		plist.ErrEmpty, plist.ErrNotPlist, plist.ErrCut, plist.ErrWrongType, plist.ErrTooLarge,
	}, func(kind error) bool { return errors.Is(err, kind) })
}

// peakMemory is the largest resident size of this process so far, in bytes.
// On Linux getrusage would also count what the parent had when it forked.
func peakMemory() int64 {
	if b, err := os.ReadFile("/proc/self/status"); err == nil {
		_, rest, _ := strings.Cut(string(b), "VmHWM:")
		var kib int64
		if _, err := fmt.Sscan(rest, &kib); err == nil {
			return kib << 10
		}
	}
	return int64(usage().Maxrss) // in bytes on macOS
}

// used is the processor time this process has taken.
func used() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func usage() (u syscall.Rusage) {
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u
}

// readInChild has the files read, and returns the peak memory in bytes.
func readInChild(t *testing.T, paths []string) int64 {
	t.Helper()
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte(strings.Join(paths, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+list, "GOMEMLIMIT=180MiB")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%.4000s", err, out.String())
	}
	peak, err := strconv.ParseInt(strings.TrimSpace(out.String()), 10, 64)
	if err != nil {
		t.Fatalf("%.4000s", out.String())
	}
	return peak
}

const memoryAllowed = 200 << 20

func underLimit(t *testing.T, what string, peak int64) {
	t.Helper()
	t.Logf("%s: at most %d MiB", what, peak>>20)
	if peak > memoryAllowed {
		t.Errorf("%s took %d MiB, %d are allowed", what, peak>>20, memoryAllowed>>20)
	}
}

// The table of attacks, as files.
func TestHostileFilesInChild(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i, c := range hostiles() {
		path := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(path, c.bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	underLimit(t, "the table of attacks", readInChild(t, paths))
}

// The files that broke other decoders, where the folder with them is at hand.
func TestCorpusInChild(t *testing.T) {
	paths := corpus(t)
	underLimit(t, fmt.Sprintf("%d files", len(paths)), readInChild(t, paths))
}

// corpus lists the files of a folder "corpus" within a neighbour of the
// repository. They are other projects' files and therefore not part of this one.
func corpus(t *testing.T) []string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dirs, err := filepath.Glob(filepath.Join(filepath.Dir(root), "*", "corpus"))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(paths) == 0 {
		t.Skip("there is no folder with a corpus beside the repository")
	}
	return paths
}

// An Info.plist as large as Finder writes them costs little, in either form.
func TestLargeInfoInChild(t *testing.T) {
	dir := t.TempDir()
	for name, write := range map[string]func(int) []byte{"xml": largeInfoXML, "binary": largeInfoBinary} {
		path := filepath.Join(dir, "real-"+name)
		if err := os.WriteFile(path, write(58_000_000), 0o600); err != nil {
			t.Fatal(err)
		}
		underLimit(t, name, readInChild(t, []string{path}))
	}
}

// artwork is size bytes that do not repeat.
func artwork(r *rand.ChaCha8, size int) []byte {
	b := make([]byte, size)
	_, _ = r.Read(b)
	return b
}

// largeInfoXML is an Info.plist of about size bytes: apps with their receipts
// and icons, as the real ones have them, before and after the wanted keys.
func largeInfoXML(size int) []byte {
	const each = 96 << 10
	r := rand.NewChaCha8([32]byte{1})
	var b bytes.Buffer
	b.Grow(size + 2*each)
	b.WriteString(xmlHead + `<plist version="1.0"><dict><key>Applications</key><dict>`)
	for n := 0; b.Len() < size; n++ {
		fmt.Fprintf(&b, "<key>com.example.app%d</key><dict>", n)
		for _, key := range []string{"ApplicationSINF", "PlaceholderIcon", "iTunesMetadata"} {
			fmt.Fprintf(&b, "<key>%s</key><data>\n", key)
			text := base64.StdEncoding.EncodeToString(artwork(r, each/4))
			for len(text) > 0 {
				n := min(68, len(text))
				b.WriteString("\t\t\t" + text[:n] + "\n")
				text = text[n:]
			}
			b.WriteString("</data>")
		}
		b.WriteString("</dict>")
	}
	b.WriteString("</dict><key>Device Name</key><string>Ada</string></dict></plist>")
	return b.Bytes()
}

// largeInfoBinary is the same in the binary form.
func largeInfoBinary(size int) []byte {
	const each = 96 << 10
	r := rand.NewChaCha8([32]byte{1})
	apps := size / each
	l := list{offSize: 4, refSize: 2}
	add := func(o []byte) uint16 { l.objects = append(l.objects, o); return uint16(len(l.objects) - 1) }
	root := add(nil)
	keys := []uint16{add(ascii("ApplicationSINF")), add(ascii("PlaceholderIcon")), add(ascii("iTunesMetadata"))}
	var names, values []uint16
	for n := range apps {
		names = append(names, add(ascii(fmt.Sprintf("com.example.app%d", n))))
		refs := append([]uint16(nil), keys...)
		for range keys {
			refs = append(refs, add(data(string(artwork(r, each/3)))))
		}
		values = append(values, add(dict(refs...)))
	}
	all := add(dict(append(names, values...)...))
	l.objects[root] = dict(add(ascii("Applications")), add(ascii("Device Name")), all, add(ascii("Ada")))
	return l.bytes()
}
