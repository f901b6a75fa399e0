package notify

import (
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/daemon/words"
)

// What is said stands in package words; this chooses it.

// Title is what a notice's first line says.
func Title(d Decision) string {
	f := d.Item.Finding
	what := f.Title
	if d.Event == Raised || d.Event == Repeated {
		if c, ok := words.Of(string(f.Code)); ok {
			what = c.Short
		}
	}
	return words.NoticeTitle(d.Item.Device, what)
}

// Body is the text below it: the next step, what is the matter as far as it
// fits, and where to look. The next step is the fix's title, the whole of the
// advice in a few words; its steps are in status.
func Body(d Decision) string {
	f := d.Item.Finding
	advice := f.Fix.Title
	if advice == "" && len(f.Fix.Steps) > 0 {
		advice = f.Fix.Steps[0]
	}
	return words.NoticeBody(advice, f.Detail)
}

// goodItem makes the finding that good news carries: the code of what was
// told, as information.
func goodItem(event Event, key string, t Told, b State, now time.Time) Item {
	news := newsOf(event, t, b)
	return Item{UDID: t.UDID, Device: b.Device, RunID: t.RunID, Finding: backup.Finding{Code: t.Code, Severity: backup.Info,
		Since: now, Confidence: backup.High, Key: key, Title: news.Title, Detail: news.Detail}}
}

// newsOf chooses the good news that follows what was told.
func newsOf(event Event, t Told, b State) words.News {
	c, _ := words.Of(string(t.Code))
	switch {
	case event == Verified:
		return words.Finished(b.Check.Files, b.Check.Bytes, b.Check.Verdict == backup.Unproven)
	case c.Over != "":
		return words.IsOver(c.Over)
	case b.Phase.Active():
		return words.GoesOn(string(b.Phase))
	}
	return words.FinishedSince()
}

// trial is the notice of test-notification.
func trial(now time.Time) Decision {
	news := words.Trial()
	return Decision{Event: "test", Speak: true, Item: Item{Finding: backup.Finding{
		Since: now, Title: news.Title, Detail: news.Detail, Key: "test", Confidence: backup.High}}}
}
