package history

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
)

// takes lists the arguments that an op takes besides those that all take.
func takes(op string) []string {
	switch op {
	case "log":
		return []string{"path", "range", "author", "since", "text", "limit", "cursor"}
	case "show", "diff":
		return []string{"range", "path", "cursor"}
	case "blame":
		return []string{"path", "part", "range", "limit", "cursor"}
	case "branches":
		return []string{"text", "limit", "cursor"}
	}
	return nil
}

// query checks the arguments and returns them as the back end takes them. now is what ages
// are counted from. It fails with fail.Invalid.
func (in *Input) query(now time.Time) (code.HistoryQuery, error) {
	q := code.HistoryQuery{Repo: in.Repo, Path: in.Path, Range: in.Range, Author: in.Author, Text: in.Text, Limit: in.Limit, Cursor: in.Cursor}
	ok := takes(in.Op)
	for _, a := range []struct {
		name  string
		given bool
	}{
		{"path", in.Path != ""}, {"part", in.Part != ""}, {"range", in.Range != ""}, {"author", in.Author != ""},
		{"since", in.Since != ""}, {"text", in.Text != ""}, {"limit", in.Limit != 0}, {"cursor", in.Cursor != ""},
	} {
		if a.given && !slices.Contains(ok, a.name) {
			return q, fail.Errorf(fail.Invalid, "op=%s takes no %s", in.Op, a.name).
				Then("leave it out; op=%s takes %s", in.Op, strings.Join(ok, ", "))
		}
	}
	var err error
	if in.Since != "" {
		if q.Since, err = parseSince(in.Since, now); err != nil {
			return q, err
		}
	}
	if in.Part != "" {
		q.First, q.Last, err = parseLines(in.Part)
	}
	return q, err
}

// parseSince takes a day, a time, or an age such as "2 weeks" or "36h".
func parseSince(s string, now time.Time) (time.Time, error) {
	s = strings.TrimSpace(s)
	bad := fail.Errorf(fail.Invalid, "since %q is no date and no age", clip(s)).
		Then("write a day (2026-01-31), a time (2026-01-31T15:04:05Z), or an age (3 days, 2 weeks, 6 months, 1 year)")
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	word := strings.ToLower(s)
	switch word {
	case "today":
		return now.UTC().Truncate(24 * time.Hour), nil
	case "yesterday":
		return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1), nil
	}
	word = strings.TrimSpace(strings.TrimSuffix(word, "ago"))
	digits := len(word) - len(strings.TrimLeft(word, "0123456789"))
	unit := strings.TrimSpace(word[digits:])
	if digits == 0 {
		var one bool
		for _, a := range []string{"a ", "an ", "one ", "last "} {
			if unit, one = strings.CutPrefix(word, a); one {
				break
			}
		}
		if !one {
			return time.Time{}, bad
		}
		word, digits = "1", 1
	}
	n, err := strconv.Atoi(word[:digits])
	if err != nil || n > 100_000 {
		return time.Time{}, bad
	}
	switch strings.TrimSuffix(unit, "s") {
	case "h", "hour", "hr":
		return now.Add(-time.Duration(n) * time.Hour), nil
	case "d", "day":
		return now.AddDate(0, 0, -n), nil
	case "w", "week", "wk":
		return now.AddDate(0, 0, -7*n), nil
	case "month", "mo":
		return now.AddDate(0, -n, 0), nil
	case "y", "year", "yr":
		return now.AddDate(-n, 0, 0), nil
	case "m", "min", "minute":
		if unit == "m" {
			return time.Time{}, bad.Because("m may be minutes or months")
		}
		return now.Add(-time.Duration(n) * time.Minute), nil
	}
	return time.Time{}, bad
}

// parseLines takes L10-L50, L10- and L10, each also without the L.
func parseLines(s string) (first, last int, err error) {
	bad := fail.Errorf(fail.Invalid, "bad part %q", clip(s)).Then(`write part as lines: "L10-L50", "L10-" or "L10"`)
	a, b, two := strings.Cut(strings.TrimSpace(s), "-")
	if first, err = strconv.Atoi(strings.TrimPrefix(a, "L")); err != nil || first < 1 {
		return 0, 0, bad
	}
	switch {
	case !two:
		return first, first, nil
	case b == "":
		return first, 0, nil
	}
	if last, err = strconv.Atoi(strings.TrimPrefix(b, "L")); err != nil || last < 1 {
		return 0, 0, bad
	}
	if last < first {
		return 0, 0, bad.Because("the range ends before it begins")
	}
	return first, last, nil
}

func clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:60], "") + "…"
}
