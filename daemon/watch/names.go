package watch

import "strings"

// A backup folder is named by the device:
//
//	40 hexadecimal digits                 phones up to 2018
//	8 digits, a dash, 16 digits           since the A12
//	24 digits                             the same without its dash (Linux, USB descriptor)
//	any of these and -YYYYMMDD-HHMMSS     set aside: by iTunes, Finder, the phone, or "retire"
//
// The phone makes the last form itself when it meets a format that it no longer
// continues.

// parseName takes a folder's name apart. ok is false when it is not a backup's.
func parseName(name string) (udid string, archived, ok bool) {
	if isUDID(name) {
		return name, false, true
	}
	const stamp = len("-YYYYMMDD-HHMMSS")
	if len(name) <= stamp {
		return "", false, false
	}
	head, tail := name[:len(name)-stamp], name[len(name)-stamp:]
	if !isUDID(head) || tail[0] != '-' || tail[9] != '-' || !isDigits(tail[1:9]) || !isDigits(tail[10:]) {
		return "", false, false
	}
	return head, true, true
}

// isUDID reports whether s has one of the three forms of a device's identifier.
func isUDID(s string) bool {
	switch len(s) {
	case 40, 24:
		return isHex(s)
	case 25:
		return s[8] == '-' && isHex(s[:8]) && isHex(s[9:])
	}
	return false
}

// isFileID reports whether s is the name of a backed-up file: the SHA-1 of its
// domain and path, in hexadecimal.
func isFileID(s string) bool { return len(s) == 40 && isHex(s) }

// inShard reports whether an entry of a folder 00..ff counts as a backed-up
// file. Everything does but what Finder and foreign file systems leave behind
// (.DS_Store, ._name).
func inShard(s string) bool { return s != "" && s[0] != '.' }

func isHex(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return s != ""
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// shardNames are the 256 folders 00..ff and, as the last one, the folder above
// them itself: before iOS 10 the files lay there directly.
var shardNames = func() (names [flat + 1]string) {
	const digits = "0123456789abcdef"
	for i := range flat {
		names[i] = string([]byte{digits[i>>4], digits[i&15]})
	}
	names[flat] = "."
	return names
}()

// flat is the index of the folder above the shards.
const flat = 256
