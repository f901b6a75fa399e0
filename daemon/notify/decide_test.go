package notify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/control"
)

// A story is a run of looks at one phone, "A". Each line is a time and what
// holds then; after "→" stands what must be decided.
//
//	at      10:00, or d2 10:00 for the second day; all looks at one time make one
//	holds   code!severity, ~code for one that a cause hides, #n for its n-th occurrence
//	also    phase=…, run=N, flows (data arrived just now), done (a run completed just now),
//	        checked=verdict, ack=code, fails (every channel fails)
//
// What must be decided is "event code" or "silent code: reason"; nothing else
// may be spoken. A silence need not be written down.
type story struct {
	name   string
	policy func(*Policy)
	lines  string
}

var stories = []story{
	{name: "a stall is told once, and again only when it has lasted", lines: `
		10:00 stalled!info                     → silent stalled: minimum
		10:05 stalled!warning                  → raised stalled
		10:06 stalled!warning                  → silent stalled: repeat not due
		16:04 stalled!warning                  → silent stalled: repeat not due
		16:05 stalled!warning                  → repeated stalled
		16:06 stalled!warning                  → silent stalled: repeat not due`},
	{name: "what becomes worse is told at once", lines: `
		10:00 phone-disk-full!warning          → raised phone-disk-full
		10:01 phone-disk-full!critical         → raised phone-disk-full
		10:02 phone-disk-full!critical         → silent phone-disk-full: repeat not due
		10:03 phone-disk-full!warning          → silent phone-disk-full: repeat not due`},
	{name: "information is told once where it is wanted", policy: func(p *Policy) { p.Minimum = backup.Info }, lines: `
		10:00 not-encrypted!info               → raised not-encrypted
		d3 10:00 not-encrypted!info            → silent not-encrypted: already told`},
	{name: "a suspicion that was told is told again as a certainty", policy: func(p *Policy) { p.Minimum = backup.Info }, lines: `
		10:00 stalled!info                     → raised stalled
		10:01 stalled!warning                  → raised stalled`},
	{name: "data flows again", lines: `
		10:00 stalled!warning                  → raised stalled
		10:10 flows                            →
		10:10:09 flows                         →
		10:10:10 flows                         → cleared stalled
		10:20 flows                            →`},
	{name: "what flickers is not over", lines: `
		10:00 stalled!warning                  → raised stalled
		10:10 flows                            →
		10:10:05 flows stalled!warning#2       → raised stalled
		10:20 flows                            →
		10:20:10 flows                         → cleared stalled`},
	{name: "what a cause explains is not told", lines: `
		10:00 ~slow!warning stalled!warning    → raised stalled
		17:00 ~slow!warning                    →`},
	{name: "gone without data is not over", lines: `
		10:00 stalled!warning                  → raised stalled
		10:10                                  →
		10:20                                  →
		10:30 flows                            → cleared stalled`},
	{name: "a cause that hides it ends nothing", lines: `
		10:00 slow!warning                     → raised slow
		10:10 ~slow!warning stalled!warning    → raised stalled
		10:20 ~slow!warning stalled!warning    → silent stalled: repeat not due
		10:30 flows                            →
		10:31 flows                            → cleared stalled`},
	{name: "the end of a run that was known to be in trouble is no news", lines: `
		10:00 stalled!warning                  → raised stalled
		10:30 phase=abandoned interrupted!warning → silent interrupted: same trouble
		12:00 phase=abandoned interrupted!warning → silent interrupted: same trouble
		16:30 phase=abandoned interrupted!warning → repeated interrupted
		16:31 phase=abandoned interrupted!warning → silent interrupted: repeat not due`},
	{name: "nor is it when what was told has been seen", lines: `
		10:00 stalled!warning                  → raised stalled
		10:30 phase=abandoned interrupted!warning ack=stalled → silent interrupted: same trouble
		22:30 phase=abandoned interrupted!warning → silent interrupted: same trouble`},
	{name: "an interruption out of the blue is", lines: `
		10:00 phase=abandoned interrupted!warning → raised interrupted`},
	{name: "a trouble of an earlier run does not excuse this one", lines: `
		10:00 run=1 stalled!warning            → raised stalled
		11:00 run=2 phase=abandoned interrupted!warning → raised interrupted`},
	{name: "mixed is more than interrupted", lines: `
		10:00 stalled!warning                  → raised stalled
		10:30 phase=abandoned interrupted-mixed!critical → raised interrupted-mixed`},
	{name: "finished and checked", lines: `
		10:00 stalled!warning                  → raised stalled
		10:05 flows                            →
		10:06 flows                            → cleared stalled
		10:30 phase=complete done              →
		10:40 phase=complete checked=good      → verified stalled
		10:50 phase=complete checked=good      →`},
	{name: "a later run makes good what was interrupted", lines: `
		10:00 run=1 phase=abandoned interrupted!warning → raised interrupted
		11:00 run=2 flows                      →
		11:30 run=2 phase=settling flows       →
		11:40 run=2 phase=complete done        →
		11:50 run=2 phase=complete checked=unproven → verified interrupted
		11:55 run=2 phase=complete checked=unproven →`},
	{name: "without checks the end of the run is the good news", policy: func(p *Policy) { p.Checks = false }, lines: `
		10:00 run=1 phase=abandoned interrupted!warning → raised interrupted
		11:40 run=2 phase=complete done        →
		11:41 run=2 phase=complete             → cleared interrupted`},
	{name: "a check that does not come is not waited for for ever", lines: `
		10:00 run=1 phase=abandoned interrupted!warning → raised interrupted
		11:40 run=2 phase=complete done        →
		13:39 run=2 phase=complete             →
		13:40 run=2 phase=complete             → cleared interrupted`},
	{name: "a broken chain is no good news", lines: `
		10:00 stalled!warning                  → raised stalled
		10:30 phase=complete done              →
		10:40 phase=complete checked=broken chain-broken!critical → raised chain-broken
		10:41 phase=complete checked=broken chain-broken!critical → silent chain-broken: repeat not due`},
	{name: "one word of good news answers all", lines: `
		10:00 phone-disconnected!warning       → raised phone-disconnected
		10:10 stalled!warning                  → raised stalled
		10:20 flows                            →
		10:21 flows                            → cleared stalled; silent phone-disconnected: told with another
		10:22 flows                            →`},
	{name: "a phone that goes after a stall is being restarted", lines: `
		10:00 stalled!warning                  → raised stalled
		10:10 phone-disconnected!warning       → silent phone-disconnected: same trouble
		10:20 flows                            → cleared stalled`},
	{name: "no good news without bad news", lines: `
		10:00 stalled!info                     → silent stalled: minimum
		10:10 flows                            →
		10:11 flows                            →
		10:30 phase=complete done              →
		10:40 phase=complete checked=good      →`},
	{name: "the drive is back", lines: `
		10:00 volume-missing!critical          → raised volume-missing
		10:10                                  →
		10:11                                  → cleared volume-missing
		10:12                                  →`},
	{name: "the passcode was entered while nothing flows yet", lines: `
		10:00 phase=preparing waiting-for-passcode!warning → raised waiting-for-passcode
		10:02 phase=preparing                  →
		10:03 phase=preparing                  → cleared waiting-for-passcode`},
	{name: "seen is not repeated, but worse is", lines: `
		10:00 phone-disk-full!warning          → raised phone-disk-full
		10:01 phone-disk-full!warning ack=phone-disk-full → silent phone-disk-full: acked
		22:00 phone-disk-full!warning          → silent phone-disk-full: acked
		22:01 phone-disk-full!critical         → raised phone-disk-full`},
	{name: "muted is silent in bad and in good", lines: `
		10:00 slow!warning mute=slow           → silent slow: muted
		10:10 slow!critical                    → silent slow: muted`},
	{name: "the night is quiet, but for what cannot wait", policy: func(p *Policy) { p.Quiet = mustQuiet("22:00-07:00") }, lines: `
		21:59 slow!warning                     → raised slow
		22:00 stalled!warning                  → silent stalled: quiet hours
		22:01 mac-disk-full!critical           → raised mac-disk-full
		22:02 waiting-for-passcode!warning     → raised waiting-for-passcode
		23:00 flows                            →
		23:59 flows                            →
		d2 06:59 overdue!warning flows         → silent overdue: quiet hours
		d2 07:00 overdue!warning flows         → raised overdue; cleared waiting-for-passcode`},
	{name: "enough is enough, and critical is more", policy: func(p *Policy) { p.DailyCap = 2 }, lines: `
		10:00 slow!warning stalled!warning shrunk!warning → raised slow; raised stalled; silent shrunk: daily cap
		10:01 slow!warning stalled!warning shrunk!warning chain-broken!critical → raised chain-broken
		10:02 slow!warning stalled!warning shrunk!warning chain-broken!critical no-access!critical volume-missing!critical → raised no-access; raised volume-missing
		10:03 slow!warning stalled!warning shrunk!warning chain-broken!critical no-access!critical volume-missing!critical interrupted-mixed!critical volume-read-only!critical → raised interrupted-mixed; silent volume-read-only: daily cap
		d2 00:00 slow!warning stalled!warning shrunk!warning chain-broken!critical no-access!critical volume-missing!critical interrupted-mixed!critical volume-read-only!critical → repeated chain-broken; repeated no-access; repeated volume-missing; repeated interrupted-mixed; raised volume-read-only; silent slow: daily cap; silent shrunk: daily cap`},
	{name: "a reminder with a ladder of its own is not repeated by the clock", lines: `
		10:00 overdue!warning                  → raised overdue
		d3 10:00 overdue!warning               → silent overdue: already told
		d8 10:00 overdue!warning#2             → raised overdue`},
	{name: "what failed everywhere is tried again, ever more rarely", lines: `
		10:00 stalled!warning fails            → raised stalled
		10:09 stalled!warning                  → silent stalled: retry not due
		10:10 stalled!warning fails            → raised stalled
		10:29 stalled!warning                  → silent stalled: retry not due
		10:30 stalled!warning                  → raised stalled
		10:31 stalled!warning                  → silent stalled: repeat not due`},
}

func mustQuiet(s string) Quiet {
	p, err := PolicyOf(config.Config{Notify: config.Notify{Minimum: "info", Quiet: s}})
	if err != nil {
		panic(err)
	}
	return p.Quiet
}

func TestStories(t *testing.T) {
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			tell := newTeller()
			if s.policy != nil {
				s.policy(&tell.policy)
			}
			for line := range strings.Lines(strings.TrimSpace(s.lines)) {
				tell.line(t, strings.TrimSpace(line))
			}
		})
	}
}

// teller walks through a story with a memory of its own.
type teller struct {
	policy Policy
	memory Memory
	state  State
}

func newTeller() *teller {
	return &teller{
		policy: Policy{Minimum: backup.Warning, Repeat: 6 * time.Hour, DailyCap: 50, Zone: time.UTC, Checks: true},
		memory: Memory{Acked: map[string]time.Time{}},
		state:  State{UDID: "A", Device: "Anna's iPhone", RunID: "1", Phase: backup.Transferring},
	}
}

func (s *teller) line(t *testing.T, line string) {
	t.Helper()
	left, want, _ := strings.Cut(line, "→")
	words := strings.Fields(left)
	day := 1
	if strings.HasPrefix(words[0], "d") {
		fmt.Sscanf(words[0], "d%d", &day)
		words = words[1:]
	}
	now := clockOn(t, day, words[0])
	items, fails := s.hold(t, now, words[1:])
	scene := Scene{Items: items, Backups: []State{s.state}}
	s.memory.Observe(s.policy, now, scene)
	var spoken, silent []string
	for _, d := range Decide(s.policy, s.memory, now, scene) {
		what := string(d.Item.Finding.Code)
		if !d.Speak {
			silent = append(silent, "silent "+what+": "+d.Reason)
		} else {
			spoken = append(spoken, string(d.Event)+" "+what)
		}
		before := s.memory.Told[d.Item.Finding.Key]
		if d.Speak || d.Closes {
			s.memory.Record(now, d)
		}
		if d.Speak && fails {
			s.memory.Failed(now, d.Item.Finding.Key, before)
		}
	}
	compare(t, line, want, spoken, silent)
}

// compare holds what was decided against what a line wants.
func compare(t *testing.T, line, want string, spoken, silent []string) {
	t.Helper()
	var wantSpoken []string
	for w := range strings.SplitSeq(want, ";") {
		switch w = strings.TrimSpace(w); {
		case w == "":
		case !strings.HasPrefix(w, "silent"):
			wantSpoken = append(wantSpoken, w)
		case !strings.Contains(strings.Join(silent, ";"), w):
			t.Errorf("%s\n\tsilences are %q", line, silent)
		}
	}
	if fmt.Sprint(wantSpoken) != fmt.Sprint(spoken) {
		t.Errorf("%s\n\tspoken was %q, silences are %q", line, spoken, silent)
	}
}

func clockOn(t *testing.T, day int, s string) time.Time {
	t.Helper()
	layout := "15:04"
	if strings.Count(s, ":") == 2 {
		layout = "15:04:05"
	}
	at, err := time.Parse(layout, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.AddDate(2026, 0, day-1)
}

// hold reads what holds, and changes the state by the rest.
func (s *teller) hold(t *testing.T, now time.Time, words []string) (items []Item, fails bool) {
	t.Helper()
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		switch {
		case strings.Contains(w, "!"):
			items = append(items, s.item(t, w))
		case name == "phase":
			s.state.Phase = backup.Phase(value)
		case name == "run":
			s.state.RunID = value
		case w == "flows":
			s.state.LastProgress = now
		case w == "done":
			s.state.Completed = now
		case w == "fails":
			fails = true
		case name == "checked" && s.state.Check.At.Before(s.state.Completed):
			s.state.Check = backup.CheckResult{At: now, Verdict: backup.Verdict(value), Files: 48_212, Bytes: 61_000_000_000}
		case name == "ack":
			s.memory.Acked["A/"+s.state.RunID+"/"+value+"/1"] = now
		case name == "mute":
			s.memory.Mutes = append(s.memory.Mutes, control.Mute{UDID: "A", Code: backup.Code(value)})
		case name != "checked":
			t.Fatalf("no story knows %q", w)
		}
	}
	return items, fails
}

func (s *teller) item(t *testing.T, w string) Item {
	t.Helper()
	it := Item{UDID: "A", Device: s.state.Device, RunID: s.state.RunID}
	w, it.Hidden = strings.CutPrefix(w, "~")
	code, rest, _ := strings.Cut(w, "!")
	severity, n, ok := strings.Cut(rest, "#")
	if !ok {
		n = "1"
	}
	if err := it.Finding.Severity.UnmarshalText([]byte(severity)); err != nil {
		t.Fatal(err)
	}
	it.Finding.Code, it.Finding.Key = backup.Code(code), "A/"+it.RunID+"/"+code+"/"+n
	return it
}

// TestTwoFoldersOfOnePhoneAreTwoBackups: what is told of one is not told of the
// other, and what ends in one is not over in the other.
func TestTwoFoldersOfOnePhoneAreTwoBackups(t *testing.T) {
	p, now := Policy{Minimum: backup.Warning, Repeat: 6 * time.Hour}, time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)
	item := func(folder string, code backup.Code) Item {
		return Item{UDID: "U", RunID: "1", Finding: backup.Finding{Code: code, Severity: backup.Warning, Key: folder + "/1/" + string(code) + "/1"}}
	}
	var m Memory
	look := func(after time.Duration, s Scene, want string) {
		t.Helper()
		now = now.Add(after)
		m.Observe(p, now, s)
		var got []string
		for _, d := range Decide(p, m, now, s) {
			if d.Speak {
				got = append(got, string(d.Event)+" "+d.Item.Finding.Key)
			}
			if d.Speak || d.Closes {
				m.Record(now, d)
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	one := State{UDID: "U", Folder: "U@0001", RunID: "1", Phase: backup.Transferring}
	two := State{UDID: "U", Folder: "U@0002", RunID: "1", Phase: backup.Transferring}
	look(0, Scene{Items: []Item{item("U@0001", backup.Stalled)}, Backups: []State{one, two}}, "raised U@0001/1/stalled/1")
	look(time.Minute, Scene{Items: []Item{item("U@0001", backup.Stalled), item("U@0002", backup.Stalled)}, Backups: []State{one, two}}, "raised U@0002/1/stalled/1")
	// Data flows in the second one: the first still holds and holds nothing up there.
	two.LastProgress = now.Add(time.Minute)
	look(time.Minute, Scene{Items: []Item{item("U@0001", backup.Stalled)}, Backups: []State{one, two}}, "")
	look(time.Minute, Scene{Items: []Item{item("U@0001", backup.Stalled)}, Backups: []State{one, two}}, "cleared U@0002/1/stalled/1")
	// The end of the second run is news, although the first is known to be stuck.
	two.Phase = backup.Abandoned
	look(time.Minute, Scene{Items: []Item{item("U@0001", backup.Stalled), item("U@0002", backup.Interrupted)}, Backups: []State{one, two}}, "raised U@0002/1/interrupted/1")
}
