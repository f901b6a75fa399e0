package report_test

import (
	"context"
	"encoding/json"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/report"
)

// needTool skips a test where a program is absent; on the Linux build
// server it must be there.
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

// open has a real browser open a page and returns the document as it was in the
// end, and what the browser complained of.
func open(t *testing.T, page string, dark bool) (dom string, complaints []string) {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	chromium := needTool(t, "chromium", "chromium-browser", "google-chrome")
	dir := t.TempDir()
	path := filepath.Join(dir, "report.html")
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	args := []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--allow-file-access-from-files", "--user-data-dir=" + filepath.Join(dir, "profile"),
		"--window-size=1000,1400", "--enable-logging=stderr", "--virtual-time-budget=20000", "--dump-dom"}
	if dark {
		args = append(args, "--force-dark-mode", "--blink-settings=preferredColorScheme=0")
	}
	cmd := exec.CommandContext(ctx, chromium, append(args, "file://"+path)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for line := range strings.Lines(stderr.String()) {
		if strings.Contains(line, "CONSOLE") {
			complaints = append(complaints, strings.TrimSpace(line))
		}
	}
	return string(out), complaints
}

// TestBrowserHasNoComplaint: a real browser finds nothing to object to, and
// whatever a phone is called nothing of it runs.
func TestBrowserHasNoComplaint(t *testing.T) {
	dom, complaints := open(t, render(t, household()), false)
	if len(complaints) > 0 {
		t.Errorf("%q", complaints)
	}
	if n := strings.Count(dom, "<section class=\"phone\""); n != 3 {
		t.Errorf("%d phones in the document", n)
	}
	evil := `</title></style></svg><script>document.title='in'</script><img src=x onerror="document.title='in'">`
	in := report.Rewrite(household(), func(field, s string) string {
		if field == "UDID" || field == "State" || field == "Outcome" {
			return s
		}
		return s + evil
	})
	dom, complaints = open(t, render(t, in), false)
	if strings.Contains(dom, "<title>in</title>") || strings.Contains(dom, "<script") || strings.Contains(dom, "<img") || len(complaints) > 0 {
		t.Errorf("something got in: %q", complaints)
	}
}

// TestBrowserWouldComplain proves that the test above can fail: a style sheet
// of another hash is refused, and the browser says so.
func TestBrowserWouldComplain(t *testing.T) {
	page := strings.Replace(render(t, household()), "<style>", "<style>p{color:red}", 1)
	if _, complaints := open(t, page, false); len(complaints) == 0 {
		t.Error("the browser let a foreign style sheet pass")
	}
}

var policyTag = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`)

// TestPageIsAccessible has axe-core look at the page, in light and in dark. AXE
// names its axe.min.js (`npm pack axe-core`).
func TestPageIsAccessible(t *testing.T) {
	axe := os.Getenv("AXE")
	if axe == "" {
		if os.Getenv("CI") == "true" && runtime.GOOS == "linux" {
			t.Fatal("AXE is not set to the path of axe.min.js")
		}
		t.Skip("AXE is not set to the path of axe.min.js")
	}
	for _, look := range []struct {
		situation string
		dark      bool
	}{{"household", false}, {"household", true}, {"empty", false}} {
		for _, v := range violations(t, render(t, situations[look.situation]()), axe, look.dark) {
			t.Errorf("%s, dark %v: %s", look.situation, look.dark, v)
		}
	}
}

// violations is what axe-core objects to. Its script is let in for the test
// only. The colours of text in charts it cannot judge: TestContrast does.
func violations(t *testing.T, page, axe string, dark bool) []string {
	t.Helper()
	abs, err := filepath.Abs(axe)
	if err != nil {
		t.Fatal(err)
	}
	page = policyTag.ReplaceAllString(page, "")
	page = strings.Replace(page, "</body>", `<script src="file://`+abs+`"></script><script>
axe.run().then(r => {
  const p = document.createElement("pre"); p.id = "axe";
  p.textContent = JSON.stringify({dark: matchMedia("(prefers-color-scheme: dark)").matches, passes: r.passes.length,
    violations: r.violations.concat(r.incomplete.filter(v => v.id != "color-contrast")).map(v => v.id + ": " + v.help + " " + v.nodes.map(n => n.target + " " + n.failureSummary).slice(0, 3).join("; "))});
  document.body.append(p);
});
</script></body>`, 1)
	dom, _ := open(t, page, dark)
	_, text, found := strings.Cut(dom, `<pre id="axe">`)
	text, _, _ = strings.Cut(text, "</pre>")
	var result struct {
		Dark       bool
		Passes     int
		Violations []string
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(text)), &result); err != nil || !found {
		t.Fatalf("axe gave no result: %v", err)
	}
	if result.Dark != dark || result.Passes < 20 {
		t.Errorf("dark %v, %d rules passed: the test does not look at what it should", result.Dark, result.Passes)
	}
	return result.Violations
}
