package code

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/text"
)

// rendered is what a result says, what others wrote indented.
func rendered(r *Result) string {
	var w text.Writer
	r.Text(&w)
	var b strings.Builder
	for _, s := range w.Segments() {
		for line := range strings.Lines(s.Text) {
			if s.Foreign {
				b.WriteString("  ")
			}
			b.WriteString(line)
		}
	}
	if c := w.NextPage(); c != "" {
		b.WriteString("cursor: " + c + "\n")
	}
	return b.String()
}

func match(n int, s string) Line   { return Line{Number: n, Text: s, Match: true} }
func around(n int, s string) Line  { return Line{Number: n, Text: s} }
func opening(n int, s string) Line { return Line{Number: n, Text: s, Scope: true} }

func TestText(t *testing.T) {
	stats := Stats{Files: 3, Bytes: 20_000, Ignored: 1, Took: 5 * time.Millisecond}
	resolve := Definition{Path: "git/rev.go", Line: 10, End: 40, Kind: "method", Container: "Repo", Name: "Resolve",
		Signature: "func (r *Repo) Resolve(spec string) (Hash, error)"}
	for _, c := range []struct {
		name string
		r    Result
		want string
	}{
		{"lines", Result{Stats: stats, Matches: 3, Files: []File{
			{Path: "a.go", Matches: 2, Lines: []Line{opening(10, "func f() {"), match(12, "x"), opening(20, "func g() {"), match(21, "x")}},
			{Path: "b.md", Matches: 1, Lines: []Line{match(1, "x")}},
		}}, `
3 matches in 2 files; searched 3 files (20 kB), skipped 1 ignored; took 5ms
  a.go=10= func f() {
  a.go:12: x
  a.go=20= func g() {
  a.go:21: x
  b.md:1: x
`},
		{"context", Result{Stats: stats, Matches: 3, Files: []File{{Path: "a.go", Matches: 3, Lines: []Line{
			opening(10, "func f() {"), around(12, "b"), match(13, "x"), around(14, "a"), match(20, "x"), opening(25, "func g() {"), match(29, "x")}}}}, `
3 matches in 1 file; searched 3 files (20 kB), skipped 1 ignored; took 5ms
  a.go=10= func f() {
  a.go-12- b
  a.go:13: x
  a.go-14- a
  --
  a.go:20: x
  --
  a.go=25= func g() {
  a.go:29: x
`},
		{"symbol", Result{Stats: Stats{Files: 1, Bytes: 9}, Matches: 2, Definitions: []Definition{resolve,
			{Path: "x.py", Line: 3, End: 3, Kind: "const", Name: "RESOLVE", Signature: "RESOLVE = 1"}}}, `
2 definitions; searched 1 file (9 B); took 0s
  git/rev.go:10: func (r *Repo) Resolve(spec string) (Hash, error) [method of Repo, to L40]
  x.py:3: RESOLVE = 1 [const]
`},
		{"refs", Result{Stats: stats, How: "by name; comments and strings left out", Matches: 2, Definitions: []Definition{resolve},
			Files: []File{{Path: "a.go", Matches: 1, Lines: []Line{match(5, "r.Resolve()")}}, {Path: "b.go", Matches: 1, Lines: []Line{match(6, "Resolve")}}}}, `
1 definition, 2 uses in 2 files (by name; comments and strings left out); searched 3 files (20 kB), skipped 1 ignored; took 5ms
  git/rev.go:10: func (r *Repo) Resolve(spec string) (Hash, error) [method of Repo, to L40]
  a.go:5: r.Resolve()
  b.go:6: Resolve
`},
		{"no use", Result{Stats: stats, How: "by name", Definitions: []Definition{resolve}}, `
1 definition, no use (by name); searched 3 files (20 kB), skipped 1 ignored; took 5ms
  git/rev.go:10: func (r *Repo) Resolve(spec string) (Hash, error) [method of Repo, to L40]
`},
		{"repositories", Result{Stats: stats, Scope: `3 repositories at "main"`, Matches: 3, Definitions: []Definition{{Repo: "two", Path: "t.go", Line: 1, Kind: "type", Name: "T"}},
			Files: []File{
				{Repo: "one", Path: "a.go", Matches: 1, Lines: []Line{match(1, "T")}},
				{Repo: "two", Path: "b.go", Matches: 1, Lines: []Line{match(2, "T")}},
				{Repo: "one", Path: "c.go", Matches: 1, Lines: []Line{match(3, "T")}},
			}}, `
1 definition, 3 uses in 3 files; searched 3 files (20 kB) of "3 repositories at 'main'", skipped 1 ignored; took 5ms
  repo two:
  t.go:1: T [type]
  b.go:2: T
  repo one:
  a.go:1: T
  c.go:3: T
`},
		{"comparison", Result{Stats: stats, Scope: "v1 (1a2b) against v2 (3c4d)", Matches: 2, Files: []File{{Path: "a.go", Matches: 2, Lines: []Line{
			{Number: 4, Text: "old", Match: true, Only: "-"}, {Number: 4, Text: "new", Match: true, Only: "+"}}}}}, `
2 lines that only one side has in 1 file; compared 3 files (20 kB) of "v1 (1a2b) against v2 (3c4d)", skipped 1 ignored; took 5ms
  -a.go:4: old
  +a.go:4: new
`},
		{"paths", Result{Stats: Stats{Files: 9}, Matches: 1, Files: []File{{Path: "a\nb.go"}}}, `
1 path; searched 9 files; took 0s
  a\nb.go
`},
		{"a page", Result{Stats: stats, Matches: 1, Cursor: "abc", Scope: "main (12)", Files: []File{{Path: "a", Matches: 1, Lines: []Line{match(1, "x")}}}}, `
1 match in 1 file, more with the cursor; searched 3 files (20 kB) of "main (12)", skipped 1 ignored; took 5ms
  a:1: x
cursor: abc
`},
		{"partial", Result{Stats: stats, Matches: 1, Cursor: "abc", Partial: "deadline of 1s", Files: []File{{Path: "a", Matches: 1, Lines: []Line{match(1, "x")}}}}, `
1 match in 1 file; searched 3 files (20 kB), skipped 1 ignored; took 5ms
  a:1: x
partial: deadline of 1s; narrow with paths, or go on with the cursor
cursor: abc
`},
		{"nothing yet", Result{Partial: "deadline"}, `
no match so far; searched 0 files; took 0s
partial: deadline; narrow with paths, or raise timeout_ms
`},
		{"nothing", Result{Stats: stats}, `
no match; searched 3 files (20 kB), skipped 1 ignored; took 5ms
next: try case=ignore, a shorter pattern, or another mode: text for content, files for paths
`},
		{"no file", Result{Stats: Stats{Ignored: 2}}, `
no match; searched 0 files, skipped 2 ignored; took 0s
next: no file was searched: check paths and lang, or find paths with mode=files
`},
		{"no name", Result{Stats: stats, How: "by name"}, `
no definition and no use (by name); searched 3 files (20 kB), skipped 1 ignored; took 5ms
next: mode=symbol finds similar names, mode=text also what is in comments and strings
`},
		{"no difference", Result{Stats: stats, Scope: "a (1) against the work tree"}, `
no line that only one side has; compared 3 files (20 kB) of "a (1) against the work tree", skipped 1 ignored; took 5ms
next: search one side alone, with a single ref
`},
		{"how by others", Result{Stats: stats, How: "by types; <b>", Matches: 1, Files: []File{{Path: "a", Matches: 1, Lines: []Line{match(1, "x")}}}}, `
no definition, 1 use in 1 file ("by types; <b>"); searched 3 files (20 kB), skipped 1 ignored; took 5ms
  a:1: x
`},
	} {
		if d := cmp.Diff(strings.TrimPrefix(c.want, "\n"), rendered(&c.r)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

// Each step takes less than the one before, and says what it took.
func TestShrinkSteps(t *testing.T) {
	long := strings.Repeat("long ", 60)
	r := &Result{Matches: 3, How: "by name", Stats: Stats{Files: 2, Bytes: 10},
		Definitions: []Definition{{Path: "d.go", Line: 1, Kind: "function", Name: "F", Signature: long}, {Path: "e.go", Line: 1, Kind: "function", Name: "F"}},
		Files: []File{
			{Path: "a.go", Matches: 2, Lines: []Line{opening(1, "func f() {"), around(2, "b"), match(3, long), match(9, "x")}},
			{Path: "b.go", Matches: 1, Lines: []Line{match(1, "x")}},
		}}
	var got []string
	for {
		got = append(got, string(r.Detail))
		was := len(rendered(r))
		if !r.Shrink(0.5) {
			break
		}
		if now := len(rendered(r)); now > was+80 { // a step is said on a line
			t.Errorf("after %q the answer is %d bytes long, before %d", r.Detail, now, was)
		}
	}
	want := []string{"", "no context", "clipped lines", "clipped lines, without what encloses them", "line numbers only",
		"counts per file", "counts per file, 0 of 2 definitions"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("steps (-want +got):\n%s", d)
	}
	const end = `2 definitions, 3 uses in 2 files (by name); searched 2 files (10 B); took 0s
… shown with counts per file, 0 of 2 definitions to fit the budget: narrow with paths, lang or a longer pattern
… 2 more files with matches left out to fit the budget: narrow with paths or lang
`
	if d := cmp.Diff(end, rendered(r)); d != "" {
		t.Errorf("the end (-want +got):\n%s", d)
	}
}

// randomResult is a result of any mode, small or large, with what is hard to fit.
func randomResult(r *rand.Rand) *Result {
	word := func(most int) string {
		parts := []string{"a", "path/", "é", "日本", "\n", "\"", "word ", "\x00", "\u202e", "}", "…(+3)", ", 1 of 9 definitions"}
		var b strings.Builder
		for range r.IntN(most + 1) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		return b.String()
	}
	many := func() int { return []int{0, 1, 3, 50, 800}[r.IntN(5)] }
	res := &Result{Files: []File{}, Stats: Stats{Files: r.IntN(9), Bytes: r.Int64N(1 << 30), Large: r.IntN(2)}}
	if r.IntN(2) == 0 {
		res.How = word(4)
	}
	if r.IntN(2) == 0 {
		res.Scope, res.Skipped, res.Partial = word(900), word(2000), word(900)
	}
	for range many() {
		res.Definitions = append(res.Definitions, Definition{Repo: word(1), Path: word(9), Line: r.IntN(99), End: r.IntN(200), Kind: "function",
			Name: "n" + word(3), Container: word(3), Signature: word(r.IntN(90))})
	}
	plain := r.IntN(4) == 0 // mode files
	for range many() {
		f := File{Repo: word(1), Path: "p" + word(r.IntN(12))}
		if r.IntN(200) == 0 {
			f.Path = strings.Repeat("d/", 3000)
		}
		for n := range r.IntN(6) {
			if plain {
				break
			}
			l := Line{Number: n + 1, Text: word(r.IntN(80))}
			switch r.IntN(4) {
			case 0:
			case 1:
				l.Scope = true
			default:
				l.Match = true
				f.Matches++
				res.Matches++
			}
			f.Lines = append(f.Lines, l)
		}
		res.Files = append(res.Files, f)
	}
	return res
}

// Any result fits a small budget in the steps that the gate takes, in text and in JSON,
// and keeps account of what was left out.
func TestShrinkFits(t *testing.T) {
	seed := rand.Uint64()
	show := map[string]func(r *Result) string{
		"text": rendered,
		"JSON": func(r *Result) string {
			b, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			return string(b) + rendered(&Result{Detail: r.Detail, Omitted: r.Omitted, Partial: r.Partial})
		},
	}
	for round := range 60 {
		for form, show := range show {
			r := randomResult(rand.New(rand.NewPCG(seed, uint64(round))))
			files, definitions, matches := len(r.Files), len(r.Definitions), r.Matches
			const budget, steps = 900, 24
			n := 0
			for {
				s := show(r)
				size := text.Tokens(s)
				if size <= budget {
					break
				}
				if n++; n > steps {
					t.Fatalf("seed %d, round %d: %d tokens of %s after %d steps: %.300s", seed, round, size, form, n, s)
				}
				if !r.Shrink(float64(budget) / float64(size)) {
					t.Fatalf("seed %d, round %d: %d tokens of %s, and nothing left to drop: %.300s", seed, round, size, form, s)
				}
			}
			_, all := r.detail()
			if len(r.Files)+r.Omitted != files || all != definitions || r.Matches != matches {
				t.Fatalf("seed %d, round %d: %d files and %d left out of %d, %d definitions of %d, %d matches of %d (%s)",
					seed, round, len(r.Files), r.Omitted, files, all, definitions, r.Matches, matches, r.Detail)
			}
		}
	}
}

// FuzzShrink: whatever lines and names hold, every call drops something or says that
// there is nothing left, and rendering twice gives the same.
func FuzzShrink(f *testing.F) {
	f.Add(uint64(1), "x", 0.5)
	f.Add(uint64(2), "\xff\n…(+9)", 0.01)
	f.Fuzz(func(t *testing.T, seed uint64, s string, keep float64) {
		if keep < 0 || keep > 1 || keep != keep {
			return
		}
		r := randomResult(rand.New(rand.NewPCG(seed, 1)))
		r.Skipped, r.Scope = s, s
		for i := range r.Files {
			for k := range r.Files[i].Lines {
				r.Files[i].Lines[k].Text += s
			}
		}
		for n := 0; r.Shrink(keep); n++ {
			if n < 12 {
				if one, two := rendered(r), rendered(r); one != two {
					t.Fatalf("rendered as %q, then %q", one, two)
				}
			}
			if n > 5000 {
				t.Fatalf("no end of shrinking: %s", r.Detail)
			}
		}
		if len(r.Files)+len(r.Definitions) > 0 {
			t.Fatalf("%d files and %d definitions are left", len(r.Files), len(r.Definitions))
		}
	})
}
