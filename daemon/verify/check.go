package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
	"backupwatchdog/plist"
)

// Options says how to check. The zero Options checks names and sizes.
type Options struct {
	// Deep re-reads contents: compares digests, and decrypts where it can.
	Deep bool
	// Quick also runs SQLite's own quick_check on the index, beside the rest.
	Quick bool
	// Workers is how many goroutines look at files; 0 means as many as the
	// computer has processors, at most 4. With 1 names and sizes are checked on
	// the caller's own.
	Workers int
	// Progress is called about ten times a second from one goroutine; nil: never.
	Progress func(Progress)
	// Inventories is the folder for inventories, in the state folder; "" means
	// that none is read or written.
	Inventories string
	// Password opens an encrypted backup for this one check; nil: no password.
	Password []byte
	// TempDir is where the decrypted index stands meanwhile, readable for this
	// user only; "" is the system's. Never inside a backup.
	TempDir string
	// Begin is called first on every goroutine that does the work, so that the
	// daemon can lower their priority; nil: nothing is called.
	Begin func()
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Progress is how far a check is. Total is 0 while unknown.
type Progress struct {
	Stage       Stage
	Done, Total int64
}

// Stage is what a check is doing.
type Stage string

const (
	StageKeys     Stage = "keys"     // deriving keys from the password; rounds
	StageFiles    Stage = "files"    // comparing index and files; folders
	StageContents Stage = "contents" // reading contents; bytes
)

var (
	// ErrChanged: the backup was written to during the check, so that nothing
	// can be said of it. Most likely a run has begun.
	ErrChanged = errors.New("the backup was written to during the check")
	// ErrPassword: the password does not open the backup.
	ErrPassword = errors.New("the password does not open this backup")
)

// Check verifies the backup in the folder path. Trouble with the backup is in
// the Result. An error means that no verdict could be reached: the folder is not
// there (fs.ErrNotExist), may not be read (fs.ErrPermission), was written to
// meanwhile (ErrChanged), the password is wrong (ErrPassword), the disk fails,
// or ctx is done, which stops a check at once.
//
// Nothing is written to the folder, and nothing in it is opened that is not a
// regular file or a folder.
func Check(ctx context.Context, path string, o Options) (Result, error) {
	o = o.withDefaults()
	start := o.Now()
	c, err := openChain(ctx, path)
	if err != nil {
		return Result{}, err
	}
	k := &checker{chain: c, o: o, meter: &meter{}, res: Result{
		UDID: plist.Clean(c.udid(), 100), Path: c.dir, Format: c.index.format, ChainID: c.status.UUID,
		StatusDate: c.status.Date, DeviceName: c.info.DeviceName, state: c.status.SnapshotState,
		Problems: []Problem{}, Findings: []backup.Finding{}, at: start,
	}}
	stop := k.meter.report(o.Progress)
	defer stop()
	if err := k.check(ctx); err != nil {
		return Result{}, err
	}
	k.res.Seconds = o.Now().Sub(start).Seconds()
	k.res.Findings = Findings(&k.res)
	return k.res, nil
}

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = min(runtime.GOMAXPROCS(0), 4)
	}
	if o.Begin == nil {
		o.Begin = func() {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// A checker is one check under way.
type checker struct {
	*chain
	o     Options
	meter *meter
	res   Result
	keys  *keyring // of an encrypted backup whose password is known
	idx   index    // nil when there is none to read
	scan  scan
	what  meaning
	odd   int64 // rows whose id is none
	// unsized is the problem of rows without a size, in words; "" where there
	// is none. bare: a finished backup of which no file is there.
	unsized string
	bare    bool
	// touched counts files of the same size that were written to since the
	// inventory was made, at sinceInventory; zero where there was none.
	touched        int64
	sinceInventory time.Time
}

// check is the order of things. What was read is compared with what stands
// there at the end: a run that began meanwhile makes every verdict void.
func (k *checker) check(ctx context.Context) error {
	before := k.stamps()
	k.metadata()
	if err := k.openIndex(ctx); err != nil {
		return err
	}
	defer k.closeIndex()
	wait := k.startQuickCheck(ctx)
	err := k.payload(ctx)
	if qerr := wait(); err == nil {
		err = qerr
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, gone := os.Lstat(k.dir); gone != nil {
		return fmt.Errorf("the backup vanished during the check: %w", gone)
	}
	for i, s := range k.stamps() {
		if !s.same(before[i]) {
			return ErrChanged
		}
	}
	if err != nil {
		return err
	}
	k.compareInventory()
	k.gaps()
	k.conclude()
	if err := k.keepInventory(); err != nil {
		k.res.tell(words.InventoryNotKept(err.Error()))
	}
	return nil
}

func (k *checker) stamps() [3]stamp {
	return [3]stamp{stampOf(k.file("Status.plist")), stampOf(k.file("Manifest.plist")), stampOf(k.index.path)}
}

// payload compares files with the index, and finds the names of what is wrong.
func (k *checker) payload(ctx context.Context) error {
	dirs := []string{k.dir}
	if k.snapshot && (k.idx == nil || k.status.SnapshotState == "moving") {
		dirs = append(dirs, k.file("Snapshot"))
	}
	fds, err := openSources(dirs...)
	if err != nil {
		return err
	}
	defer closeAll(fds)
	s := &k.scan
	s.sources, s.flat, s.progress, s.begin = fds, k.flat, k.meter, k.o.Begin
	s.encrypted, s.indexed = k.encrypted(), k.idx != nil
	s.inventory = k.o.Inventories != "" && k.finished()
	k.meter.begin(StageFiles, 256)
	var rows func(context.Context) error
	if k.idx != nil {
		rows = k.readRows
	}
	if err := s.run(ctx, k.o.Workers, rows); err != nil {
		return err
	}
	k.count()
	if k.o.Deep && k.idx != nil && !k.torn() {
		if err := k.readContents(ctx); err != nil {
			return err
		}
	}
	return k.name(ctx)
}

// maxRows bounds the memory that an index can ask for. The largest known has
// 1.3 million rows.
const maxRows = 10_000_000

// readRows fills the shards of the scan from the index. An index that breaks
// off is damage; what was read before still counts.
func (k *checker) readRows(ctx context.Context) error {
	s, n := &k.scan, 0
	err := readFast(ctx, k.idx, func() {
		s.shards, k.odd, k.res.Unsized = [256]shard{}, 0, 0
		n = 0
	}, func(l *listing) error {
		if n++; n > maxRows {
			return &errIndex{words.IndexTooMany}
		}
		id, ok := parseID(l.id)
		if !ok {
			k.odd++
			return nil
		}
		if !l.readable {
			k.res.Unsized++
		}
		s.shards[id[0]].add(row{id: id, size: l.file.onDisk()})
		return nil
	})
	return k.indexTrouble(ctx, err)
}

// onDisk is the size of the file that holds f: a file with a key is padded to
// the next multiple of 16, always by at least one byte. No file has a size that
// nothing could hold.
func (f *mbFile) onDisk() int64 {
	switch {
	case f.Size >= neverMatches:
		return neverMatches - 1
	case f.Size < 0 || f.EncryptionKey == nil:
		return f.Size
	}
	return (f.Size | 15) + 1
}

// gaps takes into the result what could not be compared though nothing broke
// off: "good" says that everything was. Phones give every file a size, and no
// phone is without files.
func (k *checker) gaps() {
	r, name := &k.res, k.index.name
	switch {
	case k.idx == nil:
		k.bare = k.encrypted() && k.finished() && k.index.err == nil && !r.Has(IndexUnreadable) && k.scan.sum.payload == 0 && r.damaged() == 0
	case *r.Listed == 0:
		if !r.Has(IndexUnreadable) {
			r.add(Problem{Kind: IndexUnreadable, Path: name, Detail: words.IsUnreadable(name, words.IndexNoFiles)})
		}
	case r.Unsized > 0:
		k.unsized = words.RowsWithoutSize(name, r.Unsized, *r.Listed)
		r.add(Problem{Kind: IndexUnreadable, Path: name, Detail: k.unsized})
	}
	if k.bare {
		r.add(Problem{Kind: FileMissing, Detail: words.NoneIsThere})
	}
}

// count takes the sums of the scan into the result.
func (k *checker) count() {
	r, t := &k.res, &k.scan.sum
	r.Present, r.Bytes, r.Extra = t.present, t.bytes, t.extra
	r.Missing, r.NotRegular, r.WrongSize = t.missing+k.odd, t.irregular, t.wrongSize
	if k.idx != nil {
		listed := t.present + t.irregular + r.Missing
		r.Listed = &listed
	}
}
