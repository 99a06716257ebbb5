package text

import "testing"

func TestCount(t *testing.T) {
	for _, c := range []struct {
		n          int
		what, want string
	}{
		{1, "match", "1 match"}, {2, "match", "2 matches"}, {0, "branch", "0 branches"}, {1, "entry", "1 entry"},
		{3, "repository", "3 repositories"}, {2, "day", "2 days"}, {4, "more file", "4 more files"},
	} {
		if got := Count(c.n, c.what); got != c.want {
			t.Errorf("Count(%d, %q) = %q, want %q", c.n, c.what, got, c.want)
		}
	}
}
