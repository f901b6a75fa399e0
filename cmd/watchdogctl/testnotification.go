package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// testNotificationCommand has one notice sent through every channel.
func testNotificationCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "test-notification",
		Short: "Send a notice through every channel",
		Long: `Send one notice through every channel that is set up, and say what to look for.
A channel that took the notice is no proof that anybody saw it: look.

Exit code: 0 every channel took it, 1 there is none or the watchdog cannot be
asked, 3 a channel did not take it.`,
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
			p.noteUnread(c.Context())
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
		pg.item(0, st, mark, strong, words.TestSent(r.Channel, r.Route, r.Outcome))
		pg.para(2, plain, r.Reason)
		if r.LookFor != "" && r.Outcome == "sent" {
			pg.para(2, plain, words.LookFor(r.LookFor))
		}
	}
	if slices.ContainsFunc(list, untold) {
		pg.para(0, dim, words.More(string(backup.NoticesUndelivered)))
	}
	fmt.Fprint(p.Stdout, pg.b.String())
}

// untold reports whether a channel did not take the test.
func untold(r control.TestResult) bool { return r.Outcome != "sent" }

// testVerdict is the exit code: not well when a channel did not take the notice,
// for whoever counts on that one.
func (p *program) testVerdict(list []control.TestResult) error {
	switch {
	case len(list) == 0:
		return p.fail(errors.New("no channel is set up, so nobody would be told"), "set `notify.desktop = true` in the file that `watchdogctl config path` names")
	case slices.ContainsFunc(list, untold):
		return p.found()
	}
	return nil
}

// page returns an empty page for the person at hand.
func (p *program) page() *page {
	l := p.look()
	return &page{width: l.width, color: l.color, ascii: l.ascii}
}
