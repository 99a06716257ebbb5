package fail_test

import (
	"slices"
	"testing"

	"cleat/internal/fail"
)

func TestNear(t *testing.T) {
	known := []string{"code_search", "find", "read", "read_only", "status"}
	for word, want := range map[string][]string{
		"code_serch": {"code_search"},
		"codeSearch": {"code_search"},
		"fnid":       {"find"},
		"readonly":   {"read_only"},
		"stat":       {"status"},
		"":           nil,
		"kubernetes": nil,
	} {
		if got := fail.Near(word, known); !slices.Equal(got, want) {
			t.Errorf("Near(%q) = %q, want %q", word, got, want)
		}
	}
}
