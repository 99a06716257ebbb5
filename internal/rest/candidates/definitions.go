package candidates

import (
	"strings"

	"cleat/internal/fail"
	"cleat/internal/symbols"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// near keeps the lines that match, those within n of one, and what opens the
// definition that a match is in.
func near(lines []code.Line, n int) []code.Line {
	var out []code.Line
	for i, l := range lines {
		keep := l.Match
		for j := i - 1; j >= 0 && l.Number-lines[j].Number <= n && !keep; j-- {
			keep = lines[j].Match
		}
		for j := i + 1; j < len(lines) && !keep; j++ {
			if d := lines[j].Number - l.Number; lines[j].Match && (d <= n || l.Scope) {
				keep = true
			} else if d > n && !l.Scope || lines[j].Scope {
				break
			}
		}
		if keep {
			out = append(out, l)
		}
	}
	return out
}

// definitions returns what f defines under the name, and the lines that use it.
func (c *Collector) definitions(f File) (defs []code.Definition, uses map[int]bool, sure bool) {
	lang := tree.Lang(f.Path)
	if !f.Whole || len(f.Parts) != 1 || !symbols.Known(lang) {
		for _, d := range f.Definitions {
			if c.name.is(d.Name, d.Container) && d.Line > 0 {
				defs = append(defs, code.Definition{Repo: f.Repo, Path: f.Path, Line: d.Line, End: max(d.Line, d.End),
					Kind: d.Kind, Container: d.Container, Name: d.Name, Signature: d.Signature})
			}
		}
		return defs, nil, false
	}
	data := c.o.Redact(f.Path, f.Parts[0].Data)
	for _, s := range symbols.Scan(lang, data) {
		if c.name.is(s.Name, s.Container) {
			defs = append(defs, code.Definition{Repo: f.Repo, Path: f.Path, Line: s.Line, End: s.EndLine,
				Kind: string(s.Kind), Container: s.Container, Name: s.Name, Signature: s.Signature})
		}
	}
	if c.q.Mode == code.Refs && lang != "markdown" {
		uses, sure = map[int]bool{}, true
		for _, u := range symbols.UsesFunc(lang, data, func(id []byte) bool { return c.name.same(string(id), c.name.last) }) {
			uses[u.Line] = true
		}
	}
	return defs, uses, sure
}

// A name is a name that is looked for, such as "Resolve" or "Repo.Resolve".
type name struct {
	last      string
	container string // or the end of it, joined by dots
	fold      bool
}

func parseName(q code.Query) (name, error) {
	if q.Pattern == "" {
		return name{}, fail.Errorf(fail.Invalid, "the name is empty").Then("say which name to look for")
	}
	p := strings.NewReplacer("::", ".", "#", ".").Replace(q.Pattern)
	n := name{last: p}
	if i := strings.LastIndexByte(p, '.'); i >= 0 && i+1 < len(p) && i > 0 {
		n.container, n.last = p[:i], p[i+1:]
	}
	n.fold = q.Case == code.Ignore || q.Case == code.Smart && q.Pattern == strings.ToLower(q.Pattern)
	return n, nil
}

// is reports whether a definition is what is looked for.
func (n name) is(last, container string) bool {
	if !n.same(last, n.last) {
		return false
	}
	return n.container == "" || n.same(container, n.container) ||
		len(container) > len(n.container) && n.same(container[len(container)-len(n.container)-1:], "."+n.container)
}

func (n name) same(a, b string) bool { return a == b || n.fold && strings.EqualFold(a, b) }

// Name returns the last part of the name that modes symbol and refs look for: what stands
// in the text of a file.
func (c *Collector) Name() string { return c.name.last }
