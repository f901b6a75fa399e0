// Package macho makes the two things a Mac download needs and a Linux machine
// has no tool for: a universal binary out of thin ones, and an ad-hoc code
// signature with a name of our choice.
//
// What an ad-hoc signature is good for: Apple silicon runs no unsigned code, and
// a stable identifier makes the two programs recognisable. What it is not good
// for: it names nobody, so Gatekeeper refuses a quarantined download, and its
// requirement is its own hash, so macOS forgets Full Disk Access at each update.
// Only a Developer ID certificate changes that; see the README beside this
// package.
//
// The layouts are those of <mach-o/fat.h>, <mach-o/loader.h> and, for
// signatures, of XNU's osfmk/kern/cs_blobs.h; everything in a signature is big
// endian, everything in a 64-bit Mach-O file of ours little endian.
package macho

import (
	"bytes"
	"debug/macho"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// sliceAlign is the alignment of a slice, as a power of two: 16 KiB, the page
// of Apple silicon, which suits Intel as well.
const sliceAlign = 14

// Fat joins thin binaries into a universal one, in the order given. They must
// be 64-bit executables of different processors. The result begins
//
//	cafebabe  number of slices
//	cputype  cpusubtype  offset  size  align    once for each
//
// with every slice at a multiple of 16 KiB, each with the signature it had.
func Fat(slices ...[]byte) ([]byte, error) {
	if len(slices) == 0 {
		return nil, errors.New("a universal binary needs a slice")
	}
	var head, body bytes.Buffer
	put := func(v ...uint32) { binary.Write(&head, binary.BigEndian, v) }
	put(macho.MagicFat, uint32(len(slices)))
	at := align(8 + 20*len(slices))
	start := at
	for _, s := range slices {
		f, err := macho.NewFile(bytes.NewReader(s))
		if err != nil {
			return nil, fmt.Errorf("a slice is no Mach-O file: %w", err)
		}
		put(uint32(f.Cpu), f.SubCpu, uint32(at), uint32(len(s)), sliceAlign)
		body.Write(make([]byte, at-start-body.Len()))
		body.Write(s)
		at = align(at + len(s))
		if bits.Len(uint(at)) > 32 {
			return nil, errors.New("the slices are too large for a universal binary")
		}
	}
	head.Write(make([]byte, start-head.Len()))
	out := append(head.Bytes(), body.Bytes()...)
	// The standard library reads what we wrote: a slice of one processor twice,
	// or of another kind of file, is refused by it.
	fat, err := macho.NewFatFile(bytes.NewReader(out))
	if err != nil {
		return nil, fmt.Errorf("the universal binary does not read back: %w", err)
	}
	return out, fat.Close()
}

// align rounds up to the next slice.
func align(n int) int { return (n + 1<<sliceAlign - 1) &^ (1<<sliceAlign - 1) }
