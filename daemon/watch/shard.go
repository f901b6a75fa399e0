package watch

import (
	"hash/maphash"
	"io"
)

const (
	// clip is how much of one file counts when the size of files nobody has seen
	// is estimated from others: one 5 GB video must not be multiplied by 256.
	clip = 8 << 20
	// statCap is how many files of one folder have their size read in one
	// listing. Only a folder without shards (iOS 9 and before) holds more.
	statCap = 4096
	// nameCap is how many names of one folder are read in one listing.
	nameCap = 400_000
	// nameChunk is how many names are held at once.
	nameChunk = 1024
	// followed is how many files are looked at again at each look, because they
	// may be growing: those that changed last.
	followed = 16
)

// listing is what the contents of one payload folder amount to.
type listing struct {
	mtime   int64  // of the folder, taken before its names were read
	n       int    // files, by their names
	bytes   int64  // their sizes; scaled up when sampled
	clipped int64  // the same with no file above clip
	names   uint64 // sum of the hashes of all names: changes when a name comes or goes
	newest  int64  // latest modification time of a file whose size was read
	sized   int    // files whose size was read
	sampled bool   // not all sizes were read, so bytes proves nothing
	read    int    // names read, files or not: what the listing cost
}

// lister reads payload folders.
type lister struct {
	seed maphash.Seed
	turn int // which of the files of a very large folder have their sizes read
}

// job says what is to be listed.
type job struct {
	parent int    // the open folder above
	name   string // of the folder to list
	accept func(string) bool
	expect int // files it held last time
	sizes  int // of about how many files the sizes are read, which costs most
}

// list reads a folder, and returns also the files in it that changed last.
func (l *lister) list(j job) (listing, recent, error) {
	f, err := openDir(j.parent, j.name)
	if err != nil {
		return listing{}, recent{}, err
	}
	defer f.Close()
	st, err := statOpen(int(f.Fd()))
	if err != nil {
		return listing{}, recent{}, err
	}
	out, last := listing{mtime: st.mtime}, recent{}
	l.turn++
	stride := max(1, j.expect/max(1, j.sizes))
	for out.read < nameCap {
		names, err := f.Readdirnames(nameChunk)
		out.read += len(names)
		for _, name := range names {
			if !j.accept(name) {
				continue
			}
			out.n++
			out.names += maphash.String(l.seed, name)
			if out.sized < 2*j.sizes && (out.n+l.turn)%stride == 0 {
				l.size(&out, &last, int(f.Fd()), name)
			}
		}
		if err == io.EOF || len(names) == 0 {
			break
		}
		if err != nil {
			return listing{}, recent{}, err
		}
	}
	out.scale()
	return out, last, nil
}

// size reads the size of one file.
func (l *lister) size(out *listing, last *recent, dir int, name string) {
	st, err := statAt(dir, name)
	if err != nil || !st.isRegular() {
		return // gone meanwhile, or no file
	}
	out.sized++
	out.bytes += st.size
	out.clipped += min(st.size, clip)
	out.newest = max(out.newest, st.mtime)
	last.add(file{name: name, stat: st})
}

// scale makes the sizes of some files stand for all.
func (l *listing) scale() {
	if l.sampled = l.sized < l.n; !l.sampled || l.sized == 0 {
		return
	}
	l.clipped = int64(float64(l.clipped) / float64(l.sized) * float64(l.n))
	l.bytes = max(l.bytes, l.clipped)
}

// file is one file that is followed.
type file struct {
	tree, dir int
	name      string
	stat      stat
}

// recent holds the files that changed last, at most as many as are followed.
type recent struct {
	files [followed]file
	n     int
	// oldest is the index of the one that changed longest ago.
	oldest int
}

// add takes f in when it changed later than one of those held.
func (r *recent) add(f file) {
	switch {
	case r.n < followed:
		r.files[r.n] = f
		r.n++
	case f.stat.mtime > r.files[r.oldest].stat.mtime:
		r.files[r.oldest] = f
	default:
		return
	}
	for i := range r.n {
		if r.files[i].stat.mtime < r.files[r.oldest].stat.mtime {
			r.oldest = i
		}
	}
}

// all returns the files held, in no order.
func (r *recent) all() []file { return r.files[:r.n] }

// keep drops the files for which ok says no.
func (r *recent) keep(ok func(*file) bool) {
	old := *r
	*r = recent{}
	for i := range old.n {
		if ok(&old.files[i]) {
			r.add(old.files[i])
		}
	}
}
