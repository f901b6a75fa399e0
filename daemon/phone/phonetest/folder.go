package phonetest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folder is a computer's end without a client: it does to a folder what
// idevicebackup2 does, in the same steps. A file gets its final name at once,
// an old one is unlinked first, nothing is synced.
type folder struct {
	root string

	// direct leaves Snapshot out: what would be renamed from there goes to
	// its place at once. Only the result is right then, and it comes much
	// faster.
	direct bool
}

// path is where a name lies.
func (d folder) path(name string) string {
	if d.direct {
		name = strings.Replace(name, "/Snapshot/", "/", 1)
	}
	return filepath.Join(d.root, filepath.FromSlash(name))
}

func (d folder) list(dir string) (map[string]int64, error) {
	entries, err := os.ReadDir(d.path(dir))
	if err != nil {
		return nil, nil // a folder that cannot be listed counts as empty, as with idevicebackup2
	}
	sizes := map[string]int64{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		sizes[e.Name()] = info.Size()
		if e.IsDir() {
			sizes[e.Name()] = -1
		}
	}
	return sizes, nil
}

func (d folder) fetch(name string) ([]byte, error) {
	data, err := os.ReadFile(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

func (d folder) mkdir(dir string) error {
	if os.MkdirAll(d.path(dir), 0o755) != nil {
		return newError(102)
	}
	return nil
}

func (d folder) upload(b batch) error {
	for _, f := range b.files {
		err := b.begin()
		if err == nil {
			err = d.receive(f, b.pace)
		}
		b.end(f, err)
		if err != nil {
			return err
		}
	}
	return nil
}

// receive writes one file, piece by piece.
func (d folder) receive(f outgoing, pace func(int) error) error {
	src, err := f.open()
	if err != nil {
		return err
	}
	defer src.Close()
	if !d.direct {
		os.Remove(d.path(f.name))
	}
	dst, err := os.Create(d.path(f.name))
	if err != nil {
		return newError(104)
	}
	defer dst.Close()
	piece := make([]byte, min(f.size, pieceSize))
	for left := f.size; left > 0; left -= int64(len(piece)) {
		piece = piece[:min(left, pieceSize)]
		if err := pace(len(piece)); err != nil {
			return err
		}
		if _, err := io.ReadFull(src, piece); err != nil {
			return err
		}
		if _, err := dst.Write(piece); err != nil {
			return newError(104)
		}
	}
	if f.size == 0 {
		return pace(0)
	}
	return nil
}

func (d folder) move(pairs map[string]string, _ float64) error {
	if d.direct {
		return nil
	}
	for from, to := range pairs {
		os.Remove(d.path(to))
		if os.Rename(d.path(from), d.path(to)) != nil {
			return newError(104)
		}
	}
	return nil
}

func (d folder) remove(names []string, _ float64) error {
	for _, name := range names {
		if os.RemoveAll(d.path(name)) != nil {
			return newError(104)
		}
	}
	return nil
}

// space does not ask the disk: a test that writes to a folder wants the
// backup, whatever the machine.
func (d folder) space() (int64, error) { return 1 << 50, nil }

func (d folder) purge(int64) error { return nil }

func (d folder) flush() error { return nil }

func (d folder) watch(ctx context.Context) (context.Context, func()) { return ctx, func() {} }

func (d folder) done(int, string) error { return nil }
