package uri_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/uri"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]uri.URI{
		"text://a/b.go#L10-L50":     {Scheme: "text", Raw: "a/b.go", Path: "a/b.go", Fragment: "L10-L50"},
		"text://a%20b/%23c.md":      {Scheme: "text", Raw: "a%20b/%23c.md", Path: "a b/#c.md"},
		"text://a%2520b":            {Scheme: "text", Raw: "a%2520b", Path: "a%20b"}, // decoded once
		"json://f.json#/a/0":        {Scheme: "json", Raw: "f.json", Path: "f.json", Fragment: "/a/0"},
		"repo://./feature%2Fx/a.go": {Scheme: "repo", Raw: "./feature%2Fx/a.go", Path: "./feature/x/a.go"},
		"a/b.go":                    {Scheme: "text", Raw: "a/b.go", Path: "a/b.go"},
		"100%.md":                   {Scheme: "text", Raw: "100%25.md", Path: "100%.md"},
		"a/b.go#L5":                 {Scheme: "text", Raw: "a/b.go", Path: "a/b.go", Fragment: "L5"},
		"query://db/top?n=5&x=a%26b": {Scheme: "query", Raw: "db/top", Path: "db/top",
			Query: []uri.Param{{Name: "n", Value: "5"}, {Name: "x", Value: "a&b"}}},
	} {
		got, err := uri.Parse(in)
		if err != nil {
			t.Errorf("Parse(%q): %v", in, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", in, diff)
		}
		again, err := uri.Parse(got.String())
		if diff := cmp.Diff(got, again); err != nil || diff != "" {
			t.Errorf("%q is written as %q, which is read as another (%v):\n%s", in, got, err, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                                       "the address is empty",
		"#L1":                                    "the address is empty",
		"text://a%2":                             `bad percent encoding at byte 1 of "a%2"`,
		"text://a%zz":                            `bad percent encoding at byte 1 of "a%zz"`,
		"text://a%00b":                           "the address has a NUL (%00) at byte 1",
		"text://a\nb":                            "the address has a control character at byte 8",
		"text://" + strings.Repeat("x", uri.Max): "the address is 8199 bytes long, the limit is 8192",
	} {
		_, err := uri.Parse(in)
		if err == nil || fail.From(err).What != want || fail.From(err).Code != fail.Invalid {
			t.Errorf("Parse(%.20q): %v, want %q", in, err, want)
		}
	}
}

func TestSegments(t *testing.T) {
	u := uri.New("repo", ".", "feature/x", "a b/c.go")
	if got, want := u.String(), "repo://./feature%2Fx/a%20b/c.go"; got != want {
		t.Errorf("New made %q, want %q", got, want)
	}
	got, err := u.Segments(3)
	if diff := cmp.Diff([]string{".", "feature/x", "a b/c.go"}, got); err != nil || diff != "" {
		t.Errorf("Segments: %v (-want +got):\n%s", err, diff)
	}
}

// FuzzParse: what is accepted prints to something that reads back as the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"text://a#L1", "a%b", "repo://./x%2Fy/z?a=b", "://", "json://#", "x://%41"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := uri.Parse(s)
		if err != nil {
			return
		}
		again, err := uri.Parse(u.String())
		if err != nil && len(u.String()) > uri.Max {
			return // encoding made it longer than an address may be
		}
		if err != nil || again.Scheme != u.Scheme || again.Path != u.Path || again.Fragment != u.Fragment {
			t.Fatalf("%q → %q → %+v, %v; want %+v", s, u, again, err, u)
		}
	})
}
