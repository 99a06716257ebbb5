// Package size is numbers of bytes as configurations write them: "64MB", "4KiB".
package size

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Size is a number of bytes.
type Size int64

// String returns the size in bytes, with a unit where that is exact.
func (s Size) String() string {
	for _, u := range units() {
		if s != 0 && int64(s)%u.bytes == 0 {
			return fmt.Sprintf("%d%s", int64(s)/u.bytes, u.name)
		}
	}
	return fmt.Sprintf("%dB", int64(s))
}

type unit struct {
	name  string
	bytes int64
}

func units() [7]unit {
	return [...]unit{
		{"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"kB", 1e3}, {"B", 1},
	}
}

// Parse reads a whole number with a unit. "KB" is taken for "kB".
func Parse(s string) (Size, bool) {
	digits := strings.TrimLeft(s, "0123456789")
	name := strings.TrimPrefix(digits, " ")
	number, err := strconv.ParseInt(s[:len(s)-len(digits)], 10, 64)
	if err != nil {
		return 0, false
	}
	if name == "KB" {
		name = "kB"
	}
	for _, u := range units() {
		if name == u.name && number <= math.MaxInt64/u.bytes {
			return Size(number * u.bytes), true
		}
	}
	return 0, false
}
