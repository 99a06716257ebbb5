package databasestest

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// files holds SQL, a statement between two lines "-- --": the tables that the suite asks,
// queries that have to run, statements that must not, and such as look for what is masked.
//
//go:embed tables/*.sql corpus/*.sql hostile/*.sql hidden/*.sql
var files embed.FS

// patience is how long the suite waits for what should take no time at all.
const patience = 60 * time.Second

type theme struct {
	name string
	run  func(*suite)
}

func themes() []theme {
	return []theme{
		{"values", values}, {"parameters", parameters}, {"limits", limits}, {"time", endless}, {"one statement", single},
		{"nothing writes", hostile}, {"no state leaks", leaks}, {"legitimate SQL", corpus}, {"schema", schema},
		{"row", row}, {"masks", masks}, {"lists", lists}, {"write", write}, {"concurrency", concurrency}, {"errors", faults},
	}
}

// A suite is one theme, or a part of one, on a database of its own.
type suite struct {
	*testing.T
	Fixture
	db databases.DB // a source without rules
}

// start makes the tables.
func start(t *testing.T, f Fixture) *suite {
	s := &suite{T: t, Fixture: f}
	s.db = s.open(databases.Config{})
	switch {
	case s.postgres():
		role := name(s.Dialect, s.one(s.db, "SELECT current_user"))
		s.exec("GRANT ALL ON SCHEMA public TO "+role, "SET ROLE "+role)
		s.exec(statements(t, "tables/postgres.sql")...)
		s.exec("RESET ROLE")
	case s.mysql():
		user, host, _ := strings.Cut(s.one(s.db, "SELECT CURRENT_USER()"), "@")
		s.exec(fmt.Sprintf("GRANT ALL PRIVILEGES ON %s.* TO '%s'@'%s'", name(s.Dialect, s.rows("SELECT DATABASE()")[0][0]), user, host))
		s.exec(statements(t, "tables/mysql.sql")...)
	default:
		s.exec(statements(t, "tables/sqlite.sql")...)
	}
	return s
}

func (s *suite) postgres() bool { return s.Dialect == databases.PostgreSQL }
func (s *suite) mysql() bool {
	return s.Dialect == databases.MySQL || s.Dialect == databases.MariaDB
}
func (s *suite) sqlite() bool { return s.Dialect == databases.SQLite }

// file is the name of the dialect's files.
func (s *suite) file() string {
	if s.mysql() {
		return "mysql.sql"
	}
	return string(s.Dialect) + ".sql"
}

// by returns the text for the dialect.
func (s *suite) by(postgres, mysql, sqlite string) string {
	switch {
	case s.postgres():
		return postgres
	case s.mysql():
		return mysql
	}
	return sqlite
}

// ph writes the n-th parameter as the dialect does.
func (s *suite) ph(n int) string { return s.by(fmt.Sprintf("$%d", n), "?", "?") }

// sub runs a part of the theme.
func (s *suite) sub(name string, run func(*suite)) {
	s.Helper()
	s.Run(name, func(t *testing.T) {
		part := *s
		part.T = t
		run(&part)
	})
}

func (s *suite) open(rules databases.Config) databases.DB { return s.Open(s.T, rules) }
func (s *suite) exec(sql ...string)                       { s.Exec(s.T, sql...) }
func (s *suite) rows(sql string) [][]string               { return s.Rows(s.T, sql) }

// statements returns what a file holds.
func statements(t *testing.T, path string) []string {
	t.Helper()
	text, err := files.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n-- --\n")
}

// name quotes an identifier.
func name(d databases.Dialect, s string) string {
	q := `"`
	if d == databases.MySQL || d == databases.MariaDB {
		q = "`"
	}
	return q + strings.ReplaceAll(s, q, q+q) + q
}

// ask asks for the first rows of sql, with parameters as JSON.
func (s *suite) ask(db databases.DB, sql string, params ...string) (*databases.Result, error) {
	return s.askFor(db, 0, sql, params...)
}

func (s *suite) askFor(db databases.DB, limit int, sql string, params ...string) (*databases.Result, error) {
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	q := databases.Query{SQL: sql, Limit: limit}
	for _, p := range params {
		q.Params = append(q.Params, databases.Param{JSON: []byte(p)})
	}
	r, err := db.Query(ctx, q)
	if err == nil && r == nil {
		s.Fatalf("%s: neither a result nor an error", short(sql))
	}
	return r, err
}

// must asks for what has to be answered.
func (s *suite) must(db databases.DB, sql string, params ...string) *databases.Result {
	s.Helper()
	r, err := s.ask(db, sql, params...)
	if err != nil {
		s.Fatalf("%s: %v", short(sql), explained(err))
	}
	return r
}

// one returns the single cell of an answer, "NULL" for NULL.
func (s *suite) one(db databases.DB, sql string, params ...string) string {
	s.Helper()
	r := s.must(db, sql, params...)
	if len(r.Rows) != 1 || len(r.Rows[0]) != 1 {
		s.Fatalf("%s: want one cell, got %v", short(sql), table(r))
	}
	return cell(r.Rows[0][0])
}

// refused expects an error of one of the codes.
func (s *suite) refused(what string, err error, codes ...fail.Code) {
	s.Helper()
	if err == nil {
		s.Errorf("%s: it was not refused, want %v", what, codes)
		return
	}
	if code := fail.From(err).Code; !slices.Contains(codes, code) {
		s.Errorf("%s: %v, want %v", what, explained(err), codes)
	}
	s.tidy(what, err)
}

// tidy expects an error whose parts are single lines of bounded length.
func (s *suite) tidy(what string, err error) {
	s.Helper()
	e := fail.From(err)
	for part, text := range map[string]string{"what": e.What, "why": e.Why, "next": e.Next} {
		if strings.ContainsAny(text, "\n\r\x00\x1b") || len(text) > 450 {
			s.Errorf("%s: %s of the error is no short line: %q", what, part, text)
		}
	}
	if strings.TrimSpace(e.What) == "" {
		s.Errorf("%s: the error does not say what happened: %#v", what, e)
	}
}

// alive expects that the source still answers.
func (s *suite) alive(db databases.DB, after string) {
	s.Helper()
	if r, err := s.ask(db, "SELECT 1"); err != nil {
		s.Errorf("the call after %s: %v", after, explained(err))
	} else if len(r.Rows) != 1 || cell(r.Rows[0][0]) != "1" {
		s.Errorf("the call after %s: SELECT 1 gives %v", after, table(r))
	}
}

// until waits for a condition.
func (s *suite) until(what string, holds func() bool) {
	s.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.Errorf("after %s still not: %s", patience, what)
			return
		}
	}
}

// active returns what the server is doing for the source.
func (s *suite) active() []string {
	if s.Active == nil {
		return nil
	}
	return s.Active(s.T)
}

// explained writes all parts of an error.
func explained(err error) string {
	if err == nil {
		return "no error"
	}
	e := fail.From(err)
	return fmt.Sprintf("%s: %s · %s · %s (%v)", e.Code, e.What, e.Why, e.Next, err)
}

func cell(c *string) string {
	if c == nil {
		return "NULL"
	}
	return *c
}

// table returns the cells of an answer.
func table(r *databases.Result) [][]string {
	out := make([][]string, 0, len(r.Rows))
	for _, row := range r.Rows {
		line := make([]string, 0, len(row))
		for _, c := range row {
			line = append(line, short(cell(c)))
		}
		out = append(out, line)
	}
	return out
}

// columns returns the names of the columns.
func columns(r *databases.Result) []string {
	var out []string
	for _, c := range r.Columns {
		out = append(out, c.Name)
	}
	return out
}

func short(s string) string {
	if len(s) <= 300 {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(s[:300], ""), len(s))
}
