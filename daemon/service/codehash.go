package service

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// maxProgram bounds a program that is hashed or copied: both of ours are well
// under 64 MiB.
const maxProgram = 256 << 20

// CodeHash returns the SHA-256 of a program's file in hexadecimal: what tells
// whether the file was replaced since a process started from it, and whether an
// update came between a grant and its loss.
func CodeHash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() || fi.Size() > maxProgram {
		return "", fmt.Errorf("%s is not one of our programs: %w", path, os.ErrInvalid)
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, maxProgram)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
