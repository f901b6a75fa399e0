package trace

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/plist"
)

// statusLine is Status.plist as a trace has it. At and Date are seconds on the
// trace's clock.
type statusLine struct {
	State  string   `json:"state"`
	Backup string   `json:"backup"`
	Chain  string   `json:"chain"`
	Full   bool     `json:"full"`
	At     *float64 `json:"at,omitempty"`
	Date   *float64 `json:"date,omitempty"`
}

// unknownFacts are those of a backup of which nothing is known.
func unknownFacts(platform string) backup.Facts {
	return backup.Facts{
		Folder: backup.Folder{Files: -1, Bytes: -1, SnapshotFiles: -1, SnapshotBytes: -1},
		Root:   backup.Root{Free: -1, Access: backup.AccessGranted, Volume: backup.VolumeOK},
		Phone:  backup.Phone{Battery: -1, DiskFree: -1, DiskUsed: -1},
		Darwin: platform == "darwin",
	}
}

// apply takes the keys of a line into the facts, in the order of the alphabet:
// so "manifest" has the last word over "encrypted", which only implies that the
// file is there, and "index_size" over "index".
func apply(f *backup.Facts, keys map[string]json.RawMessage, now time.Time) error {
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		raw := keys[key]
		set, ok := setters[key]
		if !ok {
			continue // later versions may say more
		}
		if err := set(f, raw, string(raw) == "null", now); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// The words of a trace for how a phone is attached, and for the writer.
var (
	links   = map[string]backup.Link{"usb": backup.LinkUSB, "network": backup.LinkNetwork, "gone": backup.LinkGone, "unknown": backup.LinkUnknown}
	writers = map[string]backup.Liveness{"alive": backup.WriterAlive, "gone": backup.WriterGone, "unknown": backup.WriterUnknown}
)

type setter func(f *backup.Facts, raw json.RawMessage, null bool, now time.Time) error

// setters says for each key of a line what it changes. null is "unknown".
var setters = map[string]setter{
	"status": setStatus,
	"snapshot": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return tri(&f.Folder.Snapshot, raw, null)
	},
	"files": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return count(&f.Folder.Files, raw, null)
	},
	"bytes": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return count(&f.Folder.Bytes, raw, null)
	},
	"moved": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return count(&f.Folder.Moved, raw, null)
	},
	"info": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return presence(&f.Folder.Info.File, raw, null)
	},
	"index": setIndex,
	"manifest": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return presence(&f.Folder.Manifest.File, raw, null)
	},
	"index_size": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return size(&f.Folder.Index.Size, raw, null)
	},
	"encrypted": setEncrypted,
	"info_at": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return at(&f.Folder.Info.ModTime, raw, null)
	},
	"index_at": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return at(&f.Folder.Index.ModTime, raw, null)
	},
	"newest": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return at(&f.Folder.Newest, raw, null)
	},
	"phone": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return word(&f.Phone.Link, raw, null, links)
	},
	"passcode": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return tri(&f.Phone.Passcode, raw, null)
	},
	"battery": setBattery,
	"charging": func(f *backup.Facts, raw json.RawMessage, null bool, now time.Time) error {
		f.Phone.Asked = now
		return tri(&f.Phone.Charging, raw, null)
	},
	"phone_free": func(f *backup.Facts, raw json.RawMessage, null bool, now time.Time) error {
		f.Phone.Asked = now
		return count(&f.Phone.DiskFree, raw, null)
	},
	"phone_used": func(f *backup.Facts, raw json.RawMessage, null bool, now time.Time) error {
		f.Phone.Asked = now
		return count(&f.Phone.DiskUsed, raw, null)
	},
	"refused": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return tri(&f.Phone.Refused, raw, null)
	},
	"icloud": func(f *backup.Facts, raw json.RawMessage, null bool, now time.Time) error {
		f.Phone.Asked = now
		return tri(&f.Phone.CloudEnabled, raw, null)
	},
	"last_icloud": func(f *backup.Facts, raw json.RawMessage, null bool, now time.Time) error {
		f.Phone.Asked = now
		return at(&f.Phone.LastCloudBackup, raw, null)
	},
	"last_local": func(f *backup.Facts, raw json.RawMessage, null bool, now time.Time) error {
		f.Phone.Asked = now
		return at(&f.Phone.LastLocalBackup, raw, null)
	},
	"outage": func(f *backup.Facts, raw json.RawMessage, null bool, now time.Time) error {
		f.Apple.Asked = now
		return tri(&f.Apple.Outage, raw, null)
	},
	"writer": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return word(&f.Writer.State, raw, null, writers)
	},
	"writer_id": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		f.Writer.PID = 0
		if null {
			return nil
		}
		return json.Unmarshal(raw, &f.Writer.PID)
	},
	"free": func(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
		return count(&f.Root.Free, raw, null)
	},
}

// Keys lists the keys by which a line says what is known of a backup, sorted.
func Keys() []string { return slices.Sorted(maps.Keys(setters)) }

func setStatus(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
	f.Folder.Status = backup.StatusFile{}
	if null {
		return nil
	}
	if raw[0] == '"' {
		return word(&f.Folder.Status.Presence, raw, false, map[string]backup.Presence{"missing": backup.Missing, "empty": backup.Empty, "unreadable": backup.Broken})
	}
	var s statusLine
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	f.Folder.Status.Presence = backup.Present
	f.Folder.Status.Status = plist.Status{SnapshotState: strings.ToLower(s.State), BackupState: strings.ToLower(s.Backup), IsFullBackup: s.Full, UUID: s.Chain}
	if s.At != nil {
		f.Folder.Status.ModTime = timeAt(*s.At)
	}
	if s.Date != nil {
		f.Folder.Status.Status.Date = timeAt(*s.Date)
	}
	return nil
}

func setBattery(f *backup.Facts, raw json.RawMessage, null bool, now time.Time) error {
	f.Phone.Battery = -1
	if null {
		return nil
	}
	var n float64
	if err := json.Unmarshal(raw, &n); err != nil || n < 0 || n > 100 {
		return fmt.Errorf("%s is no percentage", raw)
	}
	f.Phone.Battery, f.Phone.Asked = int(n), now
	return nil
}

// setIndex takes the size away with the file.
func setIndex(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
	index := &f.Folder.Index.File
	err := presence(index, raw, null)
	if index.Presence == backup.Missing || index.Presence == backup.Empty {
		index.Size = 0
	}
	return err
}

func setEncrypted(f *backup.Facts, raw json.RawMessage, null bool, _ time.Time) error {
	if null {
		f.Folder.Manifest.Presence = backup.NotLooked
		return nil
	}
	f.Folder.Manifest.Presence = backup.Present
	return json.Unmarshal(raw, &f.Folder.Manifest.Manifest.IsEncrypted)
}

// maxAt is the farthest time that a time.Duration reaches, in seconds.
const maxAt = 9e9

// timeAt is the calendar time of t seconds; a phone's clock may stand anywhere.
func timeAt(t float64) time.Time { return Zero.Add(seconds(min(max(t, -maxAt), maxAt))) }

func at(to *time.Time, raw json.RawMessage, null bool) error {
	*to = time.Time{}
	if null {
		return nil
	}
	var t float64
	if err := json.Unmarshal(raw, &t); err != nil || t < -1e10 || t > 1e10 {
		return fmt.Errorf("%s is no time", raw)
	}
	*to = timeAt(t)
	return nil
}

func tri(to *backup.Tri, raw json.RawMessage, null bool) error {
	*to = backup.Unknown
	if null {
		return nil
	}
	var b bool
	if err := json.Unmarshal(raw, &b); err != nil {
		return fmt.Errorf("%s is neither true nor false nor null", raw)
	}
	*to = backup.TriOf(b)
	return nil
}

// count reads a number that may be unknown; it may be written as 1e9.
func count(to *int64, raw json.RawMessage, null bool) error {
	*to = -1
	if null {
		return nil
	}
	var n float64
	if err := json.Unmarshal(raw, &n); err != nil || n < 0 || n > 1e18 {
		return fmt.Errorf("%s is no count", raw)
	}
	*to = int64(n)
	return nil
}

func size(to *int64, raw json.RawMessage, null bool) error {
	if null {
		*to = 0
		return nil
	}
	return count(to, raw, false)
}

func word[T any](to *T, raw json.RawMessage, null bool, words map[string]T) error {
	var zero T
	*to = zero
	if null {
		return nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("%s is no word", raw)
	}
	v, ok := words[s]
	if !ok {
		return fmt.Errorf("%q is not known here", s)
	}
	*to = v
	return nil
}

func presence(to *backup.File, raw json.RawMessage, null bool) error {
	return word(&to.Presence, raw, null, map[string]backup.Presence{"ok": backup.Present, "missing": backup.Missing, "empty": backup.Empty, "broken": backup.Broken})
}

// checkOf reads what a check of the chain found.
func checkOf(raw json.RawMessage, now time.Time) (backup.CheckResult, error) {
	var c struct {
		Verdict                        backup.Verdict
		Files, Bytes, Missing, Content float64
		WrongSize                      float64 `json:"wrong_size"`
		Fault                          backup.Fault
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return backup.CheckResult{}, err
	}
	switch c.Verdict {
	case backup.Good, backup.BrokenUp, backup.Unproven, backup.Incomplete:
	default:
		return backup.CheckResult{}, fmt.Errorf("verdict %q is not known here", c.Verdict)
	}
	return backup.CheckResult{At: now, Verdict: c.Verdict, Files: int64(c.Files), Bytes: int64(c.Bytes), Missing: int64(c.Missing),
		WrongSize: int64(c.WrongSize), WrongBytes: int64(c.Content), Confidence: backup.High, Fault: c.Fault}, nil
}
