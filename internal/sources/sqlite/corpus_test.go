package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

func shopDB(t testing.TB) *db {
	return newDB(t,
		"CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT)",
		"CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id), total REAL, status TEXT, created TEXT)",
		"CREATE INDEX orders_user ON orders (user_id)",
		"CREATE TABLE categories (id INTEGER PRIMARY KEY, parent INTEGER, name TEXT)", "CREATE TABLE docs (id INTEGER PRIMARY KEY, doc TEXT)",
		"CREATE VIEW paid_orders AS SELECT * FROM orders WHERE status = 'paid'",
		"CREATE VIRTUAL TABLE notes USING fts5(body)", "CREATE VIRTUAL TABLE boxes USING rtree(id, minx, maxx)",
		"INSERT INTO users VALUES (1, 'Ann', 'ann@mail.test'), (2, 'Bob', NULL), (3, 'Cyd', 'cyd@mail.test')",
		"INSERT INTO orders VALUES (1, 1, 19.99, 'paid', '2026-01-02T03:04:05Z'), (2, 1, 5, 'open', '2026-01-03'), (3, 2, 250, 'paid', '2026-02-01'), (4, NULL, 7.5, 'open', '2026-02-02')",
		"INSERT INTO categories VALUES (1, NULL, 'all'), (2, 1, 'some'), (3, 2, 'few')",
		`INSERT INTO docs VALUES (1, '{"name": "x", "tags": ["a", "b"]}')`,
		"INSERT INTO notes VALUES ('hello world'), ('other')", "INSERT INTO boxes VALUES (1, 1, 5)")
}

// TestCorpus runs what analysts write: with no rules, and with masks and a list that do not
// concern it.
func TestCorpus(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("testdata", "corpus.sql"))
	if err != nil {
		t.Fatal(err)
	}
	statements := strings.Split(strings.TrimSpace(string(file)), "\n-- --\n")
	if len(statements) < 60 {
		t.Fatalf("%d statements", len(statements))
	}
	d := shopDB(t)
	free, masked := d.source(t, databases.Config{}), d.source(t, databases.Config{Mask: []string{"users.password", "categories.secret"}})
	covered := d.source(t, databases.Config{Mask: []string{"users.email:hash"}})
	listed := d.source(t, databases.Config{Tables: []string{"users", "orders", "categories", "docs", "notes", "boxes", "paid_orders"}})
	for _, sql := range statements {
		res, err := ask(t, free, sql)
		if err != nil || len(res.Rows) == 0 {
			t.Errorf("%s: %v\n%s", sql, res, shown(t, nil, err))
			continue
		}
		random := strings.Contains(sql, "random") || strings.Contains(sql, "now")
		if other, err := ask(t, masked, sql); err != nil || line(other) != line(res) && !random {
			t.Errorf("with masks on other columns, %s: %v, %v", sql, other, err)
		}
		if _, err := ask(t, listed, sql); err != nil && code(err) != fail.Denied || err != nil && !strings.Contains(sql, "sqlite_") {
			t.Errorf("with a list, %s: %v", sql, err)
		}
		if other, err := ask(t, covered, sql); err != nil && !strings.Contains(sql, "rowid") || err == nil && len(other.Rows) != len(res.Rows) {
			t.Errorf("with a masked column, %s: %v, %v", sql, other, err)
		}
	}
}
