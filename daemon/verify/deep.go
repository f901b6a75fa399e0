package verify

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/sha1"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// job is one file whose content is to be read.
type job struct {
	row    *row
	size   int64 // plain bytes; -1 unknown
	digest [20]byte
	key    [44]byte
	proves bool // digest is set
	sealed bool // key is set
}

// readContents reads every listed file that passed so far, and compares it with
// what its row says: the SHA-1 where the phone gives one, and in an opened
// encrypted backup that it decrypts to its size and a right padding. Files
// without a digest are read too, since a failing disk shows only then.
func (k *checker) readContents(ctx context.Context) error {
	k.meter.begin(StageContents, k.res.Bytes)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	jobs := make(chan []job, 4)
	var proved, wrong atomic.Int64
	var wg sync.WaitGroup
	for range k.o.Workers {
		wg.Go(func() {
			k.o.Begin()
			r := newContentReader(k)
			for batch := range jobs {
				for i := range batch {
					if err := r.check(ctx, &batch[i], &proved, &wrong); err != nil {
						cancel(err)
						return
					}
				}
			}
		})
	}
	err := k.sendJobs(ctx, jobs)
	close(jobs)
	wg.Wait()
	k.res.WrongContent, k.res.DeepFiles = wrong.Load(), proved.Load()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return k.indexTrouble(ctx, err)
}

// sendJobs goes through the index once more; it gives each row to one worker.
func (k *checker) sendJobs(ctx context.Context, jobs chan<- []job) error {
	var seen [256]int
	var batch []job
	send := func() error {
		select {
		case jobs <- batch:
			batch = nil
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := k.idx.read(ctx, want{file: true}, func(l *listing) error {
		id, ok := parseID(l.id)
		if !ok {
			return nil
		}
		s, i := &k.scan.shards[id[0]], seen[id[0]]
		seen[id[0]]++
		if i >= s.n || s.at(i).id != id || s.at(i).state != rowOK {
			return nil
		}
		j := job{row: s.at(i), size: l.file.Size, proves: l.file.Digest != nil, sealed: l.file.EncryptionKey != nil}
		copy(j.digest[:], l.file.Digest)
		copy(j.key[:], l.file.EncryptionKey)
		if batch = append(batch, j); len(batch) == 64 {
			return send()
		}
		return nil
	})
	if err == nil && len(batch) > 0 {
		err = send()
	}
	return err
}

// contentReader is the buffers of one worker.
type contentReader struct {
	*checker
	buf []byte
	sha hash.Hash
}

func newContentReader(k *checker) *contentReader {
	return &contentReader{checker: k, buf: make([]byte, 256<<10), sha: sha1.New()}
}

// check reads one file and marks its row when the content is wrong.
func (c *contentReader) check(ctx context.Context, j *job, proved, wrong *atomic.Int64) error {
	ok, sure, err := c.read(ctx, j)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, fs.ErrPermission):
		return err
	case err != nil, !ok: // an I/O error is damage: no restore gets past it
		j.row.state = rowWrongContent
		wrong.Add(1)
	case sure:
		proved.Add(1)
	}
	return nil
}

// read reports whether the content is right, and whether that is proved.
func (c *contentReader) read(ctx context.Context, j *job) (ok, sure bool, err error) {
	f, err := c.open(j.row.id)
	if err != nil {
		return false, false, err
	}
	defer f.Close()
	if j.sealed && c.keys != nil {
		ok, err = c.readSealed(ctx, f, j)
		return ok, true, err
	}
	sum := j.proves && !j.sealed
	n, err := c.pass(ctx, f, func(b []byte) {
		if sum {
			c.sha.Write(b)
		}
	})
	if err != nil || j.row.size >= 0 && n != j.row.size {
		return false, false, err
	}
	return !sum || c.sum() == j.digest, sum, nil
}

// pass reads a file from its beginning and gives each part to use.
func (c *contentReader) pass(ctx context.Context, f *os.File, use func([]byte)) (n int64, err error) {
	c.sha.Reset()
	for {
		m, err := f.ReadAt(c.buf, n)
		use(c.buf[:m])
		n += int64(m)
		c.meter.add(int64(m))
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if ctx.Err() != nil {
			return n, context.Cause(ctx)
		}
	}
}

func (c *contentReader) sum() (d [20]byte) {
	c.sha.Sum(d[:0])
	return d
}

// readSealed decrypts a file under its own key. The digest is compared with
// the plain content and, where that differs, with what lies on disk: which of
// the two a phone means in an encrypted backup is not written down anywhere.
func (c *contentReader) readSealed(ctx context.Context, f *os.File, j *job) (ok bool, err error) {
	block, err := c.keys.fileCipher(j.key[:])
	if err != nil {
		return false, nil // a key that its class does not open is damage of the row
	}
	cbc := cipher.NewCBCDecrypter(block, make([]byte, 16))
	var last [16]byte // held back: it may be padding
	held := false
	n, err := c.pass(ctx, f, func(b []byte) {
		if len(b)%16 != 0 {
			b = b[:len(b)-len(b)%16]
		}
		if len(b) == 0 {
			return
		}
		cbc.CryptBlocks(b, b)
		if held {
			c.sha.Write(last[:])
		}
		copy(last[:], b[len(b)-16:])
		c.sha.Write(b[:len(b)-16])
		held = true
	})
	if err != nil || !held || n%16 != 0 {
		return false, err
	}
	pad := int(last[15])
	if pad < 1 || pad > 16 || !bytes.Equal(last[16-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) || j.size >= 0 && n-int64(pad) != j.size {
		return false, nil
	}
	c.sha.Write(last[:16-pad])
	if !j.proves || c.sum() == j.digest {
		return true, nil
	}
	_, err = c.pass(ctx, f, func(b []byte) { c.sha.Write(b) })
	return c.sum() == j.digest, err
}

// open opens a file of the payload: regular, no link followed, never waiting.
func (c *contentReader) open(id fileID) (*os.File, error) {
	name := id.String()
	fd, err := -1, error(unix.ENOENT)
	for _, path := range []string{name[:2] + "/" + name, name} {
		fd, err = unix.Openat(c.scan.sources[0], path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err == nil || !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENOTDIR) {
			break
		}
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	f := os.NewFile(uintptr(fd), name)
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
