package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/service"
)

const doctorLong = `Look at every part of the watchdog itself: whether it is installed, runs, may read
the backup folder and can reach you. One line for each part: well, not well with
the next step, or unknown. The output is meant to be pasted into a bug report;
--redact leaves out names and ids.

Exit code: 0 all is well, 3 something is not well.`

// settingsPane opens the list of programs with Full Disk Access (macOS 13 and
// later; older ones resolve it, too).
const settingsPane = "x-apple.systempreferences:com.apple.settings.PrivacySecurity.extension?Privacy_AllFiles"

// doctorCommand says whether the watchdog itself is in order.
func doctorCommand(p *program) *cobra.Command {
	var redact, open bool
	c := &cobra.Command{
		Use:     "doctor",
		Short:   "Check the watchdog itself",
		Long:    doctorLong,
		Example: "  watchdogctl doctor\n  watchdogctl doctor --redact --json",
		RunE: func(c *cobra.Command, _ []string) error {
			if open {
				return p.openSettings(c.Context())
			}
			d, err := p.diagnose(c.Context())
			if err != nil {
				return err
			}
			return p.doctor(d.report(), redact)
		},
	}
	c.Flags().BoolVar(&redact, "redact", false, "leave out names and ids")
	c.Flags().BoolVar(&open, "open", false, "open the settings for Full Disk Access (on a Mac)")
	return c
}

// health is the answer of one check.
type health string

const (
	well    health = "well"
	notWell health = "not well"
	unknown health = "unknown"
)

// diagnosis is one line of the doctor, and the next step where it is not well.
type diagnosis struct {
	Check  string `json:"check"`
	State  health `json:"state"`
	Detail string `json:"detail"`
	Next   string `json:"next,omitempty"`
}

// examination is everything the checks look at, gathered once.
type examination struct {
	p      *program
	ctx    context.Context
	paths  config.Paths
	m      *service.Manager
	svc    service.State
	svcErr error
	// status is what the daemon says, nil when it does not answer; err is why.
	status *control.Status
	err    error
	conf   config.Config
	// confErr is why the configuration is not valid.
	confErr error
}

// diagnose gathers what the checks look at. It fails only where nothing at all
// can be said.
func (p *program) diagnose(ctx context.Context) (*examination, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	d := &examination{p: p, ctx: ctx}
	var err error
	if d.paths, err = p.paths(); err != nil {
		return nil, err
	}
	if d.m, err = p.manager(); err != nil {
		return nil, err
	}
	d.svc, d.svcErr = d.m.Inspect(ctx)
	client, err := p.client()
	if err != nil {
		return nil, err
	}
	if s, err := client.Status(ctx); err != nil {
		d.err = err
	} else {
		d.status = &s
	}
	_, d.conf, _, d.confErr = p.loadConfig("")
	return d, nil
}

// report does every check, in the order of the table.
func (d *examination) report() []diagnosis {
	var list []diagnosis
	for _, c := range checks {
		r := c.look(d)
		r.Check = c.name
		list = append(list, r)
	}
	return list
}

// doctor prints the checks.
func (p *program) doctor(list []diagnosis, redact bool) error {
	if redact {
		for i := range list {
			list[i].Detail, list[i].Next = p.redacted(list[i].Detail), p.redacted(list[i].Next)
		}
	}
	var err error
	if p.JSON {
		err = p.printJSON(map[string]any{
			"schema": 1, "version": p.Version, "platform": p.GOOS + "/" + runtime.GOARCH, "checks": list,
		})
	} else {
		p.printDoctor(list)
	}
	for _, c := range list {
		if c.State == notWell && err == nil {
			return p.found()
		}
	}
	return err
}

// printDoctor draws one line a check, and the next step below it.
func (p *program) printDoctor(list []diagnosis) {
	pg := p.page()
	pg.para(0, dim, fmt.Sprintf("watchdogctl %s on %s/%s", p.Version, p.GOOS, runtime.GOARCH))
	count := map[health]int{}
	for _, c := range list {
		count[c.State]++
		st, mark := green, "✓"
		switch c.State {
		case notWell:
			st, mark = red, "✗"
		case unknown:
			st, mark = yellow, "?"
		}
		if pg.ascii {
			mark = map[health]string{well: "+", notWell: "!", unknown: "?"}[c.State]
		}
		pg.item(0, st, mark, plain, fmt.Sprintf("%s: %s: %s", c.Check, c.State, c.Detail))
		if c.Next != "" {
			pg.item(2, dim, "next:", plain, c.Next)
		}
	}
	pg.para(0, plain, fmt.Sprintf("%d well, %d not well, %d unknown", count[well], count[notWell], count[unknown]))
	fmt.Fprint(p.Stdout, pg.b.String())
}

// identifiers are the ids of phones, old and new, whole or inside a word.
var identifiers = regexp.MustCompile(`(?i)\b([0-9a-f]{40}|[0-9a-f]{8}-[0-9a-f]{16})\b`)

// redacted leaves out what tells who somebody is: the home folder, ids of
// phones, names of drives, and the user's name.
func (p *program) redacted(s string) string {
	if p.Home != "" {
		s = strings.ReplaceAll(s, p.Home, "~")
	}
	s = identifiers.ReplaceAllString(s, "PHONE")
	s = regexp.MustCompile(`/(Users|home|Volumes|media|run/media)/[^/\s]+`).ReplaceAllString(s, "/$1/NAME")
	for _, key := range []string{"USER", "LOGNAME"} {
		if name := p.Getenv(key); len(name) > 2 && name != "root" {
			s = regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).ReplaceAllString(s, "NAME")
		}
	}
	return s
}

// openSettings opens the settings for Full Disk Access, or says where they are.
func (p *program) openSettings(ctx context.Context) error {
	if p.GOOS != service.Darwin {
		fmt.Fprintln(p.Stdout, "Full Disk Access is a macOS setting. On a Mac, this opens:")
		fmt.Fprintln(p.Stdout, "  "+settingsPane)
		return nil
	}
	m, err := p.manager()
	if err != nil {
		return err
	}
	for i, step := range m.AccessSteps() {
		fmt.Fprintf(p.Stdout, "%d. %s\n", i+1, clean(step))
	}
	res, err := service.Exec(ctx, []string{"open", settingsPane})
	if err == nil && res.Code != 0 {
		err = errors.New(strings.TrimSpace(res.Stderr))
	}
	if err != nil {
		return p.fail(fmt.Errorf("opening the settings: %w", err), "open System Settings › Privacy & Security › Full Disk Access by hand")
	}
	return nil
}
