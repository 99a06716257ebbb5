package scan

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
)

func never() bool { return false }

// numbers returns the numbers of the matching lines of data.
func numbers(m *Matcher, data []byte) []int {
	l := m.lines(never)
	l.reset()
	var out []int
	number, counted := 1, 0
	for from := 0; ; {
		h, ok := l.next(data, from)
		if !ok {
			return out
		}
		number += countLines(data, counted, h.start)
		counted = h.start
		out = append(out, number)
		from = h.end + 1
	}
}

// plainly returns the same with Go's regexp on every line.
func plainly(re *regexp.Regexp, data []byte) []int {
	var out []int
	if len(data) == 0 {
		return nil
	}
	for i, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
		if re.Match(line) {
			out = append(out, i+1)
		}
	}
	return out
}

func compile(t testing.TB, q code.Query) *Matcher {
	t.Helper()
	m, err := Compile(q)
	if err != nil {
		t.Fatalf("Compile(%+v): %v", q, err)
	}
	return m
}

func TestMatch(t *testing.T) {
	word := func(p string, mode code.Mode) code.Query { return code.Query{Pattern: p, Mode: mode, Word: true} }
	ci := func(p string, mode code.Mode) code.Query {
		return code.Query{Pattern: p, Mode: mode, Case: code.Ignore}
	}
	smart := func(p string, mode code.Mode) code.Query {
		return code.Query{Pattern: p, Mode: mode, Case: code.Smart}
	}
	re := func(p string) code.Query { return code.Query{Pattern: p, Mode: code.Regex} }
	for _, c := range []struct {
		q    code.Query
		text string // matching lines begin with a plus, which is not part of the text
	}{
		{code.Query{Pattern: "a.c"}, "+xa.cx\nabc\n+a.c"},
		{code.Query{Pattern: "aa"}, "a\n+aaa\n+aa"},
		{ci("straSSe", code.Text), "+STRASSE\nstraße\n+straſse"},
		{ci("kelvin", code.Text), "+\u212aelvin\n+KELVIN\nkel vin"},
		{ci("Ωmega", code.Text), "+ΩMEGA\n+\u2126mega\n+ωmega"},
		{ci("привет", code.Text), "+ПРИВЕТ мир\nпока"},
		{ci("ss", code.Text), "+aſſb\n+SS\ns s"},
		{smart("abc", code.Text), "+ABC\n+abc"},
		{smart("Abc", code.Text), "ABC\n+Abc"},
		{smart(`\Sbc\pL`, code.Regex), "+ABCD"},
		{smart(`\p{Lu}bc`, code.Regex), "+ABC"},
		{word("foo", code.Text), "+foo\nfoobar\n+a.foo(\nafoo\nfoo_\nfoö\n+foobar foo\nfooé\néfoo\n+日 foo"},
		{word("-x", code.Text), "+ -x \na-x\n+-x\n+--x y-xx\n+--x"},
		{word("foo|ba", code.Regex), "+foo\nfoob\n+x ba\nbar\n+bar foo"},
		{word("fo*", code.Regex), "+a fooo b\nfoob\n+éé f"},
		{re("^a"), "+ab\nba\n+a"},
		{re("a$"), "+ba\nab\na\r\n+a"},
		{re("^$"), "a\n+\nb\n+\nc"},
		{re(`\Aa|b\z`), "+ax\n+xb\nxax"},
		{re("a.c"), "+abc\na\nc\n+aéc\n+a\xffc"},
		{re("a[^x]c"), "+abc\naxc\na\nc"},
		{re(`a\s*b`), "+ab\n+a b\na\nb"},
		{re(`^..$`), "+é1\n+ab\nabc\n+\xff\xfe\né"},
		{re(`[[:alpha:]]+\d{2,3}$`), "+ab12\nab1\n12\n+x123"},
		{re(`\bfoo\b`), "+foo\nfoobar\n+a foo-b"},
		{re(`\Bfoo`), "foo\n+afoo"},
		{re(`(?i)select .* from`), "+Select a FROM b\nselect from\nx"},
		{re(`日.語`), "+日本語\n日語"},
		{re(`é+x`), "+ééx\nx"},
		{re(`(foo|bar|baz|qux|quux|corge)\(`), "+foo(\n+a corge(\nfoo"},
		{re(`x*`), "+a\n+\n+x"},
		{re(`colou?r`), "+color\n+colour\ncolouur"},
		{re(`ab+c`), "+abbbc\nac\n+abc"},
		{re("\\x{fffd}"), "+a\xffb\n+\ufffd\nab"},
		{re("a\\x{fffd}b"), "+a\xffb\n+a\ufffdb\nab"},
		{re(`[^\x00-\x{10FFFF}]`), "a\n\nb"},
		{ci(`[k-m]x`, code.Regex), "+\u212ax\n+Lx\njx"},
		{re(`\r$`), "+a\r\na"},
	} {
		var data []string
		var want []int
		for i, line := range strings.Split(c.text, "\n") {
			line, ok := strings.CutPrefix(line, "+")
			data = append(data, line)
			if ok {
				want = append(want, i+1)
			}
		}
		for _, end := range []string{"", "\n"} {
			text := strings.Join(data, "\n") + end
			if got := numbers(compile(t, c.q), []byte(text)); !cmp.Equal(want, got, cmpopts.EquateEmpty()) {
				t.Errorf("%+v in %q: lines %d, want %d", c.q, text, got, want)
			}
		}
	}
}

func TestCompileErrors(t *testing.T) {
	re := func(p string) code.Query { return code.Query{Pattern: p, Mode: code.Regex} }
	for _, c := range []struct {
		q    code.Query
		want []string // in the message
	}{
		{code.Query{}, []string{"empty"}},
		{code.Query{Pattern: strings.Repeat("x", MaxPattern+1)}, []string{"4097 bytes"}},
		{code.Query{Pattern: "a\nb"}, []string{"line feed", "one by one"}},
		{re(`a\nb`), []string{"line feed"}},
		{re(`a[\n]b`), []string{"line feed"}},
		{re("(a\nb)"), []string{"line feed"}},
		{code.Query{Pattern: "a\xff"}, []string{"UTF-8"}},
		{code.Query{Pattern: "a", Mode: "glob"}, []string{`"glob"`, "text, regex or files"}},
		{code.Query{Pattern: "a", Case: "upper"}, []string{`"upper"`, "smart"}},
		{code.Query{Pattern: "a", Lang: "pyton"}, []string{`"pyton"`, "did you mean python?", "lang=?"}},
		{code.Query{Pattern: "a", Lang: "?"}, []string{"no language is named", "ada, ", "python, ", "zig"}},
		{code.Query{Pattern: "a", Limit: -1}, []string{"below zero"}},
		{code.Query{Pattern: "a", Cursor: "AAAA"}, []string{"cursor", "without a cursor"}},
		{re("func foo("), []string{"byte 8", "mode=text"}},
		{re(`a\)b)`), []string{"byte 4"}},
		{re("x[a"), []string{"byte 1", "bracket"}},
		{re("a(?=b)"), []string{"byte 1", "look-ahead"}},
		{re("a(?<!b)c"), []string{"byte 1", "look-behind"}},
		{re(`(a)\1`), []string{"byte 3", "back-references"}},
		{re("*.go"), []string{"byte 0", "mode=text"}},
		{re("a**"), []string{"byte 1"}},
		{re("a{1001}"), []string{"byte 1", "1000"}},
		{re(`\pX`), []string{"byte 0"}},
		{re("[ab]{1000}[cd]{1000}" + strings.Repeat("[ef]{1000}", 20)), []string{"too large"}},
		{code.Query{Pattern: "a[", Mode: code.Files}, []string{"malformed"}},
		{code.Query{Pattern: "/", Mode: code.Files}, []string{"names nothing"}},
	} {
		_, err := Compile(c.q)
		var e *fail.Error
		if !errors.As(err, &e) || e.Code != fail.Invalid {
			t.Errorf("Compile(%.60q) = %v, want an invalid error", c.q.Pattern, err)
			continue
		}
		text := fail.Show(err)
		for _, w := range c.want {
			if !strings.Contains(text, w) {
				t.Errorf("Compile(%.60q) does not say %q:\n%s", c.q.Pattern, w, text)
			}
		}
	}
}

func TestRequiredLiterals(t *testing.T) {
	for pattern, want := range map[string]litSet{
		`func \(.*\) ServeHTTP\(`:   {lits: []string{") ServeHTTP("}},
		`foo|bar`:                   {lits: []string{"foo", "bar"}},
		`https?://`:                 {lits: []string{"http://", "https://"}},
		`(?i)select .* x`:           {lits: []string{"SELECT "}, fold: true},
		`\w+\(`:                     {},
		`.*`:                        {},
		`(foo)?`:                    {},
		`(foo|.)bar`:                {lits: []string{"bar"}},
		`\bNewClient\b`:             {lits: []string{"NewClient"}},
		`xy+zzq`:                    {lits: []string{"zzq"}},
		`(aaaa|bbbb|cccc|dddd|eee)`: {},
	} {
		m := compile(t, code.Query{Pattern: pattern, Mode: code.Regex})
		if d := cmp.Diff(want, m.lits, cmp.AllowUnexported(litSet{}), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", pattern, d)
		}
	}
}

// TestAsRegexp makes random patterns and texts and compares with Go's regexp.
func TestAsRegexp(t *testing.T) {
	rounds := 6000
	if testing.Short() {
		rounds = 1000
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for range rounds {
		pattern, text := randomRegex(r, 3), randomText(r)
		again(t, pattern, text, r.IntN(3) == 0)
	}
	if t.Failed() {
		t.Logf("seed %d", seed)
	}
}

// again compares one pattern on one text; it reports whether the pattern was good.
func again(t *testing.T, pattern string, text []byte, ignore bool) {
	t.Helper()
	q := code.Query{Pattern: pattern, Mode: code.Regex}
	prefix := ""
	if ignore {
		q.Case, prefix = code.Ignore, "(?i)"
	}
	m, err := Compile(q)
	if err != nil {
		return
	}
	want := plainly(regexp.MustCompile(prefix+pattern), text)
	if got := numbers(m, text); !cmp.Equal(want, got, cmpopts.EquateEmpty()) {
		t.Errorf("%q (ignore case %v) in %q: lines %d, want %d", pattern, ignore, text, got, want)
	}
	if syntaxLiteral(pattern) && !ignore {
		if got := numbers(compile(t, code.Query{Pattern: pattern}), text); !cmp.Equal(want, got, cmpopts.EquateEmpty()) {
			t.Errorf("literal %q in %q: lines %d, want %d", pattern, text, got, want)
		}
	}
}

func syntaxLiteral(p string) bool {
	re, err := syntax.Parse(p, syntax.Perl)
	return err == nil && re.Op == syntax.OpLiteral && string(re.Rune) == p && !strings.ContainsRune(p, utf8.RuneError)
}

func randomRegex(r *rand.Rand, depth int) string {
	atoms := []string{"a", "b", "ab", "foo", "k", "s", "é", "日", ".", "^", "$", `\b`, `\B`, `\w`, `\W`, `\d`, `\s`, "[ab]", "[^a]",
		"[a-k]", "x", "_", " ", `\(`, "(?i:k)", "[é-ü]", `\x{fffd}`, `\z`, "ba", "oo"}
	var b strings.Builder
	for range 1 + r.IntN(3) {
		s := atoms[r.IntN(len(atoms))]
		if depth > 0 && r.IntN(4) == 0 {
			s = "(" + randomRegex(r, depth-1) + ")"
			if r.IntN(2) == 0 {
				s = "(" + randomRegex(r, depth-1) + "|" + randomRegex(r, depth-1) + ")"
			}
		}
		b.WriteString(s)
		if r.IntN(4) == 0 {
			b.WriteString([]string{"*", "+", "?", "{2}", "{1,3}", "*?"}[r.IntN(6)])
		}
	}
	return b.String()
}

func randomText(r *rand.Rand) []byte {
	parts := []string{"a", "b", "ab", "foo", "oo", "k", "K", "\u212a", "s", "é", "日", "\n", "\n", "\r\n", " ", "_", "1", "(", "\xff", "\xc3", "x", "ba", "FOO", "\ufffd"}
	var b []byte
	for range r.IntN(24) {
		b = append(b, parts[r.IntN(len(parts))]...)
	}
	return b
}

// FuzzMatch: the engine finds the lines that Go's regexp finds, whatever the pattern
// and the text.
func FuzzMatch(f *testing.F) {
	f.Add("a.*b|^c$", []byte("axb\nc\r\nd"), false)
	f.Add(`\bfoo\b(x|y){2,}`, []byte("foo xx\n\xff\xfe"), true)
	f.Add("K", []byte("\u212a"), true)
	f.Fuzz(func(t *testing.T, pattern string, text []byte, ignore bool) {
		if len(pattern) > 100 || len(text) > 1000 {
			return
		}
		again(t, pattern, text, ignore)
	})
}

// FuzzLiteral: literals are found where bytes.Index finds them, from every line on.
func FuzzLiteral(f *testing.F) {
	f.Add("needle", []byte("hay needle\nneedleneedle"))
	f.Add("aa", []byte("aaaa\naaa"))
	f.Fuzz(func(t *testing.T, lit string, text []byte) {
		if lit == "" || strings.Contains(lit, "\n") {
			return
		}
		find := newExact(lit)
		for from := 0; from <= len(text); from++ {
			want := bytes.Index(text[from:], []byte(lit))
			if want >= 0 {
				want += from
			}
			if got, _ := find.find(text, from); got != want {
				t.Fatalf("%q in %q from %d: %d, want %d", lit, text, from, got, want)
			}
		}
	})
}

// A regular expression whose states are too many for any memory goes on in little.
func TestManyStates(t *testing.T) {
	m := compile(t, code.Query{Pattern: `(a|b)*a(a|b){14}c`, Mode: code.Regex})
	m.lits = litSet{}
	r := rand.New(rand.NewPCG(1, 2))
	var b []byte
	for range 300_000 {
		b = append(b, "ab"[r.IntN(2)])
		if r.IntN(400) == 0 {
			b = append(b, "c\n"...)
		}
	}
	l := m.lines(never)
	got := 0
	for from := 0; ; got++ {
		h, ok := l.next(b, from)
		if !ok {
			break
		}
		from = h.end + 1
	}
	if want := len(plainly(m.re(), b)); got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
	if n := cap(l.dfa.trans); n > 3*maxDFA {
		t.Errorf("the automaton holds %d transitions", n)
	}
}

func TestClip(t *testing.T) {
	long := strings.Repeat("é", 1000)
	for _, c := range []struct {
		line string
		at   int
		want string
	}{
		{"short", 2, "short"},
		{strings.Repeat("x", 50) + "NEEDLE" + strings.Repeat("y", 50), 50, "…(+45)xxxxxNEEDLEyyyyyyyyy…(+41)"},
		{"NEEDLE" + strings.Repeat("y", 50), 0, "NEEDLE" + strings.Repeat("y", 14) + "…(+36)"},
		{strings.Repeat("x", 50) + "NEEDLE", 50, "…(+36)" + strings.Repeat("x", 14) + "NEEDLE"},
	} {
		if got := Clip([]byte(c.line), c.at, 20); got != c.want {
			t.Errorf("clip at %d = %q, want %q", c.at, got, c.want)
		}
	}
	for at := range 40 {
		if got := Clip([]byte(long), at*50, 21); !utf8.ValidString(got) {
			t.Errorf("clip at %d cuts a character: %q", at*50, got)
		}
	}
}

func TestCursor(t *testing.T) {
	q := code.Query{Pattern: "x", Paths: []string{"a", "b"}}
	c := position{now: 1 << 33, walk: true, floor: &place{rank: 9, path: "b", line: 2, given: 1},
		place: place{path: "dir/\xff file", line: 1 << 30, given: 7}, seen: []uint64{1, 1 << 63}}
	s := c.encode(sumOf(q))
	got, err := readCursor(s, sumOf(q))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&c, got, cmp.AllowUnexported(position{}, place{})); d != "" {
		t.Errorf("cursor (-want +got):\n%s", d)
	}
	for i := range s {
		if _, err := readCursor(s[:i], sumOf(q)); err == nil {
			t.Errorf("a cursor cut to %d of %d characters is taken", i, len(s))
		}
	}
	for _, other := range []code.Query{{Pattern: "y", Paths: q.Paths}, {Pattern: "x", Paths: []string{"ab"}},
		{Pattern: "x", Paths: []string{"a", "b"}, Word: true}, {Pattern: "x", Paths: []string{"a"}, Lang: "b"}} {
		if _, err := readCursor(s, sumOf(other)); err == nil {
			t.Errorf("the cursor is taken for %+v", other)
		}
	}
}

// FuzzCursor: no text is a cursor by accident, and none makes reading panic.
func FuzzCursor(f *testing.F) {
	c := position{place: place{path: "p", line: 3}}
	f.Add(c.encode(1))
	f.Fuzz(func(t *testing.T, s string) {
		got, err := readCursor(s, 1)
		if err == nil && fmt.Sprint(got.encode(1)) == "" {
			t.Error("an empty cursor")
		}
	})
}
