package host

import (
	"fmt"
	"runtime"
)

// LowPriority puts the calling goroutine behind everything else on this
// computer, for processor and disk: for the long reading of a check. The
// goroutine keeps its thread to itself from then on and the thread ends with
// it, so nothing else inherits the low standing. Where the system refuses, work
// goes on at ordinary speed: the error is for a log, not for a decision.
func LowPriority() error {
	runtime.LockOSThread()
	if err := lowerThread(); err != nil {
		return fmt.Errorf("lowering the priority: %w", err)
	}
	return nil
}
