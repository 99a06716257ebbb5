package sqlite

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/glob"
	"cleat/internal/sorting"
	"cleat/internal/sqlite/engine"
	"cleat/internal/systems/databases"
)

// Schema lists tables, views and the like by name.
func (s *Source) Schema(ctx context.Context, q databases.SchemaQuery) (*databases.Schema, error) {
	page := 0
	switch q.Detail {
	case databases.Names:
		page = 500
	case databases.Summary, "":
		q.Detail, page = databases.Summary, 50
	case databases.Full:
		page = 10
	default:
		return nil, fail.Errorf(fail.Invalid, "unknown detail %q: want names, summary or full", short(string(q.Detail)))
	}
	if q.Limit > 0 {
		page = min(page, q.Limit)
	}
	sum := cursor.Sum("sqlite schema", q.Pattern, q.Kind, string(q.Detail))
	after := ""
	if q.Cursor != "" {
		fields, err := cursor.Decode(q.Cursor, sum, 1)
		if err != nil {
			return nil, err
		}
		after = fields[0]
	}
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	var out *databases.Schema
	err := s.with(ctx, "", func(c *conn, _ string) error {
		found, err := c.matching(ctx, q)
		if err != nil {
			return err
		}
		from := 0
		if q.Cursor != "" {
			from, _ = slices.BinarySearchFunc(found, after, func(o *object, name string) int { return strings.Compare(o.name, name) })
			for from < len(found) && found[from].name <= after {
				from++
			}
		}
		end := min(len(found), from+page)
		out = &databases.Schema{Objects: []databases.Object{}, Total: len(found), Detail: q.Detail, Notes: s.notes(c.cat)}
		if err := c.describe(found[from:end], q.Detail, out); err != nil {
			return s.failure(ctx, c, "", err)
		}
		if end < len(found) {
			out.Cursor = cursor.Encode(sum, found[end-1].name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// matching returns the objects that a question is about, by name. What virtual tables
// store is there only if it is named.
func (c *conn) matching(ctx context.Context, q databases.SchemaQuery) ([]*object, error) {
	pattern := q.Pattern
	all := c.cat.objects
	switch k := kind(q.Kind); k {
	case "", plainTable, plainView, virtualTable, shadowTable:
	case "virtual":
		q.Kind = string(virtualTable)
	case "index", "trigger":
		var err error
		if all, err = c.others(ctx, q.Kind); err != nil {
			return nil, err
		}
	default:
		return nil, fail.Errorf(fail.Invalid, "SQLite has no objects of the kind %q", short(q.Kind)).
			Then("use table, view, virtual table, index or trigger")
	}
	open := func(o *object, shadows bool) bool {
		if strings.HasPrefix(fold(o.name), "sqlite_") || !c.s.rules.Allows("main", o.name, true) && q.Kind != "index" && q.Kind != "trigger" {
			return false
		}
		if o.kind == shadowTable && !shadows && q.Kind != string(shadowTable) {
			return false
		}
		return q.Kind == "" || string(o.kind) == q.Kind
	}
	var found []*object
	collect := func(shadows bool, match func(name string) bool) {
		for _, o := range all {
			if open(o, shadows) && match(fold(o.name)) {
				found = append(found, o)
			}
		}
	}
	if pattern == "" {
		collect(false, func(string) bool { return true })
		return found, nil
	}
	folded := fold(pattern)
	for _, p := range []string{folded, strings.TrimPrefix(folded, "main.")} {
		if len(found) > 0 {
			break
		}
		if strings.ContainsAny(p, "*?") {
			collect(false, func(name string) bool { return glob.Match(p, name) })
			continue
		}
		collect(true, func(name string) bool { return name == p })
		if len(found) == 0 && strings.Trim(p, ".") != "" {
			collect(false, func(name string) bool { return strings.Contains(name, p) })
		}
	}
	if len(found) == 0 {
		var names []string
		for _, o := range all {
			if open(o, false) {
				names = append(names, o.name)
			}
		}
		return nil, near(fail.Errorf(fail.NotFound, "no table or view matches %q", short(pattern)), pattern, names)
	}
	return found, nil
}

// others returns the indexes or triggers of the tables that may be read.
func (c *conn) others(ctx context.Context, what string) ([]*object, error) {
	var out []*object
	err := c.each("SELECT name, tbl_name, sql FROM main.sqlite_schema WHERE type = ?1 ORDER BY name", func(s *engine.Stmt) error {
		if c.s.rules.Allows("main", text(s, 1), true) {
			out = append(out, &object{name: text(s, 0), kind: kind(what), sql: text(s, 2)})
		}
		return nil
	}, what)
	if err != nil {
		return nil, c.s.failure(ctx, c, "", err)
	}
	sorting.Sort(out, func(a, b *object) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

// describe appends what is to be told of the objects.
func (c *conn) describe(objects []*object, detail databases.Detail, out *databases.Schema) error {
	rows := map[string]int64{}
	if len(objects) > 0 && c.cat.object("sqlite_stat1") != nil {
		err := c.each("SELECT tbl, max(CAST(stat AS INTEGER)) FROM main.sqlite_stat1 GROUP BY tbl", func(s *engine.Stmt) error {
			rows[fold(text(s, 0))] = s.Int(1)
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, o := range objects {
		d := databases.Object{Name: o.name, Kind: string(o.kind), Rows: -1}
		if n, ok := rows[fold(o.name)]; ok {
			d.Rows = n
		}
		switch {
		case o.kind == "index" || o.kind == "trigger":
			if detail != databases.Names {
				d.SQL = o.sql
			}
		case detail != databases.Names:
			if err := c.details(o, detail == databases.Full, &d); err != nil {
				if o.kind == plainTable || over(err) {
					return err
				}
				// A view of what is gone, or a virtual table whose module is not here.
				d.Comment = "SQLite cannot read it: " + c.guard.plain(err.Error())
			}
		}
		out.Objects = append(out.Objects, d)
	}
	return nil
}

func (c *conn) details(o *object, full bool, d *databases.Object) error {
	if err := c.attributes(o, full, d); err != nil {
		return err
	}
	if o.kind == plainView || o.kind == virtualTable {
		if full {
			d.SQL = o.sql
		}
		return nil
	}
	if err := c.foreign(o, d); err != nil || !full {
		return err
	}
	var notes []string
	err := c.each("SELECT wr, strict FROM pragma_table_list(?1) WHERE schema = 'main'", func(s *engine.Stmt) error {
		if s.Int(0) != 0 {
			notes = append(notes, "WITHOUT ROWID")
		}
		if s.Int(1) != 0 {
			notes = append(notes, "STRICT")
		}
		return nil
	}, o.name)
	if err != nil {
		return err
	}
	d.Comment = strings.Join(notes, ", ")
	sql := ""
	err = c.each("SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?1", func(s *engine.Stmt) error {
		sql = text(s, 0)
		return nil
	}, o.name)
	if err != nil {
		return err
	}
	d.Checks = checks(sql)
	return c.indexes(o, d)
}

func (c *conn) attributes(o *object, full bool, d *databases.Object) error {
	type place struct {
		n    int64
		name string
	}
	var key []place
	err := c.each(`SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?1, 'main')`, func(s *engine.Stmt) error {
		if s.Int(5) == 1 {
			return nil // of a virtual table: not a column that SELECT * gives
		}
		a := databases.Attribute{Name: text(s, 0), Type: fold(text(s, 1)), NotNull: s.Int(2) != 0}
		for _, m := range o.masked {
			if m.name == a.Name {
				a.Mask = string(m.mask)
			}
		}
		if full {
			a.Default = text(s, 3)
			if s.Int(5) > 1 {
				a.Comment = "generated"
			}
		}
		if n := s.Int(4); n > 0 {
			key = append(key, place{n, a.Name})
		}
		d.Columns = append(d.Columns, a)
		return nil
	}, o.name)
	sorting.Sort(key, func(a, b place) int { return int(a.n - b.n) })
	for _, k := range key {
		d.Primary = append(d.Primary, k.name)
	}
	return err
}

func (c *conn) foreign(o *object, d *databases.Object) error {
	last := int64(-1)
	err := c.each(`SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq`, func(s *engine.Stmt) error {
		if id := s.Int(0); id != last {
			last = id
			d.Foreign = append(d.Foreign, databases.Foreign{Table: text(s, 1)})
		}
		f := &d.Foreign[len(d.Foreign)-1]
		f.Columns = append(f.Columns, text(s, 2))
		if s.Type(3) != engine.Null {
			f.Target = append(f.Target, text(s, 3))
		}
		return nil
	}, o.name)
	if err != nil {
		return err
	}
	for i, f := range d.Foreign {
		if len(f.Target) == 0 { // the primary key of the other table
			if d.Foreign[i].Target, err = c.key(f.Table); err != nil {
				return err
			}
		}
	}
	slices.Reverse(d.Foreign) // SQLite numbers them from the last
	return nil
}

func (c *conn) indexes(o *object, d *databases.Object) error {
	type index struct {
		databases.Index
		origin string
	}
	var list []index
	err := c.each(`SELECT name, "unique", origin, partial FROM pragma_index_list(?1, 'main') ORDER BY name`, func(s *engine.Stmt) error {
		list = append(list, index{databases.Index{Name: text(s, 0), Unique: s.Int(1) != 0}, text(s, 2)})
		return nil
	}, o.name)
	if err != nil {
		return err
	}
	for _, x := range list {
		sql := ""
		err := c.each("SELECT sql FROM main.sqlite_schema WHERE type = 'index' AND name = ?1", func(s *engine.Stmt) error {
			sql = text(s, 0)
			return nil
		}, x.Name)
		if err != nil {
			return err
		}
		expressions, where := indexParts(sql)
		x.Where = where
		n := 0
		err = c.each("SELECT name, cid FROM pragma_index_info(?1, 'main') ORDER BY seqno", func(s *engine.Stmt) error {
			switch name := text(s, 0); {
			case name != "":
				x.Columns = append(x.Columns, name)
			case n < len(expressions):
				x.Columns = append(x.Columns, expressions[n])
			default:
				x.Columns = append(x.Columns, "expression "+strconv.Itoa(n+1))
			}
			n++
			return nil
		}, x.Name)
		if err != nil {
			return err
		}
		d.Indexes = append(d.Indexes, x.Index)
	}
	return nil
}
