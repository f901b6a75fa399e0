package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"backupwatchdog/daemon/backup"
	"backupwatchdog/plist"
)

// feed is Apple's System Status page, the developer's edition of which is
// wrapped as jsonCallback({…}); nothing about it is documented. Each level is
// decoded by itself, so that one odd service does not hide the others.
type feed struct {
	Services []json.RawMessage `json:"services"`
}

type feedService struct {
	Name   string            `json:"serviceName"`
	Events []json.RawMessage `json:"events"`
}

// feedEvent has its times twice: as words with a zone such as "PDT", which no
// parser reads right, and as milliseconds. Only those are used.
type feedEvent struct {
	Type    any `json:"statusType"`  // Outage, Issue, Performance, Maintenance, Available
	Status  any `json:"eventStatus"` // ongoing, resolved, upcoming, completed
	Start   any `json:"epochStartDate"`
	End     any `json:"epochEndDate"`
	Message any `json:"message"`
}

// judgeFeed says whether the page names an event for iCloud Backup that goes on
// at now, and in which words. An error means that the page says nothing that can
// be understood.
func judgeFeed(body []byte, now time.Time) (backup.Tri, string, error) {
	first, last := bytes.IndexByte(body, '{'), bytes.LastIndexByte(body, '}')
	if first < 0 || last < first {
		return backup.Unknown, "", errors.New("the status page of Apple has an unknown form")
	}
	var f feed
	if err := json.Unmarshal(body[first:last+1], &f); err != nil {
		return backup.Unknown, "", errors.New("the status page of Apple cannot be read")
	}
	listed, odd := false, false
	for _, raw := range f.Services {
		var s feedService
		if json.Unmarshal(raw, &s) != nil || !cloudBackup(s.Name) {
			continue
		}
		listed = true
		for _, e := range s.Events {
			on, detail, err := judgeEvent(e, now)
			if on {
				return backup.Yes, detail, nil
			}
			odd = odd || err != nil
		}
	}
	if !listed || odd {
		return backup.Unknown, "", errors.New("the status page of Apple says nothing clear of iCloud Backup")
	}
	return backup.No, "", nil
}

// judgeEvent says whether one event goes on at now.
func judgeEvent(raw json.RawMessage, now time.Time) (on bool, detail string, err error) {
	var e feedEvent
	if err := json.Unmarshal(raw, &e); err != nil {
		return false, "", err
	}
	status, ok := e.Status.(string)
	if !ok {
		return false, "", errors.New("an event without a state")
	}
	if !strings.EqualFold(strings.TrimSpace(status), "ongoing") || isWord(e.Type, "available") {
		return false, "", nil
	}
	start, begins := epoch(e.Start)
	end, ends := epoch(e.End)
	if begins && start.After(now) || ends && !end.After(now) {
		return false, "", nil
	}
	return true, eventWords(e), nil
}

// eventWords puts an event's own words together for a person.
func eventWords(e feedEvent) string {
	kind, _ := e.Type.(string)
	message, _ := e.Message.(string)
	return plist.Clean(strings.Trim(strings.TrimSpace(kind)+": "+strings.TrimSpace(message), ": "), 300)
}

func isWord(v any, word string) bool {
	s, ok := v.(string)
	return ok && strings.EqualFold(strings.TrimSpace(s), word)
}

// epoch reads a time in milliseconds since 1970, as a number or in quotes.
func epoch(v any) (time.Time, bool) {
	f, ok := v.(float64)
	if s, quoted := v.(string); quoted {
		n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		f, ok = n, err == nil
	}
	if !ok || f <= 0 || f > 1e14 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(f)), true
}

// cloudBackup recognises the service by name, however it is written and in the
// languages the page is mostly read in.
func cloudBackup(name string) bool {
	n := strings.ToLower(name)
	if !strings.Contains(n, "icloud") {
		return false
	}
	for _, word := range []string{"backup", "back-up", "back up", "sauvegarde", "copia", "reservekopi", "バックアップ", "备份", "備份", "백업"} {
		if strings.Contains(n, word) {
			return true
		}
	}
	return false
}
