package notify_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/notify"
)

// needTool skips a test where a program is absent; on the build server it must
// be there.
func needTool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(name, "is not installed")
	}
	return path
}

func ptr[T any](v T) *T { return &v }

var start = time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)

func status(device string) control.Status {
	stalled := backup.Finding{Code: backup.Stalled, Severity: backup.Warning}
	return control.Status{
		Daemon: control.Daemon{Version: "1.0", Started: start},
		Roots:  []control.Root{{Path: "/b", State: "watching", FreeBytes: ptr(int64(5_000_000_000))}, {Path: `C:\x`, State: "denied"}},
		Backups: []control.Backup{
			{UDID: "A", DeviceName: device, Phase: backup.Transferring, LastComplete: ptr(start), Chain: control.Chain{Verdict: backup.Good},
				Run:      &control.Run{Started: start, Bytes: ptr(int64(1 << 40)), Silence: ptr(0.0), SilenceLimit: ptr(420.0)},
				Findings: []backup.Finding{stalled, stalled}},
			{UDID: "B", DeviceName: "", Phase: backup.Idle},
			{UDID: "A", DeviceName: "archived", Archived: true},
		},
		Findings: []backup.Finding{{Code: backup.NoAccess, Severity: backup.Critical}},
		Unseen:   make([]control.Notice, 2),
	}
}

func TestMetricsAreWhatPrometheusReads(t *testing.T) {
	promtool := needTool(t, "promtool")
	names := []string{"Anna's iPhone", `a"b\c` + "\n# HELP x\x1b[31m", "\u202e\u200d\u00a0 iPhone", strings.Repeat("é", 10_000), "\xff\xfe", "{}<&>"}
	for _, name := range names {
		text := notify.Metrics(status(name), []notify.Tally{{Channel: "desktop", Outcome: "sent", N: 3}})
		cmd := exec.Command(promtool, "check", "metrics")
		cmd.Stdin = bytes.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("device %.20q: %v\n%s", name, err, out)
		}
	}
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = bytes.NewReader(notify.StoppedMetrics())
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("stopped: %v\n%s", err, out)
	}
}

// TestTwoBackupsOfOnePhoneAreTwoSeries: Prometheus refuses a file in which two
// lines have the same labels.
func TestTwoBackupsOfOnePhoneAreTwoSeries(t *testing.T) {
	s := status("Anna")
	for i, path := range []string{"/b/A", "/c/A"} {
		twin := s.Backups[0]
		twin.Path = path
		s.Backups = append(s.Backups, twin)
		if i == 1 {
			s.Backups = s.Backups[1:]
		}
	}
	text := string(notify.Metrics(s, nil))
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		labels, _, _ := strings.Cut(line, "} ")
		if strings.Contains(line, "} ") && seen[labels] {
			t.Errorf("twice: %s", line)
		}
		seen[labels] = true
	}
	for _, path := range []string{"/b/A", "/c/A"} {
		want := `backup_watchdog_finding_active{udid="A",device="Anna",folder="` + backup.Mark("A", path) + `",path="` + path + `",code="stalled",severity="warning"} 1`
		if !strings.Contains(text, want) {
			t.Errorf("%q is not there:\n%s", want, text)
		}
	}
	if strings.Contains(text, `udid="B",device="",folder`) {
		t.Error("a phone with one backup has a label too many")
	}
}

func TestMetricsSayWhatIsKnownAndNothingElse(t *testing.T) {
	text := string(notify.Metrics(status(`Anna "x" \ y`), []notify.Tally{{Channel: "desktop", Outcome: "sent", N: 3}}))
	for _, want := range []string{
		`backup_watchdog_finding_active{udid="A",device="Anna \"x\" \\ y",code="stalled",severity="warning"} 1`,
		`backup_watchdog_finding_active{udid="",device="",code="no-access",severity="critical"} 1`,
		`backup_watchdog_last_complete_timestamp_seconds{udid="A",device="Anna \"x\" \\ y"} 1.7698518e+09`,
		`backup_watchdog_silence_seconds{udid="A",device="Anna \"x\" \\ y"} 0`,
		`backup_watchdog_phase{udid="B",device="",phase="idle"} 1`,
		`backup_watchdog_root_watched{root="C:\\x"} 0`,
		`backup_watchdog_notices_total{channel="desktop",outcome="sent"} 3`,
		`backup_watchdog_notices_unseen 2`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("missing: %s", want)
		}
	}
	for _, wrong := range []string{`silence_seconds{udid="B"`, `run_files{`, "archived", `root_free_bytes{root="C:`} {
		if strings.Contains(text, wrong) {
			t.Errorf("unknown or set aside, and yet there: %s", wrong)
		}
	}
}

func TestMetricsFileIsReplacedInOneStep(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "watchdog.prom")
	for range 2 {
		if err := notify.WriteMetrics(path, notify.StoppedMetrics()); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("left behind: %v, %v", files, err)
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", fi, err)
	}
	if err := notify.WriteMetrics(filepath.Join(dir, "absent", "x.prom"), nil); err == nil || !strings.Contains(err.Error(), "metrics.textfile") {
		t.Errorf("into no folder: %v", err)
	}
}
