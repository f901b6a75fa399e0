package daemon

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"backupwatchdog/daemon/backup"
)

var update = flag.Bool("update", false, "write the README's table anew")

const (
	tableBegins = "<!-- conditions: kept true by a test -->\n"
	tableEnds   = "<!-- end -->"
)

// conditionTable writes the catalogue as the README has it.
func conditionTable() string {
	var b strings.Builder
	b.WriteString("| code | what it says | severity | first fix |\n|---|---|---|---|\n")
	for _, c := range backup.Catalogue {
		fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` |\n", c.Code, c.Title, c.Severity, c.Fix)
	}
	return b.String()
}

// TestReadmeTellsEveryCondition keeps the README's table the catalogue's.
func TestReadmeTellsEveryCondition(t *testing.T) {
	raw, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(raw), tableBegins)
	got, tail, ok2 := strings.Cut(rest, tableEnds)
	if !ok || !ok2 {
		t.Fatal("the README has lost the marks of the table")
	}
	want := conditionTable()
	if got == want {
		return
	}
	if *update {
		if err := os.WriteFile("../README.md", []byte(head+tableBegins+want+tableEnds+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("the README's table is not the catalogue; go test ./daemon -run Readme -update writes it\nwant:\n%s", want)
}

// TestCatalogueIsComplete holds what everybody may rely on.
func TestCatalogueIsComplete(t *testing.T) {
	codes := map[backup.Code]bool{}
	advised := map[backup.FixID]bool{}
	for _, c := range backup.Catalogue {
		if codes[c.Code] {
			t.Errorf("%s stands twice in the catalogue", c.Code)
		}
		codes[c.Code] = true
		if n := len([]rune(c.Title)); n == 0 || n > 40 {
			t.Errorf("%s: the title has %d characters", c.Code, n)
		}
		if c.Holds == "" || c.Means == "" || c.Severity == "" {
			t.Errorf("%s does not say when it holds, what it means or how grave it is", c.Code)
		}
		if len(c.Also) > 3 {
			t.Errorf("%s names %d further fixes; three are the most", c.Code, len(c.Also))
		}
		for _, id := range slices.Concat([]backup.FixID{c.Fix}, c.Also, c.May) {
			advised[id] = true
			if _, ok := backup.FixByID(id); !ok {
				t.Errorf("%s advises %q, which is no fix", c.Code, id)
			}
		}
		for _, h := range c.HiddenBy {
			if _, ok := backup.ConditionByCode(h); !ok {
				t.Errorf("%s is hidden by %q, which is no condition", c.Code, h)
			}
		}
	}
	if len(codes) != 35 {
		t.Errorf("%d conditions, 35 are promised", len(codes))
	}
	for _, f := range backup.Fixes {
		if f.Title == "" || f.Why == "" || len(f.Steps) < 2 {
			t.Errorf("%s is not written out", f.ID)
		}
		if f.SetsAside && !strings.Contains(f.Steps[0], "watchdogctl retire") {
			t.Errorf("%s gives up the chain, and its first step does not set it aside", f.ID)
		}
	}
	for _, f := range backup.Fixes {
		if !advised[f.ID] {
			t.Errorf("nothing advises %s", f.ID)
		}
	}
	if len(backup.Fixes) != 19 {
		t.Errorf("%d fixes, 19 are promised", len(backup.Fixes))
	}
}
