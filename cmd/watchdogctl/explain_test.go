package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// try runs a command line within the test and returns what it printed.
func try(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Getenv: func(string) string { return "" }, Home: t.TempDir(), GOOS: "darwin",
	}
	p.Now = func() time.Time { return now }
	code = run(t.Context(), p, args)
	return out.String(), errs.String(), code
}

// TestEverythingIsExplained: each code and each fix has its page, in text that
// fits and in JSON, and the pages name nothing that has none.
func TestEverythingIsExplained(t *testing.T) {
	known := explainable()
	if len(known) < 50 {
		t.Fatalf("only %d codes and fixes", len(known))
	}
	seen := map[string]bool{}
	for _, word := range known {
		if seen[word] {
			t.Errorf("%s stands twice", word)
		}
		seen[word] = true
		text, errs, code := try(t, "explain", word)
		if code != 0 || errs != "" {
			t.Errorf("%s: exit code %d, %s", word, code, errs)
		}
		for line := range strings.Lines(text) {
			if w := ansi.StringWidth(strings.TrimSuffix(line, "\n")); w > 80 {
				t.Errorf("%s: %d columns in %q", word, w, line)
			}
		}
		for _, hole := range []string{"{again}", "{udid}", "Then \n", "  \n"} {
			if strings.Contains(text, hole) {
				t.Errorf("%s: %q in\n%s", word, hole, text)
			}
		}
		js, _, _ := try(t, "explain", word, "--json")
		var v struct {
			Title string
			Fix   string
			Also  []string
			Steps []string
			Means string
		}
		if err := json.Unmarshal([]byte(js), &v); err != nil || v.Title == "" || v.Means == "" && len(v.Steps) == 0 {
			t.Errorf("%s: %v in %s", word, err, js)
		}
		for _, id := range append(v.Also, v.Fix) {
			if _, _, code := try(t, "explain", id); id != "" && code != 0 {
				t.Errorf("%s names %s, which has no page", word, id)
			}
		}
	}
	all, _, _ := try(t, "explain")
	for _, word := range known {
		if !strings.Contains(all, "  "+word+" ") {
			t.Errorf("%s is not in the list", word)
		}
	}
}

// TestEveryCommandIsDocumented: each has a short text without a full stop, and a
// group, and every flag says what it does.
func TestEveryCommandIsDocumented(t *testing.T) {
	root := rootCommand(&program{})
	for _, c := range root.Commands() {
		if c.Hidden {
			continue
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || c.GroupID == "" {
			t.Errorf("%s: short %q, group %q", c.Name(), c.Short, c.GroupID)
		}
		text, _, code := try(t, c.Name(), "--help")
		if code != 0 || !strings.Contains(text, "Usage:") {
			t.Errorf("%s --help: exit code %d", c.Name(), code)
		}
		for line := range strings.Lines(text) {
			if w := ansi.StringWidth(strings.TrimSuffix(line, "\n")); w > 110 {
				t.Errorf("%s --help: %d columns in %q", c.Name(), w, line)
			}
		}
	}
}
