package gate

import (
	"context"
	"slices"

	"cleat/internal/gate/audit"
	"cleat/internal/gate/policy"
	"cleat/internal/registry"
	"cleat/internal/systems"
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

// complete returns the values that policy would let be used.
func (v *visit) complete(ctx context.Context, rules *policy.Policy, set *systems.Set) (registry.Reply, error) {
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
