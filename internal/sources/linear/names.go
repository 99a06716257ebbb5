package linear

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"cleat/internal/fail"
)

// me is whom the token belongs to.
func (s *Source) me(ctx context.Context) (user, error) {
	d, err := s.read(ctx, "query Me { viewer { id displayName } }", variables{})
	switch {
	case err != nil:
		return user{}, err
	case d.Viewer == nil || d.Viewer.ID == "":
		return user{}, lacks("viewer")
	}
	return *d.Viewer, nil
}

// person finds who is meant by a name.
func (s *Source) person(ctx context.Context, name string) (user, error) {
	if name == "me" {
		return s.me(ctx)
	}
	list, err := s.people(ctx, `{"or":`+personFilter(name)+`}`)
	if err != nil {
		return user{}, err
	}
	for _, u := range list {
		if len(list) == 1 || strings.EqualFold(u.Handle, strings.TrimPrefix(name, "@")) {
			return u, nil
		}
	}
	if len(list) == 0 {
		if list, err = s.people(ctx, `{}`); err != nil {
			return user{}, err
		}
	}
	var names []string
	for i := range list {
		names = append(names, list[i].name())
	}
	return user{}, unknown("person", name, names)
}

func (s *Source) people(ctx context.Context, filter string) ([]user, error) {
	d, err := s.read(ctx, "query People($filter: UserFilter) { users(filter: $filter, first: 100) { nodes { id displayName name } } }", variables{Filter: json.RawMessage(filter)})
	switch {
	case err != nil:
		return nil, err
	case d.Users == nil:
		return nil, lacks("list of people")
	}
	return d.Users.Nodes, nil
}

// theTeam finds a team that may be used, with its states.
func (s *Source) theTeam(ctx context.Context, key string) (team, error) {
	if !teamPattern().MatchString(key) || hasGlob(key) {
		return team{}, fail.Errorf(fail.Invalid, "%.100q is no key of a team on Linear", key).Then("give one such as ENG")
	}
	if err := s.permit(key); err != nil {
		return team{}, err
	}
	d, err := s.read(ctx, "query Team($filter: TeamFilter) { teams(filter: $filter, first: 1) { nodes { id key states(first: 100) { nodes { id name type position } } } } }",
		variables{Filter: json.RawMessage(`{"key":{"eq":` + quote(strings.ToUpper(key)) + `}}`)})
	switch {
	case err != nil:
		return team{}, err
	case d.Teams == nil:
		return team{}, lacks("list of teams")
	case len(d.Teams.Nodes) > 0:
		return d.Teams.Nodes[0], nil
	}
	list, err := s.list(ctx)
	if err != nil {
		return team{}, err
	}
	e := fail.From(unknown("team", key, list))
	e.Code = fail.NotFound
	return team{}, e
}

// labelFilter is the filter for the labels of a team and of the workspace.
func labelFilter(team string, names []string) string {
	var or []string
	for _, n := range names {
		_, last, grouped := strings.Cut(n, "/")
		or = append(or, `{"name":{"eqIgnoreCase":`+quote(n)+`}}`)
		if grouped {
			or = append(or, `{"name":{"eqIgnoreCase":`+quote(last)+`}}`)
		}
	}
	all := []string{`{"isGroup":{"eq":false}}`}
	if len(or) > 0 {
		all = append(all, `{"or":[`+strings.Join(or, ",")+`]}`)
	}
	if team != "" {
		all = append(all, `{"or":[{"team":{"null":true}},{"team":{"key":{"eq":`+quote(team)+`}}}]}`)
	}
	return `{"and":[` + strings.Join(all, ",") + `]}`
}

func (s *Source) labelsOf(ctx context.Context, filter string) ([]label, error) {
	d, err := s.read(ctx, "query Labels($filter: IssueLabelFilter) { issueLabels(filter: $filter, first: 250) { nodes { id name isGroup parent { id name } } } }",
		variables{Filter: json.RawMessage(filter)})
	switch {
	case err != nil:
		return nil, err
	case d.Labels == nil:
		return nil, lacks("list of labels")
	}
	return d.Labels.Nodes, nil
}

// noLabel is the error for a label that is not there: none is made silently.
func (s *Source) noLabel(ctx context.Context, name, team string) error {
	list, err := s.labelsOf(ctx, labelFilter(team, nil))
	if err != nil {
		return err
	}
	var names []string
	for _, l := range list {
		names = append(names, clip(l.Name, maxName))
	}
	return unknown("label", name, names)
}

// labels resolves what is said of labels.
func (p *plan) labels(ctx context.Context) error {
	c := p.w.Changes
	want := slices.Clone(c.Add)
	if c.Labels != nil {
		want = append(want, *c.Labels...)
	}
	if len(want) > maxLabels || len(c.Remove) > maxLabels {
		return fail.Errorf(fail.TooLarge, "more than %d labels are too many", maxLabels)
	}
	var ids []string
	if len(want) > 0 {
		found, err := p.labelsOf(ctx, labelFilter(p.team.Key, want))
		if err != nil {
			return err
		}
		for _, name := range want {
			id, err := p.label(ctx, found, name)
			if err != nil {
				return err
			}
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	var gone []string
	if p.now != nil {
		for _, l := range p.now.Labels.Nodes {
			if slices.ContainsFunc(c.Remove, func(n string) bool { return strings.EqualFold(n, l.Name) }) {
				gone = append(gone, l.ID)
			}
		}
	}
	switch {
	case c.Labels != nil || p.now == nil && len(ids) > 0:
		ids = append([]string{}, slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(gone, id) })...)
		p.in.Labels = &ids
	default:
		p.in.Added, p.in.Removed = ids, gone
	}
	return nil
}

// label finds a label by its name, or GROUP/NAME where several groups have one of that name.
func (p *plan) label(ctx context.Context, found []label, name string) (string, error) {
	var hits, groups []string
	for _, l := range found {
		full := l.Name
		if l.Parent != nil {
			full = l.Parent.Name + "/" + l.Name
		}
		if strings.EqualFold(full, name) || strings.EqualFold(l.Name, name) {
			hits, groups = append(hits, l.ID), append(groups, clip(full, maxName))
		}
	}
	switch len(hits) {
	case 0:
		return "", p.noLabel(ctx, name, p.team.Key)
	case 1:
		return hits[0], nil
	}
	if i := slices.IndexFunc(groups, func(g string) bool { return strings.EqualFold(g, name) }); i >= 0 {
		return hits[i], nil
	}
	return "", fail.Errorf(fail.Invalid, "the label %.100q may be any of %s", name, listed(groups)).Then("give one of them")
}
