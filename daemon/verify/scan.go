package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A scan compares the files of a backup with the rows of its index. One
// goroutine reads rows; the others list and stat shard after shard, and whoever
// is done helps. A shard that is listed before all rows are read waits, as 32
// bytes a file; the rest is joined at once and forgotten. So both halves of the
// work overlap, nothing is sorted, and memory is 32 bytes a row and little else.
type scan struct {
	sources   []int        // open folders that hold shards: the backup, perhaps its Snapshot
	flat      [256][]entry // files beside the shards, by first byte (before iOS 10)
	shards    [256]shard
	encrypted bool // sizes on disk must be multiples of 16
	indexed   bool // there are rows to compare with
	inventory bool // collect records
	progress  *meter
	begin     func() // first on every goroutine

	listed, joined atomic.Int32
	waiting        [256][]entry
	rowsRead       chan struct{}
	records        [256][]record
	suspects       suspects
	sum            tally
	mu             sync.Mutex // sum
}

// tally is what was counted. Sizes are those on disk.
type tally struct {
	present, bytes, missing, irregular, wrongSize, extra int64
	payload                                              int64 // files with a name a phone gives
}

func (t *tally) add(o tally) {
	t.present += o.present
	t.bytes += o.bytes
	t.missing += o.missing
	t.irregular += o.irregular
	t.wrongSize += o.wrongSize
	t.extra += o.extra
	t.payload += o.payload
}

// suspects are files that are wrong without any index to say so: the content of
// an encrypted backup whose size no encryption makes.
type suspects struct {
	mu   sync.Mutex
	list []suspect
}

type suspect struct {
	id   fileID
	size int64 // or isFolder, isIrregular
}

func (s *suspects) note(id fileID, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) < maxProblems {
		s.list = append(s.list, suspect{id, size})
	}
}

// run carries the scan out on n goroutines, with one on the caller's own. rows
// fills s.shards; it may be nil.
func (s *scan) run(ctx context.Context, n int, rows func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.rowsRead = make(chan struct{})
	if n <= 1 {
		s.begin()
		return s.work(ctx, true, rows)
	}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			s.begin()
			errs[i] = s.work(ctx, i == 0, rows)
			if errs[i] != nil {
				cancel(errs[i])
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return errors.Join(errs...)
}

// work is one goroutine: the reader first reads all rows, then all list, then
// all join what had to wait.
func (s *scan) work(ctx context.Context, reader bool, rows func(context.Context) error) error {
	if reader {
		if rows != nil {
			if err := rows(ctx); err != nil {
				return err
			}
		}
		close(s.rowsRead)
	}
	w := &worker{scan: s, match: newMatcher()}
	for i := int(s.listed.Add(1) - 1); i < 256; i = int(s.listed.Add(1) - 1) {
		if err := w.list(ctx, i); err != nil {
			return err
		}
		select {
		case <-s.rowsRead:
			w.join(i, w.entries)
		default:
			s.waiting[i] = slices.Clone(w.entries)
		}
	}
	select {
	case <-s.rowsRead:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for i := int(s.joined.Add(1) - 1); i < 256 && ctx.Err() == nil; i = int(s.joined.Add(1) - 1) {
		if s.waiting[i] != nil {
			w.join(i, s.waiting[i])
			s.waiting[i] = nil
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.add(w.sum)
	return context.Cause(ctx)
}

// A worker is the buffers of one goroutine of a scan.
type worker struct {
	*scan
	lister  lister
	entries []entry
	match   *matcher
	sum     tally
}

// list reads shard i of every source into w.entries. It is never nil after.
func (w *worker) list(ctx context.Context, i int) error {
	if w.entries == nil {
		w.entries = make([]entry, 0, 256)
	}
	w.entries = append(w.entries[:0], w.flat[i]...)
	name := string([]byte{"0123456789abcdef"[i>>4], "0123456789abcdef"[i&15]})
	for _, source := range w.sources {
		_, err := w.lister.listFolder(ctx, source, name, func(name []byte, f found) {
			id, ok := parseID(name)
			if !ok || int(id[0]) != i {
				w.sum.extra++
				return
			}
			w.entries = append(w.entries, entry{id, f.mtime, f.size})
		})
		if err != nil {
			return fmt.Errorf("reading folder %s of the backup: %w", name, err)
		}
	}
	w.progress.add(1)
	return nil
}

// join compares the files of shard i with its rows.
func (w *worker) join(i int, entries []entry) {
	if !w.indexed {
		w.judgeAlone(i, entries)
		return
	}
	s := &w.shards[i]
	w.match.load(s)
	for k := range entries {
		e := &entries[k]
		w.sum.payload++
		r := w.match.find(s, &e.id)
		if r == nil {
			w.sum.extra++
			continue
		}
		r.see(e.size)
		if e.size >= 0 {
			w.sum.bytes += e.size
			w.keep(i, e)
		}
	}
	for k := range s.n {
		switch s.at(k).state {
		case rowMissing:
			w.sum.missing++
		case rowIrregular:
			w.sum.irregular++
		case rowWrongSize:
			w.sum.wrongSize++
			w.sum.present++
		case rowOK:
			w.sum.present++
		}
	}
}

// judgeAlone counts files that no index speaks of. In an encrypted backup a
// whole file is a multiple of 16 bytes and never empty: AES blocks, padded.
func (w *worker) judgeAlone(i int, entries []entry) {
	for k := range entries {
		e := &entries[k]
		w.sum.payload++
		switch {
		case e.size < 0:
			w.sum.irregular++
			w.suspects.note(e.id, e.size)
			continue
		case w.encrypted && (e.size == 0 || e.size%16 != 0):
			w.sum.wrongSize++
			w.suspects.note(e.id, e.size)
		}
		w.sum.present++
		w.sum.bytes += e.size
		w.keep(i, e)
	}
}

func (w *worker) keep(i int, e *entry) {
	if w.inventory {
		w.records[i] = append(w.records[i], recordOf(e))
	}
}

// openSources opens the folders whose shards are to be scanned.
func openSources(paths ...string) (fds []int, err error) {
	for _, p := range paths {
		fd, err := unix.Open(p, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			closeAll(fds)
			return nil, fmt.Errorf("opening %s: %w", p, err)
		}
		fds = append(fds, fd)
	}
	return fds, nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}
