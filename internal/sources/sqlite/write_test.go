package sqlite_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

func TestWrite(t *testing.T) {
	d := newDB(t, "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER CHECK (n < 100))",
		"CREATE TABLE log (what TEXT)", "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id REFERENCES users (id) ON DELETE CASCADE)",
		"CREATE TRIGGER logged AFTER UPDATE ON users BEGIN INSERT INTO log VALUES (new.name); END",
		"CREATE VIRTUAL TABLE notes USING fts5(body)", "CREATE TABLE auto (id INTEGER PRIMARY KEY AUTOINCREMENT, v)")
	s := d.source(t, databases.Config{})
	for _, tt := range []struct {
		sql    string
		params []string
		class  databases.Class
		dry    bool
		rows   int64
		ret    string
		notes  string
		code   fail.Code
		check  string
		want   string
	}{
		{sql: "INSERT INTO users VALUES (1, ?, 1), (2, ?, 2)", params: []string{`"ann"`, `"'); DROP TABLE users; --"`}, class: databases.DML, rows: 2,
			check: "SELECT count(*), max(name) FROM users", want: "2 ann"},
		{sql: "INSERT INTO users VALUES (3, 'x', 3)", class: databases.DML, dry: true, rows: 1, notes: "dry run", check: "SELECT count(*) FROM users", want: "2"},
		{sql: "UPDATE users SET n = n + 1 WHERE id = 1 RETURNING id, n;", class: databases.DML, rows: 1, ret: "1,2", notes: "logged", check: "SELECT count(*) FROM log", want: "1"},
		{sql: "INSERT INTO users VALUES (1, 'y', 1)", class: databases.DML, code: fail.Invalid},
		{sql: "INSERT INTO users VALUES (9, 'y', 100)", class: databases.DML, code: fail.Invalid},
		{sql: "INSERT INTO orders VALUES (1, 77)", class: databases.DML, code: fail.Invalid, check: "SELECT count(*) FROM orders", want: "0"},
		{sql: "INSERT INTO orders VALUES (1, 1), (2, 1)", class: databases.DML, rows: 2},
		{sql: "DELETE FROM users WHERE id = 1", class: databases.DML, rows: 1, notes: "2 rows beyond", check: "SELECT count(*) FROM orders", want: "0"},
		{sql: "WITH x(a) AS (SELECT 5) INSERT INTO users (id, name) SELECT a, 'w' FROM x", class: databases.DML, rows: 1},
		{sql: "REPLACE INTO users VALUES (5, 'w2', 1)", class: databases.DML, rows: 1, check: "SELECT name FROM users WHERE id = 5", want: "w2"},
		{sql: "INSERT INTO users VALUES (5, 'w3', 1) ON CONFLICT (id) DO UPDATE SET name = excluded.name", class: databases.DML, rows: 1},
		{sql: "INSERT INTO notes VALUES ('hello')", class: databases.DML, rows: 1, check: "SELECT body FROM notes WHERE notes MATCH 'hello'", want: "hello"},
		{sql: "INSERT INTO auto (v) VALUES (1) RETURNING id", class: databases.DML, rows: 1, ret: "1"},
		{sql: "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 500) INSERT INTO auto (v) SELECT n FROM r RETURNING id", class: databases.DML, rows: 500,
			check: "SELECT count(*) FROM auto", want: "501"},
		{sql: "DELETE FROM auto", class: databases.DDL, code: fail.Denied, check: "SELECT count(*) FROM auto", want: "501"},
		{sql: "DROP TABLE auto", class: databases.DML, code: fail.Denied, check: "SELECT count(*) FROM auto", want: "501"},
		{sql: "SELECT 1", class: databases.DML, code: fail.Denied},
		{sql: "CREATE TABLE made (a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'x')", class: databases.DDL, rows: -1, check: "SELECT count(*) FROM made", want: "0"},
		{sql: "CREATE TABLE gone (a)", class: databases.DDL, dry: true, rows: -1, check: "SELECT count(*) FROM sqlite_master WHERE name = 'gone'", want: "0"},
		{sql: "CREATE INDEX made_b ON made (b, lower(b))", class: databases.DDL, rows: -1},
		{sql: "ALTER TABLE made ADD COLUMN c TEXT NOT NULL DEFAULT 'c' CHECK (c <> '')", class: databases.DDL, rows: -1},
		{sql: "ALTER TABLE made RENAME COLUMN c TO d", class: databases.DDL, rows: -1, check: "SELECT name FROM pragma_table_info('made') WHERE cid = 2", want: "d"},
		{sql: "ALTER TABLE made DROP COLUMN d", class: databases.DDL, rows: -1, check: "SELECT count(*) FROM pragma_table_info('made')", want: "2"},
		{sql: "ALTER TABLE made RENAME TO made2", class: databases.DDL, rows: -1},
		{sql: "CREATE VIEW seen AS SELECT * FROM made2", class: databases.DDL, rows: -1, check: "SELECT count(*) FROM seen", want: "0"},
		{sql: "CREATE TABLE copied AS SELECT id, name FROM users", class: databases.DDL, rows: -1, check: "SELECT count(*) > 0 FROM copied", want: "1"},
		{sql: "DROP VIEW seen", class: databases.DDL, rows: -1},
		{sql: "DROP INDEX made_b", class: databases.DDL, rows: -1},
		{sql: "DROP TABLE made2", class: databases.DDL, rows: -1, check: "SELECT count(*) FROM sqlite_master WHERE name LIKE 'made%'", want: "0"},
		{sql: "DELETE FROM nope", class: databases.DML, code: fail.NotFound},
		{sql: "INSERT INTO users VALUES (?)", class: databases.DML, code: fail.Invalid},
	} {
		w := databases.Write{SQL: tt.sql, Class: tt.class, DryRun: tt.dry}
		for _, p := range tt.params {
			w.Params = append(w.Params, databases.Param{JSON: json.RawMessage(p)})
		}
		out, err := s.Write(t.Context(), w)
		if code(err) != tt.code {
			t.Errorf("%s: %v, want code %q", tt.sql, err, tt.code)
			continue
		}
		if err == nil {
			notes := strings.Join(out.Notes, "\n")
			if out.Rows != tt.rows || out.Class != tt.class || out.DryRun != tt.dry || !strings.Contains(notes, tt.notes) {
				t.Errorf("%s: %+v", tt.sql, out)
			}
			if tt.ret != "" && line(out.Result) != tt.ret {
				t.Errorf("%s returned %s, want %s", tt.sql, line(out.Result), tt.ret)
			}
		}
		if tt.check != "" {
			var got []string
			for _, r := range d.rows(t, tt.check) {
				got = append(got, strings.Join(r, " "))
			}
			if strings.Join(got, ";") != tt.want {
				t.Errorf("after %s: %s = %s, want %s", tt.sql, tt.check, strings.Join(got, ";"), tt.want)
			}
		}
	}
}

// TestWriteReach has statements of either class do more than they may.
func TestWriteReach(t *testing.T) {
	dir := t.TempDir()
	d := openDB(t, filepath.Join(dir, "a.db"), "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
	s := d.source(t, databases.Config{Functions: []string{"*"}})
	new := filepath.Join(dir, "new.db")
	for _, sql := range []string{
		"ATTACH '" + new + "' AS n", "VACUUM INTO '" + new + "'", "VACUUM", "PRAGMA writable_schema=1", "PRAGMA journal_mode=OFF", "PRAGMA user_version=3", "BEGIN", "COMMIT", "REINDEX", "ANALYZE",
		"INSERT INTO t VALUES (2); DELETE FROM t", "UPDATE sqlite_master SET sql = 'x'", "DELETE FROM sqlite_schema", "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 2, 'x')",
		"INSERT INTO t SELECT load_extension('x')", "INSERT INTO t SELECT readfile('/etc/hostname')", "INSERT INTO t SELECT data FROM sqlite_dbpage", "UPDATE sqlite_dbpage SET data = x'00'", "DELETE FROM dbstat",
		"CREATE TABLE temp.x (a)", "CREATE TEMP VIEW x AS SELECT 1", "CREATE VIRTUAL TABLE x USING dbstat", "CREATE VIRTUAL TABLE x USING csv(filename='/etc/passwd')", "DROP TABLE sqlite_master",
		"CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM t; END", "CREATE TABLE n.x (a)", "DETACH main", "SAVEPOINT x",
	} {
		for _, class := range []databases.Class{databases.DML, databases.DDL, "other", ""} {
			_, err := s.Write(t.Context(), databases.Write{SQL: sql, Class: class})
			switch code(err) {
			case fail.Denied, fail.Invalid, fail.NotFound:
			default:
				t.Errorf("%s as %q: %v", sql, class, err)
			}
		}
	}
	if _, err := os.Stat(new); err == nil {
		t.Error("a file was made")
	}
	if got := d.rows(t, "SELECT count(*), (SELECT count(*) FROM sqlite_master), (SELECT user_version FROM pragma_user_version) FROM t"); strings.Join(got[0], " ") != "1 1 0" {
		t.Errorf("the database is %v", got)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("entries %v, %v", entries, err)
	}
}
