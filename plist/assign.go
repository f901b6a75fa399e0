package plist

import (
	"fmt"
	"math"
	"reflect"
	"time"
)

// integer is a whole number as it stands in the file: at most 64 bits and a
// sign, which is more than any one Go type holds.
type integer struct {
	negative  bool
	magnitude uint64
}

// opaque stands for a value of a kind that is never kept, by its name.
type opaque string

// containers and the rest, as people call them.
const (
	anArray opaque = "an array"
	aDict   opaque = "a dictionary"
	aUID    opaque = "a reference"
)

// called names the kind of a decoded value.
func called(v any) string {
	switch v := v.(type) {
	case string:
		return "a text"
	case integer:
		return "an integer"
	case float64:
		return "a real number"
	case bool:
		return "a truth value"
	case time.Time:
		return "a date"
	case []byte:
		return "data"
	case opaque:
		return string(v)
	}
	return "nothing"
}

var formNames = map[form]string{
	formString: "a text", formInteger: "an integer", formReal: "a real number", formBool: "a truth value",
	formDate: "a date", formData: "data", formArray: "an array", formDict: "a dictionary", formLookup: "a dictionary",
}

// mismatch says that v stands where something else belongs.
func (t target) mismatch(v any) error {
	return because(ErrWrongType, fmt.Sprintf("%s is %s, not %s", t.subject(), called(v), formNames[t.schema.form]))
}

func (t target) subject() string {
	if t.name == "" {
		return "the whole"
	}
	return t.name
}

// expect refuses a container where the caller's struct has no room for one,
// and makes room for its content: fresh, so that what the caller had is not
// written over, and not nil, so that empty differs from absent.
func (t target) expect(v opaque) error {
	if t.schema == nil {
		return nil
	}
	ok := v == anArray && t.schema.form == formArray ||
		v == aDict && (t.schema.form == formDict || t.schema.form == formLookup)
	if !ok {
		return t.mismatch(v)
	}
	switch t.schema.form {
	case formArray:
		t.value.Set(reflect.MakeSlice(t.schema.typ, 0, 0))
	case formLookup:
		t.value.Set(reflect.MakeMap(t.schema.typ))
	}
	return nil
}

// assign puts a single value in its place, if it is of the right kind.
func (t target) assign(v any) error {
	if t.schema == nil {
		return nil
	}
	switch v := v.(type) {
	case string:
		if t.schema.form == formString {
			t.value.SetString(v)
			return nil
		}
	case integer:
		if t.schema.form == formInteger {
			return t.assignInteger(v)
		}
	case float64:
		if t.schema.form == formReal {
			t.value.SetFloat(v)
			return nil
		}
	case bool:
		if t.schema.form == formBool {
			t.value.SetBool(v)
			return nil
		}
	case time.Time:
		if t.schema.form == formDate {
			t.value.Set(reflect.ValueOf(v))
			return nil
		}
	case []byte:
		if t.schema.form == formData {
			t.value.SetBytes(v)
			return nil
		}
	}
	return t.mismatch(v)
}

// assignInteger refuses what the caller's integer cannot hold: 2^63 as -2^63
// would be a wrong answer without a sign of it.
func (t target) assignInteger(n integer) error {
	if t.value.CanInt() {
		i, ok := n.signed()
		if ok && !t.value.OverflowInt(i) {
			t.value.SetInt(i)
			return nil
		}
	} else if (!n.negative || n.magnitude == 0) && !t.value.OverflowUint(n.magnitude) {
		t.value.SetUint(n.magnitude)
		return nil
	}
	return because(ErrWrongType, fmt.Sprintf("%s is an integer out of range", t.subject()))
}

func (n integer) signed() (int64, bool) {
	switch {
	case n.negative && n.magnitude <= 1<<63:
		return int64(-n.magnitude), true
	case !n.negative && n.magnitude <= math.MaxInt64:
		return int64(n.magnitude), true
	}
	return 0, false
}

// sane returns t in UTC, or the zero time where it lies beyond the years 1 to
// 9999, which is what Go can write and any calendar shows.
func sane(t time.Time) time.Time {
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}
