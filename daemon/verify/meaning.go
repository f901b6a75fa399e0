package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A meaning sums files up by what they are to their owner. It counts what is
// lost, and knows what is there at all, so that it can say of what matters most
// that nothing is lost.
type meaning struct {
	lost, all [len(kindsOfFile)]int64
}

// kindsOfFile is what a domain and a path mean, first match first. Domains are
// those of a phone's index; see MVT, src/mvt/ios/modules/backup.
var kindsOfFile = [...]struct {
	one, many string // "photo", "photos"; the same where it is not counted
	dear      string // how it is named when nothing of it is lost; "" is not said
	is        func(domain, path string) bool
}{
	{"message attachment", "message attachments", "", func(d, p string) bool {
		return strings.HasPrefix(p, "Library/SMS/Attachments/") || strings.HasPrefix(p, "Library/SMS/Parts/")
	}},
	{"file of Messages", "files of Messages", "Messages", func(d, p string) bool { return strings.HasPrefix(p, "Library/SMS/") }},
	{"video", "videos", "", func(d, p string) bool { return isCamera(d, p) && hasSuffix(p, ".mov", ".mp4", ".m4v") }},
	{"photo", "photos", "Photos", func(d, p string) bool {
		return isCamera(d, p) && hasSuffix(p, ".heic", ".jpg", ".jpeg", ".png", ".dng", ".gif", ".webp", ".heif")
	}},
	{"file of the photo library", "files of the photo library", "", func(d, p string) bool { return d == "CameraRollDomain" }},
	{"file of Health", "files of Health", "Health", func(d, p string) bool { return d == "HealthDomain" }},
	{"voice memo", "voice memos", "", func(d, p string) bool { return hasSuffix(p, ".m4a") && strings.Contains(p, "Recordings/") }},
	{"file of Contacts", "files of Contacts", "", func(d, p string) bool { return strings.HasPrefix(p, "Library/AddressBook/") }},
	{"file of Calls", "files of Calls", "", func(d, p string) bool { return strings.Contains(p, "Library/CallHistory") }},
	{"file of Calendar", "files of Calendar", "", func(d, p string) bool { return strings.HasPrefix(p, "Library/Calendar/") }},
	{"file of Notes", "files of Notes", "", func(d, p string) bool {
		return strings.HasSuffix(d, "group.com.apple.notes") || strings.HasPrefix(p, "Library/Notes/")
	}},
	{"keychain", "keychains", "", func(d, p string) bool { return d == "KeychainDomain" }},
	{"file of WhatsApp", "files of WhatsApp", "", func(d, p string) bool { return strings.Contains(d, "net.whatsapp.") }},
	{"file of apps", "files of apps", "", func(d, p string) bool { return strings.HasPrefix(d, "AppDomain") }},
	{"settings file", "settings files", "", func(d, p string) bool { return strings.Contains(p, "Library/Preferences/") }},
	{"other file", "other files", "", func(d, p string) bool { return true }},
}

func isCamera(d, p string) bool {
	return d == "CameraRollDomain" && (strings.HasPrefix(p, "Media/DCIM/") || strings.HasPrefix(p, "Media/PhotoData/Mutations/"))
}

func hasSuffix(p string, suffixes ...string) bool {
	dot := strings.LastIndexByte(p, '.')
	return dot >= 0 && slices.Contains(suffixes, strings.ToLower(p[dot:]))
}

// see counts one file.
func (m *meaning) see(domain, path string, lost bool) {
	for i := range kindsOfFile {
		if kindsOfFile[i].is(domain, path) {
			m.all[i]++
			if lost {
				m.lost[i]++
			}
			return
		}
	}
}

// String is "214 photos, 12 message attachments, nothing from Health"; "" when
// nothing is lost.
func (m *meaning) String() string {
	var order []int
	for i, n := range m.lost {
		if n > 0 {
			order = append(order, i)
		}
	}
	if len(order) == 0 {
		return ""
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(m.lost[b], m.lost[a]) })
	var parts []string
	rest := int64(0)
	for place, i := range order {
		if place >= 4 {
			rest += m.lost[i]
			continue
		}
		word := kindsOfFile[i].many
		if m.lost[i] == 1 {
			word = kindsOfFile[i].one
		}
		parts = append(parts, thousands(m.lost[i])+" "+word)
	}
	if rest > 0 {
		parts = append(parts, fmt.Sprintf("%s more", thousands(rest)))
	}
	return strings.Join(append(parts, m.spared()...), ", ")
}

// spared names what matters most, is in the backup and has lost nothing.
func (m *meaning) spared() (parts []string) {
	for i, k := range kindsOfFile {
		if k.dear != "" && m.all[i] > 0 && m.lost[i] == 0 {
			parts = append(parts, "nothing from "+k.dear)
		}
	}
	return parts
}
