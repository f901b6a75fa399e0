// Dist makes everything a release consists of, on Linux, from this source tree
// and the Go toolchain alone:
//
//	backup-watchdog_VERSION_darwin_universal.tar.gz   the application for a Mac
//	backup-watchdog_VERSION_linux_amd64.tar.gz        the programs for Linux
//	backup-watchdog_VERSION_amd64.deb                 the same for Debian
//	backup-watchdog_VERSION_sbom.cdx.json             what is linked in (CycloneDX)
//	backup-watchdog.rb, backup-watchdog-cask.rb       texts for a Homebrew tap
//	SHA256SUMS
//
// The same source and version give the same bytes, wherever and whenever it
// runs: no clock is read (SOURCE_DATE_EPOCH, else the commit's time), nothing is
// ordered by chance, and neither paths nor the state of the working tree are
// stamped into the programs. With -check it makes everything twice and compares.
//
// The .deb is written by our own few lines (an ar archive of two tarballs)
// because no packaging library is worth a dependency for it.
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// release is one run of this program.
type release struct {
	version string    // without a leading "v"
	when    time.Time // of every file
	home    string    // the project's address, for Homebrew and the package
	root    string    // the source tree
	tmp     string    // for what is built on the way
}

// release123 is what a version begins with; Debian insists on a digit.
var release123 = regexp.MustCompile(`^\d+\.\d+`)

func main() {
	out := flag.String("out", "dist", "`DIR` to fill; older releases in it are removed")
	version := flag.String("version", os.Getenv("VERSION"), "the release's `VERSION`; by default from git")
	home := flag.String("home", "https://github.com/backup-watchdog/backup-watchdog", "the project's `URL`")
	check := flag.Bool("check", false, "make everything twice and compare")
	flag.Parse()
	r := &release{home: strings.TrimSuffix(*home, "/"), root: "."}
	r.version = strings.TrimPrefix(*version, "v")
	if err := run(r, *out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// run makes the release, once or twice.
func run(r *release, out string, check bool) error {
	var err error
	if r.version == "" {
		if r.version, err = describe(r.root); err != nil {
			return err
		}
	}
	if !release123.MatchString(r.version) { // a bare commit, or a word
		r.version = "0.0.0-g" + r.version
	}
	if strings.ContainsFunc(r.version, func(c rune) bool { return c <= ' ' || c == '/' || c == '_' || c > '~' }) {
		return fmt.Errorf("%q is no version", r.version)
	}
	if r.when, err = epoch(r.root); err != nil {
		return err
	}
	first, err := r.make()
	if err != nil {
		return err
	}
	if check {
		second, err := r.make()
		if err != nil {
			return err
		}
		if err := compare(first, second); err != nil {
			return err
		}
		fmt.Println("two runs gave the same bytes")
	}
	return write(out, first)
}

// make makes every file of the release in memory.
func (r *release) make() ([]entry, error) {
	var err error
	if r.tmp, err = os.MkdirTemp("", "dist-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(r.tmp)
	b, err := r.build()
	if err != nil {
		return nil, err
	}
	mac, err := r.macTree(b)
	if err != nil {
		return nil, err
	}
	name := "backup-watchdog_" + r.version
	macTar := r.tarball(mac)
	deb, err := r.deb(b)
	if err != nil {
		return nil, err
	}
	sbom, err := r.sbom(b)
	if err != nil {
		return nil, err
	}
	files := []entry{
		{path: name + "_darwin_universal.tar.gz", data: macTar},
		{path: name + "_linux_amd64.tar.gz", data: r.tarball(r.linuxTree(b))},
		{path: name + "_amd64.deb", data: deb},
		{path: name + "_sbom.cdx.json", data: sbom},
	}
	brew, err := r.homebrew(macTar)
	if err != nil {
		return nil, err
	}
	files = append(files, brew...)
	return append(files, entry{path: "SHA256SUMS", data: sums(files)}), nil
}

// sums lists the files' hashes as sha256sum does.
func sums(files []entry) []byte {
	var b bytes.Buffer
	for _, f := range sorted(files) {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(f.data), f.path)
	}
	return b.Bytes()
}

// compare names the files that differ between two runs.
func compare(a, b []entry) error {
	var errs []error
	for i := range a {
		if !bytes.Equal(a[i].data, b[i].data) {
			errs = append(errs, fmt.Errorf("%s differs between two runs", a[i].path))
		}
	}
	return errors.Join(errs...)
}

// write replaces the content of the output folder.
func write(out string, files []entry) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil {
		return err
	}
	for _, f := range old {
		if !slices.ContainsFunc(files, func(e entry) bool { return e.path == filepath.Base(f) }) && ours(filepath.Base(f)) {
			os.Remove(f)
		}
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(out, f.path), f.data, 0o644); err != nil {
			return err
		}
		fmt.Printf("%9d  %s\n", len(f.data), filepath.Join(out, f.path))
	}
	return nil
}

// ours reports whether a file of an older release may be removed.
func ours(name string) bool { return strings.HasPrefix(name, "backup-watchdog") }
