//go:build linux

package main

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
)

// TestMaskedEverywhere: the values of masked columns come out by no way, and are in nothing
// that cleat keeps.
func TestMaskedEverywhere(t *testing.T) {
	t.Parallel()
	const script = `
CREATE TABLE users (id integer PRIMARY KEY, email varchar(200), ssn varchar(9000), name varchar(20));
INSERT INTO users VALUES (1, 'CANARY-MAIL', 'CANARY-SSN', 'Ann'), (2, 'CANARY-MAIL', 'LONG-CANARY-SSN', 'Bob');
CREATE VIEW people AS SELECT id, email AS contact, ssn AS number FROM users;
CREATE TABLE keyed (ssn varchar(40) PRIMARY KEY, a integer);
INSERT INTO keyed VALUES ('CANARY-KEY', 1);
`
	for _, kind := range []string{"sqlite", "postgres", "mysql"} {
		for _, format := range []string{"text", "json"} {
			t.Run(kind+" "+format, func(t *testing.T) {
				t.Parallel()
				address, more := `dsn = "env:APP_DSN"`, ""
				if kind == "sqlite" {
					address = `path = "$LITE"`
				}
				if format == "json" {
					more = "[output]\nformat = \"json\"\n"
				}
				w := attacked(t, "-- "+kind+".sql --\n"+strings.ReplaceAll(script, "LONG", strings.Repeat("L", 8000))+"-- user.toml --\n[sources.app]\nkind = \""+kind+"\"\n"+address+
					"\nmask = [\"users.email:hash\", \"*.ssn\"]\n[sources.app.queries.all_users]\nsql = \"SELECT * FROM users\"\n[sources.app.queries.tricky]\nsql = \"SELECT upper(email) AS e FROM users\"\n"+
					"[policy]\nallow = [\"db_write(source=app, op=dml)\"]\n"+more)
				p := w.peer(t)
				shown := 0
				for _, sql := range []string{
					"SELECT * FROM users", "SELECT * FROM people", "SELECT contact, number FROM people", "SELECT ssn AS a, email AS b FROM users", "SELECT u.ssn FROM users u",
					"SELECT * FROM (SELECT ssn FROM users) x", "WITH x AS (SELECT ssn AS y FROM users) SELECT y FROM x", "SELECT ssn FROM users UNION ALL SELECT name FROM users", "SELECT name FROM users UNION SELECT ssn FROM users",
					"SELECT (SELECT ssn FROM users WHERE id = 1) AS s", "SELECT max(ssn) FROM users", "SELECT ssn || '' FROM users", "SELECT concat(ssn, '') FROM users", "SELECT substr(number, 1, 40) FROM people",
					"SELECT CASE WHEN id = 1 THEN ssn END FROM users", "SELECT lower(ssn) FROM users", "SELECT coalesce(ssn, 'x') FROM users", "SELECT CAST(ssn AS char(40)) FROM users", "SELECT replace(ssn, 'X', 'Y') FROM users",
					"SELECT row_to_json(u) FROM users u", "SELECT u FROM users u", "SELECT u::text FROM users u", "SELECT json_object('a', ssn) FROM users", "SELECT json_arrayagg(ssn) FROM users", "SELECT group_concat(ssn) FROM users",
					"SELECT string_agg(ssn, ',') FROM users", "SELECT array_agg(ssn) FROM users", "SELECT to_json(ssn) FROM users", "SELECT hex(ssn) FROM users", "SELECT quote(ssn) FROM users", "SELECT a.ssn FROM users a JOIN users b ON a.ssn = b.ssn",
					"SELECT ssn FROM users ORDER BY ssn", "SELECT name FROM users ORDER BY ssn", "SELECT CAST(ssn AS integer) FROM users", "SELECT 1/(length(ssn)-length(ssn)) FROM users", "SELECT 1 FROM users WHERE CAST(ssn AS integer) = 1",
					"SELECT EXTRACTVALUE(1, CONCAT(0x7e, (SELECT ssn FROM users LIMIT 1)))", "SELECT * FROM users NATURAL JOIN keyed", "SELECT ssn FROM keyed", "SELECT DISTINCT ssn FROM users", "SELECT first_value(ssn) OVER (ORDER BY id) FROM users",
					"SELECT t.x FROM users CROSS JOIN LATERAL (SELECT ssn AS x) t", "SELECT histogram_bounds, most_common_vals FROM pg_stats", "SELECT * FROM users WHERE ssn = 'CANARY' || '-SSN'", "TABLE users", "TABLE people", "SELECT * FROM sqlite_stat4",
				} {
					for _, tail := range []string{``, `,"explain":true`, `,"budget":300`} {
						text, failed := p.tool("db_query", fmt.Sprintf(`{"sql":%s%s}`, quoted(t, sql), tail))
						if !failed && strings.Contains(text, "[masked") {
							shown++
						}
						if text = strings.ReplaceAll(text, "'CANARY' || '-SSN'", ""); strings.Contains(text, "CANARY-") || strings.Contains(strings.ToLower(text), "canary-") || strings.Contains(text, "43414E4152592D") || strings.Contains(text, "LLLLLLLL") {
							t.Errorf("%s%s: %.500s", sql, tail, text)
						}
					}
				}
				if shown < 6 {
					t.Errorf("only %d answers were masked, so the test shows little", shown)
				}
				for _, sql := range []string{
					"UPDATE users SET name = 'Eve' RETURNING ssn", "UPDATE users SET name = ssn RETURNING name", "UPDATE users SET name = 'Eve' RETURNING *", "DELETE FROM users RETURNING ssn, email", "DELETE FROM users RETURNING lower(ssn)",
					"INSERT INTO users (id, name) SELECT id + 10, substr(ssn, 1, 20) FROM users RETURNING name", "INSERT INTO users SELECT id + 20, ssn, email, 'x' FROM users RETURNING email", "DELETE FROM keyed RETURNING *",
					"UPDATE users SET name = substr(email, 1, 20)", "INSERT INTO keyed SELECT 'x', length(ssn) FROM users WHERE id = 1", "UPDATE keyed SET a = 1/0 WHERE ssn LIKE 'CANARY%'", "INSERT INTO keyed VALUES ('CANARY' || '-KEY', 1)",
					"INSERT INTO users VALUES (1, 'x', 'y', 'z') ON CONFLICT (id) DO UPDATE SET name = users.ssn RETURNING name", "UPDATE users SET id = 1", "UPDATE users SET name = (SELECT ssn FROM keyed) RETURNING name",
				} {
					for _, tail := range []string{`,"dry_run":true`, `,"idempotency_key":` + quoted(t, sql)} {
						text, _ := p.tool("db_write", fmt.Sprintf(`{"sql":%s%s}`, quoted(t, sql), tail))
						if text = strings.ReplaceAll(text, "'CANARY' || '-KEY'", ""); strings.Contains(text, "CANARY-") || strings.Contains(text, "LLLLLLLL") {
							t.Errorf("%s%s: %.500s", sql, tail, text)
						}
					}
					if text, _ := p.tool("db_query", `{"sql":"SELECT name FROM users"}`); strings.Contains(text, "CANARY") || strings.Contains(text, "LLLL") {
						t.Fatalf("%s laid a masked value open: %.400s", sql, text)
					}
				}
				for _, uri := range []string{"row://app/users/1", "row://app/users/2", "row://app/people/1", "row://app/keyed/CANARY-KEY", "row://app/keyed/x", "query://app/all_users", "query://app/tricky", "table://app/users", "table://app/people"} {
					for _, more := range []string{``, `,"part":"/ssn"`, `,"part":"/email"`, `,"grep":"CANARY"`, `,"outline":true`, `,"part":"L1-L9"`} {
						text, _ := p.tool("read", fmt.Sprintf(`{"uri":%q%s}`, uri, more))
						if strings.Contains(strings.ReplaceAll(text, uri, ""), "CANARY-") || strings.Contains(text, "LLLLLLLL") {
							t.Errorf("%s%s: %.400s", uri, more, text)
						}
					}
					if text, _ := told(t, p.ask("resources/read", fmt.Sprintf(`{"uri":%q}`, uri))); strings.Contains(strings.ReplaceAll(text, uri, ""), "CANARY-") {
						t.Errorf("%s: %.400s", uri, text)
					}
				}
				text, _ := p.tool("find", `{"query":"CANARY"}`)
				p.end()
				all := text + w.everything(t, p)
				for _, sent := range []string{"keyed/CANARY-KEY", `"key":"CANARY-KEY"`} { // what was asked for
					all = strings.ReplaceAll(all, sent, "")
				}
				if i := regexp.MustCompile("CANARY-|LLLLLLLL").FindStringIndex(all); i != nil {
					t.Errorf("what cleat wrote has a masked value: %.400s", all[max(0, i[0]-300):])
				}
			})
		}
	}
}

// TestSecretsInRows: secrets in rows are redacted by every way out, in whole, clipped and
// kept cells, at whatever place they stand.
func TestSecretsInRows(t *testing.T) {
	t.Parallel()
	const token = "ghp_" + "q7Rk2mZx9TbV4nLw8HcY3pJd6SgF1aKe5UiO"
	key := "-----" + "BEGIN RSA PRIVATE KEY-----\n" + strings.Repeat("MIIEpAIBAAKCAQEAuJ8g1Qm3Zz1V5b0sXo2Jp9wq7Yk3hT6nLd4fRc8eUi1oGvBx\n", 12) + "-----" + "END RSA PRIVATE KEY-----\n"
	script := "CREATE TABLE s (id integer PRIMARY KEY, a text, b text);\n"
	for i, n := range []int{0, 60, 190, 198, 200, 204, 230, 500, 4000, 60000} {
		script += fmt.Sprintf("INSERT INTO s VALUES (%d, '%s%s%s', '%s');\n", i, strings.Repeat("z", n), " "+token+" ", strings.Repeat("y", n), strings.Repeat("z", n)+" "+key)
	}
	for _, kind := range []string{"sqlite", "postgres", "mysql"} {
		for _, format := range []string{"text", "json"} {
			t.Run(kind+" "+format, func(t *testing.T) {
				t.Parallel()
				more := ""
				if format == "json" {
					more = "[output]\nformat = \"json\"\n"
				}
				w := writable(t, kind, strings.ReplaceAll(script, " text", map[string]string{"mysql": " longtext"}[kind]+map[string]string{"sqlite": " text", "postgres": " text"}[kind]), more)
				p := w.peer(t)
				for _, args := range []string{`"sql":"SELECT * FROM s"`, `"sql":"SELECT a, b FROM s"`, `"sql":"SELECT a FROM s WHERE id > 5","budget":300`, `"sql":"SELECT b AS x FROM s"`, `"sql":"SELECT count(*) FROM s WHERE a LIKE '%` + token + `%'"`,
					`"sql":"SELECT a FROM s","explain":true`, `"sql":"SELECT a AS ` + token + ` FROM s"`, `"sql":"SELECT 1","name":"` + token + `"`, `"sql":"SELECT a FROM s WHERE a = ` + map[string]string{"postgres": "$1", "sqlite": "?", "mysql": "?"}[kind] + `","params":["` + token + `"]`} {
					p.tool("db_query", "{"+args+"}")
				}
				p.tool("db_write", `{"sql":"UPDATE s SET a = '`+token+`' WHERE id = 1","idempotency_key":"`+token+`"}`)
				p.tool("db_write", `{"sql":"UPDATE s SET id = 0"}`)
				for i := range 10 {
					p.tool("read", fmt.Sprintf(`{"uri":"row://app/s/%d"}`, i))
					p.tool("read", fmt.Sprintf(`{"uri":"row://app/s/%d","part":"/b"}`, i))
					p.ask("resources/read", fmt.Sprintf(`{"uri":"row://app/s/%d"}`, i))
				}
				for _, uri := range regexp.MustCompile(`spill://[A-Z2-7]+`).FindAllString(p.said(), -1) {
					p.tool("read", fmt.Sprintf(`{"uri":%q,"budget":10000}`, uri))
				}
				p.end()
				all := w.everything(t, p)
				for _, secret := range []string{token[:12], "MIIEpAIBAAKCAQEA", "IBAAKCAQEAuJ8g1Qm3"} {
					if i := strings.Index(all, secret); i >= 0 {
						t.Errorf("%s came out: %.400s", secret, all[max(0, i-200):])
					}
				}
				if !strings.Contains(all, "[redacted:github-token:") || !strings.Contains(all, "[redacted:private-key:") {
					t.Errorf("nothing was redacted, so the test shows nothing: %.1000s", all)
				}
			})
		}
	}
}

// TestSecretAtACut: where a value is too long to be read as a whole, the cut does not make a
// part of a secret of what would have been redacted.
func TestSecretAtACut(t *testing.T) {
	t.Parallel()
	const password = "app-secret-pw" // that the address of the database has
	script := "CREATE TABLE s (id integer PRIMARY KEY, a text);\n"
	for i := range 13 {
		script += fmt.Sprintf("INSERT INTO s VALUES (%d, repeat('z', %d) || '%s' || repeat('z', 50));\n", i, 100<<10-i, password)
	}
	w := writable(t, "postgres", script, "")
	if !strings.Contains(w.dsn, password) {
		t.Fatalf("the address is another: %s", w.dsn)
	}
	p := w.peer(t)
	p.tool("db_query", `{"sql":"SELECT a || '' AS a FROM s"}`)
	p.tool("db_query", `{"sql":"SELECT a FROM s WHERE id = 12"}`)
	for i := range 13 {
		p.tool("read", fmt.Sprintf(`{"uri":"row://app/s/%d","part":"/a","grep":"app","budget":10000}`, i))
		p.tool("read", fmt.Sprintf(`{"uri":"row://app/s/%d","budget":10000}`, i))
	}
	p.end()
	if i := strings.Index(w.everything(t, p), "zapp-secre"); i >= 0 {
		t.Errorf("the beginning of a secret came out: %s", w.everything(t, p)[i:i+40])
	}
}

// TestDisguisedWrites: what policy allows as dml is dml to the database.
func TestDisguisedWrites(t *testing.T) {
	t.Parallel()
	common := []string{
		"DROP TABLE orders", "/* INSERT */ DROP TABLE orders", "INSERT INTO orders VALUES (9, 'x', 'y'); DROP TABLE orders", "-- INSERT\nDROP TABLE orders", "/*/*/ DROP TABLE orders /*/*/", "/* /* */ INSERT INTO orders VALUES (9,'x','y') -- */ DROP TABLE orders",
		"# INSERT\nDROP TABLE orders", "UPDATE orders SET note = '\\'; DROP TABLE orders; -- '", "INSERT INTO orders VALUES (9, '\\', '); DROP TABLE orders; -- ')", "INSERT INTO orders VALUES (9, $$'$$, $$'; DROP TABLE orders; --$$)",
		"/*! DROP TABLE orders */", "/*M! DROP TABLE orders */", "INSERT INTO orders VALUES (9,'x','y') /*!50000 ; DROP TABLE orders */", "\"INSERT\" DROP TABLE orders", "`insert` drop table orders", "[insert] DROP TABLE orders",
		"EXPLAIN ANALYZE DELETE FROM orders", "EXPLAIN DELETE FROM orders", "ANALYZE DELETE FROM orders", "WITH x AS (DELETE FROM orders RETURNING *) SELECT * INTO new_table FROM x", "CREATE TABLE orders2 AS SELECT * FROM orders", "TRUNCATE orders",
		"DO $$ BEGIN DELETE FROM orders; END $$", "BEGIN NOT ATOMIC DELETE FROM orders; END", "CALL p()", "EXECUTE IMMEDIATE 'DROP TABLE orders'", "PREPARE x AS DELETE FROM orders", "SET @a = 1", "GRANT ALL ON orders TO public", "COPY orders FROM '/etc/passwd'",
		"LOAD DATA INFILE '/etc/passwd' INTO TABLE orders", "ATTACH DATABASE 'x' AS x", "VACUUM INTO 'x'", "PRAGMA writable_schema=ON", "REPLACE INTO sqlite_schema VALUES (1,2,3,4,5)", "UPDATE sqlite_master SET sql = 'x'", "DELETE FROM pg_catalog.pg_class",
		"COMMIT", "BEGIN; DELETE FROM orders", "INSERT INTO orders SELECT 1, 'x', 'y' INTO OUTFILE '/tmp/x'", "ＤＥＬＥＴＥ FROM orders", "\u00a0DROP TABLE orders", "\ufeffDROP TABLE orders", "DELETE FROM orders\x00", "",
		"DELETE FROM orders -- \\\n; DROP TABLE orders", "DELETE FROM orders WHERE note = U&'\\0027; DROP TABLE orders' UESCAPE '!'", "DELETE FROM orders WHERE note = E'\\'; DROP TABLE orders; --'",
		"DELETE FROM orders WHERE 1 --1; DROP TABLE orders", "DELETE FROM orders WHERE note = 'a''; DROP TABLE orders; --'; DROP TABLE orders", "WITH x AS (SELECT 1) DROP TABLE orders", "(DELETE FROM orders)", "ALTER TABLE orders RENAME TO o",
	}
	for _, kind := range []string{"sqlite", "postgres", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := writable(t, kind, shopDB, "")
			p := w.peer(t)
			for _, sql := range common {
				text, failed := p.tool("db_write", `{"sql":`+quoted(t, sql)+`,"dry_run":false}`)
				code, _, _ := strings.Cut(text, ": ")
				if failed && code != "invalid" && code != "denied" && code != "unsupported" && code != "not_found" {
					t.Errorf("%q: %s", sql, text)
				}
				if text, failed := p.tool("db_schema", `{"detail":"names"}`); failed || !strings.Contains(text, "orders") || strings.Contains(text, "orders2") || strings.Contains(text, "new_table") {
					t.Fatalf("after %q: %s", sql, text)
				}
				if !failed && !strings.HasPrefix(text, "0 rows") && !strings.Contains(sql, "'") {
					t.Errorf("%q was done: %s", sql, text)
				}
			}
			allowed := 0
			for _, r := range w.audited(t) {
				if r.Phase == "intent" && r.Op != "dml" {
					t.Errorf("record %d is of the operation %q: %s", r.Seq, r.Op, r.Args)
				}
				if r.Name == "db_write" && r.Outcome == "denied" && r.Decision == "allow" && r.Phase == "" {
					allowed++
				}
			}
			if allowed > 0 {
				t.Errorf("%d records of statements that were refused before policy have the decision allow", allowed)
			}
			for _, source := range []string{"App", "app ", "nope", "workspace", "spill", "*"} {
				if text, failed := p.tool("db_write", `{"sql":"DELETE FROM orders","source":`+quoted(t, source)+`}`); !failed {
					t.Errorf("source %q: %s", source, text)
				}
			}
		})
	}
}

// TestDatabaseKinds gives every argument of the tools of databases every kind of value: it
// is taken for what it says, or an error names the argument.
func TestDatabaseKinds(t *testing.T) {
	t.Parallel()
	values := []string{`5`, `-1`, `1.5`, `"5"`, `"x"`, `""`, `true`, `"true"`, `null`, `[]`, `["x"]`, `[1,2]`, `[[]]`, `[{}]`, `[null]`, `{}`, `{"a":{"b":[]}}`, `"\u0000"`, `["\u0000"]`, `["\ud800"]`,
		`"[\"a\"]"`, `"{}"`, `1e400`, `-0`, `[1e400]`, `[-0]`, `[9223372036854775808]`, `"\ud800"`, `"NaN"`, quoted(t, strings.Repeat("y", 100_000)), `[` + quoted(t, strings.Repeat("y", 100_000)) + `]`, quoted(t, strings.Repeat("[", 1000)), strings.Repeat("[", 90) + strings.Repeat("]", 90)}
	for _, kind := range []string{"sqlite", "postgres", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := writable(t, kind, shopDB, "").peer(t)
			mark := map[string]string{"postgres": "$1"}[kind] + map[string]string{"sqlite": "?", "mysql": "?"}[kind]
			for tool, base := range map[string]map[string]string{
				"db_schema": {}, "db_query": {"sql": `"SELECT id FROM orders"`}, "db_write": {"sql": `"UPDATE orders SET note = 'x'"`, "dry_run": "true"},
				"db_query ": {"sql": `"SELECT id FROM orders WHERE id = ` + mark + `"`}, "db_write ": {"sql": `"UPDATE orders SET status = 'x' WHERE note = ` + mark + `"`},
			} {
				name := strings.TrimSpace(tool)
				for _, schema := range p.tools() {
					if schema.Name != name {
						continue
					}
					for argument := range schema.InputSchema.Properties {
						if name != tool && argument != "params" {
							continue
						}
						for _, v := range values {
							args := maps.Clone(base)
							args[argument] = v
							m := p.ask("tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s}`, name, objectOf(args)))
							text, failed := told(t, m)
							code, _, _ := strings.Cut(text, ": ")
							switch {
							case m.Error != nil && !strings.Contains(text, "JSON"):
								t.Errorf("%s %s=%.60s: a protocol error: %s", name, argument, v, m.Error)
							case len(text) > 40_000, failed && len(text) > 10_000:
								t.Errorf("%s %s=%.60s: %d characters", name, argument, v, len(text))
							case !failed || code == "timeout" && argument == "timeout_ms":
							case code == "invalid" && !strings.Contains(text, argument) && !(argument == "sql" && (strings.Contains(text, "SQL") || strings.Contains(text, "statement"))) &&
								!(argument == "params" && (strings.Contains(text, "parameter") || strings.Contains(text, "SQLSTATE"))):
								t.Errorf("%s %s=%.60s: the error does not name the argument: %.300s", name, argument, v, text)
							case code != "invalid" && code != "not_found" && code != "denied" && code != "too_large" && code != "unsupported":
								t.Errorf("%s %s=%.60s: %.300s", name, argument, v, text)
							}
						}
					}
				}
			}
		})
	}
}
