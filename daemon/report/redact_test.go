package report_test

import (
	"strings"
	"testing"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/config"
	"backupwatchdog/daemon/report"
	"backupwatchdog/daemon/words"
)

// secrets are what no redacted report of the household may hold.
var secrets = []string{
	anna, bob, cleo, strings.ReplaceAll(anna, "-", ""), "Anna", "Bob", "Cleo", "Pat", "pat/", "6E0B9D3A", "MobileSync", "/Users", "/Volumes",
	"IMG_0001", "DCIM", "example.org", "hooks", "MacBook", "20260412",
}

func TestRedactedReportTellsNobody(t *testing.T) {
	in := household()
	in.Redact = true
	b := &in.Status.Backups[0]
	b.Findings[0].Detail += " Seen by PAT on pats-macbook-pro.local (192.168.1.23, fe80::1c2d:3e4f:5a6b:7c8d, aa:bb:cc:dd:ee:ff), " +
		"mail anna.b@example.org, serial F2LXK0ABCDEF, phone +49 176 1234567, folder ~/Pictures/Secret, https://example.org/x?u=anna, " +
		"\"/Users/pat/Library/Application Support/MobileSync/Backup/x y\"; ANNAS IPHONE, annas-iphone, " + strings.ToLower(anna) + "."
	page := render(t, in)
	lower := strings.ToLower(page)
	for _, s := range append(secrets, "192.168", "fe80", "aa:bb", "F2LXK0", "1234567", "Pictures", "Secret") {
		if i := strings.Index(lower, strings.ToLower(s)); i >= 0 && !harmless(s, page[i:]) {
			t.Errorf("%q is in: …%s…", s, page[max(0, i-80):min(len(page), i+40)])
		}
	}
	for _, want := range []string{"iPhone A", "iPhone B", "iPad C", "26 min", "61,204", "214 photos", "iOS 26.1", "stand in for names"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// harmless: "pat" is also a part of our own words, "path" among them.
func harmless(secret, at string) bool { return secret == "Pat" && strings.HasPrefix(at, "path") }

// TestRedactionKnowsNamesOfAllKinds: whatever a phone is called, its name goes.
func TestRedactionKnowsNamesOfAllKinds(t *testing.T) {
	for _, name := range []string{"A", "x", "Zoë", "Zoe\u0308", "iPhone de María", "iPhone von Jörg", "日本語", "R2-D2 (work)", "a.*b", "O’Neil’s phone"} {
		in := household()
		in.Redact = true
		in.Status.Backups[0].DeviceName, in.Status.Phones[0].Name = name, name
		in.Status.Backups[0].Findings[0].Detail = "It is " + name + ", that one."
		hide := report.Redacted(in)
		if got := hide(report.Clean("It is " + name + ", that one.")); got != "It is iPhone B, that one." {
			t.Errorf("%q: %q", name, got)
		}
	}
	in := household()
	in.Status.Backups[0].DeviceName, in.Status.Phones[0].Name = "iPhone", "iPhone"
	if got := report.Redacted(in)("The iPhone waits"); got != "The iPhone waits" {
		t.Errorf("a phone by its default name garbles our sentences: %q", got)
	}
}

// TestRedactionLeavesOurOwnWords: nothing the watchdog itself says looks like a
// name, a place or an id.
func TestRedactionLeavesOurOwnWords(t *testing.T) {
	hide := report.Redacted(report.Input{})
	check := func(s string) {
		if got := hide(s); got != s {
			t.Errorf("%q becomes %q", s, got)
		}
	}
	for _, c := range backup.Catalogue {
		check(c.Title)
		check(c.Means)
	}
	for _, f := range backup.Fixes {
		for _, s := range append(append([]string{f.Title, f.Why}, f.Steps...), f.Cloud...) {
			check(s)
		}
	}
	for _, e := range config.Entries(config.Default(), nil) {
		check("no webhook is set; set `" + e.Key + "`.")
		check(e.Key)
	}
	for _, s := range []string{"watchdogd.log", "last-status.json", "26 min", "48,212 files, 61.2 GB at 3.1 MB/s", "2026-11-27 21:45", "Status.plist", "AppleMobileBackup, still running", "21:19:05", "iOS 26.1.2"} {
		check(s)
	}
}

// TestOurKeysHideNoHost: a host whose name has one of ours in it is a host.
func TestOurKeysHideNoHost(t *testing.T) {
	hide := report.Redacted(report.Input{})
	for _, s := range []string{
		"notify.webhook.example.org", "hooks.notify.webhook", "notify.webhook:8080", "notify.webhooks", "pat_notify.webhook", "NAS.webhook",
		"verify.after_backup.lan", "my-nas.fritz_box", "pat.watchdogd.log", "nas2.lan", "history.db.lan",
	} {
		if got := hide(s); got != words.LabelAddress {
			t.Errorf("%q becomes %q", s, got)
		}
	}
	if got := hide("https://notify.webhook/secret"); got != words.LabelAddress {
		t.Errorf("%q", got)
	}
}
