package phone

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/plist"
)

// maxText bounds a name from a phone, in characters.
const maxText = 120

// value decodes one value of an answer, named by the keys that lead to it. Each
// is decoded by itself: the decoder gives all or nothing, and one value of an
// odd type must not hide the others. ok is false when it is absent or not a T.
func value[T any](body []byte, path ...string) (v T, ok bool) {
	typ := reflect.TypeFor[*T]()
	for i := len(path) - 1; i >= 0; i-- {
		typ = reflect.StructOf([]reflect.StructField{{
			Name: "V", Type: typ, Tag: reflect.StructTag(fmt.Sprintf("plist:%q", path[i])),
		}})
	}
	holder := reflect.New(typ)
	if plist.Unmarshal(body, holder.Interface()) != nil {
		return v, false
	}
	at := holder.Elem()
	for range path {
		at = at.Field(0)
	}
	if at.IsNil() {
		return v, false
	}
	return at.Elem().Interface().(T), true
}

// text reads a text and cleans it; "" when there is none.
func text(body []byte, path ...string) string {
	s, _ := value[string](body, path...)
	return plist.Clean(s, maxText)
}

// truth reads a truth value; false when there is none.
func truth(body []byte, path ...string) bool { return tri(body, path...) == backup.Yes }

// tri reads a truth value, also one written as the number 0 or 1.
func tri(body []byte, path ...string) backup.Tri {
	if b, ok := value[bool](body, path...); ok {
		return backup.TriOf(b)
	}
	if n, ok := number(body, path...); ok && (n == 0 || n == 1) {
		return backup.TriOf(n == 1)
	}
	return backup.Unknown
}

// number reads a whole number, also one written as a text or a real number.
func number(body []byte, path ...string) (int64, bool) {
	if n, ok := value[int64](body, path...); ok {
		return n, true
	}
	if s, ok := value[string](body, path...); ok {
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		return n, err == nil
	}
	if f, ok := value[float64](body, path...); ok && f > -1e15 && f < 1e15 {
		return int64(f), true
	}
	return 0, false
}

// within reads a number and takes only one from low to high; else otherwise.
func within(body []byte, low, high, otherwise int64, path ...string) int64 {
	n, ok := number(body, path...)
	if !ok || n < low || n > high {
		return otherwise
	}
	return n
}

// appleEpoch is where phones begin to count seconds: 2001-01-01 UTC.
var appleEpoch = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

// date reads a time in seconds since 2001, or a plain date. Zero when it is
// absent, before 2007 (there was no iPhone), or more than a day ahead of now.
func date(body []byte, now time.Time, path ...string) time.Time {
	t, ok := value[time.Time](body, path...)
	if n, counted := number(body, path...); counted && n > 0 && n < 1<<33 {
		t, ok = appleEpoch.Add(time.Duration(n)*time.Second), true
	}
	if !ok || t.Year() < 2007 || t.After(now.Add(24*time.Hour)) {
		return time.Time{}
	}
	return t
}
