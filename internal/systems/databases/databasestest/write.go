package databasestest

import (
	"context"
	"fmt"
	"slices"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// put runs a write.
func (s *suite) put(db databases.DB, class databases.Class, dry bool, sql string, params ...string) (*databases.Written, error) {
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	w := databases.Write{SQL: sql, Class: class, DryRun: dry}
	for _, p := range params {
		w.Params = append(w.Params, databases.Param{JSON: []byte(p)})
	}
	out, err := db.(databases.Writer).Write(ctx, w)
	if err == nil && out == nil {
		s.Fatalf("%s: neither a result nor an error", short(sql))
	}
	return out, err
}

func write(s *suite) {
	if _, ok := s.db.(databases.Writer); !ok {
		s.Skip("the source does not write")
	}
	s.sub("dml", dml)
	s.sub("dry run", dryRun)
	s.sub("classes", classes)
	s.sub("ddl", ddl)
	s.sub("failing", failing)
	s.sub("returning", returning)
	s.sub("rules", writeRules)
	s.alive(s.db, "writes")
	_, err := s.ask(s.db, "DELETE FROM orders")
	s.refused("a query that writes, after writes", err, fail.Denied, fail.Invalid)
}

// wrote expects a write of so many rows.
func (s *suite) wrote(n int64, sql string, params ...string) {
	s.Helper()
	w, err := s.put(s.db, databases.DML, false, sql, params...)
	if err != nil || w.Rows != n || w.Class != databases.DML || w.DryRun {
		s.Errorf("%s: %+v, %v, want %d rows", sql, w, explained(err), n)
	}
}

func dml(s *suite) {
	s.wrote(1, fmt.Sprintf("INSERT INTO pairs (a, b, v) VALUES (%s, %s, %s)", s.ph(1), s.ph(2), s.ph(3)), quote("new'); DROP TABLE orders; --"), "7", quote("∅"))
	if got := s.rows("SELECT a, b, v FROM pairs WHERE b = 7"); len(got) != 1 || got[0][0] != "new'); DROP TABLE orders; --" || got[0][2] != "∅" {
		s.Errorf("what was inserted: %q", got)
	}
	s.wrote(3, "UPDATE orders SET note = 'changed' WHERE status = 'failed';")
	s.wrote(0, "UPDATE orders SET note = 'changed' WHERE id = 99")
	s.wrote(1, "/* a; b */ DELETE FROM pairs WHERE b = "+s.ph(1)+" -- c", "7")
	s.wrote(2, "INSERT INTO no_key SELECT id, status FROM orders WHERE id < 3")
	if s.postgres() || s.sqlite() {
		s.wrote(1, "WITH t AS (SELECT 42 AS n) INSERT INTO no_key SELECT n, 'cte' FROM t")
		s.wrote(1, "INSERT INTO named VALUES ('a', 9) ON CONFLICT (name) DO UPDATE SET n = 9")
	} else {
		w, err := s.put(s.db, databases.DML, false, "REPLACE INTO named VALUES ('a', 9)")
		if err != nil || w.Rows < 1 {
			s.Errorf("REPLACE: %+v, %v", w, explained(err))
		}
	}
	if got := s.rows("SELECT n FROM named WHERE name = 'a'"); got[0][0] != "9" {
		s.Errorf("an upsert: %q", got)
	}
	if got := s.one(s.db, "SELECT count(*) FROM orders WHERE note = 'changed'"); got != "3" {
		s.Errorf("the source sees %s changed rows", got)
	}
}

func dryRun(s *suite) {
	before := s.state()
	for sql, want := range map[string]int64{"DELETE FROM orders": 12, "UPDATE users SET name = 'x' WHERE id < 3": 2, "INSERT INTO empty_one VALUES (1, 'x'), (2, 'y')": 2} {
		w, err := s.put(s.db, databases.DML, true, sql)
		if err != nil || w.Rows != want || !w.DryRun {
			s.Errorf("%s: %+v, %v, want %d rows", sql, w, explained(err), want)
		}
	}
	for _, sql := range []string{"CREATE TABLE made (a integer)", "DROP TABLE empty_one", "ALTER TABLE orders ADD COLUMN made integer"} {
		if _, err := s.put(s.db, databases.DDL, true, sql); err != nil {
			s.refused("a dry run of "+sql, err, fail.Unsupported)
		}
	}
	s.unchanged("dry runs", before)
	s.alive(s.db, "dry runs")
}

func classes(s *suite) {
	before := s.state()
	refuse := func(class databases.Class, list []string) {
		for _, sql := range list {
			for _, dry := range []bool{false, true} {
				_, err := s.put(s.db, class, dry, sql)
				s.refused(fmt.Sprintf("%s as %s", short(sql), class), err, fail.Denied, fail.Invalid)
			}
		}
	}
	refuse(databases.DML, []string{"CREATE TABLE made (a integer)", "DROP TABLE orders", "TRUNCATE TABLE orders",
		"ALTER TABLE orders ADD COLUMN made integer", "/* INSERT */ DROP TABLE orders", "CREATE TABLE made AS SELECT * FROM users"})
	refuse(databases.DDL, []string{"DELETE FROM orders", "INSERT INTO no_key VALUES (9, 'x')", "UPDATE users SET name = 'x'",
		"WITH t AS (SELECT 1) DELETE FROM orders", "/* CREATE */ DELETE FROM orders"})
	for _, class := range []databases.Class{databases.DML, databases.DDL, "", "read", "other"} {
		refuse(class, []string{"SELECT 1", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "", ";", "-- nothing",
			"DELETE FROM orders; DELETE FROM users", "DROP TABLE no_key; DROP TABLE pairs", "DELETE FROM orders; COMMIT",
			"COMMIT; DELETE FROM orders", "EXPLAIN DELETE FROM orders", "gibberish"})
		switch {
		case s.postgres():
			refuse(class, []string{"COPY no_key FROM PROGRAM 'echo 1'", "COPY orders TO STDOUT", "DO 'BEGIN DELETE FROM orders; END'",
				"CALL p()", "VACUUM", "SET ROLE NONE", "SET search_path = evil", "LOCK TABLE users", "PREPARE p AS DELETE FROM orders",
				"EXECUTE p", "DISCARD ALL", "LOAD 'x'", "CHECKPOINT", "GRANT ALL ON users TO PUBLIC", "CREATE ROLE made", "ALTER SYSTEM SET work_mem = '1GB'",
				"ALTER ROLE CURRENT_USER SUPERUSER", "REASSIGN OWNED BY CURRENT_USER TO CURRENT_USER", "EXPLAIN ANALYZE DELETE FROM orders",
				"BEGIN; DELETE FROM orders; COMMIT", "LISTEN x", "NOTIFY x"})
		case s.mysql():
			refuse(class, []string{"CALL p()", "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE no_key", "LOAD DATA INFILE '/etc/passwd' INTO TABLE no_key",
				"SET GLOBAL general_log = 1", "SET sql_mode = ''", "LOCK TABLES users WRITE", "GRANT ALL ON *.* TO CURRENT_USER",
				"CREATE USER evil", "FLUSH TABLES", "SHUTDOWN", "KILL 1", "/*! DELETE FROM orders */", "/*!50000 DROP TABLE orders */",
				"BEGIN NOT ATOMIC DELETE FROM orders; END", "SELECT 1 INTO OUTFILE '/tmp/x'", "HANDLER orders OPEN", "PREPARE p FROM 'DELETE FROM orders'",
				"EXECUTE IMMEDIATE 'DELETE FROM orders'", "DO SLEEP(0)", "XA START 'a'", "USE mysql", "INSTALL PLUGIN a SONAME 'b'"})
		default:
			refuse(class, []string{"ATTACH ':memory:' AS m", "DETACH main", "PRAGMA writable_schema = 1", "PRAGMA user_version = 5",
				"VACUUM", "VACUUM INTO '/tmp/cleat-never'", "PRAGMA journal_mode = OFF", "UPDATE sqlite_master SET sql = 'x'",
				"SELECT load_extension('x')", "INSERT INTO no_key SELECT 1, load_extension('x')", "END", "RELEASE s"})
		}
	}
	s.unchanged("a statement of another class", before)
	s.alive(s.db, "statements of other classes")
}

func ddl(s *suite) {
	do := func(sql string) {
		s.Helper()
		if w, err := s.put(s.db, databases.DDL, false, sql); err != nil || w.Class != databases.DDL {
			s.Errorf("%s: %+v, %v", sql, w, explained(err))
		}
	}
	do("CREATE TABLE made (id integer PRIMARY KEY, v " + s.by("text", "varchar(10)", "TEXT") + ")")
	do("ALTER TABLE made ADD COLUMN w integer;")
	do("CREATE INDEX made_w ON made (w)")
	s.exec("INSERT INTO made VALUES (1, 'x', 2)")
	if r := s.must(s.db, "SELECT * FROM made"); !slices.Equal(columns(r), []string{"id", "v", "w"}) {
		s.Errorf("the table that was made: %q", columns(r))
	}
	if list := s.list(s.db, databases.SchemaQuery{Pattern: "made", Detail: databases.Summary}); len(list.Objects) != 1 {
		s.Errorf("the table that was made is not listed: %+v", list)
	}
	do("DROP TABLE made")
	_, err := s.ask(s.db, "SELECT * FROM made")
	s.refused("the table that was dropped", err, fail.NotFound)
}

func failing(s *suite) {
	before := s.state()
	for _, c := range []struct {
		sql    string
		params []string
	}{
		{"INSERT INTO named VALUES ('fresh', 1), ('1', 2)", nil}, {"INSERT INTO orders (id, total) VALUES (100, 1), (101, -1)",
			nil}, {"UPDATE orders SET total = total - 50", nil}, {"INSERT INTO nowhere VALUES (1)", nil},
		{"UPDATE orders SET nothing = 1", nil}, {"DELETE FROM", nil}, {"DELETE FROM orders WHERE id = " + s.ph(1), nil}, {"DELETE FROM orders WHERE id > 0",
			[]string{"1"}}, {"DELETE FROM orders WHERE id = " + s.ph(1), []string{"1", "2"}},
		{"UPDATE orders SET status = NULL", nil}, {"INSERT INTO no_key VALUES (1, " + s.ph(1) + ")", []string{`"a\u0000"`}},
	} {
		_, err := s.put(s.db, databases.DML, false, c.sql, c.params...)
		s.refused(c.sql, err, fail.Invalid, fail.NotFound, fail.Conflict)
		s.unchanged(c.sql, before)
		s.alive(s.db, c.sql)
	}
	_, err := s.put(s.db, databases.DDL, false, "CREATE TABLE users (a integer)")
	s.refused("a table that is there", err, fail.Invalid, fail.Conflict)
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	_, err = s.db.(databases.Writer).Write(ctx, databases.Write{SQL: "DELETE FROM orders", Class: databases.DML})
	s.refused("a write that was canceled before", err, fail.Timeout)
	s.unchanged("failing writes", before)
}

func returning(s *suite) {
	if s.Dialect == databases.MySQL {
		s.Skip("MySQL has no RETURNING")
	}
	w, err := s.put(s.db, databases.DML, false, "INSERT INTO empty_one VALUES (1, 'x'), (2, 'y') RETURNING id, v AS said")
	if err != nil || w.Rows != 2 || w.Result == nil || fmt.Sprint(table(orEmpty(w.Result))) != "[[1 x] [2 y]]" || !slices.Equal(columns(w.Result), []string{"id",
		"said"}) {
		s.Errorf("INSERT RETURNING: %+v, %v", w, explained(err))
	}
	w, err = s.put(s.db, databases.DML, true, "DELETE FROM empty_one RETURNING *")
	if err != nil || w.Rows != 2 || w.Result == nil || len(w.Result.Rows) != 2 {
		s.Errorf("a dry DELETE RETURNING: %+v, %v", w, explained(err))
	}
	if got := s.rows("SELECT count(*) FROM empty_one"); got[0][0] != "2" {
		s.Errorf("there are %v rows", got)
	}
	s.exec("INSERT INTO no_key SELECT g, 'many' FROM " + s.many(4))
	w, err = s.put(s.db, databases.DML, false, "DELETE FROM no_key WHERE b = 'many' RETURNING a")
	if err != nil || w.Rows != 10_000 || w.Result == nil || len(w.Result.Rows) > databases.MaxRows || !w.Result.More {
		s.Errorf("many rows: %v", explained(err))
	}
	if got := s.rows("SELECT count(*) FROM no_key WHERE b = 'many'"); got[0][0] != "0" {
		s.Errorf("a limit on the answer stopped the write: %v rows are left", got)
	}
}

func writeRules(s *suite) {
	before := s.state()
	hides := s.open(masked(databases.Deny))
	if s.Dialect != databases.MySQL {
		for _, sql := range []string{"INSERT INTO users (id, ssn, name) SELECT 50 + id, ssn, name FROM users RETURNING ssn",
			"DELETE FROM users WHERE id = 99 RETURNING *", "DELETE FROM orders WHERE id = 1 RETURNING (SELECT max(ssn) FROM users)",
			"DELETE FROM orders RETURNING id, (SELECT upper(email) FROM users WHERE id = 1)"} {
			w, err := s.put(hides, databases.DML, true, sql)
			s.covered(sql, w, err)
		}
		w, err := s.put(hides, databases.DML, true, "INSERT INTO users (id, ssn) VALUES (50, 'mine') RETURNING id, ssn")
		if err == nil && (w.Result == nil || len(w.Result.Rows) != 1 || cell(w.Result.Rows[0][1]) != "[masked]") {
			s.Errorf("what is returned is not masked: %+v", w)
		} else if err != nil {
			s.refused("RETURNING a masked column", err, fail.Denied)
		}
	}
	for _, sql := range []string{"UPDATE users SET name = ssn", "UPDATE users SET name = coalesce(email, 'x') WHERE id = 1",
		"INSERT INTO no_key SELECT id, ssn FROM users", "INSERT INTO no_key SELECT id, card FROM user_cards",
		"DELETE FROM orders WHERE EXISTS (SELECT 1 FROM users WHERE ssn LIKE 'Z%')",
		"UPDATE orders SET note = (SELECT max(ssn) FROM users)", "UPDATE users SET name = 'x' WHERE ssn LIKE 'Z%'", "DELETE FROM users WHERE email LIKE 'a%'"} {
		w, err := s.put(hides, databases.DML, false, sql)
		s.covered(sql, w, err)
		s.refused(sql, err, fail.Denied)
	}
	for _, sql := range []string{"CREATE TABLE made AS SELECT id, ssn AS open FROM users", "CREATE VIEW made AS SELECT ssn AS open FROM users",
		"ALTER TABLE users RENAME COLUMN ssn TO open"} {
		if _, err := s.put(hides, databases.DDL, false, sql); err != nil {
			s.refused(sql, err, fail.Denied, fail.Invalid)
		} else {
			s.Errorf("%s ran: the mask does not cover what it made", sql)
		}
	}
	lists := s.open(databases.Config{Tables: []string{"orders"}})
	for _, sql := range []string{"UPDATE users SET name = 'x'", "DELETE FROM users WHERE id = 5", "INSERT INTO no_key VALUES (9, 'x')",
		"UPDATE orders SET note = (SELECT max(name) FROM users)", "INSERT INTO orders (id, total, note) SELECT 100 + id, 1, ssn FROM users",
		"DELETE FROM orders WHERE user_id IN (SELECT id FROM users)"} {
		_, err := s.put(lists, databases.DML, false, sql)
		s.refused(sql, err, fail.Denied)
	}
	for _, sql := range []string{"DROP TABLE no_key", "CREATE TABLE made AS SELECT * FROM users", "ALTER TABLE users ADD COLUMN made integer",
		"CREATE VIEW made AS SELECT * FROM users"} {
		_, err := s.put(lists, databases.DDL, false, sql)
		s.refused(sql, err, fail.Denied)
	}
	s.unchanged("what the rules close", before)
	if w, err := s.put(lists, databases.DML, true, "UPDATE orders SET note = 'x' WHERE id = 1"); err != nil || w.Rows != 1 {
		s.Errorf("a listed table: %+v, %v", w, explained(err))
	}
	if w, err := s.put(hides, databases.DML, true, "UPDATE users SET name = 'x' WHERE id = 1"); err != nil || w.Rows != 1 {
		s.Errorf("a write that reads no masked column: %+v, %v", w, explained(err))
	}
}
