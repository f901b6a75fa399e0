package phonetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// A host is the computer's end of a backup: a device link to a real client,
// or a folder that is written directly. Names are relative to the folder that
// holds all backups. An mbError from any method ends the backup with that
// code, every other error with the connection.
type host interface {
	list(dir string) (map[string]int64, error) // sizes by name; -1 for a folder
	fetch(name string) ([]byte, error)         // nil when there is no such file
	mkdir(dir string) error
	upload(b batch) error
	move(pairs map[string]string, progress float64) error
	remove(names []string, progress float64) error
	space() (int64, error)
	purge(bytes int64) error
	flush() error                                                     // everything handed over must be on its way
	watch(ctx context.Context) (watched context.Context, stop func()) // a context that also ends when the computer leaves
	done(code int, text string) error
}

// A batch is what one DLMessageUploadFiles brings.
type batch struct {
	files    []outgoing
	progress float64
	begin    func() error          // before each file
	pace     func(n int) error     // after the header of each piece of n bytes, before the piece
	end      func(outgoing, error) // after each file
}

// outgoing is one file on its way.
type outgoing struct {
	name string
	size int64
	open func() (io.ReadCloser, error)
}

// mbError is a failure with a code of MBErrorDomain.
type mbError struct {
	code int
	text string
}

func (e mbError) Error() string { return fmt.Sprintf("%s (MBErrorDomain/%d)", e.text, e.code) }

// errLost says that the connection is gone, or that a fault has cut it.
var errLost = errors.New("the connection was lost")

// newError makes an mbError with the phone's words for the code.
func newError(code int) mbError {
	words := map[int]string{
		104: "Error writing file to the computer", 105: "Insufficient free disk space on drive to back up",
		202: "Backup cancelled", 203: "Unsupported manifest version", 205: "Manifest references files not in backup",
		207: "Invalid password", 208: "Device locked", 212: "Device setup is not complete",
	}
	if words[code] == "" {
		return mbError{code, "Backup error"}
	}
	return mbError{code, words[code]}
}

// run is one backup under way.
type run struct {
	p    *Phone
	ctx  context.Context
	host host
	dir  string // the backup's folder, named by the phone
	full bool   // asked for, or needed because there is nothing to build on

	content Content
	faults  faults
	plan    plan
	status  status
	limits  limits
	index   string          // path of the Manifest.db in a temporary folder
	struck  map[string]bool // faults that have happened
	shut    bool            // a fault has closed the gate
	files   int
	bytes   int64
}

// backup makes one backup to the host and reports its end. It returns the
// code: 0, MBErrorDomain's, or -1 when the connection was lost.
func (p *Phone) backup(ctx context.Context, h host, dir string, full bool) int {
	p.mu.Lock()
	r := &run{p: p, host: h, dir: dir, full: full, content: p.content, faults: p.faults, struck: map[string]bool{}}
	p.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.ctx = ctx
	r.limits = limits{bytes: rate{perSecond: p.cfg.BytesPerSecond}, files: rate{perSecond: p.cfg.FilesPerSecond}}
	p.log.count(0, 0)
	p.event(Event{Kind: "requested"})
	err := r.all()
	r.cleanUp()
	code := r.report(err)
	p.event(Event{Kind: "ended", Code: code})
	return code
}

// all takes the steps a phone takes, in its order.
func (r *run) all() error {
	steps := []func() error{
		r.askPasscode, r.makePlan, r.scan, r.failEarly, r.checkSpace,
		r.prepare, r.uploadFiles, r.uploadManifests, r.moveAll, r.removeOld, r.finish, r.verify,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
		if r.ctx.Err() != nil {
			return errLost
		}
	}
	return nil
}

// report tells the computer how it ended.
func (r *run) report(err error) int {
	var mb mbError
	switch {
	case err == nil:
		r.p.backedUp()
		r.host.done(0, "")
		return 0
	case errors.As(err, &mb):
		r.host.done(mb.code, mb.Error())
		return mb.code
	}
	r.p.cfg.Logf("phone: %v", err)
	return -1
}

// askPasscode shows the sheet, if a passcode is wanted, and waits.
func (r *run) askPasscode() error {
	f, ok := r.faults.find("passcode")
	if !ok {
		return nil
	}
	r.p.mu.Lock()
	entered := make(chan struct{})
	r.p.entered = entered
	r.p.mu.Unlock()
	r.p.Passcode(true)
	limit := f.duration(0)
	refused := limit == 0 || len(f.args) > 1
	if limit == 0 {
		limit = 30 * time.Minute // how long iOS 26 waits
	}
	ctx, stop := r.host.watch(r.ctx)
	defer stop()
	select {
	case <-entered:
		return nil // the sheet was taken away by Passcode(false)
	case <-ctx.Done():
		return errLost
	case <-time.After(limit):
	}
	r.p.Passcode(false)
	if refused {
		return newError(208)
	}
	return nil
}

// scan is the time the phone looks for what to send, in silence.
func (r *run) scan() error {
	r.event("scanning")
	return r.pause(r.p.cfg.ScanTime)
}

// failEarly lets the faults strike that come before anything is written.
func (r *run) failEarly() error {
	if _, ok := r.faults.find("stall-before-upload"); ok {
		return r.stall("stall-before-upload")
	}
	return r.failAt("before")
}

// failAt lets an error fault strike that belongs to the stage.
func (r *run) failAt(stage string) error {
	for _, f := range r.faults {
		if f.name != "error" {
			continue
		}
		code := int(f.int(0))
		if f.arg(1, usualStage(code)) == stage {
			r.strike(f)
			return newError(code)
		}
	}
	return nil
}

// usualStage is where a phone gives up with the code.
func usualStage(code int) string {
	switch code {
	case 205:
		return "check"
	case 100, 101, 102, 103, 104:
		return "upload"
	}
	return "before"
}

// checkSpace asks the computer for room the way the phone does: what it will
// send and 128 MiB; else for a purge, and once more.
func (r *run) checkSpace() error {
	if _, ok := r.faults.find("ignore-free-space"); ok {
		return nil
	}
	need := totalSize(r.plan.send) + 128<<20
	for attempt := range 2 {
		free, err := r.host.space()
		if err != nil {
			return err
		}
		if _, ok := r.faults.find("no-space"); ok {
			free = 0
		}
		if free > need {
			return nil
		}
		if attempt == 1 {
			break
		}
		if err := r.host.purge(need - free + 2<<30); err != nil {
			return err
		}
	}
	return newError(105)
}

// event records a step.
func (r *run) event(kind string) { r.p.event(Event{Kind: kind}) }

// strike records that a fault has happened.
func (r *run) strike(f fault) {
	r.struck[f.name] = true
	r.p.event(Event{Kind: "fault", Detail: f.String()})
}

// stall closes the gate and waits for Resume.
func (r *run) stall(name string) error {
	if r.struck[name] {
		return nil
	}
	f, _ := r.faults.find(name)
	r.strike(f)
	r.p.gate.close()
	r.shut = true
	return r.pass()
}

// pass waits while the gate is closed.
func (r *run) pass() error {
	if !r.p.gate.closed() {
		return nil
	}
	if err := r.host.flush(); err != nil {
		return err
	}
	r.event("stalled")
	ctx, stop := r.host.watch(r.ctx)
	defer stop()
	if r.p.gate.wait(ctx) != nil {
		return errLost
	}
	r.event("resumed")
	r.limits.restart()
	return nil
}

// pause waits for d, or until the computer leaves.
func (r *run) pause(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if err := r.host.flush(); err != nil {
		return err
	}
	if d < 50*time.Millisecond { // not worth watching the connection
		time.Sleep(d)
		return nil
	}
	ctx, stop := r.host.watch(r.ctx)
	defer stop()
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return errLost
	}
}
