package daemon

import (
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/watch"
	"backupwatchdog/daemon/words"
)

// noteClosed adds that a backup, or a file without which nothing can be said of
// it, may not be read although its root may: the watchdog must call that neither
// "no backup" nor "not finished".
func (l *loop) noteClosed(t *tracked, now time.Time) {
	names, evidence := closedFiles(t.look.Folder)
	if len(names) == 0 {
		t.closed = time.Time{}
		return
	}
	if t.closed.IsZero() {
		t.closed = now
	}
	detail := words.FilesClosed(strings.Join(names, ", "), t.look.Path)
	if len(names) == 4 {
		detail = words.BackupClosed(t.look.Path)
	}
	t.now.Findings = append([]backup.Finding{backup.NewFinding(backup.NoAccess, backup.Critical, detail, t.closed,
		t.session.Mark()+"/-/no-access/1", backup.AdviceFor(backup.GrantFullDiskAccess, t.look.UDID, darwin, ""), evidence...)}, t.now.Findings...)
}

// closedFiles are the files that the system does not let this program read. A
// link is none of them: it is this program that does not follow it.
func closedFiles(fo backup.Folder) (names []string, evidence []backup.Evidence) {
	index := "Manifest.db"
	if fo.Index.Format == backup.IndexMBDB {
		index = "Manifest.mbdb"
	}
	for _, f := range []struct {
		name string
		backup.File
	}{{"Status.plist", fo.Status.File}, {"Manifest.plist", fo.Manifest.File}, {index, fo.Index.File}, {"Info.plist", fo.Info.File}} {
		if f.Presence == backup.Denied && f.Detail != watch.Linked {
			names = append(names, f.name)
			evidence = append(evidence, backup.Evidence{Fact: f.name, Value: f.Detail, Source: backup.FromFolder})
		}
	}
	return names, evidence
}
