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
	for _, s := range v.entry.Completers(v.gate.opt.Set) {
		v.record.Source = s.Name
		if q := query(v.entry, s.Name, s.Local); !rules.Visible(q) {
			return v.denied(rules.Check(q))
		}
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
	values, total, err := v.entry.Complete(ctx, set, v.req.Argument, v.req.Prefix, v.req.Vars)
	if err != nil {
		return registry.Reply{}, err
	}
	q := query(v.entry, v.record.Source, v.gate.local(v.record.Source))
	n := len(values)
	values = slices.DeleteFunc(values, func(value string) bool {
		q.Args = map[string][]string{v.req.Argument: {value}}
		if v.req.Argument == "path" {
			q.Args["uri"] = []string{value}
		}
		return !rules.Check(q).Allow
	})
	return registry.Reply{Values: v.gate.lines(values), Total: total - (n - len(values))}, nil
}
