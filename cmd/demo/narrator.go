package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// columns is the width of what is told: that of the narrowest usual terminal.
const columns = 78

// narrator prints the story: chapters, short lines, commands with what they
// print, and on a terminal one line that moves while something is waited for.
type narrator struct {
	out      io.Writer
	terminal bool // a line may be drawn over
	color    bool
	fast     bool // nobody reads along
	live     bool // a moving line stands at the cursor
	phase    backup.Phase
}

func newNarrator(out *os.File, fast bool) *narrator {
	tty := term.IsTerminal(int(out.Fd())) && os.Getenv("TERM") != "dumb"
	return &narrator{out: out, terminal: tty, color: tty && os.Getenv("NO_COLOR") == "", fast: fast}
}

// paint wraps text in a terminal style, where colours are wanted.
func (n *narrator) paint(style, text string) string {
	if !n.color {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// Styles of paint.
const (
	bold   = "1"
	dim    = "2"
	blue   = "34"
	green  = "32"
	yellow = "33"
)

// chapter begins a new part.
func (n *narrator) chapter(title string) {
	n.endLive()
	n.phase = ""
	fmt.Fprintf(n.out, "\n%s\n", n.paint(bold, title))
}

// say tells one thing, wrapped and set in.
func (n *narrator) say(format string, args ...any) {
	n.endLive()
	for _, line := range wrap(fmt.Sprintf(format, args...), columns-3) {
		fmt.Fprintln(n.out, "   "+line)
	}
}

// command shows a command as a person would type it; what it prints follows.
func (n *narrator) command(text string) {
	n.endLive()
	fmt.Fprintf(n.out, "\n%s %s\n", n.paint(dim, "$"), n.paint(bold, text))
}

// notice shows a notification as a desktop does: title, then text.
func (n *narrator) notice(title, text string) {
	n.endLive()
	bar := n.paint(yellow, "│")
	fmt.Fprintln(n.out)
	for _, line := range wrap(title, columns-8) {
		fmt.Fprintf(n.out, "     %s %s\n", bar, n.paint(bold, line))
	}
	for _, line := range wrap(text, columns-8) {
		fmt.Fprintf(n.out, "     %s %s\n", bar, line)
	}
}

// pause leaves time to read, if somebody reads along.
func (n *narrator) pause(ctx context.Context, d time.Duration) {
	n.endLive()
	if n.fast || !n.terminal {
		return
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// follow shows how a run stands: on a terminal in a line that moves, elsewhere
// in a line for each phase.
func (n *narrator) follow(b control.Backup) {
	phrase := phraseOf(b.Phase)
	if phrase == "" || b.Run == nil {
		return
	}
	if !n.terminal {
		if b.Phase != n.phase {
			n.say("%s: %s", b.Phase, phrase)
		}
		n.phase = b.Phase
		return
	}
	if n.phase != b.Phase {
		n.endLive() // the line of the phase before stays
	} else if b.Phase == backup.Complete {
		return
	}
	n.phase = b.Phase
	text := fmt.Sprintf("   %s %-13s %s", n.paint(blue, "●"), b.Phase, n.figures(phrase, b.Phase, *b.Run))
	fmt.Fprintf(n.out, "\r%s\x1b[K", text)
	n.live = true
}

// phraseOf tells what goes on in a phase of a run; "" of other phases.
func phraseOf(phase backup.Phase) string {
	if phase == backup.Complete {
		return "nothing is moving any more"
	}
	return words.PhaseOf(string(phase)).Doing
}

// figures are the numbers of the moving line, while files are sent: how much,
// and for how long nothing has come.
func (n *narrator) figures(phrase string, phase backup.Phase, r control.Run) string {
	if phase != backup.Transferring || r.Bytes == nil || *r.Bytes <= 0 {
		return phrase
	}
	size := words.Bytes(*r.Bytes)
	if r.Silence != nil && r.SilenceLimit != nil && *r.Silence >= 1 {
		return fmt.Sprintf("%s, then nothing for %.0f s; up to %.0f s is normal", size, *r.Silence, *r.SilenceLimit)
	}
	if r.Expected != nil && *r.Expected > 0 {
		return n.bar(float64(*r.Bytes)/float64(*r.Expected)) + "  " + size
	}
	return size
}

// bar draws a share of 1.
func (n *narrator) bar(share float64) string {
	const width = 20
	full := min(int(share*width+0.5), width)
	return n.paint(blue, strings.Repeat("█", full)) + n.paint(dim, strings.Repeat("░", width-full))
}

// endLive leaves the moving line as it stands and goes below it.
func (n *narrator) endLive() {
	if n.live {
		fmt.Fprintln(n.out)
	}
	n.live = false
}

// wrap cuts text into lines of at most width characters, between words.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}
