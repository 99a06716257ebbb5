package postgres

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"
)

// Probe implements databases.Prober. It also tells of masks that match no column. What it
// found is kept for Health.
func (s *Source) Probe(ctx context.Context) ([]string, error) {
	ctx, cancel, d := s.limit(ctx)
	defer cancel()
	began := time.Now()
	var roles, writes, columns [][]string
	var open bool
	err := s.with(ctx, func(c *conn) error {
		roles, writes, columns = nil, nil, nil
		open = s.cfg.SSH == "" && plaintext(c.pg.Conn())
		steps := []step{{sql: roleSQL, rows: text(&roles)}, {sql: writesSQL, rows: text(&writes)}}
		if s.rules.Masks() {
			steps = append(steps, step{sql: allColumnsSQL, rows: text(&columns)})
		}
		return s.catalog(ctx, c, d, steps...)
	})
	if err != nil {
		return nil, s.explain(ctx, &statement{}, err, began)
	}
	findings := []string{}
	if len(roles) == 1 {
		findings = append(findings, roleFindings(roles[0])...)
	}
	if len(writes) > 0 && roles[0][1] != "t" {
		findings = append(findings, "the role "+roles[0][0]+" can write to tables, such as "+writes[0][0]+"; a role with SELECT alone is safer")
	}
	if open {
		findings = append(findings, "the connection is not encrypted, and goes to another machine; sslmode=verify-full in the DSN protects it")
	}
	if s.rules.Masks() {
		var triples [][3]string
		for _, c := range columns {
			triples = append(triples, [3]string{c[0], c[1], c[2]})
		}
		for _, m := range s.rules.Unmatched(triples) {
			findings = append(findings, "the mask "+m+" matches no column that the role can see: check its spelling")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finding = findings
	return findings, nil
}

// roleFindings says what speaks against the role of a row of roleSQL.
func roleFindings(r []string) []string {
	var out []string
	say := func(i int, what string) {
		if r[i] == "t" {
			out = append(out, "the role "+r[0]+" "+what)
		}
	}
	say(1, "is a superuser: it can read files of the server, run programs there and read every table")
	if r[1] == "t" {
		return out // it can do all that follows too
	}
	say(2, "passes by row level security")
	say(3, "can make and change roles")
	say(4, "can make databases")
	say(5, "can read all by replication")
	for i, group := range []string{"pg_read_server_files", "pg_write_server_files", "pg_execute_server_program", "pg_write_all_data"} {
		say(6+i, "is a member of "+group)
	}
	return out
}

// plaintext reports whether what goes over the connection can be read on the way.
func plaintext(c net.Conn) bool {
	if _, encrypted := c.(*tls.Conn); encrypted {
		return false
	}
	host, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if err != nil || strings.HasPrefix(c.RemoteAddr().Network(), "unix") {
		return false
	}
	ip := net.ParseIP(host)
	return ip == nil || !ip.IsLoopback()
}

const roleSQL = `SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolreplication,
pg_catalog.pg_has_role(r.oid, 'pg_read_server_files', 'USAGE'), pg_catalog.pg_has_role(r.oid, 'pg_write_server_files', 'USAGE'),
pg_catalog.pg_has_role(r.oid, 'pg_execute_server_program', 'USAGE'),
COALESCE((SELECT pg_catalog.pg_has_role(r.oid, w.oid, 'USAGE') FROM pg_catalog.pg_roles w WHERE w.rolname = 'pg_write_all_data'), false)
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`

const writesSQL = `SELECT n.nspname || '.' || c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
ORDER BY 1 LIMIT 1`

const allColumnsSQL = `SELECT n.nspname, c.relname, a.attname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') LIMIT 200000`
