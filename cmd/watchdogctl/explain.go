package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"backupwatchdog/daemon/backup"
)

const explainLong = `Explain a condition: what it means, how it is decided, what to do. Or a fix: why
it helps, its steps, and what to avoid. Without an argument, list everything the
watchdog can say. It does not need the watchdog to be running.`

// explainCommand teaches one condition, one fix, or lists them all.
func explainCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:               "explain [CODE or FIX]",
		Short:             "What a condition means, and the steps of a fix",
		Long:              explainLong,
		Example:           "  watchdogctl explain stalled\n  watchdogctl explain fresh-backup",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: cobra.FixedCompletions(explainable(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.explainAll()
			}
			if c, ok := backup.ConditionByCode(backup.Code(args[0])); ok {
				return p.explainCondition(c)
			}
			if f, ok := backup.FixByID(backup.FixID(args[0])); ok {
				return p.explainFix(f)
			}
			return p.misuse(fmt.Errorf("explain: there is no condition and no fix %q", args[0]), explainHint(args[0]))
		},
	}
}

// explainable lists all codes and ids.
func explainable() []string {
	var list []string
	for _, c := range backup.Catalogue {
		list = append(list, string(c.Code))
	}
	for _, f := range backup.Fixes {
		list = append(list, string(f.ID))
	}
	return list
}

// mostMeant is how many words are offered in the place of an unknown one.
const mostMeant = 3

// explainHint names what was probably meant.
func explainHint(word string) string {
	return cmp.Or(likelyHint(word, explainable()), "`watchdogctl explain` lists them all")
}

// likelyHint offers the words of list that are like the given one, "" where none is.
func likelyHint(word string, list []string) string {
	near := nearest(word, list)
	if len(near) == 0 {
		return ""
	}
	hint := fmt.Sprintf("did you mean %q", near[0])
	for i, s := range near[1:min(len(near), mostMeant)] {
		if i == min(len(near), mostMeant)-2 {
			hint += " or"
		} else {
			hint += ","
		}
		hint += fmt.Sprintf(" %q", s)
	}
	return hint
}

// nearest returns the words of list that are like the given one: those that
// begin so, else those that hold it or that it holds, else those with the
// fewest letters to change, if these are few. Nothing for nothing.
func nearest(word string, list []string) []string {
	word = strings.ToLower(strings.Join(strings.FieldsFunc(word, func(r rune) bool { return r == ' ' || r == '_' || r == '-' }), "-"))
	if word == "" {
		return nil
	}
	pick := func(like func(string) bool) (out []string) {
		for _, s := range list {
			if like(s) {
				out = append(out, s)
			}
		}
		return out
	}
	if begin := pick(func(s string) bool { return strings.HasPrefix(s, word) }); len(begin) > 0 {
		return begin
	}
	if len(word) >= 3 {
		if hold := pick(func(s string) bool { return strings.Contains(s, word) || strings.Contains(word, s) }); len(hold) > 0 {
			return hold
		}
	}
	least := max(len(word)/3, 1)
	for _, s := range list {
		least = min(least, distance(word, s))
	}
	return pick(func(s string) bool { return distance(word, s) == least })
}

// distance is how many letters must be put in, taken out, changed or swapped
// with their neighbour to make one word the other.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := range len(a) {
		before, last, now := rows[0], rows[1], rows[2]
		now[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			now[j+1] = min(change, last[j+1]+1, now[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		rows = [3][]int{last, now, before}
	}
	return rows[1][len(b)]
}

// conditionJSON is a condition as --json prints it.
type conditionJSON struct {
	Code     backup.Code    `json:"code"`
	Title    string         `json:"title"`
	Severity string         `json:"severity"`
	Holds    string         `json:"holds"`
	Means    string         `json:"means"`
	HiddenBy []backup.Code  `json:"hidden_by"`
	Fix      backup.FixID   `json:"fix"`
	Also     []backup.FixID `json:"also"`
	May      []backup.FixID `json:"may"`
}

func asConditionJSON(c backup.Condition) conditionJSON {
	return conditionJSON{c.Code, c.Title, c.Severity, c.Holds, c.Means,
		append([]backup.Code{}, c.HiddenBy...), c.Fix, append([]backup.FixID{}, c.Also...), append([]backup.FixID{}, c.May...)}
}

// fixJSON is a fix as --json prints it.
type fixJSON struct {
	ID    backup.FixID `json:"id"`
	Title string       `json:"title"`
	Why   string       `json:"why"`
	Steps []string     `json:"steps"`
	Cloud []string     `json:"icloud_steps"`
	Not   []string     `json:"not"`
}

// fixJSON returns the fix with its steps filled in for this computer.
func (p *program) fixJSON(f backup.Fix) fixJSON {
	steps := backup.AdviceFor(f.ID, "UDID", p.GOOS == "darwin", "").Steps
	return fixJSON{f.ID, f.Title, f.Why, steps, append([]string{}, f.Cloud...), append([]string{}, f.Not...)}
}
