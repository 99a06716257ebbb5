package gate

import (
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/gate/audit"
	"cleat/internal/gate/policy"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
)

// Closer returns what tells the paths of a source that policy closes to every capability,
// as the rule *(path=secret/*) does, or nil if there are none. It holds for one call.
func (g *Gate) Closer(source string) func(path string) bool {
	rules, _ := g.opt.Rules()
	if !slices.ContainsFunc(rules.Show(), func(l policy.Line) bool {
		return l.Kind == "deny" && (strings.Contains(l.Text, "path=") || strings.Contains(l.Text, "uri="))
	}) {
		return nil
	}
	// No capability has this name: only rules for all of them match it.
	q := policy.Query{Names: []string{"every capability"}, Access: policy.Read, Source: source, Local: g.local(source)}
	return func(path string) bool {
		q := q
		names := []string{path}
		q.Args = map[string][]string{"path": names, "uri": names}
		return !rules.Check(q).Allow
	}
}

// prepare decodes the arguments and asks the policy, first of the capability at all and
// then of this very call.
func (v *visit) prepare(rules *policy.Policy) error {
	g := v.gate
	if q := query(v.entry, "", true); !rules.Visible(q) {
		return v.denied(rules.Check(q))
	}
	q, err := v.query(g.narrow(rules)(v.entry))
	if err != nil {
		return err
	}
	c := v.call
	v.record.Source, v.record.Op, v.record.Args = c.Source, c.Op, c.JSON
	d := rules.Check(q)
	if d.Allow && c.Address != nil && c.Address.Scheme == spillScheme {
		// What was spilled stays under the rules of the source it came from.
		if from := g.opt.Spills.Origin(c.Address.Path); from != "" {
			q.Source, q.Local = from, g.local(from)
			d = rules.Check(q)
		}
	}
	if !d.Allow {
		return v.denied(d)
	}
	v.record.Decision, v.record.Rule = audit.Allow, d.Rule
	return nil
}

// query decodes the arguments, with the sources that are open to the call, and returns the policy's view of the call.
func (v *visit) query(open *systems.Set) (policy.Query, error) {
	g := v.gate
	var err error
	if v.req.Method == registry.ReadResource {
		u, perr := uri.Parse(v.req.Name)
		if perr != nil {
			return policy.Query{}, perr
		}
		v.call, err = v.entry.PrepareURI(g.opt.Set, u)
	} else {
		v.call, err = v.entry.Prepare(g.opt.Set, open, v.req.Args)
	}
	if err != nil {
		return policy.Query{}, err
	}
	c := v.call
	q := query(v.entry, c.Source, c.Local)
	q.Op, q.Args = c.Op, c.Args
	if c.Address != nil {
		if t, ok := g.opt.Registry.Template(*c.Address); ok && t.Name != v.entry.Name {
			v.template = append([]string{t.Name}, t.Governs...)
			q.Names = append(q.Names, v.template...)
		}
	}
	return q, nil
}

// opened asks policy about a document that was opened, by the names it turned out to have.
func (v *visit) opened(rules *policy.Policy, doc *documents.Document) error {
	v.call.Named(doc.URI, doc.Name)
	q := query(v.entry, v.call.Source, v.call.Local)
	q.Op, q.Args = v.call.Op, v.call.Args
	q.Names = append(q.Names, v.template...)
	if d := rules.Check(q); !d.Allow {
		return v.denied(d)
	}
	return nil
}

// closed returns err, unless a capability that works over all sources found none, because
// policy closes them: then it returns that refusal.
func (v *visit) closed(rules *policy.Policy, err error) error {
	if v.entry.System != systems.All.Name || fail.From(err).Code != fail.Unsupported {
		return err
	}
	for _, s := range v.gate.opt.Set.List() {
		if q := query(v.entry, s.Name, s.Local); !rules.Visible(q) {
			return v.denied(rules.Check(q))
		}
	}
	return err
}

// A refusal is an error of policy.
type refusal struct {
	failure *fail.Error
	by      policy.Decision
}

func (r *refusal) Error() string { return r.failure.Error() }
func (r *refusal) Unwrap() error { return r.failure }

// denied is the refusal that d asks for.
func (v *visit) denied(d policy.Decision) error {
	f := fail.Errorf(fail.Denied, "policy does not allow %s", v.entry.Name)
	where := d.Origin
	if d.Where != "" {
		where += ", " + d.Where
	}
	f = f.Because("the rule is: %s (%s)", d.Rule, where)
	if d.Mend != "" {
		return &refusal{f.Then("ask the user to %s", d.Mend), d}
	}
	return &refusal{f.Then("do without it, or ask the user; `cleat policy explain` shows why"), d}
}
