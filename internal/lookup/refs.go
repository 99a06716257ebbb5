package lookup

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/gouses"
	"cleat/internal/sorting"
	"cleat/internal/symbols"
	"cleat/internal/systems/code"
	"cleat/internal/text"
	"cleat/internal/tree"
)

// Refs finds where the name q.Pattern is defined and where it is used. Result.Definitions
// has what Symbols finds, but similar names; Result.Files has the uses: tests after what is
// no test, generated and vendored files last, and among those of a kind the files of the
// folders with a definition first. Of each, the lines that use the name are marked Match, the heads of the
// definitions that they are in Scope. The lines of the definitions themselves are not
// repeated.
//
// A use is an occurrence of the identifier in code; Result.How says so, and what languages
// could only be searched for whole words. The uses of a qualified Go name are those that
// Options.Exact tells by types, followed by those that it could not decide; where it
// fails, all are told by name, and Result.How says why.
//
// Limits, cursors, errors and the end of ctx are as for Symbols, but that the limit is one
// of lines: at most 20 definitions are given, on the first page, or on that which came to
// them. Lines that were found when time was up, and could not be shown any more, are told
// as a number for their file.
func Refs(ctx context.Context, files tree.Files, q code.Query, o Options) (*code.Result, error) {
	q.Mode = code.Refs
	l, err := begin(q, o)
	if err != nil {
		return nil, err
	}
	if l.n.glob {
		return nil, fail.Errorf(fail.Invalid, "mode refs takes one name, not the pattern %q", q.Pattern).
			Then("find the names with mode=symbol, then ask for the uses of one of them")
	}
	defer o.Cache.Flush()
	r := &refs{lookup: l, best: newBest(maxDefs), sites: &sites{}, words: map[string]bool{}}
	// Finding takes most of the time; the rest is for reading the lines that are shown.
	finding, cancel := share(ctx, l.began)
	defer cancel()
	v, err := r.find(finding, files)
	if err != nil {
		return nil, err
	}
	how := r.exact(finding, files, v)
	r.order()
	res := &code.Result{Stats: v.stats, Files: []code.File{}}
	v.report(res)
	_, next := l.at.page(newBest(0), r.sites, v.gap, l.q.Limit)
	if l.at.skip == 0 {
		for _, d := range r.best.sorted() {
			res.Definitions = append(res.Definitions, d.Definition)
		}
		if r.best.total > maxDefs {
			how += fmt.Sprintf("; %d of %d definitions, the others with mode=symbol", maxDefs, r.best.total)
		}
	}
	missed, err := r.show(ctx, files, res)
	if err != nil {
		return nil, err
	}
	res.How = how
	l.finish(ctx, res, v, next)
	if missed > 0 && res.Partial == "" {
		res.Partial = fmt.Sprintf("%s; there was no time to read the lines of %s", fail.WhyEnded(ctx, l.began), text.Count(missed, "file"))
	}
	return res, nil
}

// maxDefs is how many definitions Refs gives.
const maxDefs = 20

// share returns a context that ends when four fifths of the time of ctx are over.
func share(ctx context.Context, began time.Time) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, began.Add(end.Sub(began)/5*4))
}

// A refs is one call of Refs.
type refs struct {
	*lookup
	best *best

	mu    sync.Mutex
	sites *sites
	words map[string]bool // languages of which words were matched, not identifiers
	other bool            // a definition is in another language than Go
}

// find collects definitions and sites.
func (r *refs) find(ctx context.Context, files tree.Files) (*visit, error) {
	v := r.visit(r.at)
	v.wants = hasUses
	v.holds = func(_ string, text []byte) bool { return holdsWord(text, r.n.need, r.n.fold) }
	err := v.run(ctx, files, func(f *file) {
		lines := r.usesIn(f, func(d found) {
			r.best.add(d)
			if f.lang != "go" {
				r.mu.Lock()
				r.other = true
				r.mu.Unlock()
			}
		})
		if len(lines) == 0 {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.sites.list = append(r.sites.list, site{path: f.path, lang: f.lang, class: f.class, count: len(lines)})
		if !symbols.Known(f.lang) {
			r.words[f.lang] = true
		}
	})
	return v, err
}

// hasUses reports whether files of this language can use a name: prose and data cannot.
func hasUses(lang string) bool {
	switch lang {
	case "", "text", "csv", "diff", "markdown", "rst", "latex", "gomod", "ini", "dotenv":
		return false
	}
	return true
}

// usesIn returns the lines of f that use the name, those of the definitions left out,
// with which it calls defined.
func (r *refs) usesIn(f *file, defined func(found)) []int {
	var lines []int
	if !symbols.Known(f.lang) {
		need := r.n.last
		if r.n.fold {
			need = strings.ToLower(need)
		}
		words(f.text, need, r.n.fold, func(line int) { lines = append(lines, line) })
		return lines
	}
	for _, u := range symbols.UsesFunc(f.lang, f.text, func(id []byte) bool {
		return r.n.fold && (strings.EqualFold(string(id), r.n.last) || strings.EqualFold(string(id), r.n.full)) ||
			string(id) == r.n.last || string(id) == r.n.full
	}) {
		if n := len(lines); n == 0 || lines[n-1] != u.Line {
			lines = append(lines, u.Line)
		}
	}
	if f.lang == "go" && !r.n.fold && !mayDefine(f.text, r.n.need) {
		return lines
	}
	f.each(r.lookup, func(s symbols.Symbol, h home) {
		if !r.n.exact(s, h) {
			return
		}
		if i, ok := slices.BinarySearch(lines, s.Line); ok {
			lines = slices.Delete(lines, i, i+1)
		}
		defined(f.rank(s, 0))
	})
	return lines
}

// exact lets types tell the uses of a qualified Go name, and says how uses were told. Where
// types cannot be asked, they stay told by name.
func (r *refs) exact(ctx context.Context, files tree.Files, v *visit) string {
	byName := "by name; comments and strings left out"
	if len(r.words) > 0 {
		var langs []string
		for lang := range r.words {
			langs = append(langs, lang)
		}
		slices.Sort(langs)
		byName += "; all whole words in " + strings.Join(langs, ", ")
	}
	isGo := func(s site) bool { return s.lang == "go" }
	if r.o.Exact == nil || len(r.n.outer) == 0 || r.n.fold || v.gap != "" ||
		!slices.ContainsFunc(r.sites.list, isGo) && (r.other || r.best.total == 0) {
		return byName
	}
	res, err := r.o.Exact(ctx, files, gouses.Query{Name: r.n.full, Paths: r.q.Paths, Deny: r.o.Deny, Redact: r.o.Redact})
	known, isKnown := errors.AsType[*fail.Error](err)
	switch {
	case isKnown && known.Code == fail.Invalid:
		return byName // a name, but none of Go
	case err != nil && ctx.Err() == nil:
		if !isKnown && r.o.Log != nil {
			r.o.Log.Error("telling uses by types", "err", err)
		}
		return byName + ": types did not tell, " + fail.From(err).What
	case err != nil || len(res.Defs) == 0:
		return byName + ": types did not tell what is meant"
	}
	// What types know replaces what names suggest. Other languages can only be meant if
	// they have a definition themselves.
	r.sites.list = slices.DeleteFunc(r.sites.list, func(s site) bool { return isGo(s) || !r.other })
	inPage := func(p gouses.Pos) bool { return p.Path >= r.at.from && !r.at.has(p.Path) }
	for _, d := range res.Defs {
		if inPage(d) && r.best.total < maxDefs &&
			!slices.ContainsFunc(r.best.heap, func(f found) bool { return f.Path == d.Path && f.Line == d.Line }) {
			r.best.add(found{Definition: code.Definition{Path: d.Path, Line: d.Line, End: d.Line, Kind: "field", Name: r.n.last},
				class: tree.ClassOf(d.Path, nil)})
		}
	}
	unsure := r.typed(slices.DeleteFunc(res.Unsure, func(p gouses.Pos) bool { return !inPage(p) }), res.Defs, true)
	r.typed(slices.DeleteFunc(res.Uses, func(p gouses.Pos) bool { return !inPage(p) }), res.Defs, false)
	how := "by types"
	if r.other {
		how += " in Go, by name in other languages"
	}
	if unsure > 0 {
		how += fmt.Sprintf("; types could not decide about the last %s of the same name", text.Count(unsure, "use"))
	}
	if res.Note != "" {
		how += "; " + res.Note
	}
	return how
}

// typed adds sites for uses that types told, and returns how many lines they have.
func (r *refs) typed(uses, defs []gouses.Pos, unsure bool) int {
	type spot struct {
		path string
		line int
	}
	taken := map[spot]bool{}
	for _, d := range defs {
		taken[spot{d.Path, d.Line}] = true
	}
	index, total := map[string]int{}, 0
	for _, u := range uses {
		if taken[spot{u.Path, u.Line}] {
			continue
		}
		taken[spot{u.Path, u.Line}] = true
		i, ok := index[u.Path]
		if !ok {
			i = len(r.sites.list)
			index[u.Path] = i
			r.sites.list = append(r.sites.list, site{path: u.Path, lang: "go", class: tree.ClassOf(u.Path, nil), unsure: unsure})
		}
		s := &r.sites.list[i]
		s.lines = append(s.lines, u.Line)
		s.count++
		total++
	}
	return total
}

// order ranks the sites.
func (r *refs) order() {
	most := r.q.PerFile
	if most <= 0 {
		most = math.MaxInt
	}
	for i := range r.sites.list {
		s := &r.sites.list[i]
		s.near = r.best.dirs[dirOf(s.path)]
		s.wanted = min(s.count, most)
		slices.Sort(s.lines)
	}
	sorting.Sort(r.sites.list, bySite)
}
