package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

const statusLong = `Show what is watched, how each backup is doing, what is wrong and what to do.

Exit code: 0 all well, 1 the watchdog cannot be asked, 3 something of severity
warning or worse was found. Without the watchdog, what was last known is shown
and marked as old.

--format prints one line with a Go template, from the object that --json prints:
  watchdogctl status --format '{{range .Backups}}{{.DeviceName}} {{.Phase}} {{end}}'
Besides Go's own functions it knows bytes, ago and worst.`

// statusCommand shows how everything is.
func statusCommand(p *program) *cobra.Command {
	var watch bool
	var format string
	c := &cobra.Command{
		Use:               "status [UDID]",
		Short:             "Show how the backups are doing",
		Long:              statusLong,
		Example:           "  watchdogctl status\n  watchdogctl status --watch\n  watchdogctl status --json",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: p.offers(phonesOf),
		RunE: func(c *cobra.Command, args []string) error {
			v, err := p.statusView(format)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				v.phone = args[0]
			}
			if watch && p.livable(v) {
				return p.live(c.Context(), v)
			}
			if watch {
				return p.watch(c.Context(), v)
			}
			return p.status(c.Context(), v)
		},
	}
	c.Flags().BoolVar(&watch, "watch", false, "keep showing it, live")
	c.Flags().StringVar(&format, "format", "", "print it with a Go `TEMPLATE`")
	return c
}

// view is in what form, and of which phone, the status is wanted.
type view struct {
	phone  string // "" all
	format *template.Template
}

// statusView checks what can be checked before anybody is asked.
func (p *program) statusView(format string) (view, error) {
	if format == "" {
		return view{}, nil
	}
	t, err := template.New("format").Funcs(template.FuncMap{
		"bytes": templateBytes,
		"ago":   func(t time.Time) string { return words.Span(p.Now().Sub(t)) },
		"worst": func(s control.Status) string {
			if w := worst(s); w >= 0 {
				return w.String()
			}
			return "none"
		},
	}).Parse(format)
	if err != nil {
		return view{}, p.misuse(fmt.Errorf("status: the template is not understood: %w", err), "`watchdogctl status --help` has an example")
	}
	return view{format: t}, nil
}

// templateBytes writes a size that may be unknown.
func templateBytes(n *int64) string {
	if n == nil {
		return "unknown"
	}
	return words.Bytes(*n)
}

// status asks once and shows the answer.
func (p *program) status(ctx context.Context, v view) error {
	client, err := p.client()
	if err != nil {
		return err
	}
	s, err := client.Status(ctx)
	if errors.Is(err, control.ErrNotRunning) {
		return p.lastKnown(err, v)
	}
	if err != nil {
		return p.unreachable(err)
	}
	if s, err = p.narrow(s, v); err != nil {
		return err
	}
	if err := p.show(s, v); err != nil {
		return err
	}
	return p.judged(s)
}

// narrow leaves only the wanted phone.
func (p *program) narrow(s control.Status, v view) (control.Status, error) {
	if v.phone == "" {
		return s, nil
	}
	udid, err := p.phone(s, v.phone)
	return only(s, udid), err
}

// lastKnown says that no daemon answers, then shows what was last known.
func (p *program) lastKnown(why error, v view) error {
	code := p.report(p.unreachable(why))
	paths, err := p.paths()
	if err != nil {
		return err
	}
	s, err := control.ReadLast(paths.State)
	if err != nil { // nothing is known: all has been said
		return &exit{code: code}
	}
	if s, err = p.narrow(s, v); err != nil {
		return err
	}
	if !p.JSON && v.format == nil && p.StdoutTerminal {
		fmt.Fprintln(p.Stdout)
	}
	if err := p.show(s, v); err != nil {
		return err
	}
	return &exit{code: code}
}

// show prints a status in the wanted form.
func (p *program) show(s control.Status, v view) error {
	switch {
	case v.format != nil:
		var b strings.Builder
		if err := v.format.Execute(&b, s); err != nil {
			return p.misuse(fmt.Errorf("status: the template does not fit: %w", err), "`watchdogctl status --json` shows the keys; unknown values are nil")
		}
		_, err := fmt.Fprintln(raw(p.Stdout), cleanLines(b.String()))
		return err
	case p.JSON:
		return p.printJSON(inUTC(&s))
	}
	_, err := fmt.Fprint(p.Stdout, draw(s, p.look()))
	return err
}

// look is how pictures are drawn for the person at hand.
func (p *program) look() look {
	width := 80
	if p.StdoutTerminal && p.Width != nil {
		if w := p.Width(); w > 0 {
			width = min(max(w, 40), 100)
		}
	}
	return look{
		now: p.Now(), width: width, color: p.colored(), ascii: p.asciiOnly(),
		home: p.Home, darwin: p.GOOS == "darwin", version: p.Version,
	}
}

// colored reports whether colours are wanted and of use.
func (p *program) colored() bool {
	return p.StdoutTerminal && !p.NoColor && p.Getenv("NO_COLOR") == "" && p.Getenv("TERM") != "dumb"
}

// watch shows the status, again whenever it changes and, on a terminal, each
// second, until it is interrupted.
func (p *program) watch(ctx context.Context, v view) error {
	client, err := p.client()
	if err != nil {
		return err
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	states, ended := follow(inner, client)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var last *control.Status
	var shown block
	for {
		select {
		case s := <-states:
			if s, err = p.narrow(s, v); err != nil {
				return err
			}
			last = &s
		case err := <-ended:
			if ctx.Err() != nil {
				return nil
			}
			return p.unreachable(err)
		case <-tick.C:
			if last == nil || p.JSON || v.format != nil {
				continue
			}
		}
		if !p.JSON && v.format == nil && !p.repaints(v) && !shown.news(*last, p.look()) {
			continue
		}
		if err := p.repaint(*last, v); err != nil {
			return err
		}
	}
}

// A block is the last picture that was printed where none can be drawn over.
type block struct {
	text, gist string
	at         time.Time
}

// blockLeast is how far two pictures are apart that differ in numbers alone.
const blockLeast = time.Minute

// news reports whether a status is worth another block, which it then is: where
// what goes on, what is wrong or the share done has changed, and each minute
// where anything has but the time that passed.
func (b *block) news(s control.Status, l look) bool {
	then := l
	then.now = b.at
	g := gist(s)
	if b.text != "" && g == b.gist && (l.now.Sub(b.at) < blockLeast || draw(s, then) == b.text) {
		return false
	}
	*b = block{draw(s, l), g, l.now}
	return true
}

// gist is what a person waits for in a status: phases, verdicts, findings, the
// share done.
func gist(s control.Status) string {
	var b strings.Builder
	fmt.Fprintln(&b, s.Daemon.ConfigError, len(s.Phones), s.Acked, s.Muted)
	for _, r := range s.Roots {
		fmt.Fprintln(&b, r.Path, r.State)
	}
	for _, x := range s.Backups {
		share := 0.0
		if x.Run != nil {
			share, _ = shareDone(*x.Run)
		}
		fmt.Fprintln(&b, x.UDID, x.Path, x.Phase, x.Chain.Verdict, x.Chain.Restorable, int(share*100))
	}
	for _, f := range allFindings(s) {
		fmt.Fprintln(&b, f.Key, f.Code, f.Severity, f.Title)
	}
	return b.String()
}

// follow delivers each status until ctx ends or the daemon does.
func follow(ctx context.Context, client *control.Client) (<-chan control.Status, <-chan error) {
	states, ended := make(chan control.Status), make(chan error, 1)
	go func() {
		ended <- client.Events(ctx, func(s control.Status) error {
			select {
			case states <- s:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	return states, ended
}

// repaints reports whether --watch draws over what it drew before.
func (p *program) repaints(v view) bool { return p.StdoutTerminal && !p.JSON && v.format == nil }

// repaint shows s in the place of what was shown before, or after it where the
// output is no terminal: then one JSON object, or one picture, a change.
func (p *program) repaint(s control.Status, v view) error {
	if p.JSON {
		return json.NewEncoder(p.Stdout).Encode(inUTC(&s))
	}
	if !p.repaints(v) {
		if v.format == nil {
			fmt.Fprintf(p.Stdout, "--- %s\n", p.Now().Format("15:04:05"))
		}
		return p.show(s, v)
	}
	text := strings.ReplaceAll(p.fit(draw(s, p.look())), "\n", "\x1b[K\n")
	_, err := fmt.Fprintf(p.Stdout, "\x1b[H%s\x1b[J", text)
	return err
}

// fit cuts a picture to the terminal's height: what would scroll could not be
// drawn over. The most important stands first, so the end is what goes.
func (p *program) fit(text string) string {
	height := 0
	if p.Height != nil {
		height = p.Height()
	}
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	if height < 4 || len(lines) < height {
		return strings.Join(lines, "") + "\n"
	}
	kept := lines[:height-2]
	return strings.Join(kept, "") + words.LinesHidden(len(lines)-len(kept)) + "\n"
}
