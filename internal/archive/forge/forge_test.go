package forge

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
)

func TestAllow(t *testing.T) {
	for _, test := range []struct{ patterns, in, out string }{
		{"acme/*", "acme/shop ACME/Shop", "acme/a/b acme acme/ evil/shop xacme/shop acme/../evil acme/."},
		{"acme/**", "acme/shop acme/a/b acme/a/b/c", "evil/acme/x acmex/y"},
		{"acme/shop-*", "acme/shop-1 acme/shop-", "acme/shop acme/xshop-1"},
		{"*/shop", "a/shop b/SHOP", "a/b/shop a/shopx"},
		{"acme/s?op acme/lib", "acme/shop acme/lib acme/slop", "acme/sop acme/lib2"},
		{"**/x", "a/x a/b/x", "a/b/y"},
		{"", "any/thing a/b/c", "any a/../b"},
	} {
		a := NewAllow(strings.Fields(test.patterns))
		for _, n := range strings.Fields(test.in) {
			if !a.Has(n) {
				t.Errorf("%s does not allow %s", test.patterns, n)
			}
		}
		for _, n := range strings.Fields(test.out) {
			if a.Has(n) {
				t.Errorf("%s allows %s", test.patterns, n)
			}
		}
	}
	for _, bad := range []string{"", "acme", "/x", "a/", "a//b", "a/../b", "acme/[a]", "acme/s{1,2}", "https://x/y", "a/b c", "-a/b", "**/**/**"} {
		if CheckRepos([]string{"acme/*", bad}) == nil {
			t.Errorf("the pattern %q is taken", bad)
		}
	}
}

func TestTarget(t *testing.T) {
	for _, test := range []struct {
		patterns, repo string
		want           string // its name, or names and owners; or the code of the error
	}{
		{"acme/shop", "", "acme/shop"},
		{"acme/shop", "shop", "acme/shop"},
		{"acme/shop", "SHOP", "acme/SHOP"},
		{"acme/*", "", "[] [acme]"},
		{"acme/* bob/x", "", "[bob/x] [acme]"},
		{"acme/* bob/*", "shop", "invalid"},
		{"acme/*", "shop", "acme/shop"},
		{"acme/*", "s*", "[] [acme]"},
		{"acme/s*", "acme/*", "[] [acme]"},
		{"*/shop", "", "[] []"},
		{"*/shop", "bob/*", "[] [bob]"},
		{"acme/*", "bob/*", "denied"},
		{"acme/*", "bob/x", "denied"},
		{"acme/*", "*/x", "[] [acme]"},
		{"acme/sub/*", "", "[] [acme/sub]"},
		{"", "shop", "invalid"},
		{"", "", "[] []"},
	} {
		got, err := NewAllow(strings.Fields(test.patterns)).Target(test.repo)
		s := got.Name
		if err != nil {
			s = string(fail.From(err).Code)
		} else if s == "" {
			s = "[" + strings.Join(got.Names, " ") + "] [" + strings.Join(got.Owners, " ") + "]"
		}
		if s != test.want {
			t.Errorf("%q of %q: %s, want %s (%v)", test.repo, test.patterns, s, test.want, err)
		}
	}
}

func TestNeedle(t *testing.T) {
	for pattern, want := range map[string]string{
		"placeOrder": "placeOrder", "func (s *Source) Close": "Source", `"repo:x" order`: "order", "-file:y": "file", "a.b.c": "a.b.c", "..x..": "x",
		"common line": "common line", "two  spaces": "spaces", "()": "", "日本語": "日本語", "x OR y": "x OR y", "...": "", `\d+`: "d", "don't": "don",
		strings.Repeat("word ", 100): strings.TrimSpace(strings.Repeat("word ", 40)), strings.Repeat("x", 500): strings.Repeat("x", 200),
	} {
		if got := needle(pattern); got != want {
			t.Errorf("%q: %q, want %q", pattern, got, want)
		}
	}
}

// A needle is part of its pattern, and has nothing in it that an index could take for
// syntax.
func FuzzNeedle(f *testing.F) {
	for _, s := range []string{`a "b" c:d`, "x\ny", "\xff", "é\u0301", "--a", strings.Repeat("é", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		n := needle(pattern)
		if !strings.Contains(pattern, n) || len(n) > maxNeedle || n != strings.Trim(n, " .") || strings.Contains(n, "  ") || !utf8.ValidString(n) {
			t.Errorf("%q of %q", n, pattern)
		}
		if strings.ContainsAny(n, "\"'\\:;-+*?!(){}[]<>|&~^$@#%/=,`\n\r\t\x00") {
			t.Errorf("%q of %q has syntax in it", n, pattern)
		}
		if n != "" && words(n) == 0 {
			t.Errorf("%q of %q has nothing to look for", n, pattern)
		}
	})
}

// What is read as a cursor was written for that query, and leads to the same place.
func FuzzCursor(f *testing.F) {
	q := code.Query{Pattern: "word", Mode: code.Text, Repo: "acme/shop"}
	f.Add(position{page: 3, at: 7, key: 99, line: 12}.encode(q))
	f.Add(position{archive: "inner"}.encode(q))
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, c string) {
		q := q
		q.Cursor = c
		p, err := readCursor(q)
		if err != nil || c == "" {
			return
		}
		q.Cursor = p.encode(q)
		if again, err := readCursor(q); err != nil || again != p {
			t.Errorf("%+v became %+v, %v", p, again, err)
		}
		q.Pattern = "other"
		if _, err := readCursor(q); err == nil {
			t.Errorf("%q is good for another pattern", c)
		}
	})
}

func TestRefs(t *testing.T) {
	for _, good := range []string{"main", "v1.2.3", "feature/x", "a-b_c", "ünï", strings.Repeat("a", 40)} {
		if err := CheckRef(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "-x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[", `a\b`, "@", "a@{1}", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.", "a\x00", "a\x7f", "a\nb", strings.Repeat("a", 256)} {
		if CheckRef(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestPaths(t *testing.T) {
	for _, test := range []struct {
		paths          []string
		in, out, under string
	}{
		{nil, "a a/b", "", ""},
		{[]string{"a/b"}, "a/b a/b/c", "a/bc a b", "a"},
		{[]string{"a/b/"}, "a/b/c", "a", "a/b"},
		{[]string{"a", "b/"}, "a b/c", "c", ""},
		{[]string{"Makefile"}, "Makefile", "a/Makefile", ""},
		{[]string{"./a/b.go"}, "a/b.go", "a/c.go", "a"},
		{[]string{"*.go"}, "x.go a/x.go", "x.txt", ""},
		{[]string{"a/**/*.go"}, "a/x.go a/b/x.go", "x.go", ""},
		{[]string{"!vendor"}, "a/b", "vendor/x a/vendor/x", ""},
		{[]string{"*.go", "!*_test.go"}, "a.go", "a_test.go", ""},
		{[]string{"."}, "a a/b", "", ""},
	} {
		p, err := newPaths(test.paths)
		if err != nil {
			t.Errorf("%q: %v", test.paths, err)
			continue
		}
		for _, f := range strings.Fields(test.in) {
			if !p.match(f) {
				t.Errorf("%q leaves out %s", test.paths, f)
			}
		}
		for _, f := range strings.Fields(test.out) {
			if p.match(f) {
				t.Errorf("%q takes %s", test.paths, f)
			}
		}
		if got := p.folder(); got != test.under {
			t.Errorf("%q: all below %q, want %q", test.paths, got, test.under)
		}
	}
}

// Parts of a file, one after the other, are the file: each match once, with its context.
func TestPart(t *testing.T) {
	f := code.File{Path: "x", Matches: 6}
	for i := 1; i <= 20; i++ {
		f.Lines = append(f.Lines, code.Line{Number: i, Match: slices.Contains([]int{2, 3, 9, 10, 11, 20}, i)})
	}
	for limit := 1; limit <= 7; limit++ {
		var got []int
		after, more := 0, true
		for more {
			var out code.File
			out, after, more = part(f, after, limit, code.Query{Context: 1})
			n := 0
			for _, l := range out.Lines {
				if l.Match {
					got = append(got, l.Number)
					n++
				}
			}
			if n > limit || n == 0 {
				t.Fatalf("limit %d: %d lines", limit, n)
			}
		}
		if diff := cmp.Diff([]int{2, 3, 9, 10, 11, 20}, got); diff != "" {
			t.Errorf("limit %d (-want +got)\n%s", limit, diff)
		}
	}
	out, _, more := part(f, 0, 10, code.Query{PerFile: 2})
	if matches(out) != 2 || more {
		t.Errorf("at most 2 lines of a file: %+v, %v", out, more)
	}
	if out, _, _ := part(f, 3, 10, code.Query{PerFile: 2}); out.Path != "" {
		t.Errorf("more than 2 lines of a file, over pages: %+v", out)
	}
}
