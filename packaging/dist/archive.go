package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// entry is one file of a tree: a link when link is set.
type entry struct {
	path string
	mode fs.FileMode // 0: 0644
	data []byte
	link string
}

// sorted returns the entries in the order of their paths.
func sorted(list []entry) []entry {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	return list
}

// tarball packs a tree below one folder named like the project.
func (r *release) tarball(tree []entry) []byte {
	for i := range tree {
		tree[i].path = "backup-watchdog/" + tree[i].path
	}
	return gzipped(tarred(tree, r.when, ""))
}

// tarred writes a tar archive in the order of the paths, with every folder
// named before its files, all of one time and owned by root. prefix begins
// every name ("./" in a .deb).
func tarred(tree []entry, when time.Time, prefix string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	header := func(name string, kind byte, mode fs.FileMode, size int, link string) {
		w.WriteHeader(&tar.Header{
			Name: prefix + name, Typeflag: kind, Mode: int64(mode), Size: int64(size), Linkname: link,
			ModTime: when, Uname: "root", Gname: "root", Format: tar.FormatGNU,
		}) // unreachable error: a buffer takes everything
	}
	if prefix != "" {
		header("", tar.TypeDir, 0o755, 0, "")
	}
	seen := map[string]bool{}
	for _, e := range sorted(tree) {
		for _, d := range parents(e.path) {
			if !seen[d] {
				seen[d] = true
				header(d+"/", tar.TypeDir, 0o755, 0, "")
			}
		}
		if e.link != "" {
			header(e.path, tar.TypeSymlink, 0o777, 0, e.link)
			continue
		}
		header(e.path, tar.TypeReg, cmp.Or(e.mode, 0o644), len(e.data), "")
		w.Write(e.data)
	}
	w.Close()
	return b.Bytes()
}

// parents lists the folders above a path, outermost first.
func parents(p string) []string {
	var list []string
	for d := path.Dir(p); d != "."; d = path.Dir(d) {
		list = append([]string{d}, list...)
	}
	return list
}

// gzipped compresses without a name or a time in the header.
func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // unreachable error: the level is valid
	w.Write(data)
	w.Close()
	return b.Bytes()
}
