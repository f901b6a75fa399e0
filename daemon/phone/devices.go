package phone

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/plist"
)

// Device is a phone that usbmuxd lists.
type Device struct {
	UDID string
	Link backup.Link
	// DeviceID is usbmuxd's number for this attachment; it changes with each.
	DeviceID int64
	// Since is when this program first saw the phone attached, without a gap;
	// zero where nobody has watched.
	Since time.Time
}

// maxDevices bounds how many attachments are kept.
const maxDevices = 64

// attachment is one line of usbmuxd's list. A phone on a cable that is also
// found over Wi-Fi has two.
type attachment struct {
	id   int64
	udid string
	link backup.Link
}

// notice is an Attached or Detached message, or an entry of DeviceList.
type notice struct {
	MessageType string
	DeviceID    int64
	Properties  struct {
		SerialNumber, ConnectionType string
		DeviceID                     int64
	}
}

// attachment takes from a notice what is needed, and says whether it is whole.
func (n notice) attachment() (attachment, bool) {
	a := attachment{id: cmp.Or(n.DeviceID, n.Properties.DeviceID), udid: dashed(n.Properties.SerialNumber)}
	switch n.Properties.ConnectionType {
	case "USB":
		a.link = backup.LinkUSB
	case "Network":
		a.link = backup.LinkNetwork
	}
	return a, a.id > 0 && a.udid != ""
}

// dashed brings a phone's id to the form its backup folder has: usbmuxd gives
// ids of 24 characters without the dash after the eighth (libusbmuxd.c inserts
// it too). What is no id at all becomes "".
func dashed(udid string) string {
	udid = strings.TrimSpace(udid)
	if len(udid) < 8 || len(udid) > 64 || strings.Trim(udid, "0123456789abcdefABCDEF-") != "" {
		return ""
	}
	if len(udid) == 24 && !strings.Contains(udid, "-") {
		return udid[:8] + "-" + udid[8:]
	}
	return udid
}

// list asks usbmuxd which phones are attached. Entries that make no sense are
// left out and counted: they are not "no phone".
func (c *Client) list(ctx context.Context) (list []attachment, skipped int, err error) {
	m, err := c.open(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer m.Close()
	defer closeWith(ctx, m)()
	body, err := m.ask("ListDevices", nil)
	if err != nil {
		return nil, 0, err
	}
	return parseList(body)
}

// parseList reads the answer to ListDevices, each entry by itself.
func parseList(body []byte) (list []attachment, skipped int, err error) {
	var r result // also proves that the whole is sound
	if err := plist.Unmarshal(body, &r); err != nil {
		return nil, 0, fmt.Errorf("reading the list of devices: %w", err)
	}
	entries, found := elements(body, "DeviceList")
	if !found {
		return nil, 0, cmp.Or(refusal("ListDevices", body), fmt.Errorf("%w ListDevices: no list", ErrRefused))
	}
	for _, e := range entries {
		var n notice
		if len(list) == maxDevices || plist.Unmarshal(e, &n) != nil {
			skipped++
			continue
		}
		if a, ok := n.attachment(); ok {
			list = append(list, a)
		} else {
			skipped++
		}
	}
	return list, skipped, nil
}

// elements returns the entries of the array under a key of the outermost
// dictionary, each as a property list of its own. One entry of an odd type must
// not hide the others, and the decoder gives all or nothing.
func elements(body []byte, key string) (entries [][]byte, found bool) {
	d := xml.NewDecoder(bytes.NewReader(body))
	depth, begin, word := 0, int64(0), ""
	for {
		at := d.InputOffset()
		tok, err := d.Token()
		if err != nil {
			return entries, found
		}
		switch tok := tok.(type) {
		case xml.StartElement: // plist 1, dict 2, key or array 3, entry 4
			depth++
			found = found || depth == 3 && tok.Name.Local == "array" && word == key
			if depth == 4 {
				begin = at
			}
			if depth == 3 && tok.Name.Local == "key" {
				word = ""
			}
		case xml.CharData:
			if depth == 3 && len(word) < 64 {
				word += string(tok)
			}
		case xml.EndElement:
			if depth == 4 && found {
				entries = append(entries, alone(body[begin:d.InputOffset()]))
			}
			if depth--; depth == 2 && found {
				return entries, true
			}
		}
	}
}

// alone makes a property list of one element.
func alone(element []byte) []byte {
	return slices.Concat([]byte(`<plist version="1.0">`), element, []byte(`</plist>`))
}

// merge makes one Device of each phone, the cable before Wi-Fi, in order of id.
func merge(list []attachment) []Device {
	best := map[string]Device{}
	for _, a := range list {
		d, ok := best[a.udid]
		if !ok || d.Link != backup.LinkUSB && a.link == backup.LinkUSB {
			best[a.udid] = Device{UDID: a.udid, Link: a.link, DeviceID: a.id}
		}
	}
	devices := make([]Device, 0, len(best))
	for _, d := range best {
		devices = append(devices, d)
	}
	slices.SortFunc(devices, func(a, b Device) int { return strings.Compare(a.UDID, b.UDID) })
	return devices
}

// SameUDID compares two ids however they are written.
func SameUDID(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, "-", ""), strings.ReplaceAll(b, "-", ""))
}

// Devices returns the phones attached now.
func (c *Client) Devices(ctx context.Context) ([]Device, error) {
	list, _, err := c.list(ctx)
	return merge(list), err
}

// find returns how one phone is attached, or ErrNotAttached.
func (c *Client) find(ctx context.Context, udid string) (Device, error) {
	devices, err := c.Devices(ctx)
	if err != nil {
		return Device{}, err
	}
	for _, d := range devices {
		if SameUDID(d.UDID, udid) {
			return d, nil
		}
	}
	return Device{}, ErrNotAttached
}
