package watch

import (
	"cmp"
	"slices"
)

const (
	// perLook is about how many microseconds a look may spend listing.
	perLook = 2000
	// perDir and perFile are what listing a folder and reading the size of one
	// file cost, in microseconds (measured on a slow core; see the benchmarks).
	perDir, perFile = 10, 1.3
	// small is how many files a tree may hold to be counted exactly at each look.
	small = 5000
	// bigFlat is how many files a folder without shards may hold to be listed
	// whenever it changes; a larger one is listed that many times more rarely.
	bigFlat = 2000
)

// candidate is a folder that might be listed at this look.
type candidate struct {
	class, tree, dir int
}

// The classes of candidates, in the order in which they are listed.
const (
	changedNew = iota // changed in Snapshot/
	changedOld        // changed in the final tree
	unsureNew         // never listed, or changed since, in Snapshot/
	unsureOld         // the same in the final tree
	inTurn            // nothing speaks for it: one by one, to find a file that grows

)

// listSome lists folders, the most telling first, until the budget is spent,
// and accounts for the changed ones that had to be left out.
func (v *pass) listSome() {
	for _, c := range v.candidates() {
		if v.worth(c) {
			v.listOne(c)
		}
	}
	for k := range v.trees {
		for i := range v.trees[k].dirs {
			if d := &v.trees[k].dirs[i]; d.changed {
				v.unlisted(k, i, d)
			}
		}
	}
}

// unlisted accounts for a changed folder that was not listed. That its time
// stamp moved is proof enough, but for two kinds that wait for their listing:
// a new folder, which is empty as a rule, and the backup folder itself, whose
// stamp moves with each new Info.plist too.
func (v *pass) unlisted(tree, i int, d *dir) {
	if d.stamp == 0 || tree == final && i == flat {
		return
	}
	d.stamp, d.clean = d.now, false
	v.proven = true
}

// candidates returns all folders in the order in which they deserve a listing.
func (v *pass) candidates() []candidate {
	list := make([]candidate, 0, 2*(flat+1))
	for k := range v.trees {
		for i := range v.trees[k].dirs {
			if d := &v.trees[k].dirs[i]; d.exists && v.fds[k] >= 0 {
				list = append(list, candidate{class(k, d), k, i})
			}
		}
	}
	slices.SortFunc(list, func(a, b candidate) int {
		if c := cmp.Compare(a.class, b.class); c != 0 {
			return c
		}
		da, db := v.dirOf(a), v.dirOf(b)
		if a.class == inTurn {
			return cmp.Compare(da.at, db.at)
		}
		return cmp.Compare(db.now, da.now)
	})
	v.mix(list, changedNew)
	v.mix(list, changedOld)
	return list
}

// mix leaves the two newest folders of a class in front, where a file may be
// growing, and puts the rest in the order of their last listing: the newest
// alone would not speak for all.
func (v *pass) mix(list []candidate, class int) {
	from, _ := slices.BinarySearchFunc(list, class, func(c candidate, k int) int { return cmp.Compare(c.class, k) })
	to, _ := slices.BinarySearchFunc(list, class+1, func(c candidate, k int) int { return cmp.Compare(c.class, k) })
	if to-from <= 2 {
		return
	}
	slices.SortStableFunc(list[from+2:to], func(a, b candidate) int {
		return cmp.Compare(v.dirOf(a).at, v.dirOf(b).at)
	})
}

func (v *pass) dirOf(c candidate) *dir { return &v.trees[c.tree].dirs[c.dir] }

// class tells why a folder should be listed.
func class(tree int, d *dir) int {
	switch {
	case d.changed:
		return changedNew + tree
	case !d.listed || !d.clean:
		return unsureNew + tree
	}
	return inTurn
}

// worth reports whether a candidate is to be listed at this look.
func (v *pass) worth(c candidate) bool {
	d := v.dirOf(c)
	if v.effort == full {
		return true
	}
	if c.dir == flat && d.n > bigFlat && v.looks < d.at+d.n/bigFlat {
		return false
	}
	budget := v.spent < perLook
	switch c.class {
	case inTurn:
		open := c.tree == snapshot || !v.trees[snapshot].exists
		return budget && !v.proven && open && v.effort == run && d.n > 0
	case unsureOld:
		if d.listed || v.hasPayload() != 0 {
			return v.small(c.tree) || budget && d.listed
		}
	}
	return budget || v.small(c.tree)
}

// small reports whether a tree is small enough to be counted exactly.
func (v *pass) small(tree int) bool {
	s := &v.sizes[tree]
	if !s.known {
		s.known = true
		s.files, _ = v.trees[tree].estimate()
	}
	return s.files < small
}

// listOne lists a folder and compares it with what was known of it.
func (v *pass) listOne(c candidate) {
	d := v.dirOf(c)
	accept := inShard
	if c.dir == flat {
		accept = isFileID
	}
	l, last, err := v.lister.list(v.fds[c.tree], shardNames[c.dir], accept, d.n)
	if err != nil {
		v.blind = v.blind || !isAbsent(err)
		return
	}
	v.spent += perDir + perFile*float64(l.read)
	v.compare(c, d, &l)
	*d = dir{
		exists: true, stamp: l.mtime, now: l.mtime, listed: true, clean: true,
		at: v.looks, growth: d.growth, listing: l,
	}
	v.sizes[c.tree].known = false
	v.take(c, &last)
}

// compare looks for proof of movement in a new listing.
func (v *pass) compare(c candidate, d *dir, l *listing) {
	switch {
	case d.listed && d.clean:
		if d.n != l.n || d.names != l.names {
			v.proven = true
		}
		whole := !d.sampled && !l.sampled
		if whole && (d.bytes != l.bytes || d.newest != l.newest) {
			v.proven = true
		}
	case d.changed:
		v.proven = true
	}
	switch {
	case d.listed && d.clean:
		v.gained[c.tree] += int64(max(0, l.n-d.n))
		v.grown[c.tree] += max(0, l.bytes-d.bytes)
	case d.changed:
		v.gained[c.tree]++ // at least
	}
	if d.listed && c.dir != flat && (d.changed || !d.clean) {
		v.sum[c.tree] += float64(l.n-d.n) - (v.trees[c.tree].growth - d.growth)
		v.count[c.tree]++
	}
}

// take puts the newest files of a listing among those that are followed.
func (v *pass) take(c candidate, last *recent) {
	v.follow.keep(func(f *file) bool { return f.tree != c.tree || f.dir != c.dir })
	for _, f := range last.all() {
		f.tree, f.dir = c.tree, c.dir
		v.follow.add(f)
	}
}
