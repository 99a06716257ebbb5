package gate

import (
	"context"
	"slices"
	"strings"

	"cleat/internal/gate/audit"
	"cleat/internal/gate/policy"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/uri"
)

// completable asks the policy whether the capability may be seen at all, and so the
// source that would be asked.
func (v *visit) completable(rules *policy.Policy) error {
	if q := query(v.entry, "", true); !rules.Visible(q) {
		return v.denied(rules.Check(q))
	}
	sources := v.entry.Completers(v.gate.opt.Set)
	var refused error
	open := len(sources) == 0
	for _, s := range sources {
		v.record.Source = s.Name
		q := query(v.entry, s.Name, s.Local)
		if rules.Visible(q) {
			open = true
			break
		}
		refused = v.denied(rules.Check(q))
	}
	if !open {
		return refused
	}
	v.record.Decision = audit.Allow
	return nil
}

// within asks the policy about the document that the other variables name: what completes
// a part of it tells what is in it.
func (v *visit) within(rules *policy.Policy, set *systems.Set) error {
	scheme, _, ok := strings.Cut(v.entry.URI, "://{+path}")
	name := v.req.Vars["path"]
	if !ok || name == "" || v.req.Argument == "path" {
		return nil
	}
	c, err := v.entry.PrepareURI(set, uri.New(scheme, name))
	if err != nil {
		return err
	}
	q := query(v.entry, c.Source, c.Local)
	q.Args = c.Args
	if d := rules.Check(q); !d.Allow {
		return v.denied(d)
	}
	return nil
}

// complete returns the values that policy would let be used.
func (v *visit) complete(ctx context.Context, rules *policy.Policy, set *systems.Set) (registry.Reply, error) {
	if err := v.within(rules, set); err != nil {
		return registry.Reply{}, err
	}
	var values []string
	total := 0
	var failed error
	answered := false
	sources := v.entry.Completers(set)
	if len(sources) == 0 {
		sources = []systems.Source{{}} // that there is no such argument is said all the same
	}
	for _, src := range sources {
		got, n, err := v.entry.Complete(ctx, set, src.Name, v.req.Argument, v.req.Prefix, v.req.Vars)
		if err != nil {
			// One source that is away does not take the others' values with it.
			v.gate.opt.Log.Warn("completing", "source", src.Name, "err", v.gate.line(err.Error()))
			failed = err
			continue
		}
		answered = true
		q := query(v.entry, src.Name, src.Local)
		before := len(got)
		got = slices.DeleteFunc(got, func(value string) bool {
			q.Args = map[string][]string{v.req.Argument: {value}}
			if v.req.Argument == "path" {
				q.Args["uri"] = []string{value}
			}
			return !rules.Check(q).Allow
		})
		values, total = append(values, got...), total+n-(before-len(got))
	}
	if failed != nil && !answered {
		return registry.Reply{}, failed
	}
	return registry.Reply{Values: v.gate.lines(values[:min(len(values), maxCompleted)]), Total: total}, nil
}

// maxCompleted is how many values the protocol lets an answer have.
const maxCompleted = 100
