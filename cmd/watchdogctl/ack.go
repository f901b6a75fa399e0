package main

import (
	"cmp"
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
	"not reminded of it again. CODE is its code; where several iPhones have that\n" +
	"finding, name one of them before it, as for `mute`. The finding's key (`status\n" +
	"--json` shows it) or its beginning does as well."

// ackCommand marks a finding as seen.
func ackCommand(p *program) *cobra.Command {
	var undo bool
	c := &cobra.Command{
		Use:               "ack [UDID] CODE",
		Short:             "Mark a finding as seen: no more reminders",
		Long:              ackLong,
		Example:           "  watchdogctl ack stalled\n  watchdogctl ack \"Anna's iPhone\" overdue",
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: p.offers(findingsOf, findingsOf),
		RunE: func(c *cobra.Command, args []string) error {
			if err := p.rightOrder("ack", args); err != nil {
				return err
			}
			client, s, err := p.ask(c.Context())
			if err != nil {
				return err
			}
			f, err := p.findingMeant(s, args)
			if err != nil {
				return err
			}
			if undo && !slices.Contains(s.Acked, f.Key) {
				return p.say(words.NotAcked(f.Title))
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

// rightOrder refuses a condition and an iPhone that stand the wrong way round.
func (p *program) rightOrder(command string, args []string) error {
	if len(args) == 2 && isCode(args[0]) && !isCode(args[1]) {
		return p.misuse(fmt.Errorf("%s: the iPhone comes first, then the condition", command),
			fmt.Sprintf("`watchdogctl %s %s %s`", command, quotedWord(args[1]), args[0]))
	}
	return nil
}

func isCode(word string) bool {
	_, ok := backup.ConditionByCode(backup.Code(word))
	return ok
}

// quotedWord is a word of a command as a person would type it.
func quotedWord(word string) string {
	if strings.ContainsAny(word, " '’") {
		return `"` + word + `"`
	}
	return word
}

// findingMeant finds the one present finding that is meant: by its code or key,
// and the phone's name or id before it.
func (p *program) findingMeant(s control.Status, args []string) (backup.Finding, error) {
	want := args[len(args)-1]
	among := s
	if len(args) == 2 {
		udid, err := p.phone(s, args[0])
		if err != nil {
			return backup.Finding{}, err
		}
		among = only(s, udid)
		among.Findings = nil
	}
	var hits []backup.Finding
	for _, f := range allFindings(among) {
		switch {
		case want == "":
		case f.Key == want:
			return f, nil
		case string(f.Code) == want, strings.HasPrefix(f.Key, want):
			hits = append(hits, f)
		}
	}
	if len(hits) == 1 {
		return hits[0], nil
	}
	if len(hits) == 0 {
		return backup.Finding{}, p.fail(fmt.Errorf("there is no finding %q at present", want), findingsHint(s, want))
	}
	return backup.Finding{}, p.misuse(fmt.Errorf("%q could be any of %d findings", want, len(hits)), "one of: "+choices(s, hits))
}

// findingsHint names what was probably meant, and what could be acknowledged.
func findingsHint(s control.Status, want string) string {
	there := "there are no findings at present"
	if all := allFindings(s); len(all) > 0 {
		there = "there are " + choices(s, all)
	}
	if isCode(want) {
		return there
	}
	if near := likelyHint(want, codeList()); near != "" {
		return near + "; " + there
	}
	return there
}

// choices lists findings as they are named to `ack`: by the code alone where that
// is enough, else with the phone's name or id before it.
func choices(s control.Status, list []backup.Finding) string {
	pic, times := &picture{s: s}, map[backup.Code]int{}
	for _, f := range allFindings(s) {
		times[f.Code]++
	}
	var out []string
	for _, f := range list {
		text := string(f.Code)
		if times[f.Code] > 1 {
			text = f.Key
			if i := slices.IndexFunc(s.Backups, func(b control.Backup) bool {
				return slices.ContainsFunc(b.Findings, func(x backup.Finding) bool { return x.Key == f.Key })
			}); i >= 0 {
				name := pic.name(s.Backups[i].UDID)
				if hits := meant(namesIn(s), name); len(hits) != 1 {
					name = s.Backups[i].UDID
				}
				text = quotedWord(name) + " " + string(f.Code)
			}
		}
		if text = "`watchdogctl ack " + text + "`"; !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}

// codeList are the codes of all conditions.
func codeList() (list []string) {
	for _, c := range backup.Catalogue {
		list = append(list, string(c.Code))
	}
	return list
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
	"line. UDID may be the beginning of it, or the iPhone's name or a part of that;\n" +
	"`watchdogctl explain` lists the codes."

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
			if err := p.rightOrder("mute", args); err != nil {
				return err
			}
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
			name := (&picture{s: s}).name(r.UDID)
			if undo && !slices.ContainsFunc(s.Muted, func(m control.Mute) bool { return m.UDID == r.UDID && m.Code == r.Code }) {
				return p.say(words.NotMuted(string(r.Code), name))
			}
			if err := client.Mute(c.Context(), r); err != nil {
				return p.unreachable(err)
			}
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
	if !isCode(code) {
		return r, p.misuse(fmt.Errorf("mute: there is no condition %q", code), cmp.Or(likelyHint(code, codeList()), "`watchdogctl explain` lists them"))
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
