package service

import (
	"bufio"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Unit is a systemd user unit: what of it we care for after it is written.
type Unit struct {
	Exec     []string
	Env      map[string]string
	WantedBy string
	Restart  string
}

// unit is the unit of this manager.
func (m *Manager) unit() Unit {
	return Unit{
		Exec:     append([]string{m.Program()}, m.args()...),
		Env:      m.Env,
		WantedBy: "default.target", // a user manager has no multi-user.target
		Restart:  "on-failure",
	}
}

// Render writes the unit. The rate limit stands in [Unit], where systemd reads
// it; a daemon that crashes six times in ten minutes is left alone, and doctor
// says so.
func (u Unit) Render() string {
	var b strings.Builder
	fmt.Fprintf(&b, `[Unit]
Description=Backup Watchdog: watches iPhone backups from outside
Documentation=man:watchdogd(1) man:watchdogctl(1)
ConditionFileIsExecutable=%s
StartLimitIntervalSec=600
StartLimitBurst=6

[Service]
Type=exec
ExecStart=%s
ExecReload=/bin/kill -HUP $MAINPID
Restart=%s
RestartSec=5
TimeoutStopSec=10
`, unitPath(u.Exec[0]), unitCommand(u.Exec), u.Restart)
	for _, k := range slices.Sorted(maps.Keys(u.Env)) {
		fmt.Fprintf(&b, "Environment=%s\n", unitQuote(k+"="+u.Env[k]))
	}
	fmt.Fprintf(&b, `Nice=5
IOSchedulingClass=idle
NoNewPrivileges=yes
UMask=0077

[Install]
WantedBy=%s
`, u.WantedBy)
	return b.String()
}

// unitPath escapes a path that is a whole value: only specifiers are special.
func unitPath(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// unitQuote writes one word so that systemd takes it literally: in double
// quotes, with C escapes, and "%" doubled (systemd.syntax(7), systemd.unit(5)).
func unitQuote(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(s)
	return `"` + s + `"`
}

// unitCommand writes a command line: each word quoted, and "$" doubled, which
// ExecStart= would expand (systemd.service(5)). The program's own path is not
// subject to that expansion.
func unitCommand(argv []string) string {
	words := []string{unitQuote(argv[0])}
	for _, a := range argv[1:] {
		words = append(words, strings.ReplaceAll(unitQuote(a), "$", "$$"))
	}
	return strings.Join(words, " ")
}

// ParseUnit reads a unit back. Lines it does not know are passed over; a file
// without an ExecStart is an error.
func ParseUnit(data []byte) (Unit, error) {
	u := Unit{}
	sc := bufio.NewScanner(strings.NewReader(string(data)))
	for sc.Scan() {
		key, value, _ := strings.Cut(strings.TrimSpace(sc.Text()), "=")
		switch key {
		case "ExecStart":
			u.Exec = unitWords(value, true)
		case "Environment":
			for _, w := range unitWords(value, false) {
				if u.Env == nil {
					u.Env = map[string]string{}
				}
				k, v, _ := strings.Cut(w, "=")
				u.Env[k] = v
			}
		case "WantedBy":
			u.WantedBy = value
		case "Restart":
			u.Restart = value
		}
	}
	if err := sc.Err(); err != nil || len(u.Exec) == 0 {
		return Unit{}, fmt.Errorf("reading the unit: it names no program to start: %w", ErrBroken)
	}
	return u, nil
}

// unitWords splits a value as systemd does: words, in quotes or not, with C
// escapes and doubled signs. With command set, "$$" after the first word is "$".
func unitWords(s string, command bool) []string {
	var words []string
	var word strings.Builder
	in, quoted := false, false
	end := func() {
		if !in {
			return
		}
		w := strings.ReplaceAll(word.String(), "%%", "%")
		if command && len(words) > 0 {
			w = strings.ReplaceAll(w, "$$", "$")
		}
		words, in = append(words, w), false
		word.Reset()
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted, in = !quoted, true
		case c == '\\' && i+1 < len(s):
			i++
			in = true
			word.WriteByte(s[i])
		case c == ' ' && !quoted:
			end()
		default:
			in = true
			word.WriteByte(c)
		}
	}
	end()
	return words
}

// PackagedUnit is the unit a package of the system brings, for programs in
// /usr/bin.
func PackagedUnit() (string, error) {
	f, err := (&systemd{&Manager{Target: Linux, Source: "/usr/bin"}}).file()
	return f.Content, err
}
