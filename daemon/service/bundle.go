package service

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sourceBundle is the application this watchdogctl runs in, "" when it is a
// bare program.
func (m *Manager) sourceBundle() string {
	contents := filepath.Dir(m.Source)
	if filepath.Base(m.Source) != "MacOS" || filepath.Base(contents) != "Contents" {
		return ""
	}
	if app := filepath.Dir(contents); strings.HasSuffix(app, ".app") {
		return app
	}
	return ""
}

// bundleFiles is the application: a copy of the one this program came in, or
// one made around the bare programs.
func (m *Manager) bundleFiles() ([]File, error) {
	switch from := m.sourceBundle(); from {
	case "":
		return m.makeBundle(), nil
	case m.Bundle():
		return nil, nil // it is in place already
	default:
		return copyBundle(from, m.Bundle())
	}
}

// makeBundle lays an application around the bare programs. They keep the
// signatures they have; only a distribution seals the whole.
func (m *Manager) makeBundle() []File {
	contents := filepath.Join(m.Bundle(), "Contents")
	return append([]File{
		{Path: filepath.Join(contents, "Info.plist"), Mode: "0644", Content: InfoPlist(m.Version)},
		{Path: filepath.Join(contents, "PkgInfo"), Mode: "0644", Content: PkgInfo},
		{Path: filepath.Join(contents, "Resources", IconFile), Mode: "0644", Source: "the icon, drawn by watchdogctl", make: func() []byte { return Icon(128) }},
	}, m.programs()...)
}

// copyBundle lists every file of an application as a copy. Links and special
// files have no business in ours and are left out.
func copyBundle(from, to string) ([]File, error) {
	var files []File
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		mode := "0644"
		if fi, err := d.Info(); err == nil && fi.Mode()&0o111 != 0 {
			mode = "0755"
		}
		files = append(files, File{Path: filepath.Join(to, rel), Mode: mode, Source: path, copy: true})
		return nil
	})
	if err != nil {
		return nil, problem(err, "unpack the download again and run the watchdogctl in it", "reading the application")
	}
	return files, nil
}

// trimBundle removes from the installed application what the plan does not
// name: files of an older version.
func (m *Manager) trimBundle(p Plan) error {
	keep := map[string]bool{}
	for _, f := range p.Files {
		keep[f.Path] = true
	}
	if m.Target != Darwin || !keep[m.Program()] {
		return nil
	}
	return filepath.WalkDir(m.Bundle(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || keep[path] {
			return err
		}
		return os.Remove(path)
	})
}

// PkgInfo is the content of the bundle's PkgInfo.
const PkgInfo = "APPL????"

// IconFile is the icon's name in the bundle's Resources.
const IconFile = "AppIcon.icns"

// InfoPlist renders the bundle's Info.plist. LSBackgroundOnly and LSUIElement
// keep it out of the Dock; the bundle's id is what grants are keyed by.
func InfoPlist(version string) string {
	short := numeric(version)
	var w plistWriter
	w.string("CFBundleDevelopmentRegion", "en")
	w.string("CFBundleDisplayName", "Backup Watchdog")
	w.string("CFBundleExecutable", Daemon)
	w.string("CFBundleIconFile", strings.TrimSuffix(IconFile, ".icns"))
	w.string("CFBundleIdentifier", BundleID)
	w.string("CFBundleInfoDictionaryVersion", "6.0")
	w.string("CFBundleName", "Backup Watchdog")
	w.string("CFBundlePackageType", "APPL")
	w.string("CFBundleShortVersionString", short)
	w.strings("CFBundleSupportedPlatforms", []string{"MacOSX"})
	w.string("CFBundleVersion", short)
	w.bool("LSBackgroundOnly", true)
	w.string("LSMinimumSystemVersion", "12.0")
	w.bool("LSUIElement", true)
	w.string("NSHumanReadableCopyright", "Backup Watchdog contributors")
	return w.document()
}

// numeric keeps the leading numbers of a version, which is all CFBundleVersion
// may hold: "v1.2.3-4-gabcdef" gives "1.2.3", anything else "0.0.0".
func numeric(version string) string {
	v := strings.TrimPrefix(version, "v")
	end := strings.IndexFunc(v, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end >= 0 {
		v = v[:end]
	}
	if v = strings.Trim(v, "."); v == "" {
		return "0.0.0"
	}
	return v
}
