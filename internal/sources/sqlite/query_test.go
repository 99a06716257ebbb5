package sqlite_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

func TestValues(t *testing.T) {
	d := newDB(t, "CREATE TABLE v (id INTEGER PRIMARY KEY, x)")
	s := d.source(t, databases.Config{})
	for expression, want := range map[string]string{
		"9223372036854775807":          "9223372036854775807",
		"-9223372036854775807 - 1":     "-9223372036854775808",
		"0.1 + 0.2":                    "0.30000000000000004",
		"1.0":                          "1.0",
		"1e6":                          "1000000.0",
		"1e300":                        "1e+300",
		"-9e999":                       "-Inf",
		"9e999":                        "Inf",
		"9e999 - 9e999":                "NULL",
		"x'00FFab'":                    "x'00ffab'",
		"x''":                          "x''",
		"''":                           "",
		"NULL":                         "NULL",
		"CAST(x'61ff62' AS TEXT)":      `a\xffb`,
		"'a' || char(0) || 'b'":        "a\x00b",
		"'zażółć'":                     "zażółć",
		"TRUE":                         "1",
		"date('2026-01-02', '+1 day')": "2026-01-03",
		"instr('zażółć', 'ł')":         "5",
		"instr('aaab', 'b')":           "4",
		"instr('abc', '')":             "1",
		"instr(x'0102', x'02')":        "2",
		"instr(NULL, 'a')":             "NULL",
		"instr(123, 3)":                "3",
		"replace('aXbXc', 'X', '--')":  "a--b--c",
		"replace('abc', '', 'x')":      "abc",
		"typeof(replace(12, '', 'x'))": "integer",
		"trim('xxaxx', 'x')":           "a",
		"ltrim('żża', 'ż')":            "a",
		"rtrim('a  ')":                 "a",
		"trim('abc', '')":              "abc",
	} {
		if got := line(query(t, s, "SELECT "+expression)); got != want {
			t.Errorf("%s = %q, want %q", expression, got, want)
		}
	}
}

func TestColumns(t *testing.T) {
	d := newDB(t, "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(20), born DATE)",
		"CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER)",
		"CREATE VIEW names AS SELECT id AS user, name FROM users",
		"INSERT INTO users VALUES (1, 'ann', '2026-01-02')", "INSERT INTO orders VALUES (7, 1)")
	res := query(t, d.source(t, databases.Config{}),
		"SELECT u.id, o.id, name, born, count(*) OVER () AS n, 1.5 AS half, 'x' AS t, NULL AS none FROM users u JOIN orders o ON o.user_id = u.id")
	want := []databases.Column{
		{Name: "id", Type: "integer", Number: true, Table: "users", Key: true},
		{Name: "id", Type: "integer", Number: true, Table: "orders", Key: true},
		{Name: "name", Type: "varchar(20)", Table: "users"},
		{Name: "born", Type: "date", Table: "users"},
		{Name: "n", Type: "integer", Number: true},
		{Name: "half", Type: "real", Number: true},
		{Name: "t", Type: "text"},
		{Name: "none"},
	}
	if diff := cmp.Diff(want, res.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	res = query(t, d.source(t, databases.Config{}), "SELECT * FROM names")
	if c := res.Columns[0]; c.Table != "users" || c.Key {
		t.Errorf("through a view, which may read the table twice: %+v", c)
	}
	res = query(t, d.source(t, databases.Config{}), "SELECT a.id, b.name FROM users a, users b")
	if c := res.Columns[0]; c.Table != "users" || c.Key {
		t.Errorf("a key that is not that of the other column's row: %+v", c)
	}
}

func TestParams(t *testing.T) {
	d := newDB(t, "CREATE TABLE t (a)")
	s := d.source(t, databases.Config{})
	for _, tt := range []struct {
		sql, want string
		params    []string
		code      fail.Code
	}{
		{sql: "SELECT ?, typeof(?)", params: []string{"9007199254740993", "1"}, want: "9007199254740993,integer"},
		{sql: "SELECT ?, ?, ?, ?", params: []string{"true", "false", "null", `"x"`}, want: "1,0,NULL,x"},
		{sql: "SELECT ?, ?", params: []string{`{"a": [1, 2]}`, `[1]`}, want: `{"a":[1,2]},[1]`},
		{sql: "SELECT typeof(?), ?", params: []string{"1.5", "1e3"}, want: "real,1000.0"},
		{sql: "SELECT ?2, ?1", params: []string{"1", "2"}, want: "2,1"},
		{sql: "SELECT :a, :b, :a", params: []string{"1", "2"}, want: "1,2,1"},
		{sql: "SELECT ?", params: []string{`"' OR 1=1 --"`}, want: "' OR 1=1 --"},
		{sql: "SELECT ?", code: fail.Invalid},
		{sql: "SELECT 1", params: []string{"1"}, code: fail.Invalid},
		{sql: "SELECT ?", params: []string{"9223372036854775808"}, code: fail.Invalid},
		{sql: "SELECT ?", params: []string{`"a\u0000b"`}, code: fail.Invalid},
		{sql: "SELECT ?", params: []string{`{`}, code: fail.Invalid},
	} {
		res, err := ask(t, s, tt.sql, tt.params...)
		if code(err) != tt.code {
			t.Errorf("%s %v: error %v, want code %q", tt.sql, tt.params, err, tt.code)
			continue
		}
		if err == nil && line(res) != tt.want {
			t.Errorf("%s %v = %s, want %s", tt.sql, tt.params, line(res), tt.want)
		}
	}
}

func TestBadInput(t *testing.T) {
	d := newDB(t, "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)", "CREATE TABLE orders (id INTEGER)")
	s := d.source(t, databases.Config{})
	for _, tt := range []struct {
		sql  string
		code fail.Code
		says string
	}{
		{"", fail.Invalid, "no statement"},
		{" -- nothing\n;", fail.Invalid, "no statement"},
		{"SELECT 1\x00", fail.Invalid, "NUL"},
		{"SELECT * FROM user", fail.NotFound, "users"},
		{"SELECT * FROM main.user", fail.NotFound, "users"},
		{"SELECT emial FROM users", fail.NotFound, "email"},
		{"SELECT u.emial FROM users u", fail.NotFound, "email"},
		{`SELECT * FROM users WHERE email = "ann"`, fail.NotFound, "single quotes"},
		{"SELEC 1", fail.Invalid, "syntax error"},
		{"SELECT 1 FROM", fail.Invalid, "incomplete"},
		{"SELECT nope(1)", fail.Invalid, "no such function"},
		{"SELECT 1; SELECT 2", fail.Invalid, "one statement"},
		{"SELECT '" + strings.Repeat("x", databases.MaxSQL) + "'", fail.TooLarge, "limit"},
		{"SELECT abs(-9223372036854775808)", fail.Invalid, "overflow"},
		{"SELECT json('{')", fail.Invalid, "JSON"},
	} {
		_, err := ask(t, s, tt.sql)
		if code(err) != tt.code || !strings.Contains(fail.Show(err), tt.says) {
			t.Errorf("%.40q: %v, want %s and %q", tt.sql, err, tt.code, tt.says)
		}
	}
}

func TestLimits(t *testing.T) {
	d := newDB(t, "CREATE TABLE t (n INTEGER PRIMARY KEY, x TEXT)",
		"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5000) INSERT INTO t SELECT n, printf('%05d', n) FROM r")
	s := d.source(t, databases.Config{})
	res := query(t, s, "SELECT * FROM t")
	if len(res.Rows) != databases.DefaultRows || !res.More || res.Stopped == "" {
		t.Errorf("%d rows, more %t, stopped %q", len(res.Rows), res.More, res.Stopped)
	}
	res = query(t, s, "SELECT * FROM t LIMIT 100")
	if len(res.Rows) != 100 || res.More {
		t.Errorf("exactly the limit: %d rows, more %t", len(res.Rows), res.More)
	}
	res = query(t, s, "SELECT printf('%.*c', 300000, 'x'), zeroblob(200000)")
	if want := []databases.Cut{{Row: 0, Column: 0, More: 300000 - databases.MaxCell + databases.Seam},
		{Row: 0, Column: 1, More: 400003 - databases.MaxCell + databases.Seam}}; !cmp.Equal(want, res.Cut) {
		t.Errorf("cut %+v, want %+v", res.Cut, want)
	}
	if _, err := ask(t, s, "SELECT zeroblob(20000000)"); code(err) != fail.TooLarge {
		t.Errorf("a value of 20 MB: %v", err)
	}
	wide := "SELECT printf('%.*c', 100000, 'x')" + strings.Repeat(", printf('%.*c', 100000, 'x')", 999)
	size := 0
	for _, c := range query(t, s, wide).Rows[0] {
		size += len(*c)
	}
	if size > 8*databases.MaxBytes {
		t.Errorf("a row of 100 MB is told in %d bytes", size)
	}
	var many []string
	for i := range databases.MaxColumns + 1 {
		many = append(many, fmt.Sprint(i))
	}
	if _, err := ask(t, s, "SELECT "+strings.Join(many, ",")); code(err) != fail.Invalid && code(err) != fail.TooLarge {
		t.Errorf("too many columns: %v", err)
	}
}

func TestRow(t *testing.T) {
	d := newDB(t, `CREATE TABLE "we""ird.t" (a TEXT, b INTEGER, v, PRIMARY KEY (b, a)) WITHOUT ROWID`,
		`INSERT INTO "we""ird.t" VALUES ('it''s', 7, 'x')`,
		"CREATE TABLE untyped (k PRIMARY KEY, v)", "INSERT INTO untyped VALUES (1, 'one'), ('2', 'two'), (x'00ff', 'blob'), (1.5, 'half')",
		"CREATE TABLE nokey (a)", "CREATE VIEW v AS SELECT 1")
	s := d.source(t, databases.Config{})
	for _, tt := range []struct {
		table string
		key   []string
		want  string
		code  fail.Code
	}{
		{`we"ird.t`, []string{"7", "it's"}, "it's,7,x", ""},
		{`main.we"ird.t`, []string{"7", "it's"}, "it's,7,x", ""},
		{`we"ird.t`, []string{"7"}, "", fail.Invalid},
		{`we"ird.t`, []string{"8", "it's"}, "", fail.NotFound},
		{"untyped", []string{"1"}, "1,one", ""},
		{"untyped", []string{"2"}, "2,two", ""},
		{"untyped", []string{"1.5"}, "1.5,half", ""},
		{"untyped", []string{"x'00ff'"}, "x'00ff',blob", ""},
		{"untyped", []string{"x'00ff' OR 1 --"}, "", fail.NotFound},
		{"nokey", []string{"1"}, "", fail.Invalid},
		{"v", []string{"1"}, "", fail.Invalid},
		{"untipped", []string{"1"}, "", fail.NotFound},
		{"users'); DROP TABLE nokey;--", []string{"1"}, "", fail.NotFound},
	} {
		res, err := s.Row(t.Context(), tt.table, tt.key)
		if code(err) != tt.code {
			t.Errorf("%s %q: %v, want code %q", tt.table, tt.key, err, tt.code)
		} else if err == nil && line(res) != tt.want {
			t.Errorf("%s %q = %s, want %s", tt.table, tt.key, line(res), tt.want)
		}
	}
	if got := d.rows(t, "SELECT count(*) FROM sqlite_master WHERE name = 'nokey'"); got[0][0] != "1" {
		t.Error("a table is gone")
	}
}
