package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// A command makes one entry of the table. Each lives in a file of its name.
type command func(p *program) *cobra.Command

// The groups of `watchdogctl help`, in its order.
const (
	groupLook  = "look"
	groupAct   = "act"
	groupSetUp = "setup"
)

// commands is the table of all commands, in the order help shows them.
var commands = []struct {
	group string
	make  command
}{
	{groupLook, statusCommand},
	{groupLook, checkCommand},
	{groupLook, historyCommand},
	{groupLook, explainCommand},
	{groupLook, reportCommand},
	{groupLook, replayCommand},
	{groupLook, doctorCommand},
	{groupAct, ackCommand},
	{groupAct, muteCommand},
	{groupAct, retireCommand},
	{groupAct, testNotificationCommand},
	{groupSetUp, installCommand},
	{groupSetUp, uninstallCommand},
	{groupSetUp, startCommand},
	{groupSetUp, stopCommand},
	{groupSetUp, restartCommand},
	{groupSetUp, profileCommand},
	{groupSetUp, configCommand},
	{groupSetUp, formatsCommand},
	{groupSetUp, completionCommand},
	{groupSetUp, versionCommand},
	{groupSetUp, genDocsCommand},
}

// verbatim are the commands that print a path or a file, which is for programs:
// it stays as it is, whatever the locale.
var verbatim = []string{"watchdogctl config path", "watchdogctl profile", "watchdogctl completion"}

// rootCommand builds watchdogctl from the table.
func rootCommand(p *program) *cobra.Command {
	cobra.EnableCommandSorting = false // the table's order is meant
	root := &cobra.Command{
		Use:               "watchdogctl",
		Short:             "Ask Backup Watchdog how the iPhone backups on this computer are doing",
		Long:              rootLong,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Args:              cobra.ArbitraryArgs, // so that RunE can word the refusal
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	var version bool
	root.Flags().BoolVar(&version, "version", false, "print the version")
	root.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case len(args) > 0:
			return unknownCommand(c, args[0])
		case version:
			return p.printVersion()
		}
		return c.Help()
	}
	f := root.PersistentFlags()
	f.StringVar(&p.StateDir, "state-dir", "", "`DIR` with the watchdog's state and socket")
	f.BoolVar(&p.JSON, "json", false, "print JSON instead; keys may be added, never removed")
	f.BoolVar(&p.NoColor, "no-color", false, "no colours (also if NO_COLOR is set, or without a terminal)")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return p.misuse(err, fmt.Sprintf("`%s --help` lists what it takes", c.CommandPath()))
	})
	root.AddGroup(
		&cobra.Group{ID: groupLook, Title: "Look:"},
		&cobra.Group{ID: groupAct, Title: "Act:"},
		&cobra.Group{ID: groupSetUp, Title: "Set up:"},
	)
	for _, e := range commands {
		c := e.make(p)
		c.GroupID = e.group
		tame(p, c)
		root.AddCommand(c)
	}
	root.SetHelpCommandGroupID(groupSetUp)
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Run, c.RunE = nil, func(_ *cobra.Command, args []string) error {
				about, rest, err := root.Find(args)
				if err != nil || len(rest) > 0 && about.HasSubCommands() {
					return unknownCommand(root, strings.Join(args, " "))
				}
				return about.Help()
			}
		}
	}
	return root
}

// tame makes a command and those below it fail our way: wrong arguments are
// wrong usage (2), an error of the command itself is 1 unless it says
// otherwise, and a command that only groups others refuses what it does not know.
func tame(p *program, c *cobra.Command) {
	for _, sub := range c.Commands() {
		tame(p, sub)
	}
	hint := fmt.Sprintf("`watchdogctl %s --help` lists what it takes", c.Name())
	if c.HasSubCommands() && !c.Runnable() {
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.misuse(fmt.Errorf("%s: which one is meant", c.Name()), subcommandHint(c))
			}
			return unknownCommand(c, args[0])
		}
		return
	}
	check, do := c.Args, c.RunE
	if check == nil {
		check = cobra.NoArgs
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return p.misuse(fmt.Errorf("%s: %w", c.Name(), argsError(c, args, err)), hint)
		}
		return nil
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if slices.ContainsFunc(verbatim, func(name string) bool { return strings.HasPrefix(c.CommandPath(), name) }) {
			p.Stdout = raw(p.Stdout)
		}
		err := do(c, args)
		if _, ok := errors.AsType[*exit](err); err != nil && !ok {
			return p.fail(err, "")
		}
		return err
	}
}
