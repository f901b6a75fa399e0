package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// historyCommand lists what was.
func historyCommand(p *program) *cobra.Command {
	var limit int
	var since string
	c := &cobra.Command{
		Use:               "history [UDID]",
		Short:             "Past backups and notices",
		Long:              "List past runs and notices, the newest first.",
		Example:           "  watchdogctl history\n  watchdogctl history --since 30d --limit 100",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: p.offers(phonesOf),
		RunE: func(c *cobra.Command, args []string) error {
			q, err := p.historyQuery(limit, since)
			if err != nil {
				return err
			}
			client, s, err := p.ask(c.Context())
			if err != nil {
				return err
			}
			if len(args) > 0 {
				if q.UDID, err = p.phone(s, args[0]); err != nil {
					return err
				}
			}
			h, err := client.History(c.Context(), q)
			if err != nil {
				return p.unreachable(err)
			}
			if p.JSON {
				return p.printJSON(inUTC(&h))
			}
			_, err = fmt.Fprint(p.Stdout, drawHistory(h, s, p.look()))
			return err
		},
	}
	c.Flags().IntVar(&limit, "limit", 20, "at most `N` runs and N notices")
	c.Flags().StringVar(&since, "since", "", "nothing older than a `SPAN` like 30d")
	return c
}

// historyQuery checks the flags.
func (p *program) historyQuery(limit int, since string) (control.HistoryQuery, error) {
	q := control.HistoryQuery{Limit: limit}
	if limit < 1 {
		return q, p.misuse(fmt.Errorf("history: --limit %d is not above zero", limit), "for example --limit 50")
	}
	if since == "" {
		return q, nil
	}
	d, err := config.ParseDuration(since)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%q does not lie in the past", since)
	}
	if err != nil {
		return q, p.misuse(fmt.Errorf("history: --since: %w", err), "for example --since 30d")
	}
	q.Since = p.Now().Add(-d)
	return q, nil
}

// drawHistory returns runs and notices as text, the newest first.
func drawHistory(h control.History, s control.Status, l look) string {
	p := &picture{page{width: l.width, color: l.color, ascii: l.ascii}, l, s}
	slices.SortStableFunc(h.Runs, func(a, b control.PastRun) int { return b.Started.Compare(a.Started) })
	slices.SortStableFunc(h.Notices, func(a, b control.Notice) int { return b.At.Compare(a.At) })
	if len(h.Runs) == 0 && len(h.Notices) == 0 {
		p.para(0, plain, "Nothing has been recorded here yet.")
		return p.b.String()
	}
	if len(h.Runs) > 0 {
		p.para(0, strong, "Backups")
		for _, r := range h.Runs {
			p.pastRun(r)
		}
	}
	if len(h.Notices) > 0 {
		p.gap()
		p.para(0, strong, "Notices")
		for _, n := range h.Notices {
			p.pastNotice(n)
		}
	}
	return p.b.String()
}

// pastRun is one run: when, whose, how it ended, and below it how much.
func (p *picture) pastRun(r control.PastRun) {
	st, mark, word := dim, p.symbol("–", "-"), "how it ended is not known"
	switch r.Outcome {
	case backup.OutcomeComplete:
		st, mark, word = green, p.symbol("✓", "ok"), "complete"
	case backup.OutcomeAbandoned:
		st, mark, word = yellow, p.symbol("✗", "x"), "broke off"
		if w := map[backup.Phase]string{backup.Preparing: "while preparing", backup.Transferring: "while copying", backup.Finishing: "while finishing", backup.Settling: "at the last checks"}[r.LastPhase]; w != "" {
			word += " " + w
		}
	case backup.OutcomeRunning:
		st, mark, word = blue, p.symbol("●", "*"), "running"
	}
	p.ends(2, st, mark, plain, fmt.Sprintf("%s  %s", p.day(r.Started), p.name(r.UDID)), plain, word)
	facts := []string{}
	if r.Kind != "" {
		facts = append(facts, string(r.Kind))
	}
	if r.Ended != nil {
		facts = append(facts, "took "+words.Span(r.Ended.Sub(r.Started)))
	}
	if r.Files != nil && *r.Files > 0 {
		facts = append(facts, words.Plural(*r.Files, "file"))
	}
	if r.Bytes != nil && *r.Bytes > 0 {
		facts = append(facts, words.Bytes(*r.Bytes))
	}
	if phase, d := longest(r.LongestSilence); d >= time.Minute {
		facts = append(facts, fmt.Sprintf("quiet for %s while %s", words.Span(d), phase))
	}
	if len(facts) > 0 {
		p.para(6, dim, strings.Join(facts, p.dot()))
	}
}

// longest is the phase with the longest silence.
func longest(m map[string]float64) (phase string, d time.Duration) {
	for _, k := range []string{"preparing", "transferring", "finishing", "settling"} {
		if s := seconds(m[k]); s > d {
			phase, d = k, s
		}
	}
	return phase, d
}

// pastNotice is one notice: when, of whom, what, and what became of it.
func (p *picture) pastNotice(n control.Notice) {
	text := cmp.Or(n.Title, string(n.Code))
	switch n.Event {
	case "repeated":
		text += " (reminder)"
	case "cleared":
		text += " (it goes on again)"
	case "verified":
		text += " (finished and checked)"
	}
	if name := p.name(n.UDID); n.UDID != "" && !strings.HasPrefix(text, name) {
		text = name + ": " + text
	}
	result, st := n.Channel+" "+n.Outcome, dim
	switch n.Outcome {
	case "failed":
		st = yellow
	case "suppressed":
		result = "not told"
	}
	p.ends(2, plain, "", plain, p.day(n.At)+"  "+text, st, result)
	if n.Outcome != "sent" {
		p.para(6, dim, cmp.Or(silences[n.Reason], n.Reason))
	}
}

// silences says why nobody was told, where the rule's name does not.
var silences = map[string]string{
	"minimum": "below the severity that notify.minimum asks for",
	"acked":   "you had seen it",
}

// day is a moment in a column of fixed width: "27 Nov 20:31".
func (p *picture) day(t time.Time) string {
	t = t.In(p.now.Location())
	if t.Year() != p.now.Year() {
		return t.Format("2 Jan 2006 ")
	}
	return fmt.Sprintf("%12s", t.Format("2 Jan 15:04"))
}
