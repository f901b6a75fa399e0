package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"backupwatchdog/daemon/config"
)

// genDocsCommand writes the manual pages and the completions, for packagers. It
// is hidden: what it writes comes with every download.
func genDocsCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:    "gen-docs DIR",
		Short:  "Write the manual pages and the completions into a folder",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			files := map[string]func(*bytes.Buffer) error{
				"watchdogctl.1":     func(b *bytes.Buffer) error { manual(b, root); return nil },
				"backup-watchdog.5": func(b *bytes.Buffer) error { formatsManual(b); return nil },
				"watchdogctl.bash":  func(b *bytes.Buffer) error { return root.GenBashCompletionV2(b, true) },
				"_watchdogctl":      func(b *bytes.Buffer) error { return root.GenZshCompletion(b) },
				"watchdogctl.fish":  func(b *bytes.Buffer) error { return root.GenFishCompletion(b, true) },
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return p.fail(err, "give a folder that can be made")
			}
			for name, write := range files {
				var b bytes.Buffer
				if err := write(&b); err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(args[0], name), b.Bytes(), 0o644); err != nil {
					return p.fail(err, "give a folder that is writable")
				}
			}
			return nil
		},
	}
}

// manual writes the whole of watchdogctl as one page of man(7).
func manual(b *bytes.Buffer, root *cobra.Command) {
	fmt.Fprintf(b, ".TH WATCHDOGCTL 1 \"\" \"Backup Watchdog\" \"User Commands\"\n.ad l\n.nh\n.SH NAME\nwatchdogctl \\- %s\n", roff(lowerFirst(root.Short)))
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
.PP
Errors go to standard error: what happened, then a line that begins with
.B hint:
and says what to do next.
`)
	places(b)
	fmt.Fprint(b, `.SH EXAMPLES
What each phone's backup is doing, a line each:
.PP
.EX
watchdogctl status \-\-format \(aq{{range .Backups}}{{.DeviceName}}: {{.Phase}}{{"\en"}}{{end}}\(aq
.EE
.PP
Every backup on an old disk, with what is lost:
.PP
.EX
watchdogctl check \-\-all "/Volumes/Old Disk"
.EE
.PP
A page to send to somebody who is helping:
.PP
.EX
watchdogctl report \-\-redact \-\-output report.html
.EE
.SH SEE ALSO
.BR watchdogd (1),
.BR backup\-watchdog (5)
`)
}

// places are the sections on files and environment, which all pages share.
func places(b *bytes.Buffer) {
	fmt.Fprint(b, `.SH FILES
.TP
macOS
.I ~/Library/Application Support/backup\-watchdog/
holds configuration (config.toml), history, lock and socket;
.I ~/Library/Logs/backup\-watchdog/watchdogd.log
is the log
.TP
Linux
.I $XDG_CONFIG_HOME/backup\-watchdog/config.toml
(~/.config) is the configuration,
.I $XDG_STATE_HOME/backup\-watchdog/
(~/.local/state) holds history and lock,
.I $XDG_RUNTIME_DIR/backup\-watchdog/
the socket; the log is the journal
.SH ENVIRONMENT
.TP
.B NO_COLOR
no colours
.TP
.B WATCHDOG_TABLE_KEY
overrides a key of the configuration; see
.BR backup\-watchdog (5)
.TP
.B USBMUXD_SOCKET_ADDRESS
where usbmuxd listens: UNIX:/path, /path or host:port; /var/run/usbmuxd unless set
`)
}

// formatsManual writes the page on the configuration and on what JSON says.
func formatsManual(b *bytes.Buffer) {
	fmt.Fprint(b, `.TH BACKUP\-WATCHDOG 5 "" "Backup Watchdog" "File Formats"
.ad l
.nh
.SH NAME
backup\-watchdog \- configuration and data formats of Backup Watchdog
.SH DESCRIPTION
.B watchdogd
and
.B watchdogctl
share one TOML configuration file, which need not exist: every key has a default.
An unknown key or a bad value is an error that names file, line and key;
.B watchdogctl config check
finds them all, and
.B watchdogctl config show
prints every key with the value in force and where it comes from.
A running watchdog reads the file again on SIGHUP; a bad one is refused, and the old one stays.
.PP
Spans of time are written as in "45m", "6h", "7d".
An environment variable overrides the file, and a flag overrides both.
.SH CONFIGURATION
`)
	for _, e := range config.Entries(config.Default(), nil) {
		name := e.Key
		if table, key, ok := strings.Cut(e.Key, "."); ok {
			name = "[" + table + "] " + key
		}
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR\n%s.\n.br\nDefault: %s\n.br\n%s\n", roff(name), roff(sentenceCase(e.Means)),
			strings.ReplaceAll(roff(e.Literal), "/", `/\:`), roff(e.Env)) // a long address may be broken at its slashes
	}
	fmt.Fprintf(b, ".SH EXAMPLE\n.EX\n%s\n.EE\n", roff(configExample))
	fmt.Fprint(b, elsewhere)
	fmt.Fprintf(b, ".SH JSON\n%s\n", roff(formatRules))
	for _, f := range formats {
		fmt.Fprintf(b, ".SS %s\n%s.\n", roff(f.name), roff(sentenceCase(f.what)))
		for _, r := range f.rows() {
			fmt.Fprintf(b, ".TP\n\\fB%s\\fR\n%s\n", roff(r.left), roff(r.right))
		}
	}
	places(b)
	fmt.Fprint(b, `.SH SEE ALSO
.BR watchdogd (1),
.BR watchdogctl (1)
`)
}

// elsewhere is the section on notices that go further than the desktop.
const elsewhere = `.SH NOTICES ELSEWHERE
.TP
.B command
is run without a shell, with the JSON of
.B notice
(below) on standard input. It has 10 seconds; an exit status other than 0 counts as a failed notice.
.TP
.B webhook
gets a POST. What is in it follows from the address, or from format= in its query, which is not sent on:
.B json
is the object
.B notice
(Home Assistant: http://HOST:8123/api/webhook/ID; Node\-RED; anything of your own),
.B ntfy
the text with the headers Title, Priority and Tags (https://ntfy.sh/TOPIC, or any host called ntfy),
.B slack
an object with the key text (https://hooks.slack.com/..., Mattermost, Discord with /slack at the end).
.TP
.B ping
is asked as URL/start when a backup begins, URL when one is complete, and URL/fail when one ends unfinished or something critical is found.
A service like healthchecks.io raises the alarm when it hears nothing, which no watchdog can do for itself.
`

// configExample is a configuration with what people change most; a test reads it.
const configExample = `roots = ["~/Library/Application Support/MobileSync/Backup", "/Volumes/Disk/Backup"]

[patience]
overdue = "14d"

[notify]
quiet = "22:00-07:00"
webhook = "https://ntfy.sh/a-topic-of-your-own"
ping = "https://hc-ping.com/your-id"
weekly = true

[metrics]
textfile = "/usr/local/var/node_exporter/backup_watchdog.prom"`

// manualCommand writes one command and those below it.
func manualCommand(b *bytes.Buffer, c *cobra.Command) {
	if c.Hidden || c.Name() == "help" {
		return
	}
	if c.HasSubCommands() {
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
	if parent := c.Parent(); parent.HasParent() { // what all below it share
		manualFlags(b, parent.PersistentFlags())
	}
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
	for line := range strings.Lines(strings.NewReplacer(`\`, `\e`, "-", `\-`, "`", `\(ga`).Replace(s)) {
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
