package sqltext

import (
	"strings"
	"testing"

	"cleat/internal/fail"
)

func TestSingle(t *testing.T) {
	for _, c := range []struct {
		d         Dialect
		sql, want string
	}{
		{PostgreSQL, " SELECT 1 ; ;; -- end\n ;/* x */", "SELECT 1"},
		{PostgreSQL, "-- a;\n/* b; */ SELECT ';' /* c */ -- d", "-- a;\n/* b; */ SELECT ';'"},
		{PostgreSQL, ";; SELECT $a$;$b$;$a$, \";\", E'\\';'", "SELECT $a$;$b$;$a$, \";\", E'\\';'"},
		{PostgreSQL, "SELECT U&\"a;\" UESCAPE ';' x", ""},
		{PostgreSQL, "SELECT U&\"a;\" /*;*/ UESCAPE '!' /* x */;", "SELECT U&\"a;\" /*;*/ UESCAPE '!'"},
		{PostgreSQL, "SELECT 'a'\n';' -- b\n", "SELECT 'a'\n';'"},
		{PostgreSQL, "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql;", "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql"},
		{MySQL, "SELECT /*+ NO_ICP(t) */ a/*;*/b # x;\n, 'c;' -- y;", "SELECT   a b  \n, 'c;'"},
		{MySQL, "/* a */SELECT 1;#b", "SELECT 1"},
		{MySQL, "-- a\n/* b */ SELECT 1", "SELECT 1"},
		{MySQL, "SELECT ';' \"\\\";\" `;` ; ", "SELECT ';' \"\\\";\" `;`"},
		{MySQL, "SELECT 1 --1", "SELECT 1 --1"},
		{SQLite, "SELECT [;], \";\", `;`, ';' /* ;", "SELECT [;], \";\", `;`, ';'"},
		{SQLite, "SELECT 1 -- ;\r ;", "SELECT 1"},
	} {
		got, err := Single(c.d, c.sql)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("Single(%v, %q) = %q, %v, want %q", c.d, c.sql, got, err, c.want)
		}
		if again, err := Single(c.d, got); err == nil && again != got {
			t.Errorf("Single(%v, %q) = %q, which is not stable", c.d, got, again)
		}
	}
}

func TestSingleRefuses(t *testing.T) {
	all := []Dialect{PostgreSQL, MySQL, SQLite}
	for _, c := range []struct {
		in   []Dialect
		sql  string
		code fail.Code
		what string
	}{
		{all, "", fail.Invalid, "no statement"},
		{all, " ;\n; /* ; */ -- x\n;", fail.Invalid, "no statement"},
		{all, "SELECT 1; COMMIT; INSERT INTO orders VALUES (11,1)", fail.Invalid, "one statement only"},
		{all, "/* x */ SELECT 1; COMMIT", fail.Invalid, "one statement only"},
		{all, "-- x\nSELECT 1;/**/;/**/COMMIT", fail.Invalid, "one statement only"},
		{all, "SELECT ';';DELETE FROM users", fail.Invalid, "one statement only"},
		{all, "SELECT 1;'", fail.Invalid, "no end"},
		{all, "SELECT (1; SELECT 2)", fail.Invalid, "one statement only"},
		{all, "SELECT 1) FROM (SELECT 2", fail.Invalid, "parentheses"},
		{all, "SELECT (1", fail.Invalid, "parentheses"},
		{all, "CREATE TRIGGER a AFTER INSERT ON t BEGIN DELETE FROM t; END", fail.Invalid, "one statement only"},
		{all, "BEGIN NOT ATOMIC COMMIT; INSERT INTO orders VALUES (14,1); END", fail.Invalid, "one statement only"},
		{all, "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END", fail.Invalid, "one statement only"},
		{[]Dialect{PostgreSQL}, "SELECT 'a\\'; DROP TABLE t; --'", fail.Invalid, "one statement only"},
		{[]Dialect{PostgreSQL}, "SELECT 1 # /* */\n; DROP TABLE t", fail.Invalid, "one statement only"},
		{[]Dialect{PostgreSQL}, "SELECT 1 --x\r; DROP TABLE t", fail.Invalid, "one statement only"},
		{[]Dialect{PostgreSQL}, "SELECT $a$ $b$; $a$; DROP TABLE t; $b$", fail.Invalid, "no end"},
		{[]Dialect{PostgreSQL}, "SELECT a$a$; DROP TABLE t; $a$", fail.Invalid, "no end"},
		{[]Dialect{PostgreSQL}, "SELECT a$a$; DROP TABLE t; --$a$", fail.Invalid, "one statement only"},
		{[]Dialect{PostgreSQL}, "SELECT 1 /* /* */; DROP TABLE t; --", fail.Invalid, "no end"},
		{[]Dialect{MySQL, SQLite}, "SELECT 1 /* /* */; DROP TABLE t; --*/", fail.Invalid, "one statement only"},
		{[]Dialect{MySQL}, "SELECT 1 --1; DROP TABLE t", fail.Invalid, "one statement only"},
		{[]Dialect{MySQL}, "SELECT 1 /*!; DROP TABLE t */", fail.Denied, "execute"},
		{[]Dialect{MySQL}, "SELECT 1 /*!50000 +1 */", fail.Denied, "execute"},
		{[]Dialect{MySQL}, "SELECT 1 /*M!100100 +1 */", fail.Denied, "execute"},
		{[]Dialect{MySQL}, "SELECT 1 /*!99999 /* */ +1 */", fail.Denied, "execute"},
		{[]Dialect{MySQL}, "SELECT 1 --/**/2", fail.Invalid, "without its comments"},
		{[]Dialect{SQLite}, "SELECT \"a\\\"; DROP TABLE t; --\"", fail.Invalid, "one statement only"},
	} {
		for _, d := range c.in {
			body, err := Single(d, c.sql)
			if codeOf(err) != c.code || !strings.Contains(err.Error(), c.what) {
				t.Errorf("Single(%v, %q) = %q, %v, want %s: … %s", d, c.sql, body, err, c.code, c.what)
			}
		}
	}
	_, err := Single(SQLite, "CREATE TRIGGER a AFTER INSERT ON t BEGIN DELETE FROM t; END")
	if !strings.Contains(fail.Show(err), "a body that holds statements") {
		t.Errorf("not said that bodies are not accepted: %s", fail.Show(err))
	}
}

func TestCalls(t *testing.T) {
	for _, c := range []struct {
		d         Dialect
		sql, want string // schema.name, with ! in front if quoted
	}{
		{PostgreSQL, `SELECT pg_read_file('x')`, "pg_read_file"},
		{PostgreSQL, `SELECT * FROM ROWS FROM (PG_Read_File ('x'))`, "from pg_read_file"},
		{PostgreSQL, `SELECT "pg_read_file"('x'), "F"(1)`, "!pg_read_file !F"},
		{PostgreSQL, "SELECT pg_catalog . pg_read_file/**/-- x\n('x')", "pg_catalog.pg_read_file"},
		{PostgreSQL, `SELECT db."Sche.ma".f(1)`, "Sche.ma.f"},
		{PostgreSQL, `SELECT U&"pg\005fread_file"('x')`, "!pg_read_file"},
		{PostgreSQL, `SELECT pg_catalog/**/.U&"pg!005fread_file" UESCAPE '!' ('x')`, "pg_catalog.!pg_read_file"},
		{PostgreSQL, `SELECT 'f('::text, $$f($$, count(*) FILTER (WHERE a IN (1))`, "count filter in"},
		{MySQL, "SELECT `load_file`/**/('x'), m . `f` (1), .g(2)", "!load_file m.!f g"},
		{MySQL, `SELECT "f"(1) # g(1)`, ""},
		{SQLite, `SELECT "load_extension"('x'), [f](1), * FROM 'pragma_table_info'('t'), main.'g'('t')`, "!load_extension !f !pragma_table_info main.!g"},
	} {
		calls, err := Calls(c.d, c.sql)
		var got []string
		for _, call := range calls {
			name := call.Name
			if call.Quoted {
				name = "!" + name
			}
			if call.Schema != "" {
				name = call.Schema + "." + name
			}
			got = append(got, name)
		}
		if strings.Join(got, " ") != c.want || err != nil {
			t.Errorf("Calls(%v, %q) = %q, %v, want %q", c.d, c.sql, got, err, c.want)
		}
	}
	if _, err := Calls(MySQL, "SELECT /*! load_file('x') */"); codeOf(err) != fail.Denied {
		t.Errorf("Calls with an executable comment: %v, want fail.Denied", err)
	}
}

func TestParams(t *testing.T) {
	for _, c := range []struct {
		d    Dialect
		sql  string
		want int // -1 for fail.Invalid
	}{
		{PostgreSQL, "SELECT 1", 0},
		{PostgreSQL, "SELECT $2, $1, $2, '$9', $$ $8 $$, \"$7\" -- $6", 2},
		{PostgreSQL, "SELECT $0", -1},
		{PostgreSQL, "SELECT $65536", -1},
		{PostgreSQL, "SELECT $99999999999999999999", -1},
		{PostgreSQL, "SELECT a ? 'b', a ?| c", 0},
		{MySQL, "SELECT ?, '?', `?`, \"?\", ? # ?", 2},
		{SQLite, "SELECT ?, :a, @a, $a, :a, ?, '?', [?]", 5},
		{SQLite, "SELECT ?5, ?, ?2, :x", 7},
		{SQLite, "SELECT ?0", -1},
		{SQLite, "SELECT ?32767", -1},
		{SQLite, "SELECT $1, $1, $2", 2},
	} {
		got, err := Params(c.d, c.sql)
		if c.want < 0 && codeOf(err) != fail.Invalid || c.want >= 0 && (got != c.want || err != nil) {
			t.Errorf("Params(%v, %q) = %d, %v, want %d", c.d, c.sql, got, err, c.want)
		}
	}
}
