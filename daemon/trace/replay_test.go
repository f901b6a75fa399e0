package trace

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"backupwatchdog/daemon/backup"
)

var update = flag.Bool("update", false, "write the stories' wanted output anew")

// TestStories plays every story in testdata: a trace, and what the judgement
// says of it at which second. The comment of a story says what it proves.
func TestStories(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) < 30 {
		t.Fatalf("only %d stories found", len(files))
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { story(t, name) })
	}
}

func story(t *testing.T, name string) {
	ar, err := txtar.ParseFile(name)
	if err != nil || len(ar.Files) != 2 {
		t.Fatalf("%s: two files, trace and want, are needed: %v", name, err)
	}
	got, err := Told(ar.Files[0].Data)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		ar.Files[1].Data = []byte(got)
		if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := string(ar.Files[1].Data); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

// replayed is Replay where nothing is in the way.
func replayed(r io.Reader, emit func(Event)) error {
	return Replay(context.Background(), r, func(e Event) error {
		emit(e)
		return nil
	})
}

// Told plays a trace and writes a line for each thing that happens.
func Told(data []byte) (string, error) {
	var b strings.Builder
	err := replayed(bytes.NewReader(data), func(e Event) {
		fmt.Fprintf(&b, "%8.0f %s %-8s %-8s %-22s %s", e.T, e.UDID, e.Event, e.Severity, e.Code, e.Phase)
		if e.Event == "notice" {
			fmt.Fprintf(&b, " (%s)", e.Notice)
		}
		if e.Event != "gone" {
			fmt.Fprintf(&b, " -> %s", e.Fix)
		}
		b.WriteString("\n")
	})
	return b.String(), err
}

// TestStoriesAdviseWhatTheCatalogueSays: no finding names a fix that its
// condition does not list.
func TestStoriesAdviseWhatTheCatalogueSays(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range files {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		err = replayed(bytes.NewReader(ar.Files[0].Data), func(e Event) {
			c, _ := backup.ConditionByCode(e.Code)
			for _, id := range append([]backup.FixID{e.Fix}, e.Finding.Also...) {
				if id != "" && !c.MayAdvise(id) {
					t.Errorf("%s: %s advises %s, and its condition does not know", name, e.Code, id)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryConditionHasAStory holds the promise that nothing in the catalogue
// is there without a story that shows it. Conditions of a folder as a whole or
// of the daemon have theirs elsewhere.
func TestEveryConditionHasAStory(t *testing.T) {
	var all strings.Builder
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	for _, c := range backup.Catalogue {
		if c.Of == backup.OfBackup && !strings.Contains(all.String(), " "+string(c.Code)+" ") {
			t.Errorf("no story shows %s", c.Code)
		}
	}
}

func TestBadTraces(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", "the trace is empty"},
		{"no schema", "{}\n", "line 1: schema 0"},
		{"newer", `{"schema":2}`, "line 1: schema 2"},
		{"garbage", "{\"schema\":1}\nhello", "line 2: not a JSON object"},
		{"back", "{\"schema\":1}\n{\"t\":5,\"udid\":\"A\"}\n{\"t\":4,\"udid\":\"A\"}", "line 3: t is missing or goes back"},
		{"far", "{\"schema\":1}\n{\"t\":1e10,\"udid\":\"A\"}", "beyond thirty years"},
		{"far head", "{\"schema\":1,\"t\":1e30}", "line 1: t is negative or beyond"},
		{"nobody", "{\"schema\":1}\n{\"t\":5}", "line 2: udid is missing"},
		{"word", "{\"schema\":1}\n{\"t\":5,\"udid\":\"A\",\"phone\":\"wire\"}", `line 2: phone: "wire" is not known here`},
		{"count", "{\"schema\":1}\n{\"t\":5,\"udid\":\"A\",\"files\":-1}", "line 2: files: -1 is no count"},
		{"oversleep", "{\"schema\":1}\n{\"t\":5,\"udid\":\"A\",\"slept\":50}", "line 2: slept is more"},
		{"long", "{\"schema\":1}\n{\"t\":5,\"udid\":\"" + strings.Repeat("A", maxLine) + "\"}", "line 2: longer than"},
		{"patience", `{"schema":1,"patience":{"preparing":-1}}`, "line 1: patience.preparing"},
		{"factor", `{"schema":1,"patience":{"witness_factor":0.5}}`, "line 1: patience.witness_factor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := replayed(strings.NewReader(c.in), func(Event) {})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}
