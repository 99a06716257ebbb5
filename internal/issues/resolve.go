package issues

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets"
)

// maxLists bounds the pages of a repository's labels, people or milestones.
const maxLists = 10

// A Named is one of the things that a repository has by name: an account, a label, a milestone.
type Named struct {
	ID     int64  `json:"id"`
	Number int64  `json:"number"`
	Login  string `json:"login"`
	Name   string `json:"name"`
	Title  string `json:"title"`
}

func (n *Named) name() string { return n.Login + n.Name + n.Title }

// named lists things of a repository, or of whatever else path leads to.
func (t *Tracker) list(ctx context.Context, path string, query url.Values) ([]Named, error) {
	var all []Named
	for page := 1; page <= maxLists; page++ {
		q := url.Values{t.Size: {strconv.Itoa(t.Most)}, "page": {strconv.Itoa(page)}}
		for k, v := range query {
			q[k] = v
		}
		list, a, err := Get[[]Named](ctx, t, path, q)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		more, err := t.Next(a)
		if err != nil || !more {
			return all, err
		}
	}
	return all, nil
}

// pick finds a name among the known ones: as it is, or in another case.
func (t *Tracker) pick(what, name string, known []Named) (*Named, error) {
	for _, same := range [...]func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		if i := slices.IndexFunc(known, func(n Named) bool { return same(n.name(), name) }); i >= 0 {
			return &known[i], nil
		}
	}
	e := fail.Errorf(fail.Invalid, "the repository has no %s %s", what, quoted(name))
	var names []string
	for i := range known {
		names = append(names, Clip(known[i].name(), maxName))
	}
	near := fail.Near(name, names)
	if len(near) == 0 {
		near = names[:min(len(names), 12)]
	}
	for i, n := range near {
		near[i] = quoted(n)
	}
	if len(near) == 0 {
		return nil, e.Then("leave it out: there are none")
	}
	return nil, e.Then("did you mean one of %s", strings.Join(near, ", "))
}

// resolve finds what the changes name.
func (p *preparing) resolve(ctx context.Context) error {
	c := p.w.Changes
	p.set.Title = c.Title
	if c.Body != nil {
		if err := p.edit(c.Body); err != nil {
			return err
		}
	}
	if c.Type != "" {
		types, err := p.t.Service.Types(ctx, p.t, p.at.Repo)
		if err != nil {
			return err
		}
		var known []Named
		for _, name := range types {
			known = append(known, Named{Name: name})
		}
		n, err := p.t.pick("type", c.Type, known)
		if err != nil {
			return err
		}
		p.set.Type = &n.Name
	}
	if err := p.milestone(ctx); err != nil {
		return err
	}
	if err := p.assignees(ctx); err != nil {
		return err
	}
	return p.labels(ctx)
}

// edit makes the new body.
func (p *preparing) edit(edit tickets.Edit) error {
	old := ""
	if p.before != nil {
		if old = p.before.Body; p.before.Cut > 0 {
			return fail.Errorf(fail.TooLarge, "the body of %s is too long to be edited", p.before.Key)
		}
	}
	body, err := edit(old)
	if err != nil {
		return err
	}
	p.set.Body = &body
	return p.t.fits("body", body)
}

// in lists what a repository has of a kind.
func (p *preparing) in(ctx context.Context, what string, query url.Values) ([]Named, error) {
	path, err := At{Repo: p.at.Repo}.Path(what)
	if err != nil {
		return nil, err
	}
	list, err := p.t.list(ctx, path, query)
	return list, p.t.missing(err, "repository "+p.at.Repo)
}

func (p *preparing) milestone(ctx context.Context) error {
	m := p.w.Changes.Milestone
	if m == nil || *m == "" {
		if m != nil {
			p.set.Milestone = &Milestone{}
		}
		return nil
	}
	known, err := p.in(ctx, "milestones", url.Values{"state": {"all"}})
	if err != nil {
		return err
	}
	n, err := p.t.pick("milestone", *m, known)
	if err != nil {
		return err
	}
	p.set.Milestone = &Milestone{ID: n.ID, Number: n.Number, Title: n.Title}
	return nil
}

func (p *preparing) assignees(ctx context.Context) error {
	want := p.w.Changes.Assignees
	if want == nil {
		return nil
	}
	out := []string{}
	p.set.Assignees = &out
	if len(*want) == 0 {
		return nil
	}
	known, err := p.in(ctx, "assignees", nil)
	if err != nil {
		return err
	}
	for _, name := range *want {
		name = strings.TrimPrefix(name, "@")
		if name == "me" {
			if name, err = p.t.me(ctx); err != nil {
				return err
			}
		}
		n, err := p.t.pick("person who can be assigned,", name, known)
		if err != nil {
			return err
		}
		if !slices.Contains(out, n.Login) {
			out = append(out, n.Login)
		}
	}
	return nil
}

// labels finds the labels that a ticket will have. One that it has already need not be known.
func (p *preparing) labels(ctx context.Context) error {
	c := p.w.Changes
	if c.Labels == nil && len(c.Add) == 0 && len(c.Remove) == 0 {
		return nil
	}
	var has []Label
	if p.issue != nil {
		has = p.issue.Labels
	}
	in := func(list []string, name string) bool {
		return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
	}
	out := []Label{}
	add := c.Add
	if c.Labels != nil {
		add = slices.Concat(*c.Labels, c.Add)
	}
	for _, l := range has {
		if (c.Labels == nil || in(*c.Labels, l.Name)) && !in(c.Remove, l.Name) {
			out = append(out, l)
		}
	}
	add = slices.DeleteFunc(slices.Clone(add), func(name string) bool {
		return in(c.Remove, name) || slices.ContainsFunc(out, func(l Label) bool { return strings.EqualFold(l.Name, name) })
	})
	p.set.Labels = &out
	if len(add) == 0 {
		return nil
	}
	known, err := p.known(ctx)
	if err != nil {
		return err
	}
	for _, name := range add {
		n, err := p.t.pick("label", name, known)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(out, func(l Label) bool { return l.Name == n.Name }) {
			out = append(out, Label{n.ID, n.Name})
		}
	}
	return nil
}

// known lists the labels that a repository's tickets can have.
func (p *preparing) known(ctx context.Context) ([]Named, error) {
	known, err := p.in(ctx, "labels", nil)
	if err != nil || !p.t.OwnerLabels {
		return known, err
	}
	owner, _, _ := strings.Cut(p.at.Repo, "/")
	path, err := rest.Path("orgs", owner, "labels")
	if err != nil {
		return nil, err
	}
	more, err := p.t.list(ctx, path, nil)
	if s := rest.Status(err); s == http.StatusNotFound || s == http.StatusForbidden { // no organization, or not one that the token may see
		return known, nil
	}
	return append(known, more...), err
}
