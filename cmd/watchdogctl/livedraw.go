package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// The head stays small, so that the window has room for the body: the verdict
// takes about so many lines, the reason of a refused configuration so many columns.
const (
	verdictMost = 2
	refusedMost = 120
)

// wide is from how many columns on the findings stand beside the run.
const wide = 116

// view draws the live view: a head and a foot that stay, and between them as
// much of the body as the window holds. No line is wider than the window.
func (m live) view() string {
	head, body, foot := m.parts()
	if room := m.room(head, foot); room > 0 && len(body) > room {
		from := min(m.scroll, len(body)-room)
		body = body[from : from+room]
	}
	if m.height > 0 {
		for len(head)+len(body)+len(foot) < m.height {
			body = append(body, "")
		}
	}
	text := strings.Join(slices.Concat(head, body, foot), "\n")
	if m.ascii {
		text = toASCII(text)
	}
	return text
}

func (m live) parts() (head, body, foot []string) {
	head, body = m.head(), m.body()
	return head, body, m.foot(len(body), len(head))
}

// room is how many lines of the body fit; 0 when the height is not known.
func (m live) room(head, foot []string) int {
	if m.height <= 0 {
		return 0
	}
	return max(m.height-len(head)-len(foot), 1)
}

// overflow is how far the body can be scrolled.
func (m live) overflow() int {
	head, body, foot := m.parts()
	if room := m.room(head, foot); room > 0 {
		return max(len(body)-room, 0)
	}
	return 0
}

// sheet is an empty page of so many columns for the status at hand.
func (m live) sheet(width int) *picture {
	l := m.look
	l.width = width
	return &picture{page: page{width: width, color: m.color, ascii: m.ascii}, look: l, s: m.s}
}

// lines are the lines of what was drawn.
func (p *picture) lines() []string {
	text := strings.TrimRight(p.b.String(), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// head is the verdict with the time, and the phones to choose from.
func (m live) head() []string {
	p := m.sheet(m.width)
	st, text := p.verdict()
	p.verdictLine(m, st, text)
	p.refused(refusedMost)
	p.gap()
	if list := m.phones(); len(list) > 1 {
		p.tabs(m, list)
		p.gap()
	}
	return append(p.lines(), "")
}

// verdictLine is the verdict with the time at its right, in as many lines as it
// takes.
func (p *picture) verdictLine(m live, st style, text string) {
	clock := m.now.Format("15:04:05")
	room := max(m.width-len(clock)-2, 20)
	lines := wrap(clip(text, verdictMost*room), room)
	p.ends(0, plain, "", st, lines[0], dim, clock)
	for _, l := range lines[1:] {
		p.para(0, st, l)
	}
}

// tabs is one line of phones: a sign for how each is, brackets around the chosen.
func (p *picture) tabs(m live, list []control.Backup) {
	now, _ := m.chosen()
	var cells []string
	chosen := 0
	for i, b := range list {
		st, mark := p.sign(b)
		name := clip(p.name(b.UDID), 20)
		if phoneKey(b) == phoneKey(now) {
			chosen = i
			cells = append(cells, p.paint(strong, "[")+p.paint(st, mark)+" "+p.paint(strong, name+"]"))
		} else {
			cells = append(cells, " "+p.paint(st, mark)+" "+p.paint(dim, name)+" ")
		}
	}
	for len(cells) > 1 && ansi.StringWidth(strings.Join(cells, " ")) > p.page.width { // show the chosen and what fits beside it
		if chosen > 0 {
			cells, chosen = cells[1:], chosen-1
		} else {
			cells = cells[:len(cells)-1]
		}
	}
	p.b.WriteString(strings.TrimRight(ansi.Truncate(strings.Join(cells, " "), p.page.width, ""), " ") + "\n")
}

// sign is how a phone is, in one character.
func (p *picture) sign(b control.Backup) (style, string) {
	worst := backup.Severity(-1)
	for _, f := range b.Findings {
		if p.mute(b.UDID, f) == nil && !p.acked(f) {
			worst = max(worst, f.Severity)
		}
	}
	switch {
	case worst == backup.Critical:
		return red, p.symbol("✗", "X")
	case worst == backup.Warning:
		return yellow, "!"
	case b.Phase.Active():
		return blue, p.symbol("●", "*")
	case b.LastComplete != nil && b.Chain.Restorable != "no":
		return green, p.symbol("✓", "+")
	}
	return dim, p.symbol("–", "-")
}

// body is the chosen phone, the steps of a fix, or the help.
func (m live) body() []string {
	b, ok := m.chosen()
	switch {
	case m.help:
		return m.helpLines()
	case m.steps > 0 && m.steps <= len(m.fixable()):
		return m.stepLines(m.fixable()[m.steps-1])
	case !ok:
		l := m.look
		return strings.Split(strings.TrimRight(draw(m.s, l), "\n"), "\n")
	}
	if m.width < wide {
		p := m.sheet(m.width)
		p.computer(func(f backup.Finding) bool { return f.Severity >= backup.Warning })
		p.gap()
		p.liveRun(m, b)
		p.findings(b)
		p.computer(func(f backup.Finding) bool { return f.Severity < backup.Warning })
		return p.lines()
	}
	left := m.width * 46 / 100
	l, r := m.sheet(left), m.sheet(m.width-left-3)
	l.liveRun(m, b)
	r.liveFindings(b)
	return beside(l.lines(), r.lines(), left, 3)
}

// beside puts two columns next to each other.
func beside(left, right []string, width, gap int) []string {
	var out []string
	for i := range max(len(left), len(right)) {
		line := ""
		if i < len(left) {
			line = left[i]
		}
		if i < len(right) && right[i] != "" {
			line += strings.Repeat(" ", max(0, width-ansi.StringWidth(line))+gap) + right[i]
		}
		out = append(out, strings.TrimRight(line, " "))
	}
	return out
}

// liveRun draws who it is and what goes on.
func (p *picture) liveRun(m live, b control.Backup) {
	p.ends(0, plain, "", strong, p.name(b.UDID), dim, p.about(b.UDID, b.ProductType, b.OSVersion))
	if b.Phase.Active() && b.Run != nil {
		b.Run = m.grown(*b.Run)
		p.running(b)
		if slices.ContainsFunc(b.Findings, func(f backup.Finding) bool { return f.Code == backup.Stalled }) {
			p.quiet(b.Phase, *b.Run)
		}
		p.lastHour(m.curves[curveKey(b.UDID, b.Run.Started)])
	}
	if b.Phase == backup.Abandoned && b.Run != nil {
		p.brokeOff(*b.Run)
	}
	p.lastComplete(b)
}

// grown counts the silence on between two words of the watchdog.
func (m live) grown(r control.Run) *control.Run {
	if since := m.now.Sub(m.got); r.Silence != nil && since > 0 && since <= driftMost && *r.Silence > 0 {
		s := *r.Silence + since.Seconds()
		r.Silence = &s
	}
	return &r
}

// liveFindings draws what is wrong in a column of its own: of this computer, then
// of the phone, which gets a heading where it would stand under the other one.
func (p *picture) liveFindings(b control.Backup) {
	p.computer(func(f backup.Finding) bool { return f.Severity >= backup.Warning })
	if len(b.Findings) > 0 && p.b.Len() > 0 {
		p.gap()
		p.para(0, strong, p.name(b.UDID))
		p.heavy = false
	}
	p.findings(b)
	p.computer(func(f backup.Finding) bool { return f.Severity < backup.Warning })
}

// stepLines are all steps of a fix, with why, and what is better left undone.
func (m live) stepLines(f backup.Finding) []string {
	p := m.sheet(min(m.width, 100))
	p.ends(0, plain, "", strong, f.Title, dim, p.weight(f))
	p.para(0, plain, f.Detail)
	p.gap()
	p.para(0, strong, words.Do(f.Fix.Title))
	for i, s := range f.Fix.Steps {
		p.item(2, plain, fmt.Sprintf("%d.", i+1), plain, s)
	}
	fix, ok := backup.FixByID(f.Fix.ID)
	if !ok {
		return p.lines()
	}
	p.gap()
	p.para(0, plain, words.WhyIs(fix.Why))
	for _, n := range fix.Not {
		p.para(0, yellow, n)
	}
	if len(f.Also) > 0 {
		p.gap()
		p.para(0, strong, words.NotHelping)
		for _, id := range f.Also {
			if also, ok := backup.FixByID(id); ok {
				p.item(2, dim, p.symbol("·", "-"), plain, words.OtherFix(also.Title, string(id)))
			}
		}
	}
	return p.lines()
}

func (m live) helpLines() []string {
	p := m.sheet(min(m.width, 80))
	p.para(0, strong, words.Keys)
	p.pairs(2, plain, rows(words.LiveKeys))
	p.gap()
	p.para(0, strong, words.Signs)
	p.pairs(2, plain, rows(words.LiveSigns(p.symbol("✓", "+"), p.symbol("●", "*"), "i", "!", p.symbol("✗", "X"))))
	p.gap()
	for _, text := range words.LiveHelp {
		p.para(0, plain, text)
	}
	return p.lines()
}

// rows are pairs of words as a table.
func rows(list []words.Pair) []pair {
	out := make([]pair, len(list))
	for i, w := range list {
		out[i] = pair{w.Left, w.Right}
	}
	return out
}

// foot is the keys, or what was just done, and what lies below the window.
func (m live) foot(body, head int) []string {
	p := m.sheet(m.width)
	st := dim
	left := ""
	if m.note != "" {
		left, st = m.note, strong
	}
	more := ""
	if room := m.height - head - 2; m.note == "" && m.height > 0 && body > room {
		if below := body - room - m.scroll; below > 0 {
			more = words.MoreLines(below, p.symbol("↓", words.Below))
		} else {
			more = words.TheEnd
		}
	}
	room := max(m.width-ansi.StringWidth(more)-2, 10)
	if left == "" {
		left = m.keys(room, p.dot())
	}
	p.ends(0, plain, "", st, clip(left, room), dim, more)
	return append([]string{""}, p.lines()[:1]...)
}

// keys names the keys that do something now, in so many columns: where there is
// no room for all, those go first that are also in the help.
func (m live) keys(room int, dot string) string {
	var keys []string
	if m.help || m.steps > 0 {
		keys = append(keys, words.KeyBack)
	}
	if len(m.phones()) > 1 {
		keys = append(keys, words.KeyNext)
	}
	if len(m.fixable()) > 0 {
		keys = append(keys, words.KeySteps, words.KeyCopy)
	}
	keys = append(keys, words.KeyHelp, words.KeyQuit)
	for _, lesser := range []string{words.KeyCopy, words.KeyNext, words.KeySteps, words.KeyBack} {
		if ansi.StringWidth(strings.Join(keys, dot)) <= room {
			break
		}
		keys = slices.DeleteFunc(keys, func(k string) bool { return k == lesser })
	}
	return strings.Join(keys, dot)
}
