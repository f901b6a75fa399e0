package verify

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"backupwatchdog/daemon/words"
	"backupwatchdog/plist"
)

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
		return words.FileGone
	case kind == FileWrongContent:
		return words.FileContentWrong
	case err != nil:
		return ""
	case kind == FileNotRegular:
		return words.NoFile(thing(info.Mode()))
	case want == neverMatches:
		return words.FileTwoSizes
	}
	return words.FileSize(info.Size(), want)
}

// thing names what stands where a regular file should be.
func thing(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return words.AFolder
	case m&fs.ModeSymlink != 0:
		return words.ALink
	case m&fs.ModeNamedPipe != 0:
		return words.APipe
	case m&fs.ModeDevice != 0:
		return words.ADevice
	case m&fs.ModeSocket != 0:
		return words.ASocket
	}
	return words.AThing
}

// nameOdd names a row whose id is none, so that no file can belong to it.
func (k *checker) nameOdd(l *listing) {
	k.what.see(l.domain, l.path, true)
	k.res.add(Problem{Kind: FileMissing, Path: "", Domain: plist.Clean(l.domain, 256), Name: plist.Clean(l.path, 1024),
		Detail: words.IDThatIsNone(plist.Clean(string(l.id), 60))})
}

// nameSuspects lists what is wrong without an index.
func (k *checker) nameSuspects() {
	for _, x := range k.scan.suspects.list {
		path := k.relative(x.id)
		if x.size >= 0 {
			k.res.add(Problem{Kind: FileWrongSize, Path: path, Detail: words.FileOddSize(x.size)})
			continue
		}
		k.res.add(Problem{Kind: FileNotRegular, Path: path, Detail: k.describe(FileNotRegular, path, 0)})
	}
	if all := k.res.WrongSize + k.res.NotRegular; k.idx == nil {
		k.res.Omitted += all - int64(len(k.scan.suspects.list))
	}
}
