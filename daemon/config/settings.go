package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A setting is one key: how its value is taken in, checked, and written out.
type setting struct {
	key string
	// means says what it does, in a line of at most 90 characters.
	means string
	// set takes a value of TOML (string, bool, int64, float64, []any) or a
	// [text] from the environment. Its error says what is wrong, without the key.
	set func(c *Config, v any, home string) error
	// get returns the value as TOML would have it.
	get func(c Config) any
}

// text is a value that came without a type: from the environment.
type text string

// settings is every key there is, in the order the manual has them.
func settings() []setting {
	return []setting{
		{"roots", "the folders that hold backups; empty: this system's usual folder", setRoots, func(c Config) any { return c.Roots }},

		span("patience.preparing", "longest quiet time that is still normal while the iPhone gathers what to send", func(c *Config) *time.Duration { return &c.Patience.Preparing }, time.Millisecond),
		span("patience.transferring", "the same while files are copied", func(c *Config) *time.Duration { return &c.Patience.Transferring }, time.Millisecond),
		span("patience.finishing", "the same while new files are moved into place", func(c *Config) *time.Duration { return &c.Patience.Finishing }, time.Millisecond),
		span("patience.settling", "the only allowance for half-written files, and the quiet time that ends a run", func(c *Config) *time.Duration { return &c.Patience.Settling }, time.Millisecond),
		factor("patience.witness_factor", "how many times longer before a notice, when nothing else confirms that it is stuck", func(c *Config) *float64 { return &c.Patience.WitnessFactor }),
		flag("patience.learn", "learn the first three of these from each iPhone's own complete backups", func(c *Config) *bool { return &c.Patience.Learn }),
		span("patience.overdue", "days with the iPhone within reach and no complete backup before one is overdue", func(c *Config) *time.Duration { return &c.Patience.Overdue }, day),

		span("sampling.active", "how often a running backup is looked at", func(c *Config) *time.Duration { return &c.Sampling.Active }, 100*time.Millisecond),
		span("sampling.idle", "how often all folders are looked at when no backup runs; file events trigger it earlier", func(c *Config) *time.Duration { return &c.Sampling.Idle }, 100*time.Millisecond),

		flag("verify.after_backup", "compare each finished backup with its index, file by file", func(c *Config) *bool { return &c.Verify.AfterBackup }),
		span("verify.every", "compare it again after this long; 0s: never again", func(c *Config) *time.Duration { return &c.Verify.Every }, 0),

		flag("phone.enabled", "ask connected iPhones (read-only, with the pairing this computer has; never pairs)", func(c *Config) *bool { return &c.Phone.Enabled }),

		flag("apple_status.enabled", "read Apple's System Status page while an iCloud backup is overdue", func(c *Config) *bool { return &c.AppleStatus.Enabled }),
		str("apple_status.url", "where that page's data is", func(c *Config) *string { return &c.AppleStatus.URL }, checkNeededURL),

		flag("notify.desktop", "show notices on the desktop", func(c *Config) *bool { return &c.Notify.Desktop }),
		str("notify.minimum", "the lowest severity to send: info, warning or critical", func(c *Config) *string { return &c.Notify.Minimum }, checkSeverity),
		span("notify.repeat", "how often to repeat a warning or worse that still holds", func(c *Config) *time.Duration { return &c.Notify.Repeat }, time.Millisecond),
		count("notify.daily_cap", "most notices a day, and three times as many with critical ones", func(c *Config) *int { return &c.Notify.DailyCap }),
		str("notify.quiet", "hours without notices, such as 22:00-07:00; critical ones and the passcode still come", func(c *Config) *string { return &c.Notify.Quiet }, checkQuiet),
		{"notify.command", "a program and its arguments; it gets each notice as JSON on standard input", setCommand, func(c Config) any { return c.Notify.Command }},
		str("notify.webhook", "an address that gets each notice as JSON, by POST (such as ntfy, Slack, Home Assistant)", func(c *Config) *string { return &c.Notify.Webhook }, checkURL),
		str("notify.ping", "a dead-man service (healthchecks-style): URL/start, URL and URL/fail are called", func(c *Config) *string { return &c.Notify.Ping }, checkURL),
		flag("notify.weekly", "a short message once a week that all is well", func(c *Config) *bool { return &c.Notify.Weekly }),

		{"metrics.textfile", "a file for Prometheus, replaced at each change; empty: none", setTextfile, func(c Config) any { return c.Metrics.Textfile }},
	}
}

// env returns the variable that sets the key: WATCHDOG_NOTIFY_DESKTOP.
func (s setting) env() string {
	return "WATCHDOG_" + strings.ToUpper(strings.ReplaceAll(s.key, ".", "_"))
}

// span is a duration of at least least; zero is refused unless least is 0.
func span(key, means string, at func(*Config) *time.Duration, least time.Duration) setting {
	set := func(c *Config, v any, _ string) error {
		s, ok := asString(v)
		if !ok {
			return wrongType(v, `a span of time in quotes, such as "45m" or "7d"`)
		}
		d, err := ParseDuration(s)
		switch {
		case err != nil:
			return err
		case d < 0:
			return fmt.Errorf("%q is negative", s)
		case d == 0 && least > 0:
			return fmt.Errorf("%q is zero; it must be longer", s)
		case d < least:
			return fmt.Errorf("%q is too short; the minimum is %s", s, FormatDuration(least))
		}
		*at(c) = d
		return nil
	}
	return setting{key, means, set, func(c Config) any { return FormatDuration(*at(&c)) }}
}

// flag is true or false.
func flag(key, means string, at func(*Config) *bool) setting {
	set := func(c *Config, v any, _ string) error {
		if t, ok := v.(text); ok {
			b, err := strconv.ParseBool(strings.ToLower(string(t)))
			if err != nil {
				return fmt.Errorf("%q is neither true nor false", string(t))
			}
			v = b
		}
		b, ok := v.(bool)
		if !ok {
			return wrongType(v, "true or false, without quotes")
		}
		*at(c) = b
		return nil
	}
	return setting{key, means, set, func(c Config) any { return *at(&c) }}
}

// factor is a number of at least 1 and at most 100.
func factor(key, means string, at func(*Config) *float64) setting {
	set := func(c *Config, v any, _ string) error {
		if t, ok := v.(text); ok {
			f, err := strconv.ParseFloat(string(t), 64)
			if err != nil {
				return fmt.Errorf("%q is not a number", string(t))
			}
			v = f
		}
		if n, ok := v.(int64); ok {
			v = float64(n)
		}
		f, ok := v.(float64)
		if !ok {
			return wrongType(v, "a number, such as 1.5")
		}
		if math.IsNaN(f) || f < 1 || f > 100 {
			return fmt.Errorf("%v is out of range; it must be from 1 to 100", f)
		}
		*at(c) = f
		return nil
	}
	return setting{key, means, set, func(c Config) any { return *at(&c) }}
}

// count is a whole number from 1 to 1000.
func count(key, means string, at func(*Config) *int) setting {
	set := func(c *Config, v any, _ string) error {
		if t, ok := v.(text); ok {
			n, err := strconv.ParseInt(string(t), 10, 64)
			if err != nil {
				return fmt.Errorf("%q is not a whole number", string(t))
			}
			v = n
		}
		n, ok := v.(int64)
		if !ok {
			return wrongType(v, "a whole number")
		}
		if n < 1 || n > 1000 {
			return fmt.Errorf("%d is out of range; it must be from 1 to 1000", n)
		}
		*at(c) = int(n)
		return nil
	}
	return setting{key, means, set, func(c Config) any { return *at(&c) }}
}

// str is a text that check accepts.
func str(key, means string, at func(*Config) *string, check func(string) error) setting {
	set := func(c *Config, v any, _ string) error {
		s, ok := asString(v)
		if !ok {
			return wrongType(v, "text in quotes")
		}
		if err := check(s); err != nil {
			return err
		}
		*at(c) = s
		return nil
	}
	return setting{key, means, set, func(c Config) any { return *at(&c) }}
}

// maxRoots bounds how many folders are watched.
const maxRoots = 64

// setRoots takes the watched folders, "~" expanded.
func setRoots(c *Config, v any, home string) error {
	list, err := asList(v, func(s string) []string { return filepath.SplitList(s) })
	if err != nil {
		return err
	}
	if len(list) > maxRoots {
		return fmt.Errorf("%d folders are too many; the maximum is %d", len(list), maxRoots)
	}
	var roots []string
	for _, s := range list {
		path, err := absolute(s, home)
		if err != nil {
			return err
		}
		if !slices.Contains(roots, path) {
			roots = append(roots, path)
		}
	}
	c.Roots = roots
	return nil
}

// setCommand takes a program and its arguments; the program may begin with "~".
func setCommand(c *Config, v any, home string) error {
	list, err := asList(v, strings.Fields)
	if err != nil {
		return err
	}
	if len(list) > 0 {
		if list[0] == "" {
			return errors.New("the name of the program is empty")
		}
		list[0] = Expand(list[0], home)
	}
	c.Notify.Command = list
	return nil
}

// setTextfile takes the path of the metrics file; "" is nowhere.
func setTextfile(c *Config, v any, home string) error {
	s, ok := asString(v)
	if !ok {
		return wrongType(v, "a path in quotes")
	}
	if s != "" {
		path, err := absolute(s, home)
		if err != nil {
			return err
		}
		s = path
	}
	c.Metrics.Textfile = s
	return nil
}

// absolute expands "~" and insists on an absolute path: the daemon has no
// working folder a person would think of.
func absolute(s, home string) (string, error) {
	path := Expand(s, home)
	switch {
	case s == "":
		return "", errors.New("a path is empty")
	case strings.ContainsRune(s, 0):
		return "", fmt.Errorf("the path %q contains a zero byte", s)
	case !filepath.IsAbs(path):
		return "", fmt.Errorf("%q is not a full path; begin it with / or ~/", s)
	}
	return filepath.Clean(path), nil
}

// asString accepts a TOML string or text.
func asString(v any) (string, bool) {
	switch s := v.(type) {
	case string:
		return s, true
	case text:
		return string(s), true
	}
	return "", false
}

// asList accepts a TOML array of strings; text is a JSON array, or cut by split.
func asList(v any, split func(string) []string) ([]string, error) {
	if t, ok := v.(text); ok {
		if !strings.HasPrefix(strings.TrimSpace(string(t)), "[") {
			return split(string(t)), nil
		}
		var list []string
		if err := json.Unmarshal([]byte(t), &list); err != nil {
			return nil, fmt.Errorf(`%q is not a list; write it as ["one", "two"]`, string(t))
		}
		return list, nil
	}
	items, ok := v.([]any)
	if !ok {
		return nil, wrongType(v, `a list of texts, such as ["one", "two"]`)
	}
	list := make([]string, 0, len(items))
	for _, it := range items {
		s, ok := it.(string)
		if !ok {
			return nil, wrongType(it, `a list of texts, such as ["one", "two"]`)
		}
		list = append(list, s)
	}
	return list, nil
}

// wrongType says what stands there and what should.
func wrongType(v any, want string) error {
	have := "this value"
	switch v := v.(type) {
	case string:
		have = fmt.Sprintf("the text %q", v)
	case bool, int64, float64:
		have = fmt.Sprint(v)
	case []any:
		have = "a list"
	case map[string]any:
		have = "a table"
	}
	return fmt.Errorf("%s is not allowed here; it must be %s", have, want)
}

func checkSeverity(s string) error {
	if s == "info" || s == "warning" || s == "critical" {
		return nil
	}
	return fmt.Errorf("%q is none of info, warning, critical", s)
}

func checkQuiet(s string) error {
	_, _, _, err := ParseQuiet(s)
	return err
}

// checkURL accepts an http or https address, and "" for none.
func checkURL(s string) error {
	if s == "" {
		return nil
	}
	return checkNeededURL(s)
}

func checkNeededURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Opaque != "":
		return fmt.Errorf("%q is not a web address", s)
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%q must begin with https:// or http://", s)
	case u.Hostname() == "":
		return fmt.Errorf("%q names no host", s)
	}
	return nil
}
