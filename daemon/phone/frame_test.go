package phone

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"backupwatchdog/daemon/backup"
)

// A length alone must decide: no byte of what it promises is waited for.
func TestFramesAreBounded(t *testing.T) {
	for _, n := range []uint32{0, maxFrame + 1, 1<<32 - 1} {
		_, err := readFrame(io.MultiReader(bytes.NewReader(binary.BigEndian.AppendUint32(nil, n)), silence{}))
		if err == nil || !strings.Contains(err.Error(), "a frame of") {
			t.Errorf("%d bytes from a phone: %v", n, err)
		}
	}
	for _, n := range []uint32{0, 15, maxFrame + 1, 1<<32 - 1} {
		here, there := net.Pipe()
		here.SetDeadline(time.Now().Add(5 * time.Second))
		go there.Write(append(binary.LittleEndian.AppendUint32(nil, n), make([]byte, 12)...))
		m := &mux{Conn: here}
		if _, _, err := m.receive(); err == nil || !strings.Contains(err.Error(), "a frame of") {
			t.Errorf("%d bytes from usbmuxd: %v", n, err)
		}
		here.Close()
	}
}

// silence is a stream nobody may read from.
type silence struct{}

func (silence) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

// pipes is a client whose connections end in serve, inside a bubble.
func pipes(serve func(c net.Conn)) *Client {
	return &Client{now: time.Now, dial: func(context.Context) (net.Conn, error) {
		here, there := net.Pipe()
		go func() { defer there.Close(); serve(there) }()
		return here, nil
	}}
}

// Whoever falls silent, and where, a question ends within its limit.
func TestAskEndsInTime(t *testing.T) {
	attached := listing(entry("3", udid, "USB"))
	tests := map[string]struct {
		serve func(c net.Conn)
		limit time.Duration
	}{
		"silent usbmuxd": {func(c net.Conn) { io.Copy(io.Discard, c) }, answerLimit},
		"usbmuxd that lists and falls silent": {func(c net.Conn) {
			if tag, kind := hearKind(c); kind == "ListDevices" {
				say(c, tag, attached)
			}
			io.Copy(io.Discard, c)
		}, 2 * answerLimit},
		"phone that drips": {func(c net.Conn) {
			tag, kind := hearKind(c)
			if kind == "ListDevices" {
				say(c, tag, attached)
				return
			}
			say(c, tag, dict(yes))
			readLockdown(c)
			c.Write([]byte{0, 0, 16, 0})
			for range 1000 { // one byte a second: no single read is late
				pass(time.Second)
				if _, err := c.Write([]byte{' '}); err != nil {
					return
				}
			}
		}, 2 * answerLimit},
		"phone that greets and falls silent": {func(c net.Conn) {
			tag, kind := hearKind(c)
			if kind == "ListDevices" {
				say(c, tag, attached)
				return
			}
			say(c, tag, dict(yes))
			readLockdown(c)
			lockdownFrame(c, dict(`<key>Type</key><string>com.apple.mobile.lockdown</string>`))
			io.Copy(io.Discard, c)
		}, 2 * answerLimit},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				p, _ := pipes(tt.serve).Ask(t.Context(), udid)
				if took := time.Since(begin); took > tt.limit {
					t.Errorf("took %v, limit %v", took, tt.limit)
				}
				if p.Battery != -1 || !p.Asked.IsZero() || p.Refused != backup.Unknown {
					t.Errorf("learned %+v from silence", p)
				}
				pass(2 * time.Second) // whoever still writes notices the end
			})
		})
	}
}

// pass lets time go by, in a bubble.
func pass(d time.Duration) { <-time.After(d) }

// hearKind reads one usbmuxd request and returns its tag and name.
func hearKind(c net.Conn) (uint32, string) {
	m := &mux{Conn: c}
	tag, body, _ := m.receive()
	return tag, text(body, "MessageType")
}

func TestDateTakesOnlyWhatCanBe(t *testing.T) {
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	seconds := func(n string) string { return dict(`<key>D</key>` + n) }
	for body, want := range map[string]time.Time{
		seconds(`<integer>816000000</integer>`):        appleEpoch.Add(816000000 * time.Second),
		seconds(`<string> 816000000 </string>`):        appleEpoch.Add(816000000 * time.Second),
		seconds(`<real>816000000.5</real>`):            appleEpoch.Add(816000000 * time.Second),
		seconds(`<date>2026-11-20T08:00:00Z</date>`):   time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC),
		seconds(`<integer>0</integer>`):                {},
		seconds(`<integer>-816000000</integer>`):       {},
		seconds(`<integer>1000000000000000</integer>`): {},
		seconds(`<integer>19246744074</integer>`):      {}, // × 10⁹ wraps around to the year 2026
		seconds(`<integer>827000000</integer>`):        {}, // 2027
		seconds(`<date>1999-01-01T00:00:00Z</date>`):   {},
		seconds(`<true/>`):                             {},
		seconds(`<string>yesterday</string>`):          {},
		dict(``):                                       {},
		"garbage":                                      {},
	} {
		if got := date([]byte(body), now, "D"); !got.Equal(want) {
			t.Errorf("%s: got %v, want %v", body, got, want)
		}
	}
}
