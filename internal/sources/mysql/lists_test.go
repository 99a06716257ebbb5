package mysql

import (
	"testing"

	"cleat/internal/fail"
	"cleat/internal/sources/mysql/mysqltest"
	"cleat/internal/systems/databases"
)

func TestLists(t *testing.T) {
	srv, db := shop(t)
	other := srv.Database(t)
	srv.Exec(t, other, "CREATE TABLE things (a int)", "INSERT INTO things VALUES (1)", "CREATE TABLE secrets (a int)", "GRANT SELECT ON "+other+".* TO '"+mysqltest.User(db, "app")+"'@'%'")
	srv.Exec(t, db, "CREATE VIEW v_users AS SELECT id, email FROM users", "CREATE TABLE other (a int)", "CREATE FUNCTION peek() RETURNS int READS SQL DATA RETURN (SELECT COUNT(*) FROM users)")
	s := open(t, srv, db, "app", databases.Config{Tables: []string{"orders", "v_users", other + ".things"}})
	for _, tt := range []struct{ sql, want string }{
		{"SELECT COUNT(*) FROM orders", "3"}, {"SELECT COUNT(*) FROM v_users", "2"}, {"SELECT a FROM " + other + ".things", "1"}, {"SELECT o.id FROM orders o, v_users v WHERE v.id = o.user_id AND o.id = 1", "1"},
		{"WITH x AS (SELECT id FROM orders) SELECT COUNT(*) FROM x", "3"}, {"SELECT COUNT(*) FROM (orders o JOIN v_users v ON v.id = o.user_id)", "3"}, {"SELECT 1", "1"}, {"SELECT 1 FROM DUAL", "1"},
		{"SELECT users FROM (SELECT id AS users FROM orders WHERE id = 1) t", "1"}, {"SELECT EXTRACT(YEAR FROM DATE'2026-01-01')", "2026"}, {"SELECT SUBSTRING('abc' FROM 2)", "bc"},
		{"WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT MAX(n) FROM r", "3"}, {"SELECT TRIM(LEADING 'x' FROM 'xa')", "a"}, {"SELECT COUNT(*) FROM (WITH x AS (SELECT 1), y AS (SELECT 2) SELECT * FROM x, y) z", "1"}, {"WITH users AS (SELECT id FROM orders) SELECT COUNT(*) FROM users", "3"},
	} {
		res, err := s.Query(t.Context(), databases.Query{SQL: tt.sql})
		if err != nil {
			t.Errorf("%s: %s", tt.sql, showErr(err))
		} else if got := text(res); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.sql, got, tt.want)
		}
	}
	for _, sql := range []string{
		"SELECT * FROM users", "SELECT * FROM `users`", "SELECT * FROM Users", "SELECT * FROM orders, users", "SELECT * FROM orders JOIN users", "SELECT * FROM (users)", "SELECT * FROM (orders, users)", "SELECT * FROM ((orders) CROSS JOIN users)",
		"SELECT (SELECT COUNT(*) FROM users)", "SELECT 1 WHERE EXISTS (SELECT 1 FROM users)", "WITH x AS (SELECT * FROM users) SELECT * FROM x", "WITH users AS (SELECT * FROM users) SELECT * FROM users", "TABLE users", "SELECT 1 UNION SELECT id FROM users",
		"SELECT * FROM " + db + ".users", "SELECT * FROM `" + db + "` . `users`", "SELECT * FROM " + other + ".secrets", "SELECT * FROM orders o LEFT JOIN users u ON u.id = o.user_id", "SELECT * FROM { OJ orders LEFT OUTER JOIN users ON 1 = 1 }", "SELECT * FROM orders STRAIGHT_JOIN users",
		"SELECT * FROM orders o, LATERAL (SELECT * FROM users) u", "SELECT * FROM users PARTITION (p0)", "SELECT * FROM information_schema.tables", "SELECT * FROM mysql.user", "SELECT * FROM performance_schema.threads", "SELECT * FROM other", "SELECT * FROM orders USE INDEX (user_id), users",
		"SHOW TABLES", "SHOW CREATE TABLE users", "DESCRIBE users", "SHOW COLUMNS FROM users", "SELECT peek()", "SELECT * FROM nowhere", "SELECT * FROM orders o JOIN (SELECT 1) x ON (SELECT 1 FROM users) = 1", "(SELECT * FROM users)", "((SELECT * FROM orders) UNION (SELECT * FROM users))",
		"SELECT * FROM (WITH users AS (SELECT 1) SELECT * FROM users) x, users", "WITH a AS (SELECT * FROM users), users AS (SELECT 1) SELECT * FROM a", "SELECT * FROM users WHERE 1 IN (WITH users AS (SELECT 1) SELECT * FROM users)",
		"WITH users AS (SELECT 1) SELECT * FROM " + db + ".users", "WITH users (a) AS (SELECT (SELECT COUNT(*) FROM users)) SELECT * FROM users", "WITH RECURSIVE a AS (SELECT 1), b AS (WITH users AS (SELECT * FROM users) SELECT * FROM users) SELECT * FROM b",
		"SELECT * FROM orders JOIN v_users ON VALUES(v_users.id) IS NULL, users", "SELECT * FROM orders minus, users", "SELECT * FROM orders AS window, users", "SELECT * FROM { anything users }", "SELECT * FROM { x (users) }", "SELECT * FROM orders, { x users }",
		"SELECT * FROM orders JOIN v_users ON VALUES(v_users.id) IS NULL, (users)", "SELECT * FROM (WITH x AS (SELECT 1), users AS (SELECT * FROM users) SELECT * FROM users) y",
		"SELECT * FROM orders WHERE id IN (TABLE users)", "SELECT * FROM/**/users", "SELECT * FROM orders AS a JOIN users AS b USING (id)", "SELECT * FROM orders o NATURAL JOIN users",
	} {
		_, err := s.Query(t.Context(), databases.Query{SQL: sql})
		wantCode(t, sql, err, fail.Denied)
		_, err = s.Explain(t.Context(), databases.Query{SQL: sql})
		wantCode(t, "explain "+sql, err, fail.Denied, fail.Invalid)
	}
	_, err := s.Row(t.Context(), "users", []string{"1"})
	wantCode(t, "row", err, fail.NotFound, fail.Denied)
	res, err := s.Schema(t.Context(), databases.SchemaQuery{Detail: databases.Names})
	if err != nil || len(res.Objects) != 2 {
		t.Errorf("schema: %+v, %v", res, err)
	}
	_, err = s.Schema(t.Context(), databases.SchemaQuery{Pattern: "users", Detail: databases.Full})
	if err == nil {
		t.Log("a part of v_users")
	}
	for _, sql := range []string{"INSERT INTO users VALUES (9, 'a', 'b')", "INSERT INTO orders SELECT 9, id, 1 FROM users", "DELETE FROM users", "DELETE users FROM users JOIN orders", "UPDATE users, orders SET email = 1", "UPDATE orders SET total = (SELECT COUNT(*) FROM users)"} {
		_, err := s.Write(t.Context(), databases.Write{SQL: sql, Class: databases.DML})
		wantCode(t, sql, err, fail.Denied)
	}
	for _, sql := range []string{"DROP TABLE users", "TRUNCATE users", "CREATE TABLE fresh (a int)", "ALTER TABLE orders RENAME TO other2", "CREATE VIEW v_more AS SELECT 1", "RENAME TABLE users TO orders2", "CREATE INDEX i ON users (email)", "DROP TABLE orders, users"} {
		_, err := s.Write(t.Context(), databases.Write{SQL: sql, Class: databases.DDL})
		wantCode(t, sql, err, fail.Denied)
	}
	if _, err := s.Write(t.Context(), databases.Write{SQL: "INSERT INTO orders (total) VALUES (1)", Class: databases.DML}); err != nil {
		t.Error(showErr(err))
	}
}
