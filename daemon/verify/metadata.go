package verify

import (
	"context"
	"errors"
	"os"
	"sync"

	"backupwatchdog/daemon/words"
	"backupwatchdog/plist"
)

// metadata takes the trouble with the plists into the result.
func (k *checker) metadata() {
	k.trouble("Status.plist", k.errs.status, StatusMissing, StatusUnreadable)
	if !errors.Is(k.errs.info, plist.ErrUnread) { // artwork alone may make it so: unread is not damaged
		k.trouble("Info.plist", k.errs.info, InfoMissing, InfoUnreadable)
	}
	k.trouble("Manifest.plist", k.errs.manifest, ManifestPlistMissing, ManifestPlistUnreadable)
	if s := k.identities(); s != "" {
		k.res.add(Problem{Kind: IdentityMismatch, Detail: s})
	}
	if k.torn() {
		k.res.add(Problem{Kind: NotFinished, Path: "Status.plist", Detail: words.StoppedWhile(k.status.SnapshotState)})
	} else if k.snapshot {
		k.res.add(Problem{Kind: LeftoverSnapshotKind, Path: "Snapshot", Detail: words.FileNotFinished})
	}
	if k.errs.manifest == nil {
		k.res.Encrypted = &k.manifest.IsEncrypted
	}
}

func (k *checker) trouble(name string, err error, missing, unreadable Kind) {
	switch {
	case err == nil:
	case errors.Is(err, plist.ErrAbsent):
		k.res.add(Problem{Kind: missing, Path: name, Detail: words.IsMissing(name)})
	default:
		k.res.add(Problem{Kind: unreadable, Path: name, Detail: k.why(name, err)})
	}
}

// why is what an error of package plist or of an index says of a file.
func (k *checker) why(name string, err error) string {
	var own *errIndex
	if errors.As(err, &own) {
		return words.IsUnreadable(name, own.why)
	}
	if errors.Is(err, plist.ErrNotRegular) {
		if info, err := os.Lstat(k.file(name)); err == nil && !info.Mode().IsRegular() {
			return words.IsNoFile(name, thing(info.Mode()))
		}
	}
	for _, e := range []error{plist.ErrEmpty, plist.ErrNotRegular, plist.ErrNotPlist, plist.ErrCut, plist.ErrWrongType, plist.ErrTooLarge} {
		if errors.Is(err, e) {
			return name + " " + e.Error()
		}
	}
	return name + " " + err.Error()
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
		// Encrypted and yet readable: older than iOS 10.2, only the files are.
		if k.idx, err = asIndex(openSQLite(ctx, x.path)); err == nil && k.encrypted() && k.o.Password != nil {
			err = k.openKeys(ctx)
		}
	case k.errs.manifest != nil: // whether the backup is encrypted, so that it may look like this, is not known
	case !k.encrypted():
		err = &errIndex{words.IndexNoDatabase}
	case x.info.Size()%16 != 0:
		err = &errIndex{words.IndexNotPadded}
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

// startQuickCheck runs quick_check beside the rest, with one worker after it;
// wait returns when it is done.
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
	run := func() {
		k.o.Begin()
		start := k.o.Now()
		fault, err = quickCheck(ctx, path)
		k.res.QuickSeconds = k.o.Now().Sub(start).Seconds()
	}
	var beside sync.WaitGroup
	if k.o.Workers > 1 {
		beside.Go(run)
	}
	return func() error {
		if k.o.Workers == 1 {
			run()
		}
		beside.Wait()
		k.takeQuickCheck(fault)
		return err
	}
}

// takeQuickCheck takes what SQLite found into the result.
func (k *checker) takeQuickCheck(fault string) {
	if fault == "" {
		k.res.QuickCheck = "ok"
		return
	}
	k.res.QuickCheck = plist.Clean(fault, 200)
	if !k.res.Has(IndexUnreadable) {
		k.res.add(Problem{Kind: IndexUnreadable, Path: k.index.name, Detail: words.IsDamaged(k.index.name, k.res.QuickCheck)})
	}
}
