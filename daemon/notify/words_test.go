package notify

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"backupwatchdog/daemon/backup"
)

// allCodes reads the codes from their declaration, so that a new one cannot be
// forgotten here.
func allCodes(t *testing.T) (codes []backup.Code) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../backup/codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && spec.Type != nil && spec.Type.(*ast.Ident).Name == "Code" {
			s, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, backup.Code(s))
		}
		return true
	})
	return codes
}

func TestEveryConditionHasWords(t *testing.T) {
	codes := allCodes(t)
	if len(codes) < 35 || len(codes) != len(shortTitles) {
		t.Errorf("%d codes, %d titles", len(codes), len(shortTitles))
	}
	seen := map[string]backup.Code{}
	for _, c := range codes {
		words := shortTitles[c]
		if n := utf8.RuneCountInString(words); n == 0 || n > 25 {
			t.Errorf("%s: %q has %d characters", c, words, n)
		}
		if other, ok := seen[words]; ok {
			t.Errorf("%s and %s are called the same: %q", c, other, words)
		}
		seen[words] = c
		if _, over := overTitles[c]; over != (endings[c] == whenGone) {
			t.Errorf("%s: it ends by disappearing: %v, and has words for that: %v", c, endings[c] == whenGone, over)
		}
	}
}

func TestTitlesFitABanner(t *testing.T) {
	for _, c := range []struct{ device, what, want string }{
		{"Anna's iPhone", "backup is stuck", "Anna's iPhone: backup is stuck"},
		{"", "backups cannot be read", "Backups cannot be read"},
		{"The very long name of somebody's iPhone 17 Pro Max", "backup is stuck", "The very long name of…: backup is stuck"},
		{"Donaudampfschifffahrtsgesellschaftskapitän", "backup was interrupted", "Donaudampfschif…: backup was interrupted"},
		{"a\nb", "état", "a b: état"},
	} {
		got := titleOf(c.device, c.what)
		if got != c.want || utf8.RuneCountInString(got) > titleMost {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestBodiesBeginWithTheNextStep(t *testing.T) {
	long := strings.Repeat("Data has not arrived for a while. ", 20)
	for _, c := range []struct {
		f    backup.Finding
		want string
	}{
		{backup.Finding{Detail: "It stands still.", Fix: backup.Advice{Title: "Restart", Steps: []string{"Restart the iPhone", "Wait"}}},
			"Restart. It stands still. More: watchdogctl status"},
		{backup.Finding{Detail: "It stands still.", Fix: backup.Advice{Title: "Restart the phone"}},
			"Restart the phone. It stands still. More: watchdogctl status"},
		{backup.Finding{Detail: "It is cut short.", Fix: backup.Advice{Steps: []string{"Set the old chain aside: `watchdogctl retire 00008110-001A2B3C4D5E801E`. " +
			"Nothing is deleted, and the same with --undo takes it back."}}},
			"Set the old chain aside: watchdogctl retire 00008110-001A2B3C4D5E801E. It is cut short. More: watchdogctl status"},
		{backup.Finding{Detail: long, Fix: backup.Advice{Steps: []string{"Do this."}}},
			"Do this. " + strings.TrimSpace(strings.Repeat("Data has not arrived for a while. ", 4)) + " More: watchdogctl status"},
		{backup.Finding{Detail: strings.Repeat("x", 500), Fix: backup.Advice{Steps: []string{strings.Repeat("do this ", 50)}}}, ""},
		{backup.Finding{Detail: "Nothing more to do."}, "Nothing more to do."},
	} {
		got := Body(Decision{Event: Raised, Item: Item{Finding: c.f}})
		if c.want != "" && got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
		if utf8.RuneCountInString(got) > bodyMost || strings.Contains(got, "  ") {
			t.Errorf("%d characters: %q", utf8.RuneCountInString(got), got)
		}
	}
}

func TestGoodNewsSaysHowMuch(t *testing.T) {
	told := Told{UDID: "A", Code: backup.Stalled}
	good := backup.CheckResult{Verdict: backup.Good, Files: 48_212, Bytes: 61_234_567_890}
	for _, c := range []struct {
		event       Event
		code        backup.Code
		state       State
		title, body string
	}{
		{Verified, backup.Stalled, State{Device: "Anna's iPhone", Check: good}, "Anna's iPhone: backup is complete",
			"Finished and checked: 48,212 files, 61 GB. Nothing more to do."},
		{Verified, backup.Stalled, State{Device: "A", Check: backup.CheckResult{Verdict: backup.Unproven}}, "A: backup finished",
			"Finished and checked as far as that is possible without its password. Nothing more to do."},
		{Cleared, backup.Stalled, State{Device: "A", Phase: backup.Transferring}, "A: backup goes on again",
			"It goes on again: data arrives. Nothing to do; leave the phone connected."},
		{Cleared, backup.Interrupted, State{Device: "A", Phase: backup.Complete}, "A: backup finished",
			"The backup has finished since. Nothing more to do."},
		{Cleared, backup.CodeVolumeMissing, State{}, "Backup drive is back", "This is over. Nothing more to do."},
	} {
		told.Code = c.code
		d := Decision{Event: c.event, Item: goodItem(c.event, "k", told, c.state, clockOn(t, 1, "10:00"))}
		if Title(d) != c.title || Body(d) != c.body {
			t.Errorf("got  %q, %q\nwant %q, %q", Title(d), Body(d), c.title, c.body)
		}
		if d.Item.Finding.Severity != backup.Info || d.Item.Finding.Code != c.code {
			t.Errorf("%s carries %v %s", c.event, d.Item.Finding.Severity, d.Item.Finding.Code)
		}
	}
}

func TestNumbersInWords(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1500: "1.5 kB", 61_234_567_890: "61 GB", 999_600: "1.0 MB", 9_940: "9.9 kB", 820_000_000: "820 MB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestQuietHours(t *testing.T) {
	for _, s := range []string{"22:00", "22:00-", "22-7", "24:00-07:00", "22:60-07:00", "22:00-07:00x", " 22:00-07:00", "-1:00-07:00"} {
		if q, err := ParseQuiet(s); err == nil {
			t.Errorf("%q was read as %v", s, q)
		}
	}
	for _, c := range []struct {
		quiet, at string
		want      bool
	}{
		{"22:00-07:00", "22:00", true}, {"22:00-07:00", "06:59", true}, {"22:00-07:00", "07:00", false}, {"22:00-07:00", "21:59", false},
		{"12:00-14:00", "13:00", true}, {"12:00-14:00", "23:00", false}, {"", "03:00", false}, {"07:00-07:00", "07:00", false},
	} {
		if got := mustQuiet(c.quiet).Holds(clockOn(t, 1, c.at)); got != c.want {
			t.Errorf("%s in %q: %v", c.at, c.quiet, got)
		}
	}
}

func TestTheWeeklyWord(t *testing.T) {
	p := Policy{Weekly: true, Minimum: backup.Warning, Zone: clockOn(t, 1, "10:00").Location()}
	m := Memory{}
	spoken := []string{}
	look := func(day int, at string, items ...Item) {
		now := clockOn(t, day, at)
		scene := Scene{Items: items, Backups: []State{{UDID: "A", Completed: clockOn(t, 6, "09:00")}}}
		m.Observe(p, now, scene)
		for _, d := range Decide(p, m, now, scene) {
			if d.Speak {
				spoken = append(spoken, strconv.Itoa(day)+" "+Title(d)+": "+Body(d))
				m.Record(now, d)
			}
		}
	}
	bad := Item{UDID: "A", Finding: backup.Finding{Code: backup.Slow, Severity: backup.Warning, Key: "k"}}
	m.Record(clockOn(t, 6, "10:00"), Decision{Event: Raised, Item: bad})
	look(7, "10:00", bad)
	look(7, "11:00")
	look(8, "09:59")
	look(8, "10:00")
	look(8, "10:01")
	look(9, "10:00")
	look(15, "10:00") // no backup within the week
	if want := "8 Backups are well: A backup completed this week, and nothing needs your attention."; len(spoken) != 1 || spoken[0] != want {
		t.Errorf("spoken: %q", spoken)
	}
}
