// Package lookup answers where a name is defined and where it is used, by reading the
// files: there is no index that could be out of date. A file is scanned for its symbols
// only if it has the name in it.
//
// Secrets never get this far: where Options.Redact changes a file, what it leaves is what
// is scanned, matched and shown.
package lookup

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/gouses"
	"cleat/internal/scan"
	"cleat/internal/symbols"
	"cleat/internal/symbols/symcache"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// Options are what a lookup may see and use. The zero value is the default.
type Options struct {
	// Redact masks secrets in a whole file, keeping its line feeds. It is called
	// concurrently.
	Redact func(path string, data []byte) []byte

	// Deny closes files, and folders with all below them. It is called concurrently.
	Deny func(path string) bool

	// Cache keeps the symbols of files under what HashBlob returns for their redacted
	// text: a hash that no two texts share. Nothing is kept if either is nil.
	Cache    *symcache.Cache
	HashBlob func(data []byte) string

	// Exact tells the uses of a qualified Go name by types, as gouses.Find does. If nil,
	// or if it fails, all uses are told by name.
	Exact func(ctx context.Context, files tree.Files, q gouses.Query) (*gouses.Result, error)

	// Log is told of failures of Exact that are faults of cleat's; nil drops them.
	Log *slog.Logger

	MaxFile int64 // bytes of a file that is read; 0 means 4 MiB
	MaxLine int   // bytes of a line that are kept; 0 means 400
	Workers int   // 0 means GOMAXPROCS, at most tree.MaxWorkers
}

const (
	defaultMaxFile = 4 << 20
	defaultMaxLine = 400
	defaultLimit   = 200
	maxSimilar     = 30 // similar names on one page: they are a hint, not an answer
	maxNamed       = 5  // files named in Result.Skipped
)

// A lookup is one call under way.
type lookup struct {
	q     code.Query
	o     Options
	n     name
	lang  string // tree's name of q.Lang
	sum   uint64 // what a cursor must have been made for
	at    place
	began time.Time
}

// begin reads a query. It fails with fail.Invalid, in the words of package scan.
func begin(q code.Query, o Options) (*lookup, error) {
	l := &lookup{q: q, o: o, began: time.Now(), sum: sumOf(q)}
	text := q
	text.Mode, text.Cursor, text.Word = code.Text, "", false
	if _, err := scan.Compile(text); err != nil {
		return nil, err
	}
	fold := q.Case == code.Ignore || q.Case == code.Smart && q.Pattern == strings.ToLower(q.Pattern)
	var err error
	if l.n, err = parseName(q.Pattern, fold); err != nil {
		return nil, err
	}
	if q.Lang != "" {
		l.lang, _ = tree.LangName(q.Lang) // scan.Compile knows it
	}
	if l.q.Limit == 0 {
		l.q.Limit = defaultLimit
	}
	l.q.Limit = min(l.q.Limit, scan.MaxLimit)
	l.q.Context = min(l.q.Context, scan.MaxContext)
	if q.Cursor != "" {
		if l.at, err = readPlace(q.Cursor, l.sum); err != nil {
			return nil, err
		}
	}
	if l.o.MaxFile <= 0 {
		l.o.MaxFile = defaultMaxFile
	}
	if l.o.MaxLine <= 0 {
		l.o.MaxLine = defaultMaxLine
	}
	return l, nil
}

// Symbols finds where the name q.Pattern is defined: in Result.Definitions, the best first,
// and nowhere else in Result. A name may be narrowed by what it is in ("Repo.Resolve",
// "git.New", "Class#name", "Class::name", "internal/git.Repo"), and "*" in it stands for
// anything. Where nothing is called that, similar names are returned, at most 30 on a page,
// and Result.How is code.SimilarNames.
//
// It fails with fail.Invalid for a query or a cursor that it cannot understand, with
// fail.Unsupported for a language that has no scanner, and as files.Walk does. When ctx
// ends, what was found is returned with Result.Partial and a cursor that goes on with what
// was not reached. A definition that is found more than once because files changed between
// two pages may be in both.
func Symbols(ctx context.Context, files tree.Files, q code.Query, o Options) (*code.Result, error) {
	q.Mode = code.Symbol
	l, err := begin(q, o)
	if err != nil {
		return nil, err
	}
	if l.lang != "" && !symbols.Known(l.lang) {
		return nil, fail.Errorf(fail.Unsupported, "definitions in %s are not known", l.lang).
			Because("there are scanners for %s", strings.Join(symbols.Languages(), ", ")).
			Then("search for the name with mode=text and word=true")
	}
	defer o.Cache.Flush()
	at := l.at
	var best *best
	var v *visit
	var stats code.Stats
	if at.phase != similarly {
		if v, best, err = l.definitions(ctx, files, at, false); err != nil {
			return nil, err
		}
		if best.total > 0 {
			at.phase = exactly
		}
		stats = v.stats
	}
	if at.phase == similarly || at.phase == undecided && v.gap == "" {
		if at.phase == undecided {
			at = place{phase: similarly}
		}
		l.q.Limit = min(l.q.Limit, maxSimilar)
		if v, best, err = l.definitions(ctx, files, at, true); err != nil {
			return nil, err
		}
		if stats.Files < v.stats.Files {
			stats = v.stats
		}
	}
	res := &code.Result{Stats: stats, Files: []code.File{}}
	v.report(res)
	page, next := at.page(best, nil, v.gap, l.q.Limit)
	for _, d := range page {
		res.Definitions = append(res.Definitions, d.Definition)
	}
	res.Matches = len(res.Definitions)
	if at.phase == similarly && res.Matches > 0 {
		res.How = code.SimilarNames
	}
	l.finish(ctx, res, v, next)
	return res, nil
}

// definitions collects the definitions of what is looked for, or of what is similar, in
// the files that the place at is about.
func (l *lookup) definitions(ctx context.Context, files tree.Files, at place, similar bool) (*visit, *best, error) {
	needs := l.n.similarNeeds()
	b := newBest(at.skip + l.q.Limit + 1)
	v := l.visit(at)
	v.wants = symbols.Known
	v.holds = func(lang string, text []byte) bool {
		switch {
		case similar:
			return !slices.ContainsFunc(needs, func(need string) bool { return !holds(text, need, true) })
		case lang == "go" && !l.n.glob && !l.n.fold:
			return mayDefine(text, l.n.need)
		}
		if l.n.glob {
			return holds(text, l.n.need, l.n.fold)
		}
		return holdsWord(text, l.n.need, l.n.fold)
	}
	err := v.run(ctx, files, func(f *file) {
		f.each(l, func(s symbols.Symbol, h home) {
			near := 0
			if similar {
				if near = l.n.similar(s, h); near%strange == notSimilar {
					return
				}
			} else if !l.n.exact(s, h) {
				return
			}
			b.add(f.rank(s, near))
		})
	})
	return v, b, err
}

// finish says how a lookup ended.
func (l *lookup) finish(ctx context.Context, res *code.Result, v *visit, next *place) {
	switch {
	case v.gap != "":
		res.Partial = fail.WhyEnded(ctx, l.began)
	case v.deep > 0:
		res.Partial = scan.TooDeep(v.deep)
	}
	if next != nil {
		res.Cursor = next.encode(l.sum)
	}
	res.Stats.Took = time.Since(l.began)
}

// each calls fn with the symbols of a file.
func (f *file) each(l *lookup, fn func(symbols.Symbol, home)) {
	h := homeOf(f.path, f.lang, f.text)
	for _, s := range f.symbols(l) {
		fn(s, h)
	}
}

func (f *file) symbols(l *lookup) []symbols.Symbol {
	lines := f.lines()
	list := l.o.Cache.Symbols(f.lang, f.text, l.o.HashBlob)
	// What was kept could be of another text only if a hash was wrong; it must do no harm.
	return slices.DeleteFunc(list, func(s symbols.Symbol) bool { return s.Line > lines || s.EndLine > lines })
}
