package phonetest

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// Writer makes backups into a folder by itself, on machines without
// idevicebackup2 and for what Finder does differently. Everything else is as
// with a real client: the same files, the same order, the same faults.
type Writer struct {
	phone   *Phone
	root    string
	options WriterOptions
	direct  bool // see folder
}

// WriterOptions say how the imitated program treats Info.plist.
//
// idevicebackup2, the zero value, rewrites it before the phone is asked. With
// Finder it stays as it is until Quiet after finished; then it is empty for
// Gap, and then it has InfoSize bytes (seen on macOS 26: 150 to 235 s, 3 s,
// 58 MB).
type WriterOptions struct {
	Finder   bool
	Quiet    time.Duration
	Gap      time.Duration
	InfoSize int // bytes of artwork in Info.plist
}

// NewWriter makes a writer into root, the folder that holds all backups.
// Addr, Connections, TLS and pairing of the configuration mean nothing here.
func NewWriter(root string, cfg Config, options WriterOptions) (*Writer, error) {
	p, err := newPhone(nil, cfg)
	if err != nil {
		return nil, err
	}
	return &Writer{phone: p, root: root, options: options}, nil
}

// Phone is the phone behind it, for Await, Stall, Resume, SetFaults and Use.
func (w *Writer) Phone() *Phone { return w.phone }

// Path is the backup's own folder.
func (w *Writer) Path() string { return filepath.Join(w.root, w.phone.cfg.UDID) }

// Run makes one backup and returns the phone's code: 0, one of MBErrorDomain,
// or -1 when the connection was lost or ctx ended. An end of ctx leaves the
// folder as a killed program would. The error is about the machine, not the
// backup.
func (w *Writer) Run(ctx context.Context) (code int, err error) {
	if err := os.MkdirAll(w.Path(), 0o755); err != nil {
		return -1, err
	}
	if !w.options.Finder {
		if err := w.writeInfo(); err != nil {
			return -1, err
		}
	}
	code = w.phone.backup(ctx, folder{root: w.root, direct: w.direct}, w.phone.cfg.UDID, false)
	if code != 0 || !w.options.Finder {
		return code, nil
	}
	return code, w.finderTail(ctx)
}

// writeInfo replaces Info.plist the way idevicebackup2 does.
func (w *Writer) writeInfo() error {
	name := filepath.Join(w.Path(), "Info.plist")
	os.Remove(name)
	return os.WriteFile(name, w.phone.cfg.infoPlist(w.phone.now(), w.options.InfoSize), 0o644)
}

// finderTail is what Finder does after finished: nothing for minutes, then
// Info.plist is cut to nothing, then it is written.
func (w *Writer) finderTail(ctx context.Context) error {
	quiet := time.After(w.options.Quiet)
	info := w.phone.cfg.infoPlist(w.phone.now(), w.options.InfoSize) // meanwhile: 58 MB take seconds
	select {
	case <-quiet:
	case <-ctx.Done():
		return nil
	}
	f, err := os.Create(filepath.Join(w.Path(), "Info.plist"))
	if err != nil {
		return err
	}
	defer f.Close()
	w.phone.event(Event{Kind: "info-empty"})
	if !sleep(ctx, w.options.Gap) {
		return nil
	}
	_, err = f.Write(info)
	w.phone.event(Event{Kind: "info-written"})
	return err
}

// sleep waits for d; false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
