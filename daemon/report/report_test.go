package report_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"backupwatchdog/daemon/report"
)

var keep = flag.String("keep", "", "write the report of the household to `FILE`, to be looked at")

func render(t *testing.T, in report.Input) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Render(&b, in); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestKeep(t *testing.T) {
	text := render(t, household())
	if *keep != "" {
		if err := os.WriteFile(*keep, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
