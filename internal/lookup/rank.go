package lookup

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"cleat/internal/sorting"
	"cleat/internal/symbols"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// A found is a definition with what decides its rank.
type found struct {
	code.Definition
	near  int        // how far the name is from what was looked for
	form  int        // definitions, then prototypes, then headings
	class tree.Class // of the file
	nest  int        // how deep it lies, and whether others can see it
}

// byRank orders definitions, the best first.
func byRank(a, b found) int {
	return cmp.Or(cmp.Compare(a.near, b.near), cmp.Compare(a.form, b.form), cmp.Compare(a.class, b.class),
		cmp.Compare(a.nest, b.nest), byPath(a.Path, b.Path), cmp.Compare(a.Line, b.Line), strings.Compare(a.Name, b.Name))
}

// byPath orders paths: those near the root first, then by name.
func byPath(a, b string) int {
	return cmp.Or(cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")), strings.Compare(a, b))
}

func (f *file) rank(s symbols.Symbol, near int) found {
	d := found{Definition: code.Definition{Path: f.path, Line: s.Line, End: s.EndLine, Kind: string(s.Kind),
		Container: s.Container, Name: s.Name, Signature: s.Signature}, near: near, class: f.class}
	switch s.Kind {
	case symbols.Prototype:
		d.form = 1
	case symbols.Heading:
		d.form = 2
	}
	if s.Container != "" {
		d.nest = 2 + 2*min(strings.Count(s.Container, "."), 20)
	}
	if !exported(f.lang, s) {
		d.nest++
	}
	return d
}

// exported reports whether a definition is meant for others, as its language shows it.
func exported(lang string, s symbols.Symbol) bool {
	switch lang {
	case "go":
		r, _ := utf8.DecodeRuneInString(s.Name)
		return unicode.IsUpper(r)
	case "javascript", "typescript":
		return s.Container != "" || strings.HasPrefix(s.Signature, "export")
	case "rust":
		return strings.HasPrefix(s.Signature, "pub")
	case "c", "cpp":
		return !strings.HasPrefix(s.Signature, "static ")
	case "java", "csharp", "php", "kotlin", "swift", "scala":
		return !strings.HasPrefix(s.Signature, "private ")
	}
	return !strings.HasPrefix(s.Name, "_")
}

// A best keeps the definitions of the first ranks. It is safe for concurrent use.
type best struct {
	keep  int
	mu    sync.Mutex
	heap  worst
	total int             // all that were added
	dirs  map[string]bool // where some of them are
}

const maxDirs = 1000

func newBest(keep int) *best { return &best{keep: keep, dirs: make(map[string]bool)} }

func (b *best) add(f found) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.total++
	if len(b.dirs) < maxDirs {
		b.dirs[dirOf(f.Path)] = true
	}
	if len(b.heap) < b.keep {
		heap.Push(&b.heap, f)
	} else if byRank(f, b.heap[0]) < 0 {
		b.heap[0] = f
		heap.Fix(&b.heap, 0)
	}
}

// sorted returns what is kept, the best first.
func (b *best) sorted() []found {
	out := slices.Clone(b.heap)
	sorting.Sort(out, byRank)
	return out
}

func dirOf(path string) string { return path[:strings.LastIndexByte(path, '/')+1] }

// worst is a heap of definitions with the last in rank on top.
type worst []found

func (h worst) Len() int           { return len(h) }
func (h worst) Less(i, j int) bool { return byRank(h[i], h[j]) > 0 }
func (h worst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *worst) Push(x any)        { *h = append(*h, x.(found)) }
func (h *worst) Pop() any {
	old := *h
	n := len(old) - 1
	f := old[n]
	*h = old[:n]
	return f
}
