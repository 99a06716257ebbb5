package issues

import (
	"context"
	"slices"

	"cleat/internal/systems/tickets"
)

// Links collects the links of a ticket: those to repositories that are not allowed are
// counted and not told.
type Links struct {
	t      *Tracker
	here   string
	out    *tickets.Ticket
	hidden []At // that were counted
}

// NewLinks returns what adds links to out.
func NewLinks(ctx context.Context, t *Tracker, out *tickets.Ticket) *Links {
	return &Links{t: t, here: t.here(ctx), out: out}
}

// Add adds a link to a ticket or a pull request; i is nil where just its place is known.
// One that is linked already is left alone.
func (l *Links) Add(kind, what string, at At, i *Issue) {
	if l.t.Permit(at.Repo) != nil {
		if !slices.Contains(l.hidden, at) {
			l.hidden = append(l.hidden, at)
			l.out.Hidden++
		}
		return
	}
	v := tickets.Link{Kind: kind, What: what, To: Key{Repo: at.Repo, Number: at.Number}.String(l.here)}
	if i != nil {
		v.Title, v.Status = Clip(i.Title, maxTitle), l.t.state(i).Status
		if what == "pr" && v.Status != tickets.Done {
			v.Status = tickets.Active
		}
	}
	l.AddOther(v)
}

// AddIssue adds a link to an issue or a pull request of a repository that it names, or of repo.
func (l *Links) AddIssue(kind, repo string, i *Issue) {
	what := "ticket"
	if i.Pull != nil {
		what = "pr"
	}
	l.Add(kind, what, At{i.repo(repo), i.Number}, i)
}

// AddOther adds a link.
func (l *Links) AddOther(v tickets.Link) {
	same := func(o tickets.Link) bool {
		return o.What == v.What && o.To == v.To && (o.Kind == v.Kind || v.Kind == "mentioned_by")
	}
	if len(l.out.Links) < tickets.MaxLinks && !slices.ContainsFunc(l.out.Links, same) {
		l.out.Links = append(l.out.Links, v)
	}
}
