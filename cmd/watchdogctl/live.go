package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/words"
)

// Pace of the live view.
const (
	liveTick  = time.Second      // times count on
	curveTime = 10 * time.Second // the curve of the last hour is asked for again
	// driftMost is how far the view counts a silence on by itself. Longer
	// without a word from the watchdog, and the number would be invented.
	driftMost = 15 * time.Second
	noteTime  = 4 * time.Second // a word in the last line stays
)

// live is what the live view shows and remembers. Its methods never change it:
// each message makes the next one. It is drawn by [live.view], a pure function.
type live struct {
	look
	height int
	s      control.Status
	got    time.Time // when s came
	phone  string    // key of the chosen phone; "" the first, which is the worst
	// steps is which finding's fix fills the view, from 1; 0 none does.
	steps  int
	help   bool
	scroll int // lines of the body above the window
	note   string
	noted  time.Time
	curves map[string][]control.Sample // by phone and run, see curveKey
	asked  time.Time
	err    error // why the view ends by itself
	// fetch asks for a curve; nil in a test that needs none. narrow leaves only
	// the wanted phone of a status.
	fetch  func(udid string, started time.Time) tea.Cmd
	narrow func(control.Status) (control.Status, error)
}

// The messages of the view, beside those of keys and sizes.
type (
	cameStatus control.Status
	cameCurve  struct {
		key string
		pts []control.Sample
	}
	ended  struct{ err error }
	ticked time.Time
)

// livable reports whether there is a terminal for the live view: one that can
// be drawn on, and a keyboard. Else the plain picture does.
func (p *program) livable(v view) bool {
	return p.repaints(v) && p.StdinTerminal && p.Getenv("TERM") != "dumb"
}

// live shows the status, live, until the reader has seen enough.
func (p *program) live(ctx context.Context, v view) error {
	client, err := p.client()
	if err != nil {
		return err
	}
	s, err := client.Status(ctx)
	if err != nil {
		return p.unreachable(err)
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	m := live{look: p.look(), narrow: func(s control.Status) (control.Status, error) { return p.narrow(s, v) }}
	m.fetch = func(udid string, started time.Time) tea.Cmd {
		return func() tea.Msg {
			pts, err := client.Samples(inner, udid, started)
			if err != nil {
				pts = nil // then there is no curve
			}
			return cameCurve{curveKey(udid, started), pts}
		}
	}
	if m, err = m.take(s); err != nil {
		return err
	}
	prog := tea.NewProgram(teaModel{m, p.Now}, tea.WithContext(ctx), tea.WithInput(p.Stdin), tea.WithOutput(raw(p.Stdout)),
		tea.WithEnvironment(p.Environ), tea.WithoutSignalHandler(), tea.WithWindowSize(p.windowSize()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := client.Events(inner, func(s control.Status) error {
			prog.Send(cameStatus(s))
			return inner.Err()
		})
		prog.Send(ended{err})
	}()
	final, err := prog.Run()
	cancel()
	<-done
	switch t, ok := final.(teaModel); {
	case ctx.Err() != nil:
		return nil
	case ok && t.m.err != nil:
		return p.liveEnd(t.m.err)
	}
	return err
}

// windowSize is the terminal's, or a usual one where it is not known.
func (p *program) windowSize() (width, height int) {
	width, height = 80, 24
	if p.Width != nil && p.Height != nil && p.Width() > 0 && p.Height() > 0 {
		return p.Width(), p.Height()
	}
	return width, height
}

// liveEnd words why the view ended by itself.
func (p *program) liveEnd(err error) error {
	if _, ok := errors.AsType[*exit](err); ok {
		return err
	}
	return p.unreachable(err)
}

// teaModel gives the view to Bubble Tea.
type teaModel struct {
	m   live
	now func() time.Time
}

// Init begins the ticking.
func (t teaModel) Init() tea.Cmd { return tick() }

func tick() tea.Cmd { return tea.Tick(liveTick, func(t time.Time) tea.Msg { return ticked(t) }) }

// Update is the view after a message.
func (t teaModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	t.m.now = t.now()
	m, cmd := t.m.update(msg)
	t.m = m
	return t, cmd
}

// View draws it on a screen of its own, which is given back at the end.
func (t teaModel) View() tea.View {
	v := tea.NewView(t.m.view())
	v.AltScreen = true
	v.WindowTitle = words.Product
	return v
}

// update is the view after a message, and what is to be done besides.
func (m live) update(msg tea.Msg) (live, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = min(max(msg.Width, 20), 200), msg.Height
	case tea.KeyPressMsg:
		return m.key(msg.String())
	case cameStatus:
		next, err := m.take(control.Status(msg))
		if err != nil {
			m.err = err
			return m, tea.Quit
		}
		return next.ask()
	case cameCurve:
		m.curves = map[string][]control.Sample{msg.key: msg.pts} // one at a time is shown
	case ended:
		m.err = msg.err
		return m, tea.Quit
	case ticked:
		if m.now.Sub(m.noted) > noteTime {
			m.note = ""
		}
		next, cmd := m.ask()
		return next, tea.Batch(cmd, tick())
	}
	return m, nil
}

// take puts a status in the place of the one before.
func (m live) take(s control.Status) (live, error) {
	if m.narrow != nil {
		var err error
		if s, err = m.narrow(s); err != nil {
			return m, err
		}
	}
	m.s, m.got = s, m.now
	return m, nil
}

// ask asks for the chosen run's curve, when it is time.
func (m live) ask() (live, tea.Cmd) {
	b, ok := m.chosen()
	if !ok || !b.Phase.Active() || b.Run == nil || m.fetch == nil {
		return m, nil
	}
	if _, have := m.curves[curveKey(b.UDID, b.Run.Started)]; have && m.now.Sub(m.asked) < curveTime {
		return m, nil
	}
	if m.now.Sub(m.asked) < liveTick && !m.asked.IsZero() {
		return m, nil
	}
	m.asked = m.now
	return m, m.fetch(b.UDID, b.Run.Started)
}

func curveKey(udid string, started time.Time) string {
	return fmt.Sprintf("%s %d", udid, started.UnixMilli())
}

// key is the view after a key.
func (m live) key(k string) (live, tea.Cmd) {
	switch k {
	case "q", "ctrl+c", "ctrl+d":
		return m, tea.Quit
	case "?", "h":
		m.help, m.scroll = !m.help, 0
	case "esc", "backspace":
		m.help, m.steps, m.scroll = false, 0, 0
	case "tab", "right", "l":
		return m.turn(1).ask()
	case "shift+tab", "left":
		return m.turn(-1).ask()
	case "down", "j":
		m.scroll++
	case "up", "k":
		m.scroll--
	case "pgdown", "space", " ":
		m.scroll += max(1, m.height/2)
	case "pgup":
		m.scroll -= max(1, m.height/2)
	case "enter":
		m.help, m.scroll = false, 0
		if m.steps++; m.steps > len(m.fixable()) {
			m.steps = 0
		}
	case "c":
		return m.copy()
	}
	m.scroll = min(max(m.scroll, 0), m.overflow())
	return m, nil
}

// turn chooses the next phone, or the one before.
func (m live) turn(by int) live {
	list := m.phones()
	if len(list) == 0 {
		return m
	}
	b, _ := m.chosen()
	i := slices.IndexFunc(list, func(x control.Backup) bool { return phoneKey(x) == phoneKey(b) })
	m.phone = phoneKey(list[(i+by+len(list))%len(list)])
	m.steps, m.scroll, m.help = 0, 0, false
	return m
}

func phoneKey(b control.Backup) string { return b.UDID + "\x00" + b.Path }

// phones are the backups that are watched, those in trouble first.
func (m live) phones() []control.Backup {
	p := &picture{look: m.look, s: m.s}
	list, _ := p.sorted()
	return list
}

// chosen is the phone that is shown.
func (m live) chosen() (control.Backup, bool) {
	list := m.phones()
	if len(list) == 0 {
		return control.Backup{}, false
	}
	i := slices.IndexFunc(list, func(b control.Backup) bool { return phoneKey(b) == m.phone })
	return list[max(i, 0)], true
}

// fixable are the findings in view that come with steps, the worst first.
func (m live) fixable() []backup.Finding {
	list := slices.Clone(m.s.Findings)
	if b, ok := m.chosen(); ok {
		list = append(list, b.Findings...)
	}
	list = slices.DeleteFunc(list, func(f backup.Finding) bool { return len(f.Fix.Steps) == 0 })
	slices.SortStableFunc(list, func(a, b backup.Finding) int { return int(b.Severity) - int(a.Severity) })
	return list
}

// quoted is a command in a text, between backquotes.
var quoted = regexp.MustCompile("`([^`]+)`")

// copy puts the command of the fix into the clipboard, through the terminal.
func (m live) copy() (live, tea.Cmd) {
	title, text := m.command()
	m.noted = m.now
	if text == "" {
		m.note = words.NothingToCopy
		return m, nil
	}
	m.note = words.Copied(title, text)
	return m, tea.SetClipboard(text)
}

// command is the first command of the fix in view; where its steps hold none,
// the one that explains it. The title says of which fix: on the overview there
// may be several.
func (m live) command() (title, command string) {
	list := m.fixable()
	if len(list) == 0 {
		return "", ""
	}
	fix := list[min(max(m.steps, 1), len(list))-1].Fix
	for _, s := range fix.Steps {
		if hit := quoted.FindStringSubmatch(s); hit != nil && !strings.ContainsAny(clean(hit[1]), "\uFFFD") {
			return fix.Title, clean(hit[1])
		}
	}
	return fix.Title, clean(words.ExplainCommand(string(fix.ID)))
}
