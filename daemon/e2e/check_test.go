package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/phone/phonetest"
	"backupwatchdog/daemon/verify/verifytest"
)

// A person checks a backup and finds it damaged: from then on status says so
// too, and it is told, although the watchdog itself was not to check anything.
func TestCheckByAPersonIsTakenOver(t *testing.T) {
	onStage(t)
	s := newStory(t)
	s.set("verify.after_backup", "false")
	chain, err := phonetest.WriteChain(s.root, phonetest.Spec{Config: phonetest.Config{UDID: "00008110-0000000000E2E0C1"}, Date: time.Now().Add(-48 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	s.start()
	s.await(20*time.Second, "the backup, not checked", func(st control.Status) bool {
		return of(st, chain.UDID).Chain.Verdict == backup.Unchecked
	})
	for _, f := range chain.Listed {
		if f.Size > 0 {
			remove(t, chain.Blob(f))
			break
		}
	}
	if out, _, code := s.ctl("check", chain.UDID); code != 3 {
		t.Fatalf("check: exit %d\n%s", code, out)
	}
	s.awaitFinding(chain.UDID, backup.ChainBroken, backup.Critical, 10*time.Second)
	s.awaitTold(20*time.Second, "raised chain-broken")
}

// The same with the password of an encrypted one: what it proved stays proved.
func TestCheckWithPasswordIsTakenOver(t *testing.T) {
	onStage(t)
	s := newStory(t)
	w, err := verifytest.Chain{Files: 40, Password: "open sesame"}.Write(filepath.Join(s.root, verifytest.UDID))
	if err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-48 * time.Hour)
	if err := exec.Command("find", w.Dir, "-exec", "touch", "-d", then.Format(time.RFC3339), "{}", "+").Run(); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.await(30*time.Second, "as good as can be told without it", func(st control.Status) bool {
		_, unproven := finding(st, verifytest.UDID, backup.ChainUnproven)
		return unproven && of(st, verifytest.UDID).Chain.Verdict == backup.Unproven
	})
	cmd := s.command("watchdogctl", "--state-dir", s.state, "check", "--password-stdin", verifytest.UDID)
	password, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := password.WriteString("open sesame\n"); err != nil {
		t.Fatal(err)
	}
	password.Seek(0, 0)
	cmd.Stdin = password
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("check: %v\n%s", err, out)
	}
	s.await(10*time.Second, "proved", func(st control.Status) bool {
		_, unproven := finding(st, verifytest.UDID, backup.ChainUnproven)
		return !unproven && of(st, verifytest.UDID).Chain.Verdict == backup.Good
	})
}
