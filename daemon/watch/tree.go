package watch

import "math"

// tree is what is remembered of one set of payload folders: Snapshot/ with its
// shards, or the backup folder itself with its own.
//
// File names are SHA-1, so they spread evenly over the 256 shards, and a few
// shards tell the growth of all. growth is how many files each shard is
// thought to have gained since the tree was first seen: each listing of a
// shard that was known before corrects it.
type tree struct {
	dirs   [flat + 1]dir
	ino    uint64 // of the folder above the shards
	exists bool
	growth float64
	basis  int // how many listings the last correction of growth rests on
}

// dir is what is remembered of one payload folder.
type dir struct {
	exists  bool
	stamp   int64   // its time stamp when last accounted for; 0: never, what it holds is new
	now     int64   // its time stamp at this look
	changed bool    // at this look
	listed  bool    // ever
	clean   bool    // unchanged since the listing, as far as its time stamp tells
	at      int     // number of the look that listed it
	growth  float64 // of the tree at that time
	listing
}

// reset forgets everything: another folder stands there now, or none.
func (t *tree) reset() { *t = tree{} }

// amount is how much a tree holds.
type amount struct {
	files, bytes int64
	// unsure is how many of the files may be too many: one standard deviation
	// of the part that is not counted but inferred from some folders.
	unsure int64
}

// estimate returns how much the tree holds: exact when all its folders were
// listed and have not changed since.
func (t *tree) estimate() amount {
	var n, grown, extra, unsure float64
	var sum, clipped int64
	var known, unknown, dirty float64
	for i := range t.dirs {
		d := &t.dirs[i]
		switch {
		case !d.exists:
			continue
		case !d.listed && i != flat:
			unknown++
			continue
		}
		sum += d.bytes
		clipped += d.clipped
		n += float64(d.n)
		if i == flat {
			continue
		}
		known++
		if !d.clean {
			dirty++
			grown += max(-float64(d.n), t.growth-d.growth)
		}
	}
	if dirty > 0 {
		extra = grown
		unsure = spread(grown/dirty, float64(t.basis)) * dirty
	}
	if unknown > 0 && known > 0 {
		mean := (n - float64(t.dirs[flat].n) + grown) / known
		extra += mean * unknown
		unsure += spread(mean, known) * unknown
	}
	if n > 0 {
		sum += int64(extra * float64(clipped) / n)
	}
	return amount{int64(n + extra + 0.5), max(0, sum), int64(unsure)}
}

// spread is the standard deviation of the mean of k shards that hold mean
// files each: names are hashes, so the numbers are Poisson's.
func spread(mean, k float64) float64 { return math.Sqrt(max(0, mean) / max(1, k)) }

// settle takes in what the listings of one look taught: sum is by how much count
// changed shards together held more than expected. What is unchanged since its
// listing is known as of now.
func (t *tree) settle(sum float64, count int) {
	if count > 0 {
		t.growth += sum / float64(count)
		t.basis = count
	}
	for i := range flat {
		if d := &t.dirs[i]; d.clean {
			d.growth = t.growth
		}
	}
}
