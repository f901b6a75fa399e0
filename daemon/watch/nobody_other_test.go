//go:build !linux

package watch

import (
	"os"
	"testing"
)

// asNobody runs f, unless the test runs as root, who is let in everywhere.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Skip("root is let in everywhere; run this test as another user")
	}
	f()
}
