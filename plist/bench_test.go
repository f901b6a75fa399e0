package plist_test

import (
	"testing"

	"backupwatchdog/plist"
)

func BenchmarkStatus(b *testing.B) {
	doc := status("finished", "new")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := plist.DecodeStatus(doc); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInfo3MB(b *testing.B) {
	for name, doc := range map[string][]byte{"XML": largeInfoXML(3 << 20), "binary": largeInfoBinary(3 << 20)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := plist.DecodeInfo(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
