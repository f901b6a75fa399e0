package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// now is a Friday evening in a zone two hours east.
var now = time.Date(2026, 11, 27, 21, 45, 0, 0, time.FixedZone("", 2*3600))

func ptr[T any](v T) *T { return &v }

// before is so long before now.
func before(d time.Duration) *time.Time { return ptr(now.Add(-d).UTC()) }

const (
	anna = "00008110-000E34D21A02801E"
	bob  = "00008101-001A2B3C4D5E6F70"
	cleo = "f1f2f3f4f5f6f7f8f9f0a1a2a3a4a5a6a7a8a9a0"
)

// home is what all pictures have: one folder, watched.
func homeStatus() control.Status {
	return control.Status{
		Schema: 1, Daemon: control.Daemon{Version: "v1.2.0", PID: 4711, Started: now.AddDate(0, 0, -3)},
		Roots: []control.Root{{
			Path: "/Users/pat/Library/Application Support/MobileSync/Backup", State: "watching", FreeBytes: ptr(int64(212e9)),
		}},
	}
}

// resting is a phone that has been backed up, and is not connected.
func resting(udid, name string, ago time.Duration) control.Backup {
	return control.Backup{
		UDID: udid, Path: "/b/" + udid, DeviceName: name, ProductType: "iPhone17,1", OSVersion: "26.1",
		Encrypted: ptr(true), Phase: backup.Complete, LastComplete: before(ago),
		Run:   &control.Run{Started: now.Add(-ago - 40*time.Minute), Ended: before(ago), Kind: backup.Incremental},
		Chain: control.Chain{Verdict: backup.Good, Checked: before(ago - 3*time.Minute), Bytes: ptr(int64(83.1e9)), Files: ptr(int64(61204))},
	}
}

// running is Anna's phone in the middle of a run.
func running() control.Backup {
	b := resting(anna, "Anna’s iPhone", 25*time.Hour)
	b.Phase = backup.Transferring
	b.Run = &control.Run{
		Started: now.Add(-42 * time.Minute), Kind: backup.Incremental, LastProgress: before(4 * time.Second), Writer: "AppleMobileBackup",
		Bytes: ptr(int64(38.2e9)), Expected: ptr(int64(83e9)), Files: ptr(int64(31204)), Rate: ptr(15.4e6), ETA: ptr(2880.0),
		Silence: ptr(4.0), SilenceLimit: ptr(1020.0), UsualSilence: ptr(660.0),
	}
	return b
}

func cable(udid, name string) control.Phone {
	return control.Phone{UDID: udid, Connection: "usb", Name: name, OSVersion: "26.1", BatteryPercent: ptr(64), Charging: ptr(true)}
}

func advice(id backup.FixID) backup.Advice {
	return backup.AdviceFor(id, anna, true, "AppleMobileBackup")
}

// stuckFinding is "stalled" as the judgement words it.
func stuckFinding() backup.Finding {
	return backup.Finding{
		Code: backup.Stalled, Severity: backup.Warning, Title: "The backup is stuck", Confidence: backup.High,
		Detail: "Nothing has moved for 26 min while copying files; up to 17 min is usual for this iPhone. The last complete backup is untouched and can be restored.",
		Since:  now.Add(-9 * time.Minute),
		Evidence: []backup.Evidence{
			{Fact: "Quiet time (awake)", Value: "26 min", Source: backup.FromFolder},
			{Fact: "Limit in this phase", Value: "17 min", Source: backup.FromHistory},
			{Fact: "Last data", Value: "2026-11-27 19:19:00 UTC", Source: backup.FromFolder},
			{Fact: "Longest normal quiet time", Value: "11 min", Source: backup.FromHistory},
			{Fact: "iPhone", Value: "still connected by cable", Source: backup.FromPhone},
			{Fact: "Backup program", Value: "AppleMobileBackup, still running", Source: backup.FromMac},
		},
		Fix: advice(backup.RestartPhoneAndRetry), Also: []backup.FixID{backup.UseCable, backup.UpdateSoftware},
		Key: anna + "/1795800000/stalled/1",
	}
}

// pictures are the situations people meet.
var pictures = []struct {
	name string
	make func() control.Status
}{
	{"none", homeStatus},
	{"none-yet-attached", func() control.Status {
		s := homeStatus()
		s.Roots[0].State = "missing"
		s.Phones = []control.Phone{cable(bob, "Bob’s iPhone")}
		return s
	}},
	{"fine", func() control.Status {
		s := homeStatus()
		s.Backups = []control.Backup{resting(anna, "Anna’s iPhone", 25*time.Hour)}
		return s
	}},
	{"many", func() control.Status {
		s := homeStatus()
		s.Roots[0].Unwatched = 12
		s.Backups = []control.Backup{resting(anna, "Anna’s iPhone", 25*time.Hour)}
		return s
	}},
	{"running", func() control.Status {
		s := homeStatus()
		s.Phones = []control.Phone{cable(anna, "Anna’s iPhone")}
		s.Backups = []control.Backup{running()}
		return s
	}},
	{"running-quiet", func() control.Status {
		s := homeStatus()
		s.Phones = []control.Phone{cable(anna, "Anna’s iPhone")}
		b := running()
		b.Run.Silence, b.Run.Rate, b.Run.ETA = ptr(540.0), ptr(0.0), nil
		s.Backups = []control.Backup{b}
		return s
	}},
	{"first-preparing", func() control.Status {
		s := homeStatus()
		s.Phones = []control.Phone{cable(bob, "Bob’s iPhone")}
		s.Backups = []control.Backup{{
			UDID: bob, Phase: backup.Preparing,
			Run: &control.Run{Started: now.Add(-6 * time.Minute), Kind: backup.First, Silence: ptr(350.0), SilenceLimit: ptr(2700.0)},
		}}
		return s
	}},
	{"first", func() control.Status { // how large it gets, only the phone's own use bounds
		s := homeStatus()
		s.Phones = []control.Phone{cable(bob, "Bob’s iPhone")}
		b := running()
		b.UDID, b.DeviceName, b.LastComplete, b.Chain = bob, "Bob’s iPhone", nil, control.Chain{Verdict: backup.Incomplete, Restorable: "no"}
		b.Run.Kind, b.Run.Expected, b.Run.AtMost, b.Run.ETA = backup.First, ptr(int64(120e9)), true, ptr(5310.0)
		s.Backups = []control.Backup{b}
		return s
	}},
	{"full", func() control.Status { // a full run has given up the backup before it
		s := homeStatus()
		s.Phones = []control.Phone{cable(anna, "Anna’s iPhone")}
		b := running()
		b.Run.Kind, b.Chain = backup.Full, control.Chain{Verdict: backup.Unchecked, Restorable: "no"}
		s.Backups = []control.Backup{b}
		return s
	}},
	{"replacing", func() control.Status { // new files take the place of old ones
		s := homeStatus()
		b := running()
		b.Phase, b.Chain = backup.Finishing, control.Chain{Verdict: backup.Unchecked, Restorable: "no"}
		b.Run.Rate, b.Run.ETA = nil, nil
		s.Backups = []control.Backup{b}
		return s
	}},
	{"lost", func() control.Status { // and such a run broke off
		s := homeStatus()
		b := resting(anna, "Anna’s iPhone", 25*time.Hour)
		b.Phase, b.Chain = backup.Abandoned, control.Chain{Verdict: backup.Incomplete, Restorable: "no"}
		b.Run = &control.Run{Started: now.Add(-3 * time.Hour), Ended: before(2 * time.Hour), Bytes: ptr(int64(12e9)), Kind: backup.Full}
		s.Backups = []control.Backup{b}
		return s
	}},
	{"stuck", func() control.Status {
		s := homeStatus()
		s.Phones = []control.Phone{cable(anna, "Anna’s iPhone")}
		b := running()
		b.Run.Silence, b.Run.LastProgress = ptr(1560.0), before(26*time.Minute) // its rate and its end are of no use any more
		b.Chain = control.Chain{Verdict: backup.Unchecked}
		f := stuckFinding()
		b.Findings = []backup.Finding{f}
		s.Unseen = []control.Notice{{At: now.Add(-8 * time.Minute), UDID: anna, Event: "raised", Code: f.Code, Key: f.Key}}
		s.Backups = []control.Backup{b}
		return s
	}},
	{"suspicion", func() control.Status {
		s := homeStatus()
		s.Phones = []control.Phone{cable(anna, "Anna’s iPhone")}
		b := running()
		b.Run.Silence, b.Run.Rate, b.Run.ETA = ptr(1140.0), nil, nil
		f := stuckFinding()
		f.Severity, f.Confidence, f.Since = backup.Info, backup.Low, now.Add(-2*time.Minute)
		f.Detail = "Nothing has moved for 19 min while copying files; up to 17 min is usual for this iPhone."
		b.Findings = []backup.Finding{f}
		s.Backups = []control.Backup{b}
		return s
	}},
	{"stuck-muted", func() control.Status {
		s := homeStatus()
		b := running()
		b.Findings = []backup.Finding{stuckFinding()}
		s.Muted = []control.Mute{{UDID: anna, Code: backup.Stalled}}
		s.Backups = []control.Backup{b}
		return s
	}},
	{"passcode", func() control.Status {
		s := homeStatus()
		s.Phones = []control.Phone{cable(anna, "Anna’s iPhone")}
		b := running()
		b.Phase = backup.Preparing
		b.Run = &control.Run{Started: now.Add(-40 * time.Second), Silence: ptr(30.0), SilenceLimit: ptr(2700.0)}
		b.Findings = []backup.Finding{{
			Code: backup.WaitingForPasscode, Title: "The iPhone is waiting for its passcode", Since: now.Add(-20 * time.Second), Confidence: backup.High,
			Detail: "The iPhone is showing its passcode screen. The backup continues once the passcode is entered.",
			Fix:    advice(backup.EnterPasscode), Also: []backup.FixID{backup.RestartPhoneAndRetry},
		}}
		s.Backups = []control.Backup{b}
		return s
	}},
	{"three", func() control.Status {
		s := homeStatus()
		s.Phones = []control.Phone{cable(anna, "Anna’s iPhone"), {UDID: bob, Connection: "network", Name: "Bob", BatteryPercent: ptr(31)}}
		old := resting(cleo, "Cleo’s iPad", 9*24*time.Hour)
		old.ProductType, old.Encrypted, old.Chain = "iPad14,1", ptr(false), control.Chain{Verdict: backup.Unchecked}
		old.Findings = []backup.Finding{{
			Code: backup.NotEncrypted, Title: "This backup is not encrypted", Detail: "Passwords, Health and call history are not in it.",
			Since: now.AddDate(0, -2, 0), Fix: advice(backup.EncryptedLocalBackup),
		}, {
			Code: backup.Overdue, Severity: backup.Warning, Title: "No backup for 9 days", Detail: "The phone was here on 8 of them.",
			Since: now.AddDate(0, 0, -2), Confidence: backup.Medium, Fix: advice(backup.BackUpNow), Key: cleo + "/-/overdue/1",
		}}
		s.Muted = []control.Mute{{UDID: cleo, Code: backup.NotEncrypted, Until: ptr(now.AddDate(0, 0, 7))}}
		archived := resting(anna, "Anna’s iPhone", 200*24*time.Hour)
		archived.Archived, archived.Path = true, "/b/"+anna+"-20260412-201500"
		s.Backups = []control.Backup{resting(bob, "Bob", 3*time.Hour), old, running(), archived}
		return s
	}},
	{"interrupted-first", func() control.Status {
		s := homeStatus()
		s.Backups = []control.Backup{{
			UDID: anna, DeviceName: "Anna’s iPhone", Phase: backup.Abandoned,
			Run: &control.Run{Started: now.Add(-3 * time.Hour), Ended: before(2 * time.Hour), Bytes: ptr(int64(12e9)), Kind: backup.First},
			Findings: []backup.Finding{{
				Code: backup.Interrupted, Severity: backup.Warning, Title: "The backup was interrupted", Confidence: backup.High,
				Detail: "The last attempt ended before it was done. There is no older backup that could be restored.", Since: now.Add(-2 * time.Hour),
				Fix: advice(backup.RestartPhoneAndRetry), Key: "k",
			}},
		}}
		s.Acked = []string{"k"}
		return s
	}},
	{"interrupted", func() control.Status {
		s := homeStatus()
		b := resting(anna, "Anna’s iPhone", 25*time.Hour)
		b.Phase, b.Chain = backup.Abandoned, control.Chain{Verdict: backup.Incomplete, Restorable: "yes"}
		b.Run = &control.Run{Started: now.Add(-3 * time.Hour), Ended: before(2 * time.Hour), Bytes: ptr(int64(12e9)), Kind: backup.Incremental}
		b.Findings = []backup.Finding{{
			Code: backup.Interrupted, Severity: backup.Warning, Title: "The backup was interrupted", Confidence: backup.High,
			Detail: "The last attempt ended before it was done. The last complete backup is untouched and can be restored.", Since: now.Add(-2 * time.Hour),
			Fix: advice(backup.RestartPhoneAndRetry), Key: "k",
		}}
		s.Backups = []control.Backup{b}
		return s
	}},
	{"broken", func() control.Status {
		s := homeStatus()
		b := resting(anna, "Anna’s iPhone", 50*time.Hour)
		b.Chain = control.Chain{Verdict: backup.BrokenUp, Checked: before(time.Hour), Summary: "214 photos and 12 message attachments are missing"}
		b.Findings = []backup.Finding{{
			Code: backup.ChainBroken, Severity: backup.Critical, Title: "This backup is damaged", Confidence: backup.High,
			Detail: "226 files that its index lists are not there. It cannot be restored in full, whatever the program that made it said.",
			Since:  now.Add(-time.Hour), Fix: advice(backup.FreshBackup), Also: []backup.FixID{backup.BackUpNow, backup.CheckStorage},
			Evidence: []backup.Evidence{{Fact: "Files missing", Value: "226 of 61,204"}, {Fact: "A file of /private/var/mobile/Media/DCIM that is longer than a column", Value: "IMG_0001.HEIC"}},
		}}
		s.Backups = []control.Backup{b}
		return s
	}},
	{"mixed", func() control.Status { // a warning about the computer beside a damaged backup, and a refused configuration
		s := homeStatus()
		s.Daemon.ConfigError = "/Users/pat/config.toml:2: bogus: is not a key; did you mean roots"
		s.Findings = []backup.Finding{{
			Code: backup.NoticesUndelivered, Severity: backup.Warning, Title: "Notices are not arriving", Confidence: backup.High,
			Detail: "The last notice could not be sent anywhere.", Since: now.Add(-time.Hour), Fix: advice(backup.AllowNotifications), Key: "/-/notices-undelivered/1",
		}}
		b := resting(anna, "Anna’s iPhone", 50*time.Hour)
		b.Chain = control.Chain{Verdict: backup.BrokenUp, Checked: before(time.Hour), Summary: "214 photos are missing"}
		b.Findings = []backup.Finding{{
			Code: backup.ChainBroken, Severity: backup.Critical, Title: "This backup is damaged", Confidence: backup.High,
			Detail: "214 files that its index lists are not there.", Since: now.Add(-time.Hour), Fix: advice(backup.FreshBackup), Key: anna + "/-/chain-broken/1",
		}}
		s.Backups = []control.Backup{b, resting(bob, "Bob", 30*time.Hour)}
		return s
	}},
	{"twins", func() control.Status { // the same trouble of two phones
		s := homeStatus()
		for _, b := range []control.Backup{resting(anna, "Anna’s iPhone", 9*24*time.Hour), resting(bob, "Bob", 9*24*time.Hour)} {
			b.Findings = []backup.Finding{{
				Code: backup.Overdue, Severity: backup.Warning, Title: "No backup for 9 days", Detail: "The phone was here on 8 of them.",
				Since: now.AddDate(0, 0, -2), Confidence: backup.Medium, Fix: advice(backup.BackUpNow), Key: b.UDID + "/-/overdue/1",
			}}
			s.Backups = append(s.Backups, b)
		}
		s.Acked = []string{bob + "/-/overdue/1"}
		return s
	}},
	{"beginning", func() control.Status { // less than a hundredth, and a bound that tells nothing
		s := homeStatus()
		b := running()
		b.Run.Bytes, b.Run.AtMost, b.Run.ETA = ptr(int64(0.7e9)), true, ptr(16*86400.0)
		s.Backups = []control.Backup{b}
		return s
	}},
	{"blind", func() control.Status {
		s := homeStatus()
		s.Roots[0].State, s.Roots[0].FreeBytes = "denied", nil
		s.Findings = []backup.Finding{{
			Code: backup.NoAccess, Severity: backup.Critical, Title: "The watchdog cannot see the backups", Confidence: backup.High,
			Detail: "macOS does not let it read the folder. Nothing is being watched while this lasts. There may be no backups, good ones or damaged ones.",
			Since:  now.AddDate(0, 0, -1), Fix: advice(backup.GrantFullDiskAccess), Key: "/-/no-access/1",
			Evidence: []backup.Evidence{{Fact: "Folder listing", Value: "operation not permitted", Source: backup.FromMac}},
		}}
		return s
	}},
	{"unknown", func() control.Status {
		s := homeStatus()
		s.Roots[0].State = "unknown"
		return s
	}},
	{"stale", func() control.Status {
		s := homeStatus()
		s.Stale = before(13 * time.Hour)
		b := running()
		b.Run.Started = now.Add(-13*time.Hour - 20*time.Minute)
		s.Backups = []control.Backup{b}
		return s
	}},
	{"bare", func() control.Status { // everything that can be unknown is
		return control.Status{
			Roots:    []control.Root{{Path: "/b", State: "polling"}},
			Backups:  []control.Backup{{UDID: cleo, Phase: backup.Transferring, Run: &control.Run{Started: now}}, {UDID: bob, Phase: backup.Idle}},
			Findings: []backup.Finding{{Code: backup.WatchDegraded, Title: "Watching by the clock"}},
		}
	}},
	{"hostile", func() control.Status {
		evil := "\x1b[2J\x1b]0;x\a名前が長いiPhone👩‍👩‍👧‍👦\u202eenohPi\n" + strings.Repeat("W", 200)
		s := homeStatus()
		s.Daemon.ConfigError = evil
		b := running()
		b.DeviceName, b.OSVersion, b.Run.Writer, b.Run.Bytes, b.Run.Expected = evil, evil, evil, ptr(int64(-5)), ptr(int64(0))
		b.Run.ETA, b.Run.Silence = ptr(1e300), ptr(-1e300)
		b.Findings = []backup.Finding{{Code: "x", Severity: backup.Critical, Title: evil, Detail: evil, Fix: backup.Advice{ID: "y", Title: evil, Steps: []string{evil, ""}}, Evidence: []backup.Evidence{{Fact: evil, Value: evil}}}}
		s.Backups = []control.Backup{b}
		return s
	}},
}

func macLook() look {
	return look{now: now, width: 80, home: "/Users/pat", darwin: true, version: "v1.2.0"}
}

// unquoted is a picture without colours, and without the backquotes that stand for
// one where there are none.
func unquoted(text string) string { return strings.ReplaceAll(ansi.Strip(text), "`", "") }

// TestCommandsAreSetApart: by a colour, or else by backquotes; one that goes on
// in the next line keeps them.
func TestCommandsAreSetApart(t *testing.T) {
	for _, c := range []struct {
		text  string
		color bool
		width int
		want  string
	}{
		{"Why: `watchdogctl explain x`.", true, 60, "\x1b[2mWhy: \x1b[0m\x1b[36mwatchdogctl explain x\x1b[0m\x1b[2m.\x1b[0m\n"},
		{"Why: `watchdogctl explain x`.", false, 60, "Why: `watchdogctl explain x`.\n"},
		{"Run `one-two-three four-five`.", true, 14, "\x1b[2mRun\x1b[0m\n\x1b[2m`one-two-three\x1b[0m\n\x1b[2mfour-five`.\x1b[0m\n"},
	} {
		p := page{width: c.width, color: c.color}
		p.para(0, dim, c.text)
		if got := p.b.String(); got != c.want {
			t.Errorf("%q at %d: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// TestPictures compares each picture with its golden file; -update rewrites them.
func TestPictures(t *testing.T) {
	for _, tt := range pictures {
		t.Run(tt.name, func(t *testing.T) {
			got := draw(tt.make(), macLook())
			path := filepath.Join("testdata", "status-"+tt.name+".golden")
			if *update {
				os.MkdirAll("testdata", 0o755)
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestPicturesFit: no line is wider than the terminal, in whatever form; no
// escape sequence but our own colours; no trailing blanks; ASCII where asked.
func TestPicturesFit(t *testing.T) {
	for _, tt := range pictures {
		for _, width := range []int{40, 60, 80, 100} {
			l := macLook()
			l.width, l.color, l.ascii = width, true, width == 60
			text := draw(tt.make(), l)
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				bare := ansi.Strip(line)
				if w := ansi.StringWidth(bare); w > width {
					t.Errorf("%s at %d columns: %d in %q", tt.name, width, w, bare)
				}
				if strings.HasSuffix(bare, " ") {
					t.Errorf("%s: trailing blank in %q", tt.name, bare)
				}
				if strings.ContainsAny(clean(bare), "\x1b\a") || bare != clean(bare) {
					t.Errorf("%s: control characters in %q", tt.name, bare)
				}
			}
			l.color = false
			if plain := draw(tt.make(), l); unquoted(plain) != unquoted(text) {
				t.Errorf("%s: colour changes the text", tt.name)
			}
			if strings.Contains(draw(tt.make(), l), "\n\n\n") {
				t.Errorf("%s: two empty lines", tt.name)
			}
		}
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 20, ""},
		{"one two three", 10, "one two|three"},
		{"it is quiet (26 min), of 17 min.", 15, "it is quiet|(26 min), of|17 min."},
		{"say `a long command` now", 16, "say|`a long command`|now"},
		{"abcdefghijklmnop q", 10, "abcdefghij|klmnop q"},
		{"日本語のとても長い言葉", 10, "日本語のと|ても長い言|葉"},
	} {
		if got := strings.Join(wrap(tt.text, tt.width), "|"); got != tt.want {
			t.Errorf("%q: %q", tt.text, got)
		}
	}
}
