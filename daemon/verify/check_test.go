package verify_test

import (
	"context"
	"path/filepath"
	"testing"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/verify"
	"backupwatchdog/daemon/verify/verifytest"
)

func TestGood(t *testing.T) {
	dir := filepath.Join(t.TempDir(), verifytest.UDID)
	w, err := verifytest.Chain{Files: 1000}.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify.Check(context.Background(), dir, verify.Options{Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != backup.Good || *r.Listed != 1000 || r.Present != 1000 || r.Bytes != w.Bytes || len(r.Problems) > 0 {
		t.Errorf("%+v", r)
	}
}
