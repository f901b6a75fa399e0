package main

import (
	"bytes"
	"debug/macho"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/service"
	signed "backupwatchdog/packaging/macho"
)

// profileNote is said each time, because the file looks as if a double click
// would do.
const profileNote = "This profile works only when a device management server installs it; otherwise macOS refuses or ignores it."

// profileCommand groups the configuration profiles for managed Macs.
func profileCommand(p *program) *cobra.Command {
	var prof service.Profile
	var program string
	c := &cobra.Command{
		Use:   "profile",
		Short: "Configuration profiles for managed Macs",
		Long: `Print a configuration profile for the administrator of managed Macs. Without
--team-id, the Full Disk Access profile names the daemon by its code, which
changes with every release: each release then needs a new profile.`,
	}
	f := c.PersistentFlags()
	f.StringVar(&prof.TeamID, "team-id", "", "the `TEAM` whose Developer ID signed the programs")
	f.StringVar(&prof.Organization, "organization", "", "the organization's `NAME`, shown in the settings")
	f.StringVar(&program, "program", "", "the Mac watchdogd `FILE` that the profile is for; by default the installed one")
	c.AddCommand(
		&cobra.Command{
			Use:     "fulldiskaccess",
			Short:   "Print the profile that grants Full Disk Access",
			Example: "  watchdogctl profile fulldiskaccess --team-id ABCDE12345 > backup-watchdog-access.mobileconfig",
			RunE: func(*cobra.Command, []string) error {
				if err := p.identify(&prof, program); err != nil {
					return err
				}
				return p.printProfile(prof.FullDiskAccess())
			},
		},
		&cobra.Command{
			Use:     "loginitem",
			Short:   "Print the profile that keeps the login service switched on",
			Example: "  watchdogctl profile loginitem > backup-watchdog-login.mobileconfig",
			RunE: func(*cobra.Command, []string) error {
				if err := p.checkTeam(prof); err != nil {
					return err
				}
				return p.printProfile(prof.LoginItem())
			},
		},
	)
	return c
}

// checkTeam refuses what cannot be a team.
func (p *program) checkTeam(prof service.Profile) error {
	if prof.TeamID != "" && !regexp.MustCompile(`^[A-Z0-9]{10}$`).MatchString(prof.TeamID) {
		return p.misuse(fmt.Errorf("profile: %q is not a team", prof.TeamID), "a team is ten capital letters and digits, as shown in the developer account")
	}
	return nil
}

// identify finds what tells the daemon from other programs: the team, or the
// hashes of its code.
func (p *program) identify(prof *service.Profile, program string) error {
	if err := p.checkTeam(*prof); err != nil || prof.TeamID != "" {
		return err
	}
	if program == "" {
		m, err := p.manager()
		if err != nil {
			return err
		}
		program = m.Program()
	}
	hashes, err := codeHashes(program)
	if err != nil {
		return p.fail(fmt.Errorf("profile: no Mac program to name: %w", err), "give `--team-id`, or `--program` with the Mac's watchdogd")
	}
	prof.CDHashes = hashes
	return nil
}

// codeHashes are the code directory hashes of a Mac program, one for each
// processor it is for.
func codeHashes(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	slices := [][]byte{data}
	if fat, err := macho.NewFatFile(bytes.NewReader(data)); err == nil {
		slices = nil
		for _, a := range fat.Arches {
			slices = append(slices, data[a.Offset:a.Offset+a.Size])
		}
	}
	var hashes []string
	for _, s := range slices {
		h, err := signed.CDHash(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		hashes = append(hashes, hex.EncodeToString(h))
	}
	return hashes, nil
}

// printProfile prints a profile, and to the person what it is worth.
func (p *program) printProfile(text string, err error) error {
	if err != nil {
		return err
	}
	fmt.Fprintln(p.Stderr, profileNote)
	if p.JSON {
		return p.printJSON(map[string]any{"schema": 1, "note": profileNote, "profile": text})
	}
	fmt.Fprint(p.Stdout, text)
	return nil
}
