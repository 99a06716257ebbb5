package postgres

import (
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/sources/postgres/pgtest"
	"cleat/internal/systems/databases"
)

// maskFixture adds to the tables what masks have to be followed through.
func maskFixture(t testing.TB, server *pgtest.Server) *fixture {
	t.Helper()
	f := fixtureOn(t, server)
	f.server.ExecAs(t, f.db, "app",
		"CREATE INDEX users_ssn ON users (ssn)",
		"CREATE INDEX users_part ON users (id) WHERE ssn LIKE '1%'",
		"CREATE VIEW people AS SELECT id, email, ssn AS number FROM users",
		"CREATE VIEW folk AS SELECT id, number AS n FROM people",
		"CREATE VIEW tails AS SELECT id, right(ssn, 4) AS tail FROM users",
		"CREATE VIEW odd AS SELECT * FROM users u(a, b, c)",
		"CREATE VIEW mails AS SELECT id, email FROM users",
		"CREATE MATERIALIZED VIEW copy AS SELECT id, ssn AS s FROM users",
		"CREATE MATERIALIZED VIEW mailcopy AS SELECT id, email FROM users",
		"CREATE MATERIALIZED VIEW viewcopy AS SELECT * FROM folk",
		"CREATE TABLE staff (id int, name text, ssn text, digits int GENERATED ALWAYS AS (length(ssn)) STORED) PARTITION BY RANGE (id)",
		"CREATE TABLE staff_1 PARTITION OF staff FOR VALUES FROM (0) TO (10)",
		"CREATE TABLE staff_2 PARTITION OF staff FOR VALUES FROM (10) TO (20)",
		"INSERT INTO staff VALUES (1, 'x', '111-11-1111'), (11, 'y', '222-22-2222')",
		"CREATE TABLE guests (id int, ssn text)", "INSERT INTO guests VALUES (1, '123-45-6789')",
		"CREATE FUNCTION leak(users) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1.ssn'",
		"CREATE FUNCTION peek() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT ssn FROM users'",
		"ANALYZE")
	return f
}

// TestMasks shows what comes through, and that nothing of the masked values ever does.
func TestMasks(t *testing.T) { testMasks(t, pgtest.Start(t)) }

func TestMasksOtherVersion(t *testing.T) { testMasks(t, pgtest.New(t, pgtest.Options{Beta: true})) }

func testMasks(t *testing.T, server *pgtest.Server) {
	f := maskFixture(t, server)
	const m = "[masked]"
	sources := make(map[string]*Source)
	for _, role := range []string{"app", "ro", "postgres"} {
		sources[role] = f.open(t, role, databases.Config{Mask: []string{"users.ssn", "staff.ssn"}})
	}
	for _, c := range []struct {
		sql    string
		want   string // rows; "" if it is refused
		params []string
	}{
		{sql: "SELECT * FROM users ORDER BY id", want: "1|ann@example.com|" + m + " ; 2|bob@example.com|" + m + " ; 3|eve@example.com|" + m},
		{sql: "TABLE users", want: "1|ann@example.com|" + m + " ; 2|bob@example.com|" + m + " ; 3|eve@example.com|" + m},
		{sql: "SELECT u.ssn AS x, id FROM users u WHERE id = $1", params: []string{"1"}, want: m + "|1"},
		{sql: `SELECT "ssn" FROM public."users" AS "U" WHERE id = 1`, want: m},
		{sql: `SELECT U&"\0073sn" FROM users WHERE id = 1`, want: m},
		{sql: "SELECT count(*) FROM users", want: "3"},
		{sql: "SELECT count(*) FROM users WHERE id > 1", want: "2"},
		{sql: "SELECT id FROM users JOIN orders USING (id) ORDER BY total DESC", want: "2 ; 1"},
		{sql: "SELECT u.id, sum(total), u.ssn FROM users u JOIN orders o ON o.id = u.id GROUP BY u.id ORDER BY 1", want: "1|10.50|" + m + " ; 2|20.00|" + m},
		{sql: "WITH x AS (SELECT * FROM users) SELECT ssn, email FROM x WHERE id = 2", want: m + "|bob@example.com"},
		{sql: "WITH x AS MATERIALIZED (SELECT id, email FROM users) SELECT email FROM x WHERE id = 2", want: "bob@example.com"},
		{sql: "SELECT s.ssn FROM (SELECT id, ssn FROM users) s WHERE s.id = 1", want: m},
		{sql: "SELECT s.y FROM users u, LATERAL (SELECT u.ssn AS y) s WHERE u.id = 1", want: m},
		{sql: "SELECT number FROM people WHERE id = 1", want: m},
		{sql: "SELECT n FROM folk WHERE id = 1", want: m},
		{sql: "SELECT email FROM mails WHERE id = 1", want: "ann@example.com"},
		{sql: "SELECT email FROM mailcopy WHERE id = 1", want: "ann@example.com"},
		{sql: "SELECT * FROM staff ORDER BY id", want: "1|x|" + m + "|" + m + " ; 11|y|" + m + "|" + m},
		{sql: "SELECT s.ssn, s.name FROM staff s WHERE s.id = 11", want: m + "|y"},
		{sql: "SELECT * FROM staff_1", want: "1|x|" + m + "|" + m},
		{sql: "SELECT row_number() OVER (ORDER BY id), ssn FROM users WHERE id < 3", want: "1|" + m + " ; 2|" + m},
		{sql: "SELECT DISTINCT ON (id) id, ssn FROM users ORDER BY id LIMIT 1", want: "1|" + m},
		{sql: "SELECT id, ssn FROM users TABLESAMPLE bernoulli (100) WHERE id = 1", want: "1|" + m},
		{sql: "SELECT ssn FROM users UNION ALL SELECT ssn FROM users", want: strings.Join([]string{m, m, m, m, m, m}, " ; ")},
		{sql: "SELECT o.id FROM orders o WHERE EXISTS (SELECT * FROM users u WHERE u.id = o.id) ORDER BY 1", want: "1 ; 2"},
		{sql: "SELECT id, ssn FROM users ORDER BY id FETCH FIRST 1 ROW WITH TIES", want: "1|" + m},
		{sql: "SELECT ssn FROM guests", want: "123-45-6789"},
		{sql: "SELECT email, count(*) FROM users GROUP BY email ORDER BY 1 LIMIT 1", want: "ann@example.com|1"},
		{sql: "SELECT '123' AS ssn", want: "123"},
		{sql: "SELECT v FROM users u, LATERAL (VALUES (u.ssn)) s(v) WHERE u.id = 1", want: m},

		{sql: "SELECT row_to_json(users) FROM users"},
		{sql: "SELECT u FROM users u"},
		{sql: "SELECT u.* IS NULL FROM users u"},
		{sql: "SELECT reverse(ssn) FROM users"},
		{sql: "SELECT u::text FROM users u"},
		{sql: "SELECT ssn::varchar(3) FROM users"},
		{sql: "SELECT ssn || '' FROM users"},
		{sql: "SELECT array_agg(ssn) FROM users"},
		{sql: "SELECT string_agg(ssn, ',') FROM users"},
		{sql: "SELECT min(ssn) FROM users"},
		{sql: "SELECT count(DISTINCT ssn) FROM users"},
		{sql: "SELECT count(ssn) FROM users"},
		{sql: "SELECT to_jsonb(u) FROM users u"},
		{sql: "SELECT u.to_jsonb FROM users u"},
		{sql: "SELECT u.leak FROM users u"},
		{sql: "SELECT leak(u) FROM users u"},
		{sql: "SELECT * FROM peek()"},
		{sql: "SELECT CASE WHEN ssn LIKE '1%' THEN 1 ELSE 0 END FROM users"},
		{sql: "SELECT coalesce(ssn, '') FROM users"},
		{sql: "SELECT ssn::int FROM users"},
		{sql: "SELECT generate_series(1, ssn::int) FROM users"},
		{sql: "SELECT id FROM users ORDER BY ssn"},
		{sql: "SELECT id FROM users ORDER BY ssn LIMIT 1"},
		{sql: "SELECT id FROM (SELECT id, ssn AS x FROM users) s ORDER BY x"},
		{sql: "SELECT * FROM users ORDER BY 3"},
		{sql: "SELECT ssn, count(*) FROM users GROUP BY 1"},
		{sql: "SELECT DISTINCT ssn FROM users"},
		{sql: "SELECT DISTINCT ON (ssn) id FROM users"},
		{sql: "SELECT id FROM users WHERE ssn LIKE '1%'"},
		{sql: "SELECT id FROM users WHERE ssn = $1", params: []string{`"123-45-6789"`}},
		{sql: "SELECT id FROM users WHERE ssn IS NULL"},
		{sql: "SELECT id FROM users WHERE starts_with(ssn, '1')"},
		{sql: "SELECT count(*) FILTER (WHERE ssn > '5') FROM users"},
		{sql: "SELECT email FROM users GROUP BY email HAVING max(ssn) > '5'"},
		{sql: "SELECT rank() OVER (ORDER BY ssn) FROM users"},
		{sql: "SELECT rank() OVER (PARTITION BY ssn) FROM users"},
		{sql: "SELECT lag(ssn) OVER (ORDER BY id) FROM users"},
		{sql: "SELECT first_value(ssn) OVER w FROM users WINDOW w AS (ORDER BY id)"},
		{sql: "SELECT g.id FROM guests g JOIN users u USING (ssn)"},
		{sql: "SELECT g.id FROM guests g NATURAL JOIN users u"},
		{sql: "SELECT g.id FROM guests g WHERE g.ssn IN (SELECT ssn FROM users)"},
		{sql: "SELECT g.id FROM guests g WHERE EXISTS (SELECT FROM users u WHERE u.ssn = g.ssn)"},
		{sql: "SELECT (SELECT ssn FROM users LIMIT 1)"},
		{sql: "SELECT ARRAY(SELECT ssn FROM users)"},
		{sql: "SELECT ssn FROM users INTERSECT SELECT '123-45-6789'"},
		{sql: "SELECT ssn FROM users EXCEPT ALL SELECT '123-45-6789'"},
		{sql: "SELECT ssn FROM users UNION SELECT 'x'"},
		{sql: "SELECT ssn FROM users UNION ALL SELECT 'x'"},
		{sql: "SELECT 'x' UNION ALL SELECT ssn FROM users"},
		{sql: "SELECT email FROM users UNION ALL SELECT ssn FROM users"},
		{sql: "SELECT a FROM (SELECT email AS a FROM mails UNION ALL SELECT ssn FROM users) s"},
		{sql: "WITH x AS MATERIALIZED (SELECT ssn AS a FROM users) SELECT a FROM x"},
		{sql: "WITH x AS (SELECT ssn AS a FROM users) SELECT a FROM x UNION ALL SELECT a || '' FROM x"},
		{sql: "WITH RECURSIVE r(a) AS (SELECT ssn FROM users UNION ALL SELECT a FROM r WHERE false) SELECT a FROM r"},
		{sql: "SELECT a FROM (SELECT ssn AS a, count(*) OVER () FROM users OFFSET 0) s WHERE a > ''"},
		{sql: "SELECT c FROM users u(a, b, c)"},
		{sql: "SELECT email FROM users AS u (id, ssn, email)"},
		{sql: "SELECT c FROM ONLY (users) AS u (a, b, c)"},
		{sql: "SELECT c FROM users * u (a, b, c)"},
		{sql: "SELECT c FROM users over (a, b, c)"},
		{sql: "SELECT c FROM odd"},
		{sql: "SELECT tail FROM tails"},
		{sql: "SELECT upper(number) FROM people"},
		{sql: "SELECT n || '' FROM folk"},
		{sql: "SELECT p FROM people p"},
		{sql: "SELECT s FROM copy"},
		{sql: "SELECT n FROM viewcopy"},
		{sql: "SELECT upper(s.ssn) FROM staff s"},
		{sql: "SELECT digits + 0 FROM staff"},
		{sql: "SELECT s FROM staff s"},
		{sql: "SELECT id FROM staff WHERE ssn > '2'"},
		{sql: "SELECT upper(ssn) FROM staff_2"},
		{sql: "SELECT ssn FROM staff UNION ALL SELECT name FROM staff"},
		{sql: "SELECT x.* FROM users u, XMLTABLE('/a' PASSING xmlelement(name a, u.ssn) COLUMNS v text PATH '.') x"},
		{sql: "SELECT x.* FROM users u, unnest(ARRAY[u.ssn]) x"},
		{sql: "SELECT coalesce(ssn) FROM users"},
		{sql: "SELECT v FROM users u, LATERAL (SELECT u.ssn AS v OFFSET 0) s WHERE v > ''"},
		{sql: "SELECT ssn, id FROM users GROUP BY GROUPING SETS ((ssn, id), (id))"},
		{sql: "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY ssn) FROM users"},
		{sql: "SELECT mode() WITHIN GROUP (ORDER BY ssn) FROM users"},
		{sql: "SELECT id FROM users ORDER BY ssn FETCH FIRST 1 ROW WITH TIES"},
		{sql: "SELECT jsonb_build_object('a', ssn) FROM users"},
		{sql: "SELECT format('%s', ssn) FROM users"},
		{sql: "SELECT ROW(ssn) FROM users"},
		{sql: "SELECT (u).ssn || '' FROM users u"},
		{sql: "SELECT j FROM (users u JOIN orders o ON o.id = u.id) j"},
		{sql: "SELECT 1 / (ssn = '123-45-6789')::int FROM users"},
		{sql: "SELECT id FROM users WHERE CASE WHEN ssn > '5' THEN pg_sleep(0) IS NULL ELSE true END"},
		{sql: "SELECT * FROM generate_series(1, (SELECT length(ssn) FROM users LIMIT 1))"},
		{sql: "SELECT id FROM orders LIMIT (SELECT length(ssn) FROM users LIMIT 1)"},
		{sql: "SELECT * FROM pg_stats WHERE tablename = 'users'"},
		{sql: `SELECT * FROM pg_catalog."pg_stats"`},
		{sql: "SELECT * FROM pg_statistic"},
		{sql: "SELECT query_to_xml('SELECT ssn FROM users', true, true, '')"},
		{sql: "SELECT table_to_xml('users', true, true, '')"},
		{sql: "SELECT schema_to_xml('public', true, true, '')"},
		{sql: "SELECT * FROM ts_stat('SELECT to_tsvector(ssn) FROM users')"},
		{sql: "SELECT ts_rewrite('a'::tsquery, 'SELECT ssn::tsquery, ssn::tsquery FROM users')"},
		{sql: "SELECT table_to_xml('users'::regclass, true, true, '') FROM mails"},
	} {
		t.Run(c.sql, func(t *testing.T) {
			for role, s := range sources {
				res, err := query(t, s, c.sql, c.params...)
				if c.want == "" {
					if err == nil {
						t.Fatalf("%s: it ran: %s", role, flat(res))
					}
					for _, secret := range []string{"123-45", "6789", "987-65", "111-11"} {
						if strings.Contains(fail.Show(err), secret) {
							t.Errorf("%s: the error tells: %s", role, fail.Show(err))
						}
					}
					if got := code(err); got != fail.Denied {
						t.Errorf("%s: code %s: %s", role, got, fail.Show(err))
					}
					continue
				}
				if err != nil {
					t.Fatalf("%s: %s", role, fail.Show(err))
				}
				if got := flat(res); got != c.want {
					t.Errorf("%s: got %q, want %q", role, got, c.want)
				}
			}
		})
	}
}
