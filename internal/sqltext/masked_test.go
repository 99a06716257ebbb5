package sqltext

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cleat/internal/fail"
)

func users() MaskQuery {
	return MaskQuery{Tables: []string{"users", "v_users"}, Columns: []string{"ssn", "bank", "date"}}
}

func TestMaskedPlain(t *testing.T) {
	for _, c := range []struct {
		sql     string
		aliases string
	}{
		{"SELECT upper(ssn) FROM orders", ""},
		{"SELECT upper(ssn), 'users' FROM orders -- users", ""},
		{"SELECT id FROM users WHERE id = 1 ORDER BY id", ""},
		{"SELECT ssn FROM users", ""},
		{"SELECT u.ssn, m.users.`SSN`, u . Bank FROM users u", ""},
		{"SELECT ssn AS s, u.bank 'the b', bank \"c\" FROM USERS u WHERE u.id > 2 LIMIT 5", "s the b c"},
		{"SELECT ssn AS ssn, bank BANK FROM `users`", ""},
		{"SELECT ssn AS Geheim, ssn geheim2 FROM users", "geheim geheim2"},
		{"SELECT * FROM users", ""},
		{"SELECT u.*, o.total * 2, 3 * o.total FROM users u JOIN orders o ON o.user = u.id", ""},
		{"SELECT m.users.*, bank b FROM users", "b"},
		{"SELECT count(*), count( * ) FROM users GROUP BY name HAVING count(*) > 1", ""},
		{"SELECT DISTINCT name FROM users", ""},
		{"SELECT ssn, name FROM users ORDER BY 2 DESC, name", ""},
		{"SELECT name, ssn FROM users GROUP BY 1 WITH ROLLUP", ""},
		{"SELECT ssn, name FROM users ORDER BY 2*id, abs(1), -id", ""},
		{"SELECT name FROM users ORDER BY 1, (1), ?", ""},
		{"WITH x AS (SELECT id FROM users) SELECT u.ssn s FROM users u JOIN x USING (id)", "s"},
		{"SELECT name FROM users UNION SELECT name FROM v_users", ""},
		{"SELECT (SELECT max(id) FROM users), EXISTS(SELECT 1 FROM users)", ""},
		{"SELECT date(created), ssn FROM users WHERE date (created) = '2026-01-01'", ""},
		{"SELECT DATE'2026-01-01' FROM users", "2026-01-01"},
		{"SELECT 'ssn', \"ssn\", @@x FROM users", ""},
		{"TABLE users", ""},
		{"TABLE m.users LIMIT 1, 2", ""},
		{"DELETE FROM users WHERE id = 1 RETURNING ssn s, *", "s"},
		{"INSERT INTO users VALUES (1, 'a') RETURNING *", ""},
		{"INSERT INTO copies SELECT id FROM users", ""},
		{"UPDATE users SET name = 'x'", ""},
		{"ALTER TABLE users ADD x int", ""},
		{"CREATE TABLE copy LIKE users", ""},
		{"DROP TABLE users", ""},
		{"TRUNCATE users", ""},
		{"CREATE VIEW w AS SELECT id FROM users", ""},
	} {
		got, err := Masked(c.sql, users())
		if strings.Join(got, " ") != c.aliases || err != nil {
			t.Errorf("Masked(%q) = %q, %v, want %q", c.sql, got, err, c.aliases)
		}
	}
}

func TestMaskedRefuses(t *testing.T) {
	for _, sql := range []string{
		// expressions
		"SELECT upper(ssn) FROM users", "SELECT ssn||'' FROM users", "SELECT -ssn FROM users", "SELECT NOT ssn FROM users", "SELECT BINARY ssn FROM users",
		"SELECT (ssn) FROM users", "SELECT ssn COLLATE utf8mb4_bin x FROM users", "SELECT ssn IS NULL FROM users", "SELECT concat(u./**/ssn) FROM users u",
		"SELECT `ssn`+0 FROM users", "SELECT {fn upper(name)} FROM users", "SELECT {x ssn} FROM users", "SELECT @a := ssn FROM users", "SELECT @a := 1 FROM users",
		"SELECT CASE WHEN ssn > '5' THEN 1 END FROM users", "SELECT EXTRACTVALUE(1, CONCAT(0x7e,(SELECT ssn FROM users LIMIT 1)))", "SELECT DEFAULT(ssn) FROM users",
		"SELECT JSON_ARRAYAGG(ssn) FROM users", "SELECT group_concat(DISTINCT ssn) FROM users", "SELECT count(DISTINCT ssn) FROM users", "SELECT .users.ssn FROM users",
		"SELECT max(id) OVER (PARTITION BY ssn) FROM users", "SELECT id FROM users WINDOW w AS (ORDER BY ssn)", "SELECT ssn->'$.a' FROM users", "SELECT ssn _utf8'x' FROM users",
		// clauses
		"SELECT id FROM users WHERE ssn = '1'", "SELECT id FROM users u JOIN o ON o.a = u.ssn", "SELECT id FROM users JOIN o USING (id, ssn)", "SELECT id FROM users ORDER BY ssn",
		"SELECT id FROM users GROUP BY ssn", "SELECT id FROM users HAVING ssn > 1", "SELECT id FROM users WHERE MATCH(ssn) AGAINST ('x')", "SELECT id FROM users NATURAL JOIN o",
		"SELECT ssn FROM users ORDER BY ssn", "SELECT id FROM users WHERE users.`SSN` LIKE 'x%'", "SELECT id FROM users WHERE (id, ssn) IN (SELECT 1, 2)",
		"SELECT id FROM users ORDER BY date", "SELECT id FROM users WHERE users.date (1)",
		// aliases
		"SELECT ssn x FROM users ORDER BY x", "SELECT ssn AS x FROM users GROUP BY `X`", "SELECT ssn 'x' FROM users HAVING x > 1", "SELECT ssn x, x FROM users", "SELECT ssn x, (SELECT x) FROM users",
		"SELECT ssn x, bank x FROM users", "SELECT id AS ssn FROM users", "SELECT ssn AS bank FROM users", "SELECT ssn 'bank' FROM users", "SELECT ssn AS 'ban\u212a' FROM users",
		"SELECT ssn ' x' FROM users", "SELECT ssn 'x\\ty' FROM users", "SELECT ssn `x ` FROM users", "SELECT ssn '' FROM users", "SELECT ssn 'x' 'y' FROM users", "SELECT ssn x'41' FROM users",
		"SELECT ssn '" + strings.Repeat("x", 65) + "' FROM users", "SELECT ssn 'a\u200bb' FROM users",
		// ordinals
		"SELECT id, ssn FROM users ORDER BY 2", "SELECT id, ssn FROM users ORDER BY name, 2 DESC", "SELECT id, ssn FROM users ORDER BY (2)", "SELECT id, ssn FROM users ORDER BY +2",
		"SELECT id, ssn FROM users ORDER BY -(-2)", "SELECT id, ssn FROM users ORDER BY {x 2}", "SELECT ssn FROM users ORDER BY true", "SELECT id, ssn FROM users ORDER BY ?",
		"SELECT id, ssn FROM users GROUP BY 2 WITH ROLLUP", "SELECT * FROM users ORDER BY 1", "SELECT *, 1 FROM users GROUP BY 3", "SELECT id, ssn FROM users GROUP BY 1 ORDER BY 2",
		"SELECT id, ssn FROM users ORDER BY 2 LIMIT 1", "SELECT id, ssn FROM users ORDER BY 00002", "SELECT id, ssn FROM users ORDER BY 0x2", "SELECT id, ssn FROM users ORDER BY 2 collate utf8mb4_bin",
		"SELECT id, ssn FROM users ORDER BY 99999999999999999999", "SELECT id, ssn FROM users GROUP BY ROLLUP(2)",
		// stars and other ways to all columns
		"SELECT a FROM (SELECT * FROM users) x", "SELECT x.a FROM (SELECT * FROM users) x(a, b, c)", "WITH x(a, b) AS (SELECT * FROM users) SELECT a FROM x", "SELECT id, (SELECT u.* LIMIT 1) FROM users u",
		"SELECT 1 a, 2 b UNION SELECT * FROM users", "SELECT * FROM users UNION SELECT 1, 2", "SELECT ssn FROM users EXCEPT SELECT '1'", "SELECT '1' INTERSECT SELECT ssn FROM users",
		"(SELECT ssn FROM users)", "(SELECT * FROM users) UNION SELECT 1", "SELECT EXISTS (SELECT DISTINCT * FROM users)", "SELECT 1 FROM o WHERE (1, 2) IN (TABLE users)",
		"SELECT 1 a UNION TABLE users", "SELECT * FROM t WHERE a IN (SELECT ALL users.* FROM users)", "SELECT DISTINCT ssn FROM users", "SELECT DISTINCT * FROM users", "SELECT DISTINCTROW ssn, id FROM users",
		"TABLE users ORDER BY 2", "TABLE users UNION SELECT 1", "WITH x AS (SELECT 1) TABLE users", "VALUES ((SELECT ssn FROM users))",
		"SELECT x.a FROM (TABLE users) x(a)", "SELECT a FROM o JOIN (SELECT ssn FROM users) x",
		// statements that move values
		"SELECT * FROM users INTO OUTFILE 'x'", "SELECT ssn FROM users INTO @x", "SELECT * FROM users PROCEDURE ANALYSE()", "HANDLER users OPEN", "SHOW CREATE TABLE users", "DESCRIBE users", "CALL p(users)",
		"INSERT INTO copies SELECT * FROM users", "INSERT INTO copies TABLE users", "INSERT INTO users(id, ssn) VALUES (1, 2)", "UPDATE users SET name = ssn", "UPDATE users SET name = '' WHERE ssn = '1'",
		"DELETE FROM users ORDER BY ssn LIMIT 1", "DELETE FROM users RETURNING upper(ssn)", "DELETE users.* FROM users JOIN o", "REPLACE INTO t SELECT bank FROM users",
		"CREATE TABLE copy AS SELECT * FROM users", "CREATE TABLE copy SELECT ssn FROM users", "CREATE TABLE copy AS TABLE users", "CREATE VIEW v AS SELECT ssn x FROM users", "RENAME TABLE users TO u",
		"ALTER TABLE users RENAME TO u", "ALTER TABLE users RENAME COLUMN ssn TO x", "ALTER TABLE users CHANGE ssn x int", "ALTER TABLE p EXCHANGE PARTITION a WITH TABLE users",
		"CREATE TABLE m (a int) ENGINE=MERGE UNION=(users)", "INSERT INTO a SELECT 1 FROM users INTO b",
		// other spellings
		"SELECT upper(ban\u212a) FROM users", "SELECT upper(`ssn `) FROM users", "SELECT upper(s\u0073n), upper(bañk) FROM users", "SELECT upper(SSN) FROM USERS", "SELECT id FROM m./**/users WHERE `sSn`=1",
		"SELECT upper(ssn) FROM `#mysql50#users`", "SELECT 1 FROM `#MYSQL50#x`", "SELECT ban\u212a FROM users", "SELECT upper(ssn) FROM v_users",
		"SELECT 1; SELECT ssn FROM users", "SELECT /*! upper(ssn), */ 1 FROM users", "SELECT id /* */ FROM users # \n WHERE ssn", "SELECT 1 FROM o WHERE id = @a.ssn AND users.ssn", "EXPLAIN SELECT ssn FROM users",
		"WITH x AS SELECT ssn FROM users",
	} {
		aliases, err := Masked(sql, users())
		want := fail.Denied
		if strings.HasPrefix(sql, "SELECT 1;") {
			want = fail.Invalid
		}
		if codeOf(err) != want {
			t.Errorf("Masked(%q) = %q, %v, want %s", sql, aliases, err, want)
		}
	}
}

// Statements are put together from pieces of which it is known whether they show masked
// values plainly.
func TestMaskedProperty(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	column := func() string {
		return pick("", "u.", "m . users.", "`users`/**/.") + pick("ssn", "SSN", "`bank`", "Bank")
	}
	for range 20_000 {
		harmful := false
		hurt := func(format string) string {
			harmful = true
			return fmt.Sprintf(format, column())
		}
		var items []string
		var want []string
		masked := false
		for i := range 1 + r.IntN(4) {
			switch r.IntN(8) {
			case 0, 1:
				masked = true
				items = append(items, column())
			case 2:
				masked = true
				alias := fmt.Sprintf("a%d", i)
				want = append(want, alias)
				items = append(items, column()+pick(" ", " AS ", " as /* x */ ")+pick(alias, "'"+alias+"'", "`"+alias+"`"))
			case 3:
				if r.IntN(4) == 0 {
					items = append(items, hurt(pick("upper(%s)", "(%s)", "%s + 1", "- %s", "(SELECT %s)", "CASE %s WHEN 1 THEN 2 END", "%s IS NULL", "id AS x, concat('a', %s)")))
				}
			default:
				items = append(items, pick("id", "name n", "count(*)", "1 * 2", "'ssn'", "coalesce(name, \"bank\")", "date(created)", "u.id * 3 AS x"))
			}
		}
		if len(items) == 0 {
			continue
		}
		sql := "SELECT " + strings.Join(items, pick(", ", ",", " /* , */ , ")) + " FROM " + pick("users u", "orders o JOIN `m`.Users u ON o.id = u.id")
		if r.IntN(3) == 0 {
			sql += " WHERE " + pick("id = 1", "name = 'ssn'", "id IN (SELECT user FROM orders)")
			if r.IntN(4) == 0 {
				sql += hurt(pick(" AND %s = 1", " OR EXISTS (SELECT %s FROM x)", " AND f(%s)"))
			}
		}
		if r.IntN(3) == 0 {
			sql += pick(" ORDER BY ", " GROUP BY ")
			switch r.IntN(5) {
			case 0:
				sql += hurt(pick("%s", "id, %s", "length(%s) DESC"))
			case 1:
				sql += "(1)"
				harmful = harmful || masked
			case 2:
				if len(want) > 0 {
					sql += want[0]
					harmful = true
					break
				}
				fallthrough
			default:
				sql += "name"
			}
		}
		aliases, err := Masked(sql, users())
		switch {
		case harmful && codeOf(err) != fail.Denied:
			t.Fatalf("Masked(%q) = %q, %v, want fail.Denied", sql, aliases, err)
		case !harmful && (err != nil || !slices.Equal(aliases, want)):
			t.Fatalf("Masked(%q) = %q, %v, want %q", sql, aliases, err, want)
		}
	}
}
