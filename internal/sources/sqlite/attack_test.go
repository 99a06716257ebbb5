package sqlite_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/sources/sqlite"
	"cleat/internal/systems/databases"
)

// folder returns the names in a folder with a digest of what is in each.
func folder(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = fmt.Sprintf("%x", sha256.Sum256(b))
	}
	return out
}

// TestNothingIsWritten is SL-01, 02, 04, 05, 06, 11, 16 and their kind, against the file
// system.
func TestNothingIsWritten(t *testing.T) {
	dir := t.TempDir()
	d := openDB(t, filepath.Join(dir, "a.db"), "CREATE TABLE users (id INTEGER PRIMARY KEY, name)", "INSERT INTO users VALUES (1, 'ann')", "CREATE TABLE t (a)",
		"CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END", "CREATE VIEW v AS SELECT * FROM t",
		"CREATE TRIGGER iv INSTEAD OF INSERT ON v BEGIN DELETE FROM users; END", "CREATE VIRTUAL TABLE f USING fts5(x)")
	b := openDB(t, filepath.Join(dir, "b.db"), "CREATE TABLE t (a)")
	if err := os.WriteFile(filepath.Join(dir, "secret.txt"), []byte("CANARY"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.other.Close()
	b.other.Close()
	before := folder(t, dir)
	s := d.source(t, databases.Config{Functions: []string{"*"}})
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, sql := range []string{
		"SELECT 1; DELETE FROM users", "SELECT 1;;; DROP TABLE users", "SELECT 1 /* ; */ ; DELETE FROM users -- x", "SELECT ';' ; DELETE FROM users",
		"PRAGMA query_only=OFF", "PRAGMA query_only(0)", "PRAGMA main.query_only = 0", "INSERT INTO t VALUES (1)", "PRAGMA writable_schema=ON", "PRAGMA journal_mode=DELETE", "PRAGMA journal_mode('WAL')",
		"PRAGMA user_version=7", "PRAGMA user_version=''", "PRAGMA application_id(7)", "PRAGMA wal_checkpoint", "PRAGMA optimize", "PRAGMA incremental_vacuum", "PRAGMA temp_store_directory='" + dir + "'", "PRAGMA data_store_directory='" + dir + "'",
		"PRAGMA hard_heap_limit=1", "PRAGMA soft_heap_limit=1", "PRAGMA mmap_size=1000000000", "PRAGMA cache_size=100000", "PRAGMA trusted_schema=1", "PRAGMA encoding='UTF-16'", "PRAGMA locking_mode=EXCLUSIVE", "PRAGMA schema_version=99",
		"PRAGMA foreign_keys=''", "PRAGMA shrink_memory", "PRAGMA case_sensitive_like=1", "PRAGMA busy_timeout=100000", "PRAGMA analysis_limit=1", "PRAGMA threads=8", "PRAGMA database_list", "SELECT * FROM pragma_database_list",
		"SELECT * FROM pragma_wal_checkpoint", "SELECT * FROM pragma_journal_mode('delete')", "SELECT * FROM pragma_user_version(5)", "SELECT * FROM pragma_optimize", "SELECT * FROM pragma_query_only(0)", "SELECT * FROM pragma_writable_schema(1)",
		"ATTACH DATABASE '" + in("new.db") + "' AS n", "ATTACH 'file:" + in("a.db") + "?mode=rw' AS w", "ATTACH ':memory:' AS m", "ATTACH '' AS m", "ATTACH '" + in("b.db") + "' AS b", "DETACH main", "DETACH temp",
		"CREATE TABLE n.x (a)", "INSERT INTO w.t VALUES (1)", "SELECT * FROM b.t", "VACUUM INTO '" + in("copy.db") + "'", "VACUUM", "VACUUM main", "EXPLAIN VACUUM INTO '" + in("c2.db") + "'",
		"WITH x AS (SELECT 1) DELETE FROM users", "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "WITH x AS (SELECT 1) UPDATE users SET name = 'x'", "REPLACE INTO t VALUES (1)", "INSERT INTO t DEFAULT VALUES", "INSERT INTO t VALUES (1) RETURNING a",
		"DELETE FROM users RETURNING *", "UPDATE users SET name = 'x' RETURNING id", "INSERT INTO v VALUES (1) RETURNING *", "INSERT INTO users VALUES (1, 'x') ON CONFLICT DO NOTHING", "(DELETE FROM users)",
		"EXPLAIN DELETE FROM users", "EXPLAIN QUERY PLAN DELETE FROM users", "DROP TABLE users", "DROP VIEW v", "DROP TRIGGER tr", "ALTER TABLE users ADD COLUMN x", "ALTER TABLE users RENAME TO u", "CREATE TABLE x AS SELECT 1", "CREATE INDEX i ON users (name)",
		"CREATE TEMP TABLE x (a)", "CREATE TEMPORARY VIEW x AS SELECT 1", "CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END", "CREATE VIRTUAL TABLE x USING fts5(a)", "CREATE VIRTUAL TABLE temp.x USING fts5vocab(main, f, 'row')",
		"REINDEX", "REINDEX users", "ANALYZE", "ANALYZE main", "BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE", "COMMIT", "END", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "ROLLBACK TO a",
		"SELECT load_extension('" + in("x.so") + "')", "SELECT load_extension('" + in("x.so") + "', 'init')", "SELECT writefile('" + in("w") + "', 'x')", "SELECT readfile('" + in("secret.txt") + "')", "SELECT edit('x')",
		`SELECT "load_extension"('x')`, "SELECT [load_extension]('x')", "SELECT load_extension /**/ ('x')", "SELECT * FROM users WHERE load_extension('x')", "SELECT fts3_tokenizer('a', x'00')", "SELECT sqlite_log(1, 'x')", "SELECT eval('DELETE FROM users')",
		"INSERT INTO f (f) VALUES ('rebuild')", "INSERT INTO f (f, rank) VALUES ('merge', 1)", "SELECT * FROM sqlite_dbpage", "SELECT * FROM fsdir('" + dir + "')", "SELECT * FROM dbstat", "SELECT * FROM csv('" + in("secret.txt") + "')",
		"UPDATE sqlite_master SET sql = 'x'", "DELETE FROM sqlite_master", "INSERT INTO sqlite_sequence VALUES ('x', 1)", "UPDATE sqlite_dbpage SET data = x'00'", "DELETE FROM f_data", ".shell touch " + in("shell"), ".output " + in("o"),
	} {
		res, err := ask(t, s, sql)
		switch code(err) {
		case fail.Denied, fail.Invalid, fail.NotFound:
		default:
			if !strings.HasPrefix(sql, "EXPLAIN VACUUM") {
				t.Errorf("%s: %v, want an error", sql, err)
			}
		}
		if text := shown(t, res, err); strings.Contains(text, "CANARY") || strings.Contains(text, dir) && !strings.Contains(sql, dir) {
			t.Errorf("%s shows %s", sql, text)
		}
		if _, err := s.Explain(t.Context(), databases.Query{SQL: sql}); err == nil && !strings.Contains(sql, "pragma_") {
			t.Errorf("a plan for %s", sql)
		}
	}
	if diff := cmp.Diff(before, folder(t, dir)); diff != "" {
		t.Errorf("files changed (-before +after):\n%s", diff)
	}
	if got := line(query(t, s, "SELECT (SELECT name FROM users), (SELECT count(*) FROM t)")); got != "ann,0" {
		t.Errorf("the source sees %s", got)
	}
}

// TestFunctions: what is not known to be harmless is refused, with the way to open it, and
// some are never opened.
func TestFunctions(t *testing.T) {
	d := newDB(t, "CREATE TABLE t (a)")
	closed, open := d.source(t, databases.Config{}), d.source(t, databases.Config{Functions: []string{"jsonb_*", "load_*"}})
	const sql = "SELECT json(jsonb_patch('{}', '{\"a\":1}'))"
	if _, err := ask(t, closed, sql); code(err) != fail.Denied || !strings.Contains(fail.Show(err), "functions = ") {
		t.Errorf("a function that is not known: %v", err)
	}
	if got := line(query(t, open, sql)); got != `{"a":1}` {
		t.Errorf("one that the configuration names: %s", got)
	}
	for _, s := range []*sqlite.Source{closed, open} {
		if _, err := ask(t, s, "SELECT load_extension('x')"); code(err) != fail.Denied {
			t.Errorf("load_extension: %v", err)
		}
	}
}

// TestNoState runs statements that set something, and looks whether later ones see it.
func TestNoState(t *testing.T) {
	d := newDB(t, "CREATE TABLE t (a)")
	s := d.source(t, databases.Config{})
	const state = "SELECT total_changes(), changes(), last_insert_rowid(), (SELECT count(*) FROM temp.sqlite_master), 'A' LIKE 'a', (SELECT foreign_keys FROM pragma_foreign_keys)"
	look := func() string {
		res, err := ask(t, s, strings.Replace(state, "(SELECT count(*) FROM temp.sqlite_master)", "0", 1))
		return shown(t, res, err)
	}
	look()
	before := look()
	for _, sql := range []string{"PRAGMA case_sensitive_like=1", "PRAGMA foreign_keys=1", "CREATE TEMP TABLE x (a)", "BEGIN", "SAVEPOINT x", "INSERT INTO t VALUES (1)", "PRAGMA temp_store=1"} {
		if _, err := ask(t, s, sql); err == nil {
			t.Errorf("%s: no error", sql)
		}
	}
	if after := look(); after != before {
		t.Errorf("before %s, after %s", before, after)
	}
}

// TestNoLocks has a second connection take the whole file after each call.
func TestNoLocks(t *testing.T) {
	d := newDB(t, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1), (2), (3)")
	s := d.source(t, databases.Config{Mask: []string{"t.x"}})
	for _, sql := range []string{"SELECT * FROM t", "SELECT * FROM nope", "SELECT json('{') FROM t", "DELETE FROM t"} {
		_, err := s.Query(t.Context(), databases.Query{SQL: sql, Limit: 1})
		_ = code(err) // whether it fails does not matter here
		d.exec(t, "PRAGMA busy_timeout=0", "BEGIN EXCLUSIVE", "INSERT INTO t VALUES (9)", "COMMIT")
	}
	if _, err := s.Explain(t.Context(), databases.Query{SQL: "SELECT * FROM t"}); err != nil {
		t.Error(err)
	}
	if _, err := s.Schema(t.Context(), databases.SchemaQuery{Detail: databases.Full}); err != nil {
		t.Error(err)
	}
	d.exec(t, "BEGIN EXCLUSIVE", "DROP TABLE t", "COMMIT")
	if _, err := ask(t, s, "SELECT * FROM t"); code(err) != fail.NotFound {
		t.Errorf("after the table is gone: %v", err)
	}
}

// TestBusy reads while a writer has the file for itself.
func TestBusy(t *testing.T) {
	d := newDB(t, "CREATE TABLE t (a)")
	s := d.source(t, databases.Config{Timeout: 300 * time.Millisecond})
	query(t, s, "SELECT * FROM t")
	d.exec(t, "BEGIN EXCLUSIVE")
	_, err := ask(t, s, "SELECT * FROM t")
	if c := code(err); c != fail.Busy && c != fail.Timeout {
		t.Errorf("under an exclusive lock: %v", err)
	}
	_, err = s.Write(t.Context(), databases.Write{SQL: "INSERT INTO t VALUES (1)", Class: databases.DML})
	if c := code(err); c != fail.Busy && c != fail.Timeout {
		t.Errorf("a write under an exclusive lock: %v", err)
	}
	d.exec(t, "COMMIT")
	query(t, s, "SELECT * FROM t")
}

// TestTimeout is SL-14: the work ends with the time.
func TestTimeout(t *testing.T) {
	d := newDB(t, "CREATE TABLE t (a)", "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 2000) INSERT INTO t SELECT n FROM r")
	s := d.source(t, databases.Config{Timeout: 200 * time.Millisecond})
	for _, sql := range []string{
		"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM r) SELECT count(*) FROM r",
		"SELECT count(*) FROM t a, t b, t c, t d", "SELECT a.a FROM t a, t b, t c WHERE a.a + b.a + c.a = -1",
		"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM r) SELECT n FROM r WHERE n < 0",
	} {
		began := time.Now()
		_, err := ask(t, s, sql)
		if code(err) != fail.Timeout {
			t.Errorf("%s: %v, want timeout", sql, err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %s", sql, took)
		}
	}
	// What no deadline can interrupt has to be quick.
	for _, sql := range []string{
		"SELECT instr(hex(zeroblob(7000000)), hex(zeroblob(3000000)) || '1')",
		"SELECT length(replace(hex(zeroblob(7000000)), hex(zeroblob(3000000)) || '1', 'x'))",
		"SELECT length(trim(hex(zeroblob(7000000)), (SELECT group_concat(char(n), '') FROM (WITH RECURSIVE r(n) AS (SELECT 256 UNION ALL SELECT n + 1 FROM r WHERE n < 20000) SELECT n FROM r)) || '0'))",
		"SELECT length(rtrim(hex(zeroblob(7000000)), hex(zeroblob(7000000))))",
		"SELECT hex(zeroblob(1000000)) LIKE '%0%0%0%0%0%0%0%0%0%0%0%1'", "SELECT hex(zeroblob(1000000)) GLOB '*0*0*0*0*0*0*0*0*[1-9]*1'",
	} {
		began := time.Now()
		_, err := ask(t, s, sql)
		if c := code(err); c != "" && c != fail.Timeout && c != fail.TooLarge {
			t.Errorf("%s: %v", sql, err)
		}
		// Quick is against the hours that the engine's own take; the race detector is slow.
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("%s took %s", sql, took)
		}
	}
	res, err := s.Query(t.Context(), databases.Query{SQL: "SELECT a FROM t WHERE a <= 3 UNION ALL SELECT count(*) FROM t a, t b, t c, t d", Limit: 10})
	if err != nil || len(res.Rows) != 3 || res.Partial == "" {
		t.Errorf("a part of the answer: %+v, %v", res, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Query(ctx, databases.Query{SQL: "SELECT 1"}); code(fail.From(err)) != fail.Timeout {
		t.Errorf("a call that was canceled: %v", err)
	}
	query(t, s, "SELECT 1")
}

// TestFile is SL-08, SL-10 and SL-20: what the path may be.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	open := func(name string) *sqlite.Source {
		return openSource(t, sqlite.Config{Path: filepath.Join(dir, name)})
	}
	openDB(t, filepath.Join(dir, "a.db"), "CREATE TABLE t (a)").other.Close()
	random := make([]byte, 1<<20)
	r := rand.NewChaCha8([32]byte{1})
	if _, err := r.Read(random); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(whole)
	copy(damaged[100:], random[:2000])
	for name, content := range map[string][]byte{"random.db": random, "short.db": whole[:50], "damaged.db": damaged, "text.db": []byte(strings.Repeat("text ", 500))} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"none.db", "a.db?mode=rw", "file:a.db", "a.db#x", "a.db%00", "folder.db", "a.db/x", ":memory:", "random.db", "short.db", "damaged.db", "text.db"} {
		s := open(name)
		if _, err := ask(t, s, "SELECT * FROM t"); code(err) != fail.Unavailable {
			t.Errorf("%s: %v, want unavailable", name, err)
		} else if s.Health() == "" {
			t.Errorf("%s: the source is said to be well", name)
		}
		if _, err := s.Write(t.Context(), databases.Write{SQL: "CREATE TABLE x (a)", Class: databases.DDL}); code(err) != fail.Unavailable {
			t.Errorf("writing to %s: %v, want unavailable", name, err)
		}
	}
	for name, want := range map[string][]byte{"random.db": random, "short.db": whole[:50], "damaged.db": damaged} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 6 {
		t.Errorf("%d entries: %v, %v", len(entries), entries, err)
	}
	// Names that are special in a URI and a shell, and are names.
	for _, name := range []string{"b.db?mode=ro", "file:c.db", "d e%20f#g&h=i.db", "zażółć.db", "a;b.db", "'q\".db"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(name)
		query(t, s, "SELECT * FROM t")
		if _, err := ask(t, s, "INSERT INTO t VALUES (1)"); code(err) != fail.Denied {
			t.Errorf("%s: INSERT: %v", name, err)
		}
	}
}

// TestReplaced puts another file in the place of the one that was opened.
func TestReplaced(t *testing.T) {
	dir := t.TempDir()
	d := openDB(t, filepath.Join(dir, "a.db"), "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
	openDB(t, filepath.Join(dir, "b.db"), "CREATE TABLE t (a)", "INSERT INTO t VALUES (2)").other.Close()
	s := d.source(t, databases.Config{})
	if got := line(query(t, s, "SELECT a FROM t")); got != "1" {
		t.Errorf("first %s", got)
	}
	d.other.Close()
	if err := os.Rename(filepath.Join(dir, "b.db"), d.path); err != nil {
		t.Fatal(err)
	}
	if got := line(query(t, s, "SELECT a FROM t")); got != "2" {
		t.Errorf("then %s", got)
	}
	if err := os.Remove(d.path); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(t, s, "SELECT a FROM t"); code(err) != fail.Unavailable {
		t.Errorf("without the file: %v", err)
	}
	openDB(t, d.path, "CREATE TABLE t (a)", "INSERT INTO t VALUES (3)")
	if got := line(query(t, s, "SELECT a FROM t")); got != "3" || strings.Contains(s.Health(), "no database") {
		t.Errorf("at last %s, %s", got, s.Health())
	}
}
