package control

import (
	"encoding/json"

	"backupwatchdog/daemon/backup"
)

// full returns an empty list for none, so that a reader of the JSON meets [],
// never null, where there is nothing.
func full[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// MarshalJSON writes lists that are never null.
func (s Status) MarshalJSON() ([]byte, error) {
	type noMethods Status
	p := noMethods(s)
	p.Roots, p.Phones, p.Backups = full(p.Roots), full(p.Phones), full(p.Backups)
	p.Findings, p.Unseen, p.Muted, p.Acked = full(p.Findings), full(p.Unseen), full(p.Muted), full(p.Acked)
	return json.Marshal(p)
}

// MarshalJSON writes lists that are never null.
func (b Backup) MarshalJSON() ([]byte, error) {
	type noMethods Backup
	p := noMethods(b)
	p.Findings = full(p.Findings)
	if p.Chain.Verdict == "" {
		p.Chain.Verdict = backup.Unchecked
	}
	return json.Marshal(p)
}

// MarshalJSON writes lists that are never null.
func (h History) MarshalJSON() ([]byte, error) {
	type noMethods History
	p := noMethods(h)
	p.Runs, p.Notices, p.Checks = full(p.Runs), full(p.Notices), full(p.Checks)
	return json.Marshal(p)
}
