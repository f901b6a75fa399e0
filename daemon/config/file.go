package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// file applies what a TOML file says. Decoding into plain maps and checking
// each value ourselves, instead of decoding into Config, is what lets us name
// every problem with its line, not only the first.
func (l *loader) file(path string, data []byte) {
	var doc map[string]any
	if err := toml.Unmarshal(data, &doc); err != nil {
		l.syntax(path, err)
		return
	}
	begin := len(l.problems)
	lines := linesOf(data)
	l.table(path, "", doc, lines)
	slices.SortStableFunc(l.problems[begin:], func(a, b Problem) int {
		return cmp.Compare(lines[a.Key], lines[b.Key])
	})
}

// syntax turns the parser's complaint into a problem.
func (l *loader) syntax(path string, err error) {
	where, key := path, ""
	if d, ok := errors.AsType[*toml.DecodeError](err); ok {
		row, _ := d.Position()
		where, key = fmt.Sprintf("%s:%d", path, row), strings.Join(d.Key(), ".")
	}
	l.problem(where, key, strings.TrimPrefix(err.Error(), "toml: "))
}

// table applies one table of the file; prefix is its dotted name.
func (l *loader) table(path, prefix string, t map[string]any, lines map[string]int) {
	for _, name := range slices.Sorted(maps.Keys(t)) {
		key, v := name, t[name]
		if prefix != "" {
			key = prefix + "." + name
		}
		where := fmt.Sprintf("%s:%d", path, lines[key])
		sub, isTable := v.(map[string]any)
		switch s := l.find(key); {
		case strings.Contains(name, "."): // one quoted name, not two
			l.problem(where, key, "is not a key; leave out the quotes")
		case s != nil:
			l.apply(*s, v, where)
		case l.isTable(key) && isTable:
			l.table(path, key, sub, lines)
		case l.isTable(key):
			l.problem(where, key, "is a table; write ["+key+"] and its keys below it")
		default:
			l.problem(where, key, l.unknown(key))
		}
	}
}

// find returns the setting of a key, nil when there is none.
func (l *loader) find(key string) *setting {
	for i := range l.all {
		if l.all[i].key == key {
			return &l.all[i]
		}
	}
	return nil
}

// isTable reports whether some setting lies in the table of that name.
func (l *loader) isTable(name string) bool {
	return slices.ContainsFunc(l.all, func(s setting) bool { return strings.HasPrefix(s.key, name+".") })
}

// unknown words an unknown key, with the likeliest known one.
func (l *loader) unknown(key string) string {
	best, distance := "", 4
	for _, s := range l.all {
		if d := edits(key, s.key); d < distance {
			best, distance = s.key, d
		}
		if _, last, _ := strings.Cut(s.key, "."); last == key {
			return fmt.Sprintf("is not a key here; it belongs in the table [%s]", strings.TrimSuffix(s.key, "."+key))
		}
	}
	if best != "" {
		return fmt.Sprintf("is not a key; did you mean %s", best)
	}
	return "is not a key"
}

// edits is the Levenshtein distance of two short texts; long ones are far apart.
func edits(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal, row[j+1] = row[j+1], min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// linesOf maps every dotted key of a valid document to the line it is first
// written on; a table counts where its header stands.
func linesOf(data []byte) map[string]int {
	lines := map[string]int{}
	var p unstable.Parser
	p.Reset(data)
	prefix := ""
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			prefix = ""
			prefix = note(&p, e, prefix, lines)
		case unstable.KeyValue:
			keyValue(&p, e, prefix, lines)
		}
	}
	return lines
}

// keyValue notes the line of a key and, where its value is an inline table,
// those of the keys within.
func keyValue(p *unstable.Parser, e *unstable.Node, prefix string, lines map[string]int) {
	key := note(p, e, prefix, lines)
	if v := e.Value(); v.Kind == unstable.InlineTable {
		for it := v.Children(); it.Next(); {
			if n := it.Node(); n.Kind == unstable.KeyValue {
				keyValue(p, n, key, lines)
			}
		}
	}
}

// note records the line of a dotted key, and of each of its parents that has
// none yet, and returns the whole key.
func note(p *unstable.Parser, e *unstable.Node, prefix string, lines map[string]int) string {
	key := prefix
	for it := e.Key(); it.Next(); {
		n := it.Node()
		if key != "" {
			key += "."
		}
		key += string(n.Data)
		if _, ok := lines[key]; !ok {
			lines[key] = p.Shape(n.Raw).Start.Line
		}
	}
	return key
}
