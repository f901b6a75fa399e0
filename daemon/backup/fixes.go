package backup

import (
	"path"
	"strings"

	"backupwatchdog/daemon/words"
	"backupwatchdog/plist"
)

// Fix is one thing that a person can do. Advice fills in its steps.
type Fix struct {
	ID FixID
	// Title, Why, Steps, Elsewhere, Cloud, Cable and Not.
	words.Fix
	// SetsAside says that the fix gives up the present chain. Its first step
	// then sets it aside and deletes nothing.
	SetsAside bool
}

// Fixes is everything the watchdog can advise, the eight that people are told
// to try first, then what the usual lists leave out.
var Fixes = written([]Fix{
	{ID: CheckStorage}, {ID: StablePowerAndWiFi}, {ID: RestartPhoneAndRetry}, {ID: UpdateSoftware},
	{ID: FreshBackup, SetsAside: true}, {ID: ResetNetworkSettings}, {ID: EncryptedLocalBackup}, {ID: CheckAppleStatus},

	{ID: EnterPasscode}, {ID: GrantFullDiskAccess}, {ID: ReconnectDrive}, {ID: KeepMacAwake}, {ID: FreePhoneStorage},
	{ID: UseCable}, {ID: BackUpNow}, {ID: RecordBackupPassword}, {ID: AllowNotifications}, {ID: StopOtherTool}, {ID: Wait},
})

// written fills in what is said of each fix.
func written(list []Fix) []Fix {
	for i := range list {
		list[i].Fix, _ = words.FixOf(string(list[i].ID))
	}
	return list
}

// FixByID returns the fix of that id.
func FixByID(id FixID) (Fix, bool) {
	for _, f := range Fixes {
		if f.ID == id {
			return f, true
		}
	}
	return Fix{}, false
}

// place is where a fix is carried out: what its steps are filled in with.
type place struct {
	udid   string
	darwin bool
	tool   string // the program that wrote the backup, "" unknown
	folder string // the folder its client is given, "" unknown
	cable  bool   // a backup runs over a cable
}

// parent is the folder a backup lies in, "" where it cannot be written into a
// command as it is.
func parent(backup string) string {
	if !strings.HasPrefix(backup, "/") || strings.ContainsAny(backup, "\"`$\\") || plist.Clean(backup, len(backup)) != backup {
		return ""
	}
	return path.Dir(backup)
}

// again says how a backup is started here.
func (p place) again() string {
	switch {
	case p.tool == "idevicebackup2" || (!p.darwin && p.tool == ""):
		return words.AgainByCommand(p.folder)
	case p.darwin && (p.tool == "" || p.tool == "AppleMobileBackup"):
		return words.AgainInFinder
	}
	return words.AgainIn(p.tool)
}

// advice fills in the steps of a fix. cloud chooses those for iCloud where there are any.
func (f Fix) advice(p place, cloud bool) Advice {
	title, steps := f.Title, f.Steps
	switch {
	case cloud && f.Cloud != nil:
		steps = f.Cloud
	case p.cable && f.Cable.Steps != nil:
		title, steps = f.Cable.Title, f.Cable.Steps
	case !p.darwin && f.Elsewhere != nil:
		steps = f.Elsewhere
	}
	r := strings.NewReplacer("{udid}", p.udid, "{again}", p.again())
	a := Advice{ID: f.ID, Title: title, Steps: make([]string, len(steps))}
	for i, s := range steps {
		a.Steps[i] = r.Replace(s)
	}
	return a
}

// AdviceFor returns the fix as a finding carries it: steps filled in for a
// backup of that id, on a Mac or not, made by that program ("" unknown).
func AdviceFor(id FixID, udid string, darwin bool, tool string) Advice {
	f, _ := FixByID(id)
	return f.advice(place{udid: udid, darwin: darwin, tool: tool}, false)
}

// AtRest returns the advice for a backup of which no run is under way: nothing
// hangs that would have to be stopped first.
func (a Advice) AtRest() Advice {
	if a.ID == RestartPhoneAndRetry && len(a.Steps) > 1 {
		a.Steps = a.Steps[1:]
	}
	return a
}
