package databasestest

import (
	"slices"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// lists: only the tables that the configuration names are read, whatever the statement
// looks like.
func lists(s *suite) {
	home := s.by("public", s.rows(s.by("SELECT 1", "SELECT DATABASE()", "SELECT 1"))[0][0], "main")
	s.exec(s.by("ANALYZE", "ANALYZE TABLE users PERSISTENT FOR ALL", "ANALYZE"))
	before := s.state()
	s.sub("a table", func(s *suite) {
		for _, rule := range []string{"orders", "ord*", home + ".orders", "*.orders"} {
			db := s.open(databases.Config{Tables: []string{rule}})
			r, err := s.ask(db, "SELECT * FROM orders")
			if err != nil || len(r.Rows) != 12 {
				s.Errorf("tables = [%q]: orders: %v", rule, explained(err))
			}
			_, err = s.ask(db, "SELECT name FROM users")
			s.refused("users with tables = "+rule, err, fail.Denied)
		}
		db := s.open(databases.Config{Tables: []string{"orders"}, Analyze: true})
		for _, sql := range []string{"SELECT count(*) FROM orders", "SELECT o.id FROM orders o", "SELECT a.id FROM orders a JOIN orders b ON a.id = b.id",
			"SELECT * FROM (SELECT id FROM orders) users", "WITH users AS (SELECT id FROM orders) SELECT * FROM users",
			"SELECT 1", "SELECT 'users', id AS users FROM orders", "SELECT id FROM orders WHERE total > (SELECT avg(total) FROM orders)",
			"SELECT id FROM " + name(s.Dialect, "orders"), "SELECT id FROM " + home + ".orders"} {
			if _, err := s.ask(db, sql); err != nil {
				s.Errorf("%s: %v", sql, explained(err))
			}
		}
		for _, sql := range s.unlisted(home) {
			r, err := s.ask(db, sql)
			s.covered(sql, r, err)
			s.refused(sql, err, fail.Denied)
			p, err := db.Explain(s.Context(), databases.Query{SQL: sql})
			s.covered("the plan of "+sql, p, err)
			s.refused("the plan of "+sql, err, fail.Denied)
		}
		for _, sql := range s.catalogs() { // they may tell names, not values
			r, err := s.ask(db, sql)
			s.covered(sql, r, err)
		}
		_, err := db.Row(s.Context(), "users", []string{"1"})
		s.refused("a row of users", err, fail.Denied, fail.NotFound)
		if _, err := db.Row(s.Context(), "orders", []string{"1"}); err != nil {
			s.Errorf("a row of orders: %v", explained(err))
		}
		for _, d := range []databases.Detail{databases.Names, databases.Summary, databases.Full} {
			if got := names(s.list(db, databases.SchemaQuery{Detail: d})); !slices.Equal(got, []string{"orders"}) {
				s.Errorf("the schema lists %q", got)
			}
		}
		list, err := db.Schema(s.Context(), databases.SchemaQuery{Pattern: "users", Detail: databases.Full})
		if err == nil && len(list.Objects) > 0 {
			s.Errorf("users is listed: %+v", list)
		} else if err != nil {
			s.refused("users in the schema", err, fail.NotFound, fail.Denied)
		}
		if k, ok := db.(databases.Knower); ok && slices.Contains(k.Known(), "users") {
			s.Errorf("users is known: %q", k.Known())
		}
		s.alive(db, "a list")
	})
	s.sub("a view", func(s *suite) {
		db := s.open(databases.Config{Tables: []string{"paid_orders"}})
		for _, sql := range []string{"SELECT * FROM paid_orders", "SELECT count(*) FROM paid_orders WHERE total > 1",
			"WITH t AS (SELECT * FROM paid_orders) SELECT id FROM t"} {
			if r, err := s.ask(db, sql); err != nil || len(r.Rows) == 0 {
				s.Errorf("%s: %v", sql, explained(err))
			}
		}
		for _, sql := range []string{"SELECT * FROM orders", "SELECT p.id FROM paid_orders p JOIN orders o ON o.id = p.id",
			"SELECT * FROM paid_orders WHERE EXISTS (SELECT 1 FROM orders)", "SELECT * FROM paid_orders UNION ALL SELECT id, user_id, total, day FROM orders",
			"SELECT * FROM user_cards", "SELECT (SELECT max(total) FROM orders) FROM paid_orders"} {
			_, err := s.ask(db, sql)
			s.refused(sql, err, fail.Denied)
		}
		if got := names(s.list(db, databases.SchemaQuery{Detail: databases.Names})); !slices.Equal(got, []string{"paid_orders"}) {
			s.Errorf("the schema lists %q", got)
		}
	})
	s.unchanged("lists", before)
}

// unlisted are statements that read users, or what is made of it.
func (s *suite) unlisted(home string) []string {
	out := []string{"SELECT * FROM users", "SELECT 1 FROM users", "SELECT count(*) FROM users", "SELECT count(*) FROM users WHERE 1 = 0",
		"SELECT * FROM " + home + ".users", "SELECT * FROM " + name(s.Dialect, "users"), "SELECT * FROM " + name(s.Dialect, home) + " . /* x */ " + name(s.Dialect, "users"),
		"SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id", "SELECT o.id FROM orders o, users u",
		"SELECT o.id FROM orders o LEFT JOIN users u ON u.id = o.user_id", "SELECT id FROM orders WHERE user_id IN (SELECT id FROM users)",
		"SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM users u WHERE u.id = o.user_id AND u.ssn LIKE 'Z%')",
		"WITH t AS (SELECT * FROM users) SELECT * FROM t", "WITH orders AS (SELECT * FROM users) SELECT * FROM orders",
		"SELECT (SELECT max(ssn) FROM users) FROM orders", "SELECT id FROM orders UNION SELECT id FROM users",
		"SELECT * FROM (SELECT * FROM (SELECT * FROM users) a) b",
		"SELECT * FROM user_cards", "SELECT count(*) FROM user_cards", "SELECT * FROM paid_orders", "SELECT id FROM orders ORDER BY (SELECT max(ssn) FROM users)",
		"SELECT CASE WHEN EXISTS (SELECT 1 FROM users) THEN 1 END", "SELECT * FROM no_key", "SELECT orders.id FROM users AS orders",
		"SELECT count(*) FROM orders GROUP BY status HAVING count(*) > (SELECT count(*) FROM users)",
		"SELECT id FROM orders LIMIT (SELECT count(*) FROM users)", "SELECT sum(total) OVER (PARTITION BY (SELECT max(id) FROM users)) FROM orders"}
	switch {
	case s.postgres():
		return append(out, "TABLE users", "SELECT * FROM ONLY users", "SELECT * FROM users *", "SELECT query_to_xml('SELECT * FROM users', true, false, '')",
			"SELECT table_to_xml('users', true, false, '')", "SELECT cursor_to_xml('users', 1, true, false, '')", "SELECT schema_to_xml('public', true, false, '')",
			"SELECT * FROM ts_stat('SELECT to_tsvector(ssn) FROM users')",
			`SELECT * FROM U&"\0075sers"`, "SELECT u.* FROM orders o CROSS JOIN LATERAL (SELECT * FROM users WHERE id = o.user_id) u", "SELECT ARRAY(SELECT ssn FROM users)", "VALUES ((SELECT ssn FROM users WHERE id = 1))", "SELECT * FROM users TABLESAMPLE SYSTEM (100)", "SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM users)) FROM orders")
	case s.mysql():
		// MySQL and MariaDB know no subquery after LIMIT.
		out = slices.DeleteFunc(out, func(sql string) bool { return sql == "SELECT id FROM orders LIMIT (SELECT count(*) FROM users)" })
		return append(out, "SELECT STRAIGHT_JOIN o.id FROM users u JOIN orders o", "SELECT * FROM orders o NATURAL LEFT JOIN users u",
			"SELECT * FROM { OJ orders o LEFT JOIN users u ON u.id = o.user_id }", "SELECT * FROM (orders, users)", "SELECT * FROM users FORCE INDEX (PRIMARY)",
			"SELECT * FROM orders JOIN (users u) USING (id)")
	}
	return append(out, "SELECT * FROM [users]", "SELECT * FROM `users`", "SELECT * FROM 'users'", "SELECT * FROM USERS",
		"SELECT * FROM users INDEXED BY users_email WHERE email > ''", "SELECT * FROM users NOT INDEXED", "SELECT rowid FROM users",
		"SELECT * FROM orders, (users)", "SELECT * FROM notes", "SELECT * FROM notes_content", "SELECT 1 IN users FROM orders")
}

// catalogs are statements on tables of the server's own.
func (s *suite) catalogs() []string {
	switch {
	case s.postgres():
		return []string{"SELECT * FROM pg_stats WHERE tablename = 'users'", "SELECT stavalues1, stavalues2 FROM pg_statistic",
			"SELECT query FROM pg_stat_activity", "SELECT * FROM pg_stats_ext", "SELECT * FROM information_schema.tables"}
	case s.mysql():
		return []string{"SELECT * FROM mysql.column_stats", "SELECT * FROM information_schema.tables WHERE table_schema = DATABASE()",
			"SELECT * FROM information_schema.column_statistics"}
	}
	return []string{"SELECT * FROM sqlite_master", "SELECT sample FROM sqlite_stat4", "SELECT * FROM sqlite_stat1", "SELECT hex(data) FROM sqlite_dbpage"}
}
