package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Database makes an empty database, dropped when the test ends, and returns its name. Its
// owner is app; ro may select from what app or postgres make in it, guard may also write.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	s.next++
	name := fmt.Sprintf("test%d_%d", os.Getpid(), s.next)
	s.mu.Unlock()
	s.Exec(t, "postgres", "CREATE DATABASE "+name+" OWNER app TEMPLATE template0")
	t.Cleanup(func() {
		// A test that stopped the server has nothing left to drop.
		if !s.proc.ended() {
			s.Exec(t, "postgres", "DROP DATABASE "+name+" WITH (FORCE)")
		}
	})
	sql := []string{"ALTER SCHEMA public OWNER TO app"}
	for _, owner := range []string{"app", "postgres"} {
		sql = append(sql,
			"ALTER DEFAULT PRIVILEGES FOR ROLE "+owner+" GRANT SELECT ON TABLES TO ro, app",
			"ALTER DEFAULT PRIVILEGES FOR ROLE "+owner+" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO guard")
	}
	s.Exec(t, name, sql...)
	return name
}

// Exec runs statements in a database as the superuser, each in a transaction of its own.
func (s *Server) Exec(t testing.TB, db string, sql ...string) {
	t.Helper()
	if err := s.exec(db, sql...); err != nil {
		t.Fatal(err)
	}
}

// ExecAs runs statements as a role, so that what they make is the role's.
func (s *Server) ExecAs(t testing.TB, db, role string, sql ...string) {
	t.Helper()
	s.Exec(t, db, append([]string{"SET ROLE " + role}, sql...)...)
}

// Rows returns the rows of a query that the superuser runs, NULL as "NULL".
func (s *Server) Rows(t testing.TB, db, sql string) [][]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := s.connect(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var rows [][]string
	for _, r := range results {
		for _, values := range r.Rows {
			row := make([]string, len(values))
			for i, v := range values {
				row[i] = "NULL"
				if v != nil {
					row[i] = string(v)
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// connect connects as the superuser through the socket, with nothing of the environment.
func (s *Server) connect(ctx context.Context, db string) (*pgconn.PgConn, error) {
	cfg, err := pgconn.ParseConfig(fmt.Sprintf("host=%s port=%d user=postgres dbname=%s sslmode=disable", s.Socket, s.Port, db))
	if err != nil {
		return nil, err
	}
	cfg.RuntimeParams = map[string]string{"application_name": "pgtest"}
	return pgconn.ConnectConfig(ctx, cfg)
}

func (s *Server) exec(db string, sql ...string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c, err := s.connect(ctx, db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	for _, q := range sql {
		if _, err := c.Exec(ctx, q).ReadAll(); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(strings.Fields(q), " "), err)
		}
	}
	return nil
}
