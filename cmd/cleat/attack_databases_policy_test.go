//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// twoLite is a world with two SQLite sources, acorn and other, each with a table and rows of
// its own, and the policy.
func twoLite(t *testing.T, policy string) *world {
	t.Helper()
	w := attacked(t, `-- sqlite.sql --
CREATE TABLE sekret_table (id integer PRIMARY KEY, sekret_column text);
INSERT INTO sekret_table VALUES (1, 'CANARY-VALUE');
-- user.toml --
[sources.acorn]
kind = "sqlite"
path = "$LITE"
[sources.acorn.queries.sekret_query]
sql = "SELECT sekret_column FROM sekret_table"
description = "sekret-description"
[sources.other]
kind = "sqlite"
path = "$HOME/other.db"
[sources.other.queries.open_query]
sql = "SELECT 1 AS one"
[policy]
`+policy)
	data, err := os.ReadFile(w.lite)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, w.home+"/other.db", data)
	return w
}

// databaseWays are the ways to what a database holds: tools, addresses, prompts, completions.
func databaseWays(source string) [][2]string {
	ways := [][2]string{{"resources/list", `{}`}}
	tool := func(name, args string) {
		ways = append(ways, [2]string{"tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s}`, name, args)})
	}
	for _, s := range []string{`,"source":"` + source + `"`, `,"source":"` + strings.ToUpper(source) + `"`, `,"source":" ` + source + `"`} {
		tool("db_query", `{"sql":"SELECT * FROM sekret_table"`+s+`}`)
		tool("db_query", `{"sql":"SELECT * FROM sekret_table","explain":true`+s+`}`)
		tool("db_query", `{"name":"sekret_query"`+s+`}`)
		tool("db_schema", `{"detail":"full"`+s+`}`)
		tool("db_schema", `{"pattern":"sekret*"`+s+`}`)
		tool("db_write", `{"sql":"UPDATE sekret_table SET sekret_column = 'x' RETURNING *"`+s+`}`)
		tool("db_write", `{"sql":"UPDATE sekret_table SET sekret_column = 'x' RETURNING *","dry_run":true`+s+`}`)
	}
	for _, u := range []string{
		"row://S/sekret_table/1", "ROW://S/sekret_table/1", "row://S/%73ekret_table/1", `row://S/main.sekret_table/1`, `row://S/"sekret_table"/1`, "row://%53/sekret_table/1",
		"row://S/./sekret_table/1", "row://S//sekret_table/1", "row://S/sekret_table/1?x=1", "row://S/sekret_table/1#/sekret_column", "row://x/../S/sekret_table/1",
		"table://S/sekret_table", "table://S/SEKRET_TABLE", "query://S/sekret_query", "query://S/sekret_query?", "query://S/%73ekret_query",
	} {
		u = strings.ReplaceAll(strings.ReplaceAll(u, "%53", fmt.Sprintf("%%%X", source[0])+source[1:]), "S/", source+"/")
		u, _ := json.Marshal(u)
		tool("read", `{"uri":`+string(u)+`}`)
		tool("read", `{"uri":`+string(u)+`,"part":"/sekret_column"}`)
		tool("read", `{"uri":`+string(u)+`,"grep":"CANARY"}`)
		tool("read", `{"uri":`+string(u)+`,"outline":true}`)
		ways = append(ways, [2]string{"resources/read", `{"uri":` + string(u) + `}`})
	}
	tool("find", `{"query":"sekret"}`)
	tool("find", `{"query":"table://`+source+`/sekret"}`)
	tool("find", `{"query":"sekret","in":["documents"]}`)
	ways = append(ways, [2]string{"prompts/get", `{"name":"explore_db","arguments":{"source":"` + source + `"}}`})
	for _, c := range [][2]string{{"table://{source}/{table}", "table"}, {"row://{source}/{table}/{key}", "table"}, {"row://{source}/{table}/{key}", "key"}, {"query://{source}/{name}{?params*}", "name"}} {
		for _, prefix := range []string{"", "s"} {
			ways = append(ways, [2]string{"completion/complete", fmt.Sprintf(`{"ref":{"type":"ref/resource","uri":%q},"argument":{"name":%q,"value":%q},"context":{"arguments":{"source":%q,"table":"sekret_table"}}}`, c[0], c[1], prefix, source)})
		}
	}
	return ways
}

// TestClosedDatabase: a source that policy closes is closed by every way in and not told of,
// and the other one is open as before.
func TestClosedDatabase(t *testing.T) {
	t.Parallel()
	told := []string{"CANARY-VALUE", "sekret_column", "sekret-description", "sekret_query"}
	for _, policy := range []string{`deny = ["*(source=acorn)"]`, "deny = [\"*(source=acorn)\"]\nallow = [\"db_write(source=acorn, op=dml)\", \"db_write(source=other, op=dml)\"]"} {
		w := twoLite(t, policy)
		p := w.peer(t)
		for _, way := range databaseWays("acorn") {
			m := p.ask(way[0], way[1])
			answer := string(m.Result) + string(m.Error)
			for _, s := range told {
				if strings.Contains(strings.ReplaceAll(way[1], s, ""), s) || strings.Contains(answer, s) && !strings.Contains(way[1], s) {
					t.Errorf("%s %s tells %s: %.400s", way[0], way[1], s, answer)
				}
			}
			if strings.Contains(answer, "internal") {
				t.Errorf("%s %s: %.300s", way[0], way[1], answer)
			}
		}
		// Nothing that lists or completes names the source, nor does the absence of one.
		for _, way := range [][2]string{
			{"tools/list", `{}`}, {"prompts/list", `{}`}, {"resources/list", `{}`}, {"resources/templates/list", `{}`},
			{"tools/call", `{"name":"db_query","arguments":{"sql":"SELECT 1","source":"nope"}}`},
			{"tools/call", `{"name":"db_query","arguments":{"sql":"SELECT 1"}}`},
			{"tools/call", `{"name":"db_schema","arguments":{}}`},
			{"resources/read", `{"uri":"row://nope/x/1"}`}, {"resources/read", `{"uri":"query://nope/x"}`},
			{"tools/call", `{"name":"read","arguments":{"uri":"table://nope/x"}}`},
			{"prompts/get", `{"name":"explore_db"}`},
			{"completion/complete", `{"ref":{"type":"ref/resource","uri":"table://{source}/{table}"},"argument":{"name":"source","value":""}}`},
			{"completion/complete", `{"ref":{"type":"ref/resource","uri":"query://{source}/{name}{?params*}"},"argument":{"name":"source","value":"a"}}`},
			{"completion/complete", `{"ref":{"type":"ref/prompt","name":"explore_db"},"argument":{"name":"source","value":""}}`},
		} {
			m := p.ask(way[0], way[1])
			answer := string(m.Result) + string(m.Error)
			if strings.Contains(answer, "acorn") || strings.Contains(answer, "sekret_query") {
				t.Errorf("%s %s names it: %.500s", way[0], way[1], answer)
			}
		}
		// The other is as open as it was.
		if text, failed := p.tool("db_query", `{"sql":"SELECT sekret_column FROM sekret_table","source":"other"}`); failed || !strings.Contains(text, "CANARY-VALUE") {
			t.Errorf("the other source: %s", text)
		}
		if text, failed := p.tool("read", `{"uri":"row://other/sekret_table/1"}`); failed || !strings.Contains(text, "CANARY-VALUE") {
			t.Errorf("the other source's row: %s", text)
		}
		if text, failed := p.tool("db_schema", `{}`); failed || !strings.Contains(text, "sekret_table") {
			t.Errorf("without a source, the one that is open: %s", text)
		}
		if strings.Contains(policy, "allow") {
			if text, failed := p.tool("db_write", `{"sql":"UPDATE sekret_table SET sekret_column = 'x'","source":"acorn"}`); !failed {
				t.Errorf("denied and allowed: %s", text)
			}
			if text, failed := p.tool("db_write", `{"sql":"UPDATE sekret_table SET sekret_column = 'x'","source":"other"}`); failed {
				t.Errorf("the other, which may be written: %s", text)
			}
		}
		p.end()
	}
}

// TestClosedWays: each rule closes what it names by all of its ways, and nothing else.
func TestClosedWays(t *testing.T) {
	t.Parallel()
	query := [2]string{"tools/call", `{"name":"db_query","arguments":{"sql":"SELECT * FROM sekret_table","source":"acorn"}}`}
	schema := [2]string{"tools/call", `{"name":"db_schema","arguments":{"source":"acorn"}}`}
	row := [2]string{"resources/read", `{"uri":"row://acorn/sekret_table/1"}`}
	table := [2]string{"resources/read", `{"uri":"table://acorn/sekret_table"}`}
	named := [2]string{"resources/read", `{"uri":"query://acorn/sekret_query"}`}
	readRow := [2]string{"tools/call", `{"name":"read","arguments":{"uri":"row://acorn/sekret_table/1"}}`}
	readTable := [2]string{"tools/call", `{"name":"read","arguments":{"uri":"table://acorn/sekret_table"}}`}
	readQuery := [2]string{"tools/call", `{"name":"read","arguments":{"uri":"query://acorn/sekret_query"}}`}
	addresses := [][2]string{row, table, named, readRow, readTable, readQuery}
	every := [][2]string{query, schema, row, table, named, readRow, readTable, readQuery}
	for rule, closed := range map[string][][2]string{
		// What a tool may not show, no address shows.
		`db_query(source=acorn)`: {query, row, named, readRow, readQuery}, `db_query`: {query, row, named, readRow, readQuery},
		`db_schema`: {schema, table, readTable}, `db_*`: every,
		`row`: {row, readRow}, `table`: {table, readTable}, `query`: {named, readQuery}, `read`: addresses,
		`read(uri=row://*)`: {row, readRow}, `*(uri=row://*)`: {row, readRow}, `*(source=acorn)`: every, `read(source=acorn)`: addresses,
		`*(uri=row://acorn/sekret_table/*)`: {row, readRow}, `row(source=acorn)`: {row, readRow}, `*(uri=query://acorn/*)`: {named, readQuery},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			w := twoLite(t, `deny = ["`+rule+`"]`)
			p := w.peer(t)
			for _, way := range every {
				text, failed := told(t, p.ask(way[0], way[1]))
				if want := slices.Contains(closed, way); failed != want || want && !strings.Contains(text, "denied") {
					t.Errorf("%s: closed %v, want %v: %.300s", way[1], failed, want, text)
				}
			}
			for _, r := range w.audited(t) {
				if r.Outcome == "denied" && (r.Decision != "deny" || !strings.Contains(r.Rule, rule)) {
					t.Errorf("the record of a refusal: %s %s %s", r.Name, r.Decision, r.Rule)
				}
			}
		})
	}
}

// TestProjectDatabase: a project file adds a database only once it is trusted, never with
// what runs a program or reaches out of the repository, and changes nothing of the user's.
func TestProjectDatabase(t *testing.T) {
	t.Parallel()
	user := "-- user.toml --\n[sources.app]\nkind = \"sqlite\"\npath = \"$LITE\"\nmask = [\"*.sekret\"]\ntables = [\"t\"]\n"
	script := "-- sqlite.sql --\nCREATE TABLE t (id integer PRIMARY KEY, sekret text);\nINSERT INTO t VALUES (1, 'CANARY-VALUE');\nCREATE TABLE u (a text);\nINSERT INTO u VALUES ('CANARY-OTHER');\n"
	for _, c := range []struct{ name, project string }{
		{"the same name", "[sources.app]\nkind = \"sqlite\"\npath = \"$LITE\"\n"},
		{"the same name, nothing else", "[sources.app]\nkind = \"sqlite\"\npath = \"$LITE\"\nmask = []\ntables = [\"*\"]\n"},
		{"its queries", "[sources.app.queries.x]\nsql = \"SELECT sekret FROM t\"\n"},
		{"its mask", "[sources.app]\nmask = []\n"},
		{"the same file", "[sources.mine]\nkind = \"sqlite\"\npath = \"$LITE\"\n"},
		{"a file outside", "[sources.mine]\nkind = \"sqlite\"\npath = \"../home/app.db\"\n"},
		{"a link", "[sources.mine]\nkind = \"sqlite\"\npath = \"link.db\"\n"},
		{"a write", "[policy]\nallow = [\"db_write(source=app, op=dml)\"]\n"},
		{"ssh", "[sources.mine]\nkind = \"postgres\"\ndsn = \"postgres://u@h/d\"\nssh = \"h\"\n"},
		{"a command", "[sources.mine]\nkind = \"postgres\"\ndsn = { command = [\"touch\", \"$HOME/ran\"] }\n"},
		{"a command as text", "[sources.mine]\nkind = \"mysql\"\ndsn = \"command:touch $HOME/ran\"\n"},
		{"a secret of the user", "[sources.mine]\nkind = \"postgres\"\ndsn = \"env:OTHER_SECRET\"\n"},
		{"a file of the user", "[sources.mine]\nkind = \"postgres\"\ndsn = \"file:~/secret\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, trust := range []bool{false, true} {
				w := attacked(t, script+user)
				w.env = append(w.env, "OTHER_SECRET=postgres://u:CANARY-SECRET@127.0.0.1:1/d")
				w.write(t, "cleat.toml", w.fill(c.project))
				w.change(t, "link link.db $HOME/app.db")
				if trust {
					w.run(t, "trust", "--yes")
				}
				p := w.peer(t)
				var said strings.Builder
				for _, source := range []string{"app", "mine"} {
					for _, sql := range []string{"SELECT sekret FROM t", "SELECT a FROM u"} {
						text, _ := p.tool("db_query", fmt.Sprintf(`{"sql":%q,"source":%q}`, sql, source))
						said.WriteString(text)
					}
					text, _ := p.tool("db_write", fmt.Sprintf(`{"sql":"DELETE FROM u","source":%q}`, source))
					said.WriteString(text)
				}
				text, _ := p.tool("db_query", `{"name":"x","source":"app"}`)
				status, _ := p.tool("status", `{}`)
				all := said.String() + text + status + p.stderr.String()
				for _, s := range []string{"CANARY-VALUE", "CANARY-OTHER", "CANARY-SECRET", "committed"} {
					if strings.Contains(all, s) {
						t.Errorf("trusted %v: %s came out:\n%.600s", trust, s, all)
					}
				}
				if w.exists("ran") {
					t.Errorf("trusted %v: a command ran", trust)
				}
			}
		})
	}
}

// TestReadOnlyDatabase: read_only in any layer keeps every database from being written.
func TestReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	for _, layer := range []string{"managed.toml", "cleat.toml"} {
		for _, kind := range []string{"sqlite", "postgres", "mysql"} {
			t.Run(layer+" "+kind, func(t *testing.T) {
				t.Parallel()
				w := writable(t, kind, shopDB, "")
				readOnly := "[policy]\nread_only = true\n"
				if layer == "cleat.toml" {
					w.write(t, layer, readOnly)
				} else {
					writeFile(t, w.home+"/managed.toml", []byte(readOnly))
				}
				p := w.peer(t)
				if slices.Contains(p.listed("tools/list"), "db_write") {
					t.Error("db_write is listed")
				}
				for _, args := range []string{`{"sql":"DELETE FROM orders"}`, `{"sql":"DELETE FROM orders","dry_run":true}`, `{"sql":"DELETE FROM orders","idempotency_key":"k"}`} {
					if text, failed := p.tool("db_write", args); !failed || !strings.HasPrefix(text, "denied: ") {
						t.Errorf("%s: %s", args, text)
					}
				}
				if n := p.count("new"); n != "2" {
					t.Errorf("%s rows are left", n)
				}
			})
		}
	}
}

func (w *world) exists(name string) bool {
	_, err := os.Stat(w.home + "/" + name)
	return err == nil
}
