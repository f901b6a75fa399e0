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
		inSentence      string
	}{
		{0, "12:00", "4 Mar 12:00", "just now", "at 12:00"},
		{5 * time.Minute, "11:55", "4 Mar 11:55", "5 min ago", "at 11:55"},
		{25 * time.Hour, "yesterday 11:00", "3 Mar 11:00", "25 hours ago", "yesterday 11:00"},
		{50 * time.Hour, "Monday 10:00", "2 Mar 10:00", "2 days ago", "Monday 10:00"},
		{40 * 24 * time.Hour, "23 Jan 12:00", "23 Jan 12:00", "40 days ago", "on 23 Jan 12:00"},
		{90 * 24 * time.Hour, "4 Dec 2025", "4 Dec 2025 12:00", "90 days ago", "on 4 Dec 2025"},
		{-48 * time.Hour, "6 Mar 2026", "6 Mar 12:00", "6 Mar 12:00", "on 6 Mar 2026"},
	} {
		at := now.Add(-c.before).UTC()
		if when, date, ago := When(at, now), Date(at, now), Ago(at, now); when != c.when || date != c.date || ago != c.ago {
			t.Errorf("%s before: %q, %q, %q", c.before, when, date, ago)
		}
		if got := AtWhen(at, now); got != c.inSentence {
			t.Errorf("%s before: %q, want %q", c.before, got, c.inSentence)
		}
	}
}

func TestQuietTimesThatReadTheSame(t *testing.T) {
	const same, longer = 6200 * time.Millisecond, 26 * time.Minute
	for got, want := range map[string]string{
		Stuck(same, "transferring", 6*time.Second, false, "."): "Nothing has moved for 6 s while copying files, which is longer than normal. .",
		Stuck(same, "preparing", 6*time.Second, true, "."):     "Nothing has moved for 6 s while preparing, which is longer than usual for this iPhone. .",
		Stuck(longer, "transferring", time.Minute, false, "."): "Nothing has moved for 26 min while copying files. Up to 60 s is normal. .",
		Quiet(same, 6*time.Second, 0):                          "Quiet for 6 s, which is longer than normal.",
		Quiet(longer, time.Minute, 0):                          "Quiet for 26 min. Up to 60 s is normal.",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
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
