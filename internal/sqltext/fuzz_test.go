package sqltext

import (
	"strings"
	"testing"
)

func seeds(f *testing.F) {
	for _, sql := range []string{
		"SELECT 1; -- x", "SELECT 'a''b', \"c\", `d`, [e], $$f$$, $g$h$g$ /* i /* j */ */ # k\n;", "WITH x AS (DELETE FROM t) SELECT * FROM x",
		"U&\"a!0041\" UESCAPE '!' (1)", "E'\\'' N'a' x'1f' B'01' _utf8'b'", "/*! 1 */ /*M! 2 */ /*+ 3 */", "1e5 .5 1. 0x1F 1..2 1_0 1e", "@a @@b @`c` :d $e::f(g) ?1",
		"SELECT u.ssn s, * FROM users u ORDER BY 2", "a--b --\x01c #d", "'a'\n'b' -- c\n'd'", "((((", "))))", "SELECT 1 /*", "SELECT 1 --",
	} {
		for d := range 3 {
			f.Add(d, sql)
		}
	}
}

func dialect(d int) Dialect { return Dialect(uint(d) % 3) }

// Tokens cover the text: they are in order, not empty, and between them is white space.
func FuzzTokens(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, d int, sql string) {
		tokens, err := Tokens(dialect(d), sql)
		if err != nil {
			return
		}
		end := 0
		for _, token := range tokens {
			if token.Start < end || token.End <= token.Start || token.End > len(sql) {
				t.Fatalf("the token %+v is out of place, the last one ended at %d", token, end)
			}
			if gap := sql[end:token.Start]; strings.Trim(gap, " \t\n\r\f\v\ufeff") != "" {
				t.Fatalf("%q is between tokens", gap)
			}
			end = token.End
		}
		if gap := sql[end:]; strings.Trim(gap, " \t\n\r\f\v\ufeff") != "" {
			t.Fatalf("%q is behind the last token", gap)
		}
	})
}

// The one statement is the same when it is looked for again, ends with what does something,
// and has the class, calls and parameters of the text.
func FuzzSingle(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, n int, sql string) {
		d := dialect(n)
		body, err := Single(d, sql)
		if err != nil {
			return
		}
		if again, err := Single(d, body); again != body || err != nil {
			t.Fatalf("Single(%q) = %q, but Single of that is %q, %v", sql, body, again, err)
		}
		tokens, err := Tokens(d, body+" ;")
		if err != nil || len(tokens) < 2 || !tokens[len(tokens)-1].is(";") || tokens[len(tokens)-2].End != len(body) {
			t.Fatalf("what is put behind %q is not code: %q, %v", body, spell(tokens), err)
		}
		before, err := Class(d, sql)
		if err != nil {
			t.Fatal(err)
		}
		if after, err := Class(d, body); after != before || err != nil {
			t.Fatalf("%q is %s, but %q is %s, %v", sql, before, body, after, err)
		}
		for _, text := range []string{sql, body} {
			if _, err := Verb(d, text); err != nil {
				t.Fatal(err)
			}
			if _, err := Calls(d, text); err != nil {
				t.Fatal(err)
			}
		}
		before2, _ := Params(d, sql)
		if after, _ := Params(d, body); after != before2 {
			t.Fatalf("%q has %d parameters, but %q has %d", sql, before2, body, after)
		}
	})
}

// A class that is told without a dialect is one that every dialect agrees to.
func FuzzAnyClass(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, _ int, sql string) {
		class, err := AnyClass(sql)
		if err != nil || class == Other {
			return
		}
		for d := range Dialect(3) {
			if got, err := Class(d, sql); err == nil && got != class {
				t.Fatalf("AnyClass(%q) = %s, but it is %s in %v", sql, class, got, d)
			}
		}
	})
}

// Whatever a text does with a masked column, it is either refused, or every mention of it
// outside strings is an item of the outermost list.
func FuzzMasked(f *testing.F) {
	seeds(f)
	f.Add(0, "SELECT (ssn), ssn x FROM users WHERE x")
	f.Fuzz(func(t *testing.T, _ int, sql string) {
		q := users()
		if _, err := Masked(sql, q); err != nil {
			return
		}
		tokens, err := Tokens(MySQL, sql)
		if err != nil {
			t.Fatal(err)
		}
		mentions := false
		for _, token := range tokens {
			mentions = mentions || token.name() && (token.Text == "users" || token.Text == "v_users")
		}
		depth := 0
		for i, token := range tokens {
			switch {
			case token.is("("):
				depth++
			case token.is(")"):
				depth--
			case mentions && depth > 0 && token.name() && token.Text == "ssn":
				if i+1 == len(tokens) || !tokens[i+1].is("(") && tokens[i+1].Kind != Comment && tokens[i+1].Kind != Hint {
					t.Fatalf("Masked(%q) lets a masked column stand in parentheses", sql)
				}
			}
		}
	})
}
