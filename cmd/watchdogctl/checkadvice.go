package main

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/words"
)

// fitAdvice takes the advice off findings where its steps would hit another
// backup than the one that was checked (they name the phone, and so the backup
// in use), or one that is being written just now, and says so instead.
func (p *program) fitAdvice(ctx context.Context, list []verify.Result) {
	if !slices.ContainsFunc(list, func(r verify.Result) bool { return len(r.Findings) > 0 }) {
		return
	}
	watched, s := p.watchedFolders(), p.statusNow(ctx)
	for i, r := range list {
		_, archived, _ := verify.FolderUDID(filepath.Base(r.Path))
		note := ""
		switch {
		case archived:
			note = words.CheckedAside
		case len(watched) > 0 && !slices.Contains(watched, resolved(filepath.Dir(r.Path))):
			note = words.CheckedOutside
		case slices.ContainsFunc(s.Backups, func(b control.Backup) bool {
			return sameUDID(b.UDID, r.UDID) && !b.Archived && b.Phase.Active()
		}):
			note = words.CheckedRunning
		default:
			continue
		}
		for j := range r.Findings {
			f := &list[i].Findings[j]
			f.Detail += " " + note
			f.Fix, f.Also = backup.Advice{}, nil
		}
	}
}

// watchedFolders are the folders that backups are watched in, with links
// resolved; none where that cannot be told.
func (p *program) watchedFolders() []string {
	roots, err := p.watchedRoots()
	if err != nil {
		return nil
	}
	list := make([]string, len(roots))
	for i, r := range roots {
		list[i] = resolved(r)
	}
	return list
}

// resolved is the path without links, or the path itself where it has none to follow.
func resolved(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// statusNow is what a running daemon says, empty where none answers.
func (p *program) statusNow(ctx context.Context) (s control.Status) {
	client, err := p.client()
	if err != nil {
		return s
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if now, err := client.Status(ctx); err == nil {
		s = now
	}
	return s
}
