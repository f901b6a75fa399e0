// Package config is what a person may set: a TOML file, the environment, flags,
// in that order, over defaults that need no file. It is a package of its own,
// and not part of daemon, because watchdogctl explains and checks the
// configuration without linking the loop.
package config

import "time"

// Config is everything in force. The zero Config is not valid: start from Default.
type Config struct {
	Roots       []string // watched folders, "~" and "$HOME" expanded; empty means the system's own
	Patience    Patience
	Sampling    Sampling
	Verify      Verify
	Phone       Phone
	AppleStatus AppleStatus
	Notify      Notify
	Metrics     Metrics
}

// Patience is the longest silence that is still fine, per phase.
type Patience struct {
	Preparing, Transferring, Finishing, Settling time.Duration
	WitnessFactor                                float64 // ≥ 1
	Learn                                        bool
	Overdue                                      time.Duration
}

// Sampling is how often the folder is looked at.
type Sampling struct {
	Active time.Duration // during a run; 100 ms at least
	Idle   time.Duration // at rest
}

// Verify says when finished chains are checked.
type Verify struct {
	AfterBackup bool
	Every       time.Duration // 0: never by itself
}

// Phone says whether phones are asked.
type Phone struct{ Enabled bool }

// AppleStatus says whether and where Apple's System Status page is asked.
type AppleStatus struct {
	Enabled bool
	URL     string
}

// Notify says who is told what, and when.
type Notify struct {
	Desktop  bool
	Minimum  string // info, warning, critical
	Repeat   time.Duration
	DailyCap int
	Quiet    string // "22:00-07:00", local time; "" never
	Command  []string
	Webhook  string
	Ping     string
	Weekly   bool
}

// Metrics says where the Prometheus textfile goes; "" nowhere.
type Metrics struct{ Textfile string }

// Default returns what holds where nothing is set.
func Default() Config {
	return Config{
		Patience: Patience{
			Preparing: 45 * time.Minute, Transferring: 10 * time.Minute,
			Finishing: 15 * time.Minute, Settling: 15 * time.Minute,
			WitnessFactor: 1.5, Learn: true, Overdue: 7 * 24 * time.Hour,
		},
		Sampling:    Sampling{Active: 5 * time.Second, Idle: 60 * time.Second},
		Verify:      Verify{AfterBackup: true, Every: 30 * 24 * time.Hour},
		Phone:       Phone{Enabled: true},
		AppleStatus: AppleStatus{Enabled: true, URL: "https://www.apple.com/support/systemstatus/data/system_status_en_US.js"},
		Notify:      Notify{Desktop: true, Minimum: "warning", Repeat: 6 * time.Hour, DailyCap: 8},
	}
}
