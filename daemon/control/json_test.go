package control_test

import (
	"encoding/json"
	"strings"
	"testing"

	"backupwatchdog/daemon/control"
)

// TestUnknownIsNeverEmpty: in the JSON what is not known is null or absent,
// never "" or 0, and a list of nothing is [].
func TestUnknownIsNeverEmpty(t *testing.T) {
	for _, v := range []any{
		control.Status{Schema: 1, Backups: []control.Backup{{UDID: "A", Path: "/b/A", Phase: "idle", Run: &control.Run{Started: started}}},
			Phones: []control.Phone{{UDID: "A", Connection: "usb"}}, Daemon: control.Daemon{Version: "v", PID: 1, Started: started, Socket: "s", State: "d"},
			Roots: []control.Root{{Path: "/b", Resolved: "/b", State: "watching"}}},
		control.Status{Schema: 1, Daemon: control.Daemon{Version: "v", PID: 1, Started: started, Socket: "s", State: "d"}},
		control.History{Schema: 1}, &control.History{Schema: 1},
		control.History{Schema: 1, Runs: []control.PastRun{{UDID: "A", Started: started, Outcome: "running"}}},
	} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{`:""`, `:0,`, `:0}`, "0001-01-01"} {
			if strings.Contains(string(b), bad) {
				t.Errorf("%s in %s", bad, b)
			}
		}
		for _, list := range []string{"roots", "phones", "backups", "findings", "unseen", "muted", "runs", "notices", "checks"} {
			if strings.Contains(string(b), `"`+list+`":null`) {
				t.Errorf("%s is null in %s", list, b)
			}
		}
	}
}
