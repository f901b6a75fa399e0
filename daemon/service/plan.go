package service

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// ErrBroken marks a service file that exists and says nothing usable: a half
// made installation.
var ErrBroken = errors.New("the service file is empty or damaged")

// A Plan is everything an installation consists of.
type Plan struct {
	// Folders are made first, for this user alone where they are new.
	Folders []string `json:"folders"`
	Files   []File   `json:"files"`
	Links   []Link   `json:"links,omitempty"`
	// Commands run last, in this order. Those that only tidy up may fail.
	Commands [][]string `json:"commands"`
}

// File is one file of a plan.
type File struct {
	Path string `json:"path"`
	Mode string `json:"mode"` // octal, "0644"
	// Content is the text. A program or a picture is not shown: Source then says
	// which file it is a copy of, or what makes it.
	Content string `json:"content"`
	Source  string `json:"source,omitempty"`

	make func() []byte // of a file that is made here and is no text
	copy bool          // Source is a file to copy
}

// Link is a symbolic link of a plan.
type Link struct {
	Path   string `json:"path"`
	Target string `json:"target"`
}

// Plan renders the whole installation without touching anything.
func (m *Manager) Plan() (Plan, error) {
	m = m.inherit()
	e, err := m.engine()
	if err != nil {
		return Plan{}, err
	}
	svc, err := e.file()
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Commands: e.commands()}
	if svc.Path != m.vendorUnit() {
		p.Files = append(p.Files, svc)
	}
	if m.Target == Darwin {
		files, err := m.bundleFiles()
		if err != nil {
			return Plan{}, err
		}
		p.Files = append(p.Files, files...)
		p.Folders = append(p.Folders, m.logDir())
		p.Links = []Link{{m.linkPath(), filepath.Join(m.bin(), Control)}}
	} else if !m.inPlace() && m.Source != m.bin() {
		p.Files = append(p.Files, m.programs()...)
	}
	for _, f := range p.Files {
		p.Folders = append(p.Folders, filepath.Dir(f.Path))
	}
	for _, l := range p.Links {
		p.Folders = append(p.Folders, filepath.Dir(l.Path))
	}
	slices.Sort(p.Folders)
	p.Folders = slices.Compact(p.Folders)
	return p, nil
}

// programs are both programs, copied into the folder they are installed to.
func (m *Manager) programs() []File {
	var files []File
	for _, name := range []string{Daemon, Control} {
		files = append(files, File{Path: filepath.Join(m.bin(), name), Mode: "0755", Source: filepath.Join(m.Source, name), copy: true})
	}
	return files
}

// bytes is what the file is to contain.
func (f File) bytes() ([]byte, error) {
	switch {
	case f.copy:
		return readProgram(f.Source)
	case f.make != nil:
		return f.make(), nil
	}
	return []byte(f.Content), nil
}

// mode is Mode as a number; a plan's modes are ours and always valid.
func (f File) mode() fs.FileMode {
	var n uint32
	fmt.Sscanf(f.Mode, "%o", &n)
	return fs.FileMode(cmp.Or(n, 0o644))
}

// readProgram reads a program that is to be copied. The programs are a few
// megabytes; a larger file is not one of them.
func readProgram(path string) ([]byte, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, problem(err, "keep watchdogd and watchdogctl together in one folder, and run that watchdogctl", "a part of the programs is missing")
	}
	if !fi.Mode().IsRegular() || fi.Size() > maxProgram {
		return nil, problem(nil, "", "%s is not one of our programs", path)
	}
	return os.ReadFile(path)
}

// pending is the part of the plan the disk does not agree with yet. What is
// right already is not touched, so its times stay.
func (p Plan) pending() (Plan, error) {
	todo := Plan{Folders: p.Folders}
	for _, f := range p.Files {
		same, err := f.inPlace()
		if err != nil {
			return todo, err
		}
		if !same {
			todo.Files = append(todo.Files, f)
		}
	}
	for _, l := range p.Links {
		if have, err := os.Readlink(l.Path); err != nil || have != l.Target {
			todo.Links = append(todo.Links, l)
		}
	}
	return todo, nil
}

// apply writes everything in the plan, and says what it wrote as far as it came.
func (p Plan) apply(r *Report) error {
	for _, f := range p.Files {
		data, err := f.bytes()
		if err != nil {
			return err
		}
		if err := writeAtomic(f.Path, data, f.mode()); err != nil {
			return problem(err, "check the free space and who owns the folder", "writing %s", f.Path)
		}
		r.did("wrote " + f.Path)
	}
	for _, l := range p.Links {
		if err := l.make(); err != nil {
			return err
		}
		r.did("wrote " + l.Path)
	}
	return nil
}

// folders makes the plan's folders.
func (p Plan) folders() error {
	for _, d := range p.Folders {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return problem(err, "check who owns the folder above it", "making a folder")
		}
	}
	return nil
}

// inPlace reports whether the disk has the file as it should be.
func (f File) inPlace() (bool, error) {
	want, err := f.bytes()
	if err != nil {
		return false, err
	}
	fi, err := os.Lstat(f.Path)
	if err != nil || !fi.Mode().IsRegular() || fi.Mode().Perm() != f.mode() || fi.Size() != int64(len(want)) {
		return false, nil
	}
	have, err := os.ReadFile(f.Path)
	return err == nil && bytes.Equal(have, want), nil
}

// writeAtomic writes beside the file and renames over it: a running program
// keeps its old file, and a crash leaves the old one or the new one. A folder
// that stands in the way is an error; a link is replaced, not followed.
func writeAtomic(path string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after the rename there is nothing left to remove
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// tempPrefix begins the names of files that are being written. A crash may
// leave one; the next installation removes it.
const tempPrefix = ".backup-watchdog-"

// make makes the link. A regular file of that name is somebody else's and stays.
func (l Link) make() error {
	if have, err := os.Readlink(l.Path); err == nil {
		if filepath.Base(have) != Control {
			return problem(nil, "move it away and run the installation again", "%s is a link to something else", l.Path)
		}
		if err := os.Remove(l.Path); err != nil {
			return problem(err, "check who owns the folder", "replacing the link %s", l.Path)
		}
	}
	if err := os.Symlink(l.Target, l.Path); err != nil {
		return problem(err, "move what is there away and run the installation again", "linking %s", Control)
	}
	return nil
}

// sweep removes temporary files a crash has left in the plan's folders.
func (p Plan) sweep() {
	for _, d := range p.Folders {
		left, _ := filepath.Glob(filepath.Join(globQuote(d), tempPrefix+"*"))
		for _, f := range left {
			os.Remove(f)
		}
	}
}

// globQuote makes a path mean itself in a pattern.
func globQuote(s string) string {
	var b []rune
	for _, r := range s {
		if r == '*' || r == '?' || r == '[' || r == '\\' {
			b = append(b, '\\')
		}
		b = append(b, r)
	}
	return string(b)
}
