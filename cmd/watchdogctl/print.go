package main

import (
	"encoding/json"
	"reflect"
	"time"
)

// printJSON prints v as indented JSON, one value.
func (p *program) printJSON(v any) error {
	enc := json.NewEncoder(p.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// inUTC turns every time in *v to UTC, as the JSON contract has them, whatever
// zone the daemon lives in. It writes into *v and what that points to.
func inUTC[T any](v *T) *T {
	turn(reflect.ValueOf(v))
	return v
}

// turn walks what can hold a time in the messages of package control.
func turn(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			turn(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			turn(v.Index(i))
		}
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			v.Set(reflect.ValueOf(t.UTC()))
			return
		}
		for _, f := range v.Fields() {
			turn(f)
		}
	}
}
