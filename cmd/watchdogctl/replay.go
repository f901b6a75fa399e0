package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/trace"
	"backupwatchdog/daemon/words"
	"backupwatchdog/plist"
)

// replayCommand runs a trace through the judgement.
func replayCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "replay FILE",
		Short: "Play a recorded trace through the same judgement",
		Long: "Play a trace, as `watchdogd --record` writes it, through the same judgement in\n" +
			`simulated time, and print every finding and notice. "-" reads standard input.
With --json, one object per line.

Exit code 3: something of severity warning or worse was found on the way.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.replay(c.Context(), args[0]) },
	}
}

// played is what became of a replay.
type played struct {
	worst  backup.Severity
	opened error // the trace could not be opened
	wrote  error // standard output takes no more
	read   error // the trace cannot be read, or the replay was stopped
}

// replay ends when ctx does, even if the trace is a pipe that nobody writes to:
// what opens and reads it is then left behind.
func (p *program) replay(ctx context.Context, name string) error {
	done := make(chan played, 1)
	go func() { done <- p.play(ctx, name) }()
	out := played{read: context.Canceled}
	select {
	case out = <-done:
	case <-ctx.Done():
		select {
		case out = <-done: // it was waiting for nobody, and has written its last line
		case <-time.After(time.Second / 4):
		}
	}
	switch {
	case errors.Is(out.read, context.Canceled):
		return p.fail(errors.New("replay: stopped before the trace was over"), "what is printed holds up to there; play it again whenever you like")
	case out.opened != nil:
		return p.fail(fmt.Errorf("the trace cannot be opened: %w", out.opened), "`watchdogd --record FILE` writes one")
	case out.wrote != nil:
		return out.wrote
	case out.read != nil:
		return p.fail(fmt.Errorf("%s: %w", plist.Clean(name, 200), out.read), `a trace is one JSON object per line; the first gives the schema`)
	case out.worst >= backup.Warning:
		return p.found()
	}
	return nil
}

// play opens the trace, plays it and prints.
func (p *program) play(ctx context.Context, name string) (out played) {
	in := p.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			out.opened = err
			return out
		}
		defer f.Close()
		in = f
	}
	write := replayText
	if p.JSON {
		write = replayJSON
	}
	out.read = trace.Replay(ctx, in, func(e trace.Event) error {
		if e.Event != "gone" {
			out.worst = max(out.worst, e.Severity)
		}
		out.wrote = write(p.Stdout, e)
		return out.wrote
	})
	return out
}

func replayJSON(w io.Writer, e trace.Event) error { return json.NewEncoder(w).Encode(e) }

// replayText writes a line for each thing that happens, and for a notice what
// a person would read.
func replayText(w io.Writer, e trace.Event) error {
	t := time.Duration(e.T * float64(time.Second)).Round(time.Second)
	line := func(event, text string) string {
		return fmt.Sprintf("%10s  %s  %-9s %s\n", t, plist.Clean(e.UDID, 40), event, text)
	}
	var text string
	switch e.Event {
	case "notice":
		text = line("notice", words.ReplayNotice(string(e.Code), string(e.Notice), e.Severity.String()))
		if e.Finding.Detail != "" {
			text += fmt.Sprintf("%s%s\n", "                            ", plist.Clean(e.Finding.Detail, 400))
		}
	case "gone":
		text = line("gone", string(e.Code))
	default:
		text = line(e.Event, words.ReplayFinding(string(e.Code), e.Severity.String(), string(e.Phase), string(e.Fix)))
	}
	_, err := io.WriteString(w, text)
	return err
}
