package backup

import (
	"slices"
	"strings"
	"testing"
	"time"

	"backupwatchdog/daemon/words"
	"backupwatchdog/plist"
)

// TestCatalogueAndWordsNameTheSame holds that what is decided here and what is
// said in package words are about the same codes and ids, no more and no less.
func TestCatalogueAndWordsNameTheSame(t *testing.T) {
	var conditions, advice []string
	for _, c := range Catalogue {
		conditions = append(conditions, string(c.Code))
	}
	for _, f := range Fixes {
		advice = append(advice, string(f.ID))
	}
	slices.Sort(conditions)
	slices.Sort(advice)
	if said := words.Codes(); !slices.Equal(conditions, said) {
		t.Errorf("conditions\n%v\nthose with words\n%v", conditions, said)
	}
	if said := words.FixIDs(); !slices.Equal(advice, said) {
		t.Errorf("fixes\n%v\nthose with words\n%v", advice, said)
	}
}

// TestStepsFitTheComputer: nobody without a Mac is sent to a thing of macOS.
func TestStepsFitTheComputer(t *testing.T) {
	ofMacs := []string{"Finder", "System Settings", "Keychain", "Apple menu", "On a Mac", "this Mac", "Disk Utility", "/Volumes",
		"caffeinate", "Script Editor", "Elsewhere", "Trash"}
	for _, f := range Fixes {
		here := AdviceFor(f.ID, "U", false, "").Steps
		for _, text := range slices.Concat(here, f.Cloud, f.Cable.Steps, f.Not, []string{f.Title, f.Why}) {
			for _, word := range ofMacs {
				if strings.Contains(text, word) {
					t.Errorf("%s tells somebody without a Mac of %s: %s", f.ID, word, text)
				}
			}
			if strings.Contains(text, "{") || strings.Contains(text, "above") {
				t.Errorf("%s leaves something open: %s", f.ID, text)
			}
		}
		if f.Elsewhere != nil && slices.Equal(f.Elsewhere, f.Steps) {
			t.Errorf("%s: Elsewhere says what Steps say", f.ID)
		}
	}
}

// TestLowBatteryOverCable: a backup that runs over a cable is not to be begun
// anew, nor moved near a router.
func TestLowBatteryOverCable(t *testing.T) {
	for _, link := range []Link{LinkUSB, LinkNetwork} {
		s := NewSession("U", "/b/U", DefaultRules(), nil)
		f := uploading(10, 1e6)
		f.Phone.Link, f.Phone.Battery, f.Phone.Charging, f.Phone.Asked = link, 14, No, began.T
		s.Observe(began, f)
		got := find(s.Assess(began).Findings, PhoneBatteryLow)
		if got == nil || got.Fix.ID != StablePowerAndWiFi {
			t.Fatalf("%v: %+v", link, got)
		}
		said := got.Fix.Title + " " + strings.Join(got.Fix.Steps, " ")
		for _, wrong := range []string{"Wi-Fi", "router", "VPN", "again", "idevicebackup2", "safer"} {
			if strings.Contains(said, wrong) != (link == LinkNetwork) {
				t.Errorf("%v, %q: %s", link, wrong, said)
			}
		}
		if link == LinkUSB && len(got.Also) > 0 || link == LinkNetwork && len(got.Also) == 0 {
			t.Errorf("%v: also %v", link, got.Also)
		}
	}
}

// TestStuckBesideAnotherProgram: only the evidence puts that fix in, and the
// catalogue knows that it can.
func TestStuckBesideAnotherProgram(t *testing.T) {
	s := transferring()
	f := uploading(100, 1e8)
	f.Writer.Others = []string{"iMazing"}
	s.Observe(began.Add(101*time.Second), f)
	stuck := find(s.Assess(began.Add(30*time.Minute)).Findings, Stalled)
	if stuck == nil || !slices.Contains(stuck.Also, StopOtherTool) {
		t.Fatalf("%+v", stuck)
	}
	if c, _ := ConditionByCode(Stalled); !c.MayAdvise(StopOtherTool) || c.MayAdvise(CheckAppleStatus) {
		t.Errorf("stalled may advise %v, %v, %v", c.Fix, c.Also, c.May)
	}
}

// TestWhatIsKept: what a run says of the backup before it never contradicts the
// date of the last complete one.
func TestWhatIsKept(t *testing.T) {
	day := began.T.AddDate(0, 0, -1)
	past := []PastRun{{UDID: "U", Started: day.Add(-time.Hour), Ended: day, Outcome: OutcomeComplete, ChainID: "C1"}}
	whole := func(state, backup, chain string) Facts {
		f := uploading(10, 1e6)
		f.Folder.Status.Status = plist.Status{SnapshotState: state, BackupState: backup, UUID: chain}
		f.Folder.Index.Presence, f.Folder.Manifest.Presence = Present, Present
		return f
	}
	for _, c := range []struct {
		name string
		past []PastRun
		f    Facts
		want string
	}{
		{"an incremental", past, whole("uploading", "new", "C1"), words.KeptUntouched},
		{"an incremental, nothing remembered", nil, whole("uploading", "new", "C1"), words.KeptOlder},
		{"a full run", past, whole("uploading", "empty", "C1"),
			"The backup of 26 November 2026 was given up for this one; nothing can be restored here until a backup finishes."},
		{"a full run among its renames", past, whole("moving", "new", "C1"),
			"The backup of 26 November 2026 was being replaced by this one; nothing can be restored here until a backup finishes."},
		{"a new chain", past, whole("uploading", "empty", "C2"),
			"The backup of 26 November 2026 is no longer in this folder; nothing can be restored from here until a backup finishes."},
		{"a first run", nil, whole("uploading", "empty", "C1"), words.KeptArrived},
	} {
		s := NewSession("U", "/b/U", DefaultRules(), c.past)
		s.Observe(began, c.f)
		v := &view{s: s, r: s.m.Run, f: s.facts, now: began}
		if got := v.kept(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
