package sources

import "testing"

func TestNames(t *testing.T) {
	for _, c := range []struct {
		s, name string
		want    bool
	}{
		{"fix/12-login", "12", true}, {"issue-12", "12", true}, {"release-1.12", "12", true}, {"v123", "12", false}, {"fix-v12", "12", false},
		{"eng-431-login", "ENG-431", true}, {"ENG-4311", "ENG-431", false}, {"teng-431", "ENG-431", false}, {"", "12", false}, {"12", "", false},
		{"fix_ct-7x2k", "ct-7x2k", true}, {"fix/ct-7x2k", "ct-7x2k", true},
	} {
		if got := names(c.s, c.name); got != c.want {
			t.Errorf("names(%q, %q) = %t", c.s, c.name, got)
		}
	}
	for _, c := range []struct {
		message, key, short string
		want                bool
	}{
		{"Fix login (#12)", "#12", "12", true}, {"Fix 12 tests", "#12", "12", false}, {"see #123", "#12", "12", false},
		{"see acme/app#12", "acme/app#12", "12", true}, {"ENG-431: login", "ENG-431", "ENG-431", true}, {"ENG-43", "ENG-431", "ENG-431", false},
	} {
		if got := mentions(c.message, c.key, c.short); got != c.want {
			t.Errorf("mentions(%q, %q) = %t", c.message, c.key, got)
		}
	}
}
