package tickets

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
)

// Options are what a Service works with.
type Options struct {
	Local  bool                // the tickets lie on this machine
	Redact func(string) string // masks secrets
	Now    func() time.Time

	// Related finds what this machine and its builds know of a ticket: branches, commits and
	// runs that name it. Nil knows nothing.
	Related func(ctx context.Context, key string) ([]Link, error)
}

// A Service answers questions about the tickets of one source, and changes them. It is safe
// for concurrent use.
type Service struct {
	name    string
	tracker Tracker
	o       Options
	saw     func(...Ticket) // is told of tickets that were seen
}

// New returns the Service of the source called name. It opens nothing.
func New(name string, t Tracker, o Options) *Service {
	return &Service{name: name, tracker: t, o: o, saw: func(...Ticket) {}}
}

// Writes reports whether tickets of the source can be changed.
func (s *Service) Writes() bool { _, ok := s.tracker.(Writer); return ok }

// Health implements systems.Healthy.
func (s *Service) Health() string {
	if h, ok := s.tracker.(interface{ Health() string }); ok {
		return h.Health()
	}
	return ""
}

// A Candidate is a Service that a call may be for.
type Candidate struct {
	Name    string
	Local   bool
	Service *Service
}

// Choose returns the index of the candidate that a call is for that names none: with a key,
// or a ticket:// address, the one whose keys are like it, without one the tracker that people
// here work with. It
// fails with fail.NotFound for a key that is nobody's, and with fail.Invalid for one that
// may be of several.
func Choose(ctx context.Context, all []Candidate, key string) (int, error) {
	if len(all) == 0 {
		return 0, fail.Errorf(fail.Unsupported, "no source for tickets is open to this call").Then("see status for the sources")
	}
	if key == "" {
		return usual(ctx, all), nil
	}
	if name, _, ok := address(key); ok {
		for i, c := range all {
			if c.Name == name {
				return i, nil
			}
		}
		return 0, fail.Errorf(fail.NotFound, "no source for tickets is called %s", quote(name)).
			Because("keys here: %s", examples(all)).Then("use an address that an answer gave")
	}
	best, claim := []int(nil), Maybe
	for i, c := range all {
		switch got := c.Service.tracker.Owns(ctx, key); {
		case got > claim:
			best, claim = []int{i}, got
		case got == claim:
			best = append(best, i)
		}
	}
	if len(best) == 1 {
		return best[0], nil
	}
	if len(best) == 0 {
		return 0, fail.Errorf(fail.NotFound, "no source has tickets with a key like %s", quote(key)).
			Because("keys here: %s", examples(all)).Then("pass a key as ticket_search gives it, or look for words with ticket_search")
	}
	var names []string
	for _, i := range best {
		names = append(names, all[i].Name)
	}
	return 0, fail.Errorf(fail.Invalid, "%s may be a ticket of %s", quote(key), strings.Join(names, " or of ")).Then("pass source")
}

// examples says what the keys of the sources look like.
func examples(all []Candidate) string {
	var out []string
	for _, c := range all {
		out = append(out, fmt.Sprintf("%s %s", c.Name, c.Service.tracker.Traits().Key))
	}
	return strings.Join(out, ", ")
}

// usual is the tracker that is meant where nothing is said: one that is for tickets alone,
// then the one of the repository that is checked out, then the first at a service, then the
// one on this machine.
func usual(ctx context.Context, all []Candidate) int {
	best, rank := 0, -1
	for i, c := range all {
		got := 1
		switch kind := c.Service.tracker.Traits().Kind; {
		case c.Local:
			got = 0
		case kind == "jira" || kind == "linear":
			got = 3
		case c.Service.tracker.Owns(ctx, c.Service.tracker.Traits().Key) >= Likely:
			got = 2
		}
		if got > rank {
			best, rank = i, got
		}
	}
	return best
}

// maxKey is how long a key, or the web address of a ticket, may be, in bytes.
const maxKey = 500

// checkKey refuses what cannot be a key.
func (s *Service) checkKey(ctx context.Context, key string) error {
	if key == "" {
		return fail.Errorf(fail.Invalid, "no ticket is named").Then("pass ticket, such as %s", s.tracker.Traits().Key)
	}
	if len(key) > maxKey || s.tracker.Owns(ctx, key) == No {
		return fail.Errorf(fail.Invalid, "%s is no key of a ticket of %s", quote(key), s.name).
			Because("its keys are like %s", s.tracker.Traits().Key).Then("pass a key as ticket_search gives it")
	}
	return nil
}

// Search lists tickets, the last changed first.
func (s *Service) Search(ctx context.Context, q Query) (*List, error) {
	traits := s.tracker.Traits()
	if q.Native != "" {
		switch {
		case traits.Native == "":
			return nil, fail.Errorf(fail.Unsupported, "%s has no query language of its own", s.name).Then("pass text, status, assignee, labels or updated_since")
		case q.Text != "" || q.Status != "" || q.Assignee != "" || len(q.Labels) > 0 || !q.Since.IsZero() || q.Ready:
			return nil, fail.Errorf(fail.Invalid, "native stands alone").Because("it is %s, which can say the rest too", traits.Native).
				Then("put the other conditions into native, or leave native out")
		}
	}
	if q.Ready && !traits.Ready {
		return nil, fail.Errorf(fail.Unsupported, "%s does not tell what blocks a ticket, so ready is not known", s.name).Then("pass status=todo assignee=none instead")
	}
	for _, f := range q.Fields {
		if slices.Contains(Fields(), f) {
			continue
		}
		e := fail.Errorf(fail.Invalid, "there is no field %s in a list", quote(f))
		if near := fail.Near(f, Fields()); len(near) > 0 {
			e = e.Because("did you mean %s?", strings.Join(near, ", "))
		}
		return nil, e.Then("pass fields of %s", strings.Join(Fields(), ", "))
	}
	if len(q.Fields) == 0 {
		q.Fields = DefaultFields()
	}
	if q.Limit <= 0 {
		q.Limit = DefaultLimit
	}
	q.Limit = min(q.Limit, MaxLimit)
	page, err := s.tracker.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	s.saw(page.Tickets...)
	return &List{Tickets: page.Tickets, Total: page.Total, Cursor: page.Cursor, Notes: page.Notes, Source: s.name, fields: q.Fields, now: s.o.Now()}, nil
}

// The views of a ticket.
const (
	Summary     = "summary"
	Comments    = "comments"
	History     = "history"
	Links       = "links"
	Transitions = "transitions"
)

// Views lists them.
func Views() []string { return []string{Summary, Comments, History, Links, Transitions} }

// A Reading says what of a ticket is to be read.
type Reading struct {
	Key    string // or a ticket:// address
	View   string // Summary if empty
	Limit  int    // of comments or events; 0 for the usual
	Cursor string
}

// Read returns one ticket as a view shows it.
func (s *Service) Read(ctx context.Context, r Reading) (*View, error) {
	if r.View == "" {
		r.View = Summary
	}
	var err error
	if r.Key, err = s.key(r.Key); err != nil {
		return nil, err
	}
	if err := s.checkKey(ctx, r.Key); err != nil {
		return nil, err
	}
	if r.Cursor != "" && r.View != Comments && r.View != History {
		return nil, fail.Errorf(fail.Invalid, "view=%s has no pages", r.View).Then("pass view=comments or view=history with the cursor")
	}
	n := r.Limit
	if n <= 0 {
		n = DefaultComments
		if r.View != Summary {
			n *= 3
		}
	}
	n = min(n, MaxComments)
	var w Want
	switch r.View {
	case Summary:
		w = Want{Comments: n}
	case Comments:
		w = Want{Comments: n, Cursor: r.Cursor}
	case History:
		w = Want{Events: n, Cursor: r.Cursor}
	case Links:
		w = Want{Links: true}
	case Transitions:
		w = Want{Transitions: true}
	default:
		return nil, fail.Errorf(fail.Invalid, "there is no view %s", quote(r.View)).Then("pass one of %s", strings.Join(Views(), ", "))
	}
	t, err := s.tracker.Ticket(ctx, r.Key, w)
	if err != nil {
		return nil, err
	}
	s.saw(*t)
	v := &View{Ticket: *t, Source: s.name, View: r.View, Base: t.Base(), now: s.o.Now()}
	if r.View == Links && s.o.Related != nil {
		more, err := s.o.Related(ctx, t.Key)
		if err != nil {
			v.Notes = append(slices.Clone(v.Notes), "branches, commits and runs could not be looked for: "+fail.From(err).What)
		}
		v.Links = append(slices.Clone(v.Links), more...)
	}
	return v, nil
}
