package size_test

import (
	"testing"

	"cleat/internal/size"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]size.Size{"64MB": 64e6, "1GiB": 1 << 30, "500 kB": 5e5, "1KB": 1000, "7B": 7} {
		if got, ok := size.Parse(in); !ok || got != want {
			t.Errorf("Parse(%q) = %d, %t, want %d", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "64", "MB", "-1MB", "1.5MB", "1TB", "99999999999GiB", "1 000kB", "1mb", "0x1B", "1e3B"} {
		if got, ok := size.Parse(in); ok {
			t.Errorf("Parse(%q) = %d, want a refusal", in, got)
		}
	}
}
