package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/history"
)

const historyLong = `List past backups and notices, newest first. Without the watchdog, what it has
kept is shown and marked as old.

What a backup brought is counted as its files arrive; what it holds in all is what
its index lists, known once it has been checked.`

// historyCommand lists what was.
func historyCommand(p *program) *cobra.Command {
	var limit int
	var since string
	c := &cobra.Command{
		Use:               "history [UDID]",
		Short:             "Past backups and notices",
		Long:              historyLong,
		Example:           "  watchdogctl history\n  watchdogctl history --since 30d --limit 100",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: p.offers(phonesOf),
		RunE: func(c *cobra.Command, args []string) error {
			q, err := p.historyQuery(limit, since)
			if err != nil {
				return err
			}
			h, s, err := p.past(c.Context(), q, strings.Join(args, ""))
			if err != nil {
				return err
			}
			if p.JSON {
				return p.printJSON(inUTC(&h))
			}
			_, err = fmt.Fprint(p.Stdout, drawHistory(h, s, p.look()))
			return err
		},
	}
	c.Flags().IntVar(&limit, "limit", 20, "at most `N` backups and N notices")
	c.Flags().StringVar(&since, "since", "", "nothing older than a `SPAN` such as 30d")
	return c
}

// historyQuery checks the flags.
func (p *program) historyQuery(limit int, since string) (control.HistoryQuery, error) {
	q := control.HistoryQuery{Limit: limit}
	if limit < 1 {
		return q, p.misuse(fmt.Errorf("history: --limit %d is not above zero", limit), "for example `--limit 50`")
	}
	if since == "" {
		return q, nil
	}
	d, err := config.ParseDuration(since)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%q is not in the past", since)
	}
	if err != nil {
		return q, p.misuse(fmt.Errorf("history: --since: %w", err), "for example `--since 30d`")
	}
	q.Since = p.Now().Add(-d)
	return q, nil
}

// past asks for the past, of the phone that is meant or of all. Where no daemon
// answers it reads what the last one has kept, and says so beside.
func (p *program) past(ctx context.Context, q control.HistoryQuery, phone string) (h control.History, s control.Status, err error) {
	client, err := p.client()
	if err != nil {
		return h, s, err
	}
	s, err = client.Status(ctx)
	if errors.Is(err, control.ErrNotRunning) {
		return p.keptPast(q, phone, err)
	}
	if err != nil {
		return h, s, p.unreachable(err)
	}
	if phone != "" {
		if q.UDID, err = p.phone(s, phone); err != nil {
			return h, s, err
		}
	}
	if h, err = client.History(ctx, q); err != nil {
		return h, s, p.unreachable(err)
	}
	return h, s, nil
}

// keptPast is the past without a daemon.
func (p *program) keptPast(q control.HistoryQuery, phone string, why error) (h control.History, s control.Status, err error) {
	db, s, err := p.keptHistory(why)
	if err != nil {
		return h, s, err
	}
	defer db.Close()
	if phone != "" {
		for _, r := range db.Runs("", time.Time{}, 0) { // the last status may not name them all
			if !slices.ContainsFunc(s.Backups, func(b control.Backup) bool { return b.UDID == r.UDID }) {
				s.Backups = append(s.Backups, control.Backup{UDID: r.UDID})
			}
		}
		if q.UDID, err = p.phone(s, phone); err != nil {
			return h, s, err
		}
	}
	if h = db.Past(q); db.Err() != nil {
		return h, s, p.fail(fmt.Errorf("history: %w", db.Err()), "`watchdogctl start`: the watchdog sets a damaged one aside when it starts")
	}
	h.Stale = s.Stale
	p.report(p.unreachable(why))
	return h, s, nil
}

// historyFile is the database of the past.
func historyFile(paths config.Paths) string { return filepath.Join(paths.State, "history.db") }

// keptHistory opens the history of a daemon that does not answer, for the
// reason given, and reads the last status it left. Stale in that is always set.
func (p *program) keptHistory(why error) (*history.DB, control.Status, error) {
	paths, err := p.paths()
	if err != nil {
		return nil, control.Status{}, err
	}
	path := historyFile(paths)
	db, err := history.OpenToRead(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return nil, control.Status{}, p.unreachable(why)
	case err != nil:
		return nil, control.Status{}, p.fail(errors.Join(why, err), "")
	}
	s, _ := control.ReadLast(paths.State) // without it the phones have no names
	if s.Stale == nil {
		kept := p.Now()
		if fi, err := os.Stat(path); err == nil {
			kept = fi.ModTime().UTC()
		}
		s.Stale = &kept
	}
	return db, s, nil
}
