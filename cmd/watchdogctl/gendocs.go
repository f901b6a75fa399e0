package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// genDocsCommand writes the manual page and the completions, for packagers. It
// is hidden: what it writes comes with every download.
func genDocsCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:    "gen-docs DIR",
		Short:  "Write the manual page and the completions into a folder",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			files := map[string]func(*bytes.Buffer) error{
				"watchdogctl.1":    func(b *bytes.Buffer) error { manual(b, root); return nil },
				"watchdogctl.bash": func(b *bytes.Buffer) error { return root.GenBashCompletionV2(b, true) },
				"_watchdogctl":     func(b *bytes.Buffer) error { return root.GenZshCompletion(b) },
				"watchdogctl.fish": func(b *bytes.Buffer) error { return root.GenFishCompletion(b, true) },
			}
			for name, write := range files {
				var b bytes.Buffer
				if err := write(&b); err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(args[0], name), b.Bytes(), 0o644); err != nil {
					return p.fail(err, "give a folder that exists and may be written")
				}
			}
			return nil
		},
	}
}

// manual writes the whole of watchdogctl as one page of man(7).
func manual(b *bytes.Buffer, root *cobra.Command) {
	fmt.Fprintf(b, ".TH WATCHDOGCTL 1 \"\" \"Backup Watchdog\" \"User Commands\"\n.SH NAME\nwatchdogctl \\- %s\n", roff(lowerFirst(root.Short)))
	fmt.Fprint(b, ".SH SYNOPSIS\n.B watchdogctl\n.RI [ options ]\n.I command\n.RI [ arguments ]\n")
	fmt.Fprintf(b, ".SH DESCRIPTION\n%s\n.SH OPTIONS\n", roff(root.Long))
	manualFlags(b, root.PersistentFlags())
	fmt.Fprint(b, ".SH COMMANDS\n")
	for _, c := range root.Commands() {
		manualCommand(b, c)
	}
	fmt.Fprint(b, `.SH EXIT STATUS
.TP
.B 0
all is well
.TP
.B 1
it could not be done
.TP
.B 2
wrong usage
.TP
.B 3
done, and something of severity warning or worse was found
.SH SEE ALSO
.BR watchdogd (1)
`)
}

// manualCommand writes one command and those below it.
func manualCommand(b *bytes.Buffer, c *cobra.Command) {
	if c.Hidden || c.Name() == "help" {
		return
	}
	if c.HasSubCommands() && !c.Runnable() {
		for _, sub := range c.Commands() {
			manualCommand(b, sub)
		}
		return
	}
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	fmt.Fprintf(b, ".SS %s\n%s\n", roff(c.UseLine()), roff(text))
	manualFlags(b, c.LocalNonPersistentFlags())
	if c.Example != "" {
		fmt.Fprintf(b, ".PP\n.EX\n%s\n.EE\n", roff(c.Example))
	}
}

// manualFlags writes a list of options.
func manualFlags(b *bytes.Buffer, set *pflag.FlagSet) {
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		if value != "" {
			value = " \\fI" + roff(value) + "\\fR"
		}
		fmt.Fprintf(b, ".TP\n\\fB\\-\\-%s\\fR%s\n%s\n", roff(f.Name), value, roff(usage))
	})
}

// roff makes text safe for a manual page: hyphens and backslashes are literal,
// and no line begins with a request.
func roff(s string) string {
	var lines []string
	for line := range strings.Lines(strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "":
			line = ".PP"
		case line[0] == '.' || line[0] == '\'':
			line = `\&` + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// lowerFirst begins a sentence in lower case, as the NAME section wants it.
func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
