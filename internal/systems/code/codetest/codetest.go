// Package codetest is what every code.Searcher has to pass.
package codetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
)

// A Tree is what a suite searches.
type Tree struct {
	Files map[string]string // as they are now: path and content
	Old   map[string]string // as they were on the branch "old"
}

// Can says what a source is able to do beyond mode text. What it is not able to do it has
// to refuse with fail.Unsupported, and not leave out silently.
type Can struct {
	Modes []code.Mode // besides Text
	Case  bool        // Case other than Ignore
	Word  bool
	Globs bool // Paths with wildcards and exclusions
	Refs  bool // Ref
	Local bool // it knows which paths exist, searches all files, and ranks them
}

// All is what a source on this machine can do.
func All() Can {
	return Can{Modes: []code.Mode{code.Regex, code.Symbol, code.Refs, code.Files}, Case: true, Word: true, Globs: true, Refs: true, Local: true}
}

// tree is the tree that a suite searches.
func tree() Tree {
	f := map[string]string{
		"README.md":           "# Shop\n\nOrders of the shop.\n",
		"cmd/main.go":         "package main\n\nfunc main() {\n\tplaceOrder()\n}\n",
		"order/order.go":      "package order\n\n// An Order is placed once.\ntype Order struct{}\n\nfunc placeOrder() {}\n",
		"order/order_test.go": "package order\n\n// order, reorder, ORDER\n",
		"deep/a/b/c/note.txt": "order of the deep\n",
		"quote/odd.txt":       "say \"repo:x\" -file:y or\\r:z (and) [more]\n",
	}
	for i := range 40 {
		f[fmt.Sprintf("many/f%02d.txt", i)] = "common line\nanother common line\n"
	}
	return Tree{Files: f, Old: map[string]string{
		"README.md":     "# Kiosk\n",
		"order/sale.go": "package order\n\nfunc makeSale() {}\n",
	}}
}

// Run runs the suite. open makes a Searcher of a repository with the given tree; it is
// called for each test.
func Run(t *testing.T, can Can, open func(t *testing.T, tree Tree) code.Searcher) {
	for name, test := range map[string]func(*suite){
		"modes": modes, "paths": paths, "pages": pages, "bad queries": badQueries, "an end": ended, "symbols": symbols, "a ref": ref,
		"unsupported": unsupported, "data": data,
	} {
		t.Run(name, func(t *testing.T) { test(&suite{t, can, open(t, tree())}) })
	}
}

type suite struct {
	*testing.T
	can Can
	s   code.Searcher
}

// hits writes a result as path:line of the matches, sorted.
func hits(r *code.Result) string {
	var out []string
	for _, d := range r.Definitions {
		out = append(out, fmt.Sprintf("%s:%d!", d.Path, d.Line))
	}
	for _, f := range r.Files {
		if len(f.Lines) == 0 {
			out = append(out, f.Path)
		}
		for _, l := range f.Lines {
			if l.Match {
				out = append(out, fmt.Sprintf("%s:%d", f.Path, l.Number))
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// able reports whether the source can do what q asks for.
func (s *suite) able(q code.Query) bool {
	mode := q.Mode == "" || q.Mode == code.Text || slices.Contains(s.can.Modes, q.Mode)
	globs := slices.ContainsFunc(q.Paths, func(p string) bool { return strings.ContainsAny(p, "*!") })
	return mode && (s.can.Case || q.Case == code.Ignore) && (s.can.Word || !q.Word) && (s.can.Globs || !globs) && (s.can.Refs || q.Ref == "")
}

// expect compares the matches of q, of which those with an exclamation mark are
// definitions.
func (s *suite) expect(q code.Query, want string) {
	s.Helper()
	if !s.can.Case && q.Case == "" {
		q.Case = code.Ignore
	}
	if !s.able(q) {
		return
	}
	r, err := s.s.Search(s.Context(), q)
	if err != nil {
		s.Errorf("%+v: %v", q, err)
		return
	}
	if got := hits(r); got != want {
		s.Errorf("%+v:\n got %s\nwant %s", q, got, want)
	}
	if r.Stats.Files == 0 && r.Scope == "" {
		s.Errorf("%+v: the result does not say what was searched: %+v", q, r.Stats)
	}
}

func modes(s *suite) {
	s.expect(code.Query{Pattern: "placeOrder"}, "cmd/main.go:4 order/order.go:6")
	s.expect(code.Query{Pattern: "order", Word: true, Lang: "go", Case: code.Sensitive}, "order/order.go:1 order/order_test.go:1 order/order_test.go:3")
	s.expect(code.Query{Pattern: "orders", Case: code.Ignore}, "README.md:3")
	s.expect(code.Query{Pattern: "orders", Case: code.Smart}, "README.md:3")
	s.expect(code.Query{Pattern: "ORDER", Case: code.Smart}, "order/order_test.go:3")
	s.expect(code.Query{Pattern: `^func \w+\(`, Mode: code.Regex}, "cmd/main.go:3 order/order.go:6")
	s.expect(code.Query{Pattern: "func ("}, "")
	s.expect(code.Query{Pattern: "*.md", Mode: code.Files}, "README.md")
	s.expect(code.Query{Pattern: "no such words"}, "")
	if s.can.Local {
		r, err := s.s.Search(s.Context(), code.Query{Pattern: "placeOrder"})
		if err != nil || len(r.Files) != 2 || r.Files[0].Path != "order/order.go" {
			s.Errorf("the definition is not first: %+v, %v", r, err)
		}
	}
}

func symbols(s *suite) {
	s.expect(code.Query{Pattern: "placeOrder", Mode: code.Symbol}, "order/order.go:6!")
	s.expect(code.Query{Pattern: "Order", Mode: code.Symbol, Case: code.Sensitive}, "order/order.go:4!")
	s.expect(code.Query{Pattern: "placeOrder", Mode: code.Refs}, "cmd/main.go:4 order/order.go:6!")
	s.expect(code.Query{Pattern: "noSuchName", Mode: code.Symbol}, "")
	s.expect(code.Query{Pattern: "noSuchName", Mode: code.Refs}, "")
}

func ref(s *suite) {
	s.expect(code.Query{Pattern: "makeSale", Ref: "old"}, "order/sale.go:3")
	s.expect(code.Query{Pattern: "placeOrder", Ref: "old"}, "")
	s.expect(code.Query{Pattern: "*.go", Mode: code.Files, Ref: "old"}, "order/sale.go")
	s.expect(code.Query{Pattern: "makeSale", Mode: code.Symbol, Ref: "old"}, "order/sale.go:3!")
	if s.can.Refs {
		s.fails(code.Query{Pattern: "x", Case: code.Ignore, Ref: "no-such-branch"}, fail.NotFound)
		s.fails(code.Query{Pattern: "x", Case: code.Ignore, Ref: "--output=x"}, fail.Invalid, fail.NotFound)
	}
}

func paths(s *suite) {
	s.expect(code.Query{Pattern: "order", Paths: []string{"deep"}}, "deep/a/b/c/note.txt:1")
	s.expect(code.Query{Pattern: "rder", Paths: []string{"**/*.go", "!order"}}, "cmd/main.go:4")
	s.expect(code.Query{Pattern: "package", Paths: []string{"cmd/main.go"}}, "cmd/main.go:1")
	for _, path := range []string{"../x", "/etc"} {
		s.fails(code.Query{Pattern: "x", Case: code.Ignore, Paths: []string{path}}, fail.Denied)
	}
	if s.can.Local {
		s.fails(code.Query{Pattern: "x", Paths: []string{"no/such"}}, fail.NotFound)
	}
}

// fails expects an error of one of the codes.
func (s *suite) fails(q code.Query, codes ...fail.Code) {
	s.Helper()
	_, err := s.s.Search(s.Context(), q)
	if err == nil || !slices.Contains(codes, fail.From(err).Code) {
		s.Errorf("%.200s: %v, want %v", fmt.Sprintf("%+v", q), err, codes)
	}
}

// pages reads all hits a few at a time: none is missing, none comes twice.
func pages(s *suite) {
	all, err := s.s.Search(s.Context(), code.Query{Pattern: "common", Case: code.Ignore, Limit: 1000})
	if err != nil || all.Matches < 80 && all.Cursor == "" {
		s.Fatalf("all at once: %v, %+v", err, all)
	}
	var got []string
	q := code.Query{Pattern: "common", Case: code.Ignore, Limit: 7}
	for range 80 {
		r, err := s.s.Search(s.Context(), q)
		if err != nil {
			s.Fatal(err)
		}
		if h := hits(r); h != "" {
			got = append(got, strings.Fields(h)...)
		}
		if q.Cursor = r.Cursor; q.Cursor == "" {
			break
		}
	}
	var want []string
	for i := range 40 {
		for line := range 2 {
			want = append(want, fmt.Sprintf("many/f%02d.txt:%d", i, line+1))
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		s.Errorf("in pages:\n%s\nthere are:\n%s", got, want)
	}
}

func badQueries(s *suite) {
	for _, q := range []code.Query{
		{Pattern: ""}, {Pattern: "x", Cursor: "nonsense"}, {Pattern: "x", Mode: "dance"},
		{Pattern: "x", Lang: "klingon"}, {Pattern: strings.Repeat("x", 1<<20)},
	} {
		q.Case = code.Ignore
		s.fails(q, fail.Invalid)
	}
	for _, mode := range []code.Mode{code.Regex, code.Symbol, code.Refs} {
		if slices.Contains(s.can.Modes, mode) {
			s.fails(code.Query{Pattern: "", Mode: mode, Case: code.Ignore}, fail.Invalid)
		}
	}
	if slices.Contains(s.can.Modes, code.Regex) {
		s.fails(code.Query{Pattern: "(", Mode: code.Regex, Case: code.Ignore}, fail.Invalid)
	}
	s.fails(code.Query{Pattern: "x", Repo: "no-such-repository", Case: code.Ignore}, fail.NotFound, fail.Denied)
}

// unsupported: what a source cannot do it says.
func unsupported(s *suite) {
	for _, q := range []code.Query{
		{Pattern: "x", Mode: code.Regex, Case: code.Ignore}, {Pattern: "x", Mode: code.Symbol, Case: code.Ignore}, {Pattern: "x", Mode: code.Refs, Case: code.Ignore},
		{Pattern: "x", Mode: code.Files, Case: code.Ignore}, {Pattern: "x", Case: code.Sensitive}, {Pattern: "x", Word: true, Case: code.Ignore},
		{Pattern: "x", Paths: []string{"*.go"}, Case: code.Ignore}, {Pattern: "x", Ref: "old", Case: code.Ignore},
	} {
		if !s.able(q) {
			s.fails(q, fail.Unsupported)
		}
	}
}

// data: what looks like the syntax of a query is text to look for.
func data(s *suite) {
	for _, p := range []string{`"repo:x"`, `-file:y`, `or\r:z`, `(and)`, `[more]`, ` -file:y or\`} {
		s.expect(code.Query{Pattern: p}, "quote/odd.txt:1")
	}
	for _, p := range []string{"repo:none order", "-order order", "x OR common"} {
		s.expect(code.Query{Pattern: p}, "")
	}
}

// ended: when the time is over, what was found is returned, and it is said.
func ended(s *suite) {
	ctx, cancel := context.WithDeadline(s.Context(), time.Now().Add(-time.Second))
	defer cancel()
	r, err := s.s.Search(ctx, code.Query{Pattern: "common", Case: code.Ignore})
	if s.can.Local && (err != nil || r.Partial == "") || err == nil && r.Partial == "" {
		s.Errorf("after the deadline: %v, %+v", err, r)
	}
}
