package main

// What is said of a backup is in package words, with the rules of its tone. Here
// are those of this program, for help, errors and the form of all it prints.
//
//   - Results go to standard output; what went wrong, to standard error.
//   - An error is "watchdogctl: " and what happened, in lower case and without
//     a full stop; then "hint: " and what to do next. No stack traces.
//   - Text that came from outside (a phone's name, an error, a file's path) goes
//     through [clean] before it is written: it cannot move the cursor, change a
//     colour or begin a line.
//   - Colour means something or is left out; it is never the only carrier of a
//     meaning, and only ever written to a terminal.
//   - Where the locale knows ASCII alone, nothing else is written, see [toASCII];
//     what programs read (JSON, paths, pages) stays as it is.

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
)

const rootLong = `Backup Watchdog watches, from outside, the folder that iPhone backups go to. It
says when a backup is stuck, torn or damaged, and what to do next.
It never writes inside a backup.`

// exit is an error with its exit code and its hint. An empty message prints
// nothing: the command has already said everything.
type exit struct {
	code int
	err  error
	hint string
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// hinter is an error that knows its next step.
type hinter interface{ Hint() string }

// fail says that the thing could not be done (exit 1), and what to do next.
// With an empty hint the error's own is used, if it has one.
func (p *program) fail(err error, hint string) error { return &exit{1, err, hint} }

// misuse says that the command line, or the configuration, is wrong (exit 2).
func (p *program) misuse(err error, hint string) error { return &exit{2, err, hint} }

// found says that all was done and something of severity warning or worse was
// found (exit 3). It prints nothing.
func (p *program) found() error { return &exit{code: 3} }

// report prints err, if there is something to print, and returns the exit code.
func (p *program) report(err error) int {
	if err == nil {
		return 0
	}
	e, ok := errors.AsType[*exit](err)
	if !ok { // cobra's own refusals
		e = &exit{2, err, "`watchdogctl help` lists the commands"}
	}
	if e.err == nil {
		return e.code
	}
	hint := e.hint
	var h hinter
	if hint == "" && errors.As(e.err, &h) {
		hint = h.Hint()
	}
	for line := range strings.Lines(e.err.Error()) {
		fmt.Fprintf(p.Stderr, "watchdogctl: %s\n", clean(strings.TrimSpace(line)))
	}
	if hint != "" {
		for line := range strings.Lines(hint) {
			fmt.Fprintf(p.Stderr, "hint: %s\n", clean(strings.TrimSpace(line)))
		}
	}
	return e.code
}

// unknownCommand words the refusal of a command nobody knows.
func unknownCommand(c *cobra.Command, name string) error {
	err := fmt.Errorf("there is no command %q", strings.TrimPrefix(c.CommandPath()+" "+name, "watchdogctl "))
	c.SuggestionsMinimumDistance = 2
	if s := c.SuggestionsFor(name); len(s) > 0 {
		return &exit{2, err, fmt.Sprintf("did you mean `%s`", c.CommandPath()+" "+s[0])}
	}
	return &exit{2, err, fmt.Sprintf("`%s --help` lists the commands", c.CommandPath())}
}

// subcommandHint names the commands below c.
func subcommandHint(c *cobra.Command) string {
	var names []string
	for _, s := range c.Commands() {
		names = append(names, c.Name()+" "+s.Name())
	}
	return "one of: " + strings.Join(names, ", ")
}

// argsError words what is wrong with the arguments, better than cobra does.
func argsError(c *cobra.Command, args []string, err error) error {
	switch msg := err.Error(); {
	case strings.HasPrefix(msg, "unknown command"):
		return fmt.Errorf("it takes no argument %q", args[0])
	case strings.HasPrefix(msg, "accepts"), strings.HasPrefix(msg, "requires"):
		return fmt.Errorf("wrong number of arguments: usage is `%s`", "watchdogctl "+strings.TrimSpace(c.UseLine()[len("watchdogctl"):]))
	}
	return err
}

// clean makes text harmless for a terminal: control characters, and those that
// change the direction or the width of what follows, become visible as U+FFFD;
// a line break becomes a space.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069,
			r == 0x200e, r == 0x200f, r == 0x061c, r == 0x2028, r == 0x2029, r == 0xfeff:
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// cleanLines is clean for text of several lines: it keeps line breaks and tabs.
func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		cells := strings.Split(l, "\t")
		for j, c := range cells {
			cells[j] = clean(c)
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}
