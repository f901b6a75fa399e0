package service

import (
	"crypto/sha256"
	"fmt"
)

// A Profile is a configuration profile for managed Macs. Both kinds work only
// when a device management server installs them: macOS ignores them otherwise.
type Profile struct {
	// Organization is shown in the settings; "" leaves it out.
	Organization string
	// TeamID is the ten characters of the Developer ID the programs are signed
	// with; "" for programs that are signed ad hoc.
	TeamID string
	// CDHashes are the code directory hashes, in hexadecimal, of an ad-hoc signed
	// daemon, one for each processor. Such a profile is good for one release only.
	CDHashes []string
}

// profileID begins the identifiers of our payloads.
const profileID = "io.backupwatchdog.profile."

// requirement is what code must be to get the right: signed by the team, or
// exactly the code of these hashes.
func (p Profile) requirement() (string, error) {
	if p.TeamID != "" {
		return fmt.Sprintf(`identifier "%s" and anchor apple generic and certificate leaf[subject.OU] = "%s"`, BundleID, p.TeamID), nil
	}
	if len(p.CDHashes) == 0 {
		return "", problem(nil, "give `--team-id`, or run it where the Mac's programs are: next to the installed or unpacked application",
			"it is unknown which program the profile is for")
	}
	req := ""
	for i, h := range p.CDHashes {
		if i > 0 {
			req += " or "
		}
		req += fmt.Sprintf(`cdhash H"%s"`, h)
	}
	return req, nil
}

// FullDiskAccess is a profile that lets the daemon read protected folders: the
// service SystemPolicyAllFiles of com.apple.TCC.configuration-profile-policy.
func (p Profile) FullDiskAccess() (string, error) {
	req, err := p.requirement()
	if err != nil {
		return "", err
	}
	return p.document("fulldiskaccess", "Backup Watchdog: Full Disk Access", "com.apple.TCC.configuration-profile-policy", func(w *plistWriter) {
		w.dict("Services", func() {
			w.array("SystemPolicyAllFiles", func() {
				w.nest("dict", func() {
					w.string("Authorization", "Allow")
					w.string("CodeRequirement", req)
					w.string("Comment", "Reads iPhone backups to tell whether they are whole; never writes there")
					w.string("Identifier", BundleID)
					w.string("IdentifierType", "bundleID")
					w.bool("StaticCode", false)
				})
			})
		})
	})
}

// LoginItem is a profile that keeps the service switched on in Login Items: the
// rules of com.apple.servicemanagement (macOS 13 and later).
func (p Profile) LoginItem() (string, error) {
	return p.document("loginitem", "Backup Watchdog: login item", "com.apple.servicemanagement", func(w *plistWriter) {
		w.array("Rules", func() {
			w.nest("dict", func() {
				w.string("Comment", "The watchdog's LaunchAgent")
				w.string("RuleType", "Label")
				w.string("RuleValue", Label)
				if p.TeamID != "" {
					w.string("TeamIdentifier", p.TeamID)
				}
			})
		})
	})
}

// document wraps one payload into a profile.
func (p Profile) document(name, title, kind string, payload func(*plistWriter)) (string, error) {
	for _, s := range append([]string{p.Organization, p.TeamID}, p.CDHashes...) {
		if err := plain(s); err != nil {
			return "", err
		}
	}
	head := func(w *plistWriter, id, kind string) {
		w.string("PayloadDisplayName", title)
		w.string("PayloadIdentifier", id)
		w.string("PayloadType", kind)
		w.string("PayloadUUID", uuid(id+p.TeamID+fmt.Sprint(p.CDHashes)))
		w.int("PayloadVersion", 1)
	}
	var w plistWriter
	w.array("PayloadContent", func() {
		w.nest("dict", func() {
			payload(&w)
			head(&w, profileID+name+".payload", kind)
		})
	})
	w.string("PayloadDescription", "Works only when installed by a device management server")
	if p.Organization != "" {
		w.string("PayloadOrganization", p.Organization)
	}
	w.string("PayloadScope", "System")
	head(&w, profileID+name, "Configuration")
	return w.document(), nil
}

// uuid makes an identifier that follows from what it names, so that a profile
// made again replaces the one before it.
func uuid(name string) string {
	h := sha256.Sum256([]byte(name))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80 // version 8: of our own making
	return fmt.Sprintf("%X-%X-%X-%X-%X", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
