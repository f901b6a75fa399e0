package verify

import (
	"backupwatchdog/daemon/words"
	"cmp"
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
	kind string // as words.LostOf names it
	is   func(domain, path string) bool
}{
	{"attachment", func(d, p string) bool {
		return strings.HasPrefix(p, "Library/SMS/Attachments/") || strings.HasPrefix(p, "Library/SMS/Parts/")
	}},
	{"messages", func(d, p string) bool { return strings.HasPrefix(p, "Library/SMS/") }},
	{"video", func(d, p string) bool { return isCamera(d, p) && hasSuffix(p, ".mov", ".mp4", ".m4v") }},
	{"photo", func(d, p string) bool {
		return isCamera(d, p) && hasSuffix(p, ".heic", ".jpg", ".jpeg", ".png", ".dng", ".gif", ".webp", ".heif")
	}},
	{"library", func(d, p string) bool { return d == "CameraRollDomain" }},
	{"health", func(d, p string) bool { return d == "HealthDomain" }},
	{"memo", func(d, p string) bool { return hasSuffix(p, ".m4a") && strings.Contains(p, "Recordings/") }},
	{"contacts", func(d, p string) bool { return strings.HasPrefix(p, "Library/AddressBook/") }},
	{"calls", func(d, p string) bool { return strings.Contains(p, "Library/CallHistory") }},
	{"calendar", func(d, p string) bool { return strings.HasPrefix(p, "Library/Calendar/") }},
	{"notes", func(d, p string) bool {
		return strings.HasSuffix(d, "group.com.apple.notes") || strings.HasPrefix(p, "Library/Notes/")
	}},
	{"keychain", func(d, p string) bool { return d == "KeychainDomain" }},
	{"whatsapp", func(d, p string) bool { return strings.Contains(d, "net.whatsapp.") }},
	{"apps", func(d, p string) bool { return strings.HasPrefix(d, "AppDomain") }},
	{"settings", func(d, p string) bool { return strings.Contains(p, "Library/Preferences/") }},
	{"other", func(d, p string) bool { return true }},
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
		parts = append(parts, words.LostOf(kindsOfFile[i].kind, m.lost[i]))
	}
	if rest > 0 {
		parts = append(parts, words.LostMore(rest))
	}
	return strings.Join(append(parts, m.spared()...), ", ")
}

// spared names what matters most, is in the backup and has lost nothing.
func (m *meaning) spared() (parts []string) {
	for i, k := range kindsOfFile {
		if s := words.LostNothingOf(k.kind); s != "" && m.all[i] > 0 && m.lost[i] == 0 {
			parts = append(parts, s)
		}
	}
	return parts
}
