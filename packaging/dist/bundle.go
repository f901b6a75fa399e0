package main

import (
	"os"
	"path/filepath"

	"backupwatchdog/daemon/service"
	"backupwatchdog/packaging/macho"
)

// macTree is what the Mac download unpacks to: the application, a link to the
// program in it, and the papers.
func (r *release) macTree(b *built) ([]entry, error) {
	app, err := r.bundle(b)
	if err != nil {
		return nil, err
	}
	tree := append(r.papers(b), entry{path: service.Control, link: service.AppName + "/Contents/MacOS/" + service.Control})
	for _, e := range app {
		e.path = service.AppName + "/Contents/" + e.path
		tree = append(tree, e)
	}
	return tree, nil
}

// bundle makes the application, inside out: the helper is signed first, then
// the seal over all resources is made, then the main program is signed with the
// seal in its signature.
func (r *release) bundle(b *built) ([]entry, error) {
	ctl, ctlHashes, err := b.universal(service.Control, macho.Signing{Identifier: service.ControlID})
	if err != nil {
		return nil, err
	}
	info := []byte(service.InfoPlist(r.version))
	resources := []entry{{path: "Resources/" + service.IconFile, data: service.Icon(1024)}}
	seal := codeResources(resources, "MacOS/"+service.Control, ctlHashes)
	main, _, err := b.universal(service.Daemon, macho.Signing{Identifier: service.BundleID, Info: info, Resources: seal})
	if err != nil {
		return nil, err
	}
	return append(resources,
		entry{path: "Info.plist", data: info},
		entry{path: "PkgInfo", data: []byte(service.PkgInfo)},
		entry{path: "MacOS/" + service.Daemon, mode: 0o755, data: main},
		entry{path: "MacOS/" + service.Control, mode: 0o755, data: ctl},
		entry{path: "_CodeSignature/CodeResources", data: seal},
	), nil
}

// linuxTree is what the Linux download unpacks to.
func (r *release) linuxTree(b *built) []entry {
	tree := r.papers(b)
	for _, p := range programs {
		tree = append(tree, entry{path: p, mode: 0o755, data: b.linux[p]})
	}
	return tree
}

// papers are the documents that come with every download. What the source tree
// does not have is left out.
func (r *release) papers(b *built) []entry {
	var tree []entry
	for name, data := range b.docs {
		dir := "completions/"
		if ext := filepath.Ext(name); ext == ".1" || ext == ".5" {
			dir = "man/"
		}
		tree = append(tree, entry{path: dir + name, data: data})
	}
	for _, x := range extras {
		if data, err := os.ReadFile(filepath.Join(r.root, "packaging", x.path)); err == nil {
			tree = append(tree, entry{path: x.path, mode: x.mode, data: data})
		}
	}
	for _, name := range []string{"README.md", "LICENSE", "CHANGELOG.md"} {
		if data, err := os.ReadFile(filepath.Join(r.root, name)); err == nil {
			tree = append(tree, entry{path: name, data: data})
		}
	}
	return tree
}

// extras are the files of packaging that people use as they are.
var extras = []entry{
	{path: "prometheus/backup-watchdog.rules.yml"},
	{path: "prometheus/README.md"},
	{path: "swiftbar/backup-watchdog.1m.sh", mode: 0o755},
	{path: "swiftbar/README.md"},
}
