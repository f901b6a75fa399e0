package main

import (
	"encoding/json"
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
		RunE: func(_ *cobra.Command, args []string) error { return replay(p, args[0]) },
	}
}

func replay(p *program, name string) error {
	in := p.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return p.fail(fmt.Errorf("the trace cannot be opened: %w", err), "`watchdogd --record FILE` writes one")
		}
		defer f.Close()
		in = f
	}
	worst := backup.Info
	write := replayText
	if p.JSON {
		write = replayJSON
	}
	err := trace.Replay(in, func(e trace.Event) {
		if e.Event != "gone" {
			worst = max(worst, e.Severity)
		}
		write(p.Stdout, e)
	})
	if err != nil {
		return p.fail(fmt.Errorf("%s: %w", plist.Clean(name, 200), err), `a trace is one JSON object per line; the first gives the schema`)
	}
	if worst >= backup.Warning {
		return p.found()
	}
	return nil
}

func replayJSON(w io.Writer, e trace.Event) {
	json.NewEncoder(w).Encode(e) // standard output that is gone is noticed at the end
}

// replayText writes a line for each thing that happens, and for a notice what
// a person would read.
func replayText(w io.Writer, e trace.Event) {
	t := time.Duration(e.T * float64(time.Second)).Round(time.Second)
	line := func(event, text string) {
		fmt.Fprintf(w, "%10s  %s  %-9s %s\n", t, plist.Clean(e.UDID, 40), event, text)
	}
	switch e.Event {
	case "notice":
		line("notice", words.ReplayNotice(string(e.Code), string(e.Notice), e.Severity.String()))
		if e.Finding.Detail != "" {
			fmt.Fprintf(w, "%s%s\n", "                            ", plist.Clean(e.Finding.Detail, 400))
		}
	case "gone":
		line("gone", string(e.Code))
	default:
		line(e.Event, words.ReplayFinding(string(e.Code), e.Severity.String(), string(e.Phase), string(e.Fix)))
	}
}
