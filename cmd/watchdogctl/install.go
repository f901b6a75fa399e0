package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/service"
)

// hintTime bounds what the hint of an unreachable daemon may cost.
const hintTime = 3 * time.Second

const installLong = `Make the watchdog run whenever you log in: copy the programs to a fixed place,
write the service file and start the daemon. Running it again repairs an
installation or replaces an older version; history and settings are kept.

On a Mac the programs go into "Backup Watchdog.app" in ~/Applications, because
macOS ties Full Disk Access to the application. Never run it with sudo.`

// installCommand sets the login service up, or shows what that would do.
func installCommand(p *program) *cobra.Command {
	var dryRun bool
	var target, apps string
	var env []string
	c := &cobra.Command{
		Use:     "install",
		Short:   "Run the watchdog at every login",
		Long:    installLong,
		Example: "  watchdogctl install\n  watchdogctl install --dry-run --target darwin",
		RunE: func(c *cobra.Command, _ []string) error {
			m, err := p.manager()
			if err != nil {
				return err
			}
			m.AppsDir = apps
			if m.Env, err = p.assignments(env); err != nil {
				return err
			}
			if target != "" && !dryRun && target != m.Target {
				return p.misuse(fmt.Errorf("install: --target %s is for --dry-run", target), "add `--dry-run`, or run it on that system")
			}
			if !dryRun {
				m.Running = p.runningHash(c.Context())
				return p.didReport(m.Install(c.Context()))
			}
			if target != "" {
				m.Target = target
			}
			if !service.KnownTarget(m.Target) {
				return p.misuse(fmt.Errorf("install: unknown target %q", m.Target), "one of: "+strings.Join(service.Targets(), ", "))
			}
			return p.dryRun(m)
		},
	}
	f := c.Flags()
	f.BoolVar(&dryRun, "dry-run", false, "print every file and every command, and write nothing")
	f.StringVar(&target, "target", "", "with --dry-run: plan for `SYSTEM`, darwin or linux")
	f.StringVar(&apps, "apps", "", "on a Mac: put the application in `DIR` instead of ~/Applications")
	f.StringArrayVar(&env, "env", nil, "give the daemon `NAME=VALUE` in its environment; may be repeated, and is remembered")
	return c
}

// uninstallCommand removes the login service.
func uninstallCommand(p *program) *cobra.Command {
	var purge bool
	c := &cobra.Command{
		Use:   "uninstall",
		Short: "Stop the watchdog and remove it",
		Long: `Stop the watchdog and remove its programs and service file. History, settings and
logs are kept and listed; with --purge nothing is kept. Backups are never touched.`,
		RunE: func(c *cobra.Command, _ []string) error {
			m, err := p.manager()
			if err != nil {
				return err
			}
			s, looked := m.Inspect(c.Context())
			r, err := m.Uninstall(c.Context(), purge)
			absent := looked == nil && s.Is == service.FileAbsent && !s.Running && (s.Loaded == nil || !*s.Loaded)
			refused := p.GOOS == service.Darwin && p.UID == 0
			if absent && len(r.Done) == 0 && !refused && (err == nil || s.Loaded == nil) { // a manager that cannot be asked has nothing to stop
				r.Done, r.Advice, err = []string{"nothing is installed; nothing was changed"}, nil, nil
			}
			return p.didReport(r, err)
		},
	}
	c.Flags().BoolVar(&purge, "purge", false, "also remove history, settings and logs")
	return c
}

// startCommand, stopCommand and restartCommand drive an installed service.
func startCommand(p *program) *cobra.Command {
	return verbCommand(p, "start", "Start the installed watchdog", "started", (*service.Manager).Start)
}

func stopCommand(p *program) *cobra.Command {
	return verbCommand(p, "stop", "Stop the watchdog until the next login", "stopped", (*service.Manager).Stop)
}

func restartCommand(p *program) *cobra.Command {
	return verbCommand(p, "restart", "Stop the watchdog and start it again", "restarted", (*service.Manager).Restart)
}

// verbCommand is one of the three.
func verbCommand(p *program, name, short, done string, do func(*service.Manager, context.Context) error) *cobra.Command {
	return &cobra.Command{
		Use:   name,
		Short: short,
		RunE: func(c *cobra.Command, _ []string) error {
			m, err := p.manager()
			if err != nil {
				return err
			}
			if err := do(m, c.Context()); err != nil {
				return err
			}
			return p.didReport(service.Report{Done: []string{done + " the watchdog"}}, nil)
		},
	}
}

// manager is the service manager of this run of the program.
func (p *program) manager() (*service.Manager, error) {
	m, err := service.New()
	if err != nil {
		return nil, err
	}
	m.Target, m.UID, m.Getenv, m.Version = p.GOOS, p.UID, p.Getenv, p.Version
	if p.Home != "" {
		m.Home = p.Home
	}
	if p.StateDir != "" {
		if m.StateDir, err = filepath.Abs(p.StateDir); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// runningHash is the code hash of the daemon that runs, "" when none answers.
func (p *program) runningHash(ctx context.Context) string {
	client, err := p.client()
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, hintTime)
	defer cancel()
	s, err := client.Status(ctx)
	if err != nil {
		return ""
	}
	return s.Daemon.CodeHash
}

// assignments reads NAME=VALUE arguments.
func (p *program) assignments(list []string) (map[string]string, error) {
	if len(list) == 0 {
		return nil, nil // what the last installation was told holds
	}
	env := map[string]string{}
	for _, s := range list {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" || strings.ContainsFunc(name, notInName) {
			return nil, p.misuse(fmt.Errorf("install: %q is not NAME=VALUE", s), "for example `--env USBMUXD_SOCKET_ADDRESS=UNIX:/tmp/usbmuxd`")
		}
		env[name] = value
	}
	return env, nil
}

// notInName reports whether r cannot be part of an environment variable's name.
func notInName(r rune) bool {
	return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// didReport prints what an action of the service did, also when it failed half
// way.
func (p *program) didReport(r service.Report, err error) error {
	if p.JSON {
		if err == nil {
			return p.printJSON(struct {
				Schema int `json:"schema"`
				service.Report
			}{1, r})
		}
		return err
	}
	for _, s := range r.Done {
		fmt.Fprintln(p.Stdout, clean(s))
	}
	if len(r.Done) == 0 && err == nil {
		fmt.Fprintln(p.Stdout, "everything is already in order; nothing was changed")
	}
	for _, s := range r.Kept {
		fmt.Fprintln(p.Stdout, "kept "+clean(s))
	}
	for _, s := range r.Advice {
		fmt.Fprintln(p.Stdout, "note: "+clean(s))
	}
	return err
}

// dryRun prints the plan and does nothing else.
func (p *program) dryRun(m *service.Manager) error {
	plan, err := m.Plan()
	if err != nil {
		return err
	}
	if p.JSON {
		return p.printJSON(plan)
	}
	for _, d := range plan.Folders {
		fmt.Fprintf(p.Stdout, "folder %s\n", clean(d))
	}
	for _, f := range plan.Files {
		p.printFile(f)
	}
	for _, l := range plan.Links {
		fmt.Fprintf(p.Stdout, "\nlink %s -> %s\n", clean(l.Path), clean(l.Target))
	}
	fmt.Fprintln(p.Stdout, "\ncommands, in this order:")
	for _, argv := range plan.Commands {
		fmt.Fprintf(p.Stdout, "  %s\n", clean(service.ShellLine(argv)))
	}
	fmt.Fprintln(p.Stdout, "\nnothing was written")
	return nil
}

// printFile prints one file of a plan, text indented below its name.
func (p *program) printFile(f service.File) {
	if f.Source != "" {
		fmt.Fprintf(p.Stdout, "\nfile %s (mode %s)\n  from %s\n", clean(f.Path), f.Mode, clean(f.Source))
		return
	}
	fmt.Fprintf(p.Stdout, "\nfile %s (mode %s)\n", clean(f.Path), f.Mode)
	for line := range strings.Lines(f.Content) {
		fmt.Fprintf(p.Stdout, "  %s\n", strings.TrimRight(line, "\n"))
	}
}

// serviceHint says what the service manager knows of the daemon, and how to
// start it, for when the daemon does not answer.
func serviceHint(p *program) string {
	m, err := p.manager()
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), hintTime)
	defer cancel()
	s, err := m.Inspect(ctx)
	if err != nil {
		return "start it with `watchdogd`"
	}
	switch {
	case s.Is == service.FileAbsent:
		return fmt.Sprintf("%s does not know the watchdog: `watchdogctl install` sets it up, `watchdogd` runs it in a terminal", s.Manager)
	case s.Is == service.FileBroken:
		return "its service file is damaged: `watchdogctl install` repairs it"
	case s.Running:
		return fmt.Sprintf("%s says that it is running (pid %d): give it a moment, or run `watchdogctl restart`", s.Manager, s.PID)
	case s.Disabled:
		return "it is disabled: `watchdogctl install` enables it"
	case s.Err != "":
		return fmt.Sprintf("it is installed, but %s cannot be asked: `watchdogctl doctor` checks every part", s.Manager)
	}
	return "it is installed but not running: `watchdogctl start` starts it"
}
