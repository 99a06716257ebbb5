package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// An Inventory is what exists, for Validate: everything linked in and configured,
// whether listed or not.
type Inventory struct {
	Capabilities []Capability
	Sources      []string
}

// A Capability is a tool, resource template or prompt, by the name rules use.
type Capability struct {
	Name string
	Ops  []string
	Args []string
}

// A RuleError is a rule that names something that does not exist.
type RuleError struct {
	Rule    Rule
	Origin  string
	What    string   // such as `no tool matches "ticket_wrte"`
	Known   []string // what would be right, nearest first
	Nearest bool     // Known holds near misses only, not everything
}

func (e *RuleError) Error() string {
	var b strings.Builder
	if w := e.Rule.where(); w != "" {
		b.WriteString(w + ": ")
	}
	fmt.Fprintf(&b, "policy rule %s: %s", e.Rule, e.What)
	switch {
	case len(e.Known) == 0:
	case e.Nearest:
		b.WriteString(", did you mean " + strings.Join(e.Known, " or ") + "?")
	default:
		b.WriteString(", want one of " + strings.Join(e.Known, ", "))
	}
	return b.String()
}

// Validate returns a *RuleError for each part of a rule that names nothing in inv.
// Such a rule must stop the start: it protects, or allows, less than its author
// thinks.
func (p *Policy) Validate(inv Inventory) []error {
	if p == nil || len(p.sets) == 0 {
		return nil
	}
	var errs []error
	for _, l := range p.sets[len(p.sets)-1].layers {
		for _, rules := range [...][]rule{l.deny, l.allow} {
			for i := range rules {
				errs = inv.check(errs, l.Origin, &rules[i].Rule)
			}
		}
	}
	return errs
}

func (inv *Inventory) check(errs []error, origin string, r *Rule) []error {
	report := func(word string, known []string, format string, args ...any) {
		e := &RuleError{Rule: *r, Origin: origin, What: fmt.Sprintf(format, args...)}
		if e.Known = Nearest(word, known); len(e.Known) > 0 {
			e.Nearest = true
		} else {
			e.Known = known
		}
		errs = append(errs, e)
	}

	var names, ops, args []string
	matched := matchesAll(r.Tool)
	for _, c := range inv.Capabilities {
		names = append(names, c.Name)
		if match(r.Tool, c.Name) {
			matched = true
			ops = append(ops, c.Ops...)
			args = append(args, c.Args...)
		}
	}
	if !matched {
		report(r.Tool, unique(names), "no tool, resource or prompt matches %q", r.Tool)
	}
	for _, c := range r.Conds {
		switch {
		case c.Key == "source":
			if !anyMatches(c.Glob, inv.Sources) && !matchesAll(c.Glob) {
				report(c.Glob, unique(inv.Sources), "no source is called %q", c.Glob)
			}
		case !matched: // what it lacks cannot be said of a tool that does not exist
		case c.Key == "op":
			if len(ops) == 0 {
				report("op", nil, "%s has no op", r.Tool)
			} else if !anyMatches(c.Glob, ops) {
				report(c.Glob, unique(ops), "%s has no op %q", r.Tool, c.Glob)
			}
		case !slices.Contains(args, c.Key):
			report(c.Key, unique(append([]string{"source", "op"}, args...)), "%s has no argument %q", r.Tool, c.Key)
		}
	}
	return errs
}

func unique(words []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(words)))
}

// Nearest returns up to three of known that word is probably meant to be, best
// first. Case, '-' and '_' count for nothing, and wildcards are left out.
func Nearest(word string, known []string) []string {
	w := fold(word)
	if w == "" || len(w) > 64 {
		return nil
	}
	type scored struct {
		name string
		dist int
	}
	var near []scored
	for _, k := range known {
		f := fold(k)
		d := distance(w, f)
		if len(w) >= 4 && strings.HasPrefix(f, w) {
			d = min(d, 2)
		}
		if d <= max(1, len(w)/3) {
			near = append(near, scored{k, d})
		}
	}
	slices.SortStableFunc(near, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.dist, b.dist), cmp.Compare(a.name, b.name))
	})
	near = slices.CompactFunc(near, func(a, b scored) bool { return a.name == b.name })
	var out []string
	for _, s := range near[:min(3, len(near))] {
		if s.dist <= near[0].dist+1 {
			out = append(out, s.name)
		}
	}
	return out
}

func fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case r == '_', r == '-', r == '*', r == '?':
			return -1
		}
		return r
	}, s)
}

// distance is the number of bytes to insert, remove, replace, or swap with their
// neighbor, to make b of a.
func distance(a, b string) int {
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
