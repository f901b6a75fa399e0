package plist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxInfo is nine times the largest Info.plist on record. Its size is artwork
// and licences, some hundred kilobytes an app: it would take thousands of apps,
// more than an iPhone has places for.
const maxInfo = 512 << 20

// endLength is how much is read of each end of a file that is not read whole.
const endLength = 4 << 10

// ends looks at both ends of a property list that is too large to be read
// whole: at a cost of nothing, it tells what was never written (zeros after a
// power cut), what is cut short and what is something else from what is merely
// large, which is ErrUnread.
func (src source) ends() error {
	head, err := src.part(0)
	if err != nil {
		return err
	}
	tail, err := src.part(max(src.size-endLength, 0))
	if err != nil {
		return err
	}
	if bytes.HasPrefix(head, []byte("bplist")) {
		err = binaryEnds(head, tail, uint64(src.size))
	} else {
		err = xmlEnds(head, tail)
	}
	if err == nil {
		err = because(ErrUnread, "it is over "+sizeText(src.limit))
	}
	return err
}

// part reads up to endLength bytes.
func (src source) part(at int64) ([]byte, error) {
	b := make([]byte, endLength)
	n, err := src.r.ReadAt(b, at)
	if err == io.EOF {
		err = nil
	}
	return b[:n], err
}

// binaryEnds checks the magic, and the trailer that closes the file.
func binaryEnds(head, tail []byte, size uint64) error {
	switch {
	case !bytes.HasPrefix(head, []byte(binaryMagic)):
		return because(ErrNotPlist, "it is of an unknown version of the binary form")
	case len(tail) < binaryTrailer:
		return because(ErrCut, fmt.Sprintf("it ends after %d bytes", size))
	}
	l := readTrailer(tail)
	if !l.closes(size - binaryTrailer) {
		return errNotClosed
	}
	return nil
}

// xmlEnds checks that markup begins the file and closes it.
func xmlEnds(head, tail []byte) error {
	if _, err := toUTF8(bytes.NewReader(head)); err != nil {
		if errors.Is(err, ErrEmpty) {
			err = because(ErrNotPlist, "it begins with nothing but blanks")
		}
		return err
	}
	for _, m := range marks {
		if m.encoding != nil && bytes.HasPrefix(head, []byte(m.prefix)) {
			tail = bytes.ReplaceAll(tail, []byte{0}, nil) // its letters are ASCII, two or four bytes each
			break
		}
	}
	if !bytes.HasSuffix(bytes.TrimRight(tail, " \t\r\n"), []byte("</plist>")) {
		return because(ErrCut, "nothing closes it")
	}
	return nil
}

// openInfo opens an Info.plist and says at once what its size alone tells.
func openInfo(path string) (*os.File, source, error) {
	f, info, err := OpenRegular(path)
	if err != nil {
		return nil, source{}, err
	}
	src := source{f, info.Size(), maxLarge}
	switch {
	case src.size > maxInfo:
		err = tooBig(maxInfo)
	case src.size > maxLarge:
		err = src.ends()
	}
	if err != nil {
		f.Close()
		return nil, source{}, fmt.Errorf("%s %w", path, err)
	}
	return f, src, nil
}
