package report_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"html"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/report"
)

var (
	update = flag.Bool("update", false, "rewrite the golden files")
	keep   = flag.String("keep", "", "write the report of the household to `FILE`, to be looked at")
)

func render(t *testing.T, in report.Input) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Render(&b, in); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// situations are what a report may have to show.
var situations = map[string]func() report.Input{
	"household": household,
	"empty": func() report.Input {
		return report.Input{Now: now, Status: control.Status{Roots: []control.Root{{Path: root, State: "watching"}}}}
	},
	"nothing-known": func() report.Input { return report.Input{Now: now} },
	"denied": func() report.Input {
		in := report.Input{Now: now, Status: control.Status{Roots: []control.Root{{Path: root, State: "denied"}}}}
		in.Status.Findings = []backup.Finding{{Code: backup.NoAccess, Severity: backup.Critical, Title: "The watchdog cannot see the backups",
			Detail: "Reading the folder is refused.", Since: ago(day), Confidence: backup.High, Fix: backup.AdviceFor(backup.GrantFullDiskAccess, "", true, "")}}
		return in
	},
	"no-daemon": func() report.Input {
		in := household()
		in.Status.Stale, in.NoHistory = ptr(ago(13*60*60*1e9)), "The watchdog is not running, so its history cannot be read here."
		in.History, in.Curves = control.History{}, nil
		return in
	},
	"first-run": func() report.Input {
		in := report.Input{Now: now, Status: control.Status{Roots: []control.Root{{Path: root, State: "watching"}}}}
		in.Status.Backups = []control.Backup{{UDID: bob, DeviceName: "Bob", Phase: backup.Preparing, Run: &control.Run{Started: ago(6 * 60e9)}}}
		in.History.Runs = []control.PastRun{{UDID: bob, Started: ago(6 * 60e9), Outcome: backup.OutcomeRunning}}
		return in
	},
	"running": func() report.Input { // one over a whole backup, one that has given it up, one that puts its files in place
		in := report.Input{Now: now, Status: control.Status{Roots: []control.Root{{Path: root, State: "watching"}}}}
		over, instead, placing := fine(), fine(), fine()
		over.Phase, over.Chain.Restorable = backup.Transferring, "yes"
		over.Run = &control.Run{Started: ago(20 * 60e9), Bytes: ptr(int64(1.1e9)), Expected: ptr(int64(2.4e9)), ETA: ptr(25 * 60.0)}
		instead.UDID, instead.DeviceName, instead.Phase = anna, "Anna’s iPhone", backup.Transferring
		instead.Chain = control.Chain{Verdict: backup.Unchecked, Restorable: "no"}
		instead.Run = &control.Run{Started: ago(70 * 60e9), Bytes: ptr(int64(38.2e9)), Expected: ptr(int64(83e9)), AtMost: true, ETA: ptr(100 * 60.0)}
		placing.UDID, placing.DeviceName, placing.ProductType, placing.Phase = cleo, "Cleo’s iPad", "iPad14,1", backup.Finishing
		placing.Chain = control.Chain{Verdict: backup.Unchecked, Restorable: "no"}
		placing.Run = &control.Run{Started: ago(30 * 60e9), Bytes: ptr(int64(3e9))}
		in.Status.Backups, in.NoHistory = []control.Backup{over, instead, placing}, "No history here."
		return in
	},
}

var (
	tagsOut   = regexp.MustCompile(`<[^>]*>`)
	styleOut  = regexp.MustCompile(`(?s)<style>.*?</style>`)
	blanksOut = regexp.MustCompile(`\s+`)
	block     = regexp.MustCompile(`</?(?:h[1-6]|p|li|tr|dt|dd|caption|figcaption|section|article|title|desc|table|ol|ul|nav|header|main|footer|figure|div)\b[^>]*>`)
)

// outline is what a person who cannot see the page would be read: its texts,
// one line a block, headings and chart descriptions marked.
func outline(page string) string {
	page = styleOut.ReplaceAllString(page, "")
	page = regexp.MustCompile(`<(h[1-6]|desc|caption)\b[^>]*>`).ReplaceAllString(page, "\n[$1] ")
	page = regexp.MustCompile(`</t[dh]>`).ReplaceAllString(page, " | ")
	page = regexp.MustCompile(`<text [^>]*>[^<]*</text>|<path [^>]*><title>[^<]*</title></path>`).ReplaceAllString(page, "")
	var out []string
	for line := range strings.Lines(block.ReplaceAllString(page, "\n")) {
		line = strings.TrimSpace(blanksOut.ReplaceAllString(tagsOut.ReplaceAllString(line, ""), " "))
		if line != "" {
			out = append(out, line)
		}
	}
	return html.UnescapeString(strings.Join(out, "\n")) + "\n"
}

// TestOutline compares what each situation says with its golden file; -update
// rewrites them, -keep writes the household's page.
func TestOutline(t *testing.T) {
	for name, make := range situations {
		t.Run(name, func(t *testing.T) {
			page := render(t, make())
			if name == "household" && *keep != "" {
				if err := os.WriteFile(*keep, []byte(page), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got := outline(page)
			path := filepath.Join("testdata", name+".outline")
			if *update {
				if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, []byte(got), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestHeadingsDescendInOrder: one h1, and never a step down by more than one.
func TestHeadingsDescendInOrder(t *testing.T) {
	for name, make := range situations {
		level := byte('0')
		for _, m := range regexp.MustCompile(`<h([1-6])[ >]`).FindAllStringSubmatch(render(t, make()), -1) {
			next := m[1][0]
			if next > level+1 || next == '1' && level != '0' {
				t.Errorf("%s: h%c after h%c", name, next, level)
			}
			level = next
		}
	}
}

// TestPageStandsAlone: it may load nothing, and asks for nothing.
func TestPageStandsAlone(t *testing.T) {
	for name, make := range situations {
		page := render(t, make())
		for _, wrong := range []string{"http:", "https:", "//", "<script", "<link", "<img", "<iframe", "@import", "url(", "javascript:", " on", "style="} {
			if wrong == " on" {
				if m := regexp.MustCompile(`<[^>]* on[a-z]+=`).FindString(page); m != "" {
					t.Errorf("%s: %s", name, m)
				}
				continue
			}
			if i := strings.Index(page, wrong); i >= 0 {
				t.Errorf("%s: %q in …%s…", name, wrong, page[max(0, i-40):min(len(page), i+40)])
			}
		}
		head, _, _ := strings.Cut(html.UnescapeString(page), "<title>")
		if !strings.Contains(head, `<meta http-equiv="Content-Security-Policy" content="`+report.Policy()+`">`) {
			t.Errorf("%s: no policy in %s", name, head)
		}
		if !strings.Contains(head, report.Mark) || !strings.Contains(head, `<html lang="en">`) {
			t.Errorf("%s: no mark or language in %s", name, head)
		}
	}
}

// hostile are texts a phone, a folder or a program may hold.
var hostile = map[string]string{
	"markup":     `</title></style></svg></desc></text><script>alert(1)</script><img src=x onerror=alert(1)>`,
	"quotes":     `" onmouseover="alert(1)" x='`,
	"template":   `{{.}} {{template "x"}} &lt;script&gt; <!-- --> ]]> <![CDATA[`,
	"escapes":    "\x1b[2J\x1b]0;x\a\x00\x08\x7f\u009b31m",
	"direction":  "\u202e\u2066\u200f\u061c\ufeffenohPi\u2069",
	"zalgo":      "e" + strings.Repeat("\u0301", 500),
	"joiners":    strings.Repeat("\u200d\u200c\u200b\u2060", 300),
	"long":       strings.Repeat("W", 10_000),
	"wide lines": strings.Repeat("line\r\n\u2028", 500),
	"not UTF-8":  "\xff\xfe\xc3(\xed\xa0\x80",
	"empty":      "",
}

// skeleton counts the tags of a page. Coordinates and moments may differ.
func skeleton(page string) map[string]int {
	out := map[string]int{}
	for _, tag := range tagsOut.FindAllString(styleOut.ReplaceAllString(page, ""), -1) {
		out[regexp.MustCompile(` (d|x|y|datetime)="[^"]*"`).ReplaceAllString(tag, "")]++
	}
	return out
}

// TestTextsStayTexts: whatever any text of any message is, the page keeps its
// structure to the last tag.
func TestTextsStayTexts(t *testing.T) {
	fill := func(text string) string {
		in := report.Rewrite(household(), func(field, s string) string {
			switch field {
			case "UDID", "State", "Outcome", "Event", "Channel", "Connection", "Key":
				return s
			}
			return text
		})
		return render(t, in)
	}
	want := skeleton(fill("plain words"))
	for name, text := range hostile {
		if name == "empty" {
			continue // leaves out what it has no text for
		}
		page := fill(text)
		if d := cmp.Diff(want, skeleton(page)); d != "" {
			t.Errorf("%s changes the structure: %s", name, d)
		}
		for _, r := range "\x1b\x00\x08\x7f\a\u009b\u202e\u2066\u200f\u061c\ufeff\u200b\u2028" {
			if strings.ContainsRune(page, r) {
				t.Errorf("%s: %U got through", name, r)
			}
		}
		if len(page) > 2_000_000 {
			t.Errorf("%s: %d bytes", name, len(page))
		}
		if strings.ToValidUTF8(page, "") != page {
			t.Errorf("%s: the page is not UTF-8", name)
		}
	}
	if page := fill(""); !strings.Contains(page, "</html>") {
		t.Error("no page of empty texts")
	}
}

// TestNumbersStayNumbers: what cannot be is drawn without harm.
func TestNumbersStayNumbers(t *testing.T) {
	in := household()
	for i := range in.Status.Backups {
		if r := in.Status.Backups[i].Run; r != nil {
			r.Expected, r.Bytes, r.ETA, r.SilenceLimit = ptr(int64(0)), ptr(int64(-1)), ptr(1e300), ptr(-1e300)
		}
	}
	for i := range in.History.Runs {
		r := &in.History.Runs[i]
		r.Ended, r.ChainBytes, r.Bytes = ptr(r.Started.AddDate(-300, 0, 0)), ptr(int64(1<<62)), ptr(int64(-7))
	}
	for i := range in.Curves {
		for j := range in.Curves[i].Points {
			in.Curves[i].Points[j].Bytes = int64(j%3-1) << 61
		}
	}
	page := render(t, in)
	for _, wrong := range []string{"NaN", "Inf", "e+"} {
		if strings.Contains(styleOut.ReplaceAllString(page, ""), wrong) {
			t.Errorf("%s in the page", wrong)
		}
	}
}

func TestCallersTextsAreNotTouched(t *testing.T) {
	in := household()
	in.Redact = true
	render(t, in)
	want := household()
	want.Redact = true
	if d := cmp.Diff(want, in); d != "" {
		t.Error(d)
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"Anna’s iPhone": "Anna’s iPhone", " a\tb\nc ": "a b c", "日本語 👩‍👩‍👧 é": "日本語 👩‍👩‍👧 é",
		"e\u0301\u0301\u0301\u0301\u0301": "e\u0301\u0301\u0301", "\xff": "\uFFFD", "x\u202ey": "x\uFFFDy",
	} {
		if got := report.Clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestSilencesAreCountedAwake: a sleep in a silence, or a night in which nobody
// watched, makes no silence longer than it was.
func TestSilencesAreCountedAwake(t *testing.T) {
	limit := func(backup.Phase) time.Duration { return 10 * time.Minute }
	at := func(min int, bytes int64) control.Sample {
		return control.Sample{At: now.Add(time.Duration(min) * time.Minute), Phase: backup.Transferring, Bytes: bytes}
	}
	minutes := func(from, to int, bytes int64) (out []control.Sample) {
		for m := from; m <= to; m++ {
			out = append(out, at(m, bytes))
		}
		return out
	}
	moving := []control.Sample{at(0, 0), at(1, 1), at(2, 2), at(3, 3)}
	for _, tt := range []struct {
		name string
		pts  []control.Sample
		end  int
		want string
	}{
		{"moving", moving, 3, ""},
		{"quiet to the end", slices.Concat(moving, minutes(4, 20, 3)), 20, "quiet 17m0s"},
		{"quiet in between", slices.Concat(moving, minutes(4, 14, 3), []control.Sample{at(15, 9)}), 15, "quiet 12m0s"},
		{"quiet under the limit", slices.Concat(moving, minutes(4, 12, 3), []control.Sample{at(13, 9)}), 13, ""},
		{"slept", slices.Concat(moving, []control.Sample{at(200, 3), at(201, 9), at(202, 10)}), 202, "blank 3h17m0s"},
		{"quiet, and slept", slices.Concat(moving, minutes(4, 10, 3), minutes(100, 110, 3)), 110, "blank 1h30m0s, quiet 17m0s"},
		{"not watched to the end", moving, 90, "blank 1h27m0s"},
	} {
		var got []string
		for _, h := range report.Hushes(tt.pts, now.Add(time.Duration(tt.end)*time.Minute), limit) {
			got = append(got, h.String())
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, s, tt.want)
		}
	}
}

func TestEverySituationHasItsOwnWords(t *testing.T) {
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(situations)) {
		page := render(t, situations[name]())
		_, title, _ := strings.Cut(page, "<h1")
		title, _, _ = strings.Cut(title, "</h1>")
		if other := seen[title]; other != "" && name != "no-daemon" && other != "no-daemon" && name != "nothing-known" {
			t.Errorf("%s and %s have one headline: %s", name, other, title)
		}
		seen[title] = name
	}
}

// TestContrast: in every look, each colour of text stands out from both grounds
// by 4.5 to 1 (WCAG 2.2, AA), and each of a shape by 3 to 1.
// TestTwoFoldersOfOnePhoneHaveTheirOwnPast: what happened in one is not told in
// the section of the other.
func TestTwoFoldersOfOnePhoneHaveTheirOwnPast(t *testing.T) {
	in := report.Input{Now: now}
	for i, dir := range []string{"/Volumes/One", "/Volumes/Two"} {
		path := dir + "/" + anna
		in.Status.Backups = append(in.Status.Backups, control.Backup{UDID: anna, Path: path, DeviceName: "Anna", Phase: backup.Idle})
		in.History.Runs = append(in.History.Runs, control.PastRun{UDID: anna, Path: path, Started: ago(day), Outcome: backup.OutcomeComplete, Files: ptr(int64(1111 * (i + 1)))})
		in.History.Checks = append(in.History.Checks, control.Check{UDID: anna, Path: path, CheckResult: backup.CheckResult{At: ago(day), Verdict: backup.Good, Files: int64(3333 * (i + 1))}})
		in.History.Notices = append(in.History.Notices, control.Notice{UDID: anna, At: ago(day), Event: "raised", Channel: "desktop", Outcome: "sent",
			Title: fmt.Sprint("notice ", i+1), Key: backup.Mark(anna, path) + "/-/chain-broken/1"})
	}
	page := outline(render(t, in))
	for _, once := range []string{"1,111", "2,222", "3,333", "6,666", "Notice 1", "Notice 2"} {
		if n := strings.Count(page, once); n != 1 {
			t.Errorf("%q stands there %d times", once, n)
		}
	}
}

// TestQuietnessIsOnlyWhatIsKnown: of a past run the limit is not known, so that
// nothing is said of what was normal; what was told of it is.
func TestQuietnessIsOnlyWhatIsKnown(t *testing.T) {
	began := ago(6 * time.Minute)
	situation := func(silence map[string]float64, redact bool, notices ...control.Notice) string {
		in := report.Input{Now: now, Redact: redact}
		in.Status.Backups = []control.Backup{{UDID: anna, DeviceName: "Anna", Phase: backup.Idle}}
		in.History.Runs = []control.PastRun{{UDID: anna, Started: began, Ended: ptr(began.Add(40 * time.Second)), Outcome: backup.OutcomeAbandoned,
			LastPhase: backup.Transferring, LongestSilence: silence}}
		in.History.Notices = notices
		c := report.Curve{UDID: anna, Started: began}
		for i := range 5 {
			c.Points = append(c.Points, control.Sample{At: began.Add(time.Duration(i) * 10 * time.Second), Phase: backup.Transferring, Bytes: int64(1 + min(i, 2)), Files: 1})
		}
		in.Curves = []report.Curve{c}
		return outline(render(t, in))
	}
	stuck := told(anna, began.Add(time.Minute), "raised", backup.Stalled, "Anna: backup is stuck", "desktop", "sent", "")
	stuck.Run = fmt.Sprint(began.Unix())
	other := stuck
	other.Run = fmt.Sprint(began.Unix() - 60)
	held := stuck
	held.Outcome = "suppressed"
	seconds := map[string]float64{"transferring": 4}
	for _, c := range []struct{ name, page, desc, cell string }{
		{"stuck", situation(seconds, false, stuck), "A notice of 27 Nov 21:40 said that it was stuck.", "longer than normal"},
		{"stuck, redacted", situation(seconds, true, stuck), "A notice of 27 Nov 21:40 said that it was stuck.", "longer than normal"},
		{"another run was", situation(seconds, false, other), "Its longest quiet time was 4 s while copying files.", "4 s while copying files"},
		{"not told", situation(seconds, false, held), "Its longest quiet time was 4 s while copying files.", "4 s while copying files"},
		{"nothing known", situation(nil, false), "interrupted while copying files.", "–"},
	} {
		if !strings.Contains(c.page, c.desc+"\n") || !strings.Contains(c.page, "| "+c.cell+" |") {
			t.Errorf("%s: no %q or %q in\n%s", c.name, c.desc, c.cell, c.page)
		}
		if strings.Contains(c.page, "never quiet") {
			t.Errorf("%s: a claim in\n%s", c.name, c.page)
		}
	}
}

// TestYoungHistory: of a history of minutes, no two times stand over each other.
func TestYoungHistory(t *testing.T) {
	tick := regexp.MustCompile(`<text class="tick" x="([0-9.]+)" y="161" text-anchor="middle">(\d\d:\d\d|\d+ [A-Z]..)<`)
	for _, span := range []time.Duration{2 * time.Minute, 6 * time.Minute, 50 * time.Minute, 5 * time.Hour, 23 * time.Hour, 3 * day, 9 * day, 400 * day} {
		in := report.Input{Now: now}
		in.Status.Backups = []control.Backup{{UDID: anna, DeviceName: "Anna", Phase: backup.Idle}}
		for _, at := range []time.Duration{span, span / 2, span / 3} {
			in.History.Runs = append(in.History.Runs, control.PastRun{UDID: anna, Started: ago(at), Ended: ptr(ago(at - time.Second)), Outcome: backup.OutcomeComplete})
		}
		labels := tick.FindAllStringSubmatch(render(t, in), -1)
		if len(labels) == 0 {
			t.Errorf("%s: no time at all", span)
		}
		before := 0.0
		for _, l := range labels {
			x, _ := strconv.ParseFloat(l[1], 64)
			if x-before < 45 && before > 0 {
				t.Errorf("%s: %s stands over its neighbour", span, l[2])
			}
			before = x
		}
	}
}

// TestCommandsInEvidence: they look as they do in a detail.
func TestCommandsInEvidence(t *testing.T) {
	in := situations["denied"]()
	in.Status.Findings[0].Evidence = []backup.Evidence{{Fact: "Reason", Value: "no command is set; set `notify.command`", Source: backup.FromMac}}
	if page := render(t, in); !strings.Contains(page, "set <code>notify.command</code>") {
		t.Error("no markup of a command in the evidence")
	}
}

func TestContrast(t *testing.T) {
	looks := regexp.MustCompile(`:root\{([^}]*)\}`).FindAllStringSubmatch(report.StyleCSS, -1)
	if len(looks) != 3 {
		t.Fatalf("%d looks", len(looks))
	}
	for i, look := range looks {
		colour := map[string]float64{}
		for _, m := range regexp.MustCompile(`--(\w+):(#[0-9a-f]+)`).FindAllStringSubmatch(look[1], -1) {
			colour[m[1]] = luminance(t, m[2])
		}
		for _, ground := range []string{"paper", "card", "area", "hush"} {
			for _, ink := range []string{"ink", "soft", "well", "busy", "unsure", "warning", "critical"} {
				least := 4.5
				if ground == "area" || ground == "hush" {
					least = 3
				}
				a, b := max(colour[ink], colour[ground]), min(colour[ink], colour[ground])
				if ratio := (a + 0.05) / (b + 0.05); ratio < least {
					t.Errorf("look %d: %s on %s is %.1f to 1", i, ink, ground, ratio)
				}
			}
		}
	}
}

// luminance is the relative luminance of a colour as WCAG defines it.
func luminance(t *testing.T, hex string) float64 {
	if len(hex) == 4 {
		hex = "#" + strings.Repeat(hex[1:2], 2) + strings.Repeat(hex[2:3], 2) + strings.Repeat(hex[3:4], 2)
	}
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	part := func(shift uint) float64 {
		c := float64(n>>shift&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}
