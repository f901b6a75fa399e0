package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// unsaid are the words that the rules of tone rule out. "Just now" is a time.
var unsaid = regexp.MustCompile(`(?i)!|\b(please|sorry|simply|just|unfortunately|failed to|invalid|oops|your fault)\b`)

// faults says what is wrong with the tone of a piece of text.
func faults(s string) (out []string) {
	if word := unsaid.FindString(strings.ReplaceAll(s, "just now", "")); word != "" {
		out = append(out, "it says "+strconv.Quote(word))
	}
	if strings.Contains(strings.ReplaceAll(s, "\n  ", "\n"), "  ") { // an indented line is meant
		out = append(out, "two blanks follow each other")
	}
	return out
}

// TestTone reads every text of this package in its source.
func TestTone(t *testing.T) {
	files, _ := filepath.Glob("*.go")
	texts := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, sum := range sums(f) {
			texts++
			fail := func(why string) { t.Errorf("%s: %s: %q", fset.Position(sum[0].Pos()), why, pieces(sum)) }
			for _, s := range pieces(sum) {
				for _, why := range faults(s) {
					fail(why)
				}
			}
			if unfinished(sum) {
				fail("sentences that do not end in a full stop")
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			for i := 0; ok && i < len(v.Values); i++ {
				x, ok := v.Values[i].(*ast.BasicLit)
				if !ok || x.Kind != token.STRING {
					continue
				}
				s, _ := strconv.Unquote(x.Value)
				if s != strings.TrimSpace(s) && !strings.HasSuffix(s, "] ") { // of a question, before the answer
					t.Errorf("%s: a blank at an end of %q", fset.Position(x.Pos()), s)
				}
				if strings.HasPrefix(v.Names[i].Name, "Title") && len([]rune(s)) > TitleMost {
					t.Errorf("%s: a title of %d characters: %q", fset.Position(x.Pos()), len([]rune(s)), s)
				}
			}
			return true
		})
	}
	if texts < 500 {
		t.Errorf("only %d texts were read", texts)
	}
}

// sums are the texts of a file: each literal, or with what it is added to. Not
// among them are imports, and what texts are compared with.
func sums(f *ast.File) (out [][]ast.Expr) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.CallExpr:
			if fun, ok := n.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"ContainsAny", "HasPrefix", "HasSuffix", "CutPrefix", "TrimSuffix", "Format"}, fun.Sel.Name) {
				return false
			}
		case *ast.BinaryExpr:
			if n.Op == token.ADD {
				if s := flat(n); len(pieces(s)) > 0 {
					out = append(out, s)
				}
				return false
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				out = append(out, []ast.Expr{n})
			}
		}
		return true
	})
	return out
}

// flat are the parts of a sum.
func flat(x ast.Expr) []ast.Expr {
	if b, ok := x.(*ast.BinaryExpr); ok && b.Op == token.ADD {
		return slices.Concat(flat(b.X), flat(b.Y))
	}
	return []ast.Expr{x}
}

// piece is a literal text; ok is false of anything else.
func piece(x ast.Expr) (s string, ok bool) {
	lit, ok := x.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

func pieces(sum []ast.Expr) (out []string) {
	for _, x := range sum {
		if s, ok := piece(x); ok {
			out = append(out, s)
		}
	}
	return out
}

// unfinished reports whether a text of more than one sentence, as far as it is
// written out, ends without a full stop.
func unfinished(sum []ast.Expr) bool {
	first, ok := piece(sum[0])
	last, ends := piece(sum[len(sum)-1])
	if !ok || !ends || first == "" || !unicode.IsUpper([]rune(first)[0]) {
		return false
	}
	if !regexp.MustCompile(`\. [A-Z]`).MatchString(strings.Join(pieces(sum), "X")) {
		return false
	}
	return !regexp.MustCompile("([.:? }]|\\.\\)|%s|`)$").MatchString(last)
}

// TestToneIsNoticed: the rules are applied by what can fail.
func TestToneIsNoticed(t *testing.T) {
	for _, s := range []string{"All is well!", "Please wait.", "It just works.", "Failed to read.", "Two  blanks."} {
		if len(faults(s)) == 0 {
			t.Errorf("nothing is found in %q", s)
		}
	}
	if got := faults("It was just now adjusted."); got != nil {
		t.Errorf("%v", got)
	}
	for s, want := range map[string]bool{`"One. Two"`: true, `"One. Two."`: false, `"One. " + x + " Two"`: true, `"One. Two " + x`: false, `"One title"`: false} {
		x, err := parser.ParseExpr(s)
		if err != nil || unfinished(flat(x)) != want {
			t.Errorf("%s: unfinished is not %t (%v)", s, want, err)
		}
	}
}

// TestConditionsAndFixesFit holds lengths and full stops of the two tables.
func TestConditionsAndFixesFit(t *testing.T) {
	title := func(of, s string, most int) {
		t.Helper()
		if n := len([]rune(s)); n == 0 || n > most || strings.HasSuffix(s, ".") {
			t.Errorf("%s: %q has %d characters of %d, or a full stop", of, s, n, most)
		}
	}
	sentence := func(of string, list ...string) {
		t.Helper()
		for _, s := range list {
			if s == "" || !strings.HasSuffix(strings.TrimSuffix(s, ")"), ".") && !strings.HasSuffix(s, "{again}") || s != strings.TrimSpace(s) {
				t.Errorf("%s: no whole sentence: %q", of, s)
			}
		}
	}
	for code, c := range conditions {
		title(code, c.Title, TitleMost)
		title(code, c.Short, 25)
		if c.Over != "" {
			title(code, c.Over, 25)
		}
		title(code, c.Severity, 80)
		sentence(code, c.Holds, c.Means)
	}
	for id, f := range fixes {
		title(id, f.Title, TitleMost)
		sentence(id, f.Why)
		sentence(id, slices.Concat(f.Steps, f.Elsewhere, f.Cloud, f.Cable.Steps, f.Not)...)
	}
}
