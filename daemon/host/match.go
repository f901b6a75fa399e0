package host

import (
	"path/filepath"
	"slices"

	"backupwatchdog/daemon/backup"
)

// Target is one backup folder whose writer is looked for.
type Target struct {
	UDID string
	// Path is the backup folder itself, links resolved.
	Path string
	// Attached are the phones attached now. Nil: not known.
	Attached []string
	// Alone says that no other backup lies in the same root.
	Alone bool
}

// fit is how surely a process works on a target.
type fit int

const (
	fitNot fit = iota
	fitMaybe
	fitSure
)

// Match says which of the processes writes the target. What proves it, strongest
// first: a file of the folder that is open or was; the phone's id in the
// arguments together with no other folder; the folder in the arguments, or
// Apple's own program, and this phone being the one attached. Where that leaves
// two phones in question, or where processes cannot be listed, the answer is
// unknown; "gone" is said only when every one could be seen and none fits.
func Match(processes []Process, observable bool, t Target) backup.Writer {
	var sure []Process
	maybe := false
	for _, p := range processes {
		switch p.fits(t) {
		case fitSure:
			sure = append(sure, p)
		case fitMaybe:
			maybe = true
		}
	}
	sure = withoutChildren(sure)
	switch {
	case len(sure) > 0:
		return writer(sure, t)
	case maybe || !observable:
		return backup.Writer{State: backup.WriterUnknown}
	}
	return backup.Writer{State: backup.WriterGone}
}

// fits weighs one process.
func (p Process) fits(t Target) fit {
	switch {
	case p.holds(t):
		return fitSure
	case len(p.Holds) > 0 || p.Resident:
		return fitNot // it works elsewhere
	case p.UDID != "" && !sameUDID(p.UDID, t.UDID):
		return fitNot
	case p.Dir != "" && p.Dir != t.Path && p.Dir != filepath.Dir(t.Path):
		return fitNot
	case p.UDID != "":
		return fitSure
	}
	return p.fitsAttached(t)
}

// fitsAttached weighs a process that was told no phone: it takes the one that
// is attached.
func (p Process) fitsAttached(t Target) fit {
	attached := slices.ContainsFunc(t.Attached, func(u string) bool { return sameUDID(u, t.UDID) })
	told := p.Dir != "" || p.Name == "AppleMobileBackup"
	switch {
	case attached && len(t.Attached) == 1 && told:
		return fitSure
	case !attached && len(t.Attached) > 0:
		return fitNot
	case p.Dir != "" && t.Alone && !attached:
		return fitSure // phones unseen, and only one backup to be working on
	}
	return fitMaybe
}

// holds reports whether p has, or had, a file of the target open.
func (p Process) holds(t Target) bool {
	return slices.ContainsFunc(p.Holds, func(h string) bool { return within(h, t.Path) })
}

// withoutChildren leaves out processes that another of the list has started: a
// program that splits itself in two is one program.
func withoutChildren(list []Process) []Process {
	return slices.DeleteFunc(slices.Clone(list), func(p Process) bool {
		return slices.ContainsFunc(list, func(q Process) bool { return q.PID == p.Parent && q.Name == p.Name })
	})
}

// writer names the best proven process first and the others after it.
func writer(sure []Process, t Target) backup.Writer {
	slices.SortStableFunc(sure, func(a, b Process) int {
		if ah, bh := a.holds(t), b.holds(t); ah != bh {
			if ah {
				return -1
			}
			return 1
		}
		return a.PID - b.PID
	})
	w := backup.Writer{State: backup.WriterAlive, Name: sure[0].Name, PID: sure[0].PID}
	for _, p := range sure[1:] {
		w.Others = append(w.Others, p.Name)
	}
	return w
}
