package notify

import (
	"backupwatchdog/daemon/words"
	"context"
	"time"
)

// Hurry makes a webhook impatient, for tests.
func Hurry(w *Webhook) {
	w.post.timeout = 300 * time.Millisecond
	w.post.waits = []time.Duration{time.Millisecond, time.Millisecond}
}

// FormatOf is the shape of a webhook's body.
func FormatOf(w *Webhook) string { return w.format }

// HangingDesktop is a desktop whose notification server does not answer until
// the returned function is called.
func HangingDesktop() (*Desktop, func()) {
	release := make(chan struct{})
	return &Desktop{route: route{darwin: true}, timeout: sendTimeout, slot: make(chan struct{}, callsMost),
		show: func(string, string) error { <-release; return nil }}, func() { close(release) }
}

// RouteOn is the route on a computer where only these programs are found.
func RouteOn(darwin bool, environment map[string]string, run string, programs ...string) *Desktop {
	d := NewDesktop()
	d.route = route{darwin: darwin, run: run, uid: 501,
		getenv: func(name string) string { return environment[name] },
		look: func(name string) (string, error) {
			for _, p := range programs {
				if p == name {
					return "/opt/homebrew/bin/" + name, nil
				}
			}
			return "", context.Canceled
		}}
	return d
}

// WithHomebrew is the PATH that finds what Homebrew installed.
var WithHomebrew = withHomebrew

// TitleOf puts a name before what is the matter.
func TitleOf(device, what string) string { return words.NoticeTitle(device, what) }

// Impatient makes a desktop give up early, for tests.
func Impatient(d *Desktop) { d.timeout = 300 * time.Millisecond }
