package plist

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// form is the kind of value a place in the caller's struct takes.
type form int

const (
	formString form = iota
	formInteger
	formReal
	formBool
	formDate
	formData
	formArray
	formDict   // a struct
	formLookup // a map: every key is wanted
)

// schema is what the caller wants to know, read off the type of the struct.
// A nil *schema means "step over it".
type schema struct {
	form   form
	typ    reflect.Type      // without pointers
	fields map[string]*field // of a formDict, by key
	elem   *schema           // of a formArray or a formLookup
}

// field is where the value of a key goes.
type field struct {
	index  []int
	schema *schema
}

// plan works out the schema of t. It refuses what cannot be decoded safely: an
// interface would take a tree of any shape.
func plan(t reflect.Type) (*schema, error) { return planWithin(t, 0) }

func planWithin(t reflect.Type, depth int) (*schema, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("plist: %v holds itself", t)
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := &schema{typ: t}
	switch {
	case t == reflect.TypeFor[time.Time]():
		s.form = formDate
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		s.form = formData
	case t.Kind() == reflect.Slice:
		s.form = formArray
		return s, s.planElem(depth)
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		s.form = formLookup
		return s, s.planElem(depth)
	case t.Kind() == reflect.Struct:
		s.form, s.fields = formDict, map[string]*field{}
		return s, s.planFields(t, nil, depth)
	default:
		return s, s.planScalar()
	}
	return s, nil
}

func (s *schema) planScalar() error {
	switch k := s.typ.Kind(); {
	case k == reflect.String:
		s.form = formString
	case k == reflect.Bool:
		s.form = formBool
	case reflect.Int <= k && k <= reflect.Uint64:
		s.form = formInteger
	case k == reflect.Float64:
		s.form = formReal
	default:
		return fmt.Errorf("plist: cannot decode into %v", s.typ)
	}
	return nil
}

func (s *schema) planElem(depth int) (err error) {
	s.elem, err = planWithin(s.typ.Elem(), depth+1)
	return err
}

// planFields notes each exported field of t under its key: that of the tag
// `plist:"Key"`, else its name. A tag of "-" leaves it out; the fields of an
// embedded struct count as t's own.
func (s *schema) planFields(t reflect.Type, at []int, depth int) error {
	for f := range fieldsOf(t) {
		index := append(append([]int(nil), at...), f.Index...)
		key, _, _ := strings.Cut(f.Tag.Get("plist"), ",")
		switch {
		case key == "-" || !f.IsExported():
			continue
		case f.Anonymous && key == "" && f.Type.Kind() == reflect.Struct:
			if err := s.planFields(f.Type, index, depth+1); err != nil {
				return err
			}
			continue
		case key == "":
			key = f.Name
		}
		sub, err := planWithin(f.Type, depth+1)
		if err != nil {
			return fmt.Errorf("%w (%v.%s)", err, t, f.Name)
		}
		s.fields[key] = &field{index, sub}
	}
	return nil
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// child returns what is wanted of the value under key, or nil.
func (s *schema) child(key string) *schema {
	switch {
	case s == nil:
		return nil
	case s.form == formLookup:
		return s.elem
	case s.form == formDict && s.fields[key] != nil:
		return s.fields[key].schema
	}
	return nil
}

// target is the place a decoded value goes to, with its name for people.
type target struct {
	schema *schema
	value  reflect.Value // settable, of the schema's type behind pointers
	name   string        // "Lockdown.DeviceName"; "" for the whole
}

// start makes a fresh target of v's type, filled like v, so that v changes
// only when all went well.
func start(v any) (target, reflect.Value, error) {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || p.IsNil() || p.Elem().Kind() == reflect.Pointer {
		return target{}, p, errors.New("plist: Unmarshal needs a pointer to a value")
	}
	s, err := plan(p.Type().Elem())
	if err != nil {
		return target{}, p, err
	}
	fresh := reflect.New(s.typ).Elem()
	fresh.Set(p.Elem())
	return target{schema: s, value: fresh}, p.Elem(), nil
}

// at returns the target for the value under key of a dictionary. A map's own
// values cannot be set in place: done puts it in.
func (t target) at(key string) (sub target, done func()) {
	none := func() {}
	s := t.schema.child(key)
	if s == nil {
		return target{}, none
	}
	sub = target{schema: s, name: join(t.name, key)}
	if t.schema.form == formDict {
		sub.value = settle(t.value.FieldByIndex(t.schema.fields[key].index))
		return sub, none
	}
	m, elem := t.value, reflect.New(t.schema.typ.Elem()).Elem()
	sub.value = settle(elem)
	return sub, func() { m.SetMapIndex(reflect.ValueOf(key).Convert(m.Type().Key()), elem) }
}

// next appends a zero element to an array and returns it as target.
func (t target) next() target {
	if t.schema == nil {
		return target{}
	}
	n := t.value.Len()
	t.value.Set(reflect.Append(t.value, reflect.Zero(t.value.Type().Elem())))
	return target{t.schema.elem, settle(t.value.Index(n)), fmt.Sprintf("%s[%d]", t.name, n)}
}

// settle follows a pointer, making what it points to.
func settle(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Pointer {
		return v
	}
	v.Set(reflect.New(v.Type().Elem()))
	return v.Elem()
}

func join(name, key string) string {
	key = Clean(key, 64)
	if name == "" {
		return key
	}
	return name + "." + key
}
