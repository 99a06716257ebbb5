package glob

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		glob, s string
		want    bool
	}{
		{"db_*", "db_query", true},
		{"db_*", "DB_query", false},
		{"db_*", "db", false},
		{"*", "", true},
		{"?", "", false},
		{"?", "ö", true},
		{"??", "ö", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-b-c-d", false},
		{"release/*", "release/1/2", true},
		{"*_write", "ticket_write", true},
		{"*x", "\xff\xfex", true},
		{"ab", "a", false},
		{"[a]", "a", false},
	} {
		if got := Match(tt.glob, tt.s); got != tt.want {
			t.Errorf("Match(%q, %q) = %t, want %t", tt.glob, tt.s, got, tt.want)
		}
	}
	// Exponential matchers do not come back from this one.
	if Match(strings.Repeat("*a", 500)+"b", strings.Repeat("a", 2000)) {
		t.Error("a pathological glob matches")
	}
}
