package notify

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
)

func TestEveryConditionIsTold(t *testing.T) {
	for _, code := range words.Codes() {
		c, _ := words.Of(code)
		if whenOver := endings[backup.Code(code)] == whenGone; whenOver != (c.Over != "") {
			t.Errorf("%s: it ends by disappearing: %v, and is called over: %q", code, whenOver, c.Over)
		}
	}
}

func TestEverySilenceHasAReason(t *testing.T) {
	for _, reason := range []string{words.RuleMinimum, words.RuleAcked, words.RuleMuted, words.RuleTold, words.RuleRepeat, words.RuleSame, words.RuleQuiet, words.RuleCap, words.RuleRetry, words.RuleJoined} {
		if words.Withheld(reason) == reason {
			t.Errorf("%q has no words", reason)
		}
	}
}

func TestWhatIsWrittenDownIsShort(t *testing.T) {
	err := fmt.Errorf("sending: %w", refusal(words.NoSession(), nil))
	if got := inShort(err); got != "no desktop session" || !strings.Contains(err.Error(), "run watchdogd as") {
		t.Errorf("%q of %q", got, err)
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
		got := words.NoticeTitle(c.device, c.what)
		if got != c.want || utf8.RuneCountInString(got) > words.TitleMost {
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
		if utf8.RuneCountInString(got) > words.BodyMost || strings.Contains(got, "  ") {
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
			"Finished and checked: 48,212 files, 61.2 GB. Nothing more to do."},
		{Verified, backup.Stalled, State{Device: "A", Check: backup.CheckResult{Verdict: backup.Unproven}}, "A: backup finished",
			"Finished, and checked as far as possible without its password. Nothing more to do."},
		{Cleared, backup.Stalled, State{Device: "A", Phase: backup.Transferring}, "A: backup is moving again",
			"It is moving again: files are being copied. Nothing to do; leave the iPhone connected."},
		{Cleared, backup.Interrupted, State{Device: "A", Phase: backup.Complete}, "A: backup finished",
			"The backup has now finished. Nothing more to do."},
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

func TestQuietHours(t *testing.T) {
	for _, c := range []struct {
		quiet, at string
		want      bool
	}{
		{"22:00-07:00", "22:00", true}, {"22:00-07:00", "06:59", true}, {"22:00-07:00", "07:00", false}, {"22:00-07:00", "21:59", false},
		{"12:00-14:00", "13:00", true}, {"12:00-14:00", "23:00", false}, {"", "03:00", false},
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
	if want := "8 Backups are well: A backup completed this week. Nothing needs your attention."; len(spoken) != 1 || spoken[0] != want {
		t.Errorf("spoken: %q", spoken)
	}
}
