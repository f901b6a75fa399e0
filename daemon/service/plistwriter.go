package service

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// plistWriter writes an XML property list in a fixed order, which an encoder
// for structs does not promise; the same input gives the same bytes.
type plistWriter struct {
	b     strings.Builder
	depth int
}

// line writes one indented line.
func (w *plistWriter) line(format string, args ...any) {
	w.b.WriteString(strings.Repeat("\t", w.depth+1))
	fmt.Fprintf(&w.b, format+"\n", args...)
}

func (w *plistWriter) key(k string) { w.line("<key>%s</key>", escape(k)) }

func (w *plistWriter) string(k, v string) {
	w.key(k)
	w.line("<string>%s</string>", escape(v))
}

func (w *plistWriter) int(k string, v int) {
	w.key(k)
	w.line("<integer>%d</integer>", v)
}

func (w *plistWriter) bool(k string, v bool) {
	w.key(k)
	w.line("<%t/>", v)
}

func (w *plistWriter) strings(k string, list []string) {
	w.array(k, func() {
		for _, s := range list {
			w.line("<string>%s</string>", escape(s))
		}
	})
}

// array writes a list whose elements body writes.
func (w *plistWriter) array(k string, body func()) {
	w.key(k)
	w.nest("array", body)
}

// dict writes a dictionary whose entries body writes.
func (w *plistWriter) dict(k string, body func()) {
	w.key(k)
	w.nest("dict", body)
}

// nest writes one element around body.
func (w *plistWriter) nest(tag string, body func()) {
	w.line("<%s>", tag)
	w.depth++
	body()
	w.depth--
	w.line("</%s>", tag)
}

// document is the whole property list.
func (w *plistWriter) document() string {
	return xml.Header +
		`<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">` +
		"\n<plist version=\"1.0\">\n<dict>\n" + w.b.String() + "</dict>\n</plist>\n"
}

// escape makes text safe inside an element.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
