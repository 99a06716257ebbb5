package issues

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/text"
)

// A named is a list of people, labels or milestones.
type named []struct {
	user
	Title string `json:"title"`
	Label string `json:"name"`
}

// Check implements rest.Checker.
func (l named) Check() error {
	if l == nil {
		return errors.New("it has no list")
	}
	return nil
}

const maxNames = 40 // that an error lists

// listed joins foreign names for an error.
func listed(names []string) string {
	more := ""
	if n := len(names) - maxNames; n > 0 {
		names, more = names[:maxNames], fmt.Sprintf(" and %d more", n)
	}
	return text.Line(strings.Join(names, ", ")) + more
}

// unknown is the error for a name that is not there, with those that are.
func unknown(what, name string, known []string) error {
	e := fail.Errorf(fail.Invalid, "there is no %s %.100q", what, name)
	if near := fail.Near(name, known); len(near) > 0 {
		return e.Because("nearest are: %s", listed(near)).Then("give one of them")
	}
	if len(known) == 0 {
		return e.Because("there are none")
	}
	return e.Because("there are: %s", listed(known)).Then("give one of them")
}

// me is whom the token belongs to.
func (t *Tracker) me(ctx context.Context) (user, error) {
	u, _, err := rest.GetJSON[user](ctx, t.rest, api+"/user", nil)
	if err == nil && u.ID <= 0 {
		err = fail.Errorf(fail.Unavailable, "unexpected response of %s: it has no user", title)
	}
	return u, err
}

// person finds who has a user name.
func (t *Tracker) person(ctx context.Context, repo, name string) (user, error) {
	if name == "me" {
		return t.me(ctx)
	}
	name = strings.TrimPrefix(name, "@")
	if name != "" && len(name) <= maxName {
		found, _, err := rest.GetJSON[named](ctx, t.rest, api+"/users", url.Values{"username": {name}})
		if err != nil {
			return user{}, err
		}
		for _, u := range found {
			if strings.EqualFold(u.user.Name, name) && u.ID > 0 {
				return u.user, nil
			}
		}
	}
	all, _, err := get[named](ctx, t, url.Values{"per_page": {"100"}}, repo, "users")
	if err != nil && rest.Status(err) != http.StatusForbidden && rest.Status(err) != http.StatusNotFound {
		return user{}, err
	}
	var names []string
	for _, u := range all {
		names = append(names, u.user.name())
	}
	return user{}, unknown("person", name, names)
}

// checkLabels refuses names that no label can have: GitLab takes lists between commas.
func checkLabels(names []string) error {
	if len(names) > maxLabels {
		return fail.Errorf(fail.TooLarge, "more than %d labels are too many", maxLabels)
	}
	for _, n := range names {
		if strings.TrimSpace(n) == "" || strings.ContainsAny(n, ",\n\r\x00") {
			return fail.Errorf(fail.Invalid, "%.100q is no name of a label on %s", n, title)
		}
	}
	return nil
}

// label returns a label as GitLab spells it: names that differ in case are different labels.
func (t *Tracker) label(ctx context.Context, repo, name string) (string, error) {
	if err := checkLabels([]string{name}); err != nil {
		return "", err
	}
	query := url.Values{"search": {name}, "per_page": {"100"}}
	found, _, err := get[named](ctx, t, query, repo, "labels")
	if err != nil {
		return "", err
	}
	near := ""
	for _, l := range found {
		if l.Label == name {
			return name, nil
		}
		if strings.EqualFold(l.Label, name) {
			near = l.Label
		}
	}
	if near != "" {
		return near, nil
	}
	query.Del("search")
	if found, _, err = get[named](ctx, t, query, repo, "labels"); err != nil {
		return "", err
	}
	var names []string
	for _, l := range found {
		names = append(names, clip(l.Label, maxName))
	}
	return "", unknown("label", name, names)
}

// labels finds several.
func (t *Tracker) labels(ctx context.Context, repo string, names []string) ([]string, error) {
	if err := checkLabels(names); err != nil {
		return nil, err
	}
	var out []string
	for _, n := range names {
		l, err := t.label(ctx, repo, n)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// milestone finds a milestone of a project or its groups.
func (t *Tracker) milestone(ctx context.Context, repo, name string) (int64, error) {
	query := url.Values{"title": {name}, "include_ancestors": {"true"}, "per_page": {"100"}}
	found, _, err := get[named](ctx, t, query, repo, "milestones")
	if err != nil {
		return 0, err
	}
	for _, m := range found {
		if m.Title == name && m.ID > 0 {
			return m.ID, nil
		}
	}
	query.Del("title")
	query.Set("state", "active")
	if found, _, err = get[named](ctx, t, query, repo, "milestones"); err != nil {
		return 0, err
	}
	var names []string
	for _, m := range found {
		names = append(names, clip(m.Title, maxName))
	}
	return 0, unknown("milestone", name, names)
}
