package sqlite_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"cleat/internal/sources/sqlite"
	"cleat/internal/systems/databases"
)

// FuzzSlow compares the functions that replace SQLite's with SQLite's.
func FuzzSlow(f *testing.F) {
	for _, seed := range [][3]string{{"abcabc", "bc", "x"}, {"zażółć", "ółć", ""}, {"  a ", " ", "b"}, {"", "", ""}, {"żżaż", "ż", "żż"}, {`{"a":1,"b":{"c":2}}`, `{"a":null,"b":{"d":3}}`, ""}, {"12", "1", "2"}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	d := newDB(f)
	s := d.source(f, databases.Config{})
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) || !utf8.ValidString(c) || strings.ContainsRune(a+b+c, 0) {
			t.Skip() // no such parameter
		}
		const sql = "SELECT instr(?1, ?2), replace(?1, ?2, ?3), trim(?1, ?2), ltrim(?1, ?2), rtrim(?1, ?2), instr(CAST(?1 AS BLOB), CAST(?2 AS BLOB)), json_valid(?1)"
		same(t, d, s, sql, a, b, c)
		if json.Valid([]byte(a)) && json.Valid([]byte(b)) {
			same(t, d, s, "SELECT json_patch(?1, ?2), ?3", a, b, c)
		}
	})
}

// same runs a statement with three texts in SQLite itself and in the source.
func same(t *testing.T, d *db, s *sqlite.Source, sql string, texts ...string) {
	t.Helper()
	var args []any
	q := databases.Query{SQL: sql}
	for _, x := range texts {
		args = append(args, x)
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		q.Params = append(q.Params, databases.Param{JSON: b})
	}
	res, err := s.Query(t.Context(), q)
	row := d.other.QueryRow(sql, args...)
	want := make([]*string, len(resColumns(res)))
	into := make([]any, len(want))
	for i := range want {
		into[i] = &want[i]
	}
	if err != nil {
		var any *string
		if row.Scan(&any) == nil {
			t.Fatalf("%s of %q: %v", sql, texts, err)
		}
		return
	}
	if err := row.Scan(into...); err != nil {
		t.Fatalf("%s of %q: %v, but not in SQLite itself: %v", sql, texts, res, err)
	}
	for i, w := range want {
		got := res.Rows[0][i]
		if (got == nil) != (w == nil) || got != nil && *got != *w {
			t.Errorf("%s of %q: column %d is %q, want %q", sql, texts, i, deref(got), deref(w))
		}
	}
}

func resColumns(res *databases.Result) []databases.Column {
	if res == nil {
		return nil
	}
	return res.Columns
}

func deref(s *string) string {
	if s == nil {
		return "NULL"
	}
	return *s
}

// FuzzMask sends any text as a statement: the masked value is never shown, and the file
// stays as it is.
func FuzzMask(f *testing.F) {
	for _, seed := range []string{"SELECT * FROM users", "SELECT ssn FROM main.users", "WITH users AS (SELECT ssn FROM main.users) SELECT * FROM users", "SELECT g.n FROM main /**/ . users JOIN guesses g USING (ssn)",
		"SELECT term FROM vocab", "SELECT hex(block) FROM users_fts_data", "PRAGMA table_info(users)", "EXPLAIN SELECT * FROM cards", "SELECT 1; DELETE FROM users", `SELECT "ssn" FROM 'main'."users"`} {
		f.Add(seed)
	}
	d := maskedDB(f)
	s := d.source(f, denied())
	before := d.rows(f, "SELECT (SELECT group_concat(id || name || coalesce(ssn, '')) FROM users), (SELECT group_concat(sql) FROM sqlite_master), (SELECT count(*) FROM guesses)")
	f.Fuzz(func(t *testing.T, sql string) {
		res, err := s.Query(t.Context(), databases.Query{SQL: sql})
		if code(err) == "not a fail.Error" {
			t.Errorf("%q: %v", sql, err)
		}
		text := shown(t, res, err)
		if leaks(text) != "" && leaks(sql) == "" && !strings.Contains(strings.ToLower(sql), "guesses") { // which is open, and holds one too
			t.Errorf("%q shows %s", sql, text)
		}
		after := d.rows(t, "SELECT (SELECT group_concat(id || name || coalesce(ssn, '')) FROM users), (SELECT group_concat(sql) FROM sqlite_master), (SELECT count(*) FROM guesses)")
		if strings.Join(after[0], "|") != strings.Join(before[0], "|") {
			t.Fatalf("%q changed the database", sql)
		}
	})
}
