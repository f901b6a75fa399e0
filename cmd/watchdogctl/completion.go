package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
)

// completionCommand prints the completion script of a shell.
func completionCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:       "completion bash|zsh|fish|powershell",
		Short:     "Print a completion script for your shell",
		Example:   "  watchdogctl completion zsh > \"${fpath[1]}/_watchdogctl\"",
		Args:      cobra.ExactArgs(1),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(p.Stdout, true)
			case "zsh":
				return root.GenZshCompletion(p.Stdout)
			case "fish":
				return root.GenFishCompletion(p.Stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(p.Stdout)
			}
			return p.misuse(fmt.Errorf("completion: unknown shell %q", args[0]), "one of: bash, zsh, fish, powershell")
		},
	}
}

// completeTime bounds what pressing Tab may cost.
const completeTime = time.Second

// completer offers words for the argument of that number, "" for a word alone
// and "word<Tab>what it is" for one that needs telling.
type completer func(s control.Status) []string

// offers makes a completion function of one completer an argument. Those that
// need the daemon offer nothing where it does not answer.
func (p *program) offers(byArgument ...completer) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= len(byArgument) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(context.Background(), completeTime)
		defer cancel()
		var s control.Status
		if client, err := p.client(); err == nil {
			s, _ = client.Status(ctx) // nothing to offer is no error
		}
		return byArgument[len(args)](s), cobra.ShellCompDirectiveNoFileComp
	}
}

// phonesOf offers the ids of all phones, with their names.
func phonesOf(s control.Status) (list []string) {
	pic := &picture{s: s}
	for _, b := range s.Backups {
		if !b.Archived {
			list = append(list, b.UDID+"\t"+pic.name(b.UDID))
		}
	}
	return list
}

// codesOf offers the codes of all conditions.
func codesOf(control.Status) (list []string) {
	for _, c := range backup.Catalogue {
		list = append(list, string(c.Code)+"\t"+c.Title)
	}
	return list
}

// findingsOf offers the codes of what is found at present, each once, and the
// phones where one code is that of several findings.
func findingsOf(s control.Status) (list []string) {
	times := map[backup.Code]int{}
	for _, f := range allFindings(s) {
		if times[f.Code]++; times[f.Code] == 1 {
			list = append(list, string(f.Code)+"\t"+clean(f.Title))
		}
	}
	for _, n := range times {
		if n > 1 {
			return append(list, phonesOf(s)...)
		}
	}
	return list
}
