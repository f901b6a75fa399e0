package report

import (
	"reflect"
	"strings"
	"time"
	"unicode"
)

// longest is how much of one text is shown, characters. What the watchdog
// itself says is never that long.
const longest = 1200

// clean makes text harmless to read: what cannot be seen or changes how its
// neighbours are shown becomes visible as U+FFFD or goes; white space of any
// kind is a blank; at most three marks stand on one letter. Letters of every
// script, and emoji joined to one another, stay as they are.
func clean(s string) string {
	var b strings.Builder
	marks := 0
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case marks > 3:
		case unicode.IsSpace(r), unicode.Is(unicode.Zs, r), r == 0x2028, r == 0x2029:
			b.WriteByte(' ')
		case r == 0x200d, r >= 0xe0020 && r <= 0xe007f: // joins emoji; spells flags
			b.WriteRune(r)
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			b.WriteRune(unicode.ReplacementChar)
		default:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

// cut shortens a text to what a page can hold.
func cut(s string) string { return cutTo(s, longest) }

func cutTo(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return strings.TrimSpace(s[:i]) + "…"
		}
	}
	return s
}

// rewrite returns a deep copy of v in which every field of type string is what
// change makes of it. Named types (codes, phases) are our own words and stay.
func rewrite[T any](v T, change func(field, s string) string) T {
	out := reflect.New(reflect.TypeFor[T]()).Elem()
	out.Set(rewritten(reflect.ValueOf(v), "", change))
	return out.Interface().(T)
}

func rewritten(v reflect.Value, field string, change func(field, s string) string) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		if v.Type() != reflect.TypeFor[string]() {
			return v
		}
		return reflect.ValueOf(change(field, v.String()))
	case reflect.Pointer:
		if v.IsNil() || v.Type() == reflect.TypeFor[*time.Time]() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(rewritten(v.Elem(), field, change))
		return out
	case reflect.Slice:
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(rewritten(v.Index(i), field, change))
		}
		return out
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		for i := range v.NumField() {
			out.Field(i).Set(rewritten(v.Field(i), v.Type().Field(i).Name, change))
		}
		return out
	}
	return v
}
