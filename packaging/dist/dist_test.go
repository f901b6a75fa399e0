package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var then = time.Unix(1795822453, 0).UTC()

// pretend is a release of programs that are none, quick to make. Signing and
// joining are tested in packaging/macho; make dist-check builds the real ones.
func pretend(t *testing.T) (*release, *built) {
	t.Helper()
	docs := map[string][]byte{}
	for _, name := range []string{"watchdogctl.1", "watchdogd.1", "watchdogctl.bash", "_watchdogctl", "watchdogctl.fish"} {
		docs[name] = []byte("# " + name + "\n")
	}
	r := &release{version: "1.2.3", when: then, home: "https://example.org/x", root: "../.."}
	return r, &built{linux: map[string][]byte{"watchdogd": []byte("d"), "watchdogctl": []byte("c")}, docs: docs}
}

// TestDeb: dpkg-deb takes the package and reads out of it what was put in.
func TestDeb(t *testing.T) {
	r, b := pretend(t)
	data, err := r.deb(b)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := r.deb(b)
	if !bytes.Equal(data, again) {
		t.Error("made again, it differs")
	}
	file := filepath.Join(t.TempDir(), "x.deb")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("dpkg-deb is needed")
		}
		t.Skip("dpkg-deb is not here")
	}
	dir := t.TempDir()
	if out, err := exec.Command("dpkg-deb", "-x", file, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := exec.Command("dpkg-deb", "-f", file, "Package", "Version", "Architecture").CombinedOutput(); err != nil || string(out) != "Package: backup-watchdog\nVersion: 1.2.3\nArchitecture: amd64\n" {
		t.Errorf("%v: %s", err, out)
	}
	fi, err := os.Stat(filepath.Join(dir, "usr/bin/watchdogd"))
	if err != nil || fi.Mode().Perm() != 0o755 || !fi.ModTime().Equal(then) {
		t.Errorf("the daemon: %v, %v", fi, err)
	}
	for _, name := range []string{"lib/systemd/user/backup-watchdog.service", "share/man/man1/watchdogctl.1.gz", "share/man/man5/backup-watchdog.5.gz"} {
		if _, err := os.Stat(filepath.Join(dir, "usr", name)); err != nil {
			t.Error(err)
		}
	}
}

// TestDebVersion: dpkg itself orders what git describes.
func TestDebVersion(t *testing.T) {
	dpkg, err := exec.LookPath("dpkg")
	if err != nil {
		t.Skip("dpkg is not here")
	}
	order := []string{"0.0.0-gabcdef123456", "1.2.3-rc1", "1.2.3", "1.2.3-4-gabcdef0", "1.2.4"}
	for i := 1; i < len(order); i++ {
		a, b := (&release{version: order[i-1]}).debVersion(), (&release{version: order[i]}).debVersion()
		if err := exec.Command(dpkg, "--compare-versions", a, "lt", b).Run(); err != nil {
			t.Errorf("%s is not before %s", a, b)
		}
	}
}

// TestTarball: every folder comes before what is in it, links are links, all
// bears one time and one owner.
func TestTarball(t *testing.T) {
	r, _ := pretend(t)
	data := r.tarball([]entry{{path: "b/c/file", mode: 0o755, data: []byte("x")}, {path: "a", link: "b/c/file"}})
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if !z.ModTime.IsZero() || z.Name != "" {
		t.Errorf("the gzip header tells of %v %q", z.ModTime, z.Name)
	}
	var names []string
	for tr := tar.NewReader(z); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		if !h.ModTime.Equal(then) || h.Uid != 0 || h.Uname != "root" {
			t.Errorf("%s: %v %d %s", h.Name, h.ModTime, h.Uid, h.Uname)
		}
	}
	if want := []string{"backup-watchdog/", "backup-watchdog/a", "backup-watchdog/b/", "backup-watchdog/b/c/", "backup-watchdog/b/c/file"}; !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
}

// TestSeal: the seal is a property list that names each resource and the
// nested program.
func TestSeal(t *testing.T) {
	seal := codeResources([]entry{{path: "Resources/x", data: []byte("x")}}, "MacOS/watchdogctl", [][]byte{bytes.Repeat([]byte{1}, 20), bytes.Repeat([]byte{2}, 20)})
	for _, want := range []string{"<key>Resources/x</key>", "<key>MacOS/watchdogctl</key>", `cdhash H"0101`, `or cdhash H"0202`} {
		if !strings.Contains(string(seal), want) {
			t.Errorf("the seal lacks %q", want)
		}
	}
	if tool, err := exec.LookPath("plistutil"); err == nil {
		cmd := exec.Command(tool, "-i", "-", "-f", "xml")
		cmd.Stdin = bytes.NewReader(seal)
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "rules2") {
			t.Errorf("plistutil: %v\n%s", err, out)
		}
	}
}

// TestHomebrew: nothing is left to fill in, and Ruby, where it is, can read it.
func TestHomebrew(t *testing.T) {
	r, _ := pretend(t)
	files, err := r.homebrew([]byte("tar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.Contains(string(f.data), "@") || !strings.Contains(string(f.data), "1.2.3") {
			t.Errorf("%s:\n%s", f.path, f.data)
		}
		if ruby, err := exec.LookPath("ruby"); err == nil {
			cmd := exec.Command(ruby, "-c")
			cmd.Stdin = bytes.NewReader(f.data)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %s", f.path, out)
			}
		}
	}
}
