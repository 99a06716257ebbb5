package mysql

import (
	"context"
	"slices"
	"strings"

	"cleat/internal/fail"
)

// Probe implements databases.Prober.
func (s *Source) Probe(ctx context.Context) ([]string, error) {
	k := s.clock(ctx)
	defer k.stop()
	c, err := s.take(k.soft, k.left, 0)
	if err != nil {
		return nil, s.late(k, err)
	}
	found, err := s.probe(k.soft, c)
	if err != nil {
		s.abandon(c)
		return nil, s.late(k, err)
	}
	s.keep(c)
	return found, nil
}

// notes returns what is to be said once, with the first answer of the source.
func (s *Source) notes(ctx context.Context, c *conn) []string {
	s.mu.Lock()
	said, probed := s.said, s.probed
	s.said = true
	s.mu.Unlock()
	if said {
		return nil
	}
	if !probed {
		if _, err := s.probe(ctx, c); err != nil {
			s.host.Log.Debug("mysql: the role could not be probed", "error", fail.From(err).What)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.findings)
}

// probe finds out what the role could do, and keeps it.
func (s *Source) probe(ctx context.Context, c *conn) ([]string, error) {
	t, err := s.resolve(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := c.all(ctx, "SHOW GRANTS")
	if err != nil {
		return nil, s.statementError(ctx, c, statement{}, err)
	}
	var lines []string
	for _, row := range rows {
		lines = append(lines, str(row[0]))
	}
	found := append(rights(line(c.user), lines), t.notes...)
	if s.rules.Masks() {
		unmatched, err := s.unmatched(ctx, c)
		if err != nil {
			s.host.Log.Debug("mysql: the masks could not be compared with the columns", "error", fail.From(err).What)
		}
		for _, m := range unmatched {
			found = append(found, "the mask "+line(m)+" matches no column")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.probed, s.findings = true, found
	return slices.Clone(found), nil
}

// unmatched returns the masks that match no column that the role can see.
func (s *Source) unmatched(ctx context.Context, c *conn) ([]string, error) {
	// The server opens every table for this, so it gets three seconds.
	before, hint := "", "/*+ MAX_EXECUTION_TIME(3000) */ "
	if c.maria {
		before, hint = "SET STATEMENT max_statement_time = 3 FOR ", ""
	}
	rows, err := c.all(ctx, before+"SELECT "+hint+"table_schema, table_name, column_name FROM information_schema.columns WHERE table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')")
	if err != nil {
		return nil, s.statementError(ctx, c, statement{}, err)
	}
	columns := make([][3]string, len(rows))
	for i, row := range rows {
		columns[i] = [3]string{str(row[0]), str(row[1]), str(row[2])}
	}
	return s.rules.Unmatched(columns), nil
}

// rights says in words what the grants of a role let it do that reading does not need.
func rights(role string, grants []string) []string {
	has := make(map[string]bool)
	for _, g := range grants {
		g, _, _ = strings.Cut(g, " IDENTIFIED ") // a digest of the password may follow
		list, rest, ok := strings.Cut(strings.TrimPrefix(g, "GRANT "), " ON ")
		if !ok {
			continue // a role
		}
		if strings.HasSuffix(rest, "WITH GRANT OPTION") && !strings.HasPrefix(list, "PROXY") {
			has["GRANT OPTION"] = true
		}
		global := strings.HasPrefix(rest, "*.*")
		for p := range strings.SplitSeq(list, ",") {
			if i := strings.IndexByte(p, '('); i >= 0 {
				p = p[:i]
			}
			p = strings.TrimSpace(p)
			has[p] = true
			if global {
				has["*.* "+p] = true
			}
		}
	}
	var out []string
	add := func(what string) { out = append(out, "the role "+role+" "+what) }
	super := has["*.* ALL PRIVILEGES"] || has["*.* SUPER"]
	if super {
		add("has all rights on the server; a role with SELECT alone is safer")
	}
	if has["*.* FILE"] && !has["*.* ALL PRIVILEGES"] {
		add("can read and write files of the server (FILE)")
	}
	if has["*.* PROCESS"] && !has["*.* ALL PRIVILEGES"] {
		add("can see the statements of other sessions (PROCESS)")
	}
	if !super {
		writes := has["ALL PRIVILEGES"]
		for _, p := range []string{"INSERT", "UPDATE", "DELETE", "DELETE HISTORY", "CREATE", "DROP", "ALTER", "INDEX", "CREATE VIEW", "TRIGGER", "EVENT", "CREATE ROUTINE", "ALTER ROUTINE"} {
			writes = writes || has[p]
		}
		if writes {
			add("can write to tables; a role with SELECT alone is safer")
		}
		if has["EXECUTE"] && !writes {
			add("can call stored routines (EXECUTE)")
		}
		if has["GRANT OPTION"] {
			add("can give its rights to others (GRANT OPTION)")
		}
	}
	return out
}
