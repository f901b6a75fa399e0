package verify

import (
	"bytes"
	"context"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A lister lists folders with buffers it uses again. The names are stated where
// the kernel put them, so a folder of thousands costs no allocation.
type lister struct {
	dirents [64 << 10]byte
	stat    unix.Stat_t
}

// list calls visit for every name in the open folder fd, with size and time
// stamp of regular files (never following a link). name is only valid during
// the call. Names that vanish meanwhile are left out.
func (l *lister) list(ctx context.Context, fd int, visit func(name []byte, f found)) error {
	for {
		n, err := unix.Getdents(fd, l.dirents[:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for b := l.dirents[:n]; len(b) > 0; {
			d := (*unix.Dirent)(unsafe.Pointer(&b[0]))
			name := b[unsafe.Offsetof(d.Name):d.Reclen]
			if end := bytes.IndexByte(name, 0); end >= 0 {
				name = name[:end]
			}
			if d.Ino != 0 && !isDot(name) {
				if f, ok := l.look(fd, d.Type, name); ok {
					visit(name, f)
				}
			}
			b = b[d.Reclen:]
		}
	}
}

// look stats one name unless its entry already says that it is no regular file.
func (l *lister) look(fd int, kind uint8, name []byte) (f found, ok bool) {
	if kind == unix.DT_DIR {
		return found{size: isFolder}, true
	}
	if kind != unix.DT_REG && kind != unix.DT_UNKNOWN {
		return found{size: isIrregular}, true
	}
	for {
		_, _, errno := unix.Syscall6(unix.SYS_NEWFSTATAT, uintptr(fd), uintptr(unsafe.Pointer(&name[0])),
			uintptr(unsafe.Pointer(&l.stat)), unix.AT_SYMLINK_NOFOLLOW, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return f, false
		}
		return foundOf(&l.stat), true
	}
}
