package sqlite_test

import (
	"testing"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

func TestTables(t *testing.T) {
	d := newDB(t,
		"CREATE TABLE open (id INTEGER PRIMARY KEY, k TEXT)", "INSERT INTO open VALUES (1, '"+canary+"')",
		"CREATE TABLE closed (id INTEGER PRIMARY KEY, k TEXT, v TEXT)", "INSERT INTO closed VALUES (7, '"+canary+"', '"+canary2+"')",
		"CREATE VIEW window_open AS SELECT id FROM closed", "CREATE VIEW window_closed AS SELECT v FROM closed", "CREATE VIEW window_nested AS SELECT * FROM window_closed",
		"CREATE INDEX closed_k ON closed (k)", "CREATE VIRTUAL TABLE notes USING fts5(body)", "INSERT INTO notes VALUES ('hello')", "ANALYZE")
	s := d.source(t, databases.Config{Tables: []string{"open", "window_open", "window_nested", "notes"}})
	for sql, want := range map[string]string{
		"SELECT id FROM open":                              "1",
		"SELECT id FROM main.open":                         "1",
		"SELECT id FROM window_open":                       "7",
		"SELECT body FROM notes WHERE notes MATCH 'hello'": "hello",
		"SELECT value FROM json_each('[3]')":               "3",
		"SELECT name FROM pragma_table_info('open')":       "id;k",
		"WITH x AS (SELECT 1 AS a) SELECT a FROM x":        "1",
	} {
		if got := line(query(t, s, sql)); got != want {
			t.Errorf("%s = %s, want %s", sql, got, want)
		}
	}
	for _, sql := range []string{
		"SELECT * FROM closed", "SELECT count(*) FROM closed", "SELECT * FROM main.closed", "SELECT 1 FROM [CLOSED]", "SELECT * FROM 'closed'", "SELECT * FROM window_closed", "SELECT * FROM window_nested",
		"SELECT 1 WHERE EXISTS (SELECT 1 FROM closed)", "SELECT o.id FROM open o JOIN closed USING (k)", "SELECT o.id FROM open o NATURAL JOIN closed", "SELECT o.id FROM open o JOIN main.closed USING (k)",
		"WITH window_open AS (SELECT v FROM closed) SELECT * FROM window_open", "WITH window_open AS (SELECT v FROM main.closed) SELECT * FROM window_open",
		"SELECT * FROM main.window_open, (WITH window_open AS (SELECT v FROM main.closed) SELECT * FROM window_open)", "SELECT o.id FROM main.closed JOIN open o USING (k), window_open",
		"SELECT * FROM sqlite_master", "SELECT * FROM sqlite_schema", "SELECT * FROM main.sqlite_schema", "SELECT * FROM sqlite_stat1", "SELECT * FROM sqlite_stat4", "SELECT * FROM notes_content",
		"PRAGMA table_info(closed)", "SELECT * FROM pragma_table_info('closed')", "SELECT p.* FROM (SELECT 'closed' AS n) x, pragma_table_xinfo(x.n) p", "PRAGMA index_info(closed_k)", "PRAGMA table_list", "PRAGMA index_list(closed)",
		"SELECT k IN closed FROM open", "SELECT k IN main.closed FROM open", "SELECT * FROM sqlite_dbpage", "EXPLAIN SELECT * FROM closed",
	} {
		res, err := ask(t, s, sql)
		if code(err) != fail.Denied {
			t.Errorf("%s: %v, want denied: %s", sql, err, shown(t, res, err))
		}
	}
	// Again, now that empty views stand for the closed tables.
	if got := line(query(t, s, "SELECT id FROM window_open")); got != "7" {
		t.Errorf("the open view over a closed table = %s", got)
	}
	schema, err := s.Schema(t.Context(), databases.SchemaQuery{Detail: databases.Names})
	if err != nil || len(schema.Objects) != 4 {
		t.Errorf("schema %+v, %v", schema, err)
	}
	if _, err := s.Schema(t.Context(), databases.SchemaQuery{Pattern: "closed"}); code(err) != fail.NotFound && code(err) != "" {
		t.Errorf("schema of a closed table: %v", err)
	}
	if _, err := s.Row(t.Context(), "closed", []string{"7"}); code(err) != fail.Denied {
		t.Errorf("row of a closed table: %v", err)
	}
	for _, w := range []databases.Write{
		{SQL: "INSERT INTO closed VALUES (8, 'a', 'b')", Class: databases.DML}, {SQL: "DELETE FROM main.closed", Class: databases.DML},
		{SQL: "INSERT INTO open (k) SELECT v FROM closed", Class: databases.DML}, {SQL: "UPDATE open SET k = c.v FROM closed c", Class: databases.DML},
		{SQL: "INSERT INTO open (k) SELECT o.k FROM open o JOIN closed USING (k)", Class: databases.DML}, {SQL: "INSERT INTO open (k) SELECT id FROM window_open", Class: databases.DML},
		{SQL: "DROP TABLE closed", Class: databases.DDL}, {SQL: "CREATE TABLE fresh (a)", Class: databases.DDL}, {SQL: "CREATE INDEX x ON closed (v)", Class: databases.DDL},
		{SQL: "ALTER TABLE closed RENAME TO open2", Class: databases.DDL}, {SQL: "CREATE VIEW v2 AS SELECT * FROM closed", Class: databases.DDL},
	} {
		if _, err := s.Write(t.Context(), w); code(err) != fail.Denied {
			t.Errorf("%s: %v, want denied", w.SQL, err)
		}
	}
}
