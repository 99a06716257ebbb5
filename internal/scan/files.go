package scan

import (
	"cmp"
	"container/heap"
	"context"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// A pathMatcher says which paths mode files is about: those that match a glob, or have
// a text in them.
type pathMatcher struct {
	glob   *tree.Glob
	text   string
	fold   bool
	anchor bool // text begins the path
}

// newPathMatcher reads a pattern. One without wildcards is part of a path in any case,
// unless the query says that case counts; with a leading slash it begins the path.
func newPathMatcher(q code.Query) (pathMatcher, error) {
	if tree.HasMeta(q.Pattern) {
		fold := q.Case == code.Ignore || q.Case == code.Smart && q.Pattern == strings.ToLower(q.Pattern)
		g, err := tree.CompileGlob(strings.TrimPrefix(q.Pattern, "./"), fold)
		return pathMatcher{glob: g}, err
	}
	p := pathMatcher{fold: q.Case != code.Sensitive, text: q.Pattern}
	if q.Case == code.Smart && q.Pattern != strings.ToLower(q.Pattern) {
		p.fold = false
	}
	if rest, ok := strings.CutPrefix(p.text, "./"); ok {
		p.text, p.anchor = rest, true
	}
	if strings.HasPrefix(p.text, "/") {
		p.text, p.anchor = strings.TrimLeft(p.text, "/"), true
	}
	if p.fold {
		p.text = strings.ToLower(p.text)
	}
	if p.text == "" {
		return p, fail.Errorf(fail.Invalid, "the pattern %q names nothing", q.Pattern).
			Then("to list files use the pattern *")
	}
	return p, nil
}

func (p *pathMatcher) match(path string) bool {
	if p.glob != nil {
		return p.glob.Match(path)
	}
	if p.fold {
		path = strings.ToLower(path)
	}
	if p.anchor {
		return strings.HasPrefix(path, p.text)
	}
	return strings.Contains(path, p.text)
}

// byLength orders paths as mode files shows them: the shortest first, then by name.
func byLength(a, b string) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// ranked is a heap of paths with the last in rank on top.
type ranked []string

func (h ranked) Len() int           { return len(h) }
func (h ranked) Less(i, j int) bool { return byLength(h[i], h[j]) > 0 }
func (h ranked) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *ranked) Push(x any)        { *h = append(*h, x.(string)) }
func (h *ranked) Pop() any {
	old := *h
	n := len(old) - 1
	s := old[n]
	*h = old[:n]
	return s
}

// runFiles finds files by their paths. All paths are looked at, since any may be the
// shortest; so when ctx ends there is no cursor.
func runFiles(ctx context.Context, files tree.Files, m *Matcher, o Options, began time.Time) (*code.Result, error) {
	var mu sync.Mutex
	var best ranked
	keep := m.q.Limit + 1
	st, err := files.Walk(ctx, m.walkOptions(o), func(_ int, e *tree.Entry) error {
		if m.lang != "" && tree.Lang(e.Path) != m.lang || !m.paths.match(e.Path) {
			return nil
		}
		if m.after != nil && byLength(e.Path, m.after.path) <= 0 {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		if len(best) < keep {
			heap.Push(&best, e.Path)
		} else if byLength(e.Path, best[0]) < 0 {
			best[0] = e.Path
			heap.Fix(&best, 0)
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	res := &code.Result{Stats: code.Stats{
		Files: st.Files, Ignored: st.Ignored, Special: st.Special,
		Denied: st.Denied + st.Unreadable,
	}}
	sorting.Sort(best, byLength)
	more := len(best) > m.q.Limit
	if more {
		best = best[:m.q.Limit]
	}
	for _, p := range best {
		res.Files = append(res.Files, code.File{Path: p})
	}
	res.Matches = len(best)
	switch {
	case ctx.Err() != nil && st.Pending != "":
		res.Partial = fail.WhyEnded(ctx, began)
		more = false
	case st.Deep > 0:
		res.Partial = TooDeep(st.Deep)
	}
	if more {
		c := position{place: place{path: best[len(best)-1]}}
		res.Cursor = c.encode(m.sum)
	}
	res.Stats.Took = time.Since(began)
	return res, nil
}
