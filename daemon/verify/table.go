package verify

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"math/rand/v2"
)

// A fileID is the SHA-1 that names a file's content in a backup.
type fileID [20]byte

// parseID reads forty lower-case hexadecimal digits; anything else is no name
// that a phone gives.
func parseID(name []byte) (id fileID, ok bool) {
	if len(name) != 40 {
		return id, false
	}
	for i := range id {
		hi, lo := unhex[name[2*i]], unhex[name[2*i+1]]
		if hi|lo > 15 {
			return id, false
		}
		id[i] = hi<<4 | lo
	}
	return id, true
}

// unhex is the value of a lower-case hexadecimal digit, 255 for other bytes.
var unhex = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range byte(16) {
		t["0123456789abcdef"[i]] = i
	}
	return t
}()

func (id fileID) String() string { return hex.EncodeToString(id[:]) }

// A row is one file the index lists.
type row struct {
	id    fileID
	state rowState
	size  int64 // expected on disk; -1 unknown: the row says it is there, no more
}

// rowState is what was found for a row; of several finds the highest counts.
type rowState uint8

const (
	rowMissing rowState = iota
	rowIrregular
	rowWrongSize
	rowWrongContent
	rowOK
	rowTwin // a second row for the same file; the first one stands for both
)

// chunk is the unit in which a shard's rows grow, so that they are never copied.
const chunk = 64

// A shard is the rows whose id begins with one byte, in the order of the index.
type shard struct {
	chunks []*[chunk]row
	n      int
}

func (s *shard) add(r row) {
	if s.n%chunk == 0 {
		s.chunks = append(s.chunks, new([chunk]row))
	}
	s.chunks[s.n/chunk][s.n%chunk] = r
	s.n++
}

func (s *shard) at(i int) *row { return &s.chunks[i/chunk][i%chunk] }

// An entry is one file found on disk.
type entry struct {
	id    fileID
	mtime uint32
	size  int64 // or isFolder, isIrregular
}

// A matcher finds the row of an id. It is a hash table that is used again for
// one shard after the other; its hash is keyed at random, since ids in an index
// are whatever somebody wrote there.
type matcher struct {
	slots      []int32 // row number + 1; 0 is free
	shift      uint
	k1, k2, k3 uint64
}

func newMatcher() *matcher {
	return &matcher{k1: rand.Uint64() | 1, k2: rand.Uint64() | 1, k3: rand.Uint64() | 1}
}

func (m *matcher) hash(id *fileID) int {
	a := binary.LittleEndian.Uint64(id[0:8])
	b := binary.LittleEndian.Uint64(id[8:16])
	c := uint64(binary.LittleEndian.Uint32(id[16:20]))
	hi, lo := bits.Mul64(a^m.k1, b^m.k2)
	hi2, lo2 := bits.Mul64(c^m.k3, m.k1)
	return int(((hi ^ lo ^ hi2 ^ lo2) * 0x9e3779b97f4a7c15) >> m.shift)
}

// load fills the table with the rows of s and marks twins.
func (m *matcher) load(s *shard) {
	size := 16
	for size < 2*s.n {
		size *= 2
	}
	if cap(m.slots) < size {
		m.slots = make([]int32, size)
	}
	m.slots = m.slots[:size]
	clear(m.slots)
	m.shift = uint(64 - bits.TrailingZeros(uint(size)))
	for i := range s.n {
		m.insert(s, i)
	}
}

func (m *matcher) insert(s *shard, i int) {
	r := s.at(i)
	for h := m.hash(&r.id); ; h = (h + 1) & (len(m.slots) - 1) {
		if m.slots[h] == 0 {
			m.slots[h] = int32(i + 1)
			return
		}
		if first := s.at(int(m.slots[h] - 1)); first.id == r.id {
			r.state = rowTwin
			switch {
			case first.size < 0:
				first.size = r.size
			case r.size >= 0 && r.size != first.size:
				first.size = neverMatches
			}
			return
		}
	}
}

// neverMatches is the expected size of a file that two rows describe
// differently: whatever stands there, one of them is wrong.
const neverMatches = int64(1) << 62

// find returns the row of an id, or nil.
func (m *matcher) find(s *shard, id *fileID) *row {
	for h := m.hash(id); m.slots[h] != 0; h = (h + 1) & (len(m.slots) - 1) {
		if r := s.at(int(m.slots[h] - 1)); r.id == *id {
			return r
		}
	}
	return nil
}

// see records that a file was found for r.
func (r *row) see(size int64) {
	state := rowWrongSize
	switch {
	case size < 0:
		state = rowIrregular
	case size == r.size || r.size < 0:
		state = rowOK
	}
	r.state = max(r.state, state)
}
