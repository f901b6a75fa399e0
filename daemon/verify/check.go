package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/plist"
)

// Options says how to check. The zero Options checks names and sizes.
type Options struct {
	// Deep re-reads contents: compares digests, and decrypts where it can.
	Deep bool
	// Quick also runs SQLite's own quick_check on the index, beside the rest.
	Quick bool
	// Workers is how many goroutines look at files; 0 means as many as the
	// computer has processors, at most 4.
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
	// ErrChanged: the backup was written to while it was checked, so that nothing
	// can be said of it. Most likely a run has begun.
	ErrChanged = errors.New("the backup was written to while it was checked")
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
	k.conclude()
	if err := k.keepInventory(); err != nil {
		k.res.Detail = strings.TrimSpace(k.res.Detail + " Its inventory could not be kept: " + err.Error() + ".")
	}
	return nil
}

func (k *checker) stamps() [3]stamp {
	return [3]stamp{stampOf(k.file("Status.plist")), stampOf(k.file("Manifest.plist")), stampOf(k.index.path)}
}

// metadata takes the trouble with the plists into the result.
func (k *checker) metadata() {
	k.trouble("Status.plist", k.errs.status, StatusMissing, StatusUnreadable)
	k.trouble("Info.plist", k.errs.info, InfoMissing, InfoUnreadable)
	k.trouble("Manifest.plist", k.errs.manifest, ManifestPlistMissing, ManifestPlistUnreadable)
	if s := k.identities(); s != "" {
		k.res.add(Problem{Kind: IdentityMismatch, Detail: s})
	}
	if k.torn() {
		k.res.add(Problem{Kind: NotFinished, Path: "Status.plist", Detail: fmt.Sprintf("the last run stopped while %q", k.status.SnapshotState)})
	} else if k.snapshot {
		k.res.add(Problem{Kind: LeftoverSnapshotKind, Path: "Snapshot", Detail: "a folder of an unfinished run stands beside the finished backup"})
	}
	if k.errs.manifest == nil {
		k.res.Encrypted = &k.manifest.IsEncrypted
	}
}

func (k *checker) trouble(name string, err error, missing, unreadable Kind) {
	switch {
	case err == nil:
	case errors.Is(err, plist.ErrAbsent):
		k.res.add(Problem{Kind: missing, Path: name, Detail: name + " is missing"})
	default:
		k.res.add(Problem{Kind: unreadable, Path: name, Detail: name + " " + why(err)})
	}
}

// why is the reason of an error of package plist or of an index, without the path.
func why(err error) string {
	var own *errIndex
	if errors.As(err, &own) {
		return "cannot be read: " + own.why
	}
	for _, e := range []error{plist.ErrEmpty, plist.ErrNotRegular, plist.ErrNotPlist, plist.ErrCut, plist.ErrWrongType, plist.ErrTooLarge} {
		if errors.Is(err, e) {
			return e.Error()
		}
	}
	return err.Error()
}

func (k *checker) encrypted() bool { return k.errs.manifest == nil && k.manifest.IsEncrypted }

// openIndex makes the index ready for reading, if it can be read at all.
func (k *checker) openIndex(ctx context.Context) error {
	x := &k.index
	k.res.Format = x.format
	if x.info != nil {
		k.res.index = x.info.Size()
	}
	err := x.err
	switch {
	case err != nil:
	case x.format == "mbdb":
		k.idx, err = asIndex(openMBDB(x.path))
	case x.sqlite:
		k.idx, err = asIndex(openSQLite(ctx, x.path))
	case !k.encrypted():
		err = &errIndex{"it is not a database"}
	case x.info.Size()%16 != 0:
		err = &errIndex{"it is cut short: its size is not a multiple of 16 bytes"}
	case k.o.Password != nil:
		return k.unlock(ctx)
	}
	return k.indexTrouble(ctx, err)
}

// asIndex keeps a nil pointer from becoming a non-nil index.
func asIndex[T index](x T, err error) (index, error) {
	if err != nil {
		return nil, err
	}
	return x, nil
}

// indexTrouble takes damage of the index into the result; other errors are the
// caller's.
func (k *checker) indexTrouble(ctx context.Context, err error) error {
	var own *errIndex
	name := k.index.name
	if name == "" {
		name = "Manifest.db"
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &own), isTrouble(err):
		k.trouble(name, err, IndexMissing, IndexUnreadable)
		return nil
	}
	return err
}

func (k *checker) closeIndex() {
	if k.idx != nil {
		k.idx.close()
	}
}

// startQuickCheck runs quick_check beside the rest; wait returns when it is done.
func (k *checker) startQuickCheck(ctx context.Context) (wait func() error) {
	path := ""
	switch x := k.idx.(type) {
	case *sqliteIndex:
		path = x.path
	case *plainIndex:
		path = x.path
	}
	if !k.o.Quick || path == "" {
		return func() error { return nil }
	}
	var fault string
	var err error
	var wg sync.WaitGroup
	start := k.o.Now()
	wg.Go(func() {
		k.o.Begin()
		fault, err = quickCheck(ctx, path)
		k.res.QuickSeconds = k.o.Now().Sub(start).Seconds()
	})
	return func() error {
		wg.Wait()
		if k.res.QuickCheck = "ok"; fault != "" {
			fault = plist.Clean(fault, 200)
			k.res.QuickCheck = fault
			if !k.res.Has(IndexUnreadable) {
				k.res.add(Problem{Kind: IndexUnreadable, Path: k.index.name, Detail: k.index.name + " is damaged: " + fault})
			}
		}
		return err
	}
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

// readRows fills the shards of the scan from the index. An index that breaks
// off is damage; what was read before still counts.
func (k *checker) readRows(ctx context.Context) error {
	s := &k.scan
	err := readFast(ctx, k.idx, func() {
		s.shards, k.odd, k.res.Unsized = [256]shard{}, 0, 0
	}, func(l *listing) error {
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
// the next multiple of 16, always by at least one byte.
func (f *mbFile) onDisk() int64 {
	if f.Size < 0 || f.EncryptionKey == nil {
		return f.Size
	}
	return (f.Size | 15) + 1
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

// relative is where a file's content lies, as the person would find it.
func (k *checker) relative(id fileID) string {
	s := id.String()
	if k.index.format == "mbdb" {
		return s
	}
	return filepath.Join(s[:2], s)
}

// name goes through the index once more for the names of what is wrong, but
// only when something is.
func (k *checker) name(ctx context.Context) error {
	k.nameSuspects()
	if k.idx == nil || k.res.damaged() == 0 {
		return nil
	}
	var seen [256]int
	err := k.idx.read(ctx, want{names: true}, func(l *listing) error {
		id, ok := parseID(l.id)
		if !ok {
			k.nameOdd(l)
			return nil
		}
		s, i := &k.scan.shards[id[0]], seen[id[0]]
		seen[id[0]]++
		if i < s.n && s.at(i).id == id {
			k.nameRow(s.at(i), l)
		}
		return nil
	})
	k.res.Summary = k.what.String()
	if err != nil && ctx.Err() == nil && k.res.Has(IndexUnreadable) {
		return nil // it broke off at the same place before
	}
	return err
}

func (k *checker) nameRow(r *row, l *listing) {
	kind := map[rowState]Kind{rowMissing: FileMissing, rowIrregular: FileNotRegular, rowWrongSize: FileWrongSize, rowWrongContent: FileWrongContent}[r.state]
	k.what.see(l.domain, l.path, kind != "")
	if kind == "" {
		return
	}
	if len(k.res.Problems) >= maxProblems {
		k.res.Omitted++
		return
	}
	path := k.relative(r.id)
	k.res.add(Problem{Kind: kind, Path: path, Domain: plist.Clean(l.domain, 256), Name: plist.Clean(l.path, 1024), Detail: k.describe(kind, path, r.size)})
}

// describe says what stands there now.
func (k *checker) describe(kind Kind, path string, want int64) string {
	info, err := os.Lstat(filepath.Join(k.dir, path))
	switch {
	case kind == FileMissing:
		return "the file is not there"
	case kind == FileWrongContent:
		return "the content is not what the phone sent"
	case err != nil:
		return ""
	case kind == FileNotRegular:
		return "not a regular file: " + modeName(info.Mode())
	case want == neverMatches:
		return "the index gives two sizes for this file"
	}
	return fmt.Sprintf("%d bytes instead of %d", info.Size(), want)
}

func modeName(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeSymlink != 0:
		return "a link"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeDevice != 0:
		return "a device"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "something else"
}

// nameOdd names a row whose id is none, so that no file can belong to it.
func (k *checker) nameOdd(l *listing) {
	k.what.see(l.domain, l.path, true)
	k.res.add(Problem{Kind: FileMissing, Path: "", Domain: plist.Clean(l.domain, 256), Name: plist.Clean(l.path, 1024),
		Detail: "the index gives an id that is none: " + plist.Clean(string(l.id), 60)})
}

// nameSuspects lists what is wrong without an index.
func (k *checker) nameSuspects() {
	for _, x := range k.scan.suspects.list {
		path := k.relative(x.id)
		if x.size >= 0 {
			k.res.add(Problem{Kind: FileWrongSize, Path: path, Detail: fmt.Sprintf("%d bytes: an encrypted file has a multiple of 16", x.size)})
			continue
		}
		k.res.add(Problem{Kind: FileNotRegular, Path: path, Detail: k.describe(FileNotRegular, path, 0)})
	}
	if all := k.res.WrongSize + k.res.NotRegular; k.idx == nil {
		k.res.Omitted += all - int64(len(k.scan.suspects.list))
	}
}
