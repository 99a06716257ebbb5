package search

import (
	"testing"
	"time"

	"cleat/internal/fail"
)

func TestMoment(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Time{
		"":                     {},
		"2026-03-01":           time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		"2026-03-01T10:00:00Z": time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC),
		"7d":                   now.AddDate(0, 0, -7),
		"2w":                   now.AddDate(0, 0, -14),
		"12h":                  now.Add(-12 * time.Hour),
		"30m":                  now.Add(-30 * time.Minute),
	} {
		if got, err := moment(in, now); err != nil || !got.Equal(want) {
			t.Errorf("moment(%q) = %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"d", "0d", "-1d", "7", "7dd", "7y", "yesterday", "2026-13-01", "99999999999d", "1.5h", "٧d"} {
		if got, err := moment(in, now); err == nil || fail.From(err).Code != fail.Invalid {
			t.Errorf("moment(%q) = %v, %v", in, got, err)
		}
	}
}
