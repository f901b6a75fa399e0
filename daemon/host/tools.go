package host

import (
	"path/filepath"
	"slices"
	"strings"
)

// command is what a backup program's arguments say, and all that is kept of
// them: arguments may hold a password.
type command struct {
	name string // as a person knows the program
	udid string // the phone it was told to use; "" when it was told none
	dir  string // the folder it was told to use, maybe relative; "" when it was told none
	weak bool   // runs all day, backup or not: only open files count
}

// candidateNames are the beginnings of process names worth a second look. The
// kernel cuts names: to 15 bytes on Linux, to 16 on macOS.
var candidateNames = [...]string{
	"AppleMobileBack", "ambackup", "idevicebackup", "lt-idevicebacku",
	"pymobiledevice3", "python", "Python", "iMazing", "ios", "ipsw",
}

// candidate is the cheap question asked of every process: could it be one?
func candidate(name string) bool {
	for _, c := range candidateNames {
		if strings.HasPrefix(name, c) {
			return true
		}
	}
	return false
}

// parseCommand decides whether a command line makes a backup, now. Programs
// that only read one, restore one, or talk to the phone are none of ours; so is
// AMPDevicesAgent, which runs whenever Finder is open.
func parseCommand(args []string) (command, bool) {
	if len(args) == 0 {
		return command{}, false
	}
	base := filepath.Base(args[0])
	switch {
	case base == "AppleMobileBackup" || base == "ambackup":
		return parseApple(args[1:])
	case strings.HasPrefix(base, "idevicebackup") || strings.HasPrefix(base, "lt-idevicebackup"):
		return parseIdevicebackup(strings.TrimPrefix(base, "lt-"), args[1:])
	case strings.HasPrefix(base, "pymobiledevice3"):
		return parseVerbs("pymobiledevice3", []string{"backup2", "backup"}, args[1:])
	case strings.HasPrefix(strings.ToLower(base), "python"):
		return parsePython(args[1:])
	case strings.HasPrefix(base, "iMazing"):
		return command{name: "iMazing", weak: true}, true
	case base == "ios":
		return parseVerbs("go-ios", []string{"backup"}, args[1:])
	case base == "ipsw":
		return parseVerbs("ipsw", []string{"backup", "create"}, args[1:])
	}
	return command{}, false
}

// parseApple reads AppleMobileBackup's arguments ("--backup --target UDID",
// "--restore --target UDID"; keepmurmuring.blogspot.com, 2009). They are not
// documented, so whatever has the shape of a UDID counts as one.
func parseApple(args []string) (command, bool) {
	c := command{name: "AppleMobileBackup"}
	restores := slices.Contains(args, "--restore") || slices.Contains(args, "-r")
	backs := slices.Contains(args, "--backup") || slices.Contains(args, "-b")
	for _, a := range args {
		if _, v, ok := strings.Cut(a, "="); ok {
			a = v
		}
		if looksLikeUDID(a) {
			c.udid = a
		}
	}
	return c, backs || !restores
}

// parseIdevicebackup reads the arguments of idevicebackup2 and of the old
// idevicebackup: [OPTIONS] CMD [CMDOPTIONS] DIRECTORY (libimobiledevice
// tools/idevicebackup2.c; getopt takes them in any order).
func parseIdevicebackup(name string, args []string) (command, bool) {
	c := command{name: name}
	words, udid := splitOptions(args)
	if len(words) == 0 || words[0] != "backup" {
		return c, false
	}
	c.udid = udid
	if len(words) > 1 {
		c.dir = words[len(words)-1]
	}
	return c, true
}

// parsePython finds pymobiledevice3 behind an interpreter: as a module or as
// the script that pip installs.
func parsePython(args []string) (command, bool) {
	for i, a := range args {
		if filepath.Base(a) == "pymobiledevice3" || a == "pymobiledevice3.__main__" ||
			strings.HasSuffix(a, "/pymobiledevice3/__main__.py") {
			return parseVerbs("pymobiledevice3", []string{"backup2", "backup"}, args[i+1:])
		}
	}
	return command{}, false
}

// parseVerbs reads arguments of the shape VERB... [DIRECTORY] with options
// anywhere. Without a directory these programs use the current one.
func parseVerbs(name string, verbs, args []string) (command, bool) {
	words, udid := splitOptions(args)
	c := command{name: name, udid: udid, dir: "."}
	for _, v := range verbs {
		i := slices.Index(words, v)
		if i < 0 {
			return command{}, false
		}
		words = words[i+1:]
	}
	if len(words) > 0 {
		c.dir = words[len(words)-1]
	}
	return c, true
}

// withValue are the options that take the next argument with them.
var withValue = map[string]bool{
	"-u": true, "--udid": true, "-s": true, "--source": true, "--password": true,
	"--tunnel": true, "--usbmux": true, "--mobdev2": true,
}

// splitOptions separates words from options and picks out the phone's UDID.
func splitOptions(args []string) (words []string, udid string) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return append(words, args[i+1:]...), udid
		case withValue[a]:
			i++
			if i < len(args) && (a == "-u" || a == "--udid") {
				udid = args[i]
			}
		case strings.HasPrefix(a, "--udid="):
			udid = a[len("--udid="):]
		case strings.HasPrefix(a, "-u") && looksLikeUDID(a[2:]):
			udid = a[2:]
		case !strings.HasPrefix(a, "-") || a == "-":
			words = append(words, a)
		}
	}
	return words, udid
}

// looksLikeUDID reports whether s is shaped like a phone's id: 40 hexadecimal
// digits, or 8, a dash, and 16 (phones since 2018), the dash sometimes missing.
func looksLikeUDID(s string) bool {
	n, dash := len(s), strings.IndexByte(s, '-')
	switch {
	case n == 40 || n == 24:
		return allHex(s)
	case n == 25 && dash == 8:
		return allHex(s[:8]) && allHex(s[9:])
	}
	return false
}

func allHex(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// sameUDID compares ids however they are written.
func sameUDID(a, b string) bool {
	strip := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "")) }
	return strip(a) == strip(b)
}
