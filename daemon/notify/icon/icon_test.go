package icon

import (
	"bytes"
	"flag"
	"image/color"
	"image/png"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the picture that is embedded for banners")

// embedded is the picture the desktop channel carries.
const embedded = "../icon.png"

func TestTheEmbeddedPictureIsTheDrawnOne(t *testing.T) {
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&b, Draw(128)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(embedded, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.ReadFile(embedded)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(f, b.Bytes()) {
		t.Error("icon.png is not what Draw draws; run: go test ./daemon/notify/icon -update")
	}
	if b.Len() > 10_000 {
		t.Errorf("%d bytes are too many to embed", b.Len())
	}
}

func TestDrawAtEverySize(t *testing.T) {
	for _, size := range []int{-1, 1, 16, 33, 256} {
		img := Draw(size)
		if got := img.Bounds().Dx(); got != max(size, 1) {
			t.Errorf("size %d gives %d pixels", size, got)
		}
		if size < 16 {
			continue
		}
		if c := img.At(0, 0).(color.NRGBA); c.A != 0 {
			t.Errorf("size %d: the corner is not transparent: %v", size, c)
		}
		if c := img.At(size/2, size/2).(color.NRGBA); c.A != 255 {
			t.Errorf("size %d: the middle is transparent: %v", size, c)
		}
	}
}
