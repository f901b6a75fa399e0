package macho

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Load commands and sizes we touch.
const (
	magic64       = 0xfeedfacf
	lcSegment64   = 0x19
	lcSignature   = 0x1d
	headerSize    = 32
	signatureSize = 16 // of the load command
	cpuARM64      = 0x0100000c
)

// Blobs and slots of a code signature.
const (
	blobRequirements = 0xfade0c01
	blobDirectory    = 0xfade0c02
	blobSignature    = 0xfade0cc0 // the whole: a "super blob"
	blobWrapper      = 0xfade0b01 // of the certificate's signature; empty when ad hoc

	slotDirectory    = 0
	slotInfo         = 1 // special slots count backwards from the code's hashes
	slotRequirements = 2
	slotResources    = 3
	slotWrapper      = 0x10000

	directoryVersion = 0x20400 // with the executable segment
	directoryHeader  = 88      // bytes of that version
	flagAdHoc        = 2
	hashSHA256       = 2
	pageShift        = 12
	mainBinary       = 1
)

// Signing says what a signature binds.
type Signing struct {
	// Identifier is the stable name of the code.
	Identifier string
	// Info and Resources are the bundle's Info.plist and CodeResources, for the
	// bundle's main program; nil for any other.
	Info, Resources []byte
}

// Sign returns a thin 64-bit executable with an ad-hoc signature in place of
// the one it had, if any. The same input gives the same bytes.
func Sign(thin []byte, s Signing) ([]byte, error) {
	img, err := open(thin)
	if err != nil {
		return nil, err
	}
	if err := img.makeRoom(); err != nil {
		return nil, err
	}
	size := align16(s.size(len(img.data)))
	img.record(size)
	sig := s.build(img)
	sig = append(sig, make([]byte, size-len(sig))...)
	return append(img.data, sig...), nil
}

// image is an executable cut off where its signature begins.
type image struct {
	data      []byte
	cpu       uint32
	linkedit  int // offset of the load command of __LINKEDIT
	signature int // offset of LC_CODE_SIGNATURE, 0 when there is none
	commands  int // offset behind the last load command
	first     int // offset of the first section's bytes: where room ends
	textOff   uint64
	textSize  uint64
}

var le = binary.LittleEndian

// open reads the load commands of a copy of data.
func open(data []byte) (*image, error) {
	if len(data) < headerSize || le.Uint32(data) != magic64 {
		return nil, errors.New("not a thin 64-bit Mach-O file")
	}
	img := &image{data: bytes.Clone(data), cpu: le.Uint32(data[4:]), first: len(data)}
	at := headerSize
	for range le.Uint32(data[16:]) {
		if at+8 > len(data) {
			return nil, errors.New("the load commands are cut")
		}
		size := int(le.Uint32(data[at+4:]))
		if size < 8 || size > len(data)-at {
			return nil, errors.New("a load command is larger than the file")
		}
		img.command(at, img.data[at:at+size])
		at += size
	}
	img.commands = at
	if img.linkedit == 0 || img.textSize == 0 {
		return nil, errors.New("no __TEXT and __LINKEDIT segments: not a linked program")
	}
	return img, nil
}

// command notes what one load command says.
func (m *image) command(at int, c []byte) {
	switch le.Uint32(c) {
	case lcSignature:
		m.signature = at
	case lcSegment64:
		if len(c) < 72 {
			return
		}
		switch string(bytes.TrimRight(c[8:24], "\x00")) {
		case "__TEXT":
			m.textOff, m.textSize = le.Uint64(c[40:]), le.Uint64(c[48:])
		case "__LINKEDIT":
			m.linkedit = at
		}
		for n := 72; n+80 <= len(c); n += 80 {
			if off := int(le.Uint32(c[n+48:])); off > 0 {
				m.first = min(m.first, off)
			}
		}
	}
}

// makeRoom drops an old signature, or adds the load command for a new one in
// the gap between the load commands and the first section.
func (m *image) makeRoom() error {
	if m.signature != 0 {
		end := int(le.Uint32(m.data[m.signature+8:]))
		if end < m.commands || end > len(m.data) {
			return errors.New("the old signature lies outside the file")
		}
		m.data = m.data[:end]
	} else {
		if m.first-m.commands < signatureSize {
			return errors.New("no room for another load command")
		}
		m.signature = m.commands
		le.PutUint32(m.data[m.signature:], lcSignature)
		le.PutUint32(m.data[m.signature+4:], signatureSize)
		le.PutUint32(m.data[16:], le.Uint32(m.data[16:])+1)
		le.PutUint32(m.data[20:], le.Uint32(m.data[20:])+signatureSize)
	}
	m.data = append(m.data, make([]byte, align16(len(m.data))-len(m.data))...)
	return nil
}

// record writes where the signature lies, and stretches __LINKEDIT over it.
func (m *image) record(size int) {
	le.PutUint32(m.data[m.signature+8:], uint32(len(m.data)))
	le.PutUint32(m.data[m.signature+12:], uint32(size))
	seg := m.data[m.linkedit:]
	fileSize := uint64(len(m.data)+size) - le.Uint64(seg[40:])
	page := uint64(0x1000)
	if m.cpu == cpuARM64 {
		page = 0x4000
	}
	le.PutUint64(seg[48:], fileSize)
	le.PutUint64(seg[32:], (fileSize+page-1)&^(page-1))
}

// special is the number of special slots.
func (s Signing) special() int {
	if s.Resources != nil {
		return slotResources
	}
	return slotRequirements
}

// The blobs of a signature, in order: directory, requirements, wrapper.
const (
	superHeader      = 12 + 3*8
	requirementsSize = 12
	wrapperSize      = 8
)

// directorySize is the size of the directory of that much code.
func (s Signing) directorySize(code int) int {
	return directoryHeader + len(s.Identifier) + 1 + (s.special()+pages(code))*sha256.Size
}

// size is the size of the whole signature.
func (s Signing) size(code int) int {
	return superHeader + s.directorySize(code) + requirementsSize + wrapperSize
}

// build makes the signature of an image whose load commands are final.
func (s Signing) build(m *image) []byte {
	requirements := words(blobRequirements, requirementsSize, 0)
	directory := s.directory(m, requirements)
	var b bytes.Buffer
	b.Write(words(blobSignature, uint32(s.size(len(m.data))), 3))
	at := uint32(superHeader)
	for _, blob := range []struct {
		slot uint32
		size int
	}{{slotDirectory, len(directory)}, {slotRequirements, len(requirements)}, {slotWrapper, wrapperSize}} {
		b.Write(words(blob.slot, at))
		at += uint32(blob.size)
	}
	b.Write(directory)
	b.Write(requirements)
	b.Write(words(blobWrapper, wrapperSize))
	return b.Bytes()
}

// directory makes the CodeDirectory: a header, the identifier, then the hashes,
// special ones first and backwards.
func (s Signing) directory(m *image, requirements []byte) []byte {
	ident := uint32(directoryHeader)
	hashes := ident + uint32(len(s.Identifier)) + 1 + uint32(s.special()*sha256.Size)
	var b bytes.Buffer
	b.Write(words(blobDirectory, uint32(s.directorySize(len(m.data))), directoryVersion, flagAdHoc,
		hashes, ident, uint32(s.special()), uint32(pages(len(m.data))), uint32(len(m.data))))
	b.Write([]byte{sha256.Size, hashSHA256, 0, pageShift})
	b.Write(words(0, 0, 0, 0)) // spare, scatter, team, spare
	binary.Write(&b, binary.BigEndian, []uint64{0, m.textOff, m.textSize, mainBinary})
	b.WriteString(s.Identifier + "\x00")
	for slot := s.special(); slot > 0; slot-- {
		b.Write(hash(map[int][]byte{slotInfo: s.Info, slotRequirements: requirements, slotResources: s.Resources}[slot]))
	}
	for rest := m.data; len(rest) > 0; {
		n := min(len(rest), 1<<pageShift)
		b.Write(hash(rest[:n]))
		rest = rest[n:]
	}
	return b.Bytes()
}

// hash is the hash of what a slot binds; a slot that binds nothing is zero.
func hash(data []byte) []byte {
	if data == nil {
		return make([]byte, sha256.Size)
	}
	sum := sha256.Sum256(data)
	return sum[:]
}

// words writes 32-bit numbers the way signatures do.
func words(v ...uint32) []byte {
	var b []byte
	for _, n := range v {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

func align16(n int) int { return (n + 15) &^ 15 }

func pages(n int) int { return (n + 1<<pageShift - 1) >> pageShift }

// CDHash returns the code directory hash of a signed thin executable, whoever
// signed it: the first 20 bytes of the SHA-256 of its CodeDirectory, which is how
// macOS names code that nobody vouches for. Of several directories the one by
// SHA-256 counts.
func CDHash(thin []byte) ([]byte, error) {
	img, err := open(thin)
	if err != nil {
		return nil, err
	}
	if img.signature == 0 {
		return nil, errors.New("the program is not signed")
	}
	at := uint64(le.Uint32(thin[img.signature+8:]))
	if at >= uint64(len(thin)) {
		return nil, errors.New("the signature lies outside the file")
	}
	sig := thin[at:]
	for n := range min(number(sig, 8), 64) {
		d := blob(sig, number(sig, 16+8*n))
		if number(d, 0) == blobDirectory && len(d) > directoryHeader && d[37] == hashSHA256 {
			sum := sha256.Sum256(d)
			return sum[:20], nil
		}
	}
	return nil, errors.New("the signature has no directory that is read here")
}

// number reads a 32-bit number of a signature, 0 outside of it.
func number(b []byte, at uint64) uint64 {
	if at+4 > uint64(len(b)) {
		return 0
	}
	return uint64(binary.BigEndian.Uint32(b[at:]))
}

// blob is the blob that begins at an offset, nil when it does not fit.
func blob(sig []byte, at uint64) []byte {
	size := number(sig, at+4)
	if size < 8 || at+size > uint64(len(sig)) {
		return nil
	}
	return sig[at : at+size]
}
