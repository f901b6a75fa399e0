package plist

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// single turns the text of an element into a value.
func (x *xmlDecoder) single(element, text string, t target) (any, error) {
	switch element {
	case "true", "false":
		return element == "true", nil
	case "integer":
		return x.integer(strings.TrimSpace(text), t)
	case "real":
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, x.bad(t.subject() + " is not a number")
		}
		return v, nil
	case "date":
		v, err := time.Parse(time.RFC3339, strings.TrimSpace(text))
		if err != nil {
			return nil, x.bad(t.subject() + " is not a date")
		}
		return sane(v), nil
	case "data":
		v, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return nil, x.bad(t.subject() + " is not data")
		}
		return v, nil
	}
	return text, nil
}

// integer reads a decimal or, after 0x, hexadecimal number.
func (x *xmlDecoder) integer(text string, t target) (any, error) {
	digits, negative := strings.CutPrefix(text, "-")
	if !negative {
		digits = strings.TrimPrefix(digits, "+")
	}
	base := 10
	if hex, ok := strings.CutPrefix(strings.ToLower(digits), "0x"); ok {
		digits, base = hex, 16
	}
	v, err := strconv.ParseUint(digits, base, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return opaque("a number of more than 64 bits"), nil
	case err != nil:
		return nil, x.bad(t.subject() + " is not a number")
	}
	return integer{negative: negative && v != 0, magnitude: v}, nil
}
