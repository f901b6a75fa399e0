package daemon

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestWordsAreInOnePlace: what a person reads stands in package words, where its
// tone is reviewed, and not beside the code that decides to say it. Errors of
// calls and the help of a command may stay with what they are about.
func TestWordsAreInOnePlace(t *testing.T) {
	for _, c := range []struct {
		dir, files string
		but        string // what is no sentence although it looks like one
	}{
		{"backup", "*.go", "^$"},
		{"verify", "*.go", "^$"},
		{"notify", "*.go", "^$"},
		{"report", "*.go", "^$"},
		{".", "access.go", "^$"},
		{".", "told.go", "^$"},
		{"../cmd/watchdogctl", "picture*.go", "^$"},
		{"../cmd/watchdogctl", "live*.go", "^$"},
		{"../cmd/watchdogctl", "check[ad]*.go", "^$"},
		{"../cmd/watchdogctl", "history*.go", "^$"},
		{"../cmd/watchdogctl", "explain*.go", "^$"},
		{"../cmd/watchdogctl", "ack.go", "^$"},
		{"../cmd/watchdogctl", "replay.go", "^$"},
		{"../cmd/watchdogctl", "testnotification.go", "^$"},
	} {
		but := regexp.MustCompile(c.but)
		files, err := filepath.Glob(filepath.Join(c.dir, c.files))
		if err != nil || len(files) == 0 {
			t.Errorf("%s/%s: no files, or %v", c.dir, c.files, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			said, err := saidIn(name, nil)
			if err != nil {
				t.Error(err)
			}
			for _, s := range said {
				if but.MatchString(s) {
					continue
				}
				t.Errorf("%s belongs into daemon/words", s)
			}
		}
	}
}

// saidIn lists the sentences of a source file, each with its place.
func saidIn(name string, src any) (out []string, err error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, src, 0)
	if err != nil {
		return nil, err
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.FuncDecl: // the hints of errors
			return !strings.HasSuffix(n.Name.Name, "Hint")
		case *ast.ValueSpec: // the help of commands
			return !strings.HasSuffix(n.Names[0].Name, "Long")
		case *ast.CallExpr:
			return !ofErrors.MatchString(types.ExprString(n.Fun))
		case *ast.CompositeLit:
			return n.Type == nil || types.ExprString(n.Type) != "cobra.Command"
		case *ast.Field:
			return n.Tag == nil
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING && isSentence(s) {
				out = append(out, fmt.Sprintf("%s: %q", fset.Position(n.Pos()), s))
			}
		}
		return true
	})
	return out, nil
}

var (
	// ofErrors are the calls whose texts stay where they are: of errors and their
	// hints, of what cannot happen, of the log, and of flags.
	ofErrors = regexp.MustCompile(`^(errors\.New|fmt\.Errorf|panic|.*[lL]og\.(Debug|Info|Warn|Error)|p\.(misuse|fail)|.*Flags\(\)\.\w+)$`)
	// plainWord is a word as people write it: no name of a column, no constant.
	plainWord = regexp.MustCompile(`^["“(]?[A-Za-z]?[a-z’'-]+["”)]?[.,:;?]*$`)
	query     = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|DROP|ALTER)\b`)
)

// isSentence reports whether a text has three words or more.
func isSentence(s string) bool {
	n := 0
	for _, w := range strings.Fields(s) {
		if plainWord.MatchString(w) {
			n++
		}
	}
	return n >= 3 && !query.MatchString(s)
}

// TestWordsElsewhereAreNoticed proves that the test above can fail.
func TestWordsElsewhereAreNoticed(t *testing.T) {
	const src = `package p
import "errors"
var errOne = errors.New("this may stay here")
type T struct { A int ` + "`json:\"a, one two three\"`" + ` }
func f(x int) (string, error) {
	if x > 1 { panic("this cannot ever happen") }
	const q = "SELECT a, b FROM c WHERE one two three"
	columns := "fileID, NULL, domain, relativePath"
	_, _ = q, columns
	if x == 7 { return "Last data", errOne }
	return "the file is not there", fmt.Errorf("reading the file: %w", errOne)
}
func g() { draft{detail: "Nothing has moved for " + "a while."} }
`
	said, err := saidIn("p.go", src)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`p.go:11:9: "the file is not there"`, `p.go:13:26: "Nothing has moved for "`}
	if !slices.Equal(said, want) {
		t.Errorf("found %q, want %q", said, want)
	}
}
