package policy

import (
	"fmt"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/glob"
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

	// Ops and Args list the values of its argument op and the names of its arguments; nil
	// for none. They are called only where a rule is about them: a schema is behind them.
	Ops, Args func() []string
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
		if e.Known = fail.Near(word, known); len(e.Known) > 0 {
			e.Nearest = true
		} else {
			e.Known = known
		}
		errs = append(errs, e)
	}

	var names []string
	var meant []Capability
	for _, c := range inv.Capabilities {
		names = append(names, c.Name)
		if glob.Match(r.Tool, c.Name) {
			meant = append(meant, c)
		}
	}
	matched := len(meant) > 0 || glob.All(r.Tool)
	if !matched {
		report(r.Tool, unique(names), "no tool, resource or prompt matches %q", r.Tool)
	}
	for _, c := range r.Conds {
		switch {
		case c.Key == "source":
			if !anyMatches(c.Glob, inv.Sources) && !glob.All(c.Glob) {
				report(c.Glob, unique(inv.Sources), "no source is called %q", c.Glob)
			}
		case !matched: // what it lacks cannot be said of a tool that does not exist
		case c.Key == "op":
			ops := all(meant, func(c Capability) func() []string { return c.Ops })
			if len(ops) == 0 {
				report("op", nil, "%s has no op", r.Tool)
			} else if !anyMatches(c.Glob, ops) {
				report(c.Glob, unique(ops), "%s has no op %q", r.Tool, c.Glob)
			}
		default:
			args := all(meant, func(c Capability) func() []string { return c.Args })
			if !slices.Contains(args, c.Key) {
				report(c.Key, unique(append([]string{"source", "op"}, args...)), "%s has no argument %q", r.Tool, c.Key)
			}
		}
	}
	return errs
}

// all gathers what the capabilities list.
func all(caps []Capability, list func(Capability) func() []string) (words []string) {
	for _, c := range caps {
		if f := list(c); f != nil {
			words = append(words, f()...)
		}
	}
	return words
}

func unique(words []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(words)))
}
