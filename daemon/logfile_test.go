package daemon

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestLogIsRotatedAndBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "watchdogd.log")
	l, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	l.most = 1000
	line := bytes.Repeat([]byte("x"), 99)
	for range 100 {
		if _, err := l.Write(append(line, '\n')); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(path + "*")
	if len(files) != 1+logKept {
		t.Errorf("%d files are kept: %v", len(files), files)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || info.Size() > 1000 || info.Size()%100 != 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, info, err)
		}
	}
}

func TestALineLongerThanTheLogIsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.log")
	l, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.most = 10
	if n, err := l.Write(bytes.Repeat([]byte("y"), 50)); n != 50 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}
