package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

const ackLong = "Mark a finding as seen: it stays in `status` for as long as it holds, and you are\n" +
	"not reminded of it again. KEY is the finding's key (`status --json` shows it), its\n" +
	"beginning, or only its code if just one iPhone has that finding."

// ackCommand marks a finding as seen.
func ackCommand(p *program) *cobra.Command {
	var undo bool
	c := &cobra.Command{
		Use:               "ack KEY",
		Short:             "Mark a finding as seen: no more reminders",
		Long:              ackLong,
		Example:           "  watchdogctl ack stalled",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.offers(findingsOf),
		RunE: func(c *cobra.Command, args []string) error {
			client, s, err := p.ask(c.Context())
			if err != nil {
				return err
			}
			f, err := p.findingByKey(s, args[0])
			if err != nil {
				return err
			}
			if err := client.Ack(c.Context(), control.AckRequest{Key: f.Key, Undo: undo}); err != nil {
				return p.unreachable(err)
			}
			if undo {
				return p.say(words.DidUnack(f.Title))
			}
			return p.say(words.DidAck(f.Title))
		},
	}
	c.Flags().BoolVar(&undo, "undo", false, "undo it")
	return c
}

// ask returns a client and the status it answers with.
func (p *program) ask(ctx context.Context) (*control.Client, control.Status, error) {
	client, err := p.client()
	if err != nil {
		return nil, control.Status{}, err
	}
	s, err := client.Status(ctx)
	if err != nil {
		return nil, s, p.unreachable(err)
	}
	return client, s, nil
}

// findingByKey finds the one present finding that is meant.
func (p *program) findingByKey(s control.Status, want string) (backup.Finding, error) {
	var hits []backup.Finding
	all := allFindings(s)
	for _, f := range all {
		switch {
		case f.Key == want:
			return f, nil
		case string(f.Code) == want, strings.HasPrefix(f.Key, want) && want != "":
			hits = append(hits, f)
		}
	}
	if len(hits) == 1 {
		return hits[0], nil
	}
	if len(hits) == 0 {
		return backup.Finding{}, p.fail(fmt.Errorf("no finding has the key %q", want), findingsHint(all))
	}
	return backup.Finding{}, p.misuse(fmt.Errorf("%q could be any of %d findings", want, len(hits)), "one of: "+keys(hits))
}

// findingsHint names what could be acknowledged.
func findingsHint(all []backup.Finding) string {
	if len(all) == 0 {
		return "there are no findings at present"
	}
	return "there are " + keys(all)
}

// keys lists the keys of findings.
func keys(list []backup.Finding) string {
	var out []string
	for _, f := range list {
		out = append(out, f.Key)
	}
	return strings.Join(out, ", ")
}

// say prints what was done: wrapped for a person at a terminal, in one line for
// what reads it elsewhere, or as JSON.
func (p *program) say(text string) error {
	switch {
	case p.JSON:
		return p.printJSON(map[string]any{"schema": 1, "done": text})
	case p.StdoutTerminal:
		pg := p.page()
		pg.para(0, plain, text)
		_, err := fmt.Fprint(p.Stdout, pg.b.String())
		return err
	}
	_, err := fmt.Fprintln(p.Stdout, clean(text))
	return err
}

const muteLong = "Send no notices of this condition for this iPhone. It stays in `status`, as one\n" +
	"line. UDID may be the beginning of it, or the iPhone's name; `watchdogctl explain`\n" +
	"lists the codes."

// muteCommand silences one condition for one phone.
func muteCommand(p *program) *cobra.Command {
	var undo bool
	var span string
	c := &cobra.Command{
		Use:               "mute UDID CODE",
		Short:             "Mute one condition for one iPhone",
		Long:              muteLong,
		Example:           "  watchdogctl mute \"Anna's iPhone\" not-encrypted\n  watchdogctl mute 00008110-000E34D21A02801E overdue --for 7d",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: p.offers(phonesOf, codesOf),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := p.muteRequest(args[1], span, undo)
			if err != nil {
				return err
			}
			client, s, err := p.ask(c.Context())
			if err != nil {
				return err
			}
			if r.UDID, err = p.phone(s, args[0]); err != nil {
				return err
			}
			if err := client.Mute(c.Context(), r); err != nil {
				return p.unreachable(err)
			}
			name := (&picture{s: s}).name(r.UDID)
			if undo {
				return p.say(words.DidUnmute(string(r.Code), name))
			}
			return p.say(words.DidMute(string(r.Code), name, span))
		},
	}
	c.Flags().BoolVar(&undo, "undo", false, "undo it")
	c.Flags().StringVar(&span, "for", "", "only for a `SPAN` such as 12h or 7d; otherwise permanently")
	return c
}

// muteRequest checks what can be checked before the daemon is asked.
func (p *program) muteRequest(code, span string, undo bool) (control.MuteRequest, error) {
	r := control.MuteRequest{Code: backup.Code(code), Undo: undo}
	if !slices.ContainsFunc(backup.Catalogue, func(c backup.Condition) bool { return string(c.Code) == code }) {
		return r, p.misuse(fmt.Errorf("mute: there is no condition %q", code), "`watchdogctl explain` lists them")
	}
	if span == "" {
		return r, nil
	}
	d, err := config.ParseDuration(span)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%q is not a span of time ahead", span)
	}
	if err != nil {
		return r, p.misuse(fmt.Errorf("mute: --for: %w", err), "for example `--for 7d`")
	}
	r.For = d.Seconds()
	return r, nil
}
