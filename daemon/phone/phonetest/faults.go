package phonetest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A fault is one thing that goes wrong: a name and its arguments.
type fault struct {
	name string
	args []string
}

// faults are all that are active.
type faults []fault

// faultArgs lists the known faults and how many arguments each must have and
// may have.
func faultArgs() map[string][2]int {
	return map[string][2]int{
		"stall-after": {1, 1}, "stall-before-upload": {0, 0},
		"disconnect-after": {1, 1}, "drop-socket-after": {1, 1},
		"trickle-after": {2, 2}, "cancel-after": {1, 1},
		"error": {1, 2}, "stuck-finishing": {0, 2}, "drop-finishing": {0, 2}, "slow-tail": {1, 1}, "passcode": {0, 2},
		"lost-file": {0, 0}, "no-manifest": {0, 0}, "truncate-manifest-db": {0, 0},
		"no-space": {0, 0}, "ignore-free-space": {0, 0}, "sync-locked": {0, 0},
		"lockdown-error": {0, 1}, "service-error": {0, 2},
	}
}

// parseFaults reads the text of Config.Faults.
func parseFaults(s string) (faults, error) {
	var all faults
	known := faultArgs()
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		fields := strings.Split(part, ":")
		f := fault{name: fields[0], args: fields[1:]}
		n, ok := known[f.name]
		if !ok {
			return nil, fmt.Errorf("%q is not a fault; the package comment of phonetest lists them", f.name)
		}
		if len(f.args) < n[0] || len(f.args) > n[1] {
			return nil, fmt.Errorf("fault %q takes %d to %d arguments", f.name, n[0], n[1])
		}
		if err := f.check(); err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// check refuses arguments that do not parse, or could never strike.
func (f fault) check() error {
	var err error
	switch f.name {
	case "stall-after", "disconnect-after", "drop-socket-after", "cancel-after":
		err = percent(f.args[0])
	case "trickle-after":
		if err = percent(f.args[0]); err == nil {
			_, err = strconv.Atoi(f.args[1])
		}
	case "error":
		if _, err = strconv.Atoi(f.args[0]); err == nil {
			err = oneOf(f.arg(1, ""), "", "before", "upload", "check")
		}
	case "stuck-finishing", "drop-finishing":
		if err = oneOf(f.arg(0, "moving"), "moving", "removing", "verify"); err == nil {
			err = percent(f.arg(1, "0"))
		}
	case "slow-tail":
		_, err = time.ParseDuration(f.args[0])
	case "passcode":
		_, err = time.ParseDuration(f.arg(0, "0"))
	}
	if err != nil {
		return fmt.Errorf("fault %q: %w", f, err)
	}
	return nil
}

// percent refuses what is no share of a run.
func percent(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 0 || n > 100 {
		return fmt.Errorf("%q is not a number of per cent from 0 to 100", s)
	}
	return nil
}

// oneOf refuses what is none of the words.
func oneOf(s string, words ...string) error {
	if !slices.Contains(words, s) {
		return fmt.Errorf("%q is none of %s", s, strings.TrimPrefix(strings.Join(words, ", "), ", "))
	}
	return nil
}

func (f fault) String() string { return strings.Join(append([]string{f.name}, f.args...), ":") }

// find looks a fault up by name.
func (fs faults) find(name string) (fault, bool) {
	for _, f := range fs {
		if f.name == name {
			return f, true
		}
	}
	return fault{}, false
}

// arg is the i-th argument, or a default.
func (f fault) arg(i int, otherwise string) string {
	if i < len(f.args) {
		return f.args[i]
	}
	return otherwise
}

// int is the i-th argument as a number; parseFaults has checked it.
func (f fault) int(i int) int64 {
	n, _ := strconv.ParseInt(f.arg(i, "0"), 10, 64)
	return n
}

// duration is the i-th argument as a duration; 0 when absent.
func (f fault) duration(i int) time.Duration {
	d, _ := time.ParseDuration(f.arg(i, "0"))
	return d
}
