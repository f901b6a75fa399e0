package watch

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// stat is what is used of a stat structure, the same on every system.
type stat struct {
	dev, ino uint64
	mode     uint32
	size     int64
	mtime    int64 // nanoseconds since 1970
	ctime    int64
}

func (s stat) isDir() bool     { return s.mode&unix.S_IFMT == unix.S_IFDIR }
func (s stat) isRegular() bool { return s.mode&unix.S_IFMT == unix.S_IFREG }
func (s stat) isLink() bool    { return s.mode&unix.S_IFMT == unix.S_IFLNK }

// thing names what is no regular file.
func (s stat) thing() string {
	switch s.mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return "a folder"
	case unix.S_IFIFO:
		return "a pipe"
	case unix.S_IFSOCK:
		return "a socket"
	case unix.S_IFCHR, unix.S_IFBLK:
		return "a device"
	}
	return "something else"
}

// statAt looks at name below the open folder dir, without following a link.
func statAt(dir int, name string) (stat, error) {
	var st unix.Stat_t
	for {
		err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW)
		if err == nil {
			return convert(&st), nil
		}
		if err != unix.EINTR {
			return stat{}, err
		}
	}
}

// statPath looks at path and follows links.
func statPath(path string) (stat, error) {
	var st unix.Stat_t
	for {
		err := unix.Stat(path, &st)
		if err == nil {
			return convert(&st), nil
		}
		if err != unix.EINTR {
			return stat{}, err
		}
	}
}

// statOpen looks at an open folder.
func statOpen(fd int) (stat, error) {
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	return convert(&st), err
}

func convert(st *unix.Stat_t) stat {
	return stat{
		dev: uint64(st.Dev), ino: st.Ino, mode: uint32(st.Mode), size: st.Size,
		mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano(),
	}
}

// openDir opens a folder below the open folder dir for listing. A link as the
// last part of name is refused.
func openDir(dir int, name string) (*os.File, error) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK
	for {
		fd, err := unix.Openat(dir, name, flags, 0)
		if err == nil {
			return os.NewFile(uintptr(fd), name), nil
		}
		if err != unix.EINTR {
			return nil, err
		}
	}
}

// isAbsent reports whether err says that there is no such name.
func isAbsent(err error) bool {
	return errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR)
}

// isDenied reports whether err is a refusal: EACCES by the rights of the file
// system, EPERM by macOS's privacy protection.
func isDenied(err error) bool {
	return errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM)
}

// cwd stands for "a path is complete by itself" where a system call takes an
// open folder and a name.
const cwd = unix.AT_FDCWD
