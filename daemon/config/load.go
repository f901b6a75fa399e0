package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// MaxSize is how large a configuration file may be, bytes.
const MaxSize = 1 << 20

// Flags is what the command line says; it overrides everything else.
type Flags struct {
	// File is --config: read instead of the usual file, and it must exist.
	File string
	// Roots is --root, as often as it was given; relative paths are taken from
	// the working folder. They replace all configured roots.
	Roots []string
}

// Origins says for each key where its value comes from: "default",
// "PATH:LINE", the name of a variable, or a flag.
type Origins map[string]string

// OriginDefault is the origin of a value nobody set.
const OriginDefault = "default"

// Problem is one thing wrong with the configuration.
type Problem struct {
	// Where is "PATH:LINE", or the variable or flag that holds the value.
	Where string
	Key   string // dotted; "" when the whole file is meant
	What  string
}

func (p Problem) String() string {
	if p.Key == "" {
		return p.Where + ": " + p.What
	}
	return p.Where + ": " + p.Key + ": " + p.What
}

// Invalid is a configuration that was understood and is wrong: wrong usage,
// exit code 2. It holds every problem, in the order of the file.
type Invalid struct{ Problems []Problem }

// Error has one line for each problem.
func (e *Invalid) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Hint is what to do next.
func (e *Invalid) Hint() string {
	return "correct it there, then `watchdogctl config check`; `watchdogctl config show` lists every key and its value"
}

// Unreadable is a configuration file that is there and cannot be read, or was
// asked for and is not there.
type Unreadable struct {
	Path string
	Err  error
}

func (e *Unreadable) Error() string { return e.Path + ": " + reason(e.Err) }
func (e *Unreadable) Unwrap() error { return e.Err }

// Hint is what to do next.
func (e *Unreadable) Hint() string {
	switch {
	case errors.Is(e.Err, fs.ErrNotExist):
		return "`watchdogctl config path` says where the file is looked for; without one, the defaults apply"
	case errors.Is(e.Err, fs.ErrPermission):
		return "make the file readable for you: `chmod u+r`"
	}
	return "the configuration is a text file of at most 1 MiB"
}

// reason strips the operation and the path from err, which are said elsewhere.
func reason(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

// Load returns what is in force: the defaults, over them the file at path
// (which need not exist), over it the environment (as of os.Environ), over it
// the flags. HOME in the environment is what "~" stands for. The error is an
// *Invalid or an *Unreadable; the Config then holds the values that were good.
func Load(path string, environ []string, flags Flags) (Config, Origins, error) {
	l := loader{config: Default(), origins: Origins{}, all: settings(), home: lookup(environ, "HOME")}
	for _, s := range l.all {
		l.origins[s.key] = OriginDefault
	}
	if flags.File != "" {
		path = Expand(flags.File, l.home)
	}
	data, err := read(path)
	if errors.Is(err, fs.ErrNotExist) && flags.File == "" {
		err = nil
	}
	if err != nil {
		return l.config, l.origins, &Unreadable{path, err}
	}
	l.file(path, data)
	l.environment(environ)
	l.flags(flags)
	if len(l.problems) > 0 {
		return l.config, l.origins, &Invalid{l.problems}
	}
	return l.config, l.origins, nil
}

// loader gathers values and problems.
type loader struct {
	config   Config
	origins  Origins
	problems []Problem
	all      []setting
	home     string
}

// apply gives one value to one setting.
func (l *loader) apply(s setting, v any, where string) {
	if err := s.set(&l.config, v, l.home); err != nil {
		l.problem(where, s.key, err.Error())
		return
	}
	l.origins[s.key] = where
}

// maxProblems bounds how many problems of one configuration are told.
const maxProblems = 50

func (l *loader) problem(where, key, what string) {
	if len(l.problems) < maxProblems {
		l.problems = append(l.problems, Problem{where, key, what})
	}
}

// environment applies the variables of known keys and ignores all others. An
// empty variable sets a text to nothing and says nothing about other kinds.
func (l *loader) environment(environ []string) {
	for _, s := range l.all {
		v, ok := find(environ, s.env())
		if !ok {
			continue
		}
		if _, isText := s.get(l.config).(string); v == "" && !(isText && s.set(&Config{}, text(""), l.home) == nil) {
			continue
		}
		l.apply(s, text(v), s.env())
	}
}

// flags applies --root.
func (l *loader) flags(f Flags) {
	if len(f.Roots) == 0 {
		return
	}
	var list []any
	for _, r := range f.Roots {
		path := Expand(r, l.home)
		if abs, err := filepath.Abs(path); err == nil && path != "" {
			path = abs
		}
		list = append(list, path)
	}
	l.apply(l.all[0], list, "--root")
}

// lookup returns the value of a variable, "" when it is not set.
func lookup(environ []string, name string) string {
	v, _ := find(environ, name)
	return v
}

// find returns the last value of a variable, as the system itself would.
func find(environ []string, name string) (value string, ok bool) {
	for _, e := range environ {
		if k, v, cut := strings.Cut(e, "="); cut && k == name {
			value, ok = v, true
		}
	}
	return value, ok
}

// read returns the bytes of a regular file of at most MaxSize. It never waits:
// a pipe or a device under that name is refused, not read.
func read(path string) ([]byte, error) {
	if path == "" {
		return nil, fs.ErrNotExist
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxSize {
		return nil, fmt.Errorf("is larger than %d bytes", MaxSize)
	}
	return data, nil
}
