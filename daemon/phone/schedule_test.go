package phone

import (
	"testing"
	"time"

	"backupwatchdog/daemon/backup"
)

func TestSchedule(t *testing.T) {
	begin := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	sit := Situation{UDID: "A", Attached: begin, Phase: backup.Complete}
	with := func(change func(*Situation)) Situation { s := sit; change(&s); return s }
	run := with(func(s *Situation) { s.Phase = backup.Transferring })

	tests := []struct {
		name string
		last *Situation // asked at begin; nil never
		at   time.Duration
		now  Situation
		want Reason
	}{
		{"just attached", nil, 0, sit, OnAttach},
		{"not attached", nil, 0, with(func(s *Situation) { s.Attached = time.Time{} }), NotNow},
		{"attached anew", &sit, time.Second, with(func(s *Situation) { s.Attached = begin.Add(time.Second) }), OnAttach},
		{"phase changed at once", &sit, 9 * time.Second, run, NotNow},
		{"phase changed", &sit, 10 * time.Second, run, OnPhase},
		{"in a run, before the minute", &run, 59 * time.Second, run, NotNow},
		{"in a run, after the minute", &run, 60 * time.Second, run, InRun},
		{"at rest after a minute", &sit, time.Minute, sit, NotNow},
		{"at rest, a condition rests on it", &sit, time.Minute, with(func(s *Situation) { s.Rests = true }), BeforeRaised},
		{"at rest, asked just now", &sit, 30 * time.Second, with(func(s *Situation) { s.Rests = true }), NotNow},
		{"at rest, before six hours", &sit, 6*time.Hour - time.Second, sit, NotNow},
		{"at rest, after six hours", &sit, 6 * time.Hour, sit, AtRest},
		{"the clock was set back", &sit, -time.Hour, sit, OnAttach},
		{"another phone", &sit, 0, with(func(s *Situation) { s.UDID = "B" }), OnAttach},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Schedule
			if tt.last != nil {
				s.Begin(begin, *tt.last)
				if got := s.Due(begin.Add(24*time.Hour), tt.now); got != NotNow {
					t.Errorf("a second question beside the first: %q", got)
				}
				s.Done()
			}
			if got := s.Due(begin.Add(tt.at), tt.now); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFresh(t *testing.T) {
	now := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	p := backup.Phone{Link: backup.LinkUSB, Passcode: backup.Yes, Name: "A", Battery: 50, DiskFree: 7, CloudEnabled: backup.Yes, Asked: now.Add(-23 * time.Hour)}
	if got := Fresh(p, now); got != p {
		t.Errorf("an answer of today: %+v", got)
	}
	p.Asked = now.Add(-24 * time.Hour)
	want := Unheard()
	want.Link, want.Passcode, want.Name = backup.LinkUSB, backup.Yes, "A"
	if got := Fresh(p, now); got != want {
		t.Errorf("an answer of yesterday: %+v", got)
	}
	p.Asked = time.Time{}
	if got := Fresh(p, now); got != want {
		t.Errorf("never asked: %+v", got)
	}
}
