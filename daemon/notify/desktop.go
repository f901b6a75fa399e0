package notify

import (
	"backupwatchdog/daemon/words"
	"context"
	_ "embed"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/gen2brain/beeep"
)

// picture is drawn by package icon; a test keeps the two in step. It is always
// given as bytes: terminal-notifier fails on a stock name or an empty one.
//
//go:embed icon.png
var picture []byte

// callsMost is how many calls to the desktop may be under way: one that is
// waited for, and those that were given up.
const callsMost = 4

// Desktop shows notices on this computer's screen.
type Desktop struct {
	route   route
	timeout time.Duration
	// slot holds a token for each call under way. One that hangs (a stopped
	// notification server, an osascript that never ends) cannot be interrupted:
	// it is left behind, and there are never more than a few.
	slot chan struct{}
	show func(title, body string) error
}

// NewDesktop returns the desktop channel. On a Mac it makes the folders of
// Homebrew part of this process's PATH, because launchd leaves them out and
// terminal-notifier lies there.
func NewDesktop() *Desktop {
	if runtime.GOOS == "darwin" {
		os.Setenv("PATH", withHomebrew(os.Getenv("PATH")))
	}
	beeep.AppName = words.Product
	d := &Desktop{route: hostRoute(), timeout: sendTimeout, slot: make(chan struct{}, callsMost)}
	d.show = func(title, body string) error { return beeep.Notify(title, body, picture) }
	return d
}

// Name implements Channel.
func (d *Desktop) Name() string { return "desktop" }

// Send implements Channel. nil means that the system took the notice, not that
// it was shown, let alone seen.
func (d *Desktop) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	select {
	case d.slot <- struct{}{}:
	case <-ctx.Done():
		return refusal(words.DesktopBusy(), ctx.Err())
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-d.slot }()
		done <- d.deliver(ctx, m)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return refusal(words.DesktopSilent(d.timeout), ctx.Err())
	}
}

// deliver cleans the texts for the route and hands them over.
func (d *Desktop) deliver(ctx context.Context, m Message) error {
	title, body := Plain(m.Title, words.TitleMost), Plain(m.Body, words.BodyMost)
	if title == "" {
		title = words.Product
	}
	if d.route.darwin {
		return d.refused(d.show(title, body))
	}
	markup, err := d.route.bodyMarkup(ctx)
	if err != nil {
		return err
	}
	if markup {
		body = escapeMarkup(body)
	}
	return d.refused(d.show(title, body))
}

// refused adds a next step to an error of the desktop.
func (d *Desktop) refused(err error) error {
	if err == nil {
		return nil
	}
	return refusal(words.DesktopRefused(err.Error(), d.route.darwin), err)
}

// withHomebrew adds the folders of Homebrew (Apple silicon, Intel) to a PATH
// that lacks them.
func withHomebrew(path string) string {
	for _, dir := range []string{"/opt/homebrew/bin", "/usr/local/bin"} {
		if !strings.Contains(":"+path+":", ":"+dir+":") {
			path += ":" + dir
		}
	}
	return strings.TrimPrefix(path, ":")
}
