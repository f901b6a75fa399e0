package service_test

import (
	"strings"
	"testing"

	"backupwatchdog/daemon/service"
)

// TestProfiles: both are property lists with what a management server needs;
// the same question gives the same bytes.
func TestProfiles(t *testing.T) {
	teams := []service.Profile{
		{TeamID: "ABCDE12345", Organization: "Ann & Sons"},
		{CDHashes: []string{strings.Repeat("a", 40), strings.Repeat("b", 40)}},
	}
	wants := []string{`certificate leaf[subject.OU] = "ABCDE12345"`, `cdhash H"` + strings.Repeat("a", 40) + `" or cdhash H"` + strings.Repeat("b", 40) + `"`}
	for i, p := range teams {
		access, err := p.FullDiskAccess()
		must(t, err)
		login, err := p.LoginItem()
		must(t, err)
		accepts(t, access)
		accepts(t, login)
		for _, want := range []string{"SystemPolicyAllFiles", service.BundleID, wants[i], "<string>System</string>"} {
			if !strings.Contains(access, want) {
				t.Errorf("the profile lacks %q:\n%s", want, access)
			}
		}
		if !strings.Contains(login, "com.apple.servicemanagement") || !strings.Contains(login, "<string>"+service.Label+"</string>") {
			t.Errorf("the login item's profile:\n%s", login)
		}
		if again, _ := p.FullDiskAccess(); again != access {
			t.Error("made again, it differs")
		}
	}
	if _, err := (service.Profile{}).FullDiskAccess(); err == nil {
		t.Error("a profile for no program was made")
	}
	if _, err := (service.Profile{TeamID: "A\nB"}).LoginItem(); err == nil {
		t.Error("a team of two lines was taken")
	}
}
