package words

import (
	"testing"
	"time"
)

func TestTimeLeft(t *testing.T) {
	for _, c := range []struct {
		d           time.Duration
		about, most string
	}{
		{30 * time.Second, "less than a minute left", "less than a minute left"},
		{4*time.Minute + 20*time.Second, "about 4 min left", "at most 5 min left"},
		{62 * time.Minute, "about 60 min left", "at most 65 min left"},
		{5*time.Hour + 10*time.Minute, "about 5 h left", "at most 6 h left"},
		{73 * time.Hour, "more than two days left", "at most 4 days left"},
	} {
		if about, most := Left(c.d, false), Left(c.d, true); about != c.about || most != c.most {
			t.Errorf("%s: %q, %q", c.d, about, most)
		}
	}
}

func TestMoments(t *testing.T) {
	zone := time.FixedZone("", 3600)
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, zone)
	for _, c := range []struct {
		before          time.Duration
		when, date, ago string
	}{
		{0, "12:00", "4 Mar 12:00", "just now"},
		{5 * time.Minute, "11:55", "4 Mar 11:55", "5 min ago"},
		{25 * time.Hour, "yesterday 11:00", "3 Mar 11:00", "25 hours ago"},
		{50 * time.Hour, "Monday 10:00", "2 Mar 10:00", "2 days ago"},
		{40 * 24 * time.Hour, "23 Jan 12:00", "23 Jan 12:00", "40 days ago"},
		{90 * 24 * time.Hour, "4 Dec 2025", "4 Dec 2025 12:00", "90 days ago"},
		{-48 * time.Hour, "6 Mar 2026", "6 Mar 12:00", "6 Mar 12:00"},
	} {
		at := now.Add(-c.before).UTC()
		if when, date, ago := When(at, now), Date(at, now), Ago(at, now); when != c.when || date != c.date || ago != c.ago {
			t.Errorf("%s before: %q, %q, %q", c.before, when, date, ago)
		}
	}
}

func TestSentencesAndCuts(t *testing.T) {
	for in, want := range map[string]string{"": "", "all is well": "All is well.", "iPhone gone?": "iPhone gone?", "écoute": "Écoute."} {
		if got := Sentence(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"One. Two. Three.", 10, "One. Two."}, {"One two.", 100, "One two."}, {"Nothing fits here.", 5, ""},
		{"This sentence goes on and on without any end to it", 45, "This sentence goes on and on without any end…"},
	} {
		if got := Fitting(c.text, c.n); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.text, c.n, got, c.want)
		}
	}
}
