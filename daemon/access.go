package daemon

import (
	"encoding/json"
	"log/slog"
	"os"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/history"
	"backupwatchdog/daemon/service"
	"backupwatchdog/daemon/words"
)

// access is whether this very program may read the backup folders, and what it
// was like before: macOS ties the permission to the program's code, so that an
// update may lose it while the settings still show it granted.
type access struct {
	state backup.Access
	lost  bool
	hash  string
	exe   string
	was   granted
}

// granted is the program that was last seen to have access.
type granted struct {
	Hash string `json:"hash"`
	Exe  string `json:"exe"`
}

const accessKey = "access"

func (a *access) load(db *history.DB) {
	if exe, err := os.Executable(); err == nil {
		a.exe = exe
		a.hash, _ = service.CodeHash(exe)
	}
	if raw, ok := db.Get(accessKey); ok && json.Unmarshal(raw, &a.was) != nil {
		a.was = granted{}
	}
}

// see takes what the last look says of the roots.
func (a *access) see(roots []backup.Root, db *history.DB, log *slog.Logger) {
	now := backup.AccessUnknown
	for _, r := range roots {
		switch {
		case r.Access == backup.AccessDenied:
			now = backup.AccessDenied
		case r.Access == backup.AccessGranted && now != backup.AccessDenied:
			now = backup.AccessGranted
		}
	}
	if now == a.state {
		return
	}
	a.state = now
	a.lost = now == backup.AccessDenied && a.was.Hash != "" && a.was.Hash != a.hash
	if now == backup.AccessGranted && a.hash != "" && a.was.Hash != a.hash {
		a.was = granted{a.hash, a.exe}
		if raw, err := json.Marshal(a.was); err == nil {
			db.Put(accessKey, raw)
		}
	}
	log.Info("access to the backups", "state", a.word(), "lost_by_update", a.lost)
}

func (a *access) word() string {
	switch a.state {
	case backup.AccessGranted:
		return "granted"
	case backup.AccessDenied:
		return "denied"
	}
	return "unknown"
}

// explain adds to a denied access that an update has lost it.
func (a *access) explain(f backup.Finding) backup.Finding {
	if f.Code != backup.NoAccess {
		return f
	}
	f.Evidence = append(f.Evidence, backup.Evidence{Fact: words.FactNeedsAccess, Value: a.exe, Source: backup.FromMac})
	if a.lost {
		f.Detail += " " + words.AccessLost
	}
	return f
}
