package sqltext

import (
	"math/rand/v2"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
)

// SQLite itself says where its first statement ends, how many parameters it has, and what
// it does.
func TestSQLiteAgrees(t *testing.T) {
	conn, err := sqlite.OpenConn(":memory:", sqlite.OpenReadWrite, sqlite.OpenCreate, sqlite.OpenMemory)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	prepared, _, err := conn.PrepareTransient("CREATE TABLE t (a, b)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := prepared.Step(); err != nil {
		t.Fatal(err)
	}
	if err := prepared.Finalize(); err != nil {
		t.Fatal(err)
	}
	writes := false
	err = conn.SetAuthorizer(sqlite.AuthorizeFunc(func(a sqlite.Action) sqlite.AuthResult {
		switch a.Type() {
		case sqlite.OpSelect, sqlite.OpRead, sqlite.OpFunction, sqlite.OpRecursive:
		default:
			writes = true
		}
		return sqlite.AuthResultOK
	}))
	if err != nil {
		t.Fatal(err)
	}
	whole := []string{"SELECT a FROM t", "SELECT 1, 'it''s;'", "DELETE FROM t", "INSERT INTO t VALUES (1, 2)", "WITH x AS (SELECT 1) SELECT * FROM x",
		"WITH x AS (SELECT 1) DELETE FROM t", "VALUES (1)", "REPLACE INTO t VALUES (?, :a)", "DROP TABLE t", "CREATE TABLE u (a)", "BEGIN", "PRAGMA user_version",
		"UPDATE t SET a = [b]", "SELECT (SELECT ?3) + ?", "ATTACH ':memory:' AS n", "EXPLAIN SELECT 1", "SELECT a FROM t WHERE b IN (1)"}
	pieces := []string{";", ";", " ", "\n", "\r", "\t", "--", "-- x\n", "--;\r", "/*", "*/", "/* ; */", "/*/", "'", "''", "'a;'", "\"", "\"b\"", "`", "`b`", "[", "]", "[a]", "[;]",
		"(", ")", ",", "1", "1e5", "0x1", "1.", ".5", "?", "?2", ":a", "$a::b(c)", "@a", "#", "x'1f'", "x'1'", "a", "t", "\\", "\ufeff", "é", "\v", "-", "- -", "->>", "||", "!=", "AND", "AS", "FROM t"}
	r := rand.New(rand.NewPCG(3, 4))
	ran, split := 0, 0
	for range 100_000 {
		var b strings.Builder
		for range 1 + r.IntN(9) {
			if r.IntN(3) == 0 {
				b.WriteString(whole[r.IntN(len(whole))])
			}
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		sql := b.String()
		writes = false
		stmt, trailing, err := conn.PrepareTransient(sql)
		if err != nil {
			continue // SQLite refuses what it may
		}
		params := stmt.BindParamCount()
		empty := stmt.ColumnCount() == 0 && !writes
		if err := stmt.Finalize(); err != nil {
			t.Fatal(err)
		}
		tail := sql[len(sql)-trailing:]
		ran++
		body, err := Single(SQLite, sql)
		more, bad := Tokens(SQLite, tail)
		several := bad != nil
		for _, token := range more {
			several = several || token.Kind != Comment && !token.is(";")
		}
		switch {
		case several:
			split++
			if err == nil {
				t.Fatalf("Single(%q) = %q, but SQLite has %q behind the first statement", sql, body, tail)
			}
			continue
		case err != nil:
			if !empty {
				t.Fatalf("Single(%q): %v, but SQLite takes it for one", sql, err)
			}
			continue
		}
		if n, err := Params(SQLite, sql); n != params || err != nil {
			t.Fatalf("Params(%q) = %d, %v, but SQLite has %d", sql, n, err, params)
		}
		if class, err := Class(SQLite, sql); err != nil || class == Read && writes {
			t.Fatalf("Class(%q) = %q, %v, but SQLite says that it writes: %v", sql, class, err, writes)
		}
	}
	if ran < 5000 || split < 500 {
		t.Errorf("only %d texts were statements to SQLite, and %d of them several", ran, split)
	}
}

func BenchmarkStatement(b *testing.B) {
	piece := "SELECT u.id, 'it''s' /* comment */, count(*) FILTER (WHERE a = $1) FROM users u JOIN orders o ON o.id = u.id WHERE x IN (1, 2.5e3) UNION ALL\n"
	sql := strings.Repeat(piece, (MaxBytes-10)/len(piece)) + "SELECT 1"
	b.SetBytes(int64(len(sql)))
	for _, f := range []struct {
		name string
		run  func() error
	}{
		{"Tokens", func() error { _, err := Tokens(PostgreSQL, sql); return err }},
		{"Single", func() error { _, err := Single(MySQL, sql); return err }},
		{"Class", func() error { _, err := Class(PostgreSQL, sql); return err }},
		{"Calls", func() error { _, err := Calls(PostgreSQL, sql); return err }},
		{"Masked", func() error {
			_, err := Masked(sql, MaskQuery{Tables: []string{"users"}, Columns: []string{"ssn"}})
			return err
		}},
	} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				if err := f.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
