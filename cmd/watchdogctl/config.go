package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/config"
)

// configCommand groups what concerns the configuration.
func configCommand(p *program) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "config",
		Short: "Where the configuration is, what it says, whether it is valid",
	}
	c.PersistentFlags().StringVar(&file, "config", "", "look at `FILE` instead of the usual one")
	c.AddCommand(
		&cobra.Command{
			Use:   "path",
			Short: "Print where the file is looked for",
			RunE:  func(*cobra.Command, []string) error { return p.configPath(file) },
		},
		&cobra.Command{
			Use:   "show",
			Short: "Print every key, its value, and where that comes from",
			Long: `Print every key with the value that holds, and where that comes from: the
default, a line of the file, or a variable of this shell's environment. The
daemon has its own environment; "watchdogctl doctor" tells of it.`,
			RunE: func(*cobra.Command, []string) error { return p.configShow(file) },
		},
		&cobra.Command{
			Use:   "check",
			Short: "Say whether it is valid, and every line that is not",
			RunE:  func(*cobra.Command, []string) error { return p.configCheck(file) },
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
		fmt.Fprintln(p.Stderr, "There is no such file; the defaults hold. Make it to change them.")
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
	table := ""
	var b strings.Builder
	for _, e := range entries {
		name := e.Key
		if t, rest, ok := strings.Cut(e.Key, "."); ok {
			if name = rest; t != table {
				table = t
				fmt.Fprintf(&b, "\n[%s]\n", t)
			}
		}
		fmt.Fprintf(&b, "%s  # %s\n", pad(name+" = "+e.Literal, 34), e.Origin)
	}
	_, err = fmt.Fprint(p.Stdout, cleanLines(b.String()))
	return err
}

// pad fills s with blanks up to width bytes.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-len(s)))
}

func (p *program) configCheck(file string) error {
	path, _, _, err := p.loadConfig(file)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return p.say("there is no " + path + ": the defaults hold")
	}
	return p.say(path + " is valid")
}
