//go:build unix

package service

import "golang.org/x/sys/unix"

// access reports whether this user may write in dir, by the system's own word.
func access(dir string) bool { return unix.Access(dir, unix.W_OK) == nil }
