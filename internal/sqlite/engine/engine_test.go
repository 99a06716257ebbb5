package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cleat/internal/sqlite/engine"
)

func open(t *testing.T) *engine.Conn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err) // an empty file is an empty database
	}
	c, err := engine.Open("file:"+filepath.ToSlash(path), true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestStatement(t *testing.T) {
	c := open(t)
	for _, sql := range []string{"CREATE TABLE t (a INTEGER, b TEXT)", "INSERT INTO t VALUES (1, 'x'), (2, NULL)"} {
		if err := c.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	if c.Changes() != 2 || c.TotalChanges() != 2 {
		t.Errorf("%d changes, %d in all", c.Changes(), c.TotalChanges())
	}
	s, rest, err := c.Prepare("SELECT a, a, b || 'ż' FROM t WHERE a < ?; SELECT 2")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if rest != " SELECT 2" || s.Columns() != 3 || s.Name(0) != "a" || s.Name(1) != "a" || s.Declared(1) != "INTEGER" || s.Params() != 1 || !s.ReadOnly() {
		t.Errorf("rest %q, %d columns %q %q, %d parameters", rest, s.Columns(), s.Name(0), s.Name(1), s.Params())
	}
	if schema, table, column := s.Origin(1); schema != "main" || table != "t" || column != "a" {
		t.Errorf("origin %s.%s.%s", schema, table, column)
	}
	if _, table, _ := s.Origin(2); table != "" {
		t.Errorf("an expression is of %s", table)
	}
	if err := s.BindInt(1, 2); err != nil {
		t.Fatal(err)
	}
	if row, err := s.Step(); !row || err != nil {
		t.Fatal(row, err)
	}
	if text, n := s.Text(2, 1); text != "x" || n != 3 || s.Int(0) != 1 {
		t.Errorf("%q of %d bytes, %d", text, n, s.Int(0))
	}
	if row, err := s.Step(); row || err != nil {
		t.Error(row, err)
	}
}

func TestAuthorize(t *testing.T) {
	c := open(t)
	if err := c.Exec("CREATE TABLE t (a)"); err != nil {
		t.Fatal(err)
	}
	var seen []engine.Action
	c.Authorize(func(a engine.Action) bool {
		seen = append(seen, a)
		return a.Op != engine.Function || a.Arg2 != "upper"
	})
	if err := c.Exec("SELECT lower(a) FROM t"); err != nil {
		t.Error(err)
	}
	if len(seen) != 3 || seen[1].Arg2+seen[2].Arg2 != "lowera" && seen[1].Arg2+seen[2].Arg2 != "alower" {
		t.Errorf("seen %+v", seen)
	}
	var e *engine.Error
	if err := c.Exec("SELECT upper(a) FROM t"); !errors.As(err, &e) || !strings.Contains(e.Message, "not authorized") {
		t.Errorf("what is refused: %v", err)
	}
	for sql, want := range map[string]bool{"PRAGMA user_version": false, "PRAGMA user_version=''": true} {
		seen = nil
		if err := c.Exec(sql); err != nil || len(seen) == 0 || seen[0].Given != want {
			t.Errorf("%s: %+v, %v", sql, seen, err)
		}
	}
}

func TestWatchAndRegister(t *testing.T) {
	c := open(t)
	n := 0
	c.Watch(func() bool { n++; return n > 3 })
	var e *engine.Error
	err := c.Exec("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r")
	if !errors.As(err, &e) || e.Primary() != engine.Interrupted {
		t.Errorf("without an end: %v", err)
	}
	c.Watch(nil)
	if err := c.Register("twice", 1, func(k *engine.Call) {
		v, _ := k.Text(0, 100)
		k.ReturnText(strings.Repeat(v, 2))
	}); err != nil {
		t.Fatal(err)
	}
	s, _, err := c.Prepare("SELECT twice('ab') || twice(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if row, err := s.Step(); !row || err != nil {
		t.Fatal(row, err)
	}
	if v, _ := s.Text(0, 100); v != "abab11" {
		t.Errorf("the function gives %q", v)
	}
	if _, _, err := c.Prepare("SELECT FROM x"); !errors.As(err, &e) || e.Offset != 7 {
		t.Errorf("an error without its place: %+v", e)
	}
}
