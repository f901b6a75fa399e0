package main

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"backupwatchdog/daemon/service"
)

// deb makes a Debian package (deb(5)): an ar archive of
//
//	debian-binary      "2.0\n"
//	control.tar.gz     control, md5sums
//	data.tar.gz        the files
//
// It has no scripts: a package cannot start a service of a person's login, and
// "watchdogctl install" does.
func (r *release) deb(b *built) ([]byte, error) {
	data, err := r.debTree(b)
	if err != nil {
		return nil, err
	}
	size, md5s := 0, bytes.Buffer{}
	for _, e := range sorted(data) {
		size += len(e.data)
		if e.link == "" {
			fmt.Fprintf(&md5s, "%x  %s\n", md5.Sum(e.data), e.path)
		}
	}
	control := []entry{
		{path: "control", data: fmt.Appendf(nil, debControl, r.debVersion(), (size+1023)/1024, r.home)},
		{path: "md5sums", data: md5s.Bytes()},
	}
	var out bytes.Buffer
	out.WriteString("!<arch>\n")
	r.member(&out, "debian-binary", []byte("2.0\n"))
	r.member(&out, "control.tar.gz", gzipped(tarred(control, r.when, "./")))
	r.member(&out, "data.tar.gz", gzipped(tarred(data, r.when, "./")))
	return out.Bytes(), nil
}

const debControl = `Package: backup-watchdog
Version: %s
Architecture: amd64
Maintainer: Backup Watchdog contributors <backup-watchdog@localhost>
Installed-Size: %d
Section: utils
Priority: optional
Recommends: dbus-user-session
Suggests: libimobiledevice-utils, usbmuxd
Homepage: %s
Description: says when an iPhone backup is stuck, torn or damaged
 Backup Watchdog watches the folder iPhone backups are written to, from
 outside, and says when a backup is stuck, torn or damaged, since when, and
 what to do next. It never writes inside a backup and needs no root.
 .
 After installing, each person who makes backups runs: watchdogctl install
`

// afterTag is what git appends to the last tag: commits since, and the last one.
var afterTag = regexp.MustCompile(`-(\d+)-g([0-9a-f]+)$`)

// debVersion is the version in Debian's terms: commits after a tag sort after
// it ("+"), a candidate before its release ("~").
func (r *release) debVersion() string {
	return strings.ReplaceAll(afterTag.ReplaceAllString(r.version, "+$1.g$2"), "-", "~")
}

// member appends one file to an ar archive: a header of 60 bytes, then the
// content, padded to an even size.
func (r *release) member(b *bytes.Buffer, name string, data []byte) {
	fmt.Fprintf(b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", name, r.when.Unix(), 0, 0, "100644", len(data))
	b.Write(data)
	if len(data)%2 == 1 {
		b.WriteByte('\n')
	}
}

// debTree is what the package puts where.
func (r *release) debTree(b *built) ([]entry, error) {
	var tree []entry
	for _, p := range programs {
		tree = append(tree, entry{path: "usr/bin/" + p, mode: 0o755, data: b.linux[p]})
	}
	unit, err := service.PackagedUnit()
	if err != nil {
		return nil, err
	}
	tree = append(tree,
		entry{path: "usr/lib/systemd/user/" + service.UnitName, data: []byte(unit)},
		entry{path: "usr/share/man/man1/watchdogd.1.gz", data: gzipped(b.docs["watchdogd.1"])},
		entry{path: "usr/share/man/man1/watchdogctl.1.gz", data: gzipped(b.docs["watchdogctl.1"])},
		entry{path: "usr/share/man/man5/backup-watchdog.5.gz", data: gzipped(b.docs["backup-watchdog.5"])},
		entry{path: "usr/share/bash-completion/completions/watchdogctl", data: b.docs["watchdogctl.bash"]},
		entry{path: "usr/share/zsh/vendor-completions/_watchdogctl", data: b.docs["_watchdogctl"]},
		entry{path: "usr/share/fish/vendor_completions.d/watchdogctl.fish", data: b.docs["watchdogctl.fish"]},
		entry{path: "usr/share/doc/backup-watchdog/copyright", data: r.copyright()},
	)
	if readme, err := os.ReadFile(filepath.Join(r.root, "README.md")); err == nil {
		tree = append(tree, entry{path: "usr/share/doc/backup-watchdog/README.md", data: readme})
	}
	return tree, nil
}

// copyright is the licence of the source tree, with a line that says where it
// comes from.
func (r *release) copyright() []byte {
	text, err := os.ReadFile(filepath.Join(r.root, "LICENSE"))
	if err != nil {
		text = []byte("See the project's home page for its licence.\n")
	}
	return fmt.Appendf(nil, "Backup Watchdog, %s\n\n%s", r.home, text)
}
