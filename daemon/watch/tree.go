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
	// of the part that stands for folders never listed.
	unsure int64
}

// estimate returns how much the tree holds: exact when all its folders were
// listed and have not changed since.
func (t *tree) estimate() amount {
	var n, extra float64
	var sum, clipped int64
	var known, unknown int
	for i := range t.dirs {
		d := &t.dirs[i]
		switch {
		case !d.exists:
		case !d.listed:
			if i != flat {
				unknown++
			}
		default:
			sum += d.bytes
			clipped += d.clipped
			n += float64(d.n)
			if i == flat {
				break
			}
			known++
			if !d.clean {
				extra += max(-float64(d.n), t.growth-d.growth)
			}
		}
	}
	var unsure float64
	if unknown > 0 && known > 0 {
		mean := max(0, n-float64(t.dirs[flat].n)+extra) / float64(known)
		extra += mean * float64(unknown)
		unsure = math.Sqrt(mean/float64(known)) * float64(unknown)
	}
	if n > 0 && extra != 0 {
		sum += int64(extra * float64(clipped) / n)
	}
	return amount{int64(n + extra + 0.5), max(0, sum), int64(unsure)}
}

// settle takes in what the listings of one look taught: sum is by how much count
// changed shards together held more than expected. What is unchanged since its
// listing is known as of now.
func (t *tree) settle(sum float64, count int) {
	if count > 0 {
		t.growth += sum / float64(count)
	}
	for i := range flat {
		if d := &t.dirs[i]; d.clean {
			d.growth = t.growth
		}
	}
}
