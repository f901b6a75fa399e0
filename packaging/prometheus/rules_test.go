// Package prometheus holds no code: its tests keep the alert rules beside it true.
package prometheus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/notify"
)

const rules = "backup-watchdog.rules.yml"

// needTool skips a test where a program is absent; on the Linux build server it
// must be there.
func needTool(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" && runtime.GOOS == "linux" {
		t.Fatalf("none of %v is installed", names)
	}
	t.Skipf("none of %v is installed", names)
	return ""
}

func ptr[T any](v T) *T { return &v }

// status is one of everything that becomes a metric.
func status(now time.Time) control.Status {
	return control.Status{
		Daemon: control.Daemon{Version: "1.0", Started: now},
		Roots:  []control.Root{{Path: "/b", State: "watching", FreeBytes: ptr(int64(5e9))}},
		Backups: []control.Backup{{
			UDID: "A", DeviceName: `Anna's "iPhone" \ {{.}}`, Phase: backup.Transferring, LastComplete: ptr(now.AddDate(0, -2, 0)), Chain: control.Chain{Verdict: backup.BrokenUp},
			Run:      &control.Run{Started: now, Bytes: ptr(int64(1e9)), Files: ptr(int64(10)), Silence: ptr(1.0), SilenceLimit: ptr(420.0)},
			Findings: []backup.Finding{{Code: backup.ChainBroken, Severity: backup.Critical}},
		}},
	}
}

func metrics(now time.Time) string {
	return string(notify.Metrics(status(now), []notify.Tally{{Channel: "desktop", Outcome: "failed", N: 3}}))
}

// TestRules has the real promtool check the rules and run their unit tests.
func TestRules(t *testing.T) {
	promtool := needTool(t, "promtool")
	for _, args := range [][]string{{"check", "rules", rules}, {"test", "rules", "backup-watchdog.rules.test.yml"}} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}

// TestNamesExist: rules and README speak only of metrics that the watchdog
// writes, and of alerts that are there; and README leaves out none.
func TestNamesExist(t *testing.T) {
	text := metrics(time.Now())
	alerts := map[string]bool{}
	for _, file := range []string{rules, "README.md"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc := strings.ReplaceAll(string(b), "`…_", "`backup_watchdog_")
		for _, name := range regexp.MustCompile(`\bbackup_watchdog_[a-z_]+`).FindAllString(doc, -1) {
			if !strings.Contains(text, "# TYPE "+name+" ") {
				t.Errorf("%s speaks of %s, which is never written", file, name)
			}
		}
		if file == rules {
			for _, m := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(doc, -1) {
				alerts[m[1]] = true
			}
			continue
		}
		for name := range alerts {
			if !strings.Contains(doc, "`"+name+"`") {
				t.Errorf("%s leaves out %s", file, name)
			}
		}
		for _, m := range regexp.MustCompile(`# TYPE (\w+) `).FindAllStringSubmatch(text, -1) {
			if !strings.Contains(doc, m[1]) {
				t.Errorf("%s leaves out %s", file, m[1])
			}
		}
	}
}

// TestPrometheusReadsIt: the file goes through the real node_exporter into a
// real Prometheus, with the rules loaded, and an alert comes out.
func TestPrometheusReadsIt(t *testing.T) {
	if testing.Short() {
		t.Skip("two servers take their time")
	}
	exporter := needTool(t, "node_exporter", "prometheus-node-exporter")
	server := needTool(t, "prometheus")
	dir := t.TempDir()
	if err := notify.WriteMetrics(filepath.Join(dir, "backup-watchdog.prom"), []byte(metrics(time.Now()))); err != nil {
		t.Fatal(err)
	}
	node, prom := freeAddress(t), freeAddress(t)
	start(t, exporter, "--collector.disable-defaults", "--collector.textfile", "--collector.textfile.directory="+dir, "--web.listen-address="+node)
	quick := filepath.Join(dir, "quick.yml") // the same rules, without the waiting
	b, err := os.ReadFile(rules)
	if err != nil {
		t.Fatal(err)
	}
	write(t, quick, regexp.MustCompile(`(?m)^ +for: .*\n`).ReplaceAllString(string(b), ""))
	config := filepath.Join(dir, "prometheus.yml")
	write(t, config, fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%s]\nscrape_configs: [{job_name: node, static_configs: [{targets: ['%s']}]}]\n", quick, node))
	start(t, server, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+prom)
	api := "http://" + prom + "/api/v1/"
	eventually(t, func() error {
		body, err := get(api + "query?query=" + url.QueryEscape(`backup_watchdog_finding_active{code="chain-broken"}`))
		if err != nil || !strings.Contains(body, `"Anna's \"iPhone\" \\ {{.}}"`) {
			return fmt.Errorf("%v %s", err, body)
		}
		return nil
	})
	eventually(t, func() error {
		body, err := get(api + "alerts")
		var answer struct {
			Data struct {
				Alerts []struct {
					State               string
					Labels, Annotations map[string]string
				}
			}
		}
		if err == nil {
			err = json.Unmarshal([]byte(body), &answer)
		}
		firing := map[string]string{}
		for _, a := range answer.Data.Alerts {
			if a.State == "firing" {
				firing[a.Labels["alertname"]] = a.Annotations["summary"]
			}
		}
		if want := `Anna's "iPhone" \ {{.}}: chain-broken on ` + node; firing["BackupCritical"] != want || firing["BackupOld"] == "" {
			return fmt.Errorf("%v %v", err, firing)
		}
		if firing["BackupWatchdogSilent"] != "" || firing["BackupWatchdogStopped"] != "" {
			t.Errorf("false alarm: %v", firing)
		}
		return nil
	})
}

// freeAddress is an address nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// start runs a server until the test ends.
func start(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s\n%s", name, out.String())
		}
	})
}

func get(address string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return string(b), err
}

// eventually asks until there is no error, for at most two minutes.
func eventually(t *testing.T, ask func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-tick.C:
		}
	}
}
