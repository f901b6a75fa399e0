// Package trace is the watchdog's flight recorder: what was known of each
// backup at which second, without a single name, and the player that runs such
// a record through the same judgement in simulated time. A person can send a
// trace with a bug report; a recorded run becomes a test case as it is.
//
// A trace is one JSON object a line. The first sets the rules:
//
//	{"schema": 1, "t": 0, "patience": {"preparing": 2700, …}, "platform": "darwin"}
//
// each other one gives what is known of one backup at t seconds; a missing key
// means unchanged, null unknown:
//
//	{"t": 12.5, "udid": "A", "status": {"state": "uploading", "backup": "empty"}, "files": 1204}
//
// and {"t": 9000, "end": true} ends it.
package trace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"backupwatchdog/daemon/backup"
)

// Schema is the number of the format.
const Schema = 1

// maxT bounds the seconds of a trace: thirty years.
const maxT = 1e9

// maxLine bounds one line of a trace, in bytes.
const maxLine = 64 << 10

// Zero is the calendar time that t = 0 of a trace stands for.
var Zero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Header is the first line.
type Header struct {
	Schema   int      `json:"schema"`
	T        float64  `json:"t"`
	Patience Patience `json:"patience"`
	Platform string   `json:"platform"`
}

// Patience is [patience] of the configuration, in seconds.
type Patience struct {
	Preparing     float64 `json:"preparing"`
	Transferring  float64 `json:"transferring"`
	Finishing     float64 `json:"finishing"`
	Settling      float64 `json:"settling"`
	WitnessFactor float64 `json:"witness_factor"`
	Learn         bool    `json:"learn"`
}

// PatienceOf writes rules as a header has them.
func PatienceOf(r backup.Rules) Patience {
	return Patience{r.Preparing.Seconds(), r.Transferring.Seconds(), r.Finishing.Seconds(), r.Settling.Seconds(), r.WitnessFactor, r.Learn}
}

// rules fills in what a header says over what holds by default.
func (h Header) rules(raw map[string]json.RawMessage) (backup.Rules, error) {
	r := backup.DefaultRules()
	for key, to := range map[string]*time.Duration{"preparing": &r.Preparing, "transferring": &r.Transferring,
		"finishing": &r.Finishing, "settling": &r.Settling} {
		v, ok := raw[key]
		if !ok {
			continue
		}
		var sec float64
		if err := json.Unmarshal(v, &sec); err != nil || !(sec > 0) || sec > 1e8 {
			return r, fmt.Errorf("patience.%s is no number of seconds above 0", key)
		}
		*to = seconds(sec)
	}
	if _, ok := raw["witness_factor"]; ok {
		if r.WitnessFactor = h.Patience.WitnessFactor; !(r.WitnessFactor >= 1) {
			return r, errors.New("patience.witness_factor is under 1")
		}
	}
	if _, ok := raw["learn"]; ok {
		r.Learn = h.Patience.Learn
	}
	return r, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// line is one line after the first.
type line struct {
	t     float64
	udid  string
	slept float64
	end   bool
	keys  map[string]json.RawMessage
}

// reader reads a trace line by line.
type reader struct {
	sc *bufio.Scanner
	n  int
	t  float64
}

func newReader(r io.Reader) *reader {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 4096), maxLine)
	return &reader{sc: sc}
}

// next returns the next line that is not blank; io.EOF at the end.
func (r *reader) next() (map[string]json.RawMessage, error) {
	for r.sc.Scan() {
		r.n++
		b := bytes.TrimSpace(r.sc.Bytes())
		if len(b) == 0 {
			continue
		}
		var keys map[string]json.RawMessage
		if err := json.Unmarshal(b, &keys); err != nil || keys == nil {
			return nil, r.errorf("not a JSON object")
		}
		return keys, nil
	}
	if err := r.sc.Err(); errors.Is(err, bufio.ErrTooLong) {
		r.n++
		return nil, r.errorf("longer than %d bytes", maxLine)
	} else if err != nil {
		return nil, err
	}
	return nil, io.EOF
}

func (r *reader) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %s", r.n, fmt.Sprintf(format, args...))
}

// header reads the first line.
func (r *reader) header() (Header, backup.Rules, error) {
	var h Header
	keys, err := r.next()
	if err == io.EOF {
		return h, backup.Rules{}, errors.New("the trace is empty")
	}
	if err != nil {
		return h, backup.Rules{}, err
	}
	b, _ := json.Marshal(keys)
	if err := json.Unmarshal(b, &h); err != nil {
		return h, backup.Rules{}, r.errorf("the first line does not say how to judge: %v", err)
	}
	if h.Schema != Schema {
		return h, backup.Rules{}, r.errorf("schema %d is not known here (known: %d); the first line must name it", h.Schema, Schema)
	}
	var patience map[string]json.RawMessage
	if raw, ok := keys["patience"]; ok {
		if err := json.Unmarshal(raw, &patience); err != nil {
			return h, backup.Rules{}, r.errorf("patience is not an object")
		}
	}
	rules, err := h.rules(patience)
	if err != nil {
		return h, rules, r.errorf("%v", err)
	}
	if h.T < 0 || h.T > maxT {
		return h, rules, r.errorf("t is negative or beyond thirty years")
	}
	r.t = h.T
	return h, rules, nil
}

// line reads a line after the first. Times never go back.
func (r *reader) line() (line, error) {
	keys, err := r.next()
	if err != nil {
		return line{}, err
	}
	l := line{keys: keys}
	for key, to := range map[string]any{"t": &l.t, "udid": &l.udid, "slept": &l.slept, "end": &l.end} {
		if raw, ok := keys[key]; ok {
			if err := json.Unmarshal(raw, to); err != nil {
				return line{}, r.errorf("%s: %v", key, err)
			}
		}
	}
	if _, ok := keys["t"]; !ok || math.IsNaN(l.t) || l.t < r.t || l.t > maxT {
		return line{}, r.errorf("t is missing or goes back, or is beyond thirty years")
	}
	if l.slept < 0 || l.slept > l.t-r.t+1 {
		return line{}, r.errorf("slept is more than the time since the last line")
	}
	if l.udid == "" && !l.end {
		return line{}, r.errorf("udid is missing")
	}
	r.t = l.t
	return l, nil
}
