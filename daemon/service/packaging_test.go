package service_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"backupwatchdog/daemon/service"
)

var update = flag.Bool("update", false, "rewrite the examples in packaging")

// TestExamples: what lies in packaging for people to read is what is written.
func TestExamples(t *testing.T) {
	m := &service.Manager{Target: service.Darwin, Home: "/Users/you", UID: 501, Source: "/tmp/download"}
	p, err := m.Plan()
	must(t, err)
	unit, err := service.PackagedUnit()
	must(t, err)
	team := service.Profile{TeamID: "ABCDE12345"}
	access, err := team.FullDiskAccess()
	must(t, err)
	login, err := team.LoginItem()
	must(t, err)
	for name, want := range map[string]string{
		"launchd/" + service.Label + ".plist": p.Files[0].Content,
		"launchd/Info.plist":                  service.InfoPlist("v1.2.3"),
		"systemd/" + service.UnitName:         unit,
		"mdm/fulldiskaccess.mobileconfig":     access,
		"mdm/loginitem.mobileconfig":          login,
	} {
		path := filepath.Join("..", "..", "packaging", name)
		if *update {
			must(t, os.WriteFile(path, []byte(want), 0o644))
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("packaging/%s is not what is written (go test -update makes it so): %v", name, err)
		}
	}
}
