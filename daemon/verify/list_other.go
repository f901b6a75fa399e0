//go:build unix && !(linux && amd64)

package verify

import (
	"context"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// A lister lists folders. See list_linux_amd64.go for the one that is tuned.
type lister struct{ stat unix.Stat_t }

// list calls visit for every name in the open folder fd, with size and time
// stamp of regular files (never following a link). Names that vanish meanwhile
// are left out.
func (l *lister) list(ctx context.Context, fd int, visit func(name []byte, f found)) error {
	own, err := unix.Dup(fd)
	if err != nil {
		return err
	}
	unix.CloseOnExec(own)
	dir := os.NewFile(uintptr(own), ".")
	defer dir.Close()
	for {
		entries, err := dir.ReadDir(1024)
		for _, e := range entries {
			if f, ok := l.look(fd, e.Type(), e.Name()); ok {
				visit([]byte(e.Name()), f)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// look stats one name unless its entry already says that it is no regular file.
func (l *lister) look(fd int, kind fs.FileMode, name string) (f found, ok bool) {
	if kind.IsDir() {
		return found{size: isFolder}, true
	}
	if !kind.IsRegular() {
		return found{size: isIrregular}, true
	}
	if err := unix.Fstatat(fd, name, &l.stat, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return f, false
	}
	return foundOf(&l.stat), true
}
