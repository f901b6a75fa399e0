package main

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/notify"
	"backupwatchdog/daemon/trace"
)

// leaf reports whether a format shows the value as one key.
func leaf(t reflect.Type, path string) bool {
	return t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[backup.Finding]() || path == "unseen[]"
}

// keysOf lists the paths of the keys that a value of this type is written with.
func keysOf(t reflect.Type, path string, top bool) []string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case !top && leaf(t, path):
		return []string{path}
	case t.Kind() == reflect.Slice:
		return keysOf(t.Elem(), path+"[]", false)
	case t.Kind() != reflect.Struct:
		return []string{path}
	}
	var list []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			list = append(list, keysOf(f.Type, path, true)...)
		case !f.IsExported() || name == "-":
		default:
			list = append(list, keysOf(f.Type, strings.TrimPrefix(path+"."+name, "."), false)...)
		}
	}
	return list
}

// written are the keys of each format, as they are really written.
func written(t *testing.T) map[string][]string {
	of := func(v ...any) []string {
		var list []string
		for _, x := range v {
			list = append(list, keysOf(reflect.TypeOf(x), "", true)...)
		}
		return list
	}
	var notice map[string]any
	if err := json.Unmarshal(notify.MessageOf(notify.Decision{}).Object, &notice); err != nil {
		t.Fatal(err)
	}
	for k := range notice["backup"].(map[string]any) {
		notice["backup."+k] = true
	}
	delete(notice, "backup")
	return map[string][]string{
		"status":  of(control.Status{}),
		"finding": of(backup.Finding{}),
		"check":   of(checked{}),
		"history": of(control.History{}),
		"explain": of(conditionJSON{}, fixJSON{}),
		"doctor": of(struct {
			Schema   int         `json:"schema"`
			Version  string      `json:"version"`
			Platform string      `json:"platform"`
			Checks   []diagnosis `json:"checks"`
		}{}),
		"replay": of(trace.Event{}),
		"notice": slices.Collect(maps.Keys(notice)),
		"trace": append(trace.Keys(), "schema", "t", "patience", "platform", "udid", "slept", "end", "check",
			"status.state", "status.backup", "status.chain", "status.full", "status.at", "status.date"),
	}
}

// TestFormatsSayEveryKey: no key without a word, no word without a key, and none
// said twice. A line about a whole object (run, status) may stand beside its keys.
func TestFormatsSayEveryKey(t *testing.T) {
	real := written(t)
	for _, f := range formats {
		if real[f.name] == nil {
			t.Errorf("%s: nothing is written in this format", f.name)
		}
		said := map[string]bool{}
		for _, r := range f.rows() {
			if said[r.left] {
				t.Errorf("%s: %s is said twice", f.name, r.left)
			}
			said[r.left] = true
			parent := slices.ContainsFunc(real[f.name], func(k string) bool { return strings.HasPrefix(k, r.left+".") })
			if !parent && !slices.Contains(real[f.name], r.left) {
				t.Errorf("%s: %s is said and not written", f.name, r.left)
			}
			if r.right == "" || strings.HasSuffix(r.right, ".") {
				t.Errorf("%s: %s: %q", f.name, r.left, r.right)
			}
		}
		for _, k := range real[f.name] {
			if !said[k] {
				t.Errorf("%s: %s is written and not said", f.name, k)
			}
		}
	}
}
