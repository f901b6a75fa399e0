package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/control"
	"backupwatchdog/daemon/phone/phonetest"
	"backupwatchdog/daemon/words"
)

// pace is how fast the motion is.
type pace struct {
	files    int   // on the iPhone
	size     int64 // of each, bytes
	rate     int64 // bytes a second
	scan     time.Duration
	limit    time.Duration // longest normal silence while files are sent
	settling time.Duration
}

func paceOf(o options) pace {
	switch {
	case o.lifelike:
		return pace{files: 6000, size: 80_000, rate: 30_000_000, scan: 2 * time.Second, limit: 2 * time.Minute, settling: 3 * time.Second}
	case o.fast:
		return pace{files: 600, size: 20_000, rate: 20_000_000, scan: 300 * time.Millisecond, limit: 4 * time.Second, settling: time.Second}
	}
	return pace{files: 3000, size: 20_000, rate: 7_000_000, scan: 2 * time.Second, limit: 6 * time.Second, settling: 3 * time.Second}
}

// iPhone describes the phone of the story. Its storage holds hardly more than
// what is backed up, because that is what a first run's size is guessed from.
func iPhone(p pace) phonetest.Config {
	const disk, system, reserved = int64(64_000_000_000), 8_000_000_000, 200_000_000
	used := int64(p.files) * p.size * 21 / 20
	return phonetest.Config{
		Name:           "Anna's iPhone",
		Content:        phonetest.Content{Files: p.files, Size: p.size},
		BytesPerSecond: p.rate,
		ScanTime:       p.scan,
		DiskTotal:      disk,
		DiskAvailable:  disk - system - used + reserved,
	}
}

// story is the demonstration while it runs.
type story struct {
	*narrator
	stage  *stage
	source *source
	pace   pace
	stayAt string

	hanging *attempt // the backup that stalls
}

// perform tells everything, and returns an error when what it tells does not
// come true.
func perform(ctx context.Context, o options, n *narrator) error {
	began := time.Now()
	stage, err := newStage(ctx, o)
	if err != nil {
		return err
	}
	defer stage.close()
	inner, stop := context.WithCancel(context.WithoutCancel(ctx)) // the phone outlives a Ctrl-C until all is put away
	p := paceOf(o)
	source, err := newSource(inner, iPhone(p), stage, o.builtin)
	if err != nil {
		stop()
		return err
	}
	defer func() { stop(); source.running.Wait() }()
	if err := stage.startDaemon(inner, p, source.attached.Env()); err != nil {
		return err
	}
	go stage.listen(inner)
	s := &story{narrator: n, stage: stage, source: source, pace: p, stayAt: o.stayAt}
	s.welcome(ctx)
	for _, chapter := range []func(context.Context) error{s.healthy, s.stall, s.told, s.advice, s.recovery} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	s.chapter("Everything went as expected.")
	s.say("It took %s. To watch your own backups: make run", words.Span(time.Since(began)))
	return nil
}

// welcome says what is to be seen, and of what it is made.
func (s *story) welcome(ctx context.Context) {
	fmt.Fprintln(s.out, s.paint(bold, "Backup Watchdog: a demonstration in about a minute"))
	if s.source.writer == nil {
		s.say("A simulated iPhone is backed up by the real idevicebackup2 while the real watchdog watches, in fast motion: where it would wait ten minutes, it waits %s.", words.Span(s.pace.limit))
	} else {
		s.say("A simulated iPhone is backed up by a built-in writer, because idevicebackup2 is not used here, while the real watchdog watches, in fast motion: where it would wait ten minutes, it waits %s.", words.Span(s.pace.limit))
	}
	s.say("It all happens in %s and is removed at the end. Your own backups are not touched. Ctrl-C stops it.", s.stage.dir)
	s.pause(ctx, 3*time.Second)
}

// healthy is a backup as it should be: nothing is said about it.
func (s *story) healthy(ctx context.Context) error {
	s.chapter("1. A healthy backup")
	s.say("Anna connects her iPhone, and %s starts a backup.", s.source.name())
	a := s.source.backup(ctx)
	defer a.stop()
	if err := s.complete(ctx, a); err != nil {
		return err
	}
	told, err := s.notices(ctx)
	if err != nil {
		return err
	}
	if len(told) > 0 {
		return fmt.Errorf("a healthy backup caused a notice: %s", told[0].Title)
	}
	s.say("It is complete, and every file the iPhone listed was found at its size. The watchdog has sent no notice: there was no need to.")
	if err := s.status(ctx, 0); err != nil {
		return err
	}
	return s.stay(ctx, stayHealthy, 4*time.Second)
}

// complete waits until a backup has begun, has ended and has been checked.
func (s *story) complete(ctx context.Context, a *attempt) error {
	_, err := s.until(ctx, a, "a backup begins", func(b control.Backup) bool {
		return b.Phase.Active() && !slices.ContainsFunc(b.Findings, isStalled)
	})
	if err != nil {
		return err
	}
	_, err = s.until(ctx, a, "the backup is complete", func(b control.Backup) bool { return b.Phase == backup.Complete })
	if err != nil {
		return err
	}
	b, err := s.checked(ctx, a)
	if err != nil {
		return err
	}
	if b.Chain.Verdict != backup.Good {
		return fmt.Errorf("the check of a healthy backup says %q", b.Chain.Verdict)
	}
	return <-a.ended
}

// checked waits until the run has been checked. A watchdog that has just done
// so once waits an hour before it checks again by itself: then it is asked to.
func (s *story) checked(ctx context.Context, a *attempt) (control.Backup, error) {
	fits := func(b control.Backup) bool {
		c := b.Chain
		return b.Phase == backup.Complete && c.Checked != nil && !c.Checked.Before(b.Run.Started) && c.Checking == nil
	}
	byItself, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	b, err := s.until(byItself, a, "the backup is checked", fits)
	if err == nil || byItself.Err() == nil || ctx.Err() != nil {
		return b, err
	}
	if _, err := s.stage.client.Check(ctx, control.CheckRequest{}, nil); err != nil {
		return b, fmt.Errorf("the backup cannot be checked: %w", err)
	}
	return s.until(ctx, a, "the backup is checked", fits)
}

// until waits for a status that fits, or for the backup to fail.
func (s *story) until(ctx context.Context, a *attempt, what string, fits func(control.Backup) bool) (control.Backup, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case err := <-a.ended:
			a.ended <- err
			if err != nil {
				cancel(err)
			}
		case <-ctx.Done():
		}
	}()
	b, err := s.stage.until(ctx, s.narrator, what, func(_ control.Status, b control.Backup) bool { return fits(b) })
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return b, err
}

// stall is a backup that stops in the middle and tells nobody.
func (s *story) stall(ctx context.Context) error {
	s.chapter("2. A backup that gets stuck")
	for range 6 { // some days of pictures and messages
		s.source.giving.Use()
	}
	if err := s.source.giving.SetFaults("stall-after:55"); err != nil {
		return err
	}
	s.say("Her next one brings only what has changed. Halfway through, the iPhone stops sending; %s waits and says nothing.", s.source.name())
	s.hanging = s.source.backup(ctx)
	b, err := s.until(ctx, s.hanging, "a stalled backup is called stalled", func(b control.Backup) bool {
		return slices.ContainsFunc(b.Findings, isStalled)
	})
	if err != nil {
		return err
	}
	if b.Run.Silence == nil || *b.Run.Silence < s.pace.limit.Seconds() {
		return fmt.Errorf("the backup was called stalled before its limit of %s", s.pace.limit)
	}
	s.say("That is longer than normal. The watchdog has noticed.")
	s.pause(ctx, time.Second)
	return nil
}

// isStalled reports whether a finding warns of a stalled backup.
func isStalled(f backup.Finding) bool {
	return f.Code == backup.Stalled && f.Severity >= backup.Warning
}

// advice shows what a person sees who then looks.
func (s *story) advice(ctx context.Context) error {
	s.chapter("4. The status, and the advice")
	s.say("What has happened, why the watchdog thinks so, and the one thing to do first:")
	if err := s.status(ctx, 3); err != nil {
		return err
	}
	return s.stay(ctx, stayStalled, 8*time.Second)
}

// status prints what watchdogctl says, and wants its exit code to be that.
func (s *story) status(ctx context.Context, want int) error {
	code, err := s.stage.watchdogctl(ctx, s.narrator, "status")
	if err != nil || ctx.Err() != nil {
		return err
	}
	if code != want {
		return fmt.Errorf("watchdogctl status ended with exit code %d instead of %d", code, want)
	}
	return nil
}

// recovery follows the advice.
func (s *story) recovery(ctx context.Context) error {
	s.chapter("5. The recovery")
	s.say("Anna follows the advice. She stops the stuck backup and restarts her iPhone:")
	s.hanging.end()
	if err := s.restart(ctx); err != nil {
		return err
	}
	s.say("Then she starts the backup again. What has already arrived is not sent again.")
	a := s.source.backup(ctx)
	defer a.stop()
	if err := s.complete(ctx, a); err != nil {
		return err
	}
	notice, err := s.notice(ctx, "verified")
	if err != nil {
		return err
	}
	s.say("Whoever was told of the trouble is told when it is over:")
	s.narrator.notice(notice.Title, notice.Text)
	s.pause(ctx, 2*time.Second)
	if err := s.status(ctx, 0); err != nil {
		return err
	}
	s.pause(ctx, 2*time.Second)
	if _, err := s.stage.watchdogctl(ctx, s.narrator, "history"); err != nil {
		return err
	}
	return s.stay(ctx, stayRecovered, 0)
}

// restart switches the iPhone off and on again, as far as a cable shows it.
func (s *story) restart(ctx context.Context) error {
	phone := s.source.attached
	phone.Detach()
	_, err := s.stage.until(ctx, s.mute(), "the iPhone is seen to leave", func(st control.Status, _ control.Backup) bool { return len(st.Phones) == 0 })
	if err != nil {
		return err
	}
	s.say("off …")
	s.pause(ctx, time.Second)
	s.source.giving.Resume()
	if err := s.source.giving.SetFaults(""); err != nil {
		return err
	}
	phone.Attach()
	_, err = s.stage.until(ctx, s.mute(), "the iPhone is seen to come back", func(st control.Status, _ control.Backup) bool { return len(st.Phones) > 0 })
	if err == nil {
		s.say("… and on.")
	}
	return err
}

// mute is a narrator who keeps silent.
func (s *story) mute() *narrator { return &narrator{out: io.Discard} }

// stay holds the story where somebody wants to look around, else leaves time
// to read.
func (s *story) stay(ctx context.Context, moment string, reading time.Duration) error {
	if s.stayAt != moment {
		s.pause(ctx, reading)
		return ctx.Err()
	}
	s.say("Held here until Ctrl-C. Look around with: watchdogctl --state-dir %s status", s.stage.state)
	<-ctx.Done()
	return ctx.Err()
}
