package report

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/words"
)

// A redactor replaces what tells who and where. First what is known of this
// household, longest first, so that no part of a longer text stays: ids, names,
// folders, and what the caller wants hidden. Then what looks like an id, an
// address or a place, whosever it is.
type redactor struct {
	label map[string]string // folded text → what stands for it
	known *regexp.Regexp    // any of them, longest first; nil when there is none
	forms *regexp.Regexp    // any of unknown, a group each
}

// shortest is the length under which a known text is only replaced where it
// stands alone: a phone called "A" is not to change every word.
const shortest = 4

// newRedactor collects what is known. Phones are lettered in the order of their
// ids, so that two reports of one household agree.
func newRedactor(in Input) *redactor {
	r := &redactor{label: map[string]string{}, forms: compileUnknown()}
	labels := phoneLabels(in)
	for udid, l := range labels {
		r.add(udid, l)
		r.add(strings.ReplaceAll(udid, "-", ""), l)
	}
	for _, b := range in.Status.Backups {
		r.add(b.ChainID, words.LabelChain(labels[b.UDID]))
		r.add(b.Path, words.LabelPlace(labels[b.UDID]))
		r.addName(b.DeviceName, labels[b.UDID])
	}
	for _, p := range in.Status.Phones {
		r.addName(p.Name, labels[p.UDID])
	}
	for i, root := range in.Status.Roots {
		l := words.LabelRoot(letter(i))
		r.add(root.Path, l)
		r.add(root.Resolved, l)
	}
	d := in.Status.Daemon
	for _, place := range []string{d.Socket, d.State, d.Executable, d.Config} {
		r.add(place, words.LabelOurs)
		r.add(filepath.Dir(place), words.LabelOurs)
	}
	r.add(d.CodeHash, words.LabelDigest)
	for _, s := range in.Hide {
		r.add(s, words.LabelComputer)
	}
	r.compile()
	return r
}

// phoneLabels gives every phone that occurs anywhere its letter.
func phoneLabels(in Input) map[string]string {
	kind := map[string]string{} // product types
	note := func(udid, product string) {
		if udid == "" {
			return
		}
		if _, known := kind[udid]; !known || product != "" {
			kind[udid] = product
		}
	}
	for _, b := range in.Status.Backups {
		note(b.UDID, b.ProductType)
	}
	for _, p := range in.Status.Phones {
		note(p.UDID, "")
	}
	for _, m := range in.Status.Muted {
		note(m.UDID, "")
	}
	for _, n := range slices.Concat(in.History.Notices, in.Status.Unseen) {
		note(n.UDID, "")
	}
	for _, x := range in.History.Runs {
		note(x.UDID, "")
	}
	for _, x := range in.History.Checks {
		note(x.UDID, "")
	}
	ids := make([]string, 0, len(kind))
	for id := range kind {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	out := map[string]string{}
	for i, id := range ids {
		out[id] = words.LabelDevice(kind[id], letter(i))
	}
	return out
}

// letter is A to Z, then numbers.
func letter(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return fmt.Sprint(i + 1)
}

// ordinary are names that tell nothing: what a phone is called by default.
// Replacing them would only garble the sentences that speak of an iPhone.
func ordinary(name string) bool {
	switch strings.ToLower(name) {
	case "iphone", "ipad", "ipod", "ipod touch", "phone", "my iphone", "apple":
		return true
	}
	return false
}

// owner is whose phone it is, in the forms the phone itself makes up:
// "Anna’s iPhone", "iPhone de Anna", "iPhone von Anna".
var owner = regexp.MustCompile(`(?i)^(.+?)['’]s? |^.*\b(?:de|von|di|van|da|af|av) (.+)$`)

// addName adds a phone's name and, where it can be told, its owner's.
func (r *redactor) addName(name, label string) {
	name = clean(name)
	if ordinary(name) {
		return
	}
	r.add(name, label)
	if m := owner.FindStringSubmatch(name); m != nil {
		if who := cmp.Or(m[1], m[2]); !ordinary(who) {
			r.add(who, label)
		}
	}
}

// add notes one text, in both of the forms its accents may take.
func (r *redactor) add(s, label string) {
	s = clean(s)
	if s == "" || s == "." || s == "/" {
		return
	}
	for _, form := range []string{s, norm.NFC.String(s), norm.NFD.String(s)} {
		if _, ok := r.label[fold(form)]; !ok {
			r.label[fold(form)] = label
		}
	}
}

func fold(s string) string { return strings.ToLower(s) }

// compile makes the one expression that finds them all. Alternatives are tried
// in order, so the longest comes first.
func (r *redactor) compile() {
	texts := make([]string, 0, len(r.label))
	for s := range r.label {
		texts = append(texts, s)
	}
	if len(texts) == 0 {
		return
	}
	slices.SortFunc(texts, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	for i, s := range texts {
		texts[i] = regexp.QuoteMeta(s)
	}
	r.known = regexp.MustCompile("(?i)" + strings.Join(texts, "|"))
}

// text returns s without what tells who and where.
func (r *redactor) text(s string) string {
	if r.known != nil {
		s = r.replaceKnown(s)
	}
	return r.replaceUnknown(s)
}

func (r *redactor) replaceKnown(s string) string {
	var b strings.Builder
	from := 0
	for _, at := range r.known.FindAllStringIndex(s, -1) {
		hit := s[at[0]:at[1]]
		label, ok := r.label[fold(hit)]
		if !ok {
			label = words.LabelHidden // equal by the expression's rules of case, not by ours
		}
		if utf8.RuneCountInString(hit) < shortest && !alone(s, at[0], at[1]) {
			continue
		}
		b.WriteString(s[from:at[0]] + label)
		from = at[1]
	}
	return b.String() + s[from:]
}

// alone reports whether s[from:to] is no part of a longer word.
func alone(s string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:from])
	after, _ := utf8.DecodeRuneInString(s[to:])
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return !word(before) && !word(after)
}

// unknown are forms that tell who or where, whosever they are. Where two begin
// at one place the first of them counts: an address on the web is also a path.
var unknown = []struct {
	find string // without capturing groups
	by   string
	keep func(string) bool
}{
	{find: `(?i:\b[a-z][a-z0-9+.-]*://[^\s"'<>]+)`, by: words.LabelAddress, keep: isApple},
	{find: `(?i:[^\s@"'<>]+@[^\s@"'<>]+\.[a-z]{2,})`, by: words.LabelAddress},
	{find: `(?i:\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b)`, by: words.LabelID},
	{find: `(?i:\b[0-9a-f]{8}-[0-9a-f]{16}\b)`, by: words.LabelID},
	{find: `(?i:\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b)`, by: words.LabelID},
	{find: `(?i:\b[0-9a-f]{16,}\b)`, by: words.LabelID},
	{find: `\b[A-Z0-9]{10,12}\b`, by: words.LabelNumber, keep: isWord},
	{find: `\b\d{1,3}(?:\.\d{1,3}){3}\b`, by: words.LabelAddress},
	{find: `\+?\b\d[\d ()-]{8,}\d\b`, by: words.LabelNumber, keep: isDate},
	{find: `(?i:\b(?:[a-z0-9-]+\.)+[a-z]{2,}/[^\s"'<>]*)`, by: words.LabelAddress, keep: isApple},
	{find: "(?:~|/)[^\\s\"'<>`]*/[^\\s\"'<>`]*", by: words.LabelFolder},
	{find: "\\b[^\\s\"'<>`/]{2,}/[^\\s\"'<>`]{2,}", by: words.LabelFile},
	{find: `(?i:\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7}\b)`, by: words.LabelAddress},
	{find: `(?i:\b(?:[a-z0-9_-]+\.)+[a-z][a-z0-9_-]+(?::\d+)?)`, by: words.LabelAddress, keep: isOurs},
}

// compileUnknown makes one expression of all of them, a group each.
func compileUnknown() *regexp.Regexp {
	var all []string
	for _, u := range unknown {
		all = append(all, "("+u.find+")")
	}
	return regexp.MustCompile(strings.Join(all, "|"))
}

// replaceUnknown is the second pass, over what the first has left.
func (r *redactor) replaceUnknown(s string) string {
	var b strings.Builder
	from := 0
	for _, at := range r.forms.FindAllStringSubmatchIndex(s, -1) {
		for i, u := range unknown {
			if at[2*i+2] < 0 || u.keep != nil && u.keep(s[at[0]:at[1]]) {
				continue
			}
			b.WriteString(s[from:at[0]] + u.by)
			from = at[1]
		}
	}
	return b.String() + s[from:]
}

// isApple keeps addresses of pages that everybody may be sent to.
func isApple(s string) bool {
	host, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(s), "https://"), "/")
	return host == "support.apple.com" || host == "www.apple.com" || host == "apple.com"
}

// isDate keeps a day, with or without its hour.
func isDate(s string) bool { return dates.MatchString(s) }

var dates = regexp.MustCompile(`^\d{4}-\d\d-\d\d(?: \d\d)?$`)

// isWord keeps a long word in capitals that has no digit: no serial number is so.
func isWord(s string) bool { return !strings.ContainsAny(s, "0123456789") }

// isOurs keeps, as a whole and never as part of a longer name, the keys of the
// configuration and the names of files that every backup has, and ours.
func isOurs(s string) bool {
	if ourKeys[s] {
		return true
	}
	switch strings.ToLower(s) {
	case "status.plist", "info.plist", "manifest.plist", "manifest.db", "manifest.mbdb", "config.toml", "history.db",
		"watchdogd.log", "watchdogd.sock", "watchdogd.lock", "launchd.log", "last-status.json",
		"support.apple.com", "www.apple.com", "apple.com":
		return true
	}
	return false
}

// ourKeys are the keys of the configuration that look like a host's name.
var ourKeys = func() map[string]bool {
	keys := map[string]bool{}
	for _, e := range config.Entries(config.Default(), nil) {
		keys[e.Key] = true
	}
	return keys
}()

// redactField is hide for one field of a message. A fact that names a file of
// the phone may be any text, so nothing of it stays; and what is only looked up
// in our own lists of words must not be changed.
func redactField(hide func(string) string, field, s string) string {
	switch field {
	case "State", "Outcome", "Event", "Channel", "Connection", "Access", "Run":
		return s
	case "Fact":
		if strings.Contains(s, "/") && !strings.HasPrefix(s, words.FactVolume("")) {
			return words.LabelFact
		}
	}
	return hide(s)
}
