// Package report writes what the watchdog knows as one page of HTML that a
// person can read, print, keep, or show to somebody who helps.
//
// The page is complete in itself: no script, nothing loaded from anywhere, its
// one style sheet inside. A Content-Security-Policy in its head says so to the
// browser: nothing but that style sheet, known by its hash, is allowed. Charts
// are SVG, drawn by this package; each says in words what it shows, and a table
// below has the same numbers.
//
// Text from a phone, a folder or a program is data. It goes three ways in this
// order: [clean] takes out what could move, hide or reverse text; the redactor,
// when asked for, takes out who and where; then it is cut to a length that a
// page can hold. What is left is escaped by html/template for the place where
// it stands. Nothing is ever passed around that escaping.
package report

import (
	"crypto/sha256"
	_ "embed" // page.html and style.css
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// Input is all that a report is made of.
type Input struct {
	Status  control.Status
	History control.History
	// Curves are the progress curves of some of the runs in History; runs
	// without one are shown without.
	Curves []Curve
	// Now is when the report is made. Times are written in its zone.
	Now time.Time
	// NoHistory says in words why History could not be had; "" when it could.
	NoHistory string
	// Version is the program's.
	Version string
	// Redact replaces names, ids and places by labels that mean nothing
	// elsewhere. Hide are further texts to replace: home folder, user, host.
	Redact bool
	Hide   []string
}

// Curve is the progress of one run, oldest point first.
type Curve struct {
	UDID    string
	Started time.Time
	Points  []control.Sample
}

// Mark stands in every report, so that a program can tell one from another
// file before it writes over it.
const Mark = `<meta name="generator" content="Backup Watchdog report">`

//go:embed page.html
var pageHTML string

//go:embed style.css
var styleCSS string

// policy is what a browser may do with the page: use this one style sheet.
func policy() string {
	sum := sha256.Sum256([]byte(styleCSS))
	style := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	return strings.Join([]string{"default-src 'none'", "style-src " + style, "base-uri 'none'", "form-action 'none'"}, "; ")
}

// Render writes the report. An error is w's, or a fault in the page's template.
func Render(w io.Writer, in Input) error {
	t, err := template.New("page").Funcs(template.FuncMap{"say": func() any { return words.ReportPage }}).Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("reading the report's template: %w", err)
	}
	p := newPage(prepare(in))
	p.CSP, p.Style = policy(), template.CSS(styleCSS)
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// prepare cleans, redacts and cuts every text of in, without touching the caller's.
func prepare(in Input) Input {
	hide := func(s string) string { return s }
	if in.Redact {
		hide = newRedactor(in).text
	}
	in.NoHistory = cut(hide(clean(in.NoHistory)))
	change := func(field, s string) string { return cut(hide(clean(s))) }
	if in.Redact {
		change = func(field, s string) string { return cut(redactField(hide, field, clean(s))) }
	}
	in.Status = rewrite(in.Status, change)
	in.History = rewrite(in.History, change)
	in.Curves = rewrite(in.Curves, change)
	return in
}
