package mysql

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/glob"
	"cleat/internal/sorting"
	"cleat/internal/systems/databases"
)

// Schema implements databases.DB. Only the names are read of all tables; what else is told
// is read of those of the page alone, since the server opens each table for it.
func (s *Source) Schema(ctx context.Context, q databases.SchemaQuery) (*databases.Schema, error) {
	q.Detail = cmp.Or(q.Detail, databases.Summary)
	size := 0
	switch q.Detail {
	case databases.Names:
		size = 500
	case databases.Summary:
		size = 50
	case databases.Full:
		size = 10
	default:
		return nil, fail.Errorf(fail.Invalid, "there is no detail %q", line(string(q.Detail))).Then("use names, summary or full")
	}
	switch q.Kind {
	case "", "table", "view", "sequence":
	default:
		return nil, fail.Errorf(fail.Invalid, "there is no kind %q here", line(q.Kind)).Then("use table, view or sequence; the indexes of a table are told with detail=full")
	}
	if q.Limit > 0 {
		size = min(q.Limit, 500)
	}
	sum := cursor.Sum("mysql schema", q.Pattern, q.Kind, string(q.Detail))
	after := ref{}
	if q.Cursor != "" {
		fields, err := cursor.Decode(q.Cursor, sum, 2)
		if err != nil {
			return nil, err
		}
		after = ref{fields[0], fields[1]}
	}
	k := s.clock(ctx)
	defer k.stop()
	c, err := s.take(k.soft, k.left, 0)
	if err != nil {
		return nil, s.late(k, err)
	}
	out, err := s.list(k.soft, c, q, after, size)
	if err != nil {
		s.release(c, err)
		return nil, s.late(k, err)
	}
	s.keep(c)
	if out.Cursor == "" || len(out.Objects) == 0 {
		out.Cursor = ""
		return out, nil
	}
	last := out.Objects[len(out.Objects)-1]
	out.Cursor = cursor.Encode(sum, cmp.Or(last.Schema, c.db), last.Name)
	return out, nil
}

// release gives a connection back on which one of our own questions failed.
func (s *Source) release(c *conn, err error) {
	if code := fail.From(err).Code; code == fail.NotFound || code == fail.Invalid || code == fail.Denied {
		s.keep(c)
		return
	}
	s.abandon(c)
}

// list returns a page of the objects that match; Cursor is set if there are more.
func (s *Source) list(ctx context.Context, c *conn, q databases.SchemaQuery, after ref, size int) (*databases.Schema, error) {
	all, err := s.matching(ctx, c, q)
	if err != nil {
		return nil, err
	}
	out := &databases.Schema{Total: len(all), Detail: q.Detail, Objects: []databases.Object{}}
	if after != (ref{}) {
		i, found := slices.BinarySearchFunc(all, after, compareRefs)
		if found {
			i++
		}
		all = all[i:]
	}
	if len(all) > size {
		all, out.Cursor = all[:size], "more"
	}
	if len(all) == 0 {
		return out, nil
	}
	objects := make(map[ref]*databases.Object, len(all))
	out.Objects = make([]databases.Object, len(all))
	for i, r := range all {
		o := &out.Objects[i]
		o.Name, o.Kind, o.Rows = r.name, "table", -1
		if r.schema != c.db {
			o.Schema = r.schema
		}
		objects[r] = o
		s.remember(address(c, r))
	}
	d := &describer{s: s, c: c, page: all, objects: objects}
	return out, d.describe(ctx, q.Detail)
}

func compareRefs(a, b ref) int {
	return cmp.Or(strings.Compare(a.schema, b.schema), strings.Compare(a.name, b.name))
}

// matching returns the tables and views that a query asks for, in order.
func (s *Source) matching(ctx context.Context, c *conn, q databases.SchemaQuery) ([]ref, error) {
	schema, name, qualified := strings.Cut(q.Pattern, ".")
	if !qualified {
		schema, name = c.db, q.Pattern
	}
	sql, args := "SELECT table_schema, table_name FROM information_schema.tables WHERE TRUE", []string(nil)
	if qualified && !strings.ContainsAny(schema, "*?") || !qualified && schema != "" {
		sql, args = sql+" AND table_schema = ?", append(args, schema)
	} else {
		sql += " AND table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')"
	}
	switch q.Kind {
	case "view":
		sql += " AND table_type IN ('VIEW', 'SYSTEM VIEW')"
	case "sequence":
		sql += " AND table_type = 'SEQUENCE'"
	case "table":
		sql += " AND table_type NOT IN ('VIEW', 'SYSTEM VIEW', 'SEQUENCE')"
	}
	rows, err := c.all(ctx, sql, args...)
	if err != nil {
		return nil, s.statementError(ctx, c, statement{}, err)
	}
	var all []ref
	for _, row := range rows {
		r := ref{str(row[0]), str(row[1])}
		if qualified && !glob.Match(strings.ToLower(schema), strings.ToLower(r.schema)) ||
			closed(r.schema, r.name, s.rules.Masks()) || !s.rules.Allows(r.schema, r.name, r.schema == c.db) {
			continue
		}
		all = append(all, r)
	}
	sorting.Sort(all, compareRefs)
	if name == "" {
		return all, nil
	}
	return s.pick(all, q.Pattern, name)
}

// pick returns those of all that name matches.
func (s *Source) pick(all []ref, pattern, name string) ([]ref, error) {
	low := strings.ToLower(name)
	keep := func(match func(string) bool) []ref {
		var out []ref
		for _, r := range all {
			if match(r.name) {
				out = append(out, r)
			}
		}
		return out
	}
	if strings.ContainsAny(name, "*?") {
		return keep(func(s string) bool { return glob.Match(low, strings.ToLower(s)) }), nil
	}
	for _, match := range []func(string) bool{
		func(s string) bool { return s == name },
		func(s string) bool { return strings.EqualFold(s, name) },
		func(s string) bool { return strings.Contains(strings.ToLower(s), low) },
	} {
		if out := keep(match); len(out) > 0 {
			return out, nil
		}
	}
	e := fail.Errorf(fail.NotFound, "no table or view is named %q", line(pattern))
	var names []string
	for _, r := range all {
		names = append(names, r.name)
	}
	if near := fail.Near(name, names); len(near) > 0 {
		e = e.Because("did you mean %s?", strings.Join(near, ", "))
	}
	return nil, e.Then("use a pattern with *, or none for all")
}

// A describer fills the objects of a page in.
type describer struct {
	s       *Source
	c       *conn
	page    []ref
	objects map[ref]*databases.Object
}

// ask runs a question of the catalog about the tables of the page, whose first two columns
// are the schema and the name, and hands each row to use.
func (d *describer) ask(ctx context.Context, columns, from, order string, use func(o *databases.Object, r ref, row []*string)) error {
	var args []string
	var where strings.Builder
	where.WriteString(" WHERE table_schema = ? AND table_name IN (")
	args = append(args, d.page[0].schema)
	if slices.ContainsFunc(d.page, func(r ref) bool { return r.schema != d.page[0].schema }) {
		where.Reset()
		where.WriteString(" WHERE (table_schema, table_name) IN (")
		args = args[:0]
	}
	for i, r := range d.page {
		if i > 0 {
			where.WriteString(", ")
		}
		if len(args) == i+1 {
			where.WriteString("?")
			args = append(args, r.name)
			continue
		}
		where.WriteString("(?, ?)")
		args = append(args, r.schema, r.name)
	}
	where.WriteString(")")
	rows, err := d.c.all(ctx, "SELECT table_schema, table_name, "+columns+" FROM "+from+where.String()+order, args...)
	if err != nil {
		return d.s.statementError(ctx, d.c, statement{}, err)
	}
	for _, row := range rows {
		r := ref{str(row[0]), str(row[1])}
		if o := d.objects[r]; o != nil {
			use(o, r, row[2:])
		}
	}
	return nil
}

// describe asks as much as detail tells.
func (d *describer) describe(ctx context.Context, detail databases.Detail) error {
	switch detail {
	case databases.Names:
		return d.ask(ctx, "table_type", "information_schema.tables", "", func(o *databases.Object, _ ref, row []*string) { o.Kind = kind(str(row[0])) })
	case databases.Summary:
		return cmp.Or(d.sizes(ctx), d.columns(ctx, false), d.keys(ctx, false), d.foreign(ctx))
	}
	return cmp.Or(d.sizes(ctx), d.columns(ctx, true), d.keys(ctx, true), d.foreign(ctx), d.checks(ctx), d.views(ctx))
}

// kind is our word for a type of table.
func kind(t string) string {
	switch t {
	case "VIEW", "SYSTEM VIEW":
		return "view"
	case "SEQUENCE":
		return "sequence"
	}
	return "table"
}

func (d *describer) sizes(ctx context.Context) error {
	return d.ask(ctx, "table_type, table_rows, data_length, index_length, table_comment", "information_schema.tables", "", func(o *databases.Object, _ ref, row []*string) {
		o.Kind = kind(str(row[0]))
		if n, err := strconv.ParseInt(str(row[1]), 10, 64); err == nil && o.Kind == "table" {
			o.Rows = n
		}
		data, err := strconv.ParseInt(str(row[2]), 10, 64)
		index, err2 := strconv.ParseInt(str(row[3]), 10, 64)
		if err == nil && err2 == nil {
			o.Bytes = data + index
		}
		if o.Kind != "view" {
			o.Comment = str(row[4])
		}
	})
}

func (d *describer) columns(ctx context.Context, full bool) error {
	return d.ask(ctx, "column_name, column_type, is_nullable, column_default, column_comment, extra", "information_schema.columns", " ORDER BY table_schema, table_name, ordinal_position",
		func(o *databases.Object, r ref, row []*string) {
			a := databases.Attribute{Name: str(row[0]), Type: str(row[1]), NotNull: str(row[2]) == "NO",
				Mask: string(d.s.rules.Mask(r.schema, r.name, str(row[0])))}
			if full {
				if v := str(row[3]); v != "NULL" {
					a.Default = v
				}
				if extra := str(row[5]); strings.EqualFold(extra, "auto_increment") {
					a.Default = "auto_increment"
				}
				a.Comment = str(row[4])
			}
			o.Columns = append(o.Columns, a)
		})
}

// keys reads the primary keys and, if full, the other indexes.
func (d *describer) keys(ctx context.Context, full bool) error {
	last := map[ref]string{}
	return d.ask(ctx, "index_name, non_unique, column_name, sub_part, index_type", "information_schema.statistics", " ORDER BY table_schema, table_name, index_name, seq_in_index",
		func(o *databases.Object, r ref, row []*string) {
			name, column := str(row[0]), cmp.Or(str(row[2]), "an expression")
			if name == "PRIMARY" {
				o.Primary = append(o.Primary, column)
				return
			}
			if !full {
				return
			}
			if row[3] != nil {
				column += "(" + *row[3] + ")"
			}
			if last[r] != name {
				last[r] = name
				index := databases.Index{Name: name, Unique: str(row[1]) == "0"}
				if method := strings.ToLower(str(row[4])); method != "btree" {
					index.Method = method
				}
				o.Indexes = append(o.Indexes, index)
			}
			i := &o.Indexes[len(o.Indexes)-1]
			i.Columns = append(i.Columns, column)
		})
}

func (d *describer) foreign(ctx context.Context) error {
	last := map[ref]string{}
	return d.ask(ctx, "constraint_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name", "information_schema.key_column_usage",
		" AND referenced_table_name IS NOT NULL ORDER BY table_schema, table_name, constraint_name, ordinal_position",
		func(o *databases.Object, r ref, row []*string) {
			if name := str(row[0]); last[r] != name {
				last[r] = name
				o.Foreign = append(o.Foreign, databases.Foreign{Table: address(d.c, ref{str(row[2]), str(row[3])})})
			}
			f := &o.Foreign[len(o.Foreign)-1]
			f.Columns, f.Target = append(f.Columns, str(row[1])), append(f.Target, str(row[4]))
		})
}

func (d *describer) checks(ctx context.Context) error {
	// In MariaDB the constraint itself tells its table, and its schema has another name.
	from := "(SELECT constraint_schema AS table_schema, table_name, constraint_name, check_clause FROM information_schema.check_constraints) AS x"
	if !d.c.maria {
		from = "(SELECT t.table_schema, t.table_name, t.constraint_name, c.check_clause FROM information_schema.table_constraints AS t " +
			"JOIN information_schema.check_constraints AS c ON c.constraint_schema = t.constraint_schema AND c.constraint_name = t.constraint_name) AS x"
	}
	return d.ask(ctx, "check_clause", from, " ORDER BY table_schema, table_name, constraint_name", func(o *databases.Object, _ ref, row []*string) {
		o.Checks = append(o.Checks, str(row[0]))
	})
}

func (d *describer) views(ctx context.Context) error {
	return d.ask(ctx, "view_definition", "information_schema.views", "", func(o *databases.Object, _ ref, row []*string) { o.SQL = str(row[0]) })
}
