package mysql

import (
	"context"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/sqltext"
)

// A ref names a table or a view.
type ref struct{ schema, name string }

// A relation is what is known of a table or a view.
type relation struct {
	view       bool
	definition string // of a view; "" if the role may not see it
	columns    []string
}

// A catalog is what the role can see, for catalogTime. The names are those of all schemas,
// for an identifier can be any of them.
type catalog struct {
	at     time.Time
	tables map[string][]ref // by the name in small letters; nil if not read yet
}

// system reports whether a schema is one of the server's own.
func system(schema string) bool {
	switch strings.ToLower(schema) {
	case "mysql", "information_schema", "performance_schema", "sys":
		return true
	}
	return false
}

// cached returns the catalog, empty if it is old.
func (s *Source) cached() *catalog {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.catalog == nil || time.Since(s.catalog.at) > catalogTime {
		s.catalog = &catalog{at: time.Now()}
	}
	return s.catalog
}

// stale makes the next call read the catalog again, after a statement that changed it.
func (s *Source) stale() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catalog = nil
}

// tables returns the names of all tables and views that the role can see.
func (s *Source) tables(ctx context.Context, c *conn) (map[string][]ref, error) {
	cat := s.cached()
	s.mu.Lock()
	known := cat.tables
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	rows, err := c.all(ctx, "SELECT table_schema, table_name FROM information_schema.tables")
	if err != nil {
		return nil, s.statementError(ctx, c, statement{}, err)
	}
	known = make(map[string][]ref, len(rows))
	for _, row := range rows {
		r := ref{str(row[0]), str(row[1])}
		known[strings.ToLower(r.name)] = append(known[strings.ToLower(r.name)], r)
		if !system(r.schema) && s.rules.Allows(r.schema, r.name, r.schema == c.db) {
			s.remember(address(c, r))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cat.tables = known
	return known, nil
}

// address is how a table is addressed: without its schema in the default one.
func address(c *conn, r ref) string {
	if r.schema == c.db {
		return r.name
	}
	return r.schema + "." + r.name
}

// relation returns what is known of a table or view.
func (s *Source) relation(ctx context.Context, c *conn, r ref) (relation, error) {
	var known relation
	rows, err := c.all(ctx, `SELECT column_name FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`, r.schema, r.name)
	if err != nil {
		return relation{}, s.statementError(ctx, c, statement{}, err)
	}
	for _, row := range rows {
		known.columns = append(known.columns, str(row[0]))
	}
	rows, err = c.all(ctx, `SELECT view_definition FROM information_schema.views WHERE table_schema = ? AND table_name = ?`, r.schema, r.name)
	if err != nil {
		return relation{}, s.statementError(ctx, c, statement{}, err)
	}
	if len(rows) > 0 {
		known.view, known.definition = true, str(rows[0][0])
	}
	return known, nil
}

// find returns the table that a caller names, "name" or "schema.name". It fails with
// fail.NotFound, telling the nearest names.
func (s *Source) find(ctx context.Context, c *conn, name string) (ref, error) {
	try := []ref{{c.db, name}}
	if schema, table, ok := strings.Cut(name, "."); ok {
		try = append(try, ref{schema, table})
	}
	for _, r := range try {
		rows, err := c.all(ctx, "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", r.schema, r.name)
		if err != nil {
			return ref{}, s.statementError(ctx, c, statement{}, err)
		}
		if len(rows) == 1 {
			r = ref{str(rows[0][0]), str(rows[0][1])}
			if closed(r.schema, r.name, s.rules.Masks()) {
				return ref{}, closedError(r.schema, r.name)
			}
			if !s.rules.Allows(r.schema, r.name, r.schema == c.db) {
				break // as if it were not there
			}
			s.remember(address(c, r))
			return r, nil
		}
	}
	e := fail.Errorf(fail.NotFound, "there is no table %q", line(name))
	near, err := s.nearTables(ctx, c, name)
	if err != nil {
		return ref{}, err
	}
	if len(near) > 0 {
		e = e.Because("did you mean %s?", strings.Join(near, ", "))
	}
	return ref{}, e.Then("db_schema lists the tables")
}

// nearTables returns the names of tables like name.
func (s *Source) nearTables(ctx context.Context, c *conn, name string) ([]string, error) {
	tables, err := s.tables(ctx, c)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, refs := range tables {
		for _, r := range refs {
			if !system(r.schema) && s.rules.Allows(r.schema, r.name, r.schema == c.db) {
				names = append(names, address(c, r))
			}
		}
	}
	slices.Sort(names)
	return fail.Near(name, names), nil
}

// unknown is the error for a name that the server does not know, with the nearest ones.
// quoted are the parts of the server's message; they are repeated only if the caller wrote
// them.
func (s *Source) unknown(ctx context.Context, c *conn, st statement, what string, number uint16, quoted []string) error {
	name := ""
	if len(quoted) > 0 {
		name = quoted[0]
	}
	parts := strings.Split(name, ".")
	name = parts[len(parts)-1]
	if !slices.ContainsFunc(st.tokens, func(t sqltext.Token) bool { return strings.EqualFold(t.Text, name) }) {
		return fail.Errorf(fail.NotFound, "%s", what)
	}
	e := fail.Errorf(fail.NotFound, "%s", what).Then("db_schema lists tables and columns")
	var near []string
	var err error
	switch number {
	case 1054:
		var columns []string
		if columns, err = s.columnsOf(ctx, c, st); err == nil {
			near = fail.Near(name, columns)
		}
		if s.rules.Masks() {
			e.What = strings.Replace(e.What, "'…'", "'"+line(name)+"'", 1)
		}
	case 1146, 1051, 1109, 4091:
		near, err = s.nearTables(ctx, c, name)
		if s.rules.Masks() {
			e.What = strings.Replace(e.What, "'…'", "'"+line(name)+"'", 1)
		}
	}
	if err != nil {
		return e // the suggestion alone is missing
	}
	if len(near) > 0 {
		return e.Because("did you mean %s?", strings.Join(near, ", "))
	}
	return e
}

// columnsOf returns the columns of the tables that a statement names, as far as they may be
// read.
func (s *Source) columnsOf(ctx context.Context, c *conn, st statement) ([]string, error) {
	touched, err := s.touched(ctx, c, st)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range touched[:min(len(touched), 20)] {
		if system(r.schema) || !s.rules.Allows(r.schema, r.name, r.schema == c.db) {
			continue
		}
		rel, err := s.relation(ctx, c, r)
		if err != nil {
			return nil, err
		}
		out = append(out, rel.columns...)
	}
	return out, nil
}

// touched returns the tables and views whose names occur in a statement, wherever that is:
// those of the default schema, and those of schemas that the statement names too.
func (s *Source) touched(ctx context.Context, c *conn, st statement) ([]ref, error) {
	tables, err := s.tables(ctx, c)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(places(st), func(p place) bool { return !p.perhaps && tables[strings.ToLower(p.name)] == nil }) {
		// Perhaps a table that was made since the catalog was read.
		s.stale()
		if tables, err = s.tables(ctx, c); err != nil {
			return nil, err
		}
	}
	words := make(map[string]bool)
	for i, t := range st.tokens {
		if st.name(i) {
			words[strings.ToLower(t.Text)] = true
		}
	}
	var out []ref
	for w := range words {
		for _, r := range tables[w] {
			if strings.EqualFold(r.schema, c.db) || words[strings.ToLower(r.schema)] {
				out = append(out, r)
			}
		}
	}
	sorting.Sort(out, func(a, b ref) int {
		return strings.Compare(a.schema+"\x00"+a.name, b.schema+"\x00"+b.name)
	})
	return out, nil
}
