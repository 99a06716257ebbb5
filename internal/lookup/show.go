package lookup

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"

	"cleat/internal/fail"
	"cleat/internal/scan"
	"cleat/internal/symbols"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// maxNamedPaths is how many files are visited by their names; more are found by a walk.
const maxNamedPaths = 256

// show reads the files of the page again and puts their lines into res. It returns how
// many files it did not come to.
func (r *refs) show(ctx context.Context, files tree.Files, res *code.Result) (int, error) {
	p := page{refs: r, res: res, wanted: map[string]bool{}, shown: make([]*code.File, len(r.sites.list))}
	for _, s := range r.sites.list {
		p.wanted[s.path] = true
	}
	for _, d := range res.Definitions {
		if d.Signature == "" { // types know it, scanners do not
			p.wanted[d.Path] = true
		}
	}
	if err := p.read(ctx, files); err != nil {
		return 0, err
	}
	missed := 0
	for i, s := range r.sites.list {
		f := p.shown[i]
		if f == nil {
			f = &code.File{Path: s.path, Matches: s.count}
			missed++
		}
		for _, line := range f.Lines {
			if line.Match {
				res.Matches++
			}
		}
		res.Files = append(res.Files, *f)
	}
	return missed, nil
}

// A page is what one answer shows.
type page struct {
	*refs
	wanted map[string]bool // the files it is made of

	mu    sync.Mutex
	res   *code.Result
	shown []*code.File // for each of the sites
}

// read reads the files of the page: by their names, or, where those are many or cannot be
// given, or one has gone away, by a walk.
func (p *page) read(ctx context.Context, files tree.Files) error {
	if len(p.wanted) == 0 {
		return nil
	}
	paths := slices.Sorted(maps.Keys(p.wanted))
	if len(paths) <= maxNamedPaths && !slices.ContainsFunc(paths, func(s string) bool { return s[0] == '!' }) {
		err := p.visit(paths).run(ctx, files, p.file)
		if err == nil || fail.From(err).Code != fail.NotFound {
			return err
		}
	}
	return p.visit(p.q.Paths).run(ctx, files, p.file)
}

func (p *page) visit(paths []string) *visit {
	return &visit{l: p.lookup, paths: paths, only: p.wanted,
		wants: func(string) bool { return true },
		holds: func(string, []byte) bool { return true }}
}

// file takes from one file what the page shows of it.
func (p *page) file(f *file) {
	t := textOf(f.text)
	lines := make(map[int]*code.File)
	for i, s := range p.sites.list {
		if s.path == f.path {
			lines[i] = p.linesOf(f, t, s)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, file := range lines {
		p.shown[i] = file
	}
	for i := range p.res.Definitions {
		if d := &p.res.Definitions[i]; d.Path == f.path && d.Signature == "" {
			d.Signature = p.clip(bytes.TrimSpace(t.line(d.Line)))
		}
	}
}

// linesOf returns the lines of a site that the page shows, with their context and what
// they are in.
func (r *refs) linesOf(f *file, t lines, s site) *code.File {
	all := s.lines
	if all == nil {
		all = r.usesIn(f, func(found) {})
	}
	uses := all[min(s.from, len(all)):min(s.to, len(all))]
	marks := make(map[int]code.Line)
	mark := func(n int, match, scope bool) {
		if n < 1 || n > t.count() {
			return
		}
		m := marks[n]
		marks[n] = code.Line{Number: n, Match: m.Match || match, Scope: m.Scope || scope}
	}
	for _, n := range uses {
		for i := n - r.q.Context; i <= n+r.q.Context; i++ {
			mark(i, i == n, false)
		}
	}
	if symbols.Known(f.lang) {
		for _, n := range scopes(f.symbols(r.lookup), uses) {
			mark(n, false, true)
		}
	}
	out := &code.File{Path: f.path, Matches: s.count}
	for _, n := range slices.Sorted(maps.Keys(marks)) {
		l := marks[n]
		l.Text = r.clip(t.line(n))
		out.Lines = append(out.Lines, l)
	}
	return out
}

// scopes returns the lines of the definitions that the uses are in, each the innermost
// that begins before the use. Both are sorted by line.
func scopes(list []symbols.Symbol, uses []int) []int {
	var out []int
	var open []symbols.Symbol
	for _, n := range uses {
		for len(list) > 0 && list[0].Line < n {
			s := list[0]
			list = list[1:]
			for len(open) > 0 && open[len(open)-1].EndLine < s.Line {
				open = open[:len(open)-1]
			}
			if s.EndLine > s.Line && s.Kind != symbols.Namespace && s.Kind != symbols.Module && s.Kind != symbols.Heading {
				open = append(open, s)
			}
		}
		for len(open) > 0 && open[len(open)-1].EndLine < n {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			out = append(out, open[len(open)-1].Line)
		}
	}
	return out
}

// clip returns the line, or what stands around the name in a long one.
func (r *refs) clip(line []byte) string {
	at := 0
	if len(line) > r.o.MaxLine {
		at = max(bytes.Index(line, []byte(r.n.last)), 0)
	}
	return scan.Clip(line, at, r.o.MaxLine)
}

// lines gives the lines of a text by their numbers.
type lines struct {
	text   []byte
	starts []int
}

func textOf(text []byte) lines {
	t := lines{text: text, starts: []int{0}}
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '\n')
		if n < 0 {
			return t
		}
		i += n + 1
		t.starts = append(t.starts, i)
	}
}

func (t lines) count() int { return len(t.starts) }

// line returns line n, from 1, without its end.
func (t lines) line(n int) []byte {
	if n < 1 || n > len(t.starts) {
		return nil
	}
	end := len(t.text)
	if n < len(t.starts) {
		end = t.starts[n] - 1
	}
	return bytes.TrimSuffix(t.text[t.starts[n-1]:end], []byte("\r"))
}
