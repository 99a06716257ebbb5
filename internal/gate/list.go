package gate

import (
	"cmp"
	"context"

	"cleat/internal/fail"
	"cleat/internal/gate/audit"
	"cleat/internal/registry"
	"cleat/internal/sorting"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
)

// maxListed is how many resources are listed; a client shows all of them in a menu.
const maxListed = 200

// list gathers the concrete resources, most recent first, as far as policy lets the
// template of each be seen.
func (v *visit) list(ctx context.Context) (registry.Reply, error) {
	g := v.gate
	rules, _ := g.opt.Rules()
	v.record.Decision = audit.Allow
	var items []documents.Item
	for _, n := range systems.Documents.Sources(g.opt.Set) {
		l, ok := n.Backend.(documents.Lister)
		if !ok {
			continue
		}
		recent, err := l.Recent(ctx, maxListed)
		if err != nil {
			// One source that is away does not take the others' resources with it.
			g.opt.Log.Warn("listing resources", "source", n.Name, "err", err)
			continue
		}
		for _, it := range recent {
			u, err := uri.Parse(it.URI)
			if err != nil {
				g.opt.Log.Warn("listing resources: bad address", "source", n.Name, "err", err)
				continue
			}
			e, ok := g.opt.Registry.Template(u)
			if !ok {
				continue
			}
			if g.opt.Redactor.String(it.URI) != it.URI {
				continue // a name that holds a secret; masked, it would lead nowhere
			}
			q := query(e, n.Name, n.Local)
			q.Args = map[string][]string{"uri": {it.URI}, "path": {u.Path}}
			if rules.Check(q).Allow {
				it.Name, it.Title = g.line(it.Name), g.line(it.Title)
				items = append(items, it)
			}
		}
	}
	sorting.Sort(items, func(a, b documents.Item) int {
		// What has no time is the server itself, and comes first.
		if a.Modified.IsZero() != b.Modified.IsZero() {
			return map[bool]int{true: -1, false: 1}[a.Modified.IsZero()]
		}
		return cmp.Or(b.Modified.Compare(a.Modified), cmp.Compare(a.URI, b.URI))
	})
	return registry.Reply{Items: items[:min(len(items), maxListed)]}, ctxErr(ctx, items)
}

// ctxErr is the failure of a list that has nothing because its time ran out.
func ctxErr(ctx context.Context, items []documents.Item) error {
	if len(items) == 0 && ctx.Err() != nil {
		return fail.From(context.Cause(ctx))
	}
	return nil
}
