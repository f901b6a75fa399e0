package words

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// TestEverythingSaid keeps testdata/everything.txt: all texts of this package,
// by file and name, to be read in one sitting. A change of words shows there,
// without the code around it. What is put in stands in braces.
func TestEverythingSaid(t *testing.T) {
	const path = "testdata/everything.txt"
	got := everything(t)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("go test -run TestEverythingSaid -update, and read what changes:\n%s", d)
	}
}

func everything(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "== %s\n\n", name)
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				said(&b, d.Name.Name, d.Body)
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if v, ok := s.(*ast.ValueSpec); ok && len(v.Values) > 0 {
						for i, x := range v.Values {
							said(&b, v.Names[i].Name, x)
						}
					}
				}
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// said lists the texts below n. The key of a composite becomes part of the
// name; what is only compared with is no text.
func said(b *strings.Builder, name string, n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			key := text(n.Key)
			if _, ok := n.Key.(*ast.Ident); ok {
				key = types.ExprString(n.Key)
			}
			said(b, name+" "+key, n.Value)
			return false
		case *ast.CaseClause:
			for _, s := range n.Body {
				said(b, name, s)
			}
			return false
		case *ast.IndexExpr, *ast.StructType:
			return false
		case *ast.BinaryExpr:
			switch n.Op {
			case token.ADD:
				if isText(n) {
					line(b, name, text(n))
					for _, c := range calls(n) {
						said(b, name, c)
					}
					return false
				}
			case token.EQL, token.NEQ:
				return false
			}
		case *ast.CallExpr:
			if s := types.ExprString(n.Fun); strings.HasPrefix(s, "strings.Has") || strings.HasPrefix(s, "strings.Trim") && s != "strings.TrimSpace" {
				said(b, name, n.Args[0])
				return false
			}
		case *ast.BasicLit:
			line(b, name, text(n))
		}
		return true
	})
}

var putIn = regexp.MustCompile(`\{[^}]*\}`)

// line writes one text, unless it has no letter and so says nothing.
func line(b *strings.Builder, name, s string) {
	if strings.ContainsFunc(putIn.ReplaceAllString(s, ""), unicode.IsLetter) {
		fmt.Fprintf(b, "%s: %s\n", name, strings.ReplaceAll(s, "\n", `\n`))
	}
}

// isText reports whether an expression has a literal text in it.
func isText(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.BinaryExpr:
		return isText(x.X) || isText(x.Y)
	case *ast.BasicLit:
		return x.Kind == token.STRING
	}
	return false
}

// calls are the parts of a sum that are calls and may have texts of their own.
func calls(x ast.Expr) (out []ast.Expr) {
	switch x := x.(type) {
	case *ast.BinaryExpr:
		return slices.Concat(calls(x.X), calls(x.Y))
	case *ast.CallExpr:
		return []ast.Expr{x}
	}
	return nil
}

// text is an expression as a person would read it.
func text(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.BinaryExpr:
		return text(x.X) + text(x.Y)
	case *ast.BasicLit:
		if s, err := strconv.Unquote(x.Value); err == nil && x.Kind == token.STRING {
			return s
		}
		return ""
	case *ast.Ident:
		return "{" + x.Name + "}"
	case *ast.CallExpr:
		return "{" + types.ExprString(x.Fun) + "}"
	}
	return "{}"
}
