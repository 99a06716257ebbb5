// Package finding looks through all systems for what a name, a path or a few words may
// mean, and answers with addresses.
package finding

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/systems"
	"cleat/internal/systems/code"
	"cleat/internal/systems/documents"
	"cleat/internal/text"
	"cleat/internal/uri"
)

// Places lists the systems that can be looked in.
func Places() []string { return []string{"documents", "code"} }

// A Query says what to look for. In is empty for every system; Limit 0 means 20.
type Query struct {
	Text  string
	In    []string
	Limit int
}

// Found is what a query may mean, best first.
type Found struct {
	Items   []Item   `json:"items"`
	Looked  []string `json:"looked"`            // the sources asked, with what they had
	Missed  []string `json:"missed,omitempty"`  // the sources that could not be asked, and why
	Omitted int      `json:"omitted,omitempty"` // items that the budget left out
}

// An Item is one candidate.
type Item struct {
	URI    string `json:"uri"`
	Title  string `json:"title,omitempty"` // a title, or the line that matched
	Source string `json:"source"`
}

// remoteTime is how long a source on the network may take: it must not hold up what the
// others have.
const remoteTime = 5 * time.Second

// Find asks the sources of set: documents by their names, then code by what it defines and
// by what it says. Sources on the network are asked for code when nothing on this machine
// has it, or when In says code. A source that fails is named and does not hide what the
// others have; when every one fails, so does Find.
func Find(ctx context.Context, set *systems.Set, q Query) (*Found, error) {
	q.Text = strings.TrimSpace(q.Text)
	if q.Text == "" {
		return nil, fail.Errorf(fail.Invalid, "the query is empty").Then("pass a path, a file name or words")
	}
	if q.Limit == 0 {
		q.Limit = 20
	}
	f := &finder{set: set, q: q, out: &Found{Items: []Item{}}}
	if f.wanted("documents") {
		f.documents(ctx)
	}
	// Who may not search code gets no hits of it by this way either.
	if f.wanted("code") && (set.Offers == nil || set.Offers("code_search")) {
		var local, remote systems.Sources[code.Searcher]
		for _, n := range set.Code {
			if n.Local {
				local = append(local, n)
			} else {
				remote = append(remote, n)
			}
		}
		f.code(ctx, local)
		if len(f.out.Items) == 0 || slices.Contains(q.In, "code") {
			f.code(ctx, remote)
		}
	}
	f.out.Items = f.out.Items[:min(len(f.out.Items), q.Limit)]
	// What one source has stands together, in the order of their best.
	order := map[string]int{}
	for _, it := range f.out.Items {
		if _, ok := order[it.Source]; !ok {
			order[it.Source] = len(order)
		}
	}
	sorting.Sort(f.out.Items, func(a, b Item) int { return order[a.Source] - order[b.Source] })
	if len(f.out.Looked) == 0 {
		if len(f.errs) > 0 {
			return nil, f.errs[0]
		}
		return nil, fail.Errorf(fail.Unsupported, "no source can be looked in").Then("see status for the sources")
	}
	return f.out, nil
}

// A finder is one search under way.
type finder struct {
	set  *systems.Set
	q    Query
	out  *Found
	errs []error
}

func (f *finder) wanted(place string) bool { return len(f.q.In) == 0 || slices.Contains(f.q.In, place) }

// documents looks for documents by path and title.
func (f *finder) documents(ctx context.Context) {
	for _, n := range f.set.Documents {
		d, ok := n.Backend.(documents.Finder)
		if !ok {
			continue
		}
		items, err := d.Find(ctx, f.q.Text, f.q.Limit)
		f.asked(n.Name+" "+things(n.Backend), len(items), err)
		for _, it := range items {
			f.add(Item{URI: it.URI, Title: it.Title, Source: n.Name})
		}
	}
}

// things is what the documents of a library are to people.
func things(l documents.Library) string {
	switch schemes := l.Schemes(); {
	case slices.Contains(schemes, "run"):
		return "runs"
	case slices.Contains(schemes, "ticket"):
		return "tickets"
	case slices.Contains(schemes, "table"):
		return "tables"
	}
	return "paths"
}

// answers are what one source has for the query.
type answers struct {
	defs, lines       *code.Result
	defsErr, linesErr error
}

// code looks for definitions and lines, in all sources at once.
func (f *finder) code(ctx context.Context, sources systems.Sources[code.Searcher]) {
	if len(sources) == 0 || len(f.out.Items) >= f.q.Limit {
		return
	}
	got := make([]answers, len(sources))
	var g errgroup.Group
	for i, n := range sources {
		g.Go(func() error {
			ctx := ctx
			if !n.Local {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, remoteTime)
				defer cancel()
			}
			got[i] = f.search(ctx, n.Backend)
			return nil // what failed is in got
		})
	}
	g.Wait()
	for i, n := range sources {
		f.take(n, got[i])
	}
}

func (f *finder) search(ctx context.Context, s code.Searcher) (a answers) {
	if isName(f.q.Text) {
		a.defs, a.defsErr = s.Search(ctx, code.Query{Pattern: f.q.Text, Mode: code.Symbol, Limit: f.q.Limit})
	}
	a.lines, a.linesErr = s.Search(ctx, code.Query{Pattern: f.q.Text, Case: code.Smart, Limit: f.q.Limit, PerFile: 1})
	return a
}

// isName reports whether s may be the name of a definition, with or without what it is in.
func isName(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r < 0x80
	})
}

// take adds what a source has. What it cannot look for is not missed.
func (f *finder) take(n systems.Named[code.Searcher], a answers) {
	if r := a.defs; r != nil && r.How == "" { // similar names are found by their lines
		f.asked(n.Name+" definitions", len(r.Definitions), nil)
		for _, d := range r.Definitions {
			title := d.Signature
			if title == "" {
				title = d.Kind + " " + d.Name
			}
			f.add(Item{URI: address(n, d.Repo, d.Path, d.Line), Title: title, Source: n.Name})
		}
	} else if a.defsErr != nil && fail.From(a.defsErr).Code != fail.Unsupported {
		f.asked(n.Name+" definitions", 0, a.defsErr)
	}
	if a.linesErr != nil {
		f.asked(n.Name+" content", 0, a.linesErr)
		return
	}
	f.asked(n.Name+" content of "+text.Count(a.lines.Stats.Files, "file"), len(a.lines.Files), nil)
	for _, file := range a.lines.Files {
		for _, l := range file.Lines {
			if l.Match {
				f.add(Item{URI: address(n, file.Repo, file.Path, l.Number), Title: strings.TrimSpace(l.Text), Source: n.Name})
			}
		}
	}
}

// address is where read finds a line.
func address(n systems.Named[code.Searcher], repo, path string, line int) string {
	at := uri.New("text", path)
	if a, ok := n.Backend.(code.Addresser); ok {
		at = a.Address(repo, path)
	}
	at.Fragment = fmt.Sprintf("L%d", line)
	return at.String()
}

// asked notes that a source was asked.
func (f *finder) asked(what string, n int, err error) {
	if err != nil {
		f.errs = append(f.errs, err)
		f.out.Missed = append(f.out.Missed, what+": "+fail.From(err).Error())
		return
	}
	f.out.Looked = append(f.out.Looked, fmt.Sprintf("%s: %d", what, n))
}

// add appends it, unless the same thing is there already.
func (f *finder) add(it Item) {
	if !slices.ContainsFunc(f.out.Items, func(x Item) bool { return x.URI == it.URI }) {
		f.out.Items = append(f.out.Items, it)
	}
}
