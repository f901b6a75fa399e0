package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// maxLast bounds the last known status, bytes.
const maxLast = 4 << 20

// WriteLast keeps s in the state folder, replaced at once or not at all, for
// `watchdogctl status` to show when no daemon answers. Write it whenever the
// status changed and once a minute besides: its time stamp is how old it is.
func WriteLast(stateDir string, s Status) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("writing the last status: %w", err)
	}
	f, err := os.CreateTemp(stateDir, "."+lastName+"-*") // 0600
	if err != nil {
		return fmt.Errorf("writing the last status: %w", err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(stateDir, lastName))
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("writing the last status: %w", err)
	}
	return nil
}

// ReadLast returns what WriteLast kept, with Stale set to when that was true.
// The error is fs.ErrNotExist where nothing was ever kept.
func ReadLast(stateDir string) (Status, error) {
	path := filepath.Join(stateDir, lastName)
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return Status{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Status{}, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxLast {
		return Status{}, fmt.Errorf("%s is not a status", path)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxLast))
	if err != nil {
		return Status{}, err
	}
	var s Status
	if err := json.Unmarshal(b, &s); err != nil || s.Schema < 1 {
		return Status{}, fmt.Errorf("%s is not a status", path)
	}
	if s.Stale == nil {
		t := info.ModTime().UTC()
		s.Stale = &t
	}
	return s, nil
}
