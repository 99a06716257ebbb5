package mysql

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/sources/mysql/mysqltest"
	"cleat/internal/systems/databases"
)

// masked opens a source on the shop in which ssn is masked, with more that the statement
// may try.
func masked(t *testing.T, rules databases.Config) (*mysqltest.Server, string, *Source) {
	t.Helper()
	srv, db := shop(t)
	srv.Exec(t, db, "CREATE VIEW v_plain AS SELECT id, email FROM users", "CREATE VIEW v_same AS SELECT id, ssn FROM users",
		"CREATE VIEW v_renamed AS SELECT id, ssn AS card FROM users", "CREATE VIEW v_listed (a, b) AS SELECT id, ssn FROM users", "CREATE VIEW v_expr AS SELECT id, REVERSE(ssn) AS x FROM users",
		"CREATE VIEW v_cond AS SELECT id FROM users WHERE ssn LIKE '1%'", "CREATE VIEW v_two AS SELECT id, card AS again FROM v_renamed",
		"CREATE VIEW v_both AS SELECT ssn, CONCAT(ssn, '') AS c FROM users",
		"CREATE FUNCTION leak() RETURNS varchar(20) READS SQL DATA RETURN (SELECT ssn FROM users LIMIT 1)",
		"CREATE VIEW v_func AS SELECT leak() AS x")
	return srv, db, open(t, srv, db, "app", rules)
}

// MY-17 and its like: values of a masked column must come out in no form.
func TestMasks(t *testing.T) {
	srv, db, s := masked(t, databases.Config{Mask: []string{"users.ssn"}})
	for _, tt := range []struct{ sql, want string }{
		{"SELECT id, ssn FROM users ORDER BY id", "1|[masked]\n2|[masked]"},
		{"SELECT * FROM users ORDER BY id", "1|ann@x.test|[masked]\n2|bob@x.test|[masked]"},
		{"SELECT u.*, o.total FROM users u JOIN orders o ON o.user_id = u.id WHERE o.id = 1", "1|ann@x.test|[masked]|10.50"},
		{"SELECT u.ssn AS x FROM users AS u WHERE id = 1", "[masked]"},
		{"SELECT SSN FROM users WHERE id = 1", "[masked]"},
		{"SELECT `ssn` y, id FROM " + db + ".users WHERE id = 1", "[masked]|1"},
		{"SELECT id FROM users WHERE email = 'ann@x.test'", "1"},
		{"SELECT COUNT(*) FROM users", "2"},
		{"SELECT * FROM v_plain ORDER BY id", "1|ann@x.test\n2|bob@x.test"},
		{"SELECT 1 AS one FROM orders LIMIT 1", "1"},
		{"SHOW VARIABLES LIKE 'tx_read_only'", "tx_read_only|ON"},
	} {
		if got := text(ask(t, s, tt.sql)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.sql, got, tt.want)
		}
	}
	hidden := []string{"111-22-3333", "3333-22-111", "444-55-6666", "6666-55-444", "111", "3131312d32322d33333333", "4444"}
	tries := []string{
		"SELECT EXTRACTVALUE(1, CONCAT(0x7e,(SELECT ssn FROM users LIMIT 1)))", "SELECT UPDATEXML(1, CONCAT(0x7e,(SELECT ssn FROM users LIMIT 1)), 1)",
		"SELECT REVERSE(ssn) FROM users", "SELECT HEX(ssn) AS h FROM users", "SELECT CONCAT(ssn, '') FROM users", "SELECT ssn + 0 FROM users", "SELECT MAX(ssn) FROM users", "SELECT GROUP_CONCAT(ssn) FROM users",
		"SELECT JSON_OBJECT('a', ssn) FROM users", "SELECT JSON_ARRAYAGG(ssn) FROM users", "SELECT (SELECT ssn FROM users LIMIT 1)", "SELECT x FROM (SELECT ssn AS x FROM users) t",
		"SELECT * FROM (SELECT * FROM users) t", "SELECT t.c FROM (SELECT * FROM users) AS t (a, b, c)", "WITH t (a, b, c) AS (SELECT * FROM users) SELECT c FROM t", "WITH t (a, b, c) AS (TABLE users) SELECT c FROM t",
		"SELECT 1, 2, 'x' UNION SELECT * FROM users", "SELECT 1 AS a, 2 AS b, 3 AS c UNION ALL SELECT id, email, ssn FROM users", "SELECT id FROM users WHERE ssn LIKE '111%'", "SELECT id FROM users ORDER BY ssn", "SELECT COUNT(*) FROM users GROUP BY ssn",
		"SELECT id FROM users HAVING ssn > '2'", "SELECT CASE WHEN ssn = '111-22-3333' THEN 1 END FROM users", "SELECT @x := ssn FROM users", "SELECT @x := ssn, @x FROM users", "SELECT id, ssn AS a, UPPER(a) FROM users", "SELECT ssn a FROM users ORDER BY a",
		"SELECT a.id FROM users a JOIN users b ON a.ssn = b.ssn", "SELECT a.id FROM users a NATURAL JOIN users b", "SELECT id FROM users JOIN (SELECT '111-22-3333' AS ssn) x USING (ssn)",
		"SELECT (SELECT users.ssn) FROM users", "SELECT ssn COLLATE utf8mb4_bin FROM users", "SELECT (ssn) FROM users", "SELECT -ssn FROM users", "SELECT DISTINCT ssn FROM users", "SELECT ssn FROM users PROCEDURE ANALYSE()",
		"SELECT EXISTS (SELECT 1 FROM users WHERE ssn > '2')", "SELECT VALUES (ssn) FROM users", "SELECT DEFAULT(ssn) FROM users", "SELECT CAST(ssn AS CHAR) AS id FROM users", "SELECT CONVERT(ssn USING utf8) AS id FROM users", "SELECT BINARY ssn AS x FROM users",
		"SELECT leak()", "SELECT * FROM v_func", "SELECT card FROM v_renamed", "SELECT * FROM v_renamed", "SELECT b FROM v_listed", "SELECT * FROM v_listed", "SELECT * FROM v_expr", "SELECT * FROM v_cond", "SELECT * FROM v_two", "SELECT again FROM v_two", "SELECT c FROM v_both", "SELECT * FROM v_both", "SELECT ssn FROM v_same",
		"SELECT * FROM information_schema.processlist", "SELECT info FROM INFORMATION_SCHEMA.PROCESSLIST", "SELECT * FROM `information_schema`.`INNODB_TRX`", "SELECT * FROM performance_schema.events_statements_history", "SELECT * FROM sys.session", "SELECT * FROM information_schema.innodb_ft_index_table",
		"SELECT * FROM information_schema.innodb_locks", "SELECT * FROM information_schema.optimizer_trace", "SELECT hist_type FROM mysql.column_stats", "SELECT `ſſn` FROM users",
		"SHOW TABLES", "DESCRIBE users", "SHOW INDEX FROM users", "TABLE users UNION SELECT 1, 2, 3", "SELECT 'a' AS `x` FROM users u WHERE (u.id, u.email, u.ssn) > (1, 'a', '1')", "SELECT ROW(ssn, 1) = ROW('1', 1) FROM users",
		"SELECT id FROM users WHERE MATCH (ssn) AGAINST ('111')", "SELECT LAG(ssn) OVER (ORDER BY id) FROM users", "SELECT ROW_NUMBER() OVER (ORDER BY ssn) FROM users", "SELECT COALESCE(ssn) FROM users", "SELECT IF(ssn, ssn, ssn) FROM users",
		"SELECT jt.a FROM users, JSON_TABLE(JSON_ARRAY(ssn), '$[*]' COLUMNS (a varchar(20) PATH '$')) jt", "SELECT * FROM users FOR SYSTEM_TIME ALL", "SELECT id FROM users LIMIT 1 OFFSET 0 INTO @a",
		"SELECT id FROM `#mysql50#users` WHERE ssn > '1'", "SELECT ssn 'a', a FROM users", "SELECT id AS ssn, ssn AS id FROM users",
	}
	for _, sql := range tries {
		for name, run := range map[string]func() (string, error){
			"query": func() (string, error) {
				res, err := s.Query(t.Context(), databases.Query{SQL: sql})
				if err != nil {
					return "", err
				}
				return text(res), nil
			},
			"explain": func() (string, error) {
				plan, err := s.Explain(t.Context(), databases.Query{SQL: sql})
				if err != nil {
					return "", err
				}
				var b strings.Builder
				for _, n := range plan.Nodes {
					b.WriteString(n.Text + n.Detail)
				}
				return b.String() + strings.Join(plan.Advice, ""), nil
			},
		} {
			out, err := run()
			if err != nil {
				out = showErr(err)
				if c := fail.From(err).Code; c == fail.Internal || c == fail.Unavailable {
					t.Errorf("%s: %s: %s", name, sql, out)
				}
				out = strings.ReplaceAll(out, sql, "")
			}
			for _, h := range hidden {
				if strings.Contains(out, h) && !strings.Contains(sql, h) {
					t.Errorf("%s: %s tells %q:\n%s", name, sql, h, out)
				}
			}
			if err == nil && name == "query" && !strings.Contains(out, "[masked]") {
				t.Errorf("%s was answered: %s", sql, out)
			}
		}
	}
	// A plan that puts in the row it has read already must not tell its values.
	plan, err := s.Explain(t.Context(), databases.Query{SQL: "SELECT u.ssn, o.id FROM users u JOIN orders o ON o.total > u.id WHERE u.id = 1"})
	if err != nil {
		t.Fatal(showErr(err))
	}
	for _, n := range plan.Nodes {
		if strings.Contains(n.Detail, "111") {
			t.Errorf("the plan tells %s", n.Detail)
		}
	}
	row, err := s.Row(t.Context(), "users", []string{"1"})
	if err != nil || text(row) != "1|ann@x.test|[masked]" {
		t.Errorf("row: %v, %v", row, err)
	}
	_ = srv
}

func TestMaskedViews(t *testing.T) {
	_, _, s := masked(t, databases.Config{Mask: []string{"*.ssn", "v_expr.*", "users.email:partial"}})
	for _, tt := range []struct{ sql, want string }{
		{"SELECT * FROM v_same ORDER BY id", "1|[masked]\n2|[masked]"},
		{"SELECT card, id FROM v_renamed ORDER BY id", "[masked]|1\n[masked]|2"},
		{"SELECT * FROM v_two WHERE id = 1", "1|[masked]"},
		{"SELECT b, a FROM v_listed WHERE a = 1", "[masked]|1"},
		{"SELECT email FROM v_plain WHERE id = 1", "…st"},
		{"SELECT x FROM v_expr", "[masked]\n[masked]"},
		{"SELECT email FROM users WHERE id = 1", "…st"},
	} {
		if got := text(ask(t, s, tt.sql)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.sql, got, tt.want)
		}
	}
	for _, sql := range []string{"SELECT * FROM v_both", "SELECT * FROM v_cond", "SELECT UPPER(b) FROM v_listed", "SELECT UPPER(card) FROM v_renamed", "SELECT UPPER(again) FROM v_two"} {
		_, err := s.Query(t.Context(), databases.Query{SQL: sql})
		wantCode(t, sql, err, fail.Denied)
	}
}

// A view whose definition the role may not see is not read.
func TestMaskedViewUnseen(t *testing.T) {
	srv, db, _ := masked(t, databases.Config{})
	srv.Exec(t, "", "REVOKE SHOW VIEW ON "+db+".* FROM '"+mysqltest.User(db, "ro")+"'@'%'")
	s := open(t, srv, db, "ro", databases.Config{Mask: []string{"users.ssn"}})
	_, err := s.Query(t.Context(), databases.Query{SQL: "SELECT * FROM v_renamed"})
	wantCode(t, "v_renamed", err, fail.Denied)
}

func TestMaskedWrites(t *testing.T) {
	srv, db, s := masked(t, databases.Config{Mask: []string{"users.ssn"}})
	srv.Exec(t, db, "CREATE TABLE notes (id int PRIMARY KEY, note varchar(200))")
	do := func(sql string, class databases.Class) (*databases.Written, error) {
		return s.Write(t.Context(), databases.Write{SQL: sql, Class: class})
	}
	for _, sql := range []string{"INSERT INTO users (id, email, ssn) VALUES (3, 'c', '777')", "UPDATE users SET ssn = '888', email = 'd' WHERE id = 3", "INSERT INTO users VALUES (4, 'e', '9')", "DELETE FROM users WHERE id = 4"} {
		if _, err := do(sql, databases.DML); err != nil {
			t.Errorf("%s: %s", sql, showErr(err))
		}
	}
	got, err := do("INSERT INTO users VALUES (5, 'e', '999') RETURNING id, ssn", databases.DML)
	if err != nil || text(got.Result) != "5|[masked]" {
		t.Errorf("returning: %+v, %v", got, err)
	}
	got, err = do("DELETE FROM users WHERE id = 5 RETURNING *", databases.DML)
	if err != nil || text(got.Result) != "5|e|[masked]" {
		t.Errorf("returning: %+v, %v", got, err)
	}
	for _, sql := range []string{
		"INSERT INTO notes SELECT id, ssn FROM users", "INSERT INTO notes (id, note) SELECT id, u.ssn FROM users u", "INSERT INTO notes VALUES (1, (SELECT ssn FROM users LIMIT 1))",
		"INSERT INTO notes SELECT id, c FROM (SELECT 1 AS id, 2 AS b, 3 AS c UNION SELECT * FROM users) t", "UPDATE users SET email = ssn", "UPDATE notes, users SET note = ssn", "UPDATE users SET email = CONCAT(ssn)",
		"UPDATE users SET email = 'x' WHERE ssn = '1'", "DELETE FROM users WHERE ssn LIKE '1%'", "DELETE FROM users WHERE id = 1 RETURNING REVERSE(ssn)", "INSERT INTO users (id, ssn) VALUES (1, 'x') ON DUPLICATE KEY UPDATE email = users.ssn",
		"INSERT INTO users (id, email) VALUES (1, 'x') ON DUPLICATE KEY UPDATE email = ssn", "REPLACE INTO notes SELECT id, ssn FROM users", "UPDATE users SET ssn = ssn, email = ssn", "UPDATE notes SET note = (SELECT MAX(ssn) FROM users)", "INSERT INTO notes TABLE users",
		"INSERT INTO notes SELECT id, card FROM v_renamed", "INSERT INTO notes VALUES (1, leak())", "DELETE FROM users RETURNING leak()",
	} {
		_, err := do(sql, databases.DML)
		wantCode(t, sql, err, fail.Denied)
	}
	for _, sql := range []string{"CREATE TABLE copy AS SELECT * FROM users", "CREATE TABLE copy LIKE users", "CREATE VIEW w AS SELECT ssn AS x FROM users", "RENAME TABLE users TO people", "ALTER TABLE users RENAME COLUMN ssn TO x",
		"ALTER TABLE users CHANGE ssn x varchar(20)", "ALTER TABLE users RENAME TO people", "CREATE VIEW w AS SELECT * FROM v_same", "ALTER VIEW v_plain AS SELECT id, ssn AS email FROM users"} {
		_, err := do(sql, databases.DDL)
		wantCode(t, sql, err, fail.Denied)
	}
	if got := srv.Rows(t, db, "SELECT COUNT(*) FROM notes"); got[0][0] != "0" {
		t.Errorf("%s notes", got[0][0])
	}
	if diff := cmp.Diff([][]string{{"1", "ann@x.test", "111-22-3333"}, {"2", "bob@x.test", "444-55-6666"}, {"3", "d", "888"}}, srv.Rows(t, db, "SELECT * FROM users ORDER BY id")); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}
