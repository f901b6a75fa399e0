package report_test

import (
	"math"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/report"
	"backupwatchdog/daemon/words"
)

func ptr[T any](v T) *T { return &v }

// now is a Friday evening in a zone two hours east.
var now = time.Date(2026, 11, 27, 21, 45, 0, 0, time.FixedZone("", 2*3600))

func ago(d time.Duration) time.Time { return now.Add(-d).UTC() }

const (
	anna = "00008110-000E34D21A02801E"
	bob  = "00008101-001A2B3C4D5E6F70"
	cleo = "f1f2f3f4f5f6f7f8f9f0a1a2a3a4a5a6a7a8a9a0"
	day  = 24 * time.Hour
	root = "/Users/pat/Library/Application Support/MobileSync/Backup"
)

// household is three phones: one is stuck, one fine, the chain of one broken.
func household() report.Input {
	in := report.Input{Now: now, Version: "v1.2.0", Hide: []string{"/Users/pat", "pat", "Pats-MacBook-Pro.local", "Pats-MacBook-Pro"}}
	in.Status = control.Status{
		Schema: 1,
		Daemon: control.Daemon{Version: "v1.2.0", PID: 4711, Started: ago(3 * day), State: "/Users/pat/Library/Application Support/backup-watchdog"},
		Roots:  []control.Root{{Path: root, Resolved: "/Volumes/Pats Disk/Backup", State: "watching", FreeBytes: ptr(int64(212e9))}},
		Phones: []control.Phone{
			{UDID: anna, Connection: "usb", Name: "Anna’s iPhone", OSVersion: "26.1", BatteryPercent: ptr(64)},
			{UDID: bob, Connection: "network", Name: "Bob", BatteryPercent: ptr(81)},
		},
		Backups: []control.Backup{stuck(), fine(), broken(), setAside()},
		Muted:   []control.Mute{{UDID: cleo, Code: backup.NotEncrypted, Until: ptr(now.Add(6 * day))}},
		Acked:   []string{"cleo-overdue"},
	}
	stuckRuns(&in)
	fineRuns(&in)
	brokenRuns(&in)
	return in
}

func stuck() control.Backup {
	return control.Backup{
		UDID: anna, Path: root + "/" + anna, DeviceName: "Anna’s iPhone", ProductType: "iPhone14,5", OSVersion: "26.1", Encrypted: ptr(true),
		ChainID: "6E0B9D3A-7C14-4F0B-8D6E-0A1B2C3D4E5F", Phase: backup.Transferring, LastComplete: ptr(ago(25 * time.Hour)),
		Run: &control.Run{Started: ago(68 * time.Minute), Kind: backup.Incremental, LastProgress: ptr(ago(26 * time.Minute)), Bytes: ptr(int64(38.2e9)),
			Expected: ptr(int64(83e9)), Files: ptr(int64(31204)), Silence: ptr(1560.0), SilenceLimit: ptr(1020.0), Writer: "AppleMobileBackup", Connection: "usb"},
		Chain: control.Chain{Verdict: backup.Good, Checked: ptr(ago(25*time.Hour - 3*time.Minute)), Files: ptr(int64(61204)), Bytes: ptr(int64(83.1e9))},
		Findings: []backup.Finding{{
			Code: backup.Stalled, Severity: backup.Warning, Title: "The backup is stuck", Confidence: backup.High,
			Detail: "Nothing has moved for 26 min while copying files; up to 17 min is usual for Anna’s iPhone. The backup of yesterday is whole and can be restored.",
			Since:  ago(9 * time.Minute),
			Evidence: []backup.Evidence{
				{Fact: "Quiet time (awake)", Value: "26 min", Source: backup.FromFolder},
				{Fact: "Limit in this phase", Value: "17 min", Source: backup.FromHistory},
				{Fact: "Last data", Value: words.Clock(ago(26 * time.Minute)), Source: backup.FromFolder},
				{Fact: "iPhone", Value: "still connected by USB", Source: backup.FromPhone},
				{Fact: "Backup program", Value: "AppleMobileBackup, still running", Source: backup.FromMac},
			},
			Fix: backup.AdviceFor(backup.RestartPhoneAndRetry, anna, true, "AppleMobileBackup"), Also: []backup.FixID{backup.UseCable, backup.UpdateSoftware},
			Key: "anna-stalled",
		}},
	}
}

func fine() control.Backup {
	return control.Backup{
		UDID: bob, Path: root + "/" + bob, DeviceName: "Bob", ProductType: "iPhone17,1", OSVersion: "26.1", Encrypted: ptr(true),
		Phase: backup.Complete, LastComplete: ptr(ago(3 * time.Hour)),
		Chain: control.Chain{Verdict: backup.Good, Checked: ptr(ago(3*time.Hour - 4*time.Minute)), Files: ptr(int64(48212)), Bytes: ptr(int64(61e9)), Deep: true},
	}
}

func broken() control.Backup {
	return control.Backup{
		UDID: cleo, Path: root + "/" + cleo, DeviceName: "Cleo’s iPad", ProductType: "iPad14,1", OSVersion: "18.7", Encrypted: ptr(false),
		Phase: backup.Complete, LastComplete: ptr(ago(9 * day)),
		Chain: control.Chain{Verdict: backup.BrokenUp, Checked: ptr(ago(time.Hour)), Files: ptr(int64(20117)), Bytes: ptr(int64(31.4e9)), Summary: "214 photos, 12 message attachments, nothing from Health"},
		Findings: []backup.Finding{{
			Code: backup.ChainBroken, Severity: backup.Critical, Title: "This backup is damaged", Confidence: backup.High, Since: ago(time.Hour),
			Detail: "226 files that its index lists are not there. It cannot be restored in full, whatever the program that made it said.",
			Evidence: []backup.Evidence{
				{Fact: "Files missing", Value: "226 of 20,117", Source: backup.FromFolder},
				{Fact: "CameraRollDomain/Media/DCIM/100APPLE/IMG_0001.HEIC", Value: "missing", Source: backup.FromFolder},
			},
			Fix: backup.AdviceFor(backup.FreshBackup, cleo, true, ""), Also: []backup.FixID{backup.BackUpNow, backup.CheckStorage}, Key: "cleo-broken",
		}, {
			Code: backup.Overdue, Severity: backup.Warning, Title: "A backup is overdue", Detail: "The iPad has been within reach on 8 of 9 days.", Since: ago(2 * day),
			Fix: backup.AdviceFor(backup.BackUpNow, cleo, true, ""), Key: "cleo-overdue",
		}, {
			Code: backup.NotEncrypted, Title: "The backup is not encrypted", Since: ago(60 * day), Key: "cleo-plain",
			Fix: backup.AdviceFor(backup.EncryptedLocalBackup, cleo, true, ""),
		}},
	}
}

func setAside() control.Backup {
	return control.Backup{UDID: cleo, Path: root + "/" + cleo + "-20260412-201500", DeviceName: "Cleo’s iPad", ProductType: "iPad14,1", Archived: true,
		Chain: control.Chain{Bytes: ptr(int64(28e9))}}
}

func complete(udid string, began time.Time, took time.Duration, kind backup.Kind, bytes, chain float64) control.PastRun {
	return control.PastRun{UDID: udid, Started: began, Ended: ptr(began.Add(took)), Outcome: backup.OutcomeComplete, Kind: kind, LastPhase: backup.Complete,
		Connection: "usb", Bytes: ptr(int64(bytes)), Files: ptr(int64(bytes / 1.6e6)), ChainBytes: ptr(int64(chain)), ChainFiles: ptr(int64(chain / 1.3e6)),
		LongestSilence: map[string]float64{"preparing": 90, "transferring": 240}}
}

func told(udid string, at time.Time, event string, code backup.Code, title, channel, outcome, reason string) control.Notice {
	return control.Notice{At: at, UDID: udid, Event: event, Code: code, Title: title, Channel: channel, Outcome: outcome, Reason: reason}
}

// course makes a curve as the daemon records it, a point a minute: it rises to
// bytes, with a pause at the given share of it, and then stays for a tail.
func course(udid string, began time.Time, prepare, transfer, pause time.Duration, pauseAt, bytes float64, tail time.Duration) report.Curve {
	c := report.Curve{UDID: udid, Started: began}
	add := func(at time.Duration, phase backup.Phase, bytes float64, files int) {
		c.Points = append(c.Points, control.Sample{At: began.Add(at), Phase: phase, Bytes: int64(bytes), Files: int64(files)})
	}
	for at := time.Duration(0); at < prepare; at += time.Minute {
		add(at, backup.Preparing, 0, 0)
	}
	moving, paused, share := transfer-pause, time.Duration(0), 0.0
	for at := time.Duration(0); at <= transfer+tail; at += time.Minute {
		switch {
		case share >= pauseAt && paused < pause:
			paused += time.Minute
		case at <= transfer:
			share = float64(at-paused) / float64(moving)
		}
		add(prepare+at, backup.Transferring, bytes*(share+0.03*math.Sin(9*share)*(1-share))+1, int(share*30000))
	}
	return c
}

func stuckRuns(in *report.Input) {
	for i, size := range []float64{70.2e9, 71e9, 73.5e9, 76e9, 79.9e9, 81e9, 83.1e9} {
		began := ago(time.Duration(43-7*i)*day + 2*time.Hour)
		kind, bytes, took := backup.Incremental, 4e9+1e9*float64(i%3), time.Duration(25+9*(i%3))*time.Minute
		if i == 0 {
			kind, bytes, took = backup.First, size, 3*time.Hour+20*time.Minute
		}
		in.History.Runs = append(in.History.Runs, complete(anna, began, took, kind, bytes, size))
	}
	lost := complete(anna, ago(11*day), 95*time.Minute, backup.Incremental, 12e9, 0)
	lost.Outcome, lost.LastPhase, lost.ChainBytes, lost.LongestSilence = backup.OutcomeAbandoned, backup.Transferring, nil, map[string]float64{"transferring": 2400}
	running := control.PastRun{UDID: anna, Started: ago(68 * time.Minute), Outcome: backup.OutcomeRunning, Kind: backup.Incremental,
		Bytes: ptr(int64(38.2e9)), Files: ptr(int64(31204))}
	in.History.Runs = append(in.History.Runs, lost, running)
	in.Curves = append(in.Curves,
		course(anna, ago(68*time.Minute), 6*time.Minute, 36*time.Minute, 0, 2, 38.2e9, 26*time.Minute),
		course(anna, ago(11*day), 3*time.Minute, 90*time.Minute, 40*time.Minute, 0.6, 12e9, 0),
		course(anna, ago(43*day+2*time.Hour), 12*time.Minute, 180*time.Minute, 8*time.Minute, 0.4, 70.2e9, 8*time.Minute),
	)
	in.History.Checks = append(in.History.Checks, control.Check{UDID: anna, CheckResult: backup.CheckResult{At: ago(25*time.Hour - 3*time.Minute), Verdict: backup.Good, Files: 61204, Bytes: 83.1e9}})
	in.History.Notices = append(in.History.Notices,
		told(anna, ago(8*time.Minute), "raised", backup.Stalled, "Anna’s iPhone: backup is stuck", "desktop", "sent", ""),
		told(anna, ago(8*time.Minute), "raised", backup.Stalled, "Anna’s iPhone: backup is stuck", "webhook", "failed", "hooks.example.org: connection refused"),
		told(anna, ago(11*day-time.Hour), "cleared", backup.Stalled, "Anna’s iPhone: backup is moving again", "desktop", "sent", ""),
	)
}

func fineRuns(in *report.Input) {
	for i, size := range []float64{58e9, 59.5e9, 60.1e9, 61e9} {
		in.History.Runs = append(in.History.Runs, complete(bob, ago(time.Duration(21-7*i)*day+4*time.Hour), time.Duration(18+4*i)*time.Minute, backup.Incremental, 2e9, size))
	}
	in.Curves = append(in.Curves, course(bob, ago(4*time.Hour), 2*time.Minute, 28*time.Minute, 0, 2, 2e9, 0))
	in.History.Checks = append(in.History.Checks, control.Check{UDID: bob, CheckResult: backup.CheckResult{At: ago(3 * time.Hour), Verdict: backup.Good, Files: 48212, Bytes: 61e9, Deep: true}})
}

func brokenRuns(in *report.Input) {
	in.History.Runs = append(in.History.Runs,
		complete(cleo, ago(40*day), 70*time.Minute, backup.First, 47e9, 47e9),
		complete(cleo, ago(25*day), 20*time.Minute, backup.Incremental, 1e9, 47.8e9),
		complete(cleo, ago(9*day), 25*time.Minute, backup.Incremental, 1.2e9, 31.4e9))
	in.History.Checks = append(in.History.Checks,
		control.Check{UDID: cleo, CheckResult: backup.CheckResult{At: ago(time.Hour), Verdict: backup.BrokenUp, Files: 20117, Bytes: 31.4e9, Missing: 226, Summary: "214 photos, 12 message attachments, nothing from Health", Reason: "226 files are missing"}},
		control.Check{UDID: cleo, CheckResult: backup.CheckResult{At: ago(25 * day), Verdict: backup.Good, Files: 30412, Bytes: 47.8e9}})
	in.History.Notices = append(in.History.Notices,
		told(cleo, ago(58*time.Minute), "raised", backup.ChainBroken, "Cleo’s iPad: this backup is damaged", "desktop", "pending", ""),
		told(cleo, ago(2*day), "raised", backup.Overdue, "A backup is overdue", "desktop", "suppressed", "quiet hours"),
		told("", ago(20*day), "raised", backup.NoticesUndelivered, "Notices are not arriving", "log", "sent", ""))
}
