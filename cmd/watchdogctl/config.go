package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
)

// configCommand groups what concerns the configuration.
func configCommand(p *program) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "config",
		Short: "Where the configuration is, what it says and whether it is valid",
	}
	c.PersistentFlags().StringVar(&file, "config", "", "use `FILE` instead of the usual one")
	c.AddCommand(
		&cobra.Command{
			Use:   "path",
			Short: "Print where the file is looked for",
			RunE:  func(*cobra.Command, []string) error { return p.configPath(file) },
		},
		&cobra.Command{
			Use:   "show",
			Short: "Print every key, its meaning, its value and where that comes from",
			Long: "Print every key: what it means, the value in force, and where that comes from:\n" +
				"the default, a line of the file, or a variable in this shell's environment. The\n" +
				"daemon has its own environment; see `watchdogctl doctor`. What is printed is a\n" +
				"valid file, except that passwords in addresses are left out: to start one, save it\n" +
				"under the name that `watchdogctl config path` prints.",
			RunE: func(*cobra.Command, []string) error { return p.configShow(file) },
		},
		&cobra.Command{
			Use:   "check",
			Short: "Say whether it is valid, and list every line that is not",
			RunE: func(c *cobra.Command, _ []string) error {
				err := p.configCheck(file)
				if err == nil && file == "" {
					p.noteUnread(c.Context())
				}
				return err
			},
		},
	)
	return c
}

// loadConfig reads the configuration as the daemon would.
func (p *program) loadConfig(file string) (path string, c config.Config, o config.Origins, err error) {
	paths, err := p.paths()
	if err != nil {
		return "", c, nil, err
	}
	c, o, err = config.Load(paths.Config, p.Environ, config.Flags{File: file})
	if file == "" {
		file = paths.Config
	}
	return file, c, o, p.configError(err)
}

// configError gives a wrong configuration exit code 2, an unreadable one 1.
func (p *program) configError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*config.Invalid](err); ok {
		return p.misuse(err, "")
	}
	return p.fail(err, "")
}

// unread reports whether the configuration was changed after the watchdog that
// runs has read it.
func (p *program) unread(s control.Status) bool {
	paths, err := p.paths()
	if err != nil || s.Daemon.ConfigRead == nil || s.Stale != nil {
		return false
	}
	fi, err := os.Stat(paths.Config)
	return err == nil && fi.ModTime().Truncate(time.Second).After(*s.Daemon.ConfigRead) // that one is in whole seconds
}

// noteUnread says so in a line beside the results.
func (p *program) noteUnread(ctx context.Context) {
	s := p.statusNow(ctx)
	if paths, err := p.paths(); err == nil && p.unread(s) {
		fmt.Fprintf(p.Stderr, "note: %s is newer than what the running watchdog has read: `watchdogctl restart`, or `kill -HUP %d` where it runs in a terminal\n", clean(paths.Config), s.Daemon.PID)
	}
}

func (p *program) configPath(file string) error {
	paths, err := p.paths()
	if err != nil {
		return err
	}
	if file == "" {
		file = paths.Config
	}
	_, err = os.Stat(file)
	if p.JSON {
		return p.printJSON(map[string]any{"schema": 1, "path": file, "exists": err == nil})
	}
	fmt.Fprintln(p.Stdout, clean(file))
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(p.Stderr, "There is no such file, so the defaults apply. Create it to change them.")
	}
	return nil
}

func (p *program) configShow(file string) error {
	path, c, o, err := p.loadConfig(file)
	if err != nil {
		return err
	}
	entries := config.Entries(c, o)
	if p.JSON {
		return p.printJSON(map[string]any{"schema": 1, "path": path, "settings": entries})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", settingsHead(path))
	table := ""
	for _, e := range entries {
		name := e.Key
		if t, rest, ok := strings.Cut(e.Key, "."); ok {
			if name = rest; t != table {
				table = t
				fmt.Fprintf(&b, "\n[%s]\n", t)
			}
		}
		fmt.Fprintf(&b, "\n# %s\n%s  # %s\n", sentenceCase(e.Means), pad(name+" = "+e.Literal, 34), e.Origin)
	}
	_, err = fmt.Fprint(p.Stdout, cleanLines(b.String()))
	return err
}

// settingsHead says which file the settings come from.
func settingsHead(path string) string {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return path + " does not exist: all defaults apply"
	}
	return path
}

// sentenceCase begins a line of explanation with a capital.
func sentenceCase(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// pad fills s with blanks up to width bytes.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-len(s)))
}

func (p *program) configCheck(file string) error {
	path, c, _, err := p.loadConfig(file)
	if err != nil {
		return err
	}
	text := path + " is valid"
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		text = "there is no " + path + ": the defaults apply"
	}
	notes := []string{}
	for _, root := range c.Roots {
		if note := rootNote(root); note != "" {
			notes = append(notes, "roots: "+root+" "+note)
		}
	}
	if p.JSON {
		return p.printJSON(map[string]any{"schema": 1, "done": text, "notes": notes})
	}
	for _, line := range append([]string{text}, notes...) {
		if _, err := fmt.Fprintln(p.Stdout, clean(line)); err != nil {
			return err
		}
	}
	return nil
}

// rootNote says what is odd about a watched folder; "" when nothing is. None of
// it makes the configuration wrong: a drive is not always connected.
func rootNote(root string) string {
	switch info, err := os.Stat(root); {
	case errors.Is(err, fs.ErrNotExist):
		return "is missing at present, and waited for"
	case errors.Is(err, fs.ErrPermission):
		return "may not be read from here: `watchdogctl doctor` says what the watchdog may read"
	case err != nil:
		return "cannot be examined: " + err.Error()
	case !info.IsDir():
		return "is a file, not a folder: give the folder that holds the backups"
	}
	return ""
}
