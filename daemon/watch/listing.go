package watch

import (
	"cmp"
	"slices"
)

// limits bound what a look at one backup may cost. Costs are in microseconds of
// a slow core.
type limits struct {
	// moving may be spent on listing when something moves; quiet when nothing
	// does, and files are gone through in turn to find one that grows; first at
	// the first look at a folder, on which much rests.
	moving, quiet, first float64
	// small is how many files a tree may hold to be counted exactly at each look.
	small int64
	// flat is how many files a folder without shards may hold to be listed
	// whenever it changes; a larger one is listed that many times more rarely.
	flat int
}

// usual are the limits outside of tests.
var usual = limits{moving: 1200, quiet: 1800, first: 12_000, small: 5000, flat: 2000}

const (
	// perDir, perName and perSize are what it costs to list a folder, to read a
	// name, and to read the size of a file (measured; see the benchmarks).
	perDir, perName, perSize = 15, 0.5, 2.5
	// busy is how many folders must have changed since the last look for the
	// names to be preferred to the sizes.
	busy = 32
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
	for class := changedNew; class < inTurn; class++ {
		v.mix(list, class)
	}
	return list
}

// mix leaves the newest folders of a class in front, where a file may be
// growing, and puts the rest in the order of their last listing: those that
// changed last hold a little more than others and do not speak for all.
func (v *pass) mix(list []candidate, class int) {
	from, _ := slices.BinarySearchFunc(list, class, func(c candidate, k int) int { return cmp.Compare(c.class, k) })
	to, _ := slices.BinarySearchFunc(list, class+1, func(c candidate, k int) int { return cmp.Compare(c.class, k) })
	ahead := 2
	if class >= unsureNew {
		ahead = 8
	}
	if to-from <= ahead {
		return
	}
	slices.SortFunc(list[from+ahead:to], func(a, b candidate) int {
		return cmp.Or(cmp.Compare(v.dirOf(a).at, v.dirOf(b).at), cmp.Compare(a.dir, b.dir))
	})
}

func (v *pass) dirOf(c candidate) *dir { return &v.trees[c.tree].dirs[c.dir] }

// class tells why a folder should be listed.
func class(tree int, d *dir) int {
	switch {
	case d.changed:
		return changedNew + tree
	case !d.listed || !d.clean || d.sampled && d.n <= statCap:
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
	if c.dir == flat && d.listed && v.looks < d.at+d.n/v.limits.flat {
		return false
	}
	budget := v.spent < v.allowance()
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

// allowance is what this look may spend on listing, in microseconds.
func (v *pass) allowance() float64 {
	switch {
	case v.first && v.effort != rest:
		return v.limits.first
	case v.proven:
		return v.limits.moving
	}
	return v.limits.quiet
}

// small reports whether a tree is small enough to be counted exactly.
func (v *pass) small(tree int) bool {
	s := &v.sizes[tree]
	if !s.known {
		s.known = true
		s.files = v.trees[tree].estimate().files
	}
	return s.files < v.limits.small
}

// listOne lists a folder and compares it with what was known of it.
func (v *pass) listOne(c candidate) {
	d := v.dirOf(c)
	accept := inShard
	if c.dir == flat {
		accept = isFileID
	}
	sizes := v.sizesOf(c)
	l, last, err := v.lister.list(job{v.fds[c.tree], shardNames[c.dir], accept, d.n, sizes})
	if err != nil {
		v.blind = v.blind || !isAbsent(err)
		return
	}
	v.spent += perDir + perName*float64(l.read) + perSize*float64(l.sized)
	if sizes == 0 {
		v.guess(d, &l)
	}
	v.compare(c, d, &l)
	*d = dir{
		exists: true, stamp: l.mtime, now: l.mtime, listed: true, clean: true,
		at: v.looks, growth: d.growth, listing: l,
	}
	v.sizes[c.tree].known = false
	if sizes > 0 {
		v.take(c, &l, &last)
	}
}

// sizesOf says of how many files in a folder the sizes are to be read, too.
// They cost five times what the names cost. In a large tree where much is moving
// some of the newest folder tell of the rest; what was left out is made up for
// when things are calm.
func (v *pass) sizesOf(c candidate) int {
	switch {
	case v.effort == full || v.small(c.tree) || v.changes < busy:
		return statCap
	case v.spent == 0:
		return 128
	}
	return 0
}

// guess fills in the bytes of a listing without sizes: files that were not
// there before are of the usual size.
func (v *pass) guess(d *dir, l *listing) {
	more := int64(l.n - d.n)
	if d.n > 0 {
		more = int64(float64(more) * float64(d.clipped) / float64(d.n))
	} else {
		more = 0
	}
	l.bytes, l.clipped = max(0, d.bytes+more), max(0, d.clipped+more)
	l.newest, l.sampled = d.newest, true
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
		v.counted[c.tree]++
	}
}

// take puts the newest files of a listing among those that are followed. Where
// only some sizes were read, the files that were followed before stay.
func (v *pass) take(c candidate, l *listing, last *recent) {
	again := map[string]bool{}
	for _, f := range last.all() {
		again[f.name] = true
	}
	v.follow.keep(func(f *file) bool {
		return f.tree != c.tree || f.dir != c.dir || l.sampled && !again[f.name]
	})
	for _, f := range last.all() {
		f.tree, f.dir = c.tree, c.dir
		v.follow.add(f)
	}
}
