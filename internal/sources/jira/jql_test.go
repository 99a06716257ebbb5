package jira

import (
	"strings"
	"testing"
	"unicode"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

func TestNative(t *testing.T) {
	s := &Source{projects: []string{"ENG"}}
	for _, r := range []struct {
		query, jql, order string
		code              fail.Code
	}{
		{"labels = bug", "labels = bug", "", ""},
		{"labels = bug ORDER BY created", "labels = bug ", "ORDER BY created", ""},
		{"order  by rank", "", "order  by rank", ""},
		{`summary ~ "order by x" AND a in (1, 'b)')`, `summary ~ "order by x" AND a in (1, 'b)')`, "", ""},
		{`text ~ "UTF-8 OPS-1" AND text ~ UTF-8`, `text ~ "UTF-8 OPS-1" AND text ~ UTF-8`, "", ""},
		{`summary ~ "a \"quoted\" word"`, `summary ~ "a \"quoted\" word"`, "", ""},
		{"parent = ENG-1", "parent = ENG-1", "", ""},
		{"updated >= -7d", "updated >= -7d", "", ""},
		{"parent = OPS-1", "", "", fail.Denied},
		{`issue in linkedIssues("ops-1")`, "", "", fail.Denied},
		{`issue in linkedIssues(" OPS-1 ")`, "", "", fail.Denied},
		{`issue in linkedIssues("OPS\u002d1")`, "", "", fail.Invalid},
		{"a) OR (b", "", "", fail.Invalid},
		{"(a", "", "", fail.Invalid},
		{`a = "b`, "", "", fail.Invalid},
		{`a = "b\"`, "", "", fail.Invalid},
		{"a = 'b\n'", "", "", fail.Invalid},
		{`a = b\"`, "", "", fail.Invalid},
		{"a = b\x00", "", "", fail.Invalid},
		{"a; b", "", "", fail.Invalid},
		{strings.Repeat("(", 60) + strings.Repeat(")", 60), "", "", fail.Invalid},
		{strings.Repeat("a", maxNative+1), "", "", fail.TooLarge},
	} {
		jql, order, err := s.native(r.query)
		var code fail.Code
		if err != nil {
			code = fail.From(err).Code
		}
		if jql != r.jql || order != r.order || code != r.code {
			t.Errorf("native(%.60q) = %q, %q, %v; want %q, %q, %s", r.query, jql, order, err, r.jql, r.order, r.code)
		}
	}
}

// TestScope: whatever is asked natively, it is about the projects that are allowed.
func TestScope(t *testing.T) {
	f, s := small(t, true)
	page, err := s.Search(t.Context(), tickets.Query{Native: "labels = a OR summary ~ leak ORDER BY created"})
	if err != nil || len(page.Tickets) != 1 || len(page.Notes) != 1 {
		t.Errorf("found %+v, %v", page, err)
	}
	const want = `"project in (\"ENG\") AND (labels = a OR summary ~ leak ) ORDER BY updated DESC, key DESC"`
	if last := f.asked[len(f.asked)-1]; !strings.Contains(last, want) {
		t.Errorf("asked %s", last)
	}
}

// unquote reads one string of JQL from its beginning to the end of s.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	body := s[1 : len(s)-1]
	var b strings.Builder
	escaped := false
	for _, r := range body {
		switch {
		case escaped:
			escaped = false
			b.WriteRune(r)
		case r == '\\':
			escaped = true
		case r == '"' || unicode.IsControl(r):
			return "", false
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), !escaped
}

// FuzzQuote: a quoted text is one string of JQL, and that text but for control characters.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "a", `"`, `\`, `\"`, `a" OR "b`, "a\n\x00b", "\u202e", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := unquote(quote(s))
		want := strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, s)
		if !ok || got != want {
			t.Errorf("quote(%q) = %q, which is %q, %v", s, quote(s), got, ok)
		}
	})
}

// FuzzNative: what is let through cannot end the parentheses around it, and names no issue of
// another project outside of a text to look for.
func FuzzNative(f *testing.F) {
	for _, s := range []string{"a = b", "a) OR (b", `a = "(" ORDER BY x`, `'\'' = ")"`, "ops-1", `text ~ "OPS-1"`, "((a))", `"\`} {
		f.Add(s)
	}
	src := &Source{projects: []string{"ENG"}}
	f.Fuzz(func(t *testing.T, s string) {
		jql, order, err := src.native(s)
		if err != nil {
			return
		}
		if jql+order != s {
			t.Fatalf("%q became %q and %q", s, jql, order)
		}
		// Read again, in the simplest way that there is.
		depth, in := 0, rune(0)
		escaped := false
		for _, r := range jql {
			switch {
			case escaped:
				escaped = false
			case in != 0 && r == '\\':
				escaped = true
			case in != 0:
				if r == in {
					in = 0
				}
			case r == '"' || r == '\'':
				in = r
			case r == '(':
				depth++
			case r == ')':
				depth--
			}
			if depth < 0 {
				t.Fatalf("%q ends the parentheses around it", jql)
			}
		}
		if depth != 0 || in != 0 || escaped {
			t.Fatalf("%q leaves something open", jql)
		}
		if !strings.Contains(jql, "~") && strings.Contains(strings.ToLower(" "+jql+" "), " ops-1 ") && !strings.ContainsAny(jql, `"'`) {
			t.Errorf("%q names another project's issue", jql)
		}
	})
}

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"Crash in the zeppelin": "crash zeppelin", "the of": "the of", "a-b c:d*": "b c d", "naïve日本": "naïve日本", "x x X": "x", "snake_case": "snake_case",
	} {
		got, err := words(text)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("words(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"-", "%", "_", "ab ac ad ae af ag ah ai aj ak al am ao ap aq ar au av aw ax ay az"} {
		if got, err := words(text); fail.From(err) == nil || fail.From(err).Code != fail.Invalid {
			t.Errorf("words(%q) = %q, %v", text, got, err)
		}
	}
}
