package service

import (
	"bytes"
	"encoding/binary"
	"image/png"

	"backupwatchdog/daemon/notify/icon"
)

// iconSizes are the members of an .icns file that macOS asks for, by their
// type: PNG pictures at single and double density (the list is that of Apple's
// iconutil).
var iconSizes = []struct {
	kind string
	size int
}{
	{"ic11", 32}, {"ic12", 64}, {"ic07", 128}, {"ic13", 256}, {"ic08", 256}, {"ic14", 512}, {"ic09", 512}, {"ic10", 1024},
}

// Icon draws the application's icon as an .icns file, with all pictures up to
// largest pixels wide. Drawing 1024 takes a second on a slow machine: worth it
// for a download, not for every installation.
//
//	"icns" length              both big endian, lengths with their header
//	type   length  PNG …       once for each size
func Icon(largest int) []byte {
	var body bytes.Buffer
	drawn := map[int][]byte{}
	for _, s := range iconSizes {
		if s.size > largest {
			continue
		}
		if drawn[s.size] == nil {
			var b bytes.Buffer
			png.Encode(&b, icon.Draw(s.size)) // unreachable error: a buffer takes everything
			drawn[s.size] = b.Bytes()
		}
		body.WriteString(s.kind)
		binary.Write(&body, binary.BigEndian, uint32(8+len(drawn[s.size])))
		body.Write(drawn[s.size])
	}
	head := binary.BigEndian.AppendUint32([]byte("icns"), uint32(8+body.Len()))
	return append(head, body.Bytes()...)
}
