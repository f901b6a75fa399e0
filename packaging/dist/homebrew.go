package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"backupwatchdog/daemon/service"
)

// homebrew fills in the texts of packaging/homebrew.
func (r *release) homebrew(macTar []byte) ([]entry, error) {
	fill := strings.NewReplacer(
		"@VERSION@", r.version, "@HOME@", r.home, "@LABEL@", service.Label, "@BUNDLE@", service.BundleID, "@APP@", service.AppName,
		"@SHA256@", fmt.Sprintf("%x", sha256.Sum256(macTar)),
	)
	var files []entry
	for _, name := range []string{"backup-watchdog.rb", "backup-watchdog-cask.rb"} {
		text, err := os.ReadFile(filepath.Join(r.root, "packaging/homebrew", name+".in"))
		if err != nil {
			return nil, err
		}
		files = append(files, entry{path: name, data: []byte(fill.Replace(string(text)))})
	}
	return files, nil
}
