package plist_test

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"backupwatchdog/plist"
)

var formats = map[string]plist.Format{"XML": plist.XML, "binary": plist.Binary}

// request is a message as the watchdog sends to usbmuxd and to a phone.
type request struct {
	MessageType   string
	ProgName      string `plist:"ProgName,omitempty"`
	DeviceID      int
	Port          uint16 `plist:"PortNumber"`
	Escrow        []byte `plist:"EscrowBag"`
	Keys          []string
	Properties    properties
	Attached      []properties
	Since         time.Time
	Ratio         float64
	Pair          *properties
	Left          string `plist:"-"`
	TypedText     state
	TypedMap      map[state]int64
	InnerOptional *int
}

type state string

type properties struct {
	SerialNumber string
	Online       bool
	Count        int64
}

func sample() request {
	n := -5
	return request{
		MessageType: "ListDevices", DeviceID: -1, Port: 62078, Escrow: []byte{0, 1, 255}, Keys: []string{"a", "", "ü & <\U0001F4F1>"},
		Properties: properties{"0000-1", true, math.MinInt64}, Attached: []properties{{"a", false, math.MaxInt64}, {}},
		Since: time.Date(2026, 11, 27, 10, 14, 2, 0, time.UTC), Ratio: 0.1,
		Pair: &properties{SerialNumber: "p"}, TypedText: "new", TypedMap: map[state]int64{"x": 1}, InnerOptional: &n,
	}
}

func TestMarshalReadsBack(t *testing.T) {
	for name, f := range formats {
		b, err := plist.Marshal(sample(), f)
		if err != nil {
			t.Fatal(name, err)
		}
		var got request
		if err := plist.Unmarshal(b, &got); err != nil {
			t.Fatal(name, err)
		}
		if d := cmp.Diff(sample(), got); d != "" {
			t.Error(name, d)
		}
	}
}

// A struct keeps what the list does not mention, and all of it on an error.
func TestUnmarshalLeavesTheRest(t *testing.T) {
	v := request{MessageType: "old", DeviceID: 7, Keys: []string{"old"}, TypedMap: map[state]int64{"old": 1}}
	kept := v.TypedMap
	if err := plist.Unmarshal(xmlDict("<key>MessageType</key><string>new</string><key>TypedMap</key><dict><key>a</key><integer>2</integer></dict><key>DeviceID</key><string/>"), &v); err == nil {
		t.Fatal("no error")
	}
	if v.MessageType != "old" || len(kept) != 1 || len(v.TypedMap) != 1 {
		t.Errorf("changed by a failure: %+v, %v", v, kept)
	}
	if err := plist.Unmarshal(xmlDict("<key>Keys</key><array><string>new</string></array><key>TypedMap</key><dict><key>a</key><integer>2</integer></dict>"), &v); err != nil {
		t.Fatal(err)
	}
	want := request{MessageType: "old", DeviceID: 7, Keys: []string{"new"}, TypedMap: map[state]int64{"a": 2}}
	if d := cmp.Diff(want, v); d != "" || kept["old"] != 1 {
		t.Error(d, kept)
	}
}

// What is decoded does not share memory with the bytes it came from.
func TestUnmarshalCopies(t *testing.T) {
	b, err := plist.Marshal(sample(), plist.Binary)
	if err != nil {
		t.Fatal(err)
	}
	var got request
	if err := plist.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	clear(b)
	if d := cmp.Diff(sample(), got); d != "" {
		t.Error(d)
	}
}

type recursive struct{ Next []recursive }

func TestUnmarshalTargets(t *testing.T) {
	var text string
	if err := plist.Unmarshal([]byte("<plist><string>x</string></plist>"), &text); err != nil || text != "x" {
		t.Errorf("got %q, %v", text, err)
	}
	var list []int
	if err := plist.Unmarshal([]byte("<plist><array><integer>1</integer><integer>-0x10</integer></array></plist>"), &list); err != nil || !cmp.Equal(list, []int{1, -16}) {
		t.Errorf("got %v, %v", list, err)
	}
	var whatever any
	for _, v := range []any{
		nil, request{}, &whatever, (*request)(nil), &recursive{}, new(map[string]any), new(map[int]string), new(chan int), new(*request),
		&struct{ Any any }{}, &struct{ Any []any }{}, &struct{ F func() }{},
	} {
		err := plist.Unmarshal(xmlDict(""), v)
		if err == nil || !strings.HasPrefix(err.Error(), "plist: ") {
			t.Errorf("decoding into %T: got %v, want a refusal", v, err)
		}
	}
}

func TestMarshalRefuses(t *testing.T) {
	deep := any("x")
	for range 65 {
		deep = []any{deep}
	}
	both := []plist.Format{plist.XML, plist.Binary}
	cases := []struct {
		name    string
		value   any
		formats []plist.Format
	}{
		{"nothing", nil, both},
		{"a channel", make(chan int), both},
		{"a map of channels", map[string]any{"c": make(chan int)}, both},
		{"a map of numbers to texts", map[int]string{1: "x"}, both},
		{"a gap in a list", []any{nil}, both[1:]},
		{"a date that XML cannot say", map[string]any{"d": time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)}, both[:1]},
		{"too many levels", deep, both},
		{"too many values", map[string]any{"l": manyNumbers()}, both},
		{"a format that does not exist", "x", []plist.Format{0}},
	}
	for _, c := range cases {
		for _, f := range c.formats {
			b, err := plist.Marshal(c.value, f)
			if err == nil || !strings.HasPrefix(err.Error(), "writing a property list: ") {
				t.Errorf("%s in format %d: wrote %.40q, %v", c.name, f, b, err)
			}
		}
	}
}

// manyNumbers is one more than may be in a list; all differ, for equal ones
// are written once in the binary form.
func manyNumbers() []int {
	out := make([]int, 200_001)
	for i := range out {
		out[i] = i
	}
	return out
}

// plistutil of libplist reads what we write as we do: it turns either form
// into the other, and that says the same.
func TestPlistutilAgrees(t *testing.T) {
	tool := need(t, "plistutil")
	dir := t.TempDir()
	for name, f := range formats {
		b, err := plist.Marshal(sample(), f)
		if err != nil {
			t.Fatal(err)
		}
		in, out := filepath.Join(dir, name), filepath.Join(dir, name+".out")
		if err := os.WriteFile(in, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if text, err := exec.Command(tool, "-i", in, "-o", out).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		turned, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if isBinary := strings.HasPrefix(string(turned), "bplist00"); isBinary != (f == plist.XML) {
			t.Errorf("plistutil wrote %.20q from %s", turned, name)
		}
		var got request
		if err := plist.Unmarshal(turned, &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(sample(), got); d != "" {
			t.Error(name, d)
		}
	}
}

// need finds a program, and skips the test where it is absent, except in CI,
// which has to have it.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skipf("%s is not installed", program)
	}
	return path
}
