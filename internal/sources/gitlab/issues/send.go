package issues

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets"
)

// send sends the steps, each once.
func (p *plan) send(ctx context.Context) (*tickets.Ticket, error) {
	t := p.before
	var done []string
	number := ""
	for _, s := range p.steps {
		r := rest.Request{Method: s.method, Path: strings.ReplaceAll(s.path, unmade, number), Want: rest.Want{Empty: !s.issue}}
		if s.body != nil {
			r.Body = s.body
		}
		if s.issue {
			i, _, err := rest.Do[issue](ctx, p.rest, r)
			if err != nil {
				return nil, tickets.Partly(p.refused(err, s), done...)
			}
			now := p.ticket(ctx, p.repo, &i)
			now.Notes = append(now.Notes, p.untaken(&i)...)
			t, number = &now, digits(i.Number)
		} else if _, _, err := p.rest.Bytes(ctx, r); err != nil {
			return nil, tickets.Partly(p.refused(err, s), done...)
		}
		done = append(done, s.done)
	}
	return t, nil
}

// refused explains what GitLab does not do for the token.
func (p *plan) refused(err error, s step) error {
	switch rest.Status(err) {
	case http.StatusForbidden, http.StatusNotFound:
		if strings.Contains(s.path, "/links") && p.w.Kind != "related" {
			return fail.Errorf(fail.Unsupported, "this GitLab made no link %s: %w", p.w.Kind, err).
				Because("links that block need GitLab Premium, and the role Planner or Reporter").Then("link it as related")
		}
		return fail.Errorf(fail.Denied, "%s did not do it for this token: %w", title, err).
			Because("the token may read this, but not do it").
			Then("tell the user: the token needs the scope api, and its owner the role Planner or Reporter")
	}
	return err
}

// untaken says whom GitLab has not assigned though it was asked to: it does so without a word
// for people who are no members, and where one assignee is all there may be.
func (p *plan) untaken(i *issue) []string {
	var out []string
	for _, u := range p.asked {
		if !slices.ContainsFunc(i.Assignees, func(a user) bool { return a.ID == u.ID }) {
			out = append(out, u.name())
		}
	}
	if len(out) == 0 {
		return nil
	}
	return []string{"GitLab has not assigned " + listed(out) + ": they may be no members, or this GitLab takes one assignee only"}
}

// Created implements tickets.Finder: by the list of what the token's owner made, which is in
// GitLab's database and not in an index.
func (t *Tracker) Created(ctx context.Context, w tickets.Write, since time.Time) ([]tickets.Ticket, error) {
	if w.Changes.Title == nil {
		return nil, fail.Errorf(fail.Invalid, "a ticket needs a title")
	}
	repo, err := t.Project(ctx, w.Project)
	if err != nil {
		return nil, err
	}
	found, _, err := get[list](ctx, t, url.Values{"scope": {"created_by_me"}, "state": {"all"}, "order_by": {"created_at"}, "sort": {"desc"}, "per_page": {"100"},
		"created_after": {since.UTC().Format(time.RFC3339Nano)}}, repo, "issues")
	if err != nil {
		return nil, missing(err, "there is no project %s on %s, or it has no issues", repo, title)
	}
	var out []tickets.Ticket
	for n := range found {
		its := found[n].repo(repo)
		if strings.TrimSpace(found[n].Title) == strings.TrimSpace(*w.Changes.Title) && (its == repo || t.Permit(its) == nil) {
			out = append(out, t.ticket(ctx, its, &found[n]))
		}
	}
	return out, nil
}
