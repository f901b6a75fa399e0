// Command terminal turns what a program has printed on a terminal, with its
// colours, into a page that looks like that terminal: a browser makes a picture
// of it.
//
//	tmux capture-pane -e -p | terminal -title "watchdogctl status" >page.html
//
// It knows the escape sequences that watchdogctl prints (bold, dim, the eight
// colours) and leaves out every other.
package main

import (
	"flag"
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"strings"
)

func main() {
	title := flag.String("title", "", "`text` in the window's bar")
	flag.Parse()
	text, err := io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
	if err == nil {
		_, err = fmt.Printf(page, html.EscapeString(*title), spans(strings.TrimRight(string(text), " \n")))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "terminal:", err)
		os.Exit(1)
	}
}

// sequence is an escape sequence: "\x1b[1;34m", or one that only moves things.
var sequence = regexp.MustCompile(`\x1b\[([0-9;?]*)([A-Za-z])|\x1b[()][A-Z0-9]|\x0f`)

// style is how text is painted now.
type style struct {
	bold, dim bool
	color     string // a class, "" the usual
}

// spans turns escape sequences into HTML.
func spans(text string) string {
	var b strings.Builder
	var s style
	last := 0
	for _, at := range sequence.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(s.wrap(text[last:at[0]]))
		last = at[1]
		if at[4] >= 0 && text[at[4]:at[5]] == "m" {
			s = s.after(text[at[2]:at[3]])
		}
	}
	b.WriteString(s.wrap(text[last:]))
	return b.String()
}

// after is the style that codes such as "1;34" lead to.
func (s style) after(codes string) style {
	for code := range strings.SplitSeq(codes, ";") {
		switch {
		case code == "" || code == "0":
			s = style{}
		case code == "1":
			s.bold = true
		case code == "2":
			s.dim = true
		case code == "22":
			s.bold, s.dim = false, false
		case code == "39":
			s.color = ""
		case len(code) == 2 && (code[0] == '3' || code[0] == '9') && code[1] <= '7':
			s.color = "c" + code[1:]
		}
	}
	return s
}

// wrap puts text into the style.
func (s style) wrap(text string) string {
	var class []string
	if s.bold {
		class = append(class, "b")
	}
	if s.dim {
		class = append(class, "d")
	}
	if s.color != "" {
		class = append(class, s.color)
	}
	if text = html.EscapeString(text); len(class) == 0 || text == "" {
		return text
	}
	return `<span class="` + strings.Join(class, " ") + `">` + text + `</span>`
}

// page is the window: title, content.
const page = `<!doctype html>
<meta charset="utf-8">
<style>
  html { background: #e9edf2; }
  body { margin: 0; padding: 28px; display: inline-block; }
  .window { background: #1d2129; border-radius: 10px; box-shadow: 0 10px 28px rgba(20, 30, 50, .35); overflow: hidden; }
  .bar { background: #2b303b; color: #aab2c0; font: 13px "DejaVu Sans", sans-serif; text-align: center; padding: 8px 0; position: relative; }
  .bar::before { content: ""; position: absolute; left: 14px; top: 50%%; margin-top: -6px; width: 12px; height: 12px; border-radius: 50%%;
    background: #ec6a5e; box-shadow: 20px 0 #f4bf4f, 40px 0 #61c554; }
  pre { margin: 0; padding: 16px 22px 20px; color: #d7dce5; font: 14.5px/1.42 "DejaVu Sans Mono", Menlo, monospace; font-variant-ligatures: none; }
  .b { font-weight: 700; color: #fff; }
  .d { color: #8b94a5; }
  .c1 { color: #ff7b72; } .c2 { color: #7ecf8a; } .c3 { color: #f0c060; } .c4 { color: #6cb2ff; }
  .c5 { color: #d2a8ff; } .c6 { color: #76d7e0; } .c7 { color: #d7dce5; } .c0 { color: #6b7484; }
</style>
<title>%[1]s</title>
<body><div class="window"><div class="bar">%[1]s</div><pre>%[2]s</pre></div></body>
`
