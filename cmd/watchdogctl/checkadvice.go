package main

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/words"
	"backupwatchdog/plist"
)

// fitAdvice makes the advice of findings fit where the backup lies. Steps name
// the phone, and so the backup in use: one that was set aside needs no setting
// aside, one outside the watched folders is named by its folder. A reader is
// spared the steps where a sentence says it all; JSON always has them. Returned
// is what goes on in the folders of which a backup is running.
func (p *program) fitAdvice(ctx context.Context, list []verify.Result) map[string]backup.Phase {
	if !slices.ContainsFunc(list, func(r verify.Result) bool { return len(r.Findings) > 0 }) {
		return nil
	}
	s, running := p.statusNow(ctx), map[string]backup.Phase{}
	watched := p.watchedFolders(s)
	for i := range list {
		r := &list[i]
		now := slices.IndexFunc(s.Backups, func(b control.Backup) bool {
			return sameUDID(b.UDID, r.UDID) && !b.Archived && b.Phase.Active()
		})
		_, archived, _ := verify.FolderUDID(filepath.Base(r.Path))
		note, fit, shown := "", func(a backup.Advice) backup.Advice { return a }, false
		switch {
		case archived:
			note, fit = words.CheckedAside, func(a backup.Advice) backup.Advice { return p.adviceAside(a, r.Path) }
		case len(watched) > 0 && !slices.Contains(watched, resolved(filepath.Dir(r.Path))):
			note, fit, shown = words.CheckedOutside, func(a backup.Advice) backup.Advice { return p.adviceOutside(a, r.Path) }, true
		case now >= 0:
			running[r.Path] = s.Backups[now].Phase
			if p.JSON { // else it stands above all of it
				note = words.CheckedRunning
			}
		case len(watched) > 0:
			fit, shown = func(a backup.Advice) backup.Advice { return adviceIn(a, filepath.Dir(r.Path)) }, true
		default:
			continue
		}
		for j := range r.Findings {
			f := &r.Findings[j]
			f.Detail = strings.TrimSpace(f.Detail + " " + note)
			if f.Fix = fit(f.Fix); !shown && !p.JSON {
				f.Fix, f.Also = backup.Advice{}, nil
			}
		}
	}
	return running
}

// adviceIn is a fix for a backup in a watched folder: the command that makes the
// next one is given that folder.
func adviceIn(a backup.Advice, folder string) backup.Advice {
	if inCommand(folder) == "FOLDER" {
		return a
	}
	a.Steps = slices.Clone(a.Steps)
	for i, s := range a.Steps {
		a.Steps[i] = strings.ReplaceAll(s, words.AgainByCommand(""), words.AgainByCommand(folder))
	}
	return a
}

// adviceAside is a fix for a backup that was set aside: what is done anew
// concerns the one in use, and only its own password can open it.
func (p *program) adviceAside(a backup.Advice, path string) backup.Advice {
	if a.ID == backup.RecordBackupPassword {
		return p.adviceFor(a.ID, filepath.Base(path))
	}
	if setsAside(a.ID) && len(a.Steps) > 0 {
		a.Steps = a.Steps[1:]
	}
	return a
}

// adviceOutside is a fix for a backup that is not under a watched folder: it is
// named by its own folder, and retire, which knows the watched ones, is no help.
func (p *program) adviceOutside(a backup.Advice, path string) backup.Advice {
	a = p.adviceFor(a.ID, inCommand(path))
	if setsAside(a.ID) && len(a.Steps) > 0 {
		a.Steps[0] = words.SetFolderAside
	}
	return a
}

// adviceFor is a fix whose commands name the backup like that.
func (p *program) adviceFor(id backup.FixID, name string) backup.Advice {
	return backup.AdviceFor(id, name, p.GOOS == "darwin", "").AtRest()
}

func setsAside(id backup.FixID) bool {
	f, _ := backup.FixByID(id)
	return f.SetsAside
}

// inCommand is a path as a shell takes it, or a word that stands for it where
// it holds what a shell, or a terminal, would not take as it is.
func inCommand(path string) string {
	if strings.ContainsAny(path, "\"`$\\!") || plist.Clean(path, len(path)) != path {
		return "FOLDER"
	}
	return `"` + path + `"`
}

// watchedFolders are the folders that backups are watched in where the watchdog
// says s, with links resolved; none where that cannot be told.
func (p *program) watchedFolders(s control.Status) []string {
	roots, err := p.watchedRoots(s)
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
