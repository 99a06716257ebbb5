package main

import (
	"net/url"
	"strconv"
	"testing"

	"golang.org/x/tools/txtar"

	"cleat/internal/claudetest"
	"cleat/internal/sources/postgres/pgtest"
	"cleat/internal/text"
)

// TestClaudeDatabase has the real Claude Code ask a real PostgreSQL which orders failed, and
// why: one call tells. Without a person there to agree, nothing is written.
func TestClaudeDatabase(t *testing.T) {
	t.Parallel()
	cli := claudetest.Install(t)
	w := newWorld(t, &txtar.Archive{Files: []txtar.File{{Name: "postgres.sql", Data: []byte(`
CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(12,2) NOT NULL, status text NOT NULL, note text, day date);
INSERT INTO orders SELECT i, i * 1.5, 'paid', NULL, '2026-01-02' FROM generate_series(1, 500) i;
INSERT INTO orders VALUES (501, 99, 'failed', 'card refused', '2026-01-02'), (502, 7, 'failed', 'card refused', '2026-01-02'), (503, 8, 'failed', 'address unknown', '2026-01-02');
`)}}})
	s := &shop{world: w, cleat: released(t)}
	server := s.server(t, "[sources.app]\nkind = \"postgres\"\ndsn = \"env:APP_DSN\"\n\n[policy]\nallow = [\"db_write(source=app, op=dml)\"]\n")
	// Claude Code runs without a network, and so without this loopback: there is the socket.
	address, err := url.Parse(w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	pg := pgtest.Start(t)
	address.RawQuery = url.Values{"host": {pg.Socket}, "port": {strconv.Itoa(pg.Port)}}.Encode()
	address.Host = ""
	server.Env["APP_DSN"] = address.String()
	const query, write = on + "db_query", on + "db_write"
	r := s.perform(t, cli, claudetest.Session{Servers: map[string]claudetest.Server{"cleat": server}, Allow: []string{"mcp__cleat"}}, [][]use{
		{{name: query, in: claudetest.Input{
			"sql":    "SELECT note, count(*) AS orders, sum(total) AS total FROM orders WHERE status = 'failed' AND day = $1 GROUP BY note ORDER BY orders DESC",
			"params": []any{"2026-01-02"}}}},
		{{name: "ToolSearch", in: claudetest.Input{"query": "select:" + on + "db_schema," + write}}},
		{{name: on + "db_schema"}},
		{{name: write, in: claudetest.Input{"sql": "DELETE FROM orders"}, failed: true}},
		{{name: query, in: claudetest.Input{"sql": "SELECT count(*) AS n FROM orders"}}},
	})
	wantAll(t, "the failed orders", r.Calls[0].Text(), "note\torders\ttotal\n", "card refused\t2\t106.00\n", "address unknown\t1\t8.00\n")
	if n := text.Tokens(r.Calls[0].Text()); n > 200 {
		t.Errorf("the answer has about %d tokens, want at most 200", n)
	}
	wantAll(t, "the schema", r.Calls[2].Text(), "orders(id bigint")
	wantAll(t, "the refused write", r.Calls[3].Text(), "requires permission")
	wantAll(t, "what is still there", r.Calls[4].Text(), "\n503\n")
}
