package linear

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// A step is one request of a write.
type step struct {
	body  json.RawMessage
	done  string // what it does, in words
	made  string // id of the issue that it makes
	said  string // id of the comment that it makes
	other bool   // it changes another issue than the write's
}

// send sends the steps, each once.
func (p *plan) send(ctx context.Context) (*tickets.Ticket, error) {
	t := p.before
	var done []string
	for _, st := range p.steps {
		d, err := p.ask(ctx, st.body, true)
		i, ok := d.result()
		if !ok {
			if err == nil {
				err = fail.Errorf(fail.UnknownOutcome, "it is not known whether %s did what was asked: its answer does not say so", title).
					Then("check whether it happened before repeating it")
			}
			// What has been made with an id of ours is found by it, whenever that was.
			if i, ok = p.lookUp(ctx, st, err); !ok {
				return nil, tickets.Partly(err, done...)
			}
		}
		done = append(done, st.done)
		if i != nil && !st.other {
			now := p.Source.ticket(i)
			t = &now
		}
	}
	return t, nil
}

// result returns the issue that the answer to a write tells of, and whether it says that the
// write is done.
func (d *data) result() (*issue, bool) {
	switch {
	case d == nil:
	case d.Create != nil && d.Create.Success && d.Create.Issue != nil:
		return d.Create.Issue, true
	case d.Update != nil && d.Update.Success:
		return d.Update.Issue, true
	case d.Remark != nil && d.Remark.Success:
		if d.Remark.Comment != nil {
			return d.Remark.Comment.Issue, true
		}
		return nil, true
	case d.Relate != nil && d.Relate.Success, d.Part != nil && d.Part.Success:
		return nil, true
	}
	return nil, false
}

// lookUp finds what a step has made, now or when it was sent before.
func (p *plan) lookUp(ctx context.Context, st step, err error) (*issue, bool) {
	if p.w.Token == "" {
		return nil, false
	}
	switch fail.From(err).Code {
	case fail.UnknownOutcome, fail.Invalid, fail.Conflict:
	default:
		return nil, false
	}
	switch {
	case st.made != "":
		d, err := p.read(ctx, "query Issue($id: String!) { issue(id: $id) { "+whole+" } }", variables{ID: st.made})
		return madeOf(p.Source, d, err)
	case st.said != "":
		d, err := p.read(ctx, "query Comment($id: String!) { comment(id: $id) { id issue { "+whole+" } } }", variables{ID: st.said})
		if err != nil || d.Comment == nil || d.Comment.ID != st.said || d.Comment.Issue == nil {
			return nil, false
		}
		return d.Comment.Issue, true
	}
	return nil, false
}

// madeOf is the issue of an answer, if it may be seen.
func madeOf(s *Source, d *data, err error) (*issue, bool) {
	if err != nil || d.Issue == nil || d.Issue.ID == "" || !s.has(d.Issue.Team.Key) {
		return nil, false
	}
	return d.Issue, true
}

// idOf makes the id of what is made of a token, as a UUID of version 4; a random one of "".
func idOf(token string) (string, error) {
	b, err := hex.DecodeString(token)
	if token != "" && (err != nil || len(b) != 16) {
		return "", fail.Errorf(fail.Internal, "a token of a write is not 32 hexadecimal digits")
	}
	if token == "" {
		b = make([]byte, 16)
		rand.Read(b)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}

// Created implements tickets.Finder. With a token it asks for the very issue that a create with
// it makes; without, for those that the token's owner made.
func (s *Source) Created(ctx context.Context, w tickets.Write, since time.Time) ([]tickets.Ticket, error) {
	if w.Token != "" {
		id, err := idOf(w.Token)
		if err != nil {
			return nil, err
		}
		d, err := s.read(ctx, "query Issue($id: String!) { issue(id: $id) { "+whole+" } }", variables{ID: id})
		if err != nil && fail.From(err).Code == fail.NotFound {
			return nil, nil
		}
		i, ok := madeOf(s, d, err)
		if !ok {
			return nil, err
		}
		return []tickets.Ticket{s.ticket(i)}, nil
	}
	if w.Changes.Title == nil {
		return nil, fail.Errorf(fail.Invalid, "a ticket needs a title")
	}
	scope, err := s.scope(ctx, w.Project)
	if err != nil {
		return nil, err
	}
	all := append(scope, `{"creator":{"isMe":{"eq":true}}}`, `{"title":{"eq":`+quote(*w.Changes.Title)+`}}`,
		`{"createdAt":{"gte":`+quote(since.UTC().Format(time.RFC3339Nano))+`}}`)
	d, err := s.read(ctx, "query Made($filter: IssueFilter) { issues(filter: $filter, first: 10, orderBy: createdAt) { nodes { "+whole+" } } }",
		variables{Filter: json.RawMessage(`{"and":[` + strings.Join(all, ",") + `]}`)})
	switch {
	case err != nil:
		return nil, err
	case d.Issues == nil:
		return nil, lacks("list of issues")
	}
	var out []tickets.Ticket
	for i := range d.Issues.Nodes {
		if found := &d.Issues.Nodes[i]; s.has(found.Team.Key) && found.Title == *w.Changes.Title {
			out = append(out, s.ticket(found))
		}
	}
	return out, nil
}
