package main

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"cleat/internal/claudetest"
	"cleat/internal/text"
)

// TestClaudeTickets has the model read a ticket by its key in one call, claim it, and add one
// line to a section of its body.
func TestClaudeTickets(t *testing.T) {
	t.Parallel()
	cli := claudetest.Install(t)
	s := &shop{world: newWorld(t, txtar.Parse([]byte("-- README.md --\n# Shop\n"))), cleat: released(t)}
	said, code := s.run(t, "call", "ticket_write", `{"op":"create","title":"Login fails with SSO","body":"## Steps\n\n1. open\n\n## Expected\n\na page"}`)
	if code != 0 {
		t.Fatal(said)
	}
	key := keyOf(t, said)
	const read, write, search = on + "ticket_read", on + "ticket_write", on + "ticket_search"
	r := s.perform(t, cli, claudetest.Session{Servers: map[string]claudetest.Server{"cleat": s.server(t, "")}}, [][]use{
		{{name: read, in: claudetest.Input{"ticket": key}}},
		{{name: "ToolSearch", in: claudetest.Input{"query": "select:" + write + "," + search}}},
		{{name: write, in: claudetest.Input{"op": "claim", "ticket": key}}},
		{{name: write, in: claudetest.Input{"op": "update", "ticket": key, "edit": claudetest.Input{"section": "Steps", "append": "2. log in"}}}},
		{{name: search, in: claudetest.Input{"assignee": "me"}}},
	})
	first := r.Calls[0].Text()
	wantAll(t, "ticket_read", first, key+" todo, ready, base ", "title: Login fails with SSO", "1. open", "no comments", "</untrusted ")
	if n := text.Tokens(first); n > 150 {
		t.Errorf("a short ticket takes %d tokens:\n%s", n, first)
	}
	wantAll(t, "claim", r.Calls[2].Text(), "claimed: "+key+" active")
	wantAll(t, "update", r.Calls[3].Text(), "updated: "+key+" active")
	row := r.Calls[4].Text()
	wantAll(t, "ticket_search", row, "1 ticket of local: key  status  title", key+"  active  Login fails with SSO  @")
	for line := range strings.Lines(row) {
		if strings.HasPrefix(line, key) && text.Tokens(line) > 60 {
			t.Errorf("a row takes %d tokens: %s", text.Tokens(line), line)
		}
	}
	if out, code := s.run(t, "tickets", "export"); code != 0 || !strings.Contains(out, `1. open\n2. log in\n\n## Expected`) {
		t.Errorf("exit %d: %s", code, out)
	}
}
