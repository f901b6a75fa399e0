package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"backupwatchdog/daemon/control"
)

// told shows the one notice that was sent.
func (s *story) told(ctx context.Context) error {
	s.chapter("3. The notification")
	notice, err := s.notice(ctx, "raised")
	if err != nil {
		return err
	}
	if s.stage.desktop {
		s.say("It is on your desktop now, once:")
	} else {
		s.say("There is no desktop here that shows notifications. It would say, once:")
	}
	s.narrator.notice(notice.Title, notice.Text)
	s.pause(ctx, 4*time.Second)
	return nil
}

// notice waits until the stall has caused exactly one notice of this sort, and
// until that has been sent.
func (s *story) notice(ctx context.Context, event string) (control.Notice, error) {
	var found control.Notice
	most := 20 * time.Second
	err := s.stage.await(ctx, "the notice is sent", most, func() bool {
		all, err := s.notices(ctx)
		i := slices.IndexFunc(all, func(n control.Notice) bool { return n.Event == event && n.Outcome == "sent" })
		if err == nil && i >= 0 {
			found = all[i]
		}
		return err == nil && i >= 0
	})
	if err != nil {
		return found, err
	}
	all, err := s.notices(ctx)
	if err != nil {
		return found, err
	}
	again := func(n control.Notice) bool {
		return n.Event == event && n.Channel == found.Channel && (n.Key != found.Key || !n.At.Equal(found.At))
	}
	if slices.ContainsFunc(all, again) {
		return found, fmt.Errorf("the same notice came twice: %s", found.Title)
	}
	return found, nil
}

// notices are those that were meant for a person.
func (s *story) notices(ctx context.Context) ([]control.Notice, error) {
	h, err := s.stage.client.History(ctx, control.HistoryQuery{Limit: 100})
	return slices.DeleteFunc(h.Notices, func(n control.Notice) bool { return n.Outcome == "suppressed" }), err
}
