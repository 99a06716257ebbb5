package view_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/systems/documents"
	"cleat/internal/text"
	"cleat/internal/uri"
	"cleat/internal/view"
)

// library serves one text under any address.
type library struct{ name, body string }

func (l library) Schemes() []string { return []string{"text", "json"} }

func (l library) Open(_ context.Context, u uri.URI) (*documents.Document, error) {
	return &documents.Document{URI: u.String(), Name: l.name, Size: int64(len(l.body)), Body: body{strings.NewReader(l.body)}}, nil
}

type body struct{ io.ReadSeeker }

func (body) Close() error { return nil }

// show renders what a request gives, or its error.
func show(t *testing.T, l library, address string, req view.Request) string {
	t.Helper()
	u, err := uri.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	v, err := view.Read(t.Context(), l, u, req)
	if err != nil {
		return fail.Show(err)
	}
	return render(v)
}

func render(v *view.View) string {
	var w text.Writer
	v.Text(&w)
	var b strings.Builder
	for _, s := range w.Segments() {
		b.WriteString(s.Text)
	}
	return b.String()
}

func TestLines(t *testing.T) {
	l := library{"a.txt", "one\r\ntwo\nthree"}
	for _, c := range []struct{ part, want string }{
		{"", "lines 1-3 of 3\n1: one\n2: two\n3: three\n"},
		{"L2", "lines 2-2 of 3\n2: two\n"},
		{"L2-L2", "lines 2-2 of 3\n2: two\n"},
		{"2-", "lines 2-3 of 3\n2: two\n3: three\n"},
		{"L1-L99999999", "lines 1-3 of 3\n1: one\n2: two\n3: three\nnote: the document ends at line 3\n"},
		{"L7", "invalid: line 7 is past the end: the document has 3 lines\nnext: read part=\"L1-L3\"\nretry: no"},
	} {
		if got := show(t, l, "a.txt", view.Request{Part: c.part}); got != c.want {
			t.Errorf("part %q:\n%s\nwant:\n%s", c.part, got, c.want)
		}
	}
	if got, want := show(t, library{"e", ""}, "e", view.Request{}), "the file is empty\n"; got != want {
		t.Errorf("an empty file: %q", got)
	}
	if got, want := show(t, library{"e", "\n"}, "e", view.Request{}), "lines 1-1 of 1\n1: \n"; got != want {
		t.Errorf("one empty line: %q, want %q", got, want)
	}
}

func TestBadRequests(t *testing.T) {
	l := library{"a.txt", "one\ntwo\n"}
	for _, req := range []view.Request{
		{Part: "L0"}, {Part: "L5-L2"}, {Part: "1e308"}, {Part: "/a"}, {Part: "L9"}, {Part: "#none"},
		{Grep: "("}, {Grep: "x", Outline: true}, {Grep: "x", Part: "#a"},
	} {
		if got := show(t, l, "a.txt", req); !strings.HasPrefix(got, "invalid: ") && !strings.HasPrefix(got, "not_found: ") {
			t.Errorf("%+v: %s", req, got)
		}
	}
}

// TestShrink cuts an answer again and again: it stays true about what it left out, and
// what it names as the rest begins where it ended.
func TestShrink(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "line number %d\n", i+1)
	}
	l := library{"a.txt", b.String()}
	next := "L1-"
	seen := 0
	for next != "" {
		u, err := uri.Parse("a.txt")
		if err != nil {
			t.Fatal(err)
		}
		v, err := view.Read(t.Context(), l, u, view.Request{Part: next})
		if err != nil {
			t.Fatal(err)
		}
		for s := render(v); len(s) > 20_000; s = render(v) {
			if !v.Shrink(20_000 / float64(len(s))) {
				t.Fatal("it does not shrink")
			}
		}
		if v.Lines[0].Number != seen+1 {
			t.Fatalf("line %d follows line %d", v.Lines[0].Number, seen)
		}
		seen = v.Lines[len(v.Lines)-1].Number
		_, next, _ = strings.Cut(render(v), `part="`)
		next, _, _ = strings.Cut(next, `"`)
	}
	if seen != 5000 {
		t.Errorf("the pages end at line %d", seen)
	}
}

func TestLongLine(t *testing.T) {
	long := strings.Repeat("é", 1<<20)
	got := show(t, library{"a.js", "short\n" + long + "\nlast\n"}, "a.js", view.Request{})
	if len(got) > 10_000 || !strings.Contains(got, "…(+2095152 bytes)") || !strings.Contains(got, "3: last") {
		t.Errorf("a long line among others: %d bytes, …%s", len(got), got[len(got)-60:])
	}
	got = show(t, library{"a.js", "short\n" + long + "\nlast\n"}, "a.js", view.Request{Part: "L2"})
	if len(got) < 30_000 || len(got) > 40_000 || !strings.Contains(got, "…(+2061152 bytes)") {
		t.Errorf("a long line alone: %d bytes, …%s", len(got), got[len(got)-60:])
	}
	got = show(t, library{"a.js", strings.Repeat("x", 1<<20) + "needle" + strings.Repeat("y", 1<<20)}, "a.js", view.Request{Grep: "needle"})
	if len(got) > 5_000 {
		t.Errorf("grep in a long line: %d bytes", len(got))
	}
	// However a line is cut, the way to more of it stands after the text.
	u, err := uri.Parse("a.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ part, want string }{
		{"", `note: 1 line is longer than 2000 bytes and was clipped: part="L1" alone shows up to 36000 bytes, grep shows what surrounds a match`},
		{"L1", "note: line 1 is cut to fit: a larger budget shows more of it, grep what surrounds a match"},
	} {
		v, err := view.Read(t.Context(), library{"a.js", long}, u, view.Request{Part: c.part})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if c.part != "" && !v.Shrink(0.5) {
				t.Fatal("it does not shrink")
			}
		}
		if got := render(v); strings.Count(got, c.want) != 1 {
			t.Errorf("part %q: …%s, want once %s", c.part, got[len(got)-200:], c.want)
		}
	}
}

// TestLongValue has a value that is too long even before any budget.
func TestLongValue(t *testing.T) {
	for _, pointer := range []string{"", "/v"} {
		got := show(t, library{"a.json", `{"v": "` + strings.Repeat("y", 300_000) + `"}`}, "json://a.json", view.Request{Part: pointer})
		if !strings.Contains(got, "outline: ") || !strings.Contains(got, "/v string, 300000 bytes") || !strings.Contains(got, "note: the value is too long") {
			t.Errorf("the value at %q is shown as %.300q", pointer, got)
		}
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct{ name, body, pointer, want string }{
		{"a.json", `{"a":{"b/c":[1,2.50,1e400]},"a~b":null}`, "/a/b~1c/1", "2.50\n"},
		{"a.json", `{"a":1,"a":2}`, "/a", "2\nnote: the document has the name \"a\" 2 times; the last is shown\n"},
		{"a.json", `{"":{"":5}}`, "//", "5\n"},
		{"a.json", `[9007199254740993]`, "/0", "9007199254740993\n"},
		{"a.json", `[1]`, "/01", "not_found: nothing at the JSON pointer \"/01\"\nthe document is an array of 1\nnext: use an index from 0 to 0, such as part=\"/0\"\nretry: no"},
		{"a.json", `[1] 2`, "", "invalid: not valid JSON: line 1, column 5: '2' after the value\nnext: read it as text: the same path with text:// in place of json://\nretry: no"},
		{"a.json", `{"a":`, "", "invalid: not valid JSON: line 1, column 6: the end of the text where a value should be\nnext: read it as text: the same path with text:// in place of json://\nretry: no"},
		{"a.yaml", "a: &x {k: 1}\nb: *x\nc: 0x10\nd: 2026-01-02\ne: ~", "", "{\"a\": {\"k\": 1}, \"b\": {\"k\": 1}, \"c\": 16, \"d\": \"2026-01-02\", \"e\": null}\nnote: aliases are shown as what they stand for\n"},
		{"a.toml", "a = 9223372036854775807\n[b]\nc = 1979-05-27T07:32:00Z", "/b/c", "\"1979-05-27T07:32:00Z\"\n"},
	} {
		got := show(t, library{c.name, c.body}, "json://"+c.name, view.Request{Part: c.pointer})
		if got != c.want {
			t.Errorf("%s %s:\n%s\nwant:\n%s", c.body, c.pointer, got, c.want)
		}
	}
}

// TestBombs: documents that grow when they are read, or nest without end, are errors.
func TestBombs(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&laughs, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1)
	}
	for name, l := range map[string]library{
		"aliases":     {"a.yaml", laughs.String()},
		"a self":      {"a.yaml", "a: &a\n  b: *a\n"},
		"deep JSON":   {"a.json", strings.Repeat("[", 200_000)},
		"deep YAML":   {"a.yaml", strings.Repeat("[", 20_000)},
		"broken TOML": {"a.toml", "a = [[[["},
	} {
		if got := show(t, l, "json://"+l.name, view.Request{}); !strings.HasPrefix(got, "invalid: ") && !strings.HasPrefix(got, "too_large: ") {
			t.Errorf("%s: %.200s", name, got)
		}
	}
}

func TestOutlines(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"a.go", "package a\n\nfunc F() {}\n\ntype T struct{}\n", "outline: 2 entries\nL3 function func F()\nL5 struct type T struct\n"},
		{"a.md", "# A\n\n```\n# no\n```\n\n## B\n", "outline: 2 entries\nL1-L7 #a A\n  L7 #b B\n"},
		{"a.log", strings.Repeat("x y\n", 30), "outline: 1 entry\nL1-L30 x y\n"},
	} {
		if got := show(t, library{c.name, c.body}, c.name, view.Request{Outline: true}); got != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", c.name, got, c.want)
		}
	}
}

// FuzzRead: no document and no request makes it panic, and what it shows has limits.
func FuzzRead(f *testing.F) {
	f.Add("a.md", "# A\n", "#a", "", false)
	f.Add("a.json", `{"a":1}`, "/a", "", true)
	f.Add("a.yaml", "a: [1", "", "x", false)
	f.Add("a.toml", "a = 1", "L1-", "", false)
	f.Fuzz(func(t *testing.T, name, content, part, grep string, outline bool) {
		u := uri.New("text", "x")
		v, err := view.Read(t.Context(), library{name, content}, u, view.Request{Part: part, Grep: grep, Outline: outline})
		if err != nil {
			if fail.From(err).Code == fail.Internal {
				t.Fatalf("%v", err)
			}
			return
		}
		render(v)
		for range 50 {
			if !v.Shrink(0.5) {
				return
			}
		}
		if s := render(v); len(s) > 4*view.Shortest {
			t.Fatalf("after 50 halvings there are %d bytes", len(s))
		}
	})
}
