package main

import (
	"fmt"

	"github.com/spf13/cobra"
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
			return p.misuse(fmt.Errorf("completion: the shell %q is not known", args[0]), "one of: bash, zsh, fish, powershell")
		},
	}
}
