package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"backupwatchdog/daemon/service"
)

// The parts of CycloneDX 1.5 that are filled.
type (
	bom struct {
		Format       string      `json:"bomFormat"`
		Spec         string      `json:"specVersion"`
		Serial       string      `json:"serialNumber"`
		Version      int         `json:"version"`
		Metadata     metadata    `json:"metadata"`
		Components   []component `json:"components"`
		Dependencies []dependsOn `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Type    string `json:"type"`
		Ref     string `json:"bom-ref"`
		Name    string `json:"name"`
		Version string `json:"version"`
		PURL    string `json:"purl,omitempty"`
	}
	dependsOn struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn,omitempty"`
	}
)

// sbom lists what is linked into the programs, read from the programs
// themselves (what `go version -m` prints), all systems together.
func (r *release) sbom(b *built) ([]byte, error) {
	modules := map[string]component{}
	var all [][]byte
	for _, p := range programs {
		all = append(all, b.linux[p], b.mac["amd64"][p], b.mac["arm64"][p])
	}
	for _, program := range all {
		info, err := buildinfo.Read(bytes.NewReader(program))
		if err != nil {
			return nil, fmt.Errorf("reading what is linked in: %w", err)
		}
		add(modules, "pkg:golang/stdlib@", "stdlib", info.GoVersion)
		for _, d := range info.Deps {
			if d.Replace != nil {
				d = d.Replace
			}
			add(modules, "pkg:golang/"+d.Path+"@", d.Path, d.Version)
		}
	}
	doc := r.bom()
	for _, c := range modules {
		doc.Components = append(doc.Components, c)
	}
	slices.SortFunc(doc.Components, func(a, b component) int { return cmp.Compare(a.Ref, b.Ref) })
	top := dependsOn{Ref: doc.Metadata.Component.Ref}
	for _, c := range doc.Components {
		top.On = append(top.On, c.Ref)
	}
	doc.Dependencies = []dependsOn{top}
	out, err := json.MarshalIndent(doc, "", "  ")
	return append(out, '\n'), err
}

// add notes one module.
func add(to map[string]component, purl, name, version string) {
	ref := purl + version
	to[ref] = component{Type: "library", Ref: ref, Name: name, Version: version, PURL: ref}
}

// bom is the document without its components. The serial number follows from
// the version, so that two runs agree.
func (r *release) bom() bom {
	h := sha256.Sum256([]byte(r.home + "@" + r.version))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80 // a UUID of our own making: version 8
	return bom{
		Format: "CycloneDX", Spec: "1.5", Version: 1,
		Serial: fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16]),
		Metadata: metadata{
			Timestamp: r.when.Format(time.RFC3339),
			Component: component{Type: "application", Ref: service.BundleID, Name: "backup-watchdog", Version: r.version},
		},
	}
}
