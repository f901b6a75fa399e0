package verify

// An mbFile is what a check needs of the `file` column of Manifest.db: a keyed
// archive (NSKeyedArchiver, a binary property list) whose root is an MBFile:
//
//	$top     {root: UID 1}
//	$objects ["$null",
//	          {RelativePath: UID 2, Size: 1843200, Mode: 33188, LastModified: …,
//	           ProtectionClass: 3, Digest: UID 3, EncryptionKey: UID 4, …, $class: UID 5},
//	          "Media/DCIM/100APPLE/IMG_0042.HEIC",
//	          <20 bytes>,
//	          {NS.data: <44 bytes>, $class: UID 6}, …]
//
// Field names are those of MVT's sample backup (tests/artifacts/ios_backup) and
// of jsharkey13/iphone_backup_decrypt. The slices alias the blob.
type mbFile struct {
	Size          int64  // bytes of the plain content; -1 unknown
	Mode          int64  // st_mode on the phone; -1 unknown
	Digest        []byte // SHA-1, 20 bytes; nil where the phone gives none, which is normal
	EncryptionKey []byte // 4 bytes class, 40 bytes wrapped key; nil when not encrypted
	Target        []byte // of a symbolic link; nil for files
}

// readMBFile extracts those fields without building the tree: no allocation, no
// recursion, every offset and length checked. It reports whether a root object
// with a sensible Size was found; what it could not read stays unknown.
func readMBFile(blob []byte) (f mbFile, ok bool) {
	f.Size, f.Mode = -1, -1
	p, top, ok := openBinaryPlist(blob)
	if !ok {
		return f, false
	}
	objects, root, ok := p.archive(top)
	if !ok {
		return f, false
	}
	off, ok := p.element(objects, root)
	if !ok {
		return f, false
	}
	n, keys, ok := p.container(off, 0xd0)
	if !ok {
		return f, false
	}
	for i := range n {
		f.field(p, objects, p.ref(keys, i), p.ref(keys, n+i))
	}
	return f, f.Size >= 0
}

// field takes one key of the root object into f when it is one we need.
func (f *mbFile) field(p binaryPlist, objects int, key, value uint64) {
	name, ok := p.ascii(key)
	if !ok || len(name) < 4 {
		return
	}
	switch string(name) {
	case "Size":
		f.Size = p.number(objects, value)
	case "Mode":
		f.Mode = p.number(objects, value)
	case "Digest":
		if d := p.data(objects, value); len(d) == 20 {
			f.Digest = d
		}
	case "EncryptionKey":
		if d := p.data(objects, value); len(d) == 44 {
			f.EncryptionKey = d
		}
	case "Target":
		f.Target = p.text(objects, value)
	}
}

// A binaryPlist is a view of the bytes of a binary property list:
//
//	"bplist00" | objects … | offset table | trailer of 32 bytes:
//	5 unused, sort version, offset size, reference size, 8 count, 8 top, 8 table
type binaryPlist struct {
	b            []byte
	table        int    // where the offset table begins; objects end here
	count        uint64 // objects
	width, refsz int    // bytes of an offset and of a reference, 1 to 8
}

// openBinaryPlist checks the frame: magic, trailer, and that the offset table
// lies whole between the objects and the trailer.
func openBinaryPlist(b []byte) (p binaryPlist, top uint64, ok bool) {
	if len(b) < 8+1+1+32 || string(b[:7]) != "bplist0" {
		return p, 0, false
	}
	t := b[len(b)-32:]
	p.b, p.width, p.refsz = b, int(t[6]), int(t[7])
	p.count = bigEndian(t[8:16])
	top = bigEndian(t[16:24])
	table := bigEndian(t[24:32])
	room := uint64(len(b) - 32)
	if p.width < 1 || p.width > 8 || p.refsz < 1 || p.refsz > 8 ||
		table < 9 || table > room || p.count == 0 || p.count > (room-table)/uint64(p.width) || top >= p.count {
		return p, 0, false
	}
	p.table = int(table)
	return p, top, true
}

func bigEndian(b []byte) (v uint64) {
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// at returns where object i begins.
func (p *binaryPlist) at(i uint64) (off int, ok bool) {
	if i >= p.count {
		return 0, false
	}
	o := p.table + int(i)*p.width
	v := uint64(p.b[o])
	if p.width > 1 {
		v = bigEndian(p.b[o : o+p.width])
	}
	if v < 8 || v >= uint64(p.table) {
		return 0, false
	}
	return int(v), true
}

// size reads the length in an object's marker: its low four bits or, when they
// are all set, the integer that follows. body is where the content begins.
func (p *binaryPlist) size(off int) (n, body int, ok bool) {
	low := int(p.b[off] & 0x0f)
	if low != 0x0f {
		return low, off + 1, true
	}
	if off+2 > p.table {
		return 0, 0, false
	}
	m := p.b[off+1]
	w := 1 << (m & 0x0f)
	if m&0xf0 != 0x10 || m&0x0f > 3 || off+2+w > p.table {
		return 0, 0, false
	}
	v := bigEndian(p.b[off+2 : off+2+w])
	if v > uint64(p.table) {
		return 0, 0, false
	}
	return int(v), off + 2 + w, true
}

// container checks an array (0xa0) or dictionary (0xd0) at off and returns its
// count and where its references begin; all of them lie inside the objects.
func (p *binaryPlist) container(off int, kind byte) (n, refs int, ok bool) {
	if p.b[off]&0xf0 != kind {
		return 0, 0, false
	}
	n, refs, ok = p.size(off)
	each := p.refsz
	if kind == 0xd0 {
		each *= 2
	}
	if !ok || n > (p.table-refs)/each {
		return 0, 0, false
	}
	return n, refs, true
}

// ref returns the i-th reference of a list that container has checked.
func (p *binaryPlist) ref(refs, i int) uint64 {
	o := refs + i*p.refsz
	if p.refsz == 1 {
		return uint64(p.b[o])
	}
	return bigEndian(p.b[o : o+p.refsz])
}

// bytesOf returns the content of object i when its marker is of the given kind:
// data 0x40, ASCII 0x50.
func (p *binaryPlist) bytesOf(i uint64, kind byte) ([]byte, bool) {
	off, ok := p.at(i)
	if !ok || p.b[off]&0xf0 != kind {
		return nil, false
	}
	n, body, ok := p.size(off)
	if !ok || n > p.table-body {
		return nil, false
	}
	return p.b[body : body+n], true
}

func (p *binaryPlist) ascii(i uint64) ([]byte, bool) { return p.bytesOf(i, 0x50) }

// archive finds the two parts of a keyed archive: where the array $objects
// begins, and the index of its root in it.
func (p *binaryPlist) archive(top uint64) (objects, root int, ok bool) {
	off, ok := p.at(top)
	if !ok {
		return 0, 0, false
	}
	o, ok1 := p.lookup(off, "$objects")
	t, ok2 := p.lookup(off, "$top")
	if !ok1 || !ok2 {
		return 0, 0, false
	}
	if objects, ok = p.at(o); !ok {
		return 0, 0, false
	}
	toff, ok := p.at(t)
	if !ok {
		return 0, 0, false
	}
	r, ok := p.lookup(toff, "root")
	if !ok {
		return 0, 0, false
	}
	root, ok = p.uid(r)
	return objects, root, ok
}

// lookup returns the value that a dictionary holds under an ASCII key.
func (p *binaryPlist) lookup(off int, key string) (value uint64, ok bool) {
	n, refs, ok := p.container(off, 0xd0)
	if !ok {
		return 0, false
	}
	for i := range n {
		if name, ok := p.ascii(p.ref(refs, i)); ok && string(name) == key {
			return p.ref(refs, n+i), true
		}
	}
	return 0, false
}

// element returns where the i-th element of the array at off begins.
func (p *binaryPlist) element(off, i int) (at int, ok bool) {
	n, refs, ok := p.container(off, 0xa0)
	if !ok || i < 0 || i >= n {
		return 0, false
	}
	return p.at(p.ref(refs, i))
}

// uid reads object i as a UID, the archive's reference into $objects.
func (p *binaryPlist) uid(i uint64) (int, bool) {
	off, ok := p.at(i)
	if !ok || p.b[off]&0xf0 != 0x80 {
		return 0, false
	}
	w := int(p.b[off]&0x0f) + 1
	if w > 4 || off+1+w > p.table {
		return 0, false
	}
	return int(bigEndian(p.b[off+1 : off+1+w])), true
}

// resolve returns where object i begins, following one UID into $objects.
func (p *binaryPlist) resolve(objects int, i uint64) (off int, ok bool) {
	if u, isUID := p.uid(i); isUID {
		return p.element(objects, u)
	}
	return p.at(i)
}

// number reads a non-negative integer; -1 when it is none.
func (p *binaryPlist) number(objects int, i uint64) int64 {
	off, ok := p.resolve(objects, i)
	if !ok || p.b[off]&0xf0 != 0x10 || p.b[off]&0x0f > 3 {
		return -1
	}
	w := 1 << (p.b[off] & 0x0f)
	if off+1+w > p.table {
		return -1
	}
	v := int64(bigEndian(p.b[off+1 : off+1+w]))
	return max(v, -1)
}

// data reads bytes that stand there plainly or inside an archived NSData.
func (p *binaryPlist) data(objects int, i uint64) []byte {
	off, ok := p.resolve(objects, i)
	if !ok {
		return nil
	}
	if p.b[off]&0xf0 == 0xd0 {
		v, ok := p.lookup(off, "NS.data")
		if !ok {
			return nil
		}
		if off, ok = p.resolve(objects, v); !ok {
			return nil
		}
	}
	return p.span(off, 0x40)
}

// text reads an ASCII string; nil when it is none.
func (p *binaryPlist) text(objects int, i uint64) []byte {
	off, ok := p.resolve(objects, i)
	if !ok {
		return nil
	}
	return p.span(off, 0x50)
}

// span returns the content of the object at off when it is of the given kind.
func (p *binaryPlist) span(off int, kind byte) []byte {
	if p.b[off]&0xf0 != kind {
		return nil
	}
	n, body, ok := p.size(off)
	if !ok || n > p.table-body {
		return nil
	}
	return p.b[body : body+n]
}
