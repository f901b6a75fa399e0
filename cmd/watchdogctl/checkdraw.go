package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/words"
)

// shownProblems is how many damaged files are shown of each backup.
const shownProblems = 10

// drawChecked returns results as text, one block a backup.
func drawChecked(list []verify.Result, l look) string {
	p := &picture{page: page{width: l.width, color: l.color, ascii: l.ascii}, look: l}
	for _, r := range list {
		p.gap()
		p.checkedBackup(r)
	}
	return p.b.String()
}

// checkedBackup draws one result: the verdict, what it rests on, what is wrong
// in the phone's own names, and what to do.
func (p *picture) checkedBackup(r verify.Result) {
	st, mark, word := p.verdictLook(r)
	name := filepath.Base(r.Path)
	if r.DeviceName != "" {
		name = r.DeviceName + " (" + name + ")"
	}
	p.ends(0, st, mark, strong, name, st, word)
	p.para(2, plain, p.checkedCounts(r))
	if len(r.Findings) == 0 && r.Detail != "" {
		p.para(2, plain, r.Detail)
	}
	for _, f := range r.Findings {
		p.finding(r.UDID, f)
	}
	p.checkedProblems(r)
}

func (p *picture) verdictLook(r verify.Result) (st style, mark, word string) {
	switch r.Verdict {
	case backup.Good:
		return green, p.symbol("✓", "+"), "good"
	case backup.Unproven:
		return blue, p.symbol("✓", "+"), "unproven: encrypted"
	case backup.Incomplete:
		return yellow, "!", "incomplete"
	}
	return red, p.symbol("✗", "X"), "broken"
}

// checkedCounts says what was looked at, in a sentence.
func (p *picture) checkedCounts(r verify.Result) string {
	var b strings.Builder
	switch {
	case r.Listed == nil && r.Encrypted != nil && *r.Encrypted:
		fmt.Fprintf(&b, "%s there, %s, encrypted", words.Plural(r.Present, "file"), words.Bytes(r.Bytes))
	case r.Listed == nil:
		fmt.Fprintf(&b, "%s there, %s, without an index that can be read", words.Plural(r.Present, "file"), words.Bytes(r.Bytes))
	default:
		fmt.Fprintf(&b, "%s of %s there, %s", words.Count(r.Present), words.Plural(*r.Listed, "file"), words.Bytes(r.Bytes))
	}
	if r.Deep && r.DeepFiles > 0 {
		fmt.Fprintf(&b, "; %s compared with what the phone sent", words.Plural(r.DeepFiles, "content"))
	}
	took := "less than a second"
	if d := time.Duration(r.Seconds * float64(time.Second)); d >= time.Second {
		took = words.Span(d)
	}
	fmt.Fprintf(&b, "; checked in %s.", took)
	if r.Extra > 0 {
		fmt.Fprintf(&b, " %s more belong to no listed file, which harms nothing.", words.Count(r.Extra))
	}
	return b.String()
}

// checkedProblems lists damaged files by the names their owner knows.
func (p *picture) checkedProblems(r verify.Result) {
	if len(r.Problems) == 0 {
		return
	}
	p.para(4, strong, "What is wrong:")
	for _, x := range r.Problems[:min(len(r.Problems), shownProblems)] {
		p.item(6, plain, "-", plain, problemWords(x))
	}
	rest := int64(len(r.Problems)-min(len(r.Problems), shownProblems)) + r.Omitted
	if rest > 0 {
		p.para(6, dim, fmt.Sprintf("and %s more; --json lists up to 1,000", words.Count(rest)))
	}
}

// problemWords is "CameraRollDomain: Media/DCIM/100APPLE/IMG_0042.HEIC: the
// file is not there".
func problemWords(x verify.Problem) string {
	what := x.Path
	if x.Domain != "" || x.Name != "" {
		what = x.Domain + ": " + x.Name
	}
	switch {
	case what == "", strings.HasPrefix(x.Detail, what):
		return x.Detail
	case x.Detail == "":
		return what
	}
	return what + ": " + x.Detail
}

// A bar shows how far a check is, on a terminal, in one line that is gone when
// the check is done.
type bar struct {
	p      *program
	name   string
	active bool
	shown  bool
}

func (p *program) newBar(name string, of int) *bar {
	return &bar{p: p, name: name, active: p.StdoutTerminal && !p.JSON && p.Getenv("TERM") != "dumb"}
}

var stageWords = map[verify.Stage]string{
	verify.StageKeys: "opening the keys", verify.StageFiles: "comparing files", verify.StageContents: "reading contents",
}

// show draws the bar anew.
func (b *bar) show(g verify.Progress) {
	if !b.active {
		return
	}
	const cells = 24
	share := 0.0
	if g.Total > 0 {
		share = min(float64(g.Done)/float64(g.Total), 1)
	}
	full := int(share * cells)
	fmt.Fprintf(b.p.Stdout, "\r\x1b[K%s  [%s%s] %3.0f %%  %s", clean(shortID(b.name)), strings.Repeat("#", full), strings.Repeat("-", cells-full), share*100, stageWords[g.Stage])
	b.shown = true
}

// clear takes the bar away.
func (b *bar) clear() {
	if b.shown {
		fmt.Fprint(b.p.Stdout, "\r\x1b[K")
	}
}
