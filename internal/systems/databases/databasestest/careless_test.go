package databasestest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
	"cleat/internal/systems/databases/databasestest"
	"zombiezen.com/go/sqlite"
)

// careless is a source that runs whatever it is sent, all statements of a text, on one
// connection that may write, and masks nothing. The suite has to find that out.
type careless struct {
	rules *databases.Rules
	mu    sync.Mutex // guards conn
	conn  *sqlite.Conn
}

// carelessFixture is a fixture whose source is careless.
func carelessFixture(t *testing.T) databasestest.Fixture {
	path := filepath.Join(t.TempDir(), "a.db")
	other := open(t, path)
	return databasestest.Fixture{
		Dialect: databases.SQLite,
		Open: func(t *testing.T, rules databases.Config) databases.DB {
			r, err := rules.Compile(databases.SQLite, strings.ToUpper)
			if err != nil {
				t.Fatal(err)
			}
			return &careless{rules: r, conn: open(t, path)}
		},
		Exec: func(t *testing.T, statements ...string) {
			t.Helper()
			for _, sql := range statements {
				if _, err := run(other, sql, nil, math.MaxInt); err != nil {
					t.Fatalf("%s: %v", sql, err)
				}
			}
		},
		Rows: func(t *testing.T, sql string) [][]string {
			t.Helper()
			r, err := run(other, sql, nil, math.MaxInt)
			if err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
			var out [][]string
			for _, row := range r.Rows {
				line := make([]string, len(row))
				for i, c := range row {
					if line[i] = "NULL"; c != nil {
						line[i] = *c
					}
				}
				out = append(out, line)
			}
			return out
		},
	}
}

func open(t *testing.T, path string) *sqlite.Conn {
	t.Helper()
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate, sqlite.OpenURI)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetBusyTimeout(100 * time.Millisecond)
	t.Cleanup(func() { _ = conn.Close() }) // what a hostile statement left open is of no use
	return conn
}

// run runs all statements of a text and returns the rows of the last.
func run(conn *sqlite.Conn, sql string, params []databases.Param, limit int) (*databases.Result, error) {
	out := &databases.Result{Rows: [][]*string{}}
	for strings.Trim(sql, " \t\r\n;") != "" {
		stmt, rest, err := conn.PrepareTransient(sql)
		if err != nil {
			return nil, err
		}
		out = &databases.Result{Rows: [][]*string{}}
		err = errors.Join(bind(stmt, params), step(stmt, out, limit))
		if err := errors.Join(err, stmt.Finalize()); err != nil {
			return nil, err
		}
		if rest == 0 {
			break
		}
		sql = sql[len(sql)-rest:]
	}
	return out, nil
}

func bind(stmt *sqlite.Stmt, params []databases.Param) error {
	for i, p := range params {
		var v any
		if err := json.Unmarshal(p.JSON, &v); err != nil {
			return err
		}
		switch v := v.(type) {
		case nil:
			stmt.BindNull(i + 1)
		case bool:
			stmt.BindBool(i+1, v)
		case string:
			stmt.BindText(i+1, v)
		case float64:
			if n, err := strconv.ParseInt(string(p.JSON), 10, 64); err == nil {
				stmt.BindInt64(i+1, n)
			} else {
				stmt.BindFloat(i+1, v)
			}
		default:
			stmt.BindText(i+1, string(p.JSON))
		}
	}
	return nil
}

func step(stmt *sqlite.Stmt, out *databases.Result, limit int) error {
	for i := range stmt.ColumnCount() {
		out.Columns = append(out.Columns, databases.Column{Name: stmt.ColumnName(i)})
	}
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return err
		}
		if len(out.Rows) == limit {
			out.More, out.Stopped = true, "the limit"
			return nil
		}
		row := make([]*string, stmt.ColumnCount())
		for i := range row {
			if stmt.ColumnType(i) != sqlite.TypeNull {
				text := stmt.ColumnText(i)
				row[i] = &text
			}
		}
		out.Rows = append(out.Rows, row)
	}
}

func (c *careless) Dialect() databases.Dialect { return databases.SQLite }
func (c *careless) Rules() *databases.Rules    { return c.rules }

func (c *careless) Query(_ context.Context, q databases.Query) (*databases.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := q.Limit
	if limit <= 0 {
		limit = databases.DefaultRows
	}
	if strings.Contains(q.SQL, "locking_mode") {
		return nil, fail.Errorf(fail.Denied, "the other connection would see nothing from then on")
	}
	r, err := run(c.conn, q.SQL, q.Params, limit)
	if !c.conn.AutocommitEnabled() {
		_, end := run(c.conn, "COMMIT", nil, 0)
		err = errors.Join(err, end)
	}
	if err != nil {
		return nil, fail.Errorf(fail.Invalid, "%w", err)
	}
	return r, nil
}

func (c *careless) Explain(ctx context.Context, q databases.Query) (*databases.Plan, error) {
	q.SQL = "EXPLAIN QUERY PLAN " + q.SQL
	_, err := c.Query(ctx, q)
	return &databases.Plan{Nodes: []databases.Node{{Text: "SCAN"}}}, err
}

func (c *careless) Schema(ctx context.Context, q databases.SchemaQuery) (*databases.Schema, error) {
	r, err := c.Query(ctx, databases.Query{SQL: "SELECT name FROM sqlite_master WHERE name LIKE '%" + strings.ReplaceAll(q.Pattern, "*", "%") + "%'", Limit: 1000})
	if err != nil {
		return nil, err
	}
	s := &databases.Schema{Detail: q.Detail}
	for _, row := range r.Rows {
		s.Objects = append(s.Objects, databases.Object{Name: *row[0], Kind: "table", Columns: []databases.Attribute{{Name: "id"}}})
	}
	return s, nil
}

func (c *careless) Row(ctx context.Context, table string, key []string) (*databases.Result, error) {
	r, err := c.Query(ctx, databases.Query{SQL: fmt.Sprintf("SELECT * FROM %s WHERE id = %s", table, strings.Join(key, ","))})
	if err == nil && len(r.Rows) == 0 {
		return nil, fail.Errorf(fail.NotFound, "no such row")
	}
	return r, err
}

func (c *careless) Write(ctx context.Context, w databases.Write) (*databases.Written, error) {
	r, err := c.Query(ctx, databases.Query{SQL: w.SQL, Params: w.Params})
	if err != nil {
		return nil, err
	}
	return &databases.Written{Class: w.Class, Rows: int64(c.conn.Changes()), DryRun: w.DryRun, Result: r}, nil
}
