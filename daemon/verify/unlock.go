package verify

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"backupwatchdog/daemon/words"
	"backupwatchdog/plist"
)

// tempPrefix begins the names of decrypted indexes, so that those a crash left
// behind can be found.
const tempPrefix = "backup-watchdog-index-"

// unlock opens an encrypted backup with the password: the key bag, then the
// index, which is decrypted into a file of this user alone, outside the backup,
// that lives as long as the check.
func (k *checker) unlock(ctx context.Context) error {
	SweepTemp(k.o.TempDir)
	if err := k.openKeys(ctx); err != nil || k.keys == nil {
		return err
	}
	block, err := k.keys.fileCipher(k.manifest.ManifestKey)
	if err != nil {
		k.keyTrouble(&errIndex{words.IndexKey(err.Error())})
		return nil
	}
	plain, err := k.decryptIndex(ctx, block)
	if err == nil {
		k.idx, err = openPlain(ctx, plain)
	}
	return k.indexTrouble(ctx, err)
}

// openKeys opens the key bag; a damaged one is in the result, and k.keys nil.
func (k *checker) openKeys(ctx context.Context) error {
	bag, err := parseKeybag(k.manifest.BackupKeyBag)
	if err != nil {
		k.keyTrouble(err)
		return nil
	}
	k.keys, err = bag.open(ctx, k.o.Password, k.meter)
	return err
}

func (k *checker) keyTrouble(err error) {
	k.trouble("Manifest.plist", err, ManifestPlistMissing, ManifestPlistUnreadable)
}

// tempDir is where the decrypted index may stand: never inside the backup.
func (k *checker) tempDir() string {
	dir := k.o.TempDir
	if dir == "" {
		dir = os.TempDir()
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil && (real == k.dir || strings.HasPrefix(real, k.dir+string(filepath.Separator))) {
		return os.TempDir()
	}
	return dir
}

// decryptIndex writes the plain index to a locked file of mode 0600.
func (k *checker) decryptIndex(ctx context.Context, block cipher.Block) (f *os.File, err error) {
	in, _, err := plist.OpenRegular(k.index.path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if f, err = lockedTemp(k.tempDir()); err != nil {
		return nil, fmt.Errorf("decrypting the index: %w", err)
	}
	if err = decryptTo(ctx, f, in, block); err != nil {
		discard(f)
		return nil, err
	}
	return f, nil
}

// lockedTemp makes a file whose lock says that a living process uses it. Until
// it is locked another process may sweep it away; then the next one serves.
func lockedTemp(dir string) (*os.File, error) {
	for range 10 {
		f, err := os.CreateTemp(dir, tempPrefix+"*.db")
		if err != nil {
			return nil, err
		}
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		named, lerr := os.Lstat(f.Name())
		own, serr := f.Stat()
		if err == nil && lerr == nil && serr == nil && os.SameFile(named, own) {
			return f, nil
		}
		f.Close()
	}
	return nil, errors.New("a temporary file cannot be kept")
}

func discard(f *os.File) {
	os.Remove(f.Name())
	f.Close()
}

// decryptTo is AES-CBC with an IV of zeros; the padding is taken off.
func decryptTo(ctx context.Context, out io.Writer, in io.Reader, block cipher.Block) error {
	cbc := cipher.NewCBCDecrypter(block, make([]byte, 16))
	buf := make([]byte, 1<<20)
	var held []byte // the last block, which may be padding
	for first := true; ; first = false {
		n, err := io.ReadFull(in, buf)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return fmt.Errorf("reading the index: %w", err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		b := buf[:n-n%16]
		cbc.CryptBlocks(b, b)
		if first && (len(b) < 16 || string(b[:16]) != "SQLite format 3\x00") {
			return &errIndex{words.IndexNoPlain}
		}
		if len(b) > 0 {
			if _, err := out.Write(held); err != nil {
				return fmt.Errorf("decrypting the index: %w", err)
			}
			if _, err := out.Write(b[:len(b)-16]); err != nil {
				return fmt.Errorf("decrypting the index: %w", err)
			}
			held = append(held[:0], b[len(b)-16:]...)
		}
		if err != nil {
			break
		}
	}
	pad := int(held[15])
	if pad < 1 || pad > 16 {
		pad = 0 // some tools leave none
	}
	_, err := out.Write(held[:16-pad])
	return err
}

// plainIndex is a decrypted index; closing it removes its file.
type plainIndex struct {
	*sqliteIndex
	file *os.File
}

func openPlain(ctx context.Context, f *os.File) (index, error) {
	x, err := openSQLite(ctx, f.Name())
	if err != nil {
		discard(f)
		return nil, err
	}
	return &plainIndex{x, f}, nil
}

func (x *plainIndex) close() {
	x.sqliteIndex.close()
	discard(x.file)
}

// SweepTemp removes decrypted indexes that a crash left in dir ("" is the
// system's folder for temporary files). One that a living check holds is locked
// and stays.
func SweepTemp(dir string) {
	if dir == "" {
		dir = os.TempDir()
	}
	left, _ := filepath.Glob(filepath.Join(globSafe(dir), tempPrefix+"*.db"))
	for _, path := range left {
		f, _, err := plist.OpenRegular(path)
		if err != nil {
			continue
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			os.Remove(path)
		}
		f.Close()
	}
}

// globSafe escapes what Glob would take for a pattern.
func globSafe(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}
