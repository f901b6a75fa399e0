package plist

import (
	"bytes"
	"fmt"
	"io"

	howett "howett.net/plist"
)

// Format is how a property list is written.
type Format int

// The two forms that phones and this package understand.
const (
	XML    Format = howett.XMLFormat
	Binary Format = howett.BinaryFormat
)

// Marshal writes a struct, or a map of simple values, as a property list.
func Marshal(v any, f Format) (b []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			b, err = nil, fmt.Errorf("writing a property list: %v", r)
		}
	}()
	return howett.Marshal(v, int(f))
}

// Unmarshal reads a property list into the struct that v points to.
func Unmarshal(b []byte, v any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = because(ErrNotPlist, "it is damaged")
		}
	}()
	b = bytes.TrimSpace(b)
	switch {
	case len(b) == 0:
		return ErrEmpty
	case bytes.HasPrefix(b, []byte("bplist00")), bytes.HasPrefix(b, []byte("<")):
	default:
		return because(ErrNotPlist, "it begins as something else")
	}
	if _, err := howett.Unmarshal(b, v); err != nil {
		return because(ErrNotPlist, err.Error())
	}
	return nil
}

// read opens, reads and decodes one file.
func read[T any](path string, limit int64, decode func([]byte) (T, error)) (T, error) {
	var zero T
	f, info, err := OpenRegular(path)
	if err != nil {
		return zero, err
	}
	defer f.Close()
	if info.Size() > limit {
		return zero, fmt.Errorf("%s %w", path, because(ErrTooLarge, fmt.Sprintf("it has %d bytes, the limit is %d", info.Size(), limit)))
	}
	b, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return zero, fmt.Errorf("reading %w", err)
	}
	v, err := decode(b)
	if err != nil {
		return zero, fmt.Errorf("%s %w", path, err)
	}
	return v, nil
}
