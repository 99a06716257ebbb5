// Package codetest is what every code.Searcher has to pass.
package codetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
)

// files is the tree that a suite searches.
func files() map[string]string {
	f := map[string]string{
		"README.md":           "# Shop\n\nOrders of the shop.\n",
		"cmd/main.go":         "package main\n\nfunc main() {\n\tplaceOrder()\n}\n",
		"order/order.go":      "package order\n\n// An Order is placed once.\ntype Order struct{}\n\nfunc placeOrder() {}\n",
		"order/order_test.go": "package order\n\n// order, reorder, ORDER\n",
		"deep/a/b/c/note.txt": "order of the deep\n",
	}
	for i := range 40 {
		f[fmt.Sprintf("many/f%02d.txt", i)] = "common line\nanother common line\n"
	}
	return f
}

// Run runs the suite. open makes a Searcher of a tree with the given files and their
// content; it is called for each test.
func Run(t *testing.T, open func(t *testing.T, files map[string]string) code.Searcher) {
	for name, test := range map[string]func(*testing.T, code.Searcher){
		"modes": modes, "paths": paths, "pages": pages, "bad queries": badQueries, "an end": ended,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t, files())) })
	}
}

// hits writes a result as path:line of the matches.
func hits(r *code.Result) string {
	var out []string
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
	return strings.Join(out, " ")
}

func expect(t *testing.T, s code.Searcher, q code.Query, want string) {
	t.Helper()
	r, err := s.Search(t.Context(), q)
	if err != nil {
		t.Errorf("%+v: %v", q, err)
		return
	}
	if got := hits(r); got != want {
		t.Errorf("%+v:\n got %s\nwant %s", q, got, want)
	}
	if r.Stats.Files == 0 {
		t.Errorf("%+v: the result does not say what was searched: %+v", q, r.Stats)
	}
}

func modes(t *testing.T, s code.Searcher) {
	expect(t, s, code.Query{Pattern: "placeOrder"}, "cmd/main.go:4 order/order.go:6")
	expect(t, s, code.Query{Pattern: "order", Word: true, Lang: "go"}, "order/order.go:1 order/order_test.go:1 order/order_test.go:3")
	expect(t, s, code.Query{Pattern: "orders", Case: code.Ignore}, "README.md:3")
	expect(t, s, code.Query{Pattern: "orders", Case: code.Smart}, "README.md:3")
	expect(t, s, code.Query{Pattern: "ORDER", Case: code.Smart}, "order/order_test.go:3")
	expect(t, s, code.Query{Pattern: `^func \w+\(`, Mode: code.Regex}, "cmd/main.go:3 order/order.go:6")
	expect(t, s, code.Query{Pattern: `func (`, Mode: code.Text}, "")
	expect(t, s, code.Query{Pattern: "*.md", Mode: code.Files}, "README.md")
	expect(t, s, code.Query{Pattern: "no such words"}, "")
}

func paths(t *testing.T, s code.Searcher) {
	expect(t, s, code.Query{Pattern: "order", Paths: []string{"deep"}}, "deep/a/b/c/note.txt:1")
	expect(t, s, code.Query{Pattern: "rder", Paths: []string{"**/*.go", "!order"}}, "cmd/main.go:4")
	expect(t, s, code.Query{Pattern: "package", Paths: []string{"cmd/main.go"}}, "cmd/main.go:1")
	for path, want := range map[string]fail.Code{"../x": fail.Denied, "/etc": fail.Denied, "no/such": fail.NotFound} {
		_, err := s.Search(t.Context(), code.Query{Pattern: "x", Paths: []string{path}})
		if err == nil || fail.From(err).Code != want {
			t.Errorf("paths %q: %v, want %s", path, err, want)
		}
	}
}

// pages reads all hits a few at a time: none is missing, none comes twice.
func pages(t *testing.T, s code.Searcher) {
	all, err := s.Search(t.Context(), code.Query{Pattern: "common", Limit: 1000})
	if err != nil || all.Cursor != "" || all.Matches != 80 {
		t.Fatalf("all at once: %v, %+v", err, all)
	}
	var got []string
	q := code.Query{Pattern: "common", Limit: 7}
	for range 80 {
		r, err := s.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, hits(r))
		if q.Cursor = r.Cursor; q.Cursor == "" {
			break
		}
	}
	if joined := strings.Join(got, " "); joined != hits(all) {
		t.Errorf("in pages:\n%s\nat once:\n%s", joined, hits(all))
	}
}

func badQueries(t *testing.T, s code.Searcher) {
	for _, q := range []code.Query{
		{Pattern: ""}, {Pattern: "(", Mode: code.Regex}, {Pattern: "x", Cursor: "nonsense"}, {Pattern: "x", Mode: "dance"},
		{Pattern: "x", Lang: "klingon"}, {Pattern: strings.Repeat("x", 1<<20)},
	} {
		_, err := s.Search(t.Context(), q)
		if err == nil || fail.From(err).Code != fail.Invalid {
			t.Errorf("pattern %.20q, mode %q, lang %q, cursor %q: %v", q.Pattern, q.Mode, q.Lang, q.Cursor, err)
		}
	}
}

// ended: when the time is over, what was found is returned, and it is said.
func ended(t *testing.T, s code.Searcher) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	r, err := s.Search(ctx, code.Query{Pattern: "common"})
	if err != nil || r.Partial == "" {
		t.Errorf("after the deadline: %v, %+v", err, r)
	}
}
