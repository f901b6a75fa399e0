package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/control"
)

// testNotificationCommand has one notice sent through every channel.
func testNotificationCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "test-notification",
		Short: "Send a notice through every channel",
		Long: `Send one notice through every channel that is set up, and say what to look for.
That a channel took the notice does not mean that anybody saw it: look.`,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := p.client()
			if err != nil {
				return err
			}
			list, err := client.TestNotification(c.Context())
			if err != nil {
				return p.unreachable(err)
			}
			if p.JSON {
				err = p.printJSON(map[string]any{"schema": control.Schema, "channels": list})
			} else {
				p.printTest(list)
			}
			if err != nil {
				return err
			}
			return p.testVerdict(list)
		},
	}
}

// printTest draws one block a channel.
func (p *program) printTest(list []control.TestResult) {
	pg := p.page()
	for _, r := range list {
		st, mark := green, "✓"
		if r.Outcome != "sent" {
			st, mark = red, "✗"
		}
		text := r.Channel + ": " + r.Outcome
		if r.Route != "" {
			text = fmt.Sprintf("%s, by %s: %s", r.Channel, r.Route, r.Outcome)
		}
		pg.item(0, st, mark, strong, text)
		if r.Reason != "" {
			pg.para(2, plain, r.Reason)
		}
		if r.LookFor != "" && r.Outcome == "sent" {
			pg.para(2, plain, "Look for: "+r.LookFor)
		}
	}
	fmt.Fprint(p.Stdout, pg.b.String())
}

// testVerdict fails when no channel took the notice.
func (p *program) testVerdict(list []control.TestResult) error {
	for _, r := range list {
		if r.Outcome == "sent" {
			return nil
		}
	}
	if len(list) == 0 {
		return p.fail(fmt.Errorf("no channel is set up: nobody would be told"), `set notify.desktop = true in the file that "watchdogctl config path" names`)
	}
	return p.fail(fmt.Errorf("no channel took the notice"), "watchdogctl explain allow-notifications")
}

// page returns an empty page for the person at hand.
func (p *program) page() *page {
	l := p.look()
	return &page{width: l.width, color: l.color, ascii: l.ascii}
}
