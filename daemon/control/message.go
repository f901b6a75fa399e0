// Package control is the daemon's local interface: versioned HTTP and JSON on a
// Unix socket that only this user may open, and the client that speaks it.
package control

import (
	"time"

	"backupwatchdog/daemon/backup"
)

// Schema is the number of the JSON contract below. Adding keys keeps it.
const Schema = 1

// Status answers GET /v1/status; it is what `watchdogctl status --json` prints.
// Pointers are null when unknown.
type Status struct {
	Schema   int              `json:"schema"`
	Daemon   Daemon           `json:"daemon"`
	Roots    []Root           `json:"roots"`
	Phones   []Phone          `json:"phones"`
	Backups  []Backup         `json:"backups"`
	Findings []backup.Finding `json:"findings"` // those of no single backup
	// Stale is when this was true, in a status read from the state folder
	// because no daemon answers; null in a live one.
	Stale *time.Time `json:"stale,omitempty"`
	// Unseen are notices that went out and were neither acknowledged nor cleared.
	Unseen []Notice `json:"unseen"`
	Muted  []Mute   `json:"muted"`
	// Acked are the keys of present findings that a person has acknowledged.
	Acked []string `json:"acked"`
}

// Daemon is the process that answers.
type Daemon struct {
	Version string    `json:"version"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	Socket  string    `json:"socket"`
	State   string    `json:"state_dir"`
	// Executable, CodeHash and Access are what doctor asks for: which file runs,
	// its SHA-256, and whether that file may read the backup folder.
	Executable string `json:"executable,omitempty"`
	CodeHash   string `json:"code_hash,omitempty"`
	Access     string `json:"access,omitempty"` // granted, denied, unknown
	// AccessLost: the grant was lost by an update (other code hash, denied now).
	AccessLost bool `json:"access_lost,omitempty"`
	// Config is the file in force, "" when there is none; ConfigError why the
	// newest one was refused.
	Config      string `json:"config,omitempty"`
	ConfigError string `json:"config_error,omitempty"`
	// ConfigRead is when the configuration in force was read.
	ConfigRead *time.Time `json:"config_read,omitempty"`
	// Usbmuxd is "connected", "absent", "off" or an error in words.
	Usbmuxd string `json:"usbmuxd,omitempty"`
	// History is "ok", or why the database cannot be used.
	History string `json:"history,omitempty"`
	// LastNotice is when a desktop notice last went out; null when never.
	LastNotice *time.Time `json:"last_notice,omitempty"`
}

// Root is one watched folder.
type Root struct {
	Path      string `json:"path"`
	Resolved  string `json:"resolved"`
	State     string `json:"state"` // watching, polling, missing, denied, unknown
	Detail    string `json:"detail,omitempty"`
	FreeBytes *int64 `json:"free_bytes"`
	ReadOnly  *bool  `json:"read_only"`
	// Unwatched counts backups in it that are not followed: there are too many.
	Unwatched int `json:"unwatched,omitempty"`
}

// Phone is one phone that is attached now.
type Phone struct {
	UDID             string     `json:"udid"`
	Connection       string     `json:"connection"` // usb, network
	Name             string     `json:"name,omitempty"`
	OSVersion        string     `json:"os_version,omitempty"`
	BatteryPercent   *int       `json:"battery_percent"`
	Charging         *bool      `json:"charging"`
	LastLocalBackup  *time.Time `json:"last_local_backup"`
	LastICloudBackup *time.Time `json:"last_icloud_backup"`
	ICloudEnabled    *bool      `json:"icloud_enabled"`
	WillEncrypt      *bool      `json:"will_encrypt"`
}

// Backup is one backup folder.
type Backup struct {
	UDID         string           `json:"udid"`
	Path         string           `json:"path"`
	DeviceName   string           `json:"device_name,omitempty"`
	ProductType  string           `json:"product_type,omitempty"`
	OSVersion    string           `json:"os_version,omitempty"`
	Encrypted    *bool            `json:"encrypted"`
	ChainID      string           `json:"chain_id,omitempty"`
	Phase        backup.Phase     `json:"phase"`
	Run          *Run             `json:"run"` // null when none was ever seen
	LastComplete *time.Time       `json:"last_complete"`
	Chain        Chain            `json:"chain"`
	Archived     bool             `json:"archived,omitempty"` // set aside: UDID-YYYYMMDD-HHMMSS
	Findings     []backup.Finding `json:"findings"`
}

// Run is the run under way, or the last one.
type Run struct {
	Started      time.Time   `json:"started"`
	Ended        *time.Time  `json:"ended,omitempty"`
	Kind         backup.Kind `json:"kind,omitempty"`
	LastProgress *time.Time  `json:"last_progress"`
	Bytes        *int64      `json:"bytes"`
	Files        *int64      `json:"files"`
	Rate         *float64    `json:"rate"` // bytes per second over the last minutes
	Expected     *int64      `json:"expected_bytes"`
	// AtMost says that Expected is an upper bound, and ETA with it.
	AtMost bool     `json:"expected_at_most,omitempty"`
	ETA    *float64 `json:"eta_seconds"`
	// Silence is how long nothing has moved, awake; SilenceLimit how long it may
	// in this phase. UsualSilence is the longest this phone is known for.
	Silence      *float64 `json:"silence"`
	SilenceLimit *float64 `json:"silence_limit"`
	UsualSilence *float64 `json:"usual_silence"`
	Writer       string   `json:"writer,omitempty"` // the program that writes, "" unknown
	Connection   string   `json:"connection,omitempty"`
}

// Chain is what is known of the whole backup's contents.
type Chain struct {
	Verdict backup.Verdict `json:"verdict"`
	Checked *time.Time     `json:"checked"`
	// Restorable is "yes" or "no" as far as the metadata tells; "" is unknown.
	Restorable string   `json:"restorable,omitempty"`
	Files      *int64   `json:"files,omitempty"`
	Bytes      *int64   `json:"bytes,omitempty"`
	Deep       bool     `json:"deep,omitempty"`
	Summary    string   `json:"summary,omitempty"`  // what is lost, in words
	Checking   *float64 `json:"checking,omitempty"` // share done of a check under way
}

// Notice is one line of what was told to the person.
type Notice struct {
	At       time.Time       `json:"at"`
	UDID     string          `json:"udid,omitempty"` // absent: of no single backup
	Event    string          `json:"event"`          // raised, repeated, cleared, verified
	Code     backup.Code     `json:"code"`
	Severity backup.Severity `json:"severity"`
	Title    string          `json:"title"`
	Text     string          `json:"text,omitempty"`
	Channel  string          `json:"channel"` // desktop, webhook, command, log
	Outcome  string          `json:"outcome"` // pending, sent, failed, suppressed
	Reason   string          `json:"reason,omitempty"`
	Key      string          `json:"key"`
	// Run names the run it was about (its start), "" when it was about none.
	Run string `json:"run,omitempty"`
	// ID is its row in the history; 0 for one that was never written.
	ID int64 `json:"-"`
}

// Mute is one condition a person does not want to hear of for one phone.
type Mute struct {
	UDID  string      `json:"udid"`
	Code  backup.Code `json:"code"`
	Until *time.Time  `json:"until"` // null: for good
}

// History answers GET /v1/history.
type History struct {
	Schema int `json:"schema"`
	// Stale is until when this was kept, in a history read from the state folder
	// because no daemon answers; null in a live one.
	Stale   *time.Time `json:"stale,omitempty"`
	Runs    []PastRun  `json:"runs"`
	Notices []Notice   `json:"notices"`
	Checks  []Check    `json:"checks"`
}

// PastRun is one run of the past, or the one under way.
type PastRun struct {
	UDID           string             `json:"udid"`
	Path           string             `json:"path,omitempty"` // of its folder, "" unknown
	Started        time.Time          `json:"started"`
	Ended          *time.Time         `json:"ended"`
	Outcome        backup.Outcome     `json:"outcome"`
	Kind           backup.Kind        `json:"kind,omitempty"`
	LastPhase      backup.Phase       `json:"last_phase,omitempty"`
	Connection     string             `json:"connection,omitempty"`
	Bytes          *int64             `json:"bytes"`
	Files          *int64             `json:"files"`
	ChainFiles     *int64             `json:"chain_files,omitempty"`
	ChainBytes     *int64             `json:"chain_bytes,omitempty"`
	LongestSilence map[string]float64 `json:"longest_silence"` // by phase, seconds
}

// Check is one finished check of a chain's contents.
type Check struct {
	UDID string `json:"udid"`
	Path string `json:"path,omitempty"` // of its folder, "" unknown
	backup.CheckResult
}

// Sample is one point of a run's progress curve, GET /v1/samples?udid=U&started=T.
type Sample struct {
	At    time.Time    `json:"at"`
	Phase backup.Phase `json:"phase"`
	Bytes int64        `json:"bytes"` // -1 unknown
	Files int64        `json:"files"` // -1 unknown
}

// MuteRequest is the body of POST /v1/mute.
type MuteRequest struct {
	UDID string      `json:"udid"`
	Code backup.Code `json:"code"`
	For  float64     `json:"for_seconds"` // 0: for good
	Undo bool        `json:"undo"`
}

// AckRequest is the body of POST /v1/ack. Key may be a unique prefix.
type AckRequest struct {
	Key  string `json:"key"`
	Undo bool   `json:"undo"`
}

// TestResult is one line of POST /v1/test-notification.
type TestResult struct {
	Channel string `json:"channel"`
	Route   string `json:"route"` // "D-Bus", "osascript (Script Editor)", "terminal-notifier", a URL's host …
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"`
	LookFor string `json:"look_for,omitempty"` // what the person should see
}

// CheckedRequest is the body of POST /v1/checked: what a check found that this
// user made without the daemon, perhaps with a password that the daemon must
// not know.
type CheckedRequest struct {
	Path   string             `json:"path"`
	Result backup.CheckResult `json:"result"`
}

// CheckRequest is the body of POST /v1/check: check these chains now, in the
// daemon (which may be allowed to read what a terminal may not).
type CheckRequest struct {
	Targets []string `json:"targets"` // UDIDs or paths under a watched root
	Deep    bool     `json:"deep"`
}
