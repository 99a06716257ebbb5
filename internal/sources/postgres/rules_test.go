package postgres

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/sources/postgres/pgtest"
	"cleat/internal/systems/databases"
)

func TestTables(t *testing.T) {
	f := maskFixture(t, pgtest.Start(t))
	f.server.ExecAs(t, f.db, "app", "CREATE SCHEMA hr", "CREATE TABLE hr.pay (id int PRIMARY KEY, x text)", "INSERT INTO hr.pay VALUES (1, 'CANARY')", "CREATE TABLE pay (id int)",
		"CREATE VIEW payview AS SELECT id FROM hr.pay", "CREATE VIEW over AS SELECT * FROM payview")
	s := f.open(t, "app", databases.Config{Tables: []string{"users", "mails", "staff", "payview", "hr.x*"}})
	for sql, allowed := range map[string]bool{
		"SELECT id FROM users WHERE id = 1":                         true,
		"SELECT id FROM mails WHERE id = 1":                         true, // its table is listed too
		"SELECT id FROM payview":                                    true, // its table is not
		"SELECT id FROM staff":                                      true, // and its partitions
		"SELECT 1":                                                  true,
		"SELECT * FROM generate_series(1, 2)":                       true,
		"SELECT id FROM staff_1":                                    false,
		"SELECT id FROM over":                                       false,
		"SELECT * FROM orders":                                      false,
		"SELECT * FROM hr.pay":                                      false,
		"SELECT * FROM pay":                                         false,
		`SELECT * FROM "hr"."pay"`:                                  false,
		`SELECT * FROM U&"hr".U&"p\0061y"`:                          false,
		"SELECT p.* FROM payview v JOIN hr.pay p USING (id)":        false,
		"WITH users AS (SELECT * FROM hr.pay) SELECT * FROM users":  false,
		"SELECT (SELECT x FROM hr.pay LIMIT 1)":                     false,
		"SELECT 1 FROM users LEFT JOIN hr.pay p ON p.id = users.id": false, // the join has no effect
		"SELECT 1 WHERE false AND EXISTS (SELECT FROM hr.pay)":      false,
		"TABLE hr.pay":                                              false,
		"SELECT * FROM pg_class":                                    false,
		"SELECT * FROM pg_catalog.pg_proc":                          false,
		"SELECT * FROM pg_tables":                                   false,
		"SELECT * FROM information_schema.columns":                  false,
		"SELECT * FROM tickets":                                     false,
		"SELECT table_to_xml('hr.pay', true, true, '')":             false,
	} {
		res, err := query(t, s, sql)
		if allowed && err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		if !allowed && err == nil {
			t.Errorf("%s: it ran: %s", sql, flat(res))
		}
		if _, err := s.Explain(t.Context(), databases.Query{SQL: sql}); allowed != (err == nil) {
			t.Errorf("plan of %s: %v", sql, err)
		}
	}
	if _, err := s.Row(t.Context(), "hr.pay", []string{"1"}); code(err) != fail.Denied {
		t.Errorf("a row of a table that is not listed: %v", err)
	}
	if _, err := s.Write(t.Context(), databases.Write{SQL: "DELETE FROM hr.pay", Class: databases.DML}); code(err) != fail.Denied {
		t.Errorf("a write: %v", err)
	}
	if _, err := s.Write(t.Context(), databases.Write{SQL: "DROP TABLE hr.pay", Class: databases.DDL}); code(err) != fail.Denied {
		t.Errorf("a definition: %v", err)
	}
	sch, err := s.Schema(t.Context(), databases.SchemaQuery{Pattern: "*", Detail: databases.Names})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range sch.Objects {
		names = append(names, o.Name)
	}
	if want := []string{"mails", "payview", "staff", "users"}; !slices.Equal(names, want) {
		t.Errorf("db_schema lists %v, want %v", names, want)
	}
	open := f.open(t, "app", databases.Config{Tables: []string{"*", "pg_catalog.pg_class"}})
	if _, err := query(t, open, "SELECT relname FROM pg_class LIMIT 1"); err != nil {
		t.Errorf("a system table that is listed: %v", err)
	}
	if _, err := query(t, open, "SELECT * FROM pg_proc"); code(err) != fail.Denied {
		t.Errorf("a system table that is not: %v", err)
	}
}

// TestMaskedViews: a mask may name a view.
func TestMaskedViews(t *testing.T) {
	f := maskFixture(t, pgtest.Start(t))
	s := f.open(t, "app", databases.Config{Mask: []string{"people.number:partial", "tails.tail"}})
	for sql, want := range map[string]string{
		"SELECT number FROM people WHERE id = 1":          "…89",
		"SELECT n FROM folk WHERE id = 1":                 "…89",
		"SELECT email FROM people WHERE number LIKE '1%'": "",
		"SELECT upper(n) FROM folk":                       "",
		"SELECT tail FROM tails":                          "",
		"SELECT id FROM tails":                            "",
		"SELECT email FROM mails WHERE id = 1":            "ann@example.com",
	} {
		res, err := query(t, s, sql)
		if want == "" && code(err) != fail.Denied || want != "" && (err != nil || flat(res) != want) {
			t.Errorf("%s: %s %v, want %q", sql, flat(res), err, want)
		}
	}
}

func TestRow(t *testing.T) {
	f := newFixture(t)
	f.server.ExecAs(t, f.db, "app", `CREATE TABLE pairs (v text, "A b" int, c date, PRIMARY KEY (c, "A b"))`, `INSERT INTO pairs VALUES ('x', 1, '2026-01-02')`, "CREATE VIEW v AS TABLE users")
	s := f.open(t, "ro", databases.Config{Mask: []string{"users.ssn"}})
	if res, err := s.Row(t.Context(), "users", []string{"1"}); err != nil || flat(res) != "1|ann@example.com|[masked]" {
		t.Errorf("%s %v", flat(res), err)
	}
	if res, err := s.Row(t.Context(), "public.pairs", []string{"2026-01-02", "1"}); err != nil || flat(res) != "x|1|2026-01-02" {
		t.Errorf("%s %v", flat(res), err)
	}
	for _, c := range []struct {
		table string
		key   []string
		code  fail.Code
		want  string
	}{
		{"userz", []string{"1"}, fail.NotFound, "users"},
		{"users", []string{"99"}, fail.NotFound, ""},
		{"users", []string{"x"}, fail.Invalid, ""},
		{"users", []string{"1", "2"}, fail.Invalid, "id"},
		{"pairs", []string{"1"}, fail.Invalid, "c, A b"},
		{"v", []string{"1"}, fail.Invalid, "no primary key"},
		{"users", []string{"1; DROP TABLE users"}, fail.Invalid, ""},
		{`users"; DROP TABLE users; --`, []string{"1"}, fail.NotFound, ""},
		{"pg_authid", []string{"10"}, fail.Denied, ""},
	} {
		_, err := s.Row(t.Context(), c.table, c.key)
		if code(err) != c.code || !strings.Contains(fail.Show(err), c.want) {
			t.Errorf("%s %q: %v, want %s %q", c.table, c.key, err, c.code, c.want)
		}
	}
	key := f.open(t, "ro", databases.Config{Mask: []string{"users.id"}})
	if _, err := key.Row(t.Context(), "users", []string{"1"}); code(err) != fail.Denied {
		t.Errorf("by a masked key: %v", err)
	}
}

func TestWrite(t *testing.T) {
	f := newFixture(t)
	f.server.Exec(t, f.db, attackSetup()...)
	f.server.ExecAs(t, f.db, "app", "CREATE TABLE later (id int PRIMARY KEY, other int REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)")
	free, masked := f.open(t, "app", databases.Config{}), f.open(t, "app", databases.Config{Mask: []string{"users.ssn"}})
	ro := f.open(t, "ro", databases.Config{})
	const dml, ddl = databases.DML, databases.DDL
	for _, c := range []struct {
		name   string
		s      *Source
		sql    string
		class  databases.Class
		dry    bool
		params []string
		rows   int64
		out    string // of RETURNING
		code   fail.Code
		check  string // a query whose answer is true afterwards
	}{
		{name: "insert", s: free, sql: "INSERT INTO orders VALUES ($1, $2) RETURNING id, total", class: dml, params: []string{"50", "1.5"}, rows: 1, out: "50|1.50", check: "SELECT count(*) = 1 FROM orders WHERE id = 50"},
		{name: "dry run", s: free, sql: "DELETE FROM orders", class: dml, dry: true, rows: 3, check: "SELECT count(*) = 3 FROM orders"},
		{name: "update", s: free, sql: "UPDATE orders SET total = total + 1 WHERE id < 50", class: dml, rows: 2, check: "SELECT total = 21 FROM orders WHERE id = 2"},
		{name: "nextval", s: free, sql: "INSERT INTO orders VALUES (nextval('tickets'), 0) ON CONFLICT DO NOTHING", class: dml, rows: 0, check: "SELECT true"},
		{name: "many returned", s: free, sql: "WITH x AS (SELECT 1) INSERT INTO later SELECT g FROM generate_series(1, 3000) g RETURNING id", class: dml, dry: true, rows: 3000, check: "SELECT count(*) = 0 FROM later"},
		{name: "create", s: free, sql: "CREATE TABLE made (id int)", class: ddl, rows: -1, check: "SELECT to_regclass('made') IS NOT NULL"},
		{name: "dry drop", s: free, sql: "DROP TABLE made", class: ddl, dry: true, rows: -1, check: "SELECT to_regclass('made') IS NOT NULL"},
		{name: "other class", s: free, sql: "DROP TABLE made", class: dml, code: fail.Denied, check: "SELECT to_regclass('made') IS NOT NULL"},
		{name: "dml as ddl", s: free, sql: "WITH x AS (DELETE FROM orders RETURNING 1) SELECT 1", class: ddl, code: fail.Denied, check: "SELECT count(*) = 3 FROM orders"},
		{name: "read", s: free, sql: "SELECT 1", class: dml, code: fail.Denied, check: "SELECT true"},
		{name: "two", s: free, sql: "DELETE FROM orders; COMMIT", class: dml, code: fail.Invalid, check: "SELECT count(*) = 3 FROM orders"},
		{name: "do", s: free, sql: "DO 'BEGIN DELETE FROM orders; END'", class: ddl, code: fail.Denied, check: "SELECT count(*) = 3 FROM orders"},
		{name: "copy program", s: free, sql: "COPY orders FROM PROGRAM 'true'", class: dml, code: fail.Denied, check: "SELECT true"},
		{name: "function with effects", s: free, sql: "INSERT INTO orders VALUES (evil(60), 1)", class: dml, code: fail.Denied, check: "SELECT count(*) = 3 FROM orders"},
		{name: "file", s: free, sql: "CREATE TABLE f AS SELECT pg_read_file('PG_VERSION')", class: ddl, code: fail.Denied, check: "SELECT to_regclass('f') IS NULL"},
		{name: "deferred constraint", s: free, sql: "INSERT INTO later VALUES (1, 99)", class: dml, code: fail.Invalid, check: "SELECT count(*) = 0 FROM later"},
		{name: "unique", s: free, sql: "INSERT INTO orders VALUES (1, 1)", class: dml, code: fail.Invalid, check: "SELECT true"},
		{name: "no right", s: ro, sql: "DELETE FROM orders", class: dml, code: fail.Denied, check: "SELECT count(*) = 3 FROM orders"},
		{name: "masked returned", s: masked, sql: "UPDATE users SET email = 'x' WHERE id = 1 RETURNING *", class: dml, dry: true, rows: 1, out: "1|x|[masked]", check: "SELECT true"},
		{name: "masked set", s: masked, sql: "UPDATE users SET ssn = '000-00-0000' WHERE id = 3", class: dml, dry: true, rows: 1, check: "SELECT true"},
		{name: "masked returned in an expression", s: masked, sql: "UPDATE users SET email = 'x' RETURNING upper(ssn)", class: dml, code: fail.Denied, check: "SELECT true"},
		{name: "masked copied", s: masked, sql: "UPDATE users SET email = ssn", class: dml, code: fail.Denied, check: "SELECT count(*) = 0 FROM users WHERE email LIKE '%-%'"},
		{name: "masked condition", s: masked, sql: "DELETE FROM users WHERE ssn LIKE '1%'", class: dml, code: fail.Denied, check: "SELECT count(*) = 3 FROM users"},
		{name: "masked inserted elsewhere", s: masked, sql: "INSERT INTO users (id, email) SELECT id + 10, ssn FROM users", class: dml, code: fail.Denied, check: "SELECT count(*) = 3 FROM users"},
		{name: "masked on conflict", s: masked, sql: "INSERT INTO users VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET email = users.ssn RETURNING email", class: dml, code: fail.Denied, check: "SELECT count(*) = 0 FROM users WHERE email LIKE '%-%'"},
		{name: "masked table copied", s: masked, sql: "CREATE TABLE stolen AS SELECT * FROM users", class: ddl, code: fail.Denied, check: "SELECT to_regclass('stolen') IS NULL"},
		{name: "masked column renamed", s: masked, sql: "ALTER TABLE users RENAME ssn TO open", class: ddl, code: fail.Denied, check: "SELECT true"},
		{name: "masked table renamed", s: masked, sql: "ALTER TABLE users RENAME TO people", class: ddl, code: fail.Denied, check: "SELECT to_regclass('users') IS NOT NULL"},
		{name: "masked table in a view", s: masked, sql: "CREATE VIEW stolen AS SELECT ssn AS s FROM users", class: ddl, code: fail.Denied, check: "SELECT to_regclass('stolen') IS NULL"},
		{name: "ddl beside masks", s: masked, sql: "CREATE INDEX ON orders (total)", class: ddl, rows: -1, check: "SELECT count(*) = 2 FROM pg_indexes WHERE tablename = 'orders'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := databases.Write{SQL: c.sql, Class: c.class, DryRun: c.dry}
			for _, p := range c.params {
				w.Params = append(w.Params, databases.Param{JSON: json.RawMessage(p)})
			}
			got, err := c.s.Write(t.Context(), w)
			if code(err) != c.code {
				t.Fatalf("%v, want %q", err, c.code)
			}
			if err == nil && (got.Rows != c.rows || got.DryRun != c.dry || got.Class != c.class) {
				t.Errorf("got %+v", got)
			}
			if c.out != "" && flat(got.Result) != c.out {
				t.Errorf("returned %s, want %s", flat(got.Result), c.out)
			}
			if r := f.server.Rows(t, f.db, c.check); r[0][0] != "t" {
				t.Errorf("%s: %v", c.check, r)
			}
			if err != nil && c.s == masked && strings.Contains(fail.Show(err), "123-45") {
				t.Errorf("the error tells: %s", fail.Show(err))
			}
		})
	}
}

func TestProbe(t *testing.T) {
	f := newFixture(t)
	for role, want := range map[string]string{
		"postgres": "superuser", "app": "can write to tables, such as public.orders", "guard": "can write to tables", "ro": "",
	} {
		s := f.open(t, role, databases.Config{})
		got, err := s.Probe(t.Context())
		if err != nil || (want == "") != (len(got) == 0) || !strings.Contains(strings.Join(got, "; "), want) {
			t.Errorf("%s: %q %v, want %q", role, got, err, want)
		}
		if s.Health() != strings.Join(got, "; ") {
			t.Errorf("%s: Health says %q", role, s.Health())
		}
	}
	s := f.open(t, "app", databases.Config{Mask: []string{"users.ssn", "users.snn"}})
	for i, want := range []bool{true, false} {
		res, err := query(t, s, "SELECT 1")
		if err != nil {
			t.Fatal(err)
		}
		if notes := fmt.Sprint(res.Notes); strings.Contains(notes, "users.snn") != want || strings.Contains(notes, "can write") != want {
			t.Errorf("answer %d: notes %s", i+1, notes)
		}
	}
	f.server.Exec(t, f.db, "CREATE ROLE probed LOGIN BYPASSRLS CREATEDB CREATEROLE", "GRANT pg_read_server_files, pg_execute_server_program TO probed")
	t.Cleanup(func() { f.server.Exec(t, "postgres", "DROP ROLE probed") })
	got, err := f.open(t, "probed", databases.Config{}).Probe(t.Context())
	if err != nil || len(got) != 5 {
		t.Errorf("%q %v", got, err)
	}
}

func TestExplain(t *testing.T) {
	f := newFixture(t)
	f.server.ExecAs(t, f.db, "app", "CREATE TABLE events (id int, kind text, at timestamptz, body text)",
		"INSERT INTO events SELECT g, 'k' || g % 500, now() - g * interval '1 second', 'x' FROM generate_series(1, 30000) g")
	f.server.Exec(t, f.db, "ANALYZE")
	sql := "SELECT id FROM events e WHERE kind = $1 AND at > now() - interval '1 hour'"
	q := databases.Query{SQL: sql, Params: []databases.Param{{JSON: json.RawMessage(`"k7"`)}}}
	p, err := f.open(t, "ro", databases.Config{}).Explain(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if p.Ran || len(p.Nodes) != 1 || p.Nodes[0].Text != "Seq Scan on events e" || !strings.Contains(p.Nodes[0].Detail, "Filter:") || p.Cost <= 0 {
		t.Errorf("plan %+v", p)
	}
	if got := strings.Join(p.Advice, "; "); !strings.Contains(got, "an index on events (kind, at) would spare reading its 30000 rows") || strings.Contains(got, "the cost would") {
		t.Errorf("advice %q", got)
	}
	a, err := f.open(t, "ro", databases.Config{Analyze: true}).Explain(t.Context(), q)
	if err != nil || !a.Ran || a.Nodes[0].Millis <= 0 {
		t.Errorf("analyzed %+v %v", a, err)
	}
	if f.server.Rows(t, f.db, "SELECT count(*) FROM pg_available_extensions WHERE name = 'hypopg'")[0][0] == "0" {
		t.Log("hypopg is not installed: the cost with an index that is not there cannot be shown")
	} else {
		f.server.Exec(t, f.db, "CREATE EXTENSION hypopg")
		h, err := f.open(t, "ro", databases.Config{}).Explain(t.Context(), q)
		if err != nil || !strings.Contains(strings.Join(h.Advice, "; "), "with it the cost would be") {
			t.Errorf("with hypopg: %+v %v", h, err)
		}
	}
	masked := f.open(t, "ro", databases.Config{Mask: []string{"events.kind"}})
	if _, err := masked.Explain(t.Context(), q); code(err) != fail.Denied {
		t.Errorf("a condition on a masked column: %v", err)
	}
	j, err := f.open(t, "ro", databases.Config{}).Explain(t.Context(), databases.Query{SQL: "SELECT kind, count(*) FROM events JOIN users USING (id) GROUP BY kind ORDER BY 2 DESC"})
	if err != nil || len(j.Nodes) < 4 || j.Nodes[0].Text != "Sort" || len(j.Advice) == 0 {
		t.Errorf("a join: %+v %v", j, err)
	}
}
