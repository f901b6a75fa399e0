package plist

import "fmt"

// Limits that hold for every property list. Real ones stay far below: the
// largest Info.plist on record has a few thousand values and four levels, for
// its size is artwork.
const (
	// maxDepth is how deep arrays and dictionaries may lie in one another.
	maxDepth = 64
	// maxValues bounds values, keys included. In the binary form a value that
	// is referred to twice counts twice: thirty levels of two references each
	// fit in 200 bytes and unfold into a billion values.
	maxValues = 200_000
	// maxKept bounds the bytes of text and data that one decoding keeps, again
	// counted as often as they are referred to.
	maxKept = 16 << 20
	// maxToken is the longest single text in XML, such as a piece of artwork.
	maxToken = 16 << 20
	// maxTag is the longest single tag or comment. Real tags have ten bytes.
	maxTag = 64 << 10
)

// tooMany and its sisters are the refusals of these limits.
func tooMany() error {
	return because(ErrTooLarge, fmt.Sprintf("it has more than %d values", maxValues))
}

func tooDeep() error {
	return because(ErrTooLarge, fmt.Sprintf("its values lie more than %d levels deep", maxDepth))
}

// errLongValue refuses a text that would have to be held as a whole.
var errLongValue = because(ErrTooLarge, "a single value in it is over "+sizeText(maxToken))

func tooBig(limit int64) error {
	return because(ErrTooLarge, fmt.Sprintf("the limit is %s", sizeText(limit)))
}

// sizeText writes a limit as people say it.
func sizeText(n int64) string {
	if n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	if n%(1<<10) == 0 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
