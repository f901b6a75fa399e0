package verify_test

import (
	"os"
	"testing"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/phone/phonetest"
	"backupwatchdog/daemon/verify"
)

// The fake phone makes backups by itself, as over the wire, and knows nothing
// of this package: in every state a run can leave, both see the same.
func TestBackupsOfThePhone(t *testing.T) {
	for _, c := range []struct {
		state      phonetest.State
		verdict    backup.Verdict
		restorable string
		code       backup.Code // of the first finding, "" none
	}{
		{phonetest.Finished, backup.Good, "yes", ""},
		{phonetest.FinishedAgain, backup.Good, "yes", ""},
		{phonetest.FailedAgain, backup.Good, "yes", ""},
		{phonetest.InfoOnly, backup.Incomplete, "no", backup.NeverCompleted},
		{phonetest.TornFirst, backup.Incomplete, "no", backup.Interrupted},
		{phonetest.TornIncremental, backup.Incomplete, "yes", backup.Interrupted},
		{phonetest.Mixed, backup.Incomplete, "unknown", backup.InterruptedMixed},
		{phonetest.Unswept, backup.Incomplete, "yes", backup.Interrupted},
	} {
		t.Run(string(c.state), func(t *testing.T) {
			t.Parallel()
			chain, err := phonetest.WriteChain(t.TempDir(), phonetest.Spec{State: c.state})
			must(t, err)
			before := picture(t, chain.Path)
			r := check(t, chain.Path, verify.Options{Deep: true, Quick: true, Workers: 1})
			first := backup.Code("")
			if len(r.Findings) > 0 {
				first = r.Findings[0].Code
			}
			if r.Verdict != c.verdict || r.Restorable != c.restorable || first != c.code {
				t.Errorf("%s, restorable %s, %s\n%s\n%+v", r.Verdict, r.Restorable, first, r.Detail, r.Problems[:min(5, len(r.Problems))])
			}
			if r.Verdict == backup.Good && *r.Listed != int64(len(chain.Listed)) {
				t.Errorf("%d files listed, the phone says %d", *r.Listed, len(chain.Listed))
			}
			if picture(t, chain.Path) != before {
				t.Error("the folder changed")
			}
		})
	}
}

func TestPhoneDamage(t *testing.T) {
	chain, err := phonetest.WriteChain(t.TempDir(), phonetest.Spec{})
	must(t, err)
	missing, cut := 0, 0
	for i, f := range chain.Listed {
		info, err := os.Lstat(chain.Blob(f))
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		switch {
		case i%20 == 0:
			must(t, os.Remove(chain.Blob(f)))
			missing++
		case i%20 == 1 && info.Size() > 1:
			must(t, os.Truncate(chain.Blob(f), info.Size()/2))
			cut++
		}
	}
	r := check(t, chain.Path, verify.Options{})
	if r.Verdict != backup.BrokenUp || r.Missing != int64(missing) || r.WrongSize != int64(cut) {
		t.Errorf("%s, %d missing of %d, %d cut of %d", r.Verdict, r.Missing, missing, r.WrongSize, cut)
	}
}
