package verify

import (
	"context"
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// found is what stands under a name: the size of a regular file, or one of the
// two negative marks.
type found struct {
	size  int64
	mtime uint32 // unix seconds
}

const (
	isFolder    = -1
	isIrregular = -2 // link, pipe, device, socket: never opened
)

// foundOf reads a stat. A folder or a device can show only here where the
// file system does not name kinds in its entries.
func foundOf(st *unix.Stat_t) found {
	switch uint32(st.Mode) & unix.S_IFMT {
	case unix.S_IFREG:
		return found{st.Size, uint32(st.Mtim.Sec)}
	case unix.S_IFDIR:
		return found{size: isFolder}
	}
	return found{size: isIrregular}
}

func isDot(name []byte) bool {
	return len(name) > 0 && name[0] == '.' && (len(name) == 1 || len(name) == 2 && name[1] == '.')
}

// openFolder opens a folder below dirfd for listing, without following a link.
// ok is false when no folder of that name is there.
func openFolder(dirfd int, name string) (fd int, ok bool, err error) {
	for {
		fd, err = unix.Openat(dirfd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		switch {
		case err == nil:
			return fd, true, nil
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
			return -1, false, nil
		}
		return -1, false, &fs.PathError{Op: "open", Path: name, Err: err}
	}
}

// listFolder opens, lists and closes a folder below dirfd.
func (l *lister) listFolder(ctx context.Context, dirfd int, name string, visit func(name []byte, f found)) (ok bool, err error) {
	fd, ok, err := openFolder(dirfd, name)
	if !ok {
		return false, err
	}
	defer unix.Close(fd)
	if err := l.list(ctx, fd, visit); err != nil {
		if ctx.Err() != nil {
			return true, err
		}
		return true, &fs.PathError{Op: "list", Path: name, Err: err}
	}
	return true, nil
}
