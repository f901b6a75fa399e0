package main

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// style is how a piece of text looks on a terminal: an SGR sequence's numbers.
type style string

const (
	plain  style = ""
	strong style = "1"
	dim    style = "2"
	red    style = "1;31"
	green  style = "32"
	yellow style = "1;33"
	blue   style = "36"
)

// page is text being laid out: wrapped at a width in columns, indented, and
// coloured line by line, so that no escape sequence ever counts as width.
type page struct {
	b     strings.Builder
	width int
	color bool
	ascii bool // no symbols beyond ASCII
	// column is how wide the first column of pairs is at least.
	column int
}

// paint puts s into a style, where there are colours.
func (p *page) paint(st style, s string) string {
	if !p.color || st == plain || s == "" {
		return s
	}
	return "\x1b[" + string(st) + "m" + s + "\x1b[0m"
}

// line paints one line of text. Where there are colours a command that stands
// whole in it is set apart by one, and its backquotes go: pasted into a shell
// they would mean something. Where there are none they set it apart.
func (p *page) line(st style, s string) string {
	pieces := strings.Split(s, "`")
	if !p.color || len(pieces)%2 == 0 { // an odd backquote: a command that goes on below
		return p.paint(st, s)
	}
	var b strings.Builder
	for i, piece := range pieces {
		if i%2 == 1 {
			b.WriteString(p.paint(blue, piece))
		} else {
			b.WriteString(p.paint(st, piece))
		}
	}
	return b.String()
}

// gap ends a block with an empty line, unless the page is still empty.
func (p *page) gap() {
	if s := p.b.String(); s != "" && !strings.HasSuffix(s, "\n\n") {
		p.b.WriteByte('\n')
	}
}

// para writes text wrapped and indented; nothing for no text. Text from outside
// may be in it.
func (p *page) para(indent int, st style, text string) {
	if strings.TrimSpace(text) == "" {
		return
	}
	p.item(indent, plain, "", st, text)
}

// item writes a mark ("!", "1.") at the indent, and text wrapped beside it.
func (p *page) item(indent int, mst style, mark string, st style, text string) {
	lead := strings.Repeat(" ", indent)
	hang := lead
	if mark != "" {
		hang += strings.Repeat(" ", ansi.StringWidth(mark)+1)
		mark = p.paint(mst, mark) + " "
	}
	for i, l := range wrap(clean(text), p.width-len(hang)) {
		if i == 0 {
			p.b.WriteString(lead + mark)
		} else {
			p.b.WriteString(hang)
		}
		p.b.WriteString(p.line(st, l) + "\n")
	}
}

// ends writes left and right at the two ends of one line; where they do not
// fit, right goes into a line of its own, indented by two more.
func (p *page) ends(indent int, mst style, mark string, lst style, left string, rst style, right string) {
	left, right = clean(left), clean(right)
	used := indent + ansi.StringWidth(left)
	if mark != "" {
		used += ansi.StringWidth(mark) + 1
	}
	free := p.width - used - ansi.StringWidth(right)
	if right == "" || free < 2 {
		p.item(indent, mst, mark, lst, left)
		if right != "" {
			p.para(indent+2, rst, right)
		}
		return
	}
	p.b.WriteString(strings.Repeat(" ", indent))
	if mark != "" {
		p.b.WriteString(p.paint(mst, mark) + " ")
	}
	p.b.WriteString(p.paint(lst, left) + strings.Repeat(" ", free) + p.paint(rst, right) + "\n")
}

// pair is one row of a table of two columns.
type pair struct{ left, right string }

// pairs writes rows with their second column aligned, wrapped within itself.
func (p *page) pairs(indent int, st style, rows []pair) {
	col := p.column
	for _, r := range rows {
		if w := ansi.StringWidth(clean(r.left)); w <= (p.width-indent)/2 {
			col = max(col, w)
		}
	}
	for _, r := range rows {
		left := clean(r.left)
		pad := strings.Repeat(" ", max(0, col-ansi.StringWidth(left)))
		if ansi.StringWidth(left) > col { // too long for the column: run on
			p.item(indent, plain, "", st, left+": "+r.right)
			continue
		}
		for i, l := range wrap(clean(r.right), p.width-indent-col-2) {
			if i > 0 {
				left, pad = "", strings.Repeat(" ", col)
			}
			p.b.WriteString(strings.Repeat(" ", indent) + p.line(st, left+pad+"  "+l) + "\n")
		}
	}
}

// wrap breaks text at blanks into lines of at most width columns; a word that
// is longer is cut. What stands in backquotes is a command to copy and stays
// together if it fits a line. There is always at least one line.
func wrap(text string, width int) []string {
	width = max(width, 10)
	var lines []string
	line := ""
	for _, word := range chunks(text, width) {
		for ansi.StringWidth(word) > width {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			head := ansi.Truncate(word, width, "")
			if head == "" { // one cluster wider than the line
				break
			}
			lines, word = append(lines, head), word[len(head):]
		}
		switch {
		case line == "":
			line = word
		case ansi.StringWidth(line)+1+ansi.StringWidth(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// units are what belongs to the number before it, and stays with it in a line.
var units = []string{"s", "min", "h", "days", "%", "bytes", "kB", "MB", "GB", "TB"}

// measured reports whether two words are a number and its unit.
func measured(number, unit string) bool {
	last := number[len(number)-1]
	return last >= '0' && last <= '9' && slices.Contains(units, strings.TrimRight(unit, ".,;:)"))
}

// chunks cuts text at its blanks, but not within backquotes where the whole of
// what they enclose fits into width, nor between a number and its unit.
func chunks(text string, width int) []string {
	var out []string
	fields := strings.Fields(text)
	for i := 0; i < len(fields); i++ {
		word := fields[i]
		if strings.Count(word, "`") == 1 {
			for j := i + 1; j < len(fields); j++ {
				word += " " + fields[j]
				if ansi.StringWidth(word) > width {
					word = fields[i]
					break
				}
				if strings.Contains(fields[j], "`") {
					i = j
					break
				}
			}
			if strings.Count(word, "`") == 1 {
				word = fields[i]
			}
		}
		if i+1 < len(fields) && word == fields[i] && measured(word, fields[i+1]) && ansi.StringWidth(word+" "+fields[i+1]) <= width {
			i++
			word += " " + fields[i]
		}
		out = append(out, word)
	}
	return out
}

// clip shortens text to so many columns.
func clip(text string, columns int) string {
	return ansi.Truncate(clean(text), columns, "…")
}
