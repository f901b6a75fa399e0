package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"backupwatchdog/daemon/service"
	"backupwatchdog/packaging/macho"
)

// built is everything that is compiled or generated.
type built struct {
	linux map[string][]byte            // program → ELF
	mac   map[string]map[string][]byte // architecture → program → Mach-O, unsigned by us
	docs  map[string][]byte            // manual pages and completions
}

// macArches are the slices of the universal binary.
var macArches = []string{"amd64", "arm64"}

// programs are the two.
var programs = []string{service.Daemon, service.Control}

// build compiles the programs and generates the documents.
func (r *release) build() (*built, error) {
	b := &built{mac: map[string]map[string][]byte{}}
	var err error
	if b.linux, err = r.compile("linux", "amd64"); err != nil {
		return nil, err
	}
	for _, arch := range macArches {
		if b.mac[arch], err = r.compile("darwin", arch); err != nil {
			return nil, err
		}
	}
	b.docs, err = r.documents()
	return b, err
}

// compile builds both programs for one system.
func (r *release) compile(goos, arch string) (map[string][]byte, error) {
	dir := filepath.Join(r.tmp, goos+"-"+arch)
	args := append(r.flags(), "-o", dir+"/")
	for _, p := range programs {
		args = append(args, "./cmd/"+p)
	}
	if err := r.golang([]string{"GOOS=" + goos, "GOARCH=" + arch}, append([]string{"build"}, args...)...); err != nil {
		return nil, fmt.Errorf("building for %s/%s: %w", goos, arch, err)
	}
	out := map[string][]byte{}
	for _, p := range programs {
		data, err := os.ReadFile(filepath.Join(dir, p))
		if err != nil {
			return nil, err
		}
		out[p] = data
	}
	return out, nil
}

// flags make a build depend on the source and the version alone: no paths, no
// state of the working tree, no build id.
func (r *release) flags() []string {
	return []string{"-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid= -X main.version=v" + r.version}
}

// golang runs the go command.
func (r *release) golang(env []string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = r.root
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0"), env...)
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// documents are the manual pages and completions, by name.
func (r *release) documents() (map[string][]byte, error) {
	dir := filepath.Join(r.tmp, "docs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	tool := filepath.Join(r.tmp, "watchdogctl-here")
	if err := r.golang(nil, append(append([]string{"build"}, r.flags()...), "-o", tool, "./cmd/watchdogctl")...); err != nil {
		return nil, err
	}
	if out, err := exec.Command(tool, "gen-docs", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("generating the documents: %w\n%s", err, out)
	}
	docs := map[string][]byte{}
	for _, path := range []string{
		filepath.Join(dir, "watchdogctl.1"), filepath.Join(dir, "backup-watchdog.5"), filepath.Join(dir, "watchdogctl.bash"), filepath.Join(dir, "_watchdogctl"), filepath.Join(dir, "watchdogctl.fish"),
		filepath.Join(r.root, "packaging/man/watchdogd.1"),
	} {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		docs[filepath.Base(path)] = data
	}
	return docs, nil
}

// universal signs every slice of a program and joins them. It also returns the
// code directory hash of each.
func (b *built) universal(program string, s macho.Signing) (fat []byte, hashes [][]byte, err error) {
	var slices [][]byte
	for _, arch := range macArches {
		signed, err := macho.Sign(b.mac[arch][program], s)
		if err != nil {
			return nil, nil, fmt.Errorf("signing %s for %s: %w", program, arch, err)
		}
		hash, err := macho.CDHash(signed)
		if err != nil {
			return nil, nil, err
		}
		slices, hashes = append(slices, signed), append(hashes, hash)
	}
	fat, err = macho.Fat(slices...)
	return fat, hashes, err
}

// describe is the version git knows: from the last tag, or else the commit.
func describe(root string) (string, error) {
	if out, err := git(root, "describe", "--tags", "--match", "v[0-9]*"); err == nil {
		return strings.TrimPrefix(out, "v"), nil
	}
	if out, err := git(root, "rev-parse", "--short=12", "HEAD"); err == nil {
		return out, nil
	}
	return "", fmt.Errorf("the version is not known: give -version, or set VERSION")
}

// epoch is the time every file bears: SOURCE_DATE_EPOCH, else the commit's.
func epoch(root string) (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		text, _ = git(root, "log", "-1", "--format=%ct")
	}
	if text == "" {
		text = "1767225600" // 2026-01-01: a source tree without git
	}
	sec, err := strconv.ParseInt(text, 10, 64)
	if err != nil || sec < 0 {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is no number of seconds: %q", text)
	}
	return time.Unix(sec, 0).UTC(), nil
}

// git runs one git command and returns its line.
func git(root string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = root
	out, err := cmd.Output()
	return string(bytes.TrimSpace(out)), err
}
