package config

import (
	"encoding/json"
	"net/url"
	"strconv"
)

// Entry is one key as `watchdogctl config show` prints it.
type Entry struct {
	Key string `json:"key"`
	// Value is what is in force; Literal the same as a file would have it.
	Value   any    `json:"value"`
	Literal string `json:"-"`
	Origin  string `json:"origin"`
	// Env is the variable that would override it.
	Env string `json:"env"`
	// Means says what the key does, in one line.
	Means string `json:"means"`
}

// Entries lists every key, in the manual's order. Passwords within web
// addresses are masked.
func Entries(c Config, o Origins) []Entry {
	var list []Entry
	for _, s := range settings() {
		v := mask(s.get(c))
		origin := o[s.key]
		if origin == "" {
			origin = OriginDefault
		}
		list = append(list, Entry{s.key, v, literal(v), origin, s.env(), s.means})
	}
	return list
}

// mask hides the password of a web address.
func mask(v any) any {
	s, ok := v.(string)
	if !ok {
		if list, isList := v.([]string); isList && list == nil {
			return []string{}
		}
		return v
	}
	u, err := url.Parse(s)
	if err != nil || u.User == nil {
		return s
	}
	return u.Redacted()
}

// literal writes v as TOML. JSON's strings and lists are valid TOML.
func literal(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	b, err := json.Marshal(v)
	if err != nil { // unreachable: strings, numbers and lists of strings
		return ""
	}
	return string(b)
}
