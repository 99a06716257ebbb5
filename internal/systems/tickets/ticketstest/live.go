package ticketstest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/systems/tickets"
)

// Live goes through the life of one ticket at a real service: it is made in the project, read
// back, changed, commented on, found and closed. It stays there, closed. exact says that the
// service keeps Markdown as it is written.
func Live(t *testing.T, w tickets.Writer, project string, exact bool) {
	ctx := t.Context()
	mark := rand.Text()
	title := "cleat live test " + mark
	body := "## Steps\n\n1. open\n2. `close`\n\n- [ ] task\n\n| a | b |\n| --- | --- |\n| 1 | **2** |\n"
	do := func(write tickets.Write) *tickets.Ticket {
		t.Helper()
		p, err := w.Prepare(ctx, write)
		if err != nil {
			t.Fatalf("preparing %s: %v", write.Op, err)
		}
		got, err := p.Send(ctx)
		if err != nil {
			t.Fatalf("sending %s: %v", write.Op, err)
		}
		return got
	}
	text := func(s string) tickets.Edit { return func(string) (string, error) { return s, nil } }
	began := time.Now().Add(-2 * time.Minute)
	create := tickets.Write{Op: tickets.Create, Project: project, Changes: tickets.Changes{Title: &title, Body: text(body)}}
	key := do(create).Key
	read := func(want tickets.Want) *tickets.Ticket {
		t.Helper()
		got, err := w.Ticket(ctx, key, want)
		if err != nil {
			t.Fatalf("reading %s: %v", key, err)
		}
		return got
	}
	first := read(tickets.Want{})
	if first.Title != title || first.Status == tickets.Done || exact && first.Body != body {
		t.Errorf("read back: %q, %s (-want +got)\n%s", first.Title, first.Status, cmp.Diff(body, first.Body))
	}
	if f, ok := w.(tickets.Finder); ok {
		found, err := f.Created(ctx, create, began)
		if err != nil || len(found) != 1 || found[0].Key != key {
			t.Errorf("looked up: %v, %v", found, err)
		}
	}
	do(tickets.Write{Op: tickets.Update, Key: key, Base: first.Base(), Changes: tickets.Changes{Body: func(s string) (string, error) { return s + "\nmore\n", nil }}})
	stale := tickets.Write{Op: tickets.Update, Key: key, Base: first.Base(), Changes: tickets.Changes{Body: text("lost")}}
	if _, err := w.Prepare(ctx, stale); err == nil {
		t.Error("a stale base was taken")
	}
	do(tickets.Write{Op: tickets.Remark, Key: key, Changes: tickets.Changes{Comment: "said " + mark}})
	if got := read(tickets.Want{Comments: 1, Transitions: true}); len(got.Comments) != 1 || exact && got.Comments[0].Body != "said "+mark {
		t.Errorf("comments: %+v", got.Comments)
	}
	page, err := w.Search(ctx, tickets.Query{Project: project, Limit: 5})
	if err != nil || len(page.Tickets) == 0 || page.Tickets[0].Key != key {
		t.Errorf("the last changed is not first: %+v, %v", page, err)
	}
	do(tickets.Write{Op: tickets.Move, Key: key, To: string(tickets.Done)})
	if got := read(tickets.Want{}); got.Status != tickets.Done {
		t.Errorf("closed it is %s", got.Status)
	}
}
